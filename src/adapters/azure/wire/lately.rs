//! What a service was asked lately, and is not asked again for each request of one sweep.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::failure::Failure;

/// It, once it was learned. Whoever comes meanwhile waits for the same answer; no failure is kept.
pub struct Lately<T> {
    known: Mutex<Option<(Instant, Arc<T>)>>,
    time: Duration,
}

impl<T> Lately<T> {
    /// Nothing yet; what is learned is taken for true for so long.
    pub fn of(time: Duration) -> Self {
        Self { known: Mutex::new(None), time }
    }

    /// What was learned in that time; else what `learn` learns, given what was known before.
    ///
    /// # Errors
    /// It cannot be learned.
    pub async fn get<F>(&self, learn: impl FnOnce(Option<Arc<T>>) -> F) -> Result<Arc<T>, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut kept = self.known.lock().await;
        if let Some((at, known)) = &*kept
            && at.elapsed() < self.time
        {
            return Ok(Arc::clone(known));
        }
        let before = kept.as_ref().map(|(_, known)| Arc::clone(known));
        let known = Arc::new(learn(before).await?);
        *kept = Some((Instant::now(), Arc::clone(&known)));
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_is_known_is_not_asked_for_a_while_and_failures_are_not_kept() {
        let time = Duration::from_secs(60);
        let (lately, asked) = (Lately::of(time), AtomicU32::new(0));
        let learn = async |before: Option<Arc<u32>>| {
            let number = asked.fetch_add(1, Ordering::Relaxed) + 1;
            assert_eq!(before.is_some(), number > 2);
            if number == 1 { Err(Failure::transient("asking")) } else { Ok(number) }
        };
        assert!(lately.get(learn).await.is_err());
        assert_eq!(*lately.get(learn).await.unwrap(), 2);
        assert_eq!(*lately.get(learn).await.unwrap(), 2);
        let long_ago = Instant::now().checked_sub(time).unwrap();
        lately.known.lock().await.as_mut().unwrap().0 = long_ago;
        assert_eq!(*lately.get(learn).await.unwrap(), 3);
    }
}
