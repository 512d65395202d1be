//! Looking: what a store says of people, and the rows that have certain values.

pub mod told;
pub mod volume;
pub mod people;
pub mod windows;
pub mod rows;
