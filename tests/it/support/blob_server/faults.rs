//! What goes wrong, by plan, and the count of what was asked.

use std::collections::BTreeMap;
use std::time::Duration;

/// A way for one request to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 503 `ServerBusy`, with so many seconds to wait; nothing is done.
    Busy { retry_after_s: Option<u32> },
    /// 429, as storage's resource provider and the HNS endpoint answer; nothing is done.
    TooMany,
    /// 500 `OperationTimedOut`; nothing is done.
    TimedOut,
    /// The connection closes; nothing is done.
    Dropped,
    /// It is done, and the connection closes.
    LostAnswer,
    /// It is done, and the connection closes after half of the answer's body; after half of its
    /// head where there is no body.
    HalfAnswer,
    /// It is done this much later.
    Late(Duration),
}

/// The plan, and how far it has come, for a service of these operations.
pub struct Faults<O> {
    planned: BTreeMap<u64, Fault>,
    planned_of: BTreeMap<(O, u64), Fault>,
    counts: BTreeMap<O, u64>,
    in_flight: usize,
    /// Most that were ever in flight at once.
    pub in_flight_seen_max: usize,
    /// More at once are answered with 503 `ServerBusy`.
    pub in_flight_max: Option<usize>,
    /// Time that every request takes.
    pub latency: Duration,
}

impl<O> Default for Faults<O> {
    fn default() -> Self {
        Self {
            planned: BTreeMap::new(),
            planned_of: BTreeMap::new(),
            counts: BTreeMap::new(),
            in_flight: 0,
            in_flight_seen_max: 0,
            in_flight_max: None,
            latency: Duration::ZERO,
        }
    }
}

impl<O: Copy + Ord> Faults<O> {
    /// Lets the `number`-th request of all from now on go wrong; 1 is the next.
    pub fn fail(&mut self, number: u64, fault: Fault) {
        let number = self.total() + number;
        self.planned.insert(number, fault);
    }

    /// Lets the `number`-th request of a kind from now on go wrong; 1 is the next.
    pub fn fail_of(&mut self, operation: O, number: u64, fault: Fault) {
        let number = self.count(operation) + number;
        self.planned_of.insert((operation, number), fault);
    }

    /// Takes a request in, and says what goes wrong with it. Each of these is followed by an
    /// `end`.
    pub fn begin(&mut self, operation: O) -> Option<Fault> {
        *self.counts.entry(operation).or_default() += 1;
        self.in_flight += 1;
        self.in_flight_seen_max = self.in_flight_seen_max.max(self.in_flight);
        let own = (operation, self.count(operation));
        let total = self.total();
        let planned = self.planned.remove(&total).or_else(|| self.planned_of.remove(&own));
        let is_full = self.in_flight_max.is_some_and(|max| self.in_flight > max);
        planned.or_else(|| is_full.then_some(Fault::Busy { retry_after_s: None }))
    }

    pub fn end(&mut self) {
        self.in_flight -= 1;
    }

    /// Requests of a kind so far.
    pub fn count(&self, operation: O) -> u64 {
        self.counts.get(&operation).copied().unwrap_or_default()
    }

    /// Requests so far.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}
