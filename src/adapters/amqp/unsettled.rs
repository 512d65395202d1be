//! Deliveries that were handed out and not yet settled.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bytes::Bytes;
use lapin::Acker;
use lapin::BasicProperties;
use tokio::time::Instant;

/// How long a returned delivery rests before it is handed out again.
const RETURN_PAUSE: Duration = Duration::from_secs(1);

/// The number of a channel and a tag on it.
pub type Token = (u64, u64);

/// A delivery as it came, whole.
#[derive(Clone)]
pub struct Held {
    /// The whole body.
    pub body: Bytes,
    /// As they came.
    pub properties: BasicProperties,
    /// Tells the broker.
    pub acker: Acker,
}

/// The deliveries of the current channel.
///
/// What is returned stays here and is handed out again after a pause. Giving it back to the broker
/// would count against the queue's delivery limit, and a ledger that is down for some minutes would
/// then send good requests to the dead letters. What came later waits for it: people must be served
/// in the order in which they asked.
#[derive(Default)]
pub struct Unsettled {
    channel: u64,
    held: HashMap<u64, Held>,
    /// Tags count up in the order in which the broker handed out.
    returned: BTreeSet<u64>,
    due: Option<Instant>,
}

impl Unsettled {
    /// A new channel: everything before is the broker's again.
    pub fn begin(&mut self) {
        *self = Self { channel: self.channel + 1, ..Self::default() };
    }

    /// Holds a delivery of the current channel.
    pub fn hold(&mut self, tag: u64, held: Held) -> Token {
        self.held.insert(tag, held);
        (self.channel, tag)
    }

    /// The original; `None` where the broker has it again.
    pub fn get(&self, (channel, tag): Token) -> Option<Held> {
        (channel == self.channel).then(|| self.held.get(&tag).cloned()).flatten()
    }

    /// Forgets a settled delivery.
    pub fn forget(&mut self, (channel, tag): Token) {
        if channel == self.channel {
            self.held.remove(&tag);
        }
    }

    /// Lets a delivery come again after a pause.
    pub fn put_back(&mut self, (channel, tag): Token) {
        if channel == self.channel {
            self.returned.insert(tag);
            self.due = Some(Instant::now() + RETURN_PAUSE);
        }
    }

    /// Whether all that was handed out is settled.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// When what was returned is due, if anything was.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.returned.is_empty())
    }

    /// The first of what was returned, if it is due.
    pub fn take_due(&mut self) -> Option<(Token, Held)> {
        if self.next_due()? > Instant::now() {
            return None;
        }
        let tag = self.returned.pop_first()?;
        self.held.get(&tag).map(|held| ((self.channel, tag), held.clone()))
    }
}
