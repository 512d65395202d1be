//! Databases of `SQLite`, their logs and journals (<https://www.sqlite.org/fileformat2.html>).

pub mod pages;
pub mod records;
pub mod carved;
pub mod schema;
pub mod tables;
