//! What keeps requests from going on, a row each.

use async_trait::async_trait;
use sqlx::AnyConnection;

use crate::adapters::sql::ledger::{SqlLedger, commit};
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{OBSTACLE, millis, read};
use crate::domain::failure::Failure;
use crate::domain::obstacle::Obstacle;
use crate::domain::request::RequestId;
use crate::ports::obstacles::Obstacles;
use crate::ports::tasks::Lease;

const NOTE: &str = "INSERT INTO obstacles (request, source, kind, reason, since) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (request) \
     DO UPDATE SET source = $2, kind = $3, reason = $4, since = $5";

#[async_trait]
impl Obstacles for SqlLedger {
    async fn note_obstacle(
        &self,
        lease: &Lease,
        id: &RequestId,
        obstacle: &Obstacle,
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        sqlx::query(NOTE)
            .bind(id.as_str())
            .bind(obstacle.source.as_deref().unwrap_or_default())
            .bind(obstacle.kind.word())
            .bind(&obstacle.reason)
            .bind(millis(obstacle.since))
            .execute(&mut *transaction)
            .await
            .map_err(while_doing("noting what keeps a request"))?;
        commit(transaction).await
    }

    async fn obstacle(&self, id: &RequestId) -> Result<Option<Obstacle>, Failure> {
        let rows = sqlx::query("SELECT * FROM obstacles WHERE request = $1").bind(id.as_str());
        let found = read(rows.fetch_all(&mut *self.read().await?).await, OBSTACLE)?.pop();
        Ok(found.map(|(_, obstacle)| obstacle))
    }

    async fn obstacles(&self, limit: u32) -> Result<Vec<(RequestId, Obstacle)>, Failure> {
        let rows = sqlx::query("SELECT * FROM obstacles ORDER BY since, request LIMIT $1");
        read(rows.bind(i64::from(limit)).fetch_all(&mut *self.read().await?).await, OBSTACLE)
    }
}

/// Takes away what kept a request that goes on; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn forget(connection: &mut AnyConnection, id: &RequestId) -> Result<(), Failure> {
    sqlx::query("DELETE FROM obstacles WHERE request = $1")
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("forgetting what kept a request"))
}
