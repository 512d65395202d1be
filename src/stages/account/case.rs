//! A request while somebody works on it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::OnceCell;

use crate::domain::request::Request;
use crate::evidence::encryption::Encryption;
use crate::evidence::seal::RequestKey;
use crate::ports::ledger::Record;
use crate::ports::standing::Standing;
use crate::ports::tasks::Lease;

/// A request with its place in the ledger, its identities unsealed, while somebody works on it.
pub struct Case {
    /// What was asked.
    pub request: Request,
    /// Where it stands.
    pub standing: Standing,
    /// What the work is done under: once another has taken it over, nothing can be written.
    pub lease: Lease,
    /// Items whose outcome was recorded since it was loaded; may be read meanwhile.
    pub recorded: Arc<AtomicU64>,
    pub(super) key: RequestKey,
    /// Its records up to there, once somebody asked for them.
    pub(super) past: OnceCell<Vec<Record>>,
}

impl Case {
    /// It got a record.
    pub fn moved_on(&mut self, standing: Standing) {
        self.standing = standing;
        self.past = OnceCell::new();
    }

    /// How the archive is encrypted, where the request wants that.
    pub fn encryption(&self) -> Option<Encryption> {
        let to = self.request.options.encrypt_to.as_ref()?;
        Some(Encryption::new(to, &self.key.archive_secret()))
    }
}
