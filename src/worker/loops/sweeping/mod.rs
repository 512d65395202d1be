//! What a sweep asks itself before it begins: whom to wait for, and what each walk looks for.

pub mod gathering;
pub mod looks;
