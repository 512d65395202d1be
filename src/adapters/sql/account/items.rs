//! Planned items and what became of them, by the thousand: many rows go in one statement.

use std::ops::Range;

use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{DRAFTED, ITEM, TALLY, read, stored};
use crate::adapters::sql::statement::{ROWS_MAX, places, states};
use crate::domain::failure::Failure;
use crate::domain::outcome::{ItemOutcome, OutcomeKind, Tally};
use crate::domain::policy::action::ActionWord;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::{Cleared, Drafted, ItemEnd, SHARD_ORDINALS, SealedItem};

const AFTER: &str = "SELECT * FROM items WHERE request = $1 AND ordinal > $2 \
     ORDER BY ordinal LIMIT 0 + $3";

/// Whoever acts on a long plan asks for the next items thousands of times: the index holds only
/// those that are open.
pub const OPEN_AFTER: &str = "SELECT * FROM items WHERE request = $1 AND ordinal > $2 \
     AND outcome IS NULL ORDER BY ordinal LIMIT 0 + $3";

/// See `Ledger::add_items`; the caller commits.
///
/// # Errors
/// A request that was never opened; whatever the database refuses.
pub async fn add(
    connection: &mut AnyConnection,
    id: &RequestId,
    sequence: u64,
    items: &[SealedItem],
) -> Result<bool, Failure> {
    if !lock(connection, id, sequence).await? {
        return Ok(false);
    }
    for items in items.chunks(ROWS_MAX) {
        let statement = format!(
            "INSERT INTO items (request, ordinal, action, sealed, begun, outcome, detail) \
             VALUES {} ON CONFLICT (request, ordinal) DO NOTHING",
            places(0, items.len(), 7)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for item in items {
            query = query
                .bind(id.as_str())
                .bind(stored(item.ordinal))
                .bind(item.action.word())
                .bind(item.sealed.as_slice())
                .bind(i64::from(item.begun))
                .bind(item.outcome.as_ref().map(ItemOutcome::word))
                .bind(item.outcome.as_ref().map(ItemOutcome::detail));
        }
        let added = query.execute(&mut *connection).await;
        added.map_err(while_doing("adding planned items to the ledger"))?;
    }
    Ok(true)
}

/// See `Ledger::amend_items`; the caller commits.
///
/// # Errors
/// A request that was never opened; whatever the database refuses.
pub async fn amend(
    connection: &mut AnyConnection,
    id: &RequestId,
    sequence: u64,
    items: &[SealedItem],
) -> Result<bool, Failure> {
    if !lock(connection, id, sequence).await? {
        return Ok(false);
    }
    for item in items {
        let query = sqlx::query(
            "UPDATE items SET action = $1, sealed = $2, outcome = $3, detail = $4 \
             WHERE request = $5 AND ordinal = $6 AND outcome IS NULL",
        );
        let query = query
            .bind(item.action.word())
            .bind(item.sealed.as_slice())
            .bind(item.outcome.as_ref().map(ItemOutcome::word))
            .bind(item.outcome.as_ref().map(ItemOutcome::detail))
            .bind(id.as_str())
            .bind(stored(item.ordinal));
        let amended = query.execute(&mut *connection).await;
        amended.map_err(while_doing("amending planned items in the ledger"))?;
    }
    Ok(true)
}

/// Whether the request still takes items; if so, it gets no record before the caller commits.
async fn lock(
    connection: &mut AnyConnection,
    id: &RequestId,
    sequence: u64,
) -> Result<bool, Failure> {
    let doing = "adding planned items to the ledger";
    // An update that changes nothing locks the row in either database.
    let statement = format!(
        "UPDATE requests SET state = state WHERE id = $1 AND sequence = $2 AND state NOT IN {}",
        states(State::rests)
    );
    let locked = sqlx::query(AssertSqlSafe(statement))
        .bind(id.as_str())
        .bind(stored(sequence))
        .execute(&mut *connection)
        .await
        .map_err(while_doing(doing))?;
    if locked.rows_affected() == 1 {
        return Ok(true);
    }
    let known = sqlx::query("SELECT id FROM requests WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(while_doing(doing))?;
    match known {
        Some(_) => Ok(false),
        None => Err(Failure::permanent("adding planned items to a request that was never opened")),
    }
}

/// Whether there is nothing that [`clear`] would change.
///
/// # Errors
/// Whatever the database refuses.
pub async fn are_clear(
    connection: &mut AnyConnection,
    id: &RequestId,
    which: &Cleared,
) -> Result<bool, Failure> {
    let statement = match which {
        Cleared::Undone => {
            format!("{OF_REQUEST} UNION ALL SELECT 1 FROM tickets WHERE request = $1")
        }
        which => format!("{OF_REQUEST}{}", among(which)),
    };
    let statement = format!("SELECT 1 FROM items WHERE {statement} LIMIT 1");
    let ordinals = ordinals(which);
    let met = sqlx::query(AssertSqlSafe(statement))
        .bind(id.as_str())
        .bind(stored(ordinals.start))
        .bind(stored(ordinals.end))
        .fetch_optional(connection)
        .await;
    met.map(|met| met.is_none()).map_err(while_doing("looking for planned items to forget"))
}

/// See `Ledger::clear_items`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn clear(
    connection: &mut AnyConnection,
    id: &RequestId,
    which: &Cleared,
) -> Result<(), Failure> {
    let doing = "forgetting planned items";
    let statement = format!("DELETE FROM items WHERE {OF_REQUEST}{}", among(which));
    let ordinals = ordinals(which);
    sqlx::query(AssertSqlSafe(statement))
        .bind(id.as_str())
        .bind(stored(ordinals.start))
        .bind(stored(ordinals.end))
        .execute(&mut *connection)
        .await
        .map_err(while_doing(doing))?;
    if *which == Cleared::Undone {
        let reopened = sqlx::query(REOPEN).bind(id.as_str()).bind(OutcomeKind::Failed.word());
        let reopened = reopened.bind(OutcomeKind::Pending.word());
        reopened.execute(&mut *connection).await.map_err(while_doing(doing))?;
        // Whoever acts on it anew is given a new one.
        let forgotten = sqlx::query("DELETE FROM tickets WHERE request = $1").bind(id.as_str());
        forgotten.execute(connection).await.map_err(while_doing(doing))?;
    }
    Ok(())
}

/// Items of a request with some ordinals.
const OF_REQUEST: &str = "request = $1 AND ordinal >= $2 AND ordinal < $3";

/// Among which ordinals they are.
fn ordinals(which: &Cleared) -> Range<u64> {
    match which {
        Cleared::Ordinals(ordinals) | Cleared::Listed(ordinals) => ordinals.clone(),
        Cleared::All | Cleared::Open | Cleared::Undone => 0..i64::MAX.unsigned_abs(),
    }
}

/// Which of those they are.
fn among(which: &Cleared) -> String {
    match which {
        Cleared::All | Cleared::Ordinals(_) => String::new(),
        Cleared::Open => " AND outcome IS NULL".to_owned(),
        Cleared::Listed(_) => {
            let unsearched = ActionWord::ALL.into_iter().filter(|action| action.is_unsearched());
            let words: Vec<String> =
                unsearched.map(|action| format!("'{}'", action.word())).collect();
            format!(" AND action IN ({})", words.join(", "))
        }
        Cleared::Undone => undone(),
    }
}

const REOPEN: &str = "UPDATE items SET outcome = NULL, detail = NULL \
     WHERE request = $1 AND outcome IN ($2, $3)";

/// All with which nothing was done, by the words for what is done.
fn undone() -> String {
    let quoted = |word: &str| format!("'{word}'");
    let done: Vec<String> = OutcomeKind::ALL
        .into_iter()
        .filter(|kind| kind.is_clear() || kind.is_aside())
        .map(|kind| quoted(kind.word()))
        .collect();
    let acted = [
        ActionWord::Delete,
        ActionWord::Redact,
        ActionWord::Along,
        ActionWord::Unregister,
        ActionWord::Archive,
    ];
    let actions = acted.map(|action| quoted(action.word()));
    format!(
        " AND COALESCE(outcome, '') NOT IN ({}) AND NOT (begun = 1 AND action IN ({}) \
         AND COALESCE(outcome, '{failed}') IN ('{failed}', '{pending}'))",
        done.join(", "),
        actions.join(", "),
        failed = OutcomeKind::Failed.word(),
        pending = OutcomeKind::Pending.word(),
    )
}

/// See `Ledger::begin_items`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn begin(
    connection: &mut AnyConnection,
    id: &RequestId,
    ordinals: &[u64],
) -> Result<(), Failure> {
    for ordinals in ordinals.chunks(ROWS_MAX) {
        let statement = format!(
            "UPDATE items SET begun = 1 WHERE request = $1 AND ordinal IN {}",
            places(1, 1, ordinals.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false).bind(id.as_str());
        for ordinal in ordinals {
            query = query.bind(stored(*ordinal));
        }
        let updated = query.execute(&mut *connection).await;
        updated.map_err(while_doing("noting that acting on items begins"))?;
    }
    Ok(())
}

/// See `Ledger::items`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn items(
    connection: &mut AnyConnection,
    id: &RequestId,
    after: Option<u64>,
    open_only: bool,
    limit: u32,
) -> Result<Vec<SealedItem>, Failure> {
    let rows = sqlx::query(if open_only { OPEN_AFTER } else { AFTER })
        .bind(id.as_str())
        .bind(after.map_or(-1, stored))
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await;
    read(rows, ITEM)
}

/// See `Ledger::record_outcomes`; the caller commits. No ordinal may come twice.
///
/// # Errors
/// An outcome for an item that is not in the plan; whatever the database refuses.
pub async fn record_outcomes(
    connection: &mut AnyConnection,
    id: &RequestId,
    ends: &[ItemEnd],
) -> Result<(), Failure> {
    let doing = "recording outcomes in the ledger";
    for ends in ends.chunks(ROWS_MAX) {
        let statement = format!(
            "WITH became (ordinal, outcome, detail, rewritten) AS (VALUES {}) \
             UPDATE items SET outcome = became.outcome, detail = became.detail, \
             rewritten = became.rewritten FROM became \
             WHERE items.request = $1 AND items.ordinal = became.ordinal",
            places(1, ends.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false).bind(id.as_str());
        for ItemEnd { ordinal, outcome, rewritten } in ends {
            query = query
                .bind(stored(*ordinal))
                .bind(outcome.word())
                .bind(outcome.detail())
                .bind(rewritten.as_deref().unwrap_or_default());
        }
        let updated = query.execute(&mut *connection).await.map_err(while_doing(doing))?;
        if updated.rows_affected() != ends.len() as u64 {
            return Err(Failure::permanent("recording outcomes of items that are not planned"));
        }
    }
    Ok(())
}

/// See `Ledger::tally`.
///
/// # Errors
/// Whatever the database refuses.
pub async fn tally(connection: &mut AnyConnection, id: &RequestId) -> Result<Tally, Failure> {
    // With what was forgotten of a request that rested long ago.
    let rows = sqlx::query(
        "SELECT outcome, CAST(SUM(count) AS BIGINT) AS count FROM (\
             SELECT outcome, COUNT(*) AS count FROM items WHERE request = $1 GROUP BY outcome \
             UNION ALL SELECT outcome, count FROM tallies WHERE request = $1\
         ) AS each_kind GROUP BY outcome",
    );
    let mut tally = Tally::default();
    for (outcome, count) in read(rows.bind(id.as_str()).fetch_all(&mut *connection).await, TALLY)? {
        match outcome {
            Some(word) => tally.by_outcome.insert(word, count),
            None => Some(std::mem::replace(&mut tally.open, count)),
        };
    }
    Ok(tally)
}

/// See `Ledger::drafted`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn drafted(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Vec<Drafted>, Failure> {
    let statement = format!(
        "SELECT ordinal / {SHARD_ORDINALS} AS task, action, COUNT(*) AS count FROM items \
         WHERE request = $1 GROUP BY ordinal / {SHARD_ORDINALS}, action ORDER BY 1, 2"
    );
    let query = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str());
    read(query.fetch_all(&mut *connection).await, DRAFTED)
}
