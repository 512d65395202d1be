//! What the machine gives: time and randomness.

use async_trait::async_trait;
use jiff::Timestamp;

/// Time as a value, so that no test sleeps.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
    /// Returns once `millis` milliseconds have passed on this clock.
    async fn sleep_ms(&self, millis: u64);
}

/// Randomness, for keys and nonces.
pub trait Entropy: Send + Sync {
    /// Fills the bytes from a cryptographic source.
    fn fill(&self, bytes: &mut [u8]);
}
