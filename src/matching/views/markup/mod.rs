//! Texts that carry how they look beside what they say: tags of HTML, XML and office documents, and
//! the control words of RTF. A reader sees neither.

pub mod elements;
pub mod tags;
pub mod rtf;
