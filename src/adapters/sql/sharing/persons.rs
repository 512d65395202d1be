//! Which open requests are about the same person, or the same thing, and which of them goes first.
//!
//! What is said here of an erasure holds of a thing that is deleted or unregistered too.
//! Each has a time by which it is in line: an erasure when we took it, an export when it was
//! submitted, if that was earlier. So an export goes first that was asked for before we knew of the
//! erasure, whichever of the two a broker or another daemon handed out first; the other way round
//! nothing would be left to export. For the same reason it goes first where both are in line since
//! one moment: what comes together is taken together. The times order all requests about a person,
//! whatever producers claim, so that of those that wait one is the first, and they never wait for
//! each other.
//!
//! An erasure lets such an export go first until it begins to act, whatever became of the erasure
//! before: found, planned, held or approved. An export that failed is one of them until somebody
//! tries it again or gives it up, or time presses.
//!
//! Who begins takes a turn first, so that of an erasure that would act and an export that would
//! look the second sees what the first did.

use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::LedgerClock;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{REQUEST_ID, STANDING, millis, read};
use crate::adapters::sql::statement::{blocks, places};
use crate::domain::failure::Failure;
use crate::domain::request::{RequestId, RequestKind};
use crate::ports::ledger::{Opening, OpeningRequest};
use crate::ports::standing::Standing;

/// The requests (`other`) that an accepted one waits for: one of the two is an erasure. There may
/// be thousands about one person, so what is asked of `shared` is what its index is ordered by.
/// An export that failed is waited for by erasures for which `patient` holds.
fn others(patient: &str) -> String {
    format!(
        "FROM persons AS own \
         JOIN persons AS shared ON shared.digest = own.digest AND shared.request <> own.request \
         AND shared.erasure >= 1 - own.erasure \
         JOIN requests AS other ON other.id = shared.request \
         AND (other.state IN ('planned', 'acting', 'verifying') \
         AND (shared.erasure = 0 OR other.begun = 1) \
         OR other.state IN ('finding', 'planned', 'held', 'acting') AND own.erasure = 1 \
         OR (other.state IN ('accepted', 'finding', 'planned', 'held', 'acting') \
         OR other.state = 'failed' AND shared.erasure = 0 AND {patient}) \
         AND (shared.taken < own.taken OR shared.taken = own.taken \
         AND (shared.erasure < own.erasure \
         OR shared.erasure = own.erasure AND shared.request < own.request)))"
    )
}

/// The exports that an erasure waits for before it begins to act: all that come before it, those
/// that failed if `patient` holds. One that waits for an erasure itself which has not begun is not
/// waited for, or they would wait in a circle: of two erasures the later may be under way where
/// clocks differ.
fn exports(patient: &str) -> String {
    format!(
        "FROM persons AS own \
         JOIN persons AS shared ON shared.digest = own.digest AND shared.erasure = 0 \
         AND own.erasure = 1 AND shared.taken <= own.taken \
         JOIN requests AS mine ON mine.id = own.request AND mine.begun = 0 \
         JOIN requests AS other ON other.id = shared.request \
         AND (other.state IN ('finding', 'planned', 'acting', 'verifying') \
         OR other.state = 'failed' AND {patient} \
         OR other.state IN ('accepted', 'held') AND NOT EXISTS \
         (SELECT 1 FROM persons AS its JOIN persons AS first ON first.digest = its.digest \
         AND first.erasure = 1 AND first.taken < its.taken \
         JOIN requests AS earlier ON earlier.id = first.request AND earlier.state = 'accepted' \
         WHERE its.request = other.id))"
    )
}

/// Whether a row of `standings` is an erasure that must not act yet. Of those that are due before
/// the time at that place none waits for exports that failed.
pub fn must_not_act(pressed: usize) -> String {
    format!(
        "(standings.state IN ('planned', 'acting') \
         AND standings.kind IN ('erasure', 'delete', 'unregister') \
         AND EXISTS (SELECT 1 {} WHERE own.request = standings.id))",
        exports(&format!("mine.due >= ${pressed}"))
    )
}

/// Whether no other request stands in the way of an accepted row of `standings`. Erasures that are
/// due before the time at that place wait for no exports that failed.
pub fn nothing_in_the_way(pressed: usize) -> String {
    let others = others(&format!("standings.due >= ${pressed}"));
    format!("NOT EXISTS (SELECT 1 {others} WHERE own.request = standings.id)")
}

/// See `Tasks::begin_act`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn begin_act(
    connection: &mut AnyConnection,
    id: &RequestId,
    pressed: Timestamp,
) -> Result<bool, Failure> {
    take_turn(connection).await?;
    let statement = format!(
        "UPDATE requests SET begun = 1 WHERE id = $1 \
         AND id IN (SELECT id FROM standings WHERE id = $1 AND NOT {})",
        must_not_act(2)
    );
    let query = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).bind(millis(pressed));
    let begun = query.execute(connection).await;
    Ok(begun.map_err(while_doing("beginning to act on a request"))?.rows_affected() == 1)
}

/// Whether an export may still begin its find, in the transaction in which it does: an erasure may
/// have begun to act since it was found to be ready.
///
/// # Errors
/// Whatever the database refuses.
pub async fn may_look(connection: &mut AnyConnection, id: &RequestId) -> Result<bool, Failure> {
    take_turn(connection).await?;
    let statement = format!(
        "SELECT other.id AS id {} WHERE own.request = $1 AND own.erasure = 0 LIMIT 1",
        others("own.erasure = 1")
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).fetch_all(connection).await;
    Ok(read(rows, REQUEST_ID)?.is_empty())
}

/// An erasure that is tried again lets exports go first once more.
///
/// # Errors
/// Whatever the database refuses.
pub async fn begin_anew(connection: &mut AnyConnection, id: &RequestId) -> Result<(), Failure> {
    let anew = sqlx::query("UPDATE requests SET begun = 0 WHERE id = $1").bind(id.as_str());
    anew.execute(connection).await.map(drop).map_err(while_doing("trying a request anew"))
}

/// Waits until whoever took a turn before committed. A file has one writer anyway.
async fn take_turn(connection: &mut AnyConnection) -> Result<(), Failure> {
    let turn = sqlx::query("UPDATE turns SET taken = taken + 1").execute(connection).await;
    turn.map(drop).map_err(while_doing("taking a turn"))
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
            query = query.bind(id.as_str()).bind(*digest).bind(i64::from(erases(request.kind)));
            query = query.bind(nanos(in_line_since(request)));
        }
        let added = query.execute(&mut *connection).await;
        added.map_err(while_doing("noting whom requests are about"))?;
    }
    Ok(())
}

/// Whether less is there after it to be given to anybody.
fn erases(kind: RequestKind) -> bool {
    match kind {
        RequestKind::Erasure | RequestKind::DeleteThing | RequestKind::UnregisterThing => true,
        RequestKind::Access
        | RequestKind::Portability
        | RequestKind::ExportThing
        | RequestKind::ArchiveThing => false,
    }
}

/// A producer cannot put a request before those that we took already but by a time in the past.
fn in_line_since(request: &OpeningRequest) -> Timestamp {
    match request.kind {
        RequestKind::Access | RequestKind::Portability | RequestKind::ExportThing => {
            request.taken.min(request.submitted)
        }
        RequestKind::Erasure
        | RequestKind::DeleteThing
        | RequestKind::UnregisterThing
        | RequestKind::ArchiveThing => request.taken,
    }
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
         AND standings.kind IN ('access', 'portability', 'erasure') \
         AND (leases.free_at IS NULL OR {}) AND {} \
         ORDER BY standings.due, standings.id LIMIT 0 + $1",
        clock.is_past("leases.free_at", "leases.set_at", 2),
        nothing_in_the_way(3)
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
        "SELECT other.id AS id {} \
         JOIN requests AS mine ON mine.id = own.request AND mine.state = 'accepted' \
         WHERE own.request = $1 \
         UNION SELECT other.id AS id {} WHERE own.request = $1 \
         AND mine.state IN ('finding', 'planned', 'held', 'acting') ORDER BY id",
        others("own.erasure = 1"),
        exports("own.erasure = 1")
    );
    let rows =
        sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).fetch_all(&mut *connection).await;
    read(rows, REQUEST_ID)
}
