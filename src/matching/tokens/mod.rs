//! Tokens that services issue, told by their own form.

pub mod issued;
