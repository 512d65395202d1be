//! How long the account keeps what is deleted, and whether it lets copies be deleted for good.

use std::sync::Arc;
use std::time::{Duration, Instant};

use azure_storage_blob::clients::{BlobServiceClient, BlobServiceClientOptions};
use tokio::sync::Mutex;

use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure::wire::container::{Container, in_time};
use crate::domain::failure::Failure;

/// Time for which an answer is believed: people change this setting seldom.
const BELIEVED: Duration = Duration::from_secs(60);

/// What the account does with what is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// It is gone at once.
    None,
    /// It is kept for some days.
    Days {
        /// How many.
        days: i32,
        /// Whether versions and snapshots may be deleted for good before.
        purges: bool,
    },
    /// The credential may not see, as with a SAS for one container.
    Unknown,
}

/// Asks the account.
pub struct Retentions {
    source: String,
    container: Arc<Container>,
    known: Mutex<Option<(Instant, Retention)>>,
}

impl Retentions {
    /// Asks for the source of that name.
    pub fn new(source: &str, container: Arc<Container>) -> Self {
        Self { source: source.to_owned(), container, known: Mutex::new(None) }
    }

    /// The account's soft-delete policy.
    ///
    /// # Errors
    /// Where the account does not answer.
    pub async fn now(&self) -> Result<Retention, Failure> {
        // Held while asking: who comes meanwhile waits for the same answer.
        let mut known = self.known.lock().await;
        if let Some((at, retention)) = *known
            && at.elapsed() < BELIEVED
        {
            return Ok(retention);
        }
        let retention = match self.ask().await {
            Ok(retention) => retention,
            Err(Trouble::Refused { status: 400..=403, code }) => {
                let source = self.source.as_str();
                tracing::warn!(source, code, "the account's soft-delete policy cannot be read");
                Retention::Unknown
            }
            Err(trouble) => return Err(trouble.failure("reading the account's soft-delete policy")),
        };
        *known = Some((Instant::now(), retention));
        Ok(retention)
    }

    async fn ask(&self) -> Result<Retention, Trouble> {
        let options = BlobServiceClientOptions {
            client_options: self.container.options(),
            ..BlobServiceClientOptions::default()
        };
        let client = BlobServiceClient::new(self.container.account_url(), None, Some(options));
        let client = client.map_err(|error| Trouble::of(&error))?;
        let answer = in_time(client.get_properties(None)).await?;
        let properties = answer.and_then(|answer| answer.into_model());
        let policy = properties.map_err(|error| Trouble::of(&error))?.delete_retention_policy;
        let Some(policy) = policy.filter(|policy| policy.enabled == Some(true)) else {
            return Ok(Retention::None);
        };
        let purges = policy.allow_permanent_delete == Some(true);
        Ok(policy.days.map_or(Retention::Unknown, |days| Retention::Days { days, purges }))
    }
}
