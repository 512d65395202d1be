//! Tables, in text and stored by column or row in binary files: their strings, cell by cell, with
//! the column's name.

pub mod cells;
pub mod rows;
pub mod avro;
pub mod pages;
pub mod parquet;
pub mod parquet_rows;

#[cfg(test)]
mod tests;
