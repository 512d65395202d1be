//! Where requests come from.

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::event::Correspondence;
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
