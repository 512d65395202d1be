//! One pass over the sources: `pass` lists and looks, `content` reads and decodes on other threads,
//! `budget` bounds what is read at once.

pub mod budget;
pub mod content;
pub mod pass;
