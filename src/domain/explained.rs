//! Why an item speaks of a person, or does not, for people who ask.

use crate::domain::item::Hit;

/// What can be said of an item.
pub struct Explained {
    /// Where it speaks of the person, as a sweep finds it.
    pub hits: Vec<Hit>,
    /// What could not be read, and why.
    pub unreadable: Vec<String>,
    /// What streams it is made of: the way to each (`zip:a.txt > `; empty for the item itself), and
    /// what it was read as.
    pub streams: Vec<(String, &'static str)>,
    /// Where something stands that was not taken for the person, in order.
    pub passed: Vec<Passed>,
}

/// Something of an identity that stands where it does not name the person: in a longer word, after
/// no word that speaks of users, or alone of a name's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passed {
    /// Index of the identity.
    pub identity: usize,
    /// Whether all of it stands there, or one word of a name.
    pub is_whole: bool,
    /// Through which readings.
    pub view: String,
    /// Where in the last of them.
    pub place: String,
}
