//! Rows as our types, and our types as what rows can hold.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::adapters::sql::plain;
use crate::adapters::sql::refusal::while_doing;
use crate::domain::callbacks::url::{CallbackUrl, IllegalUrl};
use crate::domain::event::{Announcement, Correspondence};
use crate::domain::failure::{Failure, FailureKind, Obstacle};
use crate::domain::inventory::Print;
use crate::domain::outcome::ItemOutcome;
use crate::domain::policy::action::ActionWord;
use crate::domain::request::{IllegalRequestId, RequestId, RequestKind};
use crate::domain::state::{Event, Regained, State};
use crate::ports::kept::archives::KeptArchive;
use crate::ports::kept::inventories::Checkpoint;
use crate::ports::kept::people::SealedPerson;
use crate::ports::kept::purges::{Member, Purge, Stage};
use crate::ports::kept::retention::FollowUp;
use crate::ports::kept::tickets::{OpenTickets, SealedTicket};
use crate::ports::kept::tombstones::Buried;
use crate::ports::ledger::{Callback, CallbackId, Record, SealedItem, SealedRequest};
use crate::ports::register::Listed;
use crate::ports::standing::{Progress, Standing};
use crate::ports::tasks::{Lease, Lost, Part, Shard};

/// Bytes of a print: two numbers.
const PRINT_BYTES: usize = 16;

/// What stands in a row and cannot have been written by this program.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    #[error("a column is missing or of another type")]
    Column(#[source] sqlx::Error),
    #[error("a request has an illegal id")]
    Id(#[source] IllegalRequestId),
    #[error("an announcement has an illegal id")]
    EventId(#[source] uuid::Error),
    #[error("a callback has an illegal URL")]
    Url(#[source] IllegalUrl),
    #[error("a request has an unknown state")]
    State,
    #[error("a request has an unknown kind")]
    Kind,
    #[error("an event is not one of ours")]
    Event(#[source] serde_json::Error),
    #[error("a time is out of range")]
    Time(#[source] jiff::Error),
    #[error("an item has an unknown action")]
    Action,
    #[error("a purge has an unknown stage")]
    Stage,
    #[error("an item has an unknown outcome")]
    Outcome,
    #[error("a failure has an unknown kind")]
    Failure,
}

/// Rows read by a statement, each as a `T`.
///
/// # Errors
/// What the database says; the first row that is not ours, which stays that way.
pub fn read<T>(
    rows: Result<Vec<AnyRow>, sqlx::Error>,
    what: Columns<T>,
) -> Result<Vec<T>, Failure> {
    let rows = rows.map_err(while_doing(what.doing))?;
    rows.iter()
        .map(what.from)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::permanent(what.doing).because(error))
}

/// How the rows of one table are read.
pub struct Columns<T> {
    doing: &'static str,
    from: fn(&AnyRow) -> Result<T, RowError>,
}

impl<T> Columns<T> {
    /// Of rows that hold these; `doing` says what is read.
    pub(super) const fn new(doing: &'static str, from: fn(&AnyRow) -> Result<T, RowError>) -> Self {
        Self { doing, from }
    }
}

/// A row of `standings`.
pub const STANDING: Columns<Standing> =
    Columns { doing: "reading where requests stand", from: standing };

/// A row of `standings`, and when its first record was written.
pub const LISTED: Columns<Listed> = Columns {
    doing: "listing requests",
    from: |row| Ok(Listed { standing: standing(row)?, received: time(get(row, "received")?)? }),
};

/// `state` and `count` over `requests`.
pub const CENSUS: Columns<(State, u64)> =
    Columns { doing: "counting requests", from: |row| Ok((state(row)?, count(row)?)) };

/// The seals of `requests`.
pub const SEALED: Columns<Option<SealedRequest>> =
    Columns { doing: "reading a sealed request", from: sealed };

/// A row of `events`.
pub const RECORD: Columns<Record> = Columns { doing: "reading the account", from: record };

/// A row of `items`.
pub const ITEM: Columns<SealedItem> = Columns { doing: "reading planned items", from: item };

/// `outcome` and `count` over `items`; the outcome is a word or nothing.
pub const TALLY: Columns<(Option<String>, u64)> = Columns {
    doing: "counting planned items",
    from: |row| Ok((get(row, "outcome")?, count(row)?)),
};

/// `task`, `action` and `count` over `items`.
pub const DRAFTED: Columns<(u64, ActionWord, u64)> =
    Columns { doing: "counting a plan", from: drafted };

/// A row of `leases`.
pub const LEASE: Columns<Lease> = Columns { doing: "reading a lease", from: lease };

/// A row of `shards`.
pub const SHARD: Columns<Shard> = Columns { doing: "reading a sweep", from: shard };

/// `request`, `mark` and `sources` of `tombstones`.
pub const BURIED: Columns<Buried> =
    Columns { doing: "reading whom erasures were about", from: buried };

/// A row of `follow_ups`.
pub const FOLLOW_UP: Columns<FollowUp> =
    Columns { doing: "reading what a request left", from: follow_up };

/// `request` and `count` over `follow_ups`.
pub const LEFT_COUNT: Columns<(RequestId, u64)> = Columns {
    doing: "counting what requests left",
    from: |row| Ok((request_id(row, "request")?, count(row)?)),
};

/// `request`, `source` and `count` over `returned`.
pub const REGAINED: Columns<(RequestId, Regained)> =
    Columns { doing: "reading what came back", from: regained };

/// A row of `purges`.
pub const PURGE: Columns<Purge> = Columns { doing: "reading purges", from: purge };

/// `id` of `purges`.
pub const PURGE_ID: Columns<String> =
    Columns { doing: "reading which purge gathers", from: |row| get(row, "id") };

/// `request` and `ordinal` of `tickets`.
pub const MEMBER: Columns<Member> = Columns {
    doing: "reading what waits for a purge",
    from: |row| {
        let ordinal = counted(get(row, "ordinal")?);
        Ok(Member { request: request_id(row, "request")?, ordinal })
    },
};

/// `ordinal`, `sealed`, `begun_at` and `purge` of `tickets`.
pub const TICKET: Columns<SealedTicket> = Columns { doing: "reading tickets", from: ticket };

/// `count` and `look_at` over `tickets`, and `now`.
pub const OPEN_TICKETS: Columns<OpenTickets> =
    Columns { doing: "counting tickets", from: open_tickets };

/// `count` over all `tickets`, and the first `begun_at`.
pub const ALL_TICKETS: Columns<(u64, Option<Timestamp>)> = Columns {
    doing: "counting all tickets",
    from: |row| {
        let begun = get::<Option<i64>>(row, "begun_at")?.map(time).transpose()?;
        Ok((count(row)?, begun))
    },
};

/// `calls` of `budgets`, and `now`.
pub const CALLS: Columns<(String, i64)> = Columns {
    doing: "reading the calls that a service takes",
    from: |row| Ok((get(row, "calls")?, get(row, "now")?)),
};

/// `prints` of `inventories`.
pub const PRINTS: Columns<Vec<Print>> = Columns { doing: "reading what a sweep saw", from: prints };

/// `mark` and `sealed` of `people`.
pub const PERSON: Columns<SealedPerson> = Columns {
    doing: "reading whom documents name",
    from: |row| Ok(SealedPerson { mark: get(row, "mark")?, sealed: get(row, "sealed")? }),
};

/// `marker`, `terms`, `drafted`, `items`, `bytes` and `noted_at` of a shard.
pub const CHECKPOINT: Columns<(Checkpoint, Timestamp)> =
    Columns { doing: "reading how far a walk came", from: checkpoint };

/// All columns of `obstacles`.
pub const OBSTACLE: Columns<(RequestId, Obstacle)> =
    Columns { doing: "reading what keeps a request", from: obstacle };

/// `number` of anything.
pub const NUMBER: Columns<u64> =
    Columns { doing: "reading a number", from: |row| Ok(counted(get(row, "number")?)) };

/// `id` and `digest` of `requests`.
pub const DIGEST: Columns<(RequestId, String)> = Columns {
    doing: "reading the digests of requests",
    from: |row| Ok((request_id(row, "id")?, get(row, "digest")?)),
};

/// `id` of `requests`.
pub const REQUEST_ID: Columns<RequestId> =
    Columns { doing: "reading the ids of requests", from: |row| request_id(row, "id") };

/// A row of `outbox`.
pub const ANNOUNCEMENT: Columns<Announcement> =
    Columns { doing: "reading the outbox", from: announcement };

/// A row of `callbacks`, with its URL and the body of its announcement.
pub const CALLBACK: Columns<Callback> = Columns { doing: "reading the callbacks", from: callback };

/// A row of `archives`.
pub const ARCHIVE: Columns<KeptArchive> =
    Columns { doing: "reading which archives are kept", from: kept };

/// `now` of the ledger's clock.
pub const NOW: Columns<Timestamp> =
    Columns { doing: "asking the ledger what time it is", from: |row| time(get(row, "now")?) };

/// `count` over `outbox` or `callbacks`.
pub const BACKLOG: Columns<u64> = Columns { doing: "counting what is to be sent", from: count };

/// A time as a column holds it.
pub fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// A count or ordinal as a column holds it.
pub fn stored(number: u64) -> i64 {
    i64::try_from(number).expect("nothing of ours is counted past 2^63")
}

/// An event as a column holds it.
pub fn written(event: &Event) -> String {
    let text = serde_json::to_string(event)
        .expect("an event has string keys and finite numbers only, so it is always JSON");
    plain::json(&text)
}

/// The way back; a negative number was not written by us and reads as nothing.
pub(super) fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn standing(row: &AnyRow) -> Result<Standing, RowError> {
    let kind: Option<String> = get(row, "kind")?;
    Ok(Standing {
        id: request_id(row, "id")?,
        digest: get(row, "digest")?,
        state: state(row)?,
        sequence: counted(get(row, "sequence")?),
        head: get(row, "head")?,
        kind: kind.map(|word| RequestKind::parse(&word).ok_or(RowError::Kind)).transpose()?,
        regulation: get(row, "regulation")?,
        submitted: get::<Option<i64>>(row, "submitted")?.map(time).transpose()?,
        due: get::<Option<i64>>(row, "due")?.map(time).transpose()?,
        changed: time(get(row, "changed")?)?,
        correspondence: correspondence(row)?,
        progress: Progress { done: counted(get(row, "done")?), total: counted(get(row, "total")?) },
    })
}

fn sealed(row: &AnyRow) -> Result<Option<SealedRequest>, RowError> {
    let (wrapped_key, body) = (get(row, "wrapped_key")?, get(row, "body")?);
    Ok(Option::zip(wrapped_key, body)
        .map(|(wrapped_key, body)| SealedRequest { wrapped_key, body }))
}

fn record(row: &AnyRow) -> Result<Record, RowError> {
    let event: String = get(row, "event")?;
    Ok(Record {
        id: request_id(row, "request")?,
        sequence: counted(get(row, "sequence")?),
        at: time(get(row, "at")?)?,
        event: serde_json::from_str(&event).map_err(RowError::Event)?,
        previous: get(row, "previous")?,
        hash: get(row, "hash")?,
    })
}

fn item(row: &AnyRow) -> Result<SealedItem, RowError> {
    let word: Option<String> = get(row, "outcome")?;
    let detail: Option<String> = get(row, "detail")?;
    let outcome = word.map(|word| {
        ItemOutcome::parse(&word, detail.as_deref().unwrap_or_default()).ok_or(RowError::Outcome)
    });
    Ok(SealedItem {
        ordinal: counted(get(row, "ordinal")?),
        action: action(row)?,
        sealed: get::<Option<Vec<u8>>>(row, "sealed")?.unwrap_or_default(),
        begun: get::<i64>(row, "begun")? != 0,
        outcome: outcome.transpose()?,
        rewritten: get::<Option<String>>(row, "rewritten")?.filter(|digest| !digest.is_empty()),
    })
}

fn drafted(row: &AnyRow) -> Result<(u64, ActionWord, u64), RowError> {
    Ok((counted(get(row, "task")?), action(row)?, count(row)?))
}

/// What an earlier version planned has no word: it was to be acted on.
fn action(row: &AnyRow) -> Result<ActionWord, RowError> {
    let word: Option<String> = get(row, "action")?;
    word.map_or(Ok(ActionWord::Delete), |word| ActionWord::parse(&word).ok_or(RowError::Action))
}

fn lease(row: &AnyRow) -> Result<Lease, RowError> {
    Ok(Lease {
        work: get(row, "work")?,
        fence: counted(get(row, "fence")?),
        tries: u32::try_from(get::<i64>(row, "tries")?).unwrap_or(u32::MAX),
    })
}

fn buried(row: &AnyRow) -> Result<Buried, RowError> {
    let sources: String = get(row, "sources")?;
    Ok(Buried {
        request: request_id(row, "request")?,
        mark: get(row, "mark")?,
        sources: serde_json::from_str(&sources).map_err(RowError::Event)?,
    })
}

fn follow_up(row: &AnyRow) -> Result<FollowUp, RowError> {
    Ok(FollowUp {
        part: counted(get(row, "part")?),
        wrapped_key: get(row, "wrapped_key")?,
        sealed: get(row, "sealed")?,
        items: counted(get(row, "items")?),
        until: time(get(row, "ends_at")?)?,
    })
}

fn regained(row: &AnyRow) -> Result<(RequestId, Regained), RowError> {
    let regained = Regained { source: get(row, "source")?, items: count(row)? };
    Ok((request_id(row, "request")?, regained))
}

fn prints(row: &AnyRow) -> Result<Vec<Print>, RowError> {
    let bytes: Vec<u8> = get(row, "prints")?;
    let number = |bytes: &[u8]| bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
    let print = |bytes: &[u8]| {
        let (name, etag) = bytes.split_at(bytes.len() / 2);
        Print { name: number(name), etag: number(etag) }
    };
    Ok(bytes.chunks_exact(PRINT_BYTES).map(print).collect())
}

fn shard(row: &AnyRow) -> Result<Shard, RowError> {
    Ok(Shard {
        sweep: counted(get(row, "sweep")?),
        number: counted(get(row, "number")?),
        source: get(row, "source")?,
        part: Part { number: counted(get(row, "part")?), of: counted(get(row, "parts")?) },
        done: get::<i64>(row, "done")? != 0,
        items: counted(get(row, "items")?),
        bytes: counted(get(row, "bytes")?),
        known: counted(get(row, "known")?),
        lost: lost(&get::<String>(row, "lost")?)?,
    })
}

fn checkpoint(row: &AnyRow) -> Result<(Checkpoint, Timestamp), RowError> {
    let checkpoint = Checkpoint {
        marker: get(row, "marker")?,
        terms: get(row, "terms")?,
        drafted: counted(get(row, "drafted")?),
        items: counted(get(row, "items")?),
        bytes: counted(get(row, "bytes")?),
        known: counted(get(row, "known")?),
    };
    Ok((checkpoint, time(get(row, "noted_at")?)?))
}

fn ticket(row: &AnyRow) -> Result<SealedTicket, RowError> {
    Ok(SealedTicket {
        ordinal: counted(get(row, "ordinal")?),
        sealed: get(row, "sealed")?,
        begun: time(get(row, "begun_at")?)?,
        purge: get(row, "purge")?,
    })
}

fn purge(row: &AnyRow) -> Result<Purge, RowError> {
    let (stage, detail): (String, String) = (get(row, "stage")?, get(row, "detail")?);
    let begun: i64 = get(row, "begun_at")?;
    Ok(Purge {
        id: get(row, "id")?,
        source: get(row, "source")?,
        stage: Stage::parse(&stage, &detail).ok_or(RowError::Stage)?,
        delay: Some(get::<String>(row, "delay")?).filter(|why| !why.is_empty()),
        sealed: get::<Option<Vec<u8>>>(row, "sealed")?.unwrap_or_default(),
        opened: time(get(row, "opened_at")?)?,
        begun: (begun > 0).then(|| time(begun)).transpose()?,
        noted: time(get(row, "noted_at")?)?,
    })
}

fn open_tickets(row: &AnyRow) -> Result<OpenTickets, RowError> {
    let (look_at, now): (i64, i64) = (get(row, "look_at")?, get(row, "now")?);
    Ok(OpenTickets { count: count(row)?, next_in_ms: counted(look_at.saturating_sub(now).max(0)) })
}

fn lost(text: &str) -> Result<Option<Lost>, RowError> {
    let Some((kind, reason)) = text.split_once(' ') else { return Ok(None) };
    let kind = FailureKind::parse(kind).ok_or(RowError::Failure)?;
    Ok(Some(Lost { kind, reason: reason.to_owned() }))
}

fn obstacle(row: &AnyRow) -> Result<(RequestId, Obstacle), RowError> {
    let obstacle = Obstacle {
        source: Some(get::<String>(row, "source")?).filter(|source| !source.is_empty()),
        kind: FailureKind::parse(&get::<String>(row, "kind")?).ok_or(RowError::Failure)?,
        reason: get(row, "reason")?,
        since: time(get(row, "since")?)?,
    };
    Ok((request_id(row, "request")?, obstacle))
}

fn announcement(row: &AnyRow) -> Result<Announcement, RowError> {
    let id: String = get(row, "id")?;
    Ok(Announcement {
        id: id.parse().map_err(RowError::EventId)?,
        request: request_id(row, "request")?,
        sequence: counted(get(row, "sequence")?),
        name: get(row, "name")?,
        body: get(row, "body")?,
        correspondence: correspondence(row)?,
        tries: u32::try_from(get::<i64>(row, "tries")?).unwrap_or(u32::MAX),
    })
}

fn callback(row: &AnyRow) -> Result<Callback, RowError> {
    let url: String = get(row, "url")?;
    Ok(Callback {
        id: CallbackId {
            request: request_id(row, "request")?,
            sequence: counted(get(row, "sequence")?),
            number: counted(get(row, "number")?),
        },
        url: CallbackUrl::parse(&plain::decoded(&url)).map_err(RowError::Url)?,
        event: get(row, "body")?,
        tries: u32::try_from(get::<i64>(row, "tries")?).unwrap_or(u32::MAX),
        failing_ms: counted(get::<Option<i64>>(row, "failing_ms")?.unwrap_or_default()),
    })
}

fn kept(row: &AnyRow) -> Result<KeptArchive, RowError> {
    Ok(KeptArchive {
        request: request_id(row, "request")?,
        name: get(row, "name")?,
        until: get::<Option<i64>>(row, "expire_at")?.map(time).transpose()?,
    })
}

fn correspondence(row: &AnyRow) -> Result<Correspondence, RowError> {
    let text = |column| {
        let text: Option<String> = get(row, column)?;
        Ok::<_, RowError>(text.as_deref().map(plain::decoded))
    };
    Ok(Correspondence {
        reply_to: text("reply_to")?,
        correlation_id: text("correlation_id")?,
        traceparent: text("traceparent")?,
        message_id: text("message_id")?,
    })
}

pub(super) fn state(row: &AnyRow) -> Result<State, RowError> {
    State::parse(&get::<String>(row, "state")?).ok_or(RowError::State)
}

pub(super) fn request_id(row: &AnyRow, column: &str) -> Result<RequestId, RowError> {
    RequestId::new(&get::<String>(row, column)?).map_err(RowError::Id)
}

pub(super) fn count(row: &AnyRow) -> Result<u64, RowError> {
    Ok(counted(get(row, "count")?))
}

pub(super) fn time(millis: i64) -> Result<Timestamp, RowError> {
    Timestamp::from_millisecond(millis).map_err(RowError::Time)
}

pub(super) fn get<'r, T>(row: &'r AnyRow, column: &str) -> Result<T, RowError>
where
    T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
{
    row.try_get(column).map_err(RowError::Column)
}
