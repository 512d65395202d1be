//! What a walk saw of one item.

use crate::domain::item::Item;
use crate::matching::matcher::SubjectHit;

/// One item, looked at.
pub struct Look {
    /// As listed, or as it was when read again.
    pub item: Item,
    /// Whom it speaks of, and where.
    pub hits: Vec<SubjectHit>,
    /// Who else is met, of those who are watched for.
    pub met: Vec<usize>,
    /// What of it could not be read; stable words.
    pub unreadable: Vec<String>,
    /// Hex SHA-256 of its bytes, where it speaks of somebody, or is asked for, and all were read.
    pub digest: Option<String>,
    /// For which subjects it names other people too; none unless the walk asks.
    pub others: Vec<usize>,
    /// Stored bytes read.
    pub bytes: u64,
}
