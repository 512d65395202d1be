//! `report.html`: what the archive holds, for the person it is about, in their language.
//!
//! One page that needs nothing else: no script, no style sheet, no picture from outside. Whatever
//! in it was written by others (names of items above all) is text and stays text.

pub mod texts;
pub mod contents;
mod html;
mod places;
mod style;
mod timeline;
mod runs;
mod files;
mod answers;
mod beyond;
pub mod page;
