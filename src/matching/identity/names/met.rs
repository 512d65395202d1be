//! A name that was met in a text.

use std::ops::Range;

use crate::matching::identity::boundaries::Boundary;

/// A name that was met.
pub struct Met {
    /// From its first word to its last.
    pub range: Range<usize>,
    /// How its ends are judged.
    pub boundary: Boundary,
    /// Each of its words where something else stands between them.
    pub words: Vec<Range<usize>>,
}
