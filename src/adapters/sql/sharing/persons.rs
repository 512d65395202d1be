//! Which open requests are about the same person, and which of them goes first.
//!
//! What is under way waits for nobody, and of those that wait one is the first: so they never wait
//! for each other.

use sqlx::{AnyConnection, AnyPool, AssertSqlSafe};

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{REQUEST_ID, STANDING, read};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::ledger::Standing;

/// The requests (`other`) that an accepted one (`mine`) waits for.
const OTHERS: &str = "FROM persons AS own \
     JOIN persons AS shared ON shared.digest = own.digest AND shared.request <> own.request \
     JOIN requests AS mine ON mine.id = own.request \
     JOIN requests AS other ON other.id = shared.request \
     JOIN events AS first ON first.request = mine.id AND first.sequence = 1 \
     JOIN events AS theirs ON theirs.request = other.id AND theirs.sequence = 1 \
     WHERE (mine.kind = 'erasure' OR other.kind = 'erasure') \
     AND (other.state IN ('finding', 'planned', 'held', 'acting', 'verifying') \
     OR other.state = 'accepted' AND (theirs.at < first.at \
     OR theirs.at = first.at AND theirs.request < first.request))";

/// Notes whom a request is about; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn add(
    connection: &mut AnyConnection,
    id: &RequestId,
    digests: &[String],
) -> Result<(), Failure> {
    for digest in digests {
        sqlx::query("INSERT INTO persons (request, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(id.as_str())
            .bind(digest)
            .execute(&mut *connection)
            .await
            .map_err(while_doing("noting whom a request is about"))?;
    }
    Ok(())
}

/// See `Tasks::ready`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn ready(pool: &AnyPool, limit: u32) -> Result<Vec<Standing>, Failure> {
    let statement = format!(
        "SELECT * FROM standings WHERE state = 'accepted' \
         AND NOT EXISTS (SELECT 1 {OTHERS} AND own.request = standings.id) \
         ORDER BY due, id LIMIT $1"
    );
    let query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(limit));
    read(query.fetch_all(pool).await, STANDING)
}

/// See `Tasks::in_the_way`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn in_the_way(pool: &AnyPool, id: &RequestId) -> Result<Vec<RequestId>, Failure> {
    let statement = format!(
        "SELECT DISTINCT other.id AS id {OTHERS} AND own.request = $1 AND mine.state = 'accepted' \
         ORDER BY id"
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).fetch_all(pool).await;
    read(rows, REQUEST_ID)
}
