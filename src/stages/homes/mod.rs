//! What goes along with what was found: with runs, and with the folders of users.

pub mod whose;
pub mod folders;
pub mod along;
