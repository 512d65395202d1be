//! Files that keep many things in a form of their own: databases, columns, arrays, documents.
//!
//! Each is read as its own programs read it, and then once more as bytes: what its structure no
//! longer leads to, such as a row that was deleted, is there all the same.

pub mod numbers;
pub mod numpy;
pub mod spool;
pub mod open;
pub mod sqlite;
pub mod arrow;
pub mod hdf5;
pub mod pdf;
pub mod orc;
pub mod png;
pub mod workbook;
pub mod ole;
pub mod sevenzip;
pub mod git;
pub mod pickles;
pub mod statistics;
pub mod blosc;
pub mod lmdb;
pub mod netcdf;
pub mod matlab;
