//! A container for each request, made for one writer from outside and removed whole.
//!
//! One for all requests would not do: a signature cannot be held to a prefix, so that whoever is
//! let in for one person could write over what is there of others; and what is written has names
//! that are not ours, so that nothing would tell whose it is.

use azure_core::http::Method;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure::wire::container::Container;
use crate::adapters::azure::wire::link;
use crate::adapters::azure::wire::signing::shared_key::SharedKey;
use crate::config::settings::{Credential, Graph};
use crate::domain::failure::Failure;
use crate::domain::layout::account_name;
use crate::domain::request::RequestId;

/// The containers.
pub struct Containers {
    /// One of the same account.
    beside: Container,
    /// What they are called.
    graph: Graph,
    /// The key of the account; without it the service gives keys out to our identity.
    key: Option<SharedKey>,
}

/// What came of making one.
pub enum Made {
    /// It is there, and open to whoever has this URL. Secret.
    Open(Url),
    /// One of the same name is still being removed.
    NotYet,
}

impl Containers {
    /// Those beside archives. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no container's or the credential is malformed.
    pub fn open(graph: &Graph) -> Result<Self, Failure> {
        let key = match &graph.beside.credential {
            Credential::AccountKey { account, key } => Some(SharedKey::new(account, key)?),
            _ => None,
        };
        Ok(Self { beside: Container::open(&graph.beside)?, graph: graph.clone(), key })
    }

    /// Where that of a request is: `ACCOUNT/CONTAINER`.
    pub fn at(&self, id: &RequestId) -> String {
        let container = self.of(id);
        format!("{}/{}", account_name(&container.account()), container.name())
    }

    /// Until when a way in can be signed at most.
    pub fn until_at_most(&self, now: Timestamp) -> Option<Timestamp> {
        self.key.is_none().then(|| link::end(now, None))
    }

    /// Makes that of a request, and signs a way into it until then.
    ///
    /// # Errors
    /// What the service says.
    pub async fn make(
        &self,
        id: &RequestId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Made, Trouble> {
        let container = self.of(id);
        let answer = container.call(Method::Put, container.authorised_url(), &[]).await?;
        match (answer.status, answer.code.as_str()) {
            (201, _) | (409, "ContainerAlreadyExists") => {}
            (409, "ContainerBeingDeleted") => return Ok(Made::NotYet),
            (status, code) => return Err(Trouble::Refused { status, code: code.to_owned() }),
        }
        let url = match &self.key {
            Some(key) => link::service_writing(&container, key, until).ok_or(Trouble::Garbled)?,
            None => {
                let until = link::end(now, Some(until));
                link::delegated_writing(&container, now, until).await?
            }
        };
        Ok(Made::Open(url))
    }

    /// Whether anything lies in that of a request.
    ///
    /// # Errors
    /// What the service says.
    pub async fn has_any(&self, id: &RequestId) -> Result<bool, Failure> {
        const DOING: &str = "looking at what Microsoft Graph has copied";
        let container = self.of(id);
        let mut url = container.authorised_url();
        add_query(&mut url, "comp", "list");
        add_query(&mut url, "maxresults", "1");
        let answer = container.call(Method::Get, url, &[]).await;
        let answer = answer.map_err(|trouble| trouble.failure(DOING))?;
        match answer.status {
            200 => {
                let body = answer.collect().await.map_err(|trouble| trouble.failure(DOING))?;
                Ok(body.windows(BLOB.len()).any(|window| window == BLOB))
            }
            404 => Ok(false),
            _ => Err(answer.failure(DOING)),
        }
    }

    /// Removes that of a request with all that is in it; none there is success.
    ///
    /// # Errors
    /// What the service says.
    pub async fn remove(&self, id: &RequestId) -> Result<(), Failure> {
        const DOING: &str = "removing what Microsoft Graph has copied";
        let container = self.of(id);
        let answer = container.call(Method::Delete, container.authorised_url(), &[]).await;
        let answer = answer.map_err(|trouble| trouble.failure(DOING))?;
        match (answer.status, answer.code.as_str()) {
            (200..300 | 404, _) | (409, "ContainerBeingDeleted") => Ok(()),
            _ => Err(answer.failure(DOING)),
        }
    }

    /// Ids have characters that the names of containers have not.
    fn of(&self, id: &RequestId) -> Container {
        let digest = hex::encode(Sha256::digest(id.as_str()));
        self.beside.beside(&self.graph.copy(&digest))
    }
}

/// Begins each entry of a listing.
const BLOB: &[u8] = b"<Blob>";
