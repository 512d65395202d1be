//! What a workspace depends on: found by its properties, held against everybody else who may use
//! it, and removed with what is in it.

pub mod sorts;
pub mod spot;
pub mod look;
pub mod around;
pub mod inside;
pub mod found;
pub mod owner;
pub mod vault;
pub mod removal;
