//! The way to a place in a message, and how many places are told.

/// One step on the way from a whole document to a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into the field of that name.
    Field(String),
    /// To the element with that index.
    Index(usize),
}

/// Most faults that are listed: all of them fit into one event and into the headers of one dead
/// letter.
pub const FAULTS_MAX: usize = 64;
