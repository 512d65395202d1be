//! Columns of ORC (<https://orc.apache.org/specification/ORCv1/>).

pub mod wire;
pub mod file;
pub mod tape;
pub mod runs;
pub mod stripes;
