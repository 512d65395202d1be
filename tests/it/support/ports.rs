//! Ports for programs that must be told one.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

/// Below where the system takes ports for outgoing connections from: one of those may be taken for
/// a moment just when a program is started again on it.
const RANGE: std::ops::Range<u32> = 12_000..32_000;

/// Ports that were given to somebody in this process.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that nobody listens on, and that nobody else here is given.
pub fn free_port() -> u16 {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Ends: tests use some dozens of twenty thousand.
    loop {
        let drawn = RANGE.start + getrandom::u32().unwrap() % (RANGE.end - RANGE.start);
        let port = u16::try_from(drawn).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && given.insert(port) {
            return port;
        }
    }
}
