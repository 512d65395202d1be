//! Everything the report says by itself, one table a language.

pub mod table;
mod en;
mod de;
mod fr;
mod ja;
pub mod things;
pub mod choice;
