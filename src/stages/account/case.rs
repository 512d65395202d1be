//! A request while somebody works on it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::domain::request::Request;
use crate::evidence::encryption::Encryption;
use crate::evidence::seal::RequestKey;
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
}

impl Case {
    /// How the archive is encrypted, where the request wants that.
    pub fn encryption(&self) -> Option<Encryption> {
        let to = self.request.options.encrypt_to.as_ref()?;
        Some(Encryption::new(to, &self.key.archive_secret()))
    }
}
