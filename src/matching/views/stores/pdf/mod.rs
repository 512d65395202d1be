//! Documents of PDF (ISO 32000): the text that pages show, and what is said of the document.

pub mod objects;
pub mod filters;
pub mod locks;
pub mod file;
pub mod glyphs;
pub mod maps;
pub mod fonts;
pub mod content;
pub mod strings;
pub mod pages;
