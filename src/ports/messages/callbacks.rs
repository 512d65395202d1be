//! Where producers want to be told by HTTP.

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::callbacks::url::CallbackUrl;
use crate::domain::failure::Failure;

/// Where producers want to be told by HTTP.
#[async_trait]
pub trait Callbacks: Send + Sync {
    /// Posts and waits for the answer, for a bounded time. Repeating it posts again under the same
    /// id; receivers deduplicate. A host or address that callbacks may not go to is not connected
    /// to, and is a failure of kind `NeedsPerson`. No failure holds more of the URL than host and
    /// port.
    async fn post(&self, url: &CallbackUrl, letter: &Letter) -> Result<Answer, Failure>;
}

/// An event as it is posted. Its body names the URL: `Debug` is not implemented.
pub struct Letter {
    /// Names, in lower case, and values, in visible ASCII.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub body: Bytes,
}

/// What a callback's host answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has it.
    Taken,
    /// It will never take it.
    Gone,
    /// It did not take it now; redirects count as this.
    Refused {
        /// HTTP status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after_ms: Option<u64>,
    },
}
