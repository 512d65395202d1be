//! Tombstones, a row a mark, and what came back.

use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{BURIED, REGAINED, millis, read};
use crate::adapters::sql::sharing::clock::LedgerClock;
use crate::adapters::sql::statement::{ROWS_MAX, places};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, Regained};
use crate::ports::kept::tombstones::{Buried, ReturnedItem, Tombstone, Tombstones};
use crate::ports::ledger::Record;
use crate::ports::tasks::Lease;

const BURYING: &str = "remembering whom an erasure was about";
const NOTING: &str = "noting what came back";

const UNTOLD: &str = "SELECT request, source, COUNT(*) AS count FROM returned WHERE told = 0 \
     GROUP BY request, source ORDER BY request, source";

#[async_trait]
impl Tombstones for SqlLedger {
    async fn bury(
        &self,
        lease: &Lease,
        id: &RequestId,
        tombstone: &Tombstone,
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        for statement in
            ["DELETE FROM tombstones WHERE request = $1", "DELETE FROM returned WHERE request = $1"]
        {
            let forgot = sqlx::query(statement).bind(id.as_str()).execute(&mut *transaction).await;
            forgot.map_err(while_doing(BURYING))?;
        }
        let sources = serde_json::to_string(&tombstone.sources).expect("text is always JSON");
        for mark in &tombstone.marks {
            let statement = "INSERT INTO tombstones (request, mark, sources, ends_at) \
                 VALUES ($1, $2, $3, $4)";
            sqlx::query(statement)
                .bind(id.as_str())
                .bind(mark)
                .bind(&sources)
                .bind(millis(tombstone.until))
                .execute(&mut *transaction)
                .await
                .map_err(while_doing(BURYING))?;
        }
        let known = |item: &String| (id.as_str().to_owned(), item.clone(), String::new());
        let known: Vec<_> = tombstone.left.iter().map(known).collect();
        insert(&mut transaction, &known, 1).await?;
        commit(transaction).await
    }

    async fn buried(&self) -> Result<Vec<Buried>, Failure> {
        // A failed erasure that is tried again is not at rest meanwhile.
        let statement = format!(
            "SELECT tombstones.request, mark, sources FROM tombstones \
             JOIN requests ON requests.id = tombstones.request \
             WHERE ends_at > {} AND requests.state IN ('completed', 'partially_completed') \
             ORDER BY tombstones.request, mark",
            self.clock.now(1)
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(self.clock.value());
        read(rows.fetch_all(&mut *self.read().await?).await, BURIED)
    }

    async fn note_returned(&self, lease: &Lease, items: &[ReturnedItem]) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let row = |item: &ReturnedItem| {
            (item.request.as_str().to_owned(), item.item.clone(), item.source.clone())
        };
        let rows: Vec<_> = items.iter().map(row).collect();
        insert(&mut transaction, &rows, 0).await?;
        commit(transaction).await
    }

    async fn returned(&self) -> Result<Vec<(RequestId, Regained)>, Failure> {
        read(sqlx::query(UNTOLD).fetch_all(&mut *self.read().await?).await, REGAINED)
    }

    async fn forget_buried(&self, lease: &Lease) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        for statement in forgetting(&self.clock) {
            let forget = sqlx::query(AssertSqlSafe(statement)).bind(self.clock.value());
            let forgot = forget.execute(&mut *transaction).await;
            forgot.map_err(while_doing("forgetting whom erasures were about"))?;
        }
        commit(transaction).await
    }
}

fn forgetting(clock: &LedgerClock) -> [String; 2] {
    let now = clock.now(1);
    [
        format!(
            "DELETE FROM returned WHERE request NOT IN \
             (SELECT request FROM tombstones WHERE ends_at > {now})"
        ),
        format!("DELETE FROM tombstones WHERE ends_at <= {now}"),
    ]
}

/// What a record has to say of it; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn settle(connection: &mut AnyConnection, record: &Record) -> Result<(), Failure> {
    let Event::Returned { .. } = record.event else { return Ok(()) };
    sqlx::query("UPDATE returned SET told = 1 WHERE request = $1")
        .bind(record.id.as_str())
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing(NOTING))
}

/// Rows of request, item and source.
async fn insert(
    connection: &mut AnyConnection,
    rows: &[(String, String, String)],
    told: i64,
) -> Result<(), Failure> {
    for rows in rows.chunks(ROWS_MAX) {
        let statement = format!(
            "INSERT INTO returned (request, item, source, told) VALUES {} \
             ON CONFLICT (request, item) DO NOTHING",
            places(0, rows.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for (request, item, source) in rows {
            query = query.bind(request).bind(item).bind(source).bind(told);
        }
        query.execute(&mut *connection).await.map_err(while_doing(NOTING))?;
    }
    Ok(())
}
