//! Tables for programs and spreadsheets.

pub mod csv;
