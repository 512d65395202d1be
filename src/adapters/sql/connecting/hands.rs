//! Connections that go from hand to hand.
//!
//! The driver's pool asks a connection that comes back whether it is still there, in a task of its
//! own. A server may have ended it; a file cannot, and there that costs more than most of our
//! statements: each question is a message to the thread that has the file, and back. So connections
//! to a file go from hand to hand here.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::any::Any;
use sqlx::pool::PoolConnection;
use sqlx::{AnyConnection, AnyPool, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a connection goes from hand to hand before another takes its place.
const LIFE: Duration = Duration::from_secs(60);

/// Connections, and whoever waits for one.
pub struct Hands {
    pool: AnyPool,
    /// Where they go from hand to hand, and stand in the pool no more.
    own: Option<Own>,
}

struct Own {
    /// As many as there are connections at most.
    free: Arc<Semaphore>,
    idle: Arc<Idle>,
    /// How long is waited for one of them.
    wait: Duration,
}

/// Connections that nobody has in hand.
type Idle = Mutex<Vec<Opened>>;

/// A connection, and when it was opened.
struct Opened {
    connection: AnyConnection,
    since: Instant,
    /// Whether somebody else may have it.
    is_sound: bool,
}

impl Opened {
    fn is_lasting(&self) -> bool {
        self.is_sound && self.since.elapsed() < LIFE
    }
}

/// A connection in hand, until dropped.
pub struct InHand(Held);

enum Held {
    OfThePool(PoolConnection<Any>),
    Ours {
        /// There until it is dropped.
        opened: Option<Opened>,
        idle: Arc<Idle>,
        /// Goes last: whoever has it next finds the connection.
        _permit: OwnedSemaphorePermit,
    },
}

impl Hands {
    /// The connections of a pool to a server.
    pub fn of_a_server(pool: AnyPool) -> Self {
        Self { pool, own: None }
    }

    /// Connections to a file, which are opened as the pool opens them.
    pub fn of_a_file(pool: AnyPool) -> Self {
        let options = pool.options();
        let free = Arc::new(Semaphore::new(options.get_max_connections() as usize));
        let own = Own { free, idle: Arc::default(), wait: options.get_acquire_timeout() };
        Self { pool, own: Some(own) }
    }

    /// One of them.
    ///
    /// # Errors
    /// None became free in time, or none can be made.
    pub async fn take(&self) -> Result<InHand, Error> {
        let Some(Own { free, idle, wait }) = &self.own else {
            return Ok(InHand(Held::OfThePool(self.pool.acquire().await?)));
        };
        let waiting = timeout(*wait, Arc::clone(free).acquire_owned()).await;
        let permit = waiting.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let known = {
            let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(Opened::is_lasting);
            idle.pop()
        };
        let opened = match known {
            Some(opened) => opened,
            None => {
                let connection = self.pool.acquire().await?.detach();
                Opened { connection, since: Instant::now(), is_sound: true }
            }
        };
        let (opened, idle) = (Some(opened), Arc::clone(idle));
        Ok(InHand(Held::Ours { opened, idle, _permit: permit }))
    }
}

const HELD: &str = "it is there until it is dropped";

impl Deref for InHand {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match &self.0 {
            Held::OfThePool(connection) => connection,
            Held::Ours { opened, .. } => &opened.as_ref().expect(HELD).connection,
        }
    }
}

impl DerefMut for InHand {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match &mut self.0 {
            Held::OfThePool(connection) => connection,
            Held::Ours { opened, .. } => &mut opened.as_mut().expect(HELD).connection,
        }
    }
}

impl InHand {
    /// Keeps it from whoever comes next, unless it is kept: it ends, and what was begun by it is
    /// undone. Of a server's the pool sees to that.
    pub fn discard(&mut self) {
        self.set_sound(false);
    }

    /// Whoever comes next may have it.
    pub fn keep(&mut self) {
        self.set_sound(true);
    }

    fn set_sound(&mut self, is_sound: bool) {
        if let Held::Ours { opened: Some(opened), .. } = &mut self.0 {
            opened.is_sound = is_sound;
        }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        if let Held::Ours { opened, idle, .. } = &mut self.0
            && let Some(opened) = opened.take().filter(Opened::is_lasting)
        {
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use sqlx::any::{AnyPoolOptions, install_default_drivers};
    use tempfile::TempDir;

    use super::*;

    fn two() -> (Hands, TempDir) {
        install_default_drivers();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("a.db").display());
        let pool = AnyPoolOptions::new().max_connections(2).connect_lazy(&url).unwrap();
        (Hands::of_a_file(pool), folder)
    }

    async fn count(reader: &mut InHand, to: i64) -> i64 {
        let counting = "\
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
            SELECT COUNT(*) FROM n";
        sqlx::query_scalar(counting).bind(to).fetch_one(&mut **reader).await.unwrap()
    }

    #[tokio::test]
    async fn there_are_as_many_as_the_pool_has() {
        let (hands, _folder) = two();
        let (one, mut other) = (hands.take().await.unwrap(), hands.take().await.unwrap());
        assert!(hands.take().now_or_never().is_none());
        drop(one);
        let mut again = hands.take().now_or_never().expect("it was given back").unwrap();
        assert_eq!((count(&mut again, 3).await, count(&mut other, 4).await), (3, 4));
        // Nor do those make one more who stopped to wait.
        let waiting = hands.take();
        drop(waiting);
        assert!(hands.take().now_or_never().is_none());
    }

    #[tokio::test]
    async fn whoever_stops_to_read_spoils_nothing() {
        let (hands, _folder) = two();
        for to in 1..20 {
            let mut reader = hands.take().await.unwrap();
            let stopped = timeout(Duration::from_micros(200), count(&mut reader, 1_000_000)).await;
            assert!(stopped.is_err(), "a million are not counted so fast");
            drop(reader);
            assert_eq!(count(&mut hands.take().await.unwrap(), to).await, to);
        }
    }

    #[test]
    fn they_outlive_what_they_were_opened_in() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (hands, _folder) = runtime.block_on(async { two() });
        drop(runtime.block_on(hands.take()).unwrap());
        drop(runtime);
        drop(hands);
    }
}
