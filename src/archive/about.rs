//! What an archive says beyond its files: whom it answers, and for whom.

use jiff::Timestamp;

use crate::archive::manifest::ManualStep;
use crate::domain::coverage::covered::Covered;
use crate::domain::request::{Asked, Controller, RequestId, RequestKind};

/// All of it comes from the request and the settings and nothing from a clock, so that an archive
/// that is written again is the same to the byte.
pub struct About {
    /// The request that the archive answers.
    pub request: RequestId,
    /// What it asked for.
    pub kind: RequestKind,
    /// The law that it invokes.
    pub regulation: String,
    /// When the person asked.
    pub submitted: Timestamp,
    /// When it was looked: from the beginning of the search to its end.
    pub searched: Option<(Timestamp, Timestamp)>,
    /// The language that the person reads, BCP 47; English where it is none of ours.
    pub language: Option<String>,
    /// Whom or what it is about, as the report says it.
    pub asked: Asked,
    /// Who is responsible for the data.
    pub controller: Controller,
    /// Name and version of the program: `dsrd 0.1.0`.
    pub program: String,
    /// Items that the find looked at; rows that were asked for are none of them.
    pub items_seen: u64,
    /// Where it was looked, and where not.
    pub coverage: Vec<Covered>,
    /// What lies outside our reach.
    pub manual_steps: Vec<ManualStep>,
}
