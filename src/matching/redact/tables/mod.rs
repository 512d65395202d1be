//! Tables rewritten cell by cell: what stands in a cell, and what several cells of a row say
//! together. Types, order and everything else stay.

pub mod edits;
pub mod rows;
pub mod parquet_rows;
pub mod parquet;
pub mod avro;
pub mod arrow;
pub mod sqlite;
