//! What sweeps learned of each item, so that a later one reads only what may speak of whom it looks
//! for (DESIGN section 7).

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::ports::tasks::{Lease, Part};

/// What was learned of a part of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// The configured name of the source.
    pub source: String,
    /// Which part of it.
    pub part: Part,
}

/// What was learned of some items that stand side by side in a listing: it is read and written as
/// one. Nothing in it tells anything without the deployment's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Tells it from the other leaves of its shelf: the keyed print of the name that ends it.
    pub id: u64,
    /// Under which terms it was learned: under others it means nothing.
    pub terms: String,
    /// What of each item is known.
    pub entries: Vec<u8>,
    /// How many items.
    pub items: u64,
    /// How many of them are read for everybody.
    pub open: u64,
    /// When that was learned which was learned first.
    pub oldest: Timestamp,
}

/// How much is known of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogued {
    /// The configured name of the source.
    pub source: String,
    /// Items of which something is known.
    pub items: u64,
    /// How many of them are read for everybody all the same.
    pub open: u64,
    /// Bytes that the ledger keeps of them.
    pub bytes: u64,
    /// When the first of it was learned.
    pub oldest: Timestamp,
}

/// The part of the ledger that keeps the catalogue. All methods are atomic. It can be lost without
/// harm: what nobody knows is read.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// The leaves of these ids that there are, in no order.
    async fn leaves(&self, shelf: &Shelf, ids: &[u64]) -> Result<Vec<Leaf>, Failure>;

    /// Keeps leaves, each in the place of what was kept under its id.
    async fn keep_leaves(
        &self,
        lease: &Lease,
        shelf: &Shelf,
        leaves: &[Leaf],
    ) -> Result<(), Failure>;

    /// Forgets every other leaf of a shelf, and what was kept of the source when it was cut into
    /// another number of parts.
    async fn weed(&self, lease: &Lease, shelf: &Shelf, ids: &BTreeSet<u64>) -> Result<(), Failure>;

    /// Forgets all of what is of none of these sources and was learned before then; of which
    /// sources that was.
    async fn forget_sources(
        &self,
        lease: &Lease,
        others_than: &[String],
        before: Timestamp,
    ) -> Result<Vec<String>, Failure>;

    /// How much is known, source by source, in the order of their names.
    async fn catalogued(&self) -> Result<Vec<Catalogued>, Failure>;
}
