//! Whoever looks, for the tests of this folder.

use std::ops::Range;

use crate::matching::views::tour::Look;

/// Whatever is looked at, each text behind a line of its own.
#[derive(Default)]
pub struct Texts(pub String);

impl Look for Texts {
    type What = ();

    fn look(&mut self, text: &str, _: &mut dyn FnMut((), Range<usize>)) {
        self.0.push_str("\n---\n");
        self.0.push_str(text);
    }

    fn keep(&mut self, (): &()) -> bool {
        true
    }
}
