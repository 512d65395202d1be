//! Who decides from the page: known by a token that a proxy hands on, asked by a form that only the
//! page itself can have given him, and answered at once.

pub mod bearer;
pub mod keys;
pub mod forms;
pub mod desk;
