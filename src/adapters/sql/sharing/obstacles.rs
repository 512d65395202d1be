//! What keeps requests from going on, a row each.

use sqlx::AnyConnection;

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{OBSTACLE, millis, read};
use crate::domain::failure::{Failure, Obstacle};
use crate::domain::request::RequestId;

const NOTE: &str = "INSERT INTO obstacles (request, source, kind, reason, since) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (request) \
     DO UPDATE SET source = $2, kind = $3, reason = $4, since = $5";

/// See `Tasks::note_obstacle`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn note(
    connection: &mut AnyConnection,
    id: &RequestId,
    obstacle: &Obstacle,
) -> Result<(), Failure> {
    sqlx::query(NOTE)
        .bind(id.as_str())
        .bind(obstacle.source.as_deref().unwrap_or_default())
        .bind(obstacle.kind.word())
        .bind(&obstacle.reason)
        .bind(millis(obstacle.since))
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("noting what keeps a request"))
}

/// See `Tasks::obstacle`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn one(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Option<Obstacle>, Failure> {
    let rows = sqlx::query("SELECT * FROM obstacles WHERE request = $1").bind(id.as_str());
    let found = read(rows.fetch_all(connection).await, OBSTACLE)?.pop();
    Ok(found.map(|(_, obstacle)| obstacle))
}

/// See `Tasks::obstacles`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn all(
    connection: &mut AnyConnection,
    limit: u32,
) -> Result<Vec<(RequestId, Obstacle)>, Failure> {
    let rows = sqlx::query("SELECT * FROM obstacles ORDER BY since, request LIMIT 0 + $1");
    read(rows.bind(i64::from(limit)).fetch_all(connection).await, OBSTACLE)
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
