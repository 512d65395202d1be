//! Stop as a value: everyone who waits also waits for it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::ports::system::Clock;

/// Cloned to every loop.
#[derive(Clone, Default)]
pub struct Stopper(CancellationToken);

impl Stopper {
    /// Asks everyone to stop; asking again changes nothing.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// Whether stopping was asked for.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns once stopping was asked for.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }

    /// What `future` gives, or `None` if stopping is asked for first; `future` is then dropped.
    pub async fn run_until_stopped<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.0.run_until_cancelled(future).await
    }

    /// As [`Self::run_until_stopped`], but `future` gets `grace_ms` more to end what it has in
    /// hand.
    pub async fn run_with_grace<T>(
        &self,
        clock: &Arc<dyn Clock>,
        grace_ms: u64,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            value = future => Some(value),
            () = async { self.stopped().await; clock.sleep_ms(grace_ms).await; } => None,
        }
    }
}
