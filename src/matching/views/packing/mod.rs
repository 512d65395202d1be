//! Packing that is opened here rather than by a crate alone: where names, sizes or what follows an
//! end must be bounded, or told.

pub mod gzip;
pub mod streams;
pub mod tar;
pub mod beside;
pub mod zip;
pub mod signs;
pub mod embedded;
pub mod lz4;
