//! Parts of a document that hold words, and how what is put may stand in them.

use std::ops::Range;

/// A part of a document that holds words; the structure is what stands between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it stands, without its quotes.
    pub range: Range<usize>,
    /// How it is written.
    pub kind: Kind,
    /// Whether it is a key, which must stay apart from other keys.
    pub is_key: bool,
}

/// How a token is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything may stand in it: a comment, a string in which nothing is escaped by a backslash.
    Text,
    /// A string in which backslashes escape.
    Escaped,
    /// A plain scalar of YAML, in a flow collection or not.
    Plain {
        /// Within brackets, where commas and brackets end it.
        in_flow: bool,
    },
    /// Lines that may be a document of their own.
    Lines,
    /// A value of YAML with the tag that says its type, which it keeps no longer.
    Tagged,
    /// A number, a date or a bare key: what is put is a string in these quotes.
    Bare(char),
    /// A name, which stays one word.
    Word,
    /// The value of a variable of the environment: one word, or quoted.
    Variable,
    /// A word of a shell: what is put is quoted.
    Shell,
}

impl Token {
    /// A token that is no key.
    pub fn new(range: Range<usize>, kind: Kind) -> Self {
        Self { range, kind, is_key: false }
    }

    /// The same as a key.
    pub fn key(range: Range<usize>, kind: Kind) -> Self {
        Self { range, kind, is_key: true }
    }

    /// Whether all of it is written anew where anything in it is.
    pub fn is_whole(&self) -> bool {
        self.is_key || !matches!(self.kind, Kind::Text | Kind::Lines | Kind::Escaped | Kind::Shell)
    }
}

/// What is put, as a name.
pub fn word(put: &str) -> String {
    put.replace(' ', "_").replace(['[', ']', '(', ')'], "")
}
