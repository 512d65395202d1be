//! Arrow's columns between processes, in a file or a stream
//! (<https://arrow.apache.org/docs/format/Columnar.html>).

pub mod flat;
pub mod frames;
pub mod schema;
pub mod buffers;
pub mod columns;
pub mod messages;
