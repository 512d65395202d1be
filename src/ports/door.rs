//! Where requests come in and events go out.

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::callbacks::url::CallbackUrl;
use crate::domain::event::{Announcement, Correspondence};
use crate::domain::failure::Failure;

/// Where requests come from.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Waits for the next message; messages that were received and never settled come again after
    /// a restart. May be called again while earlier deliveries are unsettled, up to a bound of the
    /// adapter's. Cancel-safe: dropping the future loses nothing.
    async fn receive(&self) -> Result<Delivery, Failure>;
    /// Tells the queue what became of a delivery. Done at most once for each; a delivery that the
    /// queue has meanwhile taken back counts as settled, because it will come again.
    async fn settle(&self, delivery: Delivery, settlement: Settlement) -> Result<(), Failure>;
    /// Whether the queue can be reached now.
    async fn ping(&self) -> Result<(), Failure>;
}

/// A message from the queue. Its body may name the subject: `Debug` is not implemented.
pub struct Delivery {
    /// The body as it came.
    pub body: Bytes,
    /// Whom to answer.
    pub correspondence: Correspondence,
    /// What stands on the message beside its body.
    pub label: Label,
    /// The adapter's own mark for settling it.
    pub token: DeliveryToken,
}

/// Header that holds a signature over a body, of messages that come in and callbacks that go out.
pub const SIGNATURE: &str = "dsrd-signature";

/// What stands on a message beside its body, as its producer wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Media type.
    pub content_type: Option<String>,
    /// Coding of the body, such as `gzip`.
    pub content_encoding: Option<String>,
    /// Signature over the body.
    pub signature: Option<String>,
}

/// How an adapter knows a delivery again.
pub enum DeliveryToken {
    /// A broker's delivery tag, on the channel with this number.
    Tag {
        /// Counts the channels of this process.
        channel: u64,
        /// The tag on that channel.
        tag: u64,
    },
    /// A file's name in the folder queue.
    File(String),
    /// An index in memory.
    Index(usize),
}

/// What became of a delivery.
pub enum Settlement {
    /// It is in the ledger.
    Taken,
    /// It was answered as bad input: the original goes, whole, to the dead letters with these
    /// words as the reason (stable codes, no personal data).
    Refused(String),
    /// It could not be ledgered now; it should come again.
    Returned,
}

/// Where events go.
#[async_trait]
pub trait Announcer: Send + Sync {
    /// Publishes and waits for the confirm. Repeating it publishes again under the same id;
    /// consumers deduplicate.
    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Failure>;

    /// Whether an event would be taken now.
    async fn ping(&self) -> Result<(), Failure>;
}

/// What the broker did with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// Confirmed, and routed to at least one queue.
    Confirmed,
    /// Confirmed, but no queue was bound: it must be kept and tried again.
    Unroutable,
}

/// Where producers want to be told by HTTP.
#[async_trait]
pub trait Callbacks: Send + Sync {
    /// Posts and waits for the answer, for a bounded time. Repeating it posts again under the same
    /// id; receivers deduplicate. A host or address that callbacks may not go to is not connected
    /// to, and is a failure of kind `NeedsPerson`. No failure holds more of the URL than its host.
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
