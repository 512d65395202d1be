//! Snapshots of a share, which keep all its files as they were.
//!
//! Nobody can change or remove a file in one: it goes with the snapshot, and that is its owner's or
//! a backup's to remove. Whether there are any is told by a listing of the account's shares, which
//! not everybody may see who may read and write in a share.

use std::sync::Arc;
use std::time::Duration;

use crate::adapters::azure::wire::lately::Lately;
use crate::adapters::azure_files::lister::Lister;
use crate::adapters::azure_files::listing::ListedShare;
use crate::domain::failure::Failure;

/// Time for which an answer is believed where it is about a single file.
const BELIEVED: Duration = Duration::from_secs(30);

/// What the account tells of a share.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// All of it.
    All {
        /// The timestamps of its snapshots, oldest first.
        snapshots: Vec<String>,
        /// Whether one of its name was deleted before and can be restored.
        is_deleted_before: bool,
    },
    /// Nothing: we may not see it. The service's own code.
    Nothing(String),
}

/// Asks for those of one share.
pub struct Snapshots {
    share: String,
    lister: Arc<Lister>,
    known: Lately<Told>,
}

impl Snapshots {
    /// Asks for those of this share.
    pub fn of(share: &str, lister: Arc<Lister>) -> Self {
        Self { share: share.to_owned(), lister, known: Lately::of(BELIEVED) }
    }

    /// What there was a moment ago.
    ///
    /// # Errors
    /// Where the account does not answer.
    pub async fn lately(&self) -> Result<Arc<Told>, Failure> {
        self.known.get(|_| self.now()).await
    }

    /// What there is now.
    ///
    /// # Errors
    /// Where the account does not answer.
    pub async fn now(&self) -> Result<Told, Failure> {
        let shares = match self.lister.shares(&self.share).await? {
            Ok(shares) => shares,
            Err(answer) if matches!(answer.status, 400..=403) => {
                return Ok(Told::Nothing(answer.code));
            }
            Err(answer) => return Err(answer.failure("listing the snapshots of a share")),
        };
        let is_its = |share: &ListedShare| share.name == self.share;
        let (deleted, its): (Vec<_>, Vec<_>) =
            shares.into_iter().filter(is_its).partition(|share| share.is_deleted);
        let mut snapshots: Vec<String> = its.into_iter().filter_map(|it| it.snapshot).collect();
        snapshots.sort();
        Ok(Told::All { snapshots, is_deleted_before: !deleted.is_empty() })
    }
}

impl Told {
    /// The timestamps, as far as they are told.
    pub fn timestamps(&self) -> &[String] {
        match self {
            Self::All { snapshots, .. } => snapshots,
            Self::Nothing(_) => &[],
        }
    }
}
