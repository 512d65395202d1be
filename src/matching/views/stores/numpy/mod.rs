//! Arrays of NumPy whose elements are records (versions 1 to 3 of its format).

pub mod fields;
pub mod array;
