//! How much may be read in a second by who is in no hurry.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::Mutex;

use crate::domain::failure::Failure;
use crate::ports::sources::ByteStream;
use crate::ports::system::Clock;

/// Keeps to so many items and so many bytes a second, however many read side by side.
pub struct Rate {
    clock: Arc<dyn Clock>,
    items_per_second_max: u64,
    bytes_per_second_max: u64,
    /// What was read and not waited for yet. Whoever waits holds it, and the others wait for him:
    /// no time of day is remembered, so that no clock that is set can keep them for hours.
    owed: Mutex<Duration>,
}

/// The shortest time that is waited for.
const SLEEP_MIN: Duration = Duration::from_millis(1);

impl Rate {
    /// A rate of so many; 0 sets no bound.
    pub fn new(clock: Arc<dyn Clock>, items_per_second: u64, bytes_per_second: u64) -> Self {
        Self {
            clock,
            items_per_second_max: items_per_second,
            bytes_per_second_max: bytes_per_second,
            owed: Mutex::default(),
        }
    }

    /// Whether there is any bound.
    pub fn is_bounded(&self) -> bool {
        self.items_per_second_max > 0 || self.bytes_per_second_max > 0
    }

    /// Waits until one more item may be read.
    pub async fn enter(&self) {
        self.pay(1, self.items_per_second_max).await;
    }

    /// The same bytes, as slowly.
    pub fn paced(self: Arc<Self>, bytes: ByteStream) -> ByteStream {
        let paced = bytes.then(move |chunk: Result<Bytes, Failure>| {
            let rate = Arc::clone(&self);
            async move {
                let read = chunk.as_ref().map_or(0, Bytes::len) as u64;
                rate.pay(read, rate.bytes_per_second_max).await;
                chunk
            }
        });
        paced.boxed()
    }

    async fn pay(&self, count: u64, per_second_max: u64) {
        if per_second_max == 0 || count == 0 {
            return;
        }
        let mut owed = self.owed.lock().await;
        *owed += Duration::from_secs_f64(count as f64 / per_second_max as f64);
        if *owed >= SLEEP_MIN {
            // Whoever is called off here still owes it.
            self.clock.sleep_ms(u64::try_from(owed.as_millis()).unwrap_or(u64::MAX)).await;
            *owed = Duration::from_nanos(u64::from(owed.subsec_nanos() % 1_000_000));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use async_trait::async_trait;
    use futures::stream;
    use jiff::Timestamp;

    use super::*;

    /// Counts what is slept on it.
    #[derive(Default)]
    struct Slept(AtomicU64);

    #[async_trait]
    impl Clock for Slept {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        async fn sleep_ms(&self, millis: u64) {
            self.0.fetch_add(millis, Ordering::Relaxed);
        }
    }

    async fn read(rate: &Arc<Rate>, chunks: &[usize]) -> usize {
        let chunks = chunks.iter().map(|len| Ok(Bytes::from(vec![0; *len]))).collect::<Vec<_>>();
        let paced = Arc::clone(rate).paced(stream::iter(chunks).boxed());
        paced.map(|chunk| chunk.unwrap().len()).fold(0, |sum, len| async move { sum + len }).await
    }

    #[tokio::test]
    async fn what_is_read_takes_its_time_and_nothing_is_lost() {
        let slept = Arc::<Slept>::default();
        let clock = Arc::<Slept>::clone(&slept);
        let rate = Arc::new(Rate::new(clock, 3_000, 1_000));
        assert_eq!(read(&rate, &[500, 0, 1_500, 1]).await, 2_001);
        assert_eq!(slept.0.load(Ordering::Relaxed), 2_001);
        // A third of a millisecond each.
        for _ in 0..3_000 {
            rate.enter().await;
        }
        let slept_in_all = slept.0.load(Ordering::Relaxed);
        assert!((3_000..=3_001).contains(&slept_in_all), "{slept_in_all}");
    }

    #[tokio::test]
    async fn without_bounds_nobody_waits() {
        let slept = Arc::<Slept>::default();
        let clock = Arc::<Slept>::clone(&slept);
        let rate = Arc::new(Rate::new(clock, 0, 0));
        assert_eq!(read(&rate, &[1 << 20]).await, 1 << 20);
        rate.enter().await;
        assert_eq!(slept.0.load(Ordering::Relaxed), 0);
    }
}
