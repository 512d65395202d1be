//! A write under way: all of it, or nothing.

use std::ops::{Deref, DerefMut};

use sqlx::any::Any;
use sqlx::{AnyConnection, AnyPool, Error, Executor, Transaction};

use crate::adapters::sql::connecting::hands::{Hands, InHand};

/// A transaction that writes. Dropped before it is committed, it did nothing.
pub struct Writing(On);

enum On {
    Server(Transaction<'static, Any>),
    File(InHand),
}

impl Writing {
    /// Begins one on a server.
    ///
    /// # Errors
    /// Whatever the database says; no connection became free in time.
    pub async fn on_a_server(pool: &AnyPool) -> Result<Self, Error> {
        pool.begin().await.map(|transaction| Self(On::Server(transaction)))
    }

    /// Begins one on a file, of which there is one at a time.
    ///
    /// # Errors
    /// Whatever the database says; no connection became free in time.
    pub async fn on_a_file(hands: &Hands) -> Result<Self, Error> {
        let mut in_hand = hands.take().await?;
        // Until it is committed nobody else may have it: it may have been opened while the disk was
        // read-only, or on a file that is not there any more; and SQLite may have rolled back by
        // itself, or be about to, because nobody waits for it any more.
        in_hand.discard();
        in_hand.execute("BEGIN IMMEDIATE").await?;
        Ok(Self(On::File(in_hand)))
    }

    /// Ends it: all is written.
    ///
    /// # Errors
    /// Whatever the database says; then nothing is, or nobody knows.
    pub async fn commit(self) -> Result<(), Error> {
        match self.0 {
            On::Server(transaction) => transaction.commit().await,
            On::File(mut in_hand) => {
                in_hand.execute("COMMIT").await?;
                in_hand.keep();
                Ok(())
            }
        }
    }
}

impl Deref for Writing {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match &self.0 {
            On::Server(transaction) => transaction,
            On::File(in_hand) => in_hand,
        }
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match &mut self.0 {
            On::Server(transaction) => transaction,
            On::File(in_hand) => in_hand,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::any::{AnyPoolOptions, install_default_drivers};
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;

    async fn one() -> (Hands, TempDir) {
        install_default_drivers();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("a.db").display());
        let pool = AnyPoolOptions::new().max_connections(1).connect_lazy(&url).unwrap();
        pool.execute("CREATE TABLE n (i INTEGER PRIMARY KEY)").await.unwrap();
        (Hands::of_a_file(pool), folder)
    }

    async fn count(hands: &Hands) -> i64 {
        let mut in_hand = hands.take().await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM n").fetch_one(&mut *in_hand).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_not_committed_did_nothing() {
        let (hands, _folder) = one().await;
        for (is_committed, expected) in [(false, 0), (true, 1), (false, 1), (true, 2)] {
            let mut writing = Writing::on_a_file(&hands).await.unwrap();
            writing.execute("INSERT INTO n DEFAULT VALUES").await.unwrap();
            if is_committed {
                writing.commit().await.unwrap();
            } else {
                drop(writing);
            }
            assert_eq!(count(&hands).await, expected);
        }
    }

    #[tokio::test]
    async fn whatever_fails_and_wherever_somebody_stops_the_next_one_writes() {
        let (hands, _folder) = one().await;
        for micros in (0..2_000).step_by(100) {
            let before = count(&hands).await;
            let all = async {
                let mut writing = Writing::on_a_file(&hands).await.unwrap();
                writing.execute("INSERT INTO n DEFAULT VALUES").await.unwrap();
                writing.execute("INSERT INTO n (i) VALUES (1)").await.ok();
                writing.commit().await.unwrap();
            };
            let ended = timeout(Duration::from_micros(micros), all).await;
            let mut writing = Writing::on_a_file(&hands).await.unwrap();
            writing.execute("INSERT INTO n DEFAULT VALUES").await.unwrap();
            writing.commit().await.unwrap();
            let written = count(&hands).await - before;
            assert!(written == 2 || ended.is_err() && written == 1, "{written}");
        }
    }
}
