//! Whom a name in an item stands for, once all are known.

/// Whose a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The subject's.
    Subject,
    /// Another person's, by number; the subject is person 1.
    Person(u32),
}
