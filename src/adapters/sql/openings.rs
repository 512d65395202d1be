//! First records, many in one transaction: each commit waits for the disk, whatever it holds.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use crate::adapters::sql::requests::{next, write_records};
use crate::adapters::sql::rows::{DIGEST, REQUEST_ID, millis, read, stored};
use crate::adapters::sql::sharing::persons;
use crate::adapters::sql::statement::{blocks, places};
use crate::adapters::sql::telling::{callbacks, outbox, plain};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::{Opened, Opening};

/// The writes of `Ledger::open`; the caller commits.
///
/// # Errors
/// A first record that no request begins with; whatever the database refuses.
pub async fn open(
    connection: &mut AnyConnection,
    openings: &[&Opening],
) -> Result<Vec<Opened>, Failure> {
    // Of two daemons that insert the same ids, each in an order of its own, either could wait for
    // the other. Sorting is stable: of one id twice the first is the one that is written.
    let mut sorted = openings.to_vec();
    sorted.sort_by_key(|opening| opening.record.id.as_str());
    let mut new = BTreeSet::new();
    for openings in blocks(&sorted) {
        new.extend(insert(connection, openings).await?);
    }
    let mut first = new.clone();
    let written: Vec<&Opening> =
        openings.iter().copied().filter(|opening| first.remove(&opening.record.id)).collect();
    for openings in blocks(&written) {
        write(connection, openings).await?;
    }
    let mut digests = BTreeMap::new();
    let mut opened = Vec::new();
    for Opening { record, digest, former_digest, .. } in openings {
        if new.remove(&record.id) {
            opened.push(Opened::New);
            continue;
        }
        if !digests.contains_key(&record.id) {
            digests.extend(known(connection, &record.id).await?);
        }
        let known = digests.get(&record.id);
        if known == Some(digest) || known.is_some() && known == former_digest.as_ref() {
            outbox::announce_again(connection, &record.id).await?;
            callbacks::owe(connection, &record.id).await?;
            opened.push(Opened::Repeated);
        } else {
            opened.push(Opened::Conflict);
        }
    }
    Ok(opened)
}

/// Makes the rows of requests, and tells which of them are new.
async fn insert(
    connection: &mut AnyConnection,
    openings: &[&Opening],
) -> Result<Vec<RequestId>, Failure> {
    let statement = format!(
        "INSERT INTO requests (id, digest, kind, regulation, state, sequence, head, submitted, \
         due, changed, done, total, reply_to, correlation_id, traceparent, message_id, \
         wrapped_key, body, claimed) VALUES {} ON CONFLICT (id) DO NOTHING RETURNING id",
        places(0, openings.len(), 19)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for opening in openings {
        query = bind(query, opening, next(State::Received, &opening.record)?);
    }
    read(query.fetch_all(connection).await, REQUEST_ID)
}

type Statement<'q> = Query<'q, Any, AnyArguments>;

fn bind<'q>(query: Statement<'q>, opening: &'q Opening, state: State) -> Statement<'q> {
    let Opening { record, digest, request, correspondence, .. } = opening;
    let request = request.as_ref();
    query
        .bind(record.id.as_str())
        .bind(digest)
        .bind(request.map(|request| request.kind.word()))
        .bind(request.map(|request| request.regulation.as_str()))
        .bind(state.word())
        .bind(stored(record.sequence))
        .bind(&record.hash)
        .bind(request.map(|request| millis(request.submitted)))
        .bind(request.map(|request| millis(request.due)))
        .bind(millis(record.at))
        .bind(0_i64)
        .bind(0_i64)
        .bind(plain::encoded(correspondence.reply_to.as_ref()))
        .bind(plain::encoded(correspondence.correlation_id.as_ref()))
        .bind(plain::encoded(correspondence.traceparent.as_ref()))
        .bind(plain::encoded(correspondence.message_id.as_ref()))
        .bind(request.map(|request| request.sealed.wrapped_key.as_slice()))
        .bind(request.map(|request| request.sealed.body.as_slice()))
        .bind(opening.claimed.as_ref().map(RequestId::as_str))
}

/// Writes what stands with new requests: their first records, whom they are about, what is
/// announced, and to whom else.
async fn write(connection: &mut AnyConnection, openings: &[&Opening]) -> Result<(), Failure> {
    let records: Vec<_> = openings.iter().map(|opening| &opening.record).collect();
    write_records(connection, &records).await?;
    persons::add(connection, openings).await?;
    let announced: Vec<_> =
        openings.iter().map(|opening| (&opening.announcement, millis(opening.record.at))).collect();
    outbox::add(connection, &announced).await?;
    for Opening { record, request, .. } in openings {
        let Some(request) = request.as_ref().filter(|request| !request.callbacks.is_empty()) else {
            continue;
        };
        callbacks::add_urls(connection, &record.id, &request.callbacks).await?;
        callbacks::owe(connection, &record.id).await?;
    }
    Ok(())
}

/// The digest of the body that a request came with, by its id.
async fn known(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Option<(RequestId, String)>, Failure> {
    let query = sqlx::query("SELECT id, digest FROM requests WHERE id = $1").bind(id.as_str());
    Ok(read(query.fetch_all(connection).await, DIGEST)?.pop())
}
