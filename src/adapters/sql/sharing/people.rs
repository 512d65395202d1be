//! Whom documents name, a row for each that one of them calls a person.

use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{NUMBER, PERSON, read, stored};
use crate::adapters::sql::statement::{blocks, places, states};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::kept::people::{PEOPLE_MAX, People, SealedPerson};
use crate::ports::tasks::{Lease, Shard};

const KEEPING: &str = "keeping whom documents name";
const FORGETTING: &str = "forgetting whom documents name";

/// Two requests of one sweep may end at once, and neither would see that the other does; and a walk
/// may keep what the last of them has just forgotten.
const LOCK: &str = "UPDATE sweeps SET closed = closed WHERE id = $1";

#[async_trait]
impl People for SqlLedger {
    async fn keep_people(
        &self,
        lease: &Lease,
        shard: &Shard,
        people: &[SealedPerson],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        lock(&mut transaction, shard.sweep).await.map_err(while_doing(KEEPING))?;
        if number(&mut transaction, &waiting(), shard.sweep).await? == 0 {
            return Ok(());
        }
        let kept = "SELECT COUNT(*) AS number FROM people WHERE sweep = $1";
        let room = PEOPLE_MAX.saturating_sub(number(&mut transaction, kept, shard.sweep).await?);
        let fits = people.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        for block in blocks(&people[..fits]) {
            let statement = format!(
                "INSERT INTO people (sweep, mark, sealed) VALUES {} \
                 ON CONFLICT (sweep, mark) DO NOTHING",
                places(0, block.len(), 3)
            );
            let mut query = sqlx::query(AssertSqlSafe(statement));
            for person in block {
                query = query.bind(stored(shard.sweep)).bind(&person.mark);
                query = query.bind(person.sealed.as_slice());
            }
            query.execute(&mut *transaction).await.map_err(while_doing(KEEPING))?;
        }
        commit(transaction).await
    }

    async fn people(
        &self,
        sweep: u64,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SealedPerson>, Failure> {
        let statement = "SELECT mark, sealed FROM people WHERE sweep = $1 AND mark > $2 \
             ORDER BY mark LIMIT 0 + $3";
        let rows = sqlx::query(statement).bind(stored(sweep)).bind(after).bind(i64::from(limit));
        read(rows.fetch_all(&mut *self.read().await?).await, PERSON)
    }
}

/// How many requests need them that a sweep found for.
fn waiting() -> String {
    format!("SELECT COUNT(*) AS number FROM requests WHERE found_by = $1 AND {}", needs())
}

/// Which requests need them: exports until they rest, erasures until they are planned.
fn needs() -> String {
    format!(
        "(kind IN ('access', 'portability') AND state NOT IN {} \
         OR kind = 'erasure' AND state = 'finding')",
        states(State::rests)
    )
}

async fn number(
    connection: &mut AnyConnection,
    statement: &str,
    sweep: u64,
) -> Result<u64, Failure> {
    let rows = sqlx::query(AssertSqlSafe(statement.to_owned())).bind(stored(sweep));
    Ok(read(rows.fetch_all(connection).await, NUMBER)?.pop().unwrap_or_default())
}

async fn lock(connection: &mut AnyConnection, sweep: u64) -> Result<(), sqlx::Error> {
    sqlx::query(LOCK).bind(stored(sweep)).execute(connection).await.map(drop)
}

/// Forgets whom the sweep met that found for a request which needs them no more, if no other does;
/// the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn settle(connection: &mut AnyConnection, id: &RequestId) -> Result<(), Failure> {
    let statement =
        "SELECT found_by AS number FROM requests WHERE id = $1 AND found_by IS NOT NULL";
    let rows = sqlx::query(statement).bind(id.as_str()).fetch_all(&mut *connection).await;
    let Some(sweep) = read(rows, NUMBER)?.pop() else { return Ok(()) };
    lock(connection, sweep).await.map_err(while_doing(FORGETTING))?;
    if number(connection, &waiting(), sweep).await? > 0 {
        return Ok(());
    }
    let forget = sqlx::query("DELETE FROM people WHERE sweep = $1").bind(stored(sweep));
    forget.execute(connection).await.map(drop).map_err(while_doing(FORGETTING))
}

/// Forgets whom closed sweeps met and no request needs any more: one that was tried again was found
/// for by a later sweep. Says whether there was anybody. The caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn forget(connection: &mut AnyConnection) -> Result<bool, Failure> {
    let statement = format!(
        "DELETE FROM people WHERE sweep IN (SELECT id FROM sweeps WHERE closed = 1) \
         AND sweep NOT IN (SELECT found_by FROM requests WHERE found_by IS NOT NULL AND {})",
        needs()
    );
    let forget = sqlx::query(AssertSqlSafe(statement)).execute(connection).await;
    Ok(forget.map_err(while_doing(FORGETTING))?.rows_affected() > 0)
}
