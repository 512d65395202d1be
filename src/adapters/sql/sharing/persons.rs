//! Which open requests are about the same person, and which of them goes first.
//!
//! What is under way waits for nobody, and of those that wait one is the first: so they never wait
//! for each other.

use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::items::{blocks, places};
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{REQUEST_ID, STANDING, millis, read};
use crate::adapters::sql::sharing::clock::LedgerClock;
use crate::domain::failure::Failure;
use crate::domain::request::{RequestId, RequestKind};
use crate::ports::ledger::{Opening, OpeningRequest, Standing};

/// The requests (`other`) that an accepted one waits for: one of the two is an erasure. There may
/// be thousands about one person, so what is asked of `shared` is what its index is ordered by.
/// An export that failed is waited for by erasures for which `patient` holds.
fn others(patient: &str) -> String {
    format!(
        "FROM persons AS own \
         JOIN persons AS shared ON shared.digest = own.digest AND shared.request <> own.request \
         AND shared.erasure >= 1 - own.erasure \
         JOIN requests AS other ON other.id = shared.request \
         AND (other.state IN ('finding', 'planned', 'held', 'acting', 'verifying') \
         OR (other.state = 'accepted' \
         OR other.state = 'failed' AND shared.erasure = 0 AND {patient}) \
         AND (shared.taken < own.taken \
         OR shared.taken = own.taken AND shared.request < own.request))"
    )
}

/// Notes whom requests are about; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn add(connection: &mut AnyConnection, openings: &[&Opening]) -> Result<(), Failure> {
    let persons: Vec<(&RequestId, &OpeningRequest, &String)> = openings
        .iter()
        .filter_map(|opening| Some((&opening.record.id, opening.request.as_ref()?)))
        .flat_map(|(id, request)| request.persons.iter().map(move |digest| (id, request, digest)))
        .collect();
    for persons in blocks(&persons) {
        let statement = format!(
            "INSERT INTO persons (request, digest, erasure, taken) VALUES {} \
             ON CONFLICT DO NOTHING",
            places(0, persons.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (id, request, digest) in persons {
            let is_erasure = request.kind == RequestKind::Erasure;
            query = query.bind(id.as_str()).bind(*digest).bind(i64::from(is_erasure));
            query = query.bind(nanos(request.taken));
        }
        let added = query.execute(&mut *connection).await;
        added.map_err(while_doing("noting whom requests are about"))?;
    }
    Ok(())
}

/// Until the year 2262.
fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// See `Tasks::ready`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn ready(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    pressed: Timestamp,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    let statement = format!(
        "SELECT standings.* FROM standings \
         LEFT JOIN leases ON leases.work = 'request/' || standings.id \
         WHERE standings.state = 'accepted' \
         AND (leases.free_at IS NULL OR {}) \
         AND NOT EXISTS (SELECT 1 {} WHERE own.request = standings.id) \
         ORDER BY standings.due, standings.id LIMIT $1",
        clock.is_past("leases.free_at", "leases.set_at", 2),
        others("standings.due >= $3")
    );
    let query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(limit));
    let query = query.bind(clock.value()).bind(millis(pressed));
    read(query.fetch_all(&mut *connection).await, STANDING)
}

/// See `Tasks::in_the_way`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn in_the_way(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Vec<RequestId>, Failure> {
    let statement = format!(
        "SELECT DISTINCT other.id AS id {} \
         JOIN requests AS mine ON mine.id = own.request AND mine.state = 'accepted' \
         WHERE own.request = $1 ORDER BY id",
        others("own.erasure = 1")
    );
    let rows =
        sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).fetch_all(&mut *connection).await;
    read(rows, REQUEST_ID)
}
