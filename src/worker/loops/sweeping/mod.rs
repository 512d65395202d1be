//! What a sweep asks itself before it begins: whom to wait for, whether sources stand where they
//! stood, and what each walk looks for.

pub mod gathering;
pub mod grounds;
pub mod looks;
