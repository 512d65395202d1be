//! Databases of `SQLite`, rewritten by its own library.

pub mod library;
pub mod database;
