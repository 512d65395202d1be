//! The contract of the `Ledger` port, over SQLite and PostgreSQL.

use std::collections::BTreeSet;
use std::sync::Arc;

use dsrd::adapters::memory::clock::MemoryClock;
use dsrd::adapters::sql::account::items::OPEN_AFTER;
use dsrd::adapters::sql::store::SqlLedger;
use dsrd::config::secret::Secret;
use dsrd::domain::callbacks::url::CallbackUrl;
use dsrd::domain::failure::{Failure, FailureKind, Obstacle};
use dsrd::domain::inventory::Print;
use dsrd::domain::outcome::{Barrier, Block, ItemOutcome};
use dsrd::domain::policy::action::ActionWord;
use dsrd::domain::request::{RequestId, RequestKind};
use dsrd::domain::state::{Archive, Counts, Decision, Event, Regained, State};
use dsrd::evidence::chain::{BrokenLink, Link, verify};
use dsrd::ports::kept::archives::KeptArchive;
use dsrd::ports::kept::budgets::Budgets;
use dsrd::ports::kept::catalogue::{Leaf, Shelf};
use dsrd::ports::kept::inventories::Checkpoint;
use dsrd::ports::kept::people::{PEOPLE_MAX, People, SealedPerson};
use dsrd::ports::kept::purges::{Gathered, Member, NewMember, Stage, work_on_purge};
use dsrd::ports::kept::tickets::{NewTicket, OpenTickets, PutOff};
use dsrd::ports::kept::tombstones::{Buried, ReturnedItem, Tombstone};
use dsrd::ports::ledger::{
    Appended, Callback, Cleared, ItemEnd, Ledger, Opened, Record, SealedItem, ordinals,
};
use dsrd::ports::register::{AnsweredRequest, Order, Sought};
use dsrd::ports::sources::Budget;
use dsrd::ports::standing::{Progress, Standing};
use dsrd::ports::tasks::{End, Lease, Lost, Part, Purpose, Shard, Tasks, work_on};
use futures::future::join_all;
use jiff::SignedDuration;
use sqlx::{AnyConnection, Connection, Executor, Row};

use crate::support::lives::{
    Life, announcement, correspondence, decision, ended, erasure, opening, own, planned, rejection,
    sealed_items, second,
};
use crate::support::postgres::Postgres;

/// Runs the suite over an empty ledger for each part, at the URLs that `$fresh` gives for a name.
macro_rules! suite {
    ($fresh:expr) => {{
        let fresh = $fresh;
        suite!(@ledger fresh, a_request_opens_once, requests_open_together);
        suite!(@ledger fresh, a_rejected_message_has_no_seal);
        suite!(@ledger fresh, records_follow_one_another, what_does_not_follow_changes_nothing);
        suite!(@ledger fresh, standings_come_by_due_date, what_is_due_is_counted_whole);
        suite!(@ledger fresh, the_last_ground_of_a_source_is_kept);
        suite!(@ledger fresh, items_come_in_pages);
        suite!(@ledger fresh, a_list_comes_in_pages_whatever_is_sought);
        suite!(@ledger fresh, what_was_answered_lately_is_told, each_change_is_felt);
        suite!(@timed fresh, daemons_are_known_while_they_are_at_work);
        suite!(@ledger fresh, outcomes_are_replaced, thousands_of_items);
        suite!(@ledger fresh, progress_is_of_the_current_stage, rest_forgets_the_seals);
        suite!(@ledger fresh, no_two_archives_have_one_name);
        suite!(@timed fresh, any_text_of_a_producer_is_held);
        suite!(@ledger fresh, a_failed_request_keeps_its_seals, a_lapsed_lease_writes_nothing);
        suite!(@ledger fresh, sweeps_are_opened_one_at_a_time, one_person_is_served_in_order);
        suite!(@ledger fresh, a_failed_export_is_waited_for);
        suite!(@ledger fresh, exports_go_first_until_an_erasure_begins);
        suite!(@ledger fresh, nobody_looks_for_what_is_being_erased);
        suite!(@ledger fresh, what_a_sweep_saw_is_kept_as_long_as_it_is_needed);
        suite!(@ledger fresh, people_stay_as_long_as_an_export_waits);
        suite!(@ledger fresh, leaves_of_the_catalogue_are_kept_one_by_one);
        suite!(@timed fresh, the_outbox_keeps_order, each_url_is_owed_each_announcement);
        suite!(@timed fresh, archives_are_known_until_they_are_removed, work_is_claimed_once);
        suite!(@timed fresh, what_was_set_in_the_future_is_void, archives_are_kept_for_their_time);
        suite!(@timed fresh, erased_people_are_remembered_for_a_while);
        suite!(@timed fresh, how_far_a_walk_came_is_noted);
        suite!(@timed fresh, tickets_are_looked_after_in_their_time);
        suite!(@timed fresh, what_is_purged_together_is_gathered_by_place);
        suite!(@timed fresh, a_service_takes_so_many_calls_in_an_hour);
        suite!(@ledger fresh, what_is_about_things_is_looked_up_and_not_swept_for);
        suite!(@timed fresh, details_are_forgotten_after_a_while);
        suite!(@timed fresh, sweeps_are_concluded_one_by_one);
        suite!(@url fresh, daemons_share_what_a_service_takes);
        suite!(@url fresh, two_daemons_share_a_ledger, a_ledger_is_found_again);
        suite!(@url fresh, an_export_and_an_erasure_never_begin_at_once);
        suite!(@url fresh, of_exports_that_end_at_once_one_is_the_last);
        suite!(@url fresh, sweeps_for_two_purposes_are_opened_at_once);
        suite!(@url fresh, an_edited_record_is_found, a_later_ledger_is_refused);
    }};
    (@ledger $fresh:ident, $($part:ident),*) => {
        $($part(&open(&$fresh(stringify!($part)).await).await).await;)*
    };
    (@timed $fresh:ident, $($part:ident),*) => {$({
        let clock = Arc::new(MemoryClock::at(second(0)));
        $part(&open_by(&$fresh(stringify!($part)).await, &clock).await, &clock).await;
    })*};
    (@url $fresh:ident, $($part:ident),*) => {
        $($part(&$fresh(stringify!($part)).await).await;)*
    };
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("made with it");
    suite!(async |name: &str| format!("sqlite:{}/{name}.db", folder.display()));
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    let server = Postgres::start().await;
    suite!(async |name: &str| server.database(name).await);
    // Older databases have few letters.
    let url = server.database_in("old_letters", "LATIN1").await;
    let clock = Arc::new(MemoryClock::at(second(0)));
    any_text_of_a_producer_is_held(&open_by(&url, &clock).await, &clock).await;
}

#[tokio::test]
async fn an_unusable_url_is_refused_and_not_shown() {
    for url in ["mysql://u:hunter2@h/d", "sqlite:", "sqlite:hunter2?mode=ro", "hunter2"] {
        let failure = SqlLedger::open(&Secret::new(url.to_owned())).await.err().unwrap();
        assert_eq!(failure.kind, FailureKind::NeedsPerson, "{url}");
        assert!(!failure.chain().contains("hunter2"), "{}", failure.chain());
    }
}

async fn open(url: &str) -> SqlLedger {
    SqlLedger::open(&Secret::new(url.to_owned())).await.map_err(|f| f.chain()).unwrap()
}

async fn open_by(url: &str, clock: &Arc<MemoryClock>) -> SqlLedger {
    let clock = Arc::<MemoryClock>::clone(clock);
    SqlLedger::open_by(&Secret::new(url.to_owned()), clock).await.map_err(|f| f.chain()).unwrap()
}

/// Each batch of an act costs what it holds, not what was acted on before.
/// Whoever finds as many as there is room for knows that there may be more.
#[tokio::test]
async fn no_more_people_are_kept_than_there_is_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&format!("sqlite:{}/ledger.db", folder.path().display())).await;
    let mut opening = opening("r-1", 100);
    opening.request.as_mut().unwrap().kind = RequestKind::Access;
    ledger.open(&[&opening]).await.unwrap();
    let (lease, sources) = (own(&ledger).await, ["a".to_owned()]);
    let ids = [opening.record.id];
    ledger.open_sweep(&lease, Purpose::Find, &ids, &sources, 1).await.unwrap();
    let shard = ledger.sweep(Purpose::Find).await.unwrap().unwrap().shards.remove(0);
    for met in [0..10, 0..PEOPLE_MAX + 1, PEOPLE_MAX..PEOPLE_MAX + 30] {
        let person = |n: u64| SealedPerson { mark: format!("{n:08}"), sealed: vec![1] };
        let people: Vec<SealedPerson> = met.map(person).collect();
        ledger.keep_people(&lease, &shard, &people).await.unwrap();
    }
    let (mut kept, mut after) = (0, String::new());
    loop {
        let page = ledger.people(shard.sweep, &after, 10_000).await.unwrap();
        let Some(last) = page.last() else { break };
        after.clone_from(&last.mark);
        kept += page.len() as u64;
    }
    assert_eq!(kept, PEOPLE_MAX);
}

#[tokio::test]
async fn what_is_open_is_found_without_a_look_at_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/ledger.db", folder.path().display());
    drop(open(&url).await);
    let mut intruder = AnyConnection::connect(&url).await.unwrap();
    let explain = format!("EXPLAIN QUERY PLAN {OPEN_AFTER}");
    let explain = sqlx::query(sqlx::AssertSqlSafe(explain)).bind("r-1").bind(-1_i64).bind(9_i64);
    let steps = explain.fetch_all(&mut intruder).await.unwrap();
    let steps: Vec<String> = steps.iter().map(|row| row.get("detail")).collect();
    assert_eq!(steps, ["SEARCH items USING INDEX items_open (request=? AND ordinal>?)"]);
}

/// One clock for all daemons, whatever theirs say.
#[tokio::test]
async fn the_server_s_clock_decides() {
    let server = Postgres::start().await;
    let url = server.database("clock").await;
    let ledger = open(&url).await;
    let life = Life::begin(&ledger, "r-1", 100).await;
    let off = ledger.now().await.unwrap().as_second() - jiff::Timestamp::now().as_second();
    assert!(off.abs() < 60, "the same machine's clock, {off} s off");

    let work = work_on(life.id());
    let first = ledger.claim(&work, 3_600_000).await.unwrap().unwrap();
    assert!(ledger.claim(&work, 3_600_000).await.unwrap().is_none());
    assert!(ledger.renew(&first, 0).await.unwrap());
    let taken_over = ledger.claim(&work, 3_600_000).await.unwrap().unwrap();
    let free = async || ledger.free(&[State::Accepted], second(0), 9).await.unwrap().len();
    assert_eq!(free().await, 0);
    ledger.let_go(&taken_over, End::Failed(3_600_000)).await.unwrap();
    assert_eq!(free().await, 0);
    let unsent = ledger.unsent(9).await.unwrap();
    ledger.put_off(&[unsent[0].id], 3_600_000).await.unwrap();
    assert_eq!(ledger.unsent(9).await.unwrap(), []);

    // As after a server whose clock was 40 days ahead gave way to another.
    let mut intruder = AnyConnection::connect(&url).await.unwrap();
    for (table, end, set_at) in
        [("leases", "free_at", "set_at"), ("outbox", "retry_at", "put_off_at")]
    {
        let later = format!(
            "UPDATE {table} SET {end} = {end} + 3456000000, {set_at} = {set_at} + 3456000000"
        );
        intruder.execute(sqlx::AssertSqlSafe(later)).await.unwrap();
    }
    assert_eq!((free().await, ledger.unsent(9).await.unwrap().len()), (1, 1));
    assert!(ledger.claim(&work, 3_600_000).await.unwrap().is_some());
}

async fn a_request_opens_once(ledger: &dyn Ledger) {
    ledger.ping().await.unwrap();
    let id = RequestId::new("r-1").unwrap();
    assert!(ledger.standing(&id).await.unwrap().is_none());
    assert!(ledger.sealed(&id).await.unwrap().is_none());
    assert_eq!(ledger.open(&[&opening("r-1", 100)]).await.unwrap(), [Opened::New]);

    let mut other = opening("r-1", 200);
    other.digest = "another body".to_owned();
    let again = opening("r-1", 300);
    let opened = ledger.open(&[&other, &again]).await.unwrap();
    assert_eq!(opened, [Opened::Conflict, Opened::Repeated]);
    let standing = ledger.standing(&id).await.unwrap().unwrap();
    assert_eq!((standing.state, standing.sequence), (State::Accepted, 1));
    assert_eq!(standing.kind, Some(RequestKind::Erasure));
    assert_eq!((standing.submitted, standing.due), (Some(second(100)), Some(second(86_500))));
    assert_eq!((standing.changed, standing.correspondence), (second(100), correspondence()));
    assert_eq!(ledger.records(&id).await.unwrap(), [opening("r-1", 100).record]);
    let unsent = ledger.unsent(9).await.unwrap();
    assert_eq!(unsent, [opening("r-1", 100).announcement]);
    let sealed = ledger.sealed(&id).await.unwrap().unwrap();
    assert_eq!(
        (&sealed.wrapped_key[..], &sealed.body[..]),
        (&b"key of r-1"[..], &b"body of r-1"[..])
    );
}

/// One statement takes them all, whatever each comes to.
async fn requests_open_together(ledger: &dyn Ledger) {
    Life::begin(ledger, "known", 50).await;
    let mut conflicting = opening("r-2", 101);
    conflicting.digest = "another body".to_owned();
    let openings = [
        opening("r-2", 100),
        opening("known", 100),
        conflicting,
        rejection("r-1", 100),
        opening("r-2", 102),
    ];
    let opened = ledger.open(&openings.iter().collect::<Vec<_>>()).await.unwrap();
    use Opened::{Conflict, New, Repeated};
    assert_eq!(opened, [New, Repeated, Conflict, New, Repeated]);
    let unsent = ledger.unsent(9).await.unwrap();
    let unsent: Vec<String> = unsent.iter().map(|a| a.request.to_string()).collect();
    assert_eq!(unsent, ["known", "r-1", "r-2"]);
    assert!(ledger.open(&[]).await.unwrap().is_empty());
    let records = ledger.records(&RequestId::new("r-2").unwrap()).await.unwrap();
    assert_eq!(records, [openings[0].record.clone()]);
}

async fn a_rejected_message_has_no_seal(ledger: &dyn Ledger) {
    assert_eq!(ledger.open(&[&rejection("r-1", 100)]).await.unwrap(), [Opened::New]);
    let id = RequestId::new("r-1").unwrap();
    let standing = ledger.standing(&id).await.unwrap().unwrap();
    assert_eq!((standing.state, standing.kind, standing.due), (State::Rejected, None, None));
    assert!(ledger.sealed(&id).await.unwrap().is_none());
    assert_eq!(ledger.backlog().await.unwrap(), 1);
}

async fn records_follow_one_another(ledger: &dyn Ledger) {
    let mut life = Life::begin(ledger, "r-1", 100).await;
    let overtaking = life.next(Event::FindStarted);
    life.go(ledger, erasure()).await;
    assert_eq!(ledger.append(&overtaking, None, None).await.unwrap(), Appended::Overtaken);

    let standing = ledger.standing(life.id()).await.unwrap().unwrap();
    assert_eq!((standing.state, standing.sequence), (State::Completed, 6));
    assert_eq!((&standing.head, standing.changed), (&life.last.hash, life.last.at));
    let records = ledger.records(life.id()).await.unwrap();
    assert_eq!(records.last(), Some(&life.last));
    assert_eq!(walk(&records), Ok(life.last.hash.clone()));
    assert_eq!(ledger.census().await.unwrap(), [(State::Completed, 1)]);
}

async fn what_does_not_follow_changes_nothing(ledger: &dyn Ledger) {
    let life = Life::begin(ledger, "r-1", 100).await;
    let mut elsewhere = life.next(Event::FindStarted);
    elsewhere.previous = "another head".to_owned();
    let skipping = Record { sequence: 3, ..life.next(Event::FindStarted) };
    for record in [elsewhere, skipping] {
        let announcement = announcement(&record);
        let appended = ledger.append(&record, Some(&announcement), None).await.unwrap();
        assert_eq!(appended, Appended::Overtaken);
    }
    let illegal = life.next(Event::ActStarted);
    let unknown = Record { id: RequestId::new("r-2").unwrap(), ..life.next(Event::FindStarted) };
    for record in [illegal, unknown] {
        let announcement = announcement(&record);
        let failure = ledger.append(&record, Some(&announcement), None).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Permanent, "{}", failure.chain());
    }
    assert_eq!(ledger.records(life.id()).await.unwrap(), std::slice::from_ref(&life.last));
    assert_eq!(ledger.backlog().await.unwrap(), 1);
}

async fn standings_come_by_due_date(ledger: &dyn Ledger) {
    for (id, at) in [("late", 300), ("early", 100), ("b-middle", 200), ("a-middle", 200)] {
        Life::begin(ledger, id, at).await;
    }
    ledger.open(&[&rejection("rejected", 50)]).await.unwrap();
    Life::begin(ledger, "found", 10).await.go(ledger, [Event::FindStarted]).await;

    let ids = async |states: &[State], limit| {
        let standings = ledger.standings(states, limit).await.unwrap();
        standings.iter().map(|standing| standing.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    let waiting = [State::Rejected, State::Accepted];
    assert_eq!(ids(&waiting, 9).await, "early a-middle b-middle late rejected");
    assert_eq!(ids(&waiting, 2).await, "early a-middle");
    assert_eq!(ids(&[State::Finding], 9).await, "found");
    assert_eq!(ids(&[], 9).await, "");
    let census = [(State::Accepted, 4), (State::Finding, 1), (State::Rejected, 1)];
    assert_eq!(ledger.census().await.unwrap(), census);
    assert!(ledger.recently_ended(9).await.unwrap().is_empty(), "what was refused never began");
}

async fn the_last_ground_of_a_source_is_kept(ledger: &dyn Ledger) {
    assert_eq!(ledger.ground("/mnt/a").await.unwrap(), None);
    for (place, id) in [("/mnt/a", "7"), ("/mnt/b", "8"), ("/mnt/a", "9")] {
        ledger.note_ground(place, id).await.unwrap();
        assert_eq!(ledger.ground(place).await.unwrap().as_deref(), Some(id));
    }
    assert_eq!(ledger.ground("/mnt/b").await.unwrap().as_deref(), Some("8"));
}

/// What failed was not answered either; what was rejected never is due.
async fn what_is_due_is_counted_whole(ledger: &dyn Ledger) {
    for (id, at) in [("late", 300), ("early", 100), ("b-middle", 200), ("a-middle", 200)] {
        Life::begin(ledger, id, at).await;
    }
    ledger.open(&[&rejection("rejected", 50)]).await.unwrap();
    let failed = Event::Failed { reason: "the ledger is full".to_owned() };
    Life::begin(ledger, "failed", 10).await.go(ledger, [Event::FindStarted, failed]).await;
    Life::begin(ledger, "ended", 10).await.go(ledger, erasure()).await;

    let due = |at: i64| second(at + 86_400);
    let ids = async |by, limit| {
        let dues = ledger.unanswered(by, limit).await.unwrap();
        dues.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(" ")
    };
    let table = [
        (9, ""),
        (10, "failed"),
        (199, "failed early"),
        (200, "failed early a-middle b-middle"),
        (999, "failed early a-middle b-middle late"),
    ];
    for (by, expected) in table {
        assert_eq!(ids(due(by), 9).await, expected);
        let count = ledger.count_unanswered(due(by)).await.unwrap();
        assert_eq!(count, expected.split_whitespace().count() as u64, "by {by}");
    }
    assert_eq!(ids(due(999), 2).await, "failed early");
    assert_eq!(ledger.unanswered(due(10), 1).await.unwrap()[0].1, due(10));
    assert_eq!(ledger.longest().await.unwrap(), [(State::Accepted, second(100))]);
}

/// Each way to ask, in pages of any size: the same rows, each once, in the same order.
async fn a_list_comes_in_pages_whatever_is_sought(ledger: &dyn Ledger) {
    for (id, at) in [("late", 300), ("early", 100), ("b-middle", 200), ("a-middle", 200)] {
        Life::begin(ledger, id, at).await;
    }
    ledger.open(&[&rejection("rejected", 150)]).await.unwrap();
    // What comes later of a request does not change when it came.
    Life::begin(ledger, "ended", 10).await.go(ledger, erasure()).await;
    let due = |at: i64| second(at + 86_400);
    let all = State::ALL.to_vec();
    type Row<'a> = (Order, &'a [State], (i64, i64), Option<i64>, &'a str);
    let table: [Row<'_>; 7] = [
        (Order::Received, &all, (0, 999), None, "ended early rejected a-middle b-middle late"),
        (Order::Due, &all, (0, 999), None, "ended early a-middle b-middle late rejected"),
        // The end of a period is not of it.
        (Order::Received, &all, (100, 200), None, "early rejected"),
        (Order::Received, &all, (200, 201), None, "a-middle b-middle"),
        (
            Order::Due,
            &[State::Accepted, State::Rejected],
            (0, 999),
            Some(200),
            "early a-middle b-middle",
        ),
        (Order::Due, &[State::Completed], (0, 999), None, "ended"),
        (Order::Due, &[], (0, 999), None, ""),
    ];
    for (order, states, (from, to), due_by, expected) in table {
        let sought = Sought {
            states: states.to_vec(),
            from: second(from),
            to: second(to),
            due_by: due_by.map(due),
        };
        for limit in [1, 2, 3, 9] {
            let (mut told, mut after) = (Vec::new(), None);
            // Ends: each page begins behind the one before.
            loop {
                let page = ledger.listed(&sought, order, after.as_ref(), limit).await.unwrap();
                assert!(page.len() <= limit as usize);
                told.extend(page.iter().map(|listed| listed.standing.id.to_string()));
                after = page.last().cloned();
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(told.join(" "), expected, "{order:?} {from} {to} {due_by:?} by {limit}");
        }
    }
    let sought = Sought { states: all, from: second(0), to: second(999), due_by: None };
    let first = ledger.listed(&sought, Order::Received, None, 1).await.unwrap().remove(0);
    assert_eq!((first.received, first.standing.state), (second(10), State::Completed));
}

async fn items_come_in_pages(ledger: &dyn Ledger) {
    let life = Life::begin(ledger, "r-1", 100).await;
    let other = Life::begin(ledger, "r-2", 100).await;
    ledger
        .add_items(&own(ledger).await, life.id(), life.last.sequence, &sealed_items(0..5))
        .await
        .unwrap();
    ledger
        .add_items(&own(ledger).await, other.id(), other.last.sequence, &sealed_items(0..1))
        .await
        .unwrap();
    ledger
        .record_outcomes(&own(ledger).await, life.id(), &ended(&[(1, ItemOutcome::Erased)]))
        .await
        .unwrap();
    // What is there already stays as it is, outcome and all.
    ledger
        .add_items(&own(ledger).await, life.id(), life.last.sequence, &sealed_items(1..7))
        .await
        .unwrap();

    let page = async |after, open_only, limit| {
        let items = ledger.items(life.id(), after, open_only, limit).await.unwrap();
        items.iter().map(|item| item.ordinal).collect::<Vec<_>>()
    };
    assert_eq!(page(None, false, 3).await, [0, 1, 2]);
    assert_eq!(page(Some(2), false, 9).await, [3, 4, 5, 6]);
    assert_eq!(page(None, true, 3).await, [0, 2, 3]);
    assert!(page(Some(6), true, 3).await.is_empty());
    let first = ledger.items(life.id(), None, false, 1).await.unwrap().remove(0);
    assert_eq!((&first.sealed[..], first.outcome), (&b"sealed item 0"[..], None));

    // Other plans take the places of those that are open, and of no others.
    let amended: Vec<SealedItem> = sealed_items(0..9)
        .into_iter()
        .filter(|item| item.ordinal < 2 || item.ordinal > 6)
        .map(|item| SealedItem {
            action: ActionWord::Keep,
            sealed: b"amended".to_vec(),
            outcome: Some(ItemOutcome::Kept("law".to_owned())),
            ..item
        })
        .collect();
    let lease = own(ledger).await;
    let sequence = life.last.sequence;
    assert!(!ledger.amend_items(&lease, life.id(), sequence - 1, &amended).await.unwrap());
    assert!(ledger.amend_items(&lease, life.id(), sequence, &amended).await.unwrap());
    assert_eq!(page(None, false, 9).await, [0, 1, 2, 3, 4, 5, 6]);
    let items = ledger.items(life.id(), None, false, 3).await.unwrap();
    let told = items.iter().map(|item| (item.action, item.outcome.clone())).collect::<Vec<_>>();
    let kept = Some(ItemOutcome::Kept("law".to_owned()));
    assert_eq!(told[0], (ActionWord::Keep, kept));
    assert_eq!(told[1].1, Some(ItemOutcome::Erased));
    assert_eq!(
        (&items[0].sealed[..], &items[2].sealed[..]),
        (&b"amended"[..], &b"sealed item 2"[..])
    );

    ledger.clear_items(&own(ledger).await, life.id(), Cleared::All).await.unwrap();
    assert!(page(None, false, 9).await.is_empty());
    assert_eq!(ledger.tally(other.id()).await.unwrap().total(), 1);
    let stranger = RequestId::new("never-opened").unwrap();
    let failure =
        ledger.add_items(&own(ledger).await, &stranger, 1, &sealed_items(0..1)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent, "{}", failure.chain());
}

async fn what_was_answered_lately_is_told(ledger: &dyn Ledger) {
    Life::begin(ledger, "open", 10).await;
    ledger.open(&[&rejection("rejected", 20)]).await.unwrap();
    let mut early = Life::begin(ledger, "early", 100).await;
    early.go(ledger, erasure()).await;
    Life::begin(ledger, "late", 200).await.go(ledger, erasure()).await;
    let withdrawn = Event::Cancelled(decision());
    Life::begin(ledger, "withdrawn", 300).await.go(ledger, [withdrawn]).await;
    let failed = Event::Failed { reason: "source: azureml".to_owned() };
    Life::begin(ledger, "failed", 400).await.go(ledger, [Event::FindStarted, failed]).await;
    // What comes back changes nothing of when it ended.
    early.last.at = second(500);
    early.go(ledger, [Event::Returned { items: 1, sources: Vec::new() }]).await;
    let row = |received: i64, ended: i64, state: State| AnsweredRequest {
        kind: RequestKind::Erasure,
        state,
        received: second(received),
        ended: second(ended),
        due: Some(second(received + 86_400)),
    };
    let told = async |from: i64, limit: u32| ledger.answered(second(from), limit).await.unwrap();
    let early = row(100, 105, State::Completed);
    let (late, withdrawn) = (row(200, 205, State::Completed), row(300, 301, State::Cancelled));
    assert_eq!(told(0, 9).await, [early, withdrawn, late]);
    assert_eq!(told(0, 2).await, [early, withdrawn]);
    assert_eq!(told(301, 9).await, [early, withdrawn]);
    assert_eq!(told(502, 9).await, []);
}

async fn each_change_is_felt(ledger: &dyn Ledger) {
    let mut felt = vec![ledger.pulse().await.unwrap()];
    let mut life = Life::begin(ledger, "r-1", 100).await;
    felt.push(ledger.pulse().await.unwrap());
    life.go(ledger, [Event::FindStarted]).await;
    felt.push(ledger.pulse().await.unwrap());
    let progress = Progress { done: 3, total: 9 };
    ledger.note_progress(&[life.id().clone()], progress).await.unwrap();
    felt.push(ledger.pulse().await.unwrap());
    assert_eq!(ledger.pulse().await.unwrap(), felt[3], "nothing has changed");
    for (before, after) in felt.iter().zip(&felt[1..]) {
        assert_ne!(before, after);
    }
}

async fn daemons_are_known_while_they_are_at_work(ledger: &dyn Ledger, clock: &MemoryClock) {
    let known = async || {
        let all = ledger.daemons().await.unwrap().into_iter();
        all.map(|one| (one.id, one.started.as_second(), one.seen.as_second())).collect::<Vec<_>>()
    };
    let row = |id: &str, started: i64, seen: i64| (id.to_owned(), started, seen);
    clock.set(second(10_000));
    ledger.note_daemon("b", "0.1.0").await.unwrap();
    clock.set(second(10_010));
    ledger.note_daemon("a", "0.2.0").await.unwrap();
    ledger.note_daemon("b", "0.1.0").await.unwrap();
    assert_eq!(known().await, [row("b", 10_000, 10_010), row("a", 10_010, 10_010)]);
    assert_eq!(ledger.daemons().await.unwrap()[1].version, "0.2.0");
    // One stops, and the other gives no sign of life any more.
    ledger.forget_daemon("a").await.unwrap();
    ledger.forget_daemon("a").await.unwrap();
    clock.set(second(10_070));
    assert_eq!(known().await, [row("b", 10_000, 10_010)]);
    clock.set(second(10_071));
    assert_eq!(known().await, []);
    // It was only asleep.
    ledger.note_daemon("b", "0.1.0").await.unwrap();
    assert_eq!(known().await, [row("b", 10_000, 10_071)]);
    // Gone for an hour it is forgotten, and what a wrong clock noted too.
    clock.set(second(13_672));
    ledger.note_daemon("c", "0.1.0").await.unwrap();
    clock.set(second(10_071));
    assert_eq!(known().await, []);
    ledger.note_daemon("d", "0.1.0").await.unwrap();
    assert_eq!(known().await, [row("d", 10_071, 10_071)]);
}

async fn outcomes_are_replaced(ledger: &dyn Ledger) {
    let life = Life::begin(ledger, "r-1", 100).await;
    ledger
        .add_items(&own(ledger).await, life.id(), life.last.sequence, &sealed_items(0..4))
        .await
        .unwrap();
    let changed = [
        (0, ItemOutcome::Changed),
        (1, ItemOutcome::Blocked(Barrier::new(Block::LegalHold, "BlobImmutableDueToPolicy"))),
    ];
    ledger.record_outcomes(&own(ledger).await, life.id(), &ended(&changed)).await.unwrap();
    let kept = ItemOutcome::Kept("tax law".to_owned());
    ledger
        .record_outcomes(&own(ledger).await, life.id(), &ended(&[(0, kept.clone())]))
        .await
        .unwrap();
    let rewritten = Some("ab".repeat(32));
    let end = ItemEnd { ordinal: 1, outcome: changed[1].1.clone(), rewritten: rewritten.clone() };
    ledger.record_outcomes(&own(ledger).await, life.id(), &[end]).await.unwrap();

    let items = ledger.items(life.id(), None, false, 9).await.unwrap();
    let digests: Vec<_> = items.iter().map(|item| item.rewritten.clone()).collect();
    assert_eq!(digests, [None, rewritten, None, None]);
    let outcomes: Vec<_> = items.into_iter().map(|item| item.outcome).collect();
    let blocked = ItemOutcome::Blocked(Barrier::new(Block::LegalHold, "BlobImmutableDueToPolicy"));
    assert_eq!(outcomes, [Some(kept), Some(blocked), None, None]);
    let tally = ledger.tally(life.id()).await.unwrap();
    assert_eq!((tally.of("kept"), tally.of("blocked"), tally.open), (1, 1, 2));

    let unplanned = [(2, ItemOutcome::Erased), (9, ItemOutcome::Erased)];
    let failure = ledger
        .record_outcomes(&own(ledger).await, life.id(), &ended(&unplanned))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(ledger.tally(life.id()).await.unwrap(), tally);
}

async fn thousands_of_items(ledger: &dyn Ledger) {
    let life = Life::begin(ledger, "r-1", 100).await;
    ledger.add_items(&own(ledger).await, life.id(), life.last.sequence, &[]).await.unwrap();
    ledger
        .add_items(&own(ledger).await, life.id(), life.last.sequence, &sealed_items(0..10_001))
        .await
        .unwrap();
    let erased: Vec<_> = (0..10_000).map(|ordinal| (ordinal, ItemOutcome::Erased)).collect();
    ledger.record_outcomes(&own(ledger).await, life.id(), &ended(&erased)).await.unwrap();
    let tally = ledger.tally(life.id()).await.unwrap();
    assert_eq!((tally.of("erased"), tally.open), (10_000, 1));
    let open = ledger.items(life.id(), None, true, 9).await.unwrap();
    assert_eq!((open.len(), &open[0].sealed[..]), (1, &b"sealed item 10000"[..]));
}

async fn the_outbox_keeps_order(ledger: &dyn Ledger, clock: &MemoryClock) {
    let mut second_request = Life::begin(ledger, "b", 101).await;
    let mut first_request = Life::begin(ledger, "a", 100).await;
    // A clock that stepped back does not put a later record first.
    first_request.last.at = second(1);
    first_request.go(ledger, [Event::FindStarted]).await;
    second_request.go(ledger, [Event::FindStarted]).await;

    let unsent = async |now| {
        clock.set(second(now));
        let unsent = ledger.unsent(9).await.unwrap();
        let names = unsent.iter().map(|a| format!("{}{}+{}", a.request, a.sequence, a.tries));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(unsent(200).await, "a1+0 a2+0 b1+0 b2+0");
    assert_eq!(ledger.unsent(1).await.unwrap().len(), 1);
    let all = ledger.unsent(9).await.unwrap();
    ledger.put_off(&[all[0].id], 100_000).await.unwrap();
    ledger.mark_sent(&[all[1].id, all[3].id]).await.unwrap();
    assert_eq!(unsent(299).await, "b1+0");
    assert_eq!(unsent(300).await, "a1+1 b1+0");
    assert_eq!(ledger.backlog().await.unwrap(), 2);

    let again = opening("b", 101);
    assert_eq!(ledger.open(&[&again]).await.unwrap(), [Opened::Repeated]);
    assert_eq!(unsent(300).await, "a1+1 b1+0 b2+0");
    let again = ledger.unsent(9).await.unwrap();
    assert_eq!(again[2], all[3]);
}

async fn each_url_is_owed_each_announcement(ledger: &dyn Ledger, clock: &MemoryClock) {
    let called_back = |id: &str, at, urls: &[&str]| {
        let mut opening = opening(id, at);
        let callbacks = urls.iter().map(|url| CallbackUrl::parse(url).unwrap());
        opening.request.as_mut().unwrap().callbacks = callbacks.collect();
        opening
    };
    let owed = async |now, each_host| {
        clock.set(second(now));
        let owed = ledger.owed(each_host).await.unwrap();
        let names = owed.iter().map(|callback| {
            let Callback { id, tries, .. } = callback;
            format!("{}{}.{}+{tries}", id.request, id.sequence, id.number)
        });
        names.collect::<Vec<_>>().join(" ")
    };
    let (one, other) = ("https://one.example/t0ken", "https://other.example:8443/");
    let (a, b) = (called_back("a", 100, &[one, other]), called_back("b", 101, &[one]));
    ledger.open(&[&b, &a, &opening("c", 102), &rejection("d", 103)]).await.unwrap();
    let mut first = Life { last: a.record.clone() };
    first.go(ledger, [Event::FindStarted]).await;
    assert_eq!(owed(200, 9).await, "a1.0+0 a1.1+0 a2.0+0 a2.1+0 b1.0+0");
    assert_eq!(owed(200, 1).await, "a1.0+0 a1.1+0", "one of each host");
    assert_eq!(ledger.callback_backlog().await.unwrap(), 5);

    let all = ledger.owed(9).await.unwrap();
    assert_eq!((all[0].url.expose(), all[1].url.expose()), (one, other));
    assert_eq!(all[2].event, announcement(&first.last).body);
    ledger.put_off_callback(&all[0].id, 100_000).await.unwrap();
    ledger.forget_callback(&all[1].id).await.unwrap();
    assert_eq!(owed(299, 9).await, "a2.0+0 a2.1+0 b1.0+0");
    assert_eq!(owed(300, 9).await, "a1.0+1 a2.0+0 a2.1+0 b1.0+0");
    ledger.put_off_callback(&all[0].id, 0).await.unwrap();
    let put_off = ledger.owed(9).await.unwrap().remove(0);
    assert_eq!((put_off.tries, put_off.failing_ms), (2, 100_000));

    // Rest takes nothing away: the last announcement is owed as well.
    first.go(ledger, [planned(), Event::Cancelled(decision())]).await;
    for callback in ledger.owed(9).await.unwrap() {
        ledger.put_off_callback(&callback.id, 100_000).await.unwrap();
        if callback.id.number == 1 {
            ledger.forget_callback(&callback.id).await.unwrap();
        }
    }
    assert_eq!(owed(300, 9).await, "");
    assert!(matches!(ledger.open(&[&a]).await.unwrap()[..], [Opened::Repeated]));
    assert_eq!(owed(300, 9).await, "a4.0+0 a4.1+0", "the last announcement alone");
}

async fn progress_is_of_the_current_stage(ledger: &dyn Ledger) {
    let mut life = Life::begin(ledger, "r-1", 100).await;
    let other = Life::begin(ledger, "r-2", 100).await;
    let progress = Progress { done: 3, total: 9 };
    ledger.note_progress(&[life.id().clone(), other.id().clone()], progress).await.unwrap();
    for id in [life.id(), other.id()] {
        assert_eq!(ledger.standing(id).await.unwrap().unwrap().progress, progress);
    }
    life.go(ledger, [Event::FindStarted]).await;
    let standing = ledger.standing(life.id()).await.unwrap().unwrap();
    assert_eq!(standing.progress, Progress::default());
}

async fn rest_forgets_the_seals(ledger: &dyn Ledger) {
    let mut life = Life::begin(ledger, "r-1", 100).await;
    let other = Life::begin(ledger, "r-2", 100).await;
    for id in [life.id(), other.id()] {
        ledger.add_items(&own(ledger).await, id, 1, &sealed_items(0..2)).await.unwrap();
    }
    ledger
        .record_outcomes(&own(ledger).await, life.id(), &ended(&[(0, ItemOutcome::Erased)]))
        .await
        .unwrap();
    life.go(ledger, erasure()).await;

    assert!(ledger.sealed(life.id()).await.unwrap().is_none());
    let items = ledger.items(life.id(), None, false, 9).await.unwrap();
    assert!(items.iter().all(|item| item.sealed.is_empty()));
    assert_eq!(items[0].outcome, Some(ItemOutcome::Erased));
    assert!(ledger.sealed(other.id()).await.unwrap().is_some());
    let items = ledger.items(other.id(), None, false, 9).await.unwrap();
    assert!(items.iter().all(|item| !item.sealed.is_empty()));
}

async fn a_failed_request_keeps_its_seals(ledger: &dyn Ledger) {
    let mut life = Life::begin(ledger, "r-1", 100).await;
    let failed = Event::Failed { reason: "no source".to_owned() };
    life.go(ledger, [Event::FindStarted, planned(), failed]).await;
    assert!(ledger.sealed(life.id()).await.unwrap().is_some());
    life.go(ledger, [Event::Retried(decision())]).await;
    assert!(ledger.sealed(life.id()).await.unwrap().is_some());
    life.go(ledger, [Event::Cancelled(decision())]).await;
    assert!(ledger.sealed(life.id()).await.unwrap().is_none());
}

async fn no_two_archives_have_one_name(ledger: &dyn Ledger) {
    let lease = own(ledger).await;
    let one = Life::begin(ledger, "r-1", 100).await;
    let other = Life::begin(ledger, "r-2", 100).await;
    assert_eq!(ledger.keep(&lease, one.id(), "a.zip").await.unwrap(), "a.zip");
    let failure = ledger.keep(&lease, other.id(), "a.zip").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent, "{}", failure.chain());
    assert_eq!(ledger.keep(&lease, other.id(), "b.zip").await.unwrap(), "b.zip");
    // Begun by an earlier version, under the name that it would give.
    assert_eq!(ledger.keep(&lease, one.id(), "c.zip").await.unwrap(), "a.zip");
    assert_eq!(ledger.kept(one.id()).await.unwrap().unwrap().name, "a.zip");
    assert_eq!(ledger.kept(other.id()).await.unwrap().unwrap().name, "b.zip");
}

async fn any_text_of_a_producer_is_held(ledger: &dyn Ledger, _: &MemoryClock) {
    for (number, text) in ["a\0b", "Ω", "日本 😀", "\\u0000", "é\u{85}\r\n"].iter().enumerate()
    {
        let mut given = opening(&format!("r-{number}"), 100);
        given.correspondence.correlation_id = Some((*text).to_owned());
        given.correspondence.reply_to = Some((*text).to_owned());
        given.correspondence.message_id = Some((*text).to_owned());
        given.announcement.correspondence = given.correspondence.clone();
        let id = given.record.id.clone();
        assert_eq!(ledger.open(&[&given]).await.unwrap(), [Opened::New], "{text:?}");
        let standing = ledger.standing(&id).await.unwrap().unwrap();
        assert_eq!(standing.correspondence, given.correspondence);
        let unsent = ledger.unsent(9).await.unwrap();
        assert_eq!(unsent.last(), Some(&given.announcement));
        // What somebody decided is kept as it was said.
        let words = Decision { actor: (*text).to_owned(), ..decision() };
        let mut life = Life { last: given.record };
        life.go(ledger, [Event::Cancelled(words)]).await;
        assert_eq!(ledger.records(&id).await.unwrap().last(), Some(&life.last));
        ledger.mark_sent(&unsent.iter().map(|event| event.id).collect::<Vec<_>>()).await.unwrap();
        let unsent = ledger.unsent(9).await.unwrap();
        ledger.mark_sent(&unsent.iter().map(|event| event.id).collect::<Vec<_>>()).await.unwrap();
    }
}

async fn archives_are_known_until_they_are_removed(ledger: &dyn Ledger, clock: &MemoryClock) {
    let lease = own(ledger).await;
    let (mut first, mut other) =
        (Life::begin(ledger, "r-1", 100).await, Life::begin(ledger, "r-2", 100).await);
    assert!(ledger.kept(first.id()).await.unwrap().is_none());
    for life in [&first, &other] {
        let name = format!("{}.zip", life.id());
        ledger.keep(&lease, life.id(), &name).await.unwrap();
        let kept = KeptArchive { request: life.id().clone(), name, until: None };
        assert_eq!(ledger.kept(life.id()).await.unwrap(), Some(kept));
    }
    clock.set(second(1 << 33));
    assert!(ledger.expired(9).await.unwrap().is_empty(), "while they are written");
    clock.set(second(0));

    let (acted, verified) = (Event::Acted { archive: None }, verified_until(900));
    first.go(ledger, [Event::FindStarted, planned(), Event::ActStarted, acted, verified]).await;
    let failed = Event::Failed { reason: "no store".to_owned() };
    other.go(ledger, [Event::FindStarted, planned(), failed]).await;
    let expired = async |at, limit| -> Vec<String> {
        clock.set(second(at));
        let expired = ledger.expired(limit).await.unwrap();
        expired.into_iter().map(|kept| kept.name).collect()
    };
    assert_eq!(expired(899, 9).await, ["r-2.zip"], "of a failed request, at once");
    assert_eq!(expired(900, 9).await, ["r-2.zip", "r-1.zip"]);
    assert_eq!(expired(900, 1).await, ["r-2.zip"]);

    // Whoever was about to write it is told, and takes no word back.
    let failure = ledger.keep(&lease, other.id(), "r-2.zip").await.unwrap_err();
    assert!(failure.is_transient(), "{}", failure.chain());
    assert_eq!(expired(900, 1).await, ["r-2.zip"]);

    // Tried again: what is written now is kept, until a record says otherwise.
    other.go(ledger, [Event::Retried(decision())]).await;
    ledger.keep(&lease, other.id(), "r-2.zip.age").await.unwrap();
    assert_eq!(expired(900, 9).await, ["r-1.zip"]);
    clock.set(second(150));
    other.go(ledger, [Event::Cancelled(decision())]).await;
    assert_eq!(expired(900, 9).await, ["r-2.zip.age", "r-1.zip"]);

    ledger.removed(&lease, first.id()).await.unwrap();
    ledger.removed(&lease, first.id()).await.unwrap();
    assert_eq!(expired(900, 9).await, ["r-2.zip.age"]);
    let newer = own(ledger).await;
    assert!(ledger.removed(&lease, other.id()).await.unwrap_err().is_transient());
    assert!(ledger.keep(&lease, other.id(), "r-2.zip").await.unwrap_err().is_transient());
    ledger.removed(&newer, other.id()).await.unwrap();
    assert!(ledger.kept(other.id()).await.unwrap().is_none());
}

/// Started together on nothing, then both continuing the same request again and again.
async fn two_daemons_share_a_ledger(url: &str) {
    let daemons = join_all((0..6).map(|_| open(url))).await;
    let [one, other, ..] = &daemons[..] else { unreachable!("six were started") };
    let ids: Vec<String> = (0..700).map(|n| format!("same-{n}")).collect();
    let openings: Vec<_> = ids.iter().map(|id| opening(id, 100)).collect();
    // Each in its own order, and more than one statement takes.
    let forth: Vec<_> = openings.iter().collect();
    let back: Vec<_> = openings.iter().rev().collect();
    let opened = futures::join!(one.open(&forth), other.open(&back));
    let opened = [opened.0.unwrap(), opened.1.unwrap()].concat();
    let new = opened.iter().filter(|opened| **opened == Opened::New).count();
    assert_eq!((new, opened.len()), (700, 1400));
    assert!(opened.iter().all(|opened| *opened != Opened::Conflict));

    for round in 0..20 {
        let mut life = Life::begin(one, &format!("r-{round}"), 100).await;
        for event in erasure() {
            let record = life.next(event);
            let announcement = announcement(&record);
            let appended = futures::join!(
                one.append(&record, Some(&announcement), None),
                other.append(&record, Some(&announcement), None)
            );
            let mut appended = [appended.0.unwrap(), appended.1.unwrap()];
            appended.sort_by_key(|appended| *appended == Appended::Overtaken);
            assert_eq!(appended, [Appended::Done, Appended::Overtaken]);
            life.last = record;
        }
        assert_eq!(other.records(life.id()).await.unwrap().len(), 6);
    }
    assert_eq!(one.backlog().await.unwrap(), 700 + 20 * 6);
}

async fn a_ledger_is_found_again(url: &str) {
    let ledger = open(url).await;
    let mut life = Life::begin(&ledger, "r-1", 100).await;
    life.go(&ledger, [Event::FindStarted]).await;
    ledger
        .add_items(&own(&ledger).await, life.id(), life.last.sequence, &sealed_items(0..3))
        .await
        .unwrap();
    drop(ledger);

    let ledger = open(url).await;
    let standing = ledger.standing(life.id()).await.unwrap().unwrap();
    assert_eq!((standing.state, &standing.head), (State::Finding, &life.last.hash));
    assert_eq!(ledger.tally(life.id()).await.unwrap().open, 3);
    life.go(&ledger, [planned()]).await;
}

async fn an_edited_record_is_found(url: &str) {
    let ledger = open(url).await;
    let mut life = Life::begin(&ledger, "r-1", 100).await;
    life.go(&ledger, erasure()).await;

    let mut intruder = AnyConnection::connect(url).await.unwrap();
    let edit = "UPDATE events SET event = '{\"event\":\"find_started\"}' WHERE sequence = 3";
    for refused in [edit, "DELETE FROM events WHERE sequence = 3"] {
        let error = intruder.execute(refused).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    let disarm = match url.starts_with("sqlite:") {
        true => "DROP TRIGGER events_are_not_updated",
        false => "DROP TRIGGER events_are_append_only ON events",
    };
    intruder.execute(disarm).await.unwrap();
    intruder.execute(edit).await.unwrap();
    let records = ledger.records(life.id()).await.unwrap();
    assert_eq!(walk(&records), Err(BrokenLink::Altered { sequence: 3 }));
}

async fn a_later_ledger_is_refused(url: &str) {
    drop(open(url).await);
    let mut intruder = AnyConnection::connect(url).await.unwrap();
    intruder.execute("UPDATE ledger_version SET version = 99").await.unwrap();
    let failure = SqlLedger::open(&Secret::new(url.to_owned())).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert!(failure.chain().contains("version 99"), "{}", failure.chain());
}

fn walk(records: &[Record]) -> Result<String, BrokenLink> {
    let links = records.iter().map(|record| {
        let Record { id, sequence, at, event, previous, hash } = record;
        (Link { id, sequence: *sequence, at: *at, event, previous }, hash.as_str())
    });
    verify(links).map(str::to_owned)
}

async fn work_is_claimed_once(ledger: &dyn Ledger, clock: &MemoryClock) {
    let claim = async |now: i64, until: i64| {
        clock.set(second(now));
        ledger.claim("w", u64::try_from(until - now).unwrap() * 1000).await.unwrap()
    };
    let first = claim(100, 130).await.unwrap();
    assert_eq!((first.fence, first.tries), (1, 0));
    assert!(claim(129, 160).await.is_none(), "it is another's");
    assert!(ledger.renew(&first, 21_000).await.unwrap());
    assert!(claim(149, 180).await.is_none(), "it was renewed");
    let second_claim = claim(150, 180).await.unwrap();
    assert_eq!(second_claim.fence, 2);
    assert!(!ledger.renew(&first, 849_000).await.unwrap(), "it was taken over");
    ledger.let_go(&first, End::Done).await.unwrap();
    assert!(claim(160, 190).await.is_none(), "what is another's is not let go of");

    ledger.let_go(&second_claim, End::Failed(40_000)).await.unwrap();
    assert!(claim(199, 230).await.is_none(), "it is put off");
    let third = claim(200, 230).await.unwrap();
    assert_eq!((third.fence, third.tries), (3, 1));
    ledger.let_go(&third, End::Left).await.unwrap();
    let fourth = claim(201, 230).await.unwrap();
    assert_eq!((fourth.fence, fourth.tries), (4, 1), "to stop is no success");
    ledger.let_go(&fourth, End::Done).await.unwrap();
    assert_eq!(claim(202, 230).await.unwrap().tries, 0);
    for (digest, agrees) in [("key", true), ("other key", false), ("key", true)] {
        assert_eq!(ledger.agrees_on_key(digest).await.unwrap(), agrees);
    }
    ledger.free_all().await.unwrap();
    let fifth = claim(203, 230).await.unwrap();
    ledger.let_go(&fifth, End::Waiting(7_000)).await.unwrap();
    assert!(claim(209, 230).await.is_none());
    assert_eq!(claim(210, 230).await.unwrap().tries, fifth.tries, "it was not the work's fault");
    // However long.
    let sixth = claim(231, 232).await.unwrap();
    assert!(ledger.renew(&sixth, u64::MAX).await.unwrap());
    assert!(claim(1_000_000, 1_000_001).await.is_none());
}

/// A clock that was fast by 40 days is set right.
async fn what_was_set_in_the_future_is_void(ledger: &dyn Ledger, clock: &MemoryClock) {
    let (now, fast) = (1_000, 1_000 + 40 * 86_400);
    let mut opening = opening("r-1", 100);
    let callback = CallbackUrl::parse("https://one.example/t0ken").unwrap();
    opening.request.as_mut().unwrap().callbacks = vec![callback];
    ledger.open(&[&opening]).await.unwrap();
    clock.set(second(fast));
    let held = ledger.claim("held", 15_000).await.unwrap().unwrap();
    let failed = ledger.claim("request/r-1", 15_000).await.unwrap().unwrap();
    ledger.let_go(&failed, End::Failed(60_000)).await.unwrap();
    let unsent = ledger.unsent(9).await.unwrap();
    ledger.put_off(&[unsent[0].id], 60_000).await.unwrap();
    let owed = ledger.owed(9).await.unwrap();
    ledger.put_off_callback(&owed[0].id, 60_000).await.unwrap();
    let open = async || {
        let free = ledger.free(&[State::Accepted], second(0), 9).await.unwrap().len();
        (free, ledger.unsent(9).await.unwrap().len(), ledger.owed(9).await.unwrap().len())
    };
    assert_eq!(open().await, (0, 0, 0));
    // Clocks that are right differ by a little.
    clock.set(second(fast - 1));
    assert_eq!(open().await, (0, 0, 0));
    assert!(ledger.claim("held", 15_000).await.unwrap().is_none());
    clock.set(second(now));
    assert_eq!(open().await, (1, 1, 1));
    let taken_over = ledger.claim("held", 15_000).await.unwrap().unwrap();
    assert_eq!(taken_over.fence, held.fence + 1);
    assert!(!ledger.renew(&held, 15_000).await.unwrap());
    assert_eq!(ledger.owed(9).await.unwrap()[0].failing_ms, 0, "it did not fail before it was due");
}

/// By the clock of the ledger, whatever the clock of who wrote the archive says.
async fn archives_are_kept_for_their_time(ledger: &dyn Ledger, clock: &MemoryClock) {
    let lease = own(ledger).await;
    clock.set(second(5_000));
    // Its daemon's clock is slow: it says 100 and some seconds, and keeps archives for 800.
    let mut life = Life::begin(ledger, "r-1", 100).await;
    ledger.keep(&lease, life.id(), "r-1.zip").await.unwrap();
    let (acted, verified) =
        (Event::Acted { archive: None }, verified_until(life.last.at.as_second() + 805));
    life.go(ledger, [Event::FindStarted, planned(), Event::ActStarted, acted, verified]).await;
    clock.set(second(5_799));
    assert_eq!(ledger.expired(9).await.unwrap(), []);
    clock.set(second(5_800));
    assert_eq!(ledger.expired(9).await.unwrap().len(), 1);
}

/// The end of an access whose archive expires at that second.
fn verified_until(expires: i64) -> Event {
    let archive = Archive {
        name: "r-1.zip".to_owned(),
        url: "dir:r-1.zip".to_owned(),
        sha256: "0".repeat(64),
        size: 1,
        files: 1,
        expires: Some(second(expires)),
        tenant_logs: None,
    };
    Event::Verified {
        counts: Counts::default(),
        archive: Some(archive),
        logically_erased_at: None,
        unrecoverable_after: None,
        untouched: None,
        certificate: None,
    }
}

/// Each of two daemons opens one, at once, again and again.
async fn sweeps_for_two_purposes_are_opened_at_once(url: &str) {
    let (one, other) = (open(url).await, open(url).await);
    let sources = ["a".to_owned()];
    for _ in 0..20 {
        let find = one.claim("find", 0).await.unwrap().unwrap();
        let verify = other.claim("verify", 0).await.unwrap().unwrap();
        let (found, verified) = futures::join!(
            one.open_sweep(&find, Purpose::Find, &[], &sources, 1),
            other.open_sweep(&verify, Purpose::Verify, &[], &sources, 1),
        );
        found.and(verified).map_err(|failure| failure.chain()).unwrap();
        let find_sweep = one.sweep(Purpose::Find).await.unwrap().unwrap();
        let verify_sweep = one.sweep(Purpose::Verify).await.unwrap().unwrap();
        assert_ne!(find_sweep.id, verify_sweep.id);
        one.close_sweep(&find, find_sweep.id).await.unwrap();
        other.close_sweep(&verify, verify_sweep.id).await.unwrap();
    }
}

async fn a_lapsed_lease_writes_nothing(ledger: &dyn Ledger) {
    let mut life = Life::begin(ledger, "r-1", 100).await;
    let claim = async || ledger.claim("w", 0).await.unwrap().unwrap();
    let (stale, fresh) = (claim().await, claim().await);
    let id = life.id().clone();
    ledger.add_items(&fresh, &id, life.last.sequence, &sealed_items(0..3)).await.unwrap();
    let record = life.next(Event::FindStarted);
    let outcome = ended(&[(0, ItemOutcome::Erased)]);
    let cleared = Cleared::Ordinals(0..9);
    let refused = [
        ledger.append(&record, None, Some(&stale)).await.map(drop),
        ledger.add_items(&stale, &id, life.last.sequence, &sealed_items(3..5)).await.map(drop),
        ledger.clear_items(&stale, &id, cleared).await,
        ledger.begin_items(&stale, &id, &[0]).await,
        ledger.record_outcomes(&stale, &id, &outcome).await,
        ledger.open_sweep(&stale, Purpose::Find, &[], &[], 1).await,
        ledger.close_sweep(&stale, 1).await,
    ];
    for refusal in refused {
        let failure = refusal.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Transient, "{}", failure.chain());
        assert!(failure.chain().contains("taken the work over"), "{}", failure.chain());
    }
    let items = ledger.items(&id, None, false, 9).await.unwrap();
    assert_eq!(items.len(), 3);
    assert!(items.iter().all(|item| !item.begun && item.outcome.is_none()));
    assert_eq!(ledger.standing(&id).await.unwrap().unwrap().sequence, 1);

    assert_eq!(ledger.append(&record, None, Some(&fresh)).await.unwrap(), Appended::Done);
    life.last = record;
    assert_eq!(ledger.drafted(&id).await.unwrap(), [(0, ActionWord::Delete, 3)]);
    let second_round = ordinals(1, 2);
    let more = sealed_items([second_round.start, second_round.end - 1]);
    ledger.add_items(&fresh, &id, life.last.sequence, &more).await.unwrap();
    assert_eq!(ledger.drafted(&id).await.unwrap()[1], (65_538, ActionWord::Delete, 2));
    ledger.clear_items(&fresh, &id, Cleared::Ordinals(second_round)).await.unwrap();
    assert_eq!(ledger.drafted(&id).await.unwrap().len(), 1);
}

async fn sweeps_are_opened_one_at_a_time(ledger: &dyn Ledger) {
    let (one, other) =
        (Life::begin(ledger, "r-1", 100).await, Life::begin(ledger, "r-2", 90).await);
    let lease = own(ledger).await;
    let sources = ["a".to_owned(), "b".to_owned()];
    assert!(ledger.sweep(Purpose::Find).await.unwrap().is_none());
    let both = [one.id().clone(), other.id().clone()];
    ledger.open_sweep(&lease, Purpose::Find, &both, &sources, 1).await.unwrap();
    assert!(ledger.open_sweep(&lease, Purpose::Find, &both, &sources, 1).await.is_err());
    ledger.open_sweep(&lease, Purpose::Verify, &[], &sources[..1], 3).await.unwrap();

    let sweep = ledger.sweep(Purpose::Verify).await.unwrap().unwrap();
    let parts: Vec<_> = sweep.shards.iter().map(|shard| (shard.number, shard.part)).collect();
    assert_eq!(parts, [0, 1, 2].map(|number| (number, Part { number, of: 3 })));
    let sweep = ledger.sweep(Purpose::Find).await.unwrap().unwrap();
    assert!(sweep.shards.iter().all(|shard| shard.part == Part::WHOLE));
    let names: Vec<_> = sweep.shards.iter().map(|shard| (shard.number, &*shard.source)).collect();
    assert_eq!((names, sweep.is_walked()), (vec![(0, "a"), (1, "b")], false));
    let members = ledger.swept(sweep.id).await.unwrap();
    let members: Vec<_> = members.iter().map(|standing| standing.id.as_str()).collect();
    assert_eq!(members, ["r-2", "r-1"], "earliest due first");
    for shard in &sweep.shards {
        let done = Shard { done: true, items: 7, bytes: 70, known: 3, ..shard.clone() };
        ledger.finish_shard(&lease, &done).await.unwrap();
    }
    let walked = ledger.sweep(Purpose::Find).await.unwrap().unwrap();
    assert!(walked.is_walked() && walked.shards.iter().all(|shard| shard.items == 7));
    let work = sweep.shards[0].work();
    let walking = ledger.claim(&work, 0).await.unwrap().unwrap();
    ledger.close_sweep(&lease, sweep.id).await.unwrap();
    assert!(!ledger.renew(&walking, 1_000).await.unwrap(), "it is forgotten");
    let late = ledger.claim(&work, 0).await.unwrap().unwrap();
    assert!(late.fence > walking.fence, "and who slept since cannot write");
    assert!(ledger.sweep(Purpose::Find).await.unwrap().is_none());
    ledger.open_sweep(&lease, Purpose::Find, &both, &sources, 1).await.unwrap();
    let next = ledger.sweep(Purpose::Find).await.unwrap().unwrap();
    assert!(next.id > sweep.id && !next.is_walked());
}

/// A sweep that was closed tells what it came to until each of its requests was concluded; and each
/// waits on its own.
async fn sweeps_are_concluded_one_by_one(ledger: &dyn Ledger, clock: &MemoryClock) {
    let ids = |standings: Vec<Standing>| -> Vec<String> {
        standings.iter().map(|standing| standing.id.to_string()).collect()
    };
    let mut lives = Vec::new();
    for id in ["r-1", "r-2", "r-3"] {
        let mut life = Life::begin(ledger, id, 100).await;
        life.go(ledger, [Event::FindStarted]).await;
        lives.push(life);
    }
    let unswept = async |at| {
        clock.set(second(at));
        ids(ledger.unswept(Purpose::Find, 9).await.unwrap())
    };
    let walked = async |at| {
        clock.set(second(at));
        ids(ledger.walked(9).await.unwrap())
    };
    assert_eq!(unswept(0).await, ["r-1", "r-2", "r-3"]);
    assert_eq!(ledger.unswept(Purpose::Verify, 9).await.unwrap().len(), 0);
    let (lease, sources) = (own(ledger).await, ["a".to_owned()]);
    let two = [lives[0].id().clone(), lives[1].id().clone()];
    ledger.open_sweep(&lease, Purpose::Find, &two, &sources, 1).await.unwrap();
    assert_eq!((unswept(0).await, walked(0).await), (vec!["r-3".to_owned()], vec![]));
    let mut sweep = ledger.sweep(Purpose::Find).await.unwrap().unwrap();
    let reason = "listing: no answer".to_owned();
    let lost = Some(Lost { kind: FailureKind::NeedsPerson, reason });
    let shard = Shard { done: true, lost, items: 7, ..sweep.shards.remove(0) };
    ledger.finish_shard(&lease, &shard).await.unwrap();
    ledger.close_sweep(&lease, sweep.id).await.unwrap();

    assert_eq!(walked(0).await, ["r-1", "r-2"]);
    let closed = ledger.sweep_of(&two[0]).await.unwrap().unwrap();
    assert_eq!((closed.id, closed.shards), (sweep.id, vec![shard]));
    let own = ledger.claim("request/r-1", 10_000).await.unwrap().unwrap();
    assert_eq!(walked(1).await, ["r-2"], "the other's is in somebody's hands");
    ledger.leave_sweep(&own, &two[0]).await.unwrap();
    let failure = Failure::transient("listing").of_source("a");
    let obstacle = Obstacle::new(&failure, second(1));
    ledger.note_obstacle(&own, &two[0], &Obstacle::new(&failure, second(0))).await.unwrap();
    ledger.note_obstacle(&own, &two[0], &obstacle).await.unwrap();
    assert_eq!(ledger.obstacle(&two[0]).await.unwrap().as_ref(), Some(&obstacle));
    assert_eq!(ledger.obstacles(9).await.unwrap(), [(two[0].clone(), obstacle)]);
    ledger.let_go(&own, End::Waiting(59_000)).await.unwrap();
    assert_eq!(unswept(59).await, ["r-3"]);
    assert_eq!(unswept(60).await, ["r-1", "r-3"]);
    assert!(ledger.sweep_of(&two[0]).await.unwrap().is_none());
    let own = ledger.claim("request/r-1", 10_000).await.unwrap().unwrap();
    assert_eq!(own.tries, 0, "to wait is no failure");

    lives[1].go(ledger, [planned()]).await;
    assert!(ledger.sweep_of(&two[1]).await.unwrap().is_none());
    lives[0].go(ledger, [Event::Cancelled(decision())]).await;
    assert_eq!(ledger.obstacle(&two[0]).await.unwrap(), None, "it went on");
}

async fn what_a_sweep_saw_is_kept_as_long_as_it_is_needed(ledger: &dyn Ledger) {
    let mut life = Life::begin(ledger, "r-1", 100).await;
    let (lease, id) = (own(ledger).await, life.id().clone());
    let sources = ["a".to_owned()];
    let shard = async |purpose| {
        let only = std::slice::from_ref(&id);
        ledger.open_sweep(&lease, purpose, only, &sources, 1).await.unwrap();
        ledger.sweep(purpose).await.unwrap().unwrap().shards.remove(0)
    };
    let find = shard(Purpose::Find).await;
    assert_eq!(ledger.found_by(&id).await.unwrap(), Some(find.sweep));
    let prints = |count: u64| -> Vec<Print> {
        (0..count).map(|n| Print { name: u64::MAX - n, etag: n << 40 }).collect()
    };
    let seen = async |sweep, source: &str| {
        let mut seen = ledger.seen(sweep, source).await.unwrap();
        seen.sort_unstable_by_key(|print| print.etag);
        seen
    };
    for count in [9_000, 5_000] {
        ledger.keep_seen(&lease, &find, &prints(count)).await.unwrap();
        assert_eq!(seen(find.sweep, "a").await, prints(count), "the last walk alone counts");
    }
    assert!(seen(find.sweep, "b").await.is_empty());
    life.go(ledger, [Event::FindStarted]).await;
    ledger.close_sweep(&lease, find.sweep).await.unwrap();
    assert_eq!(seen(find.sweep, "a").await.len(), 5_000);
    let verify = shard(Purpose::Verify).await;
    ledger.keep_seen(&lease, &verify, &prints(3)).await.unwrap();
    ledger.close_sweep(&lease, verify.sweep).await.unwrap();
    assert_eq!(seen(verify.sweep, "a").await.len(), 3, "nothing was concluded of it yet");
    life.go(ledger, [planned()]).await;
    let other = shard(Purpose::Verify).await;
    ledger.leave_sweep(&lease, &id).await.unwrap();
    ledger.close_sweep(&lease, other.sweep).await.unwrap();
    assert!(seen(verify.sweep, "a").await.is_empty());
    assert_eq!(seen(find.sweep, "a").await.len(), 5_000, "the request is still open");
    let verify = shard(Purpose::Verify).await;
    life.go(ledger, [Event::Cancelled(decision())]).await;
    ledger.close_sweep(&lease, verify.sweep).await.unwrap();
    assert!(seen(find.sweep, "a").await.is_empty());
}

/// Whom a sweep met stays with the last export that it found for, and until erasures are planned.
async fn people_stay_as_long_as_an_export_waits(ledger: &dyn Ledger) {
    let lease = own(ledger).await;
    let mut lives = Vec::new();
    for (id, kind) in [
        ("r-1", RequestKind::Access),
        ("r-2", RequestKind::Portability),
        ("r-3", RequestKind::Erasure),
    ] {
        let mut opening = opening(id, 100);
        opening.request.as_mut().unwrap().kind = kind;
        ledger.open(&[&opening]).await.unwrap();
        lives.push(Life { last: opening.record });
    }
    let shard = async |ids: &[RequestId]| {
        ledger.open_sweep(&lease, Purpose::Find, ids, &["a".to_owned()], 1).await.unwrap();
        ledger.sweep(Purpose::Find).await.unwrap().unwrap().shards.remove(0)
    };
    let ids: Vec<RequestId> = lives.iter().map(|life| life.id().clone()).collect();
    let people = |marks: std::ops::Range<u32>| -> Vec<SealedPerson> {
        let one = |n| SealedPerson { mark: format!("{n:04}"), sealed: vec![n as u8; 3] };
        marks.map(one).collect()
    };
    let marks = async |sweep: u64| -> Vec<String> {
        let kept = ledger.people(sweep, "", u32::MAX).await.unwrap();
        kept.into_iter().map(|person| person.mark).collect()
    };
    let only_erasure = shard(&ids[2..]).await;
    ledger.keep_people(&lease, &only_erasure, &people(0..3)).await.unwrap();
    assert_eq!(marks(only_erasure.sweep).await, [""; 0], "it is not being found for");
    lives[2].go(ledger, [Event::FindStarted]).await;
    ledger.keep_people(&lease, &only_erasure, &people(0..3)).await.unwrap();
    ledger.close_sweep(&lease, only_erasure.sweep).await.unwrap();
    assert_eq!(marks(only_erasure.sweep).await.len(), 3, "it is to be concluded");
    lives[2].go(ledger, [planned()]).await;
    assert_eq!(marks(only_erasure.sweep).await, [""; 0], "it was planned");

    let first = shard(&ids).await;
    for met in [0..70, 60..75] {
        ledger.keep_people(&lease, &first, &people(met)).await.unwrap();
    }
    let kept = ledger.people(first.sweep, "0072", 2).await.unwrap();
    assert!(kept == people(73..75), "in order, from there on");
    assert_eq!(marks(first.sweep).await.len(), 75, "each once");
    for life in &mut lives[..2] {
        life.go(ledger, [Event::FindStarted, planned()]).await;
    }
    ledger.close_sweep(&lease, first.sweep).await.unwrap();
    lives[0].go(ledger, [Event::Cancelled(decision())]).await;
    assert_eq!(marks(first.sweep).await.len(), 75, "another export waits");

    // One that is found for again is found for by the later sweep.
    lives[1].go(ledger, [Event::Failed { reason: "no store".to_owned() }]).await;
    assert_eq!(marks(first.sweep).await.len(), 75, "it may be tried again");
    let second = shard(&ids[1..2]).await;
    ledger.keep_people(&lease, &second, &people(0..2)).await.unwrap();
    ledger.close_sweep(&lease, second.sweep).await.unwrap();
    assert_eq!((marks(first.sweep).await.len(), marks(second.sweep).await.len()), (0, 2));
    lives[1].go(ledger, [Event::Cancelled(decision())]).await;
    assert_eq!(marks(second.sweep).await, [""; 0]);
    ledger.keep_people(&lease, &second, &people(0..2)).await.unwrap();
    assert_eq!(marks(second.sweep).await, [""; 0], "whoever walks on keeps nobody");
}

async fn of_exports_that_end_at_once_one_is_the_last(url: &str) {
    let ledgers = [open(url).await, open(url).await];
    let lease = own(&ledgers[0]).await;
    for round in 0..10 {
        let mut lives = Vec::new();
        for one in 0..2 {
            let mut opening = opening(&format!("r-{round}-{one}"), 100);
            opening.request.as_mut().unwrap().kind = RequestKind::Access;
            ledgers[0].open(&[&opening]).await.unwrap();
            lives.push(Life { last: opening.record });
        }
        let ids: Vec<RequestId> = lives.iter().map(|life| life.id().clone()).collect();
        let sources = ["a".to_owned()];
        ledgers[0].open_sweep(&lease, Purpose::Find, &ids, &sources, 1).await.unwrap();
        let shard = ledgers[0].sweep(Purpose::Find).await.unwrap().unwrap().shards.remove(0);
        let person = SealedPerson { mark: "m".to_owned(), sealed: vec![1] };
        ledgers[0].keep_people(&lease, &shard, &[person]).await.unwrap();
        ledgers[0].close_sweep(&lease, shard.sweep).await.unwrap();
        let ends = ledgers.iter().zip(&mut lives);
        join_all(ends.map(|(ledger, life)| life.go(ledger, [Event::Cancelled(decision())]))).await;
        let kept = ledgers[0].people(shard.sweep, "", 1).await.unwrap();
        assert!(kept.is_empty(), "in round {round}");
    }
}

async fn leaves_of_the_catalogue_are_kept_one_by_one(ledger: &dyn Ledger) {
    let lease = own(ledger).await;
    let shelf = |number, of| Shelf { source: "a".to_owned(), part: Part { number, of } };
    let leaf = |id: u64, word: &str| Leaf {
        id,
        terms: word.to_owned(),
        entries: vec![0xff; word.len() * 100],
        items: 10,
        open: 1,
        oldest: second(500 + (id % 1000) as i64),
    };
    assert!(ledger.catalogued().await.unwrap().is_empty());
    // A print may have any bits set.
    let ids = [0, 1, 64, u64::MAX - 63, u64::MAX];
    let all = ids.map(|id| leaf(id, "one"));
    let (one, other) = (shelf(0, 2), shelf(1, 2));
    ledger.keep_leaves(&lease, &one, &all).await.unwrap();
    ledger.keep_leaves(&lease, &other, &[leaf(1, "other")]).await.unwrap();
    ledger.keep_leaves(&lease, &one, &[]).await.unwrap();
    let kept = |shelf: &Shelf, ids: &[u64]| {
        let (shelf, ids) = (shelf.clone(), ids.to_vec());
        async move {
            let mut kept = ledger.leaves(&shelf, &ids).await.unwrap();
            kept.sort_by_key(|leaf| leaf.id);
            kept.iter().map(|leaf| (leaf.id, leaf.terms.clone())).collect::<Vec<_>>()
        }
    };
    let of =
        |ids: &[u64], word: &str| ids.iter().map(|id| (*id, word.to_owned())).collect::<Vec<_>>();
    assert_eq!(kept(&one, &ids).await, of(&ids, "one"));
    assert!(ledger.leaves(&one, &[64]).await.unwrap() == [leaf(64, "one")]);
    assert_eq!(kept(&one, &[]).await, []);
    assert_eq!(kept(&one, &[2]).await, []);
    assert_eq!(kept(&other, &ids).await, of(&[1], "other"));
    ledger.keep_leaves(&lease, &one, &[leaf(64, "two")]).await.unwrap();
    assert_eq!(kept(&one, &[64]).await, of(&[64], "two"));

    let [coverage] = &ledger.catalogued().await.unwrap()[..] else { panic!("of one source") };
    assert_eq!((coverage.items, coverage.open, coverage.bytes), (60, 6, 2000));
    assert_eq!((coverage.source.as_str(), coverage.oldest), ("a", second(500)));

    ledger.weed(&lease, &one, &BTreeSet::from([64, u64::MAX])).await.unwrap();
    assert_eq!(kept(&one, &ids).await, [of(&[64], "two"), of(&[u64::MAX], "one")].concat());
    assert_eq!(kept(&other, &ids).await, of(&[1], "other"), "each part for itself");
    // Cut into another number of parts, each item is in another one.
    ledger.keep_leaves(&lease, &shelf(0, 3), &[leaf(5, "new")]).await.unwrap();
    ledger.weed(&lease, &shelf(0, 3), &BTreeSet::from([5])).await.unwrap();
    assert_eq!((kept(&one, &ids).await, kept(&other, &ids).await), (vec![], vec![]));

    // What was learned of sources that nobody names any more goes once all of it is old.
    let of = |source: &str| Shelf { source: source.to_owned(), part: Part::WHOLE };
    for (source, ids) in [("b", &[1, 2][..]), ("c", &[1]), ("d", &[900])] {
        let leaves: Vec<Leaf> = ids.iter().map(|id| leaf(*id, "w")).collect();
        ledger.keep_leaves(&lease, &of(source), &leaves).await.unwrap();
    }
    let named = ["a".to_owned(), "c".to_owned()];
    let forgot = async |before| {
        let mut forgot = ledger.forget_sources(&lease, &named, second(before)).await.unwrap();
        forgot.sort();
        forgot
    };
    assert_eq!(forgot(502).await, [] as [&str; 0], "a leaf of b is as young as that");
    assert_eq!(forgot(503).await, ["b"]);
    assert_eq!(forgot(5_000).await, ["d"]);
    let left = ledger.catalogued().await.unwrap();
    assert_eq!(left.iter().map(|of| of.source.as_str()).collect::<Vec<_>>(), ["a", "c"]);
}

async fn how_far_a_walk_came_is_noted(ledger: &dyn Ledger, clock: &MemoryClock) {
    let life = Life::begin(ledger, "r-1", 100).await;
    let lease = own(ledger).await;
    let only = std::slice::from_ref(life.id());
    ledger.open_sweep(&lease, Purpose::Find, only, &["a".to_owned()], 2).await.unwrap();
    let shards = ledger.sweep(Purpose::Find).await.unwrap().unwrap().shards;
    let [shard, other] = &shards[..] else { panic!("two parts, two shards") };
    let prints = |numbers: std::ops::Range<u64>| -> Vec<Print> {
        numbers.map(|n| Print { name: n, etag: n << 40 }).collect()
    };
    let checkpoint = |page: u64| Checkpoint {
        marker: format!("page {page}").into_bytes(),
        terms: "terms".to_owned(),
        drafted: page * 10,
        items: page * 100,
        bytes: page * 1_000,
        known: page * 7,
    };
    assert_eq!(ledger.checkpoint(shard).await.unwrap(), None);
    clock.set(second(700));
    ledger.note_checkpoint(&lease, shard, &checkpoint(1), &prints(0..9_000)).await.unwrap();
    clock.set(second(800));
    ledger.note_checkpoint(&lease, shard, &checkpoint(2), &[]).await.unwrap();
    ledger.note_checkpoint(&lease, shard, &checkpoint(3), &prints(9_000..9_001)).await.unwrap();
    let at = ledger.now().await.unwrap();
    let noted = ledger.checkpoint(shard).await.unwrap().unwrap();
    assert_eq!(noted.checkpoint, checkpoint(3));
    assert!(at.duration_since(noted.at).as_secs() < 60, "{} is not {at}", noted.at);
    assert_eq!(noted.seen, prints(0..9_001), "in the order in which it was seen");
    assert_eq!(ledger.checkpoint(other).await.unwrap(), None);
    let sweep = ledger.sweep(Purpose::Find).await.unwrap().unwrap();
    assert_eq!((sweep.shards[0].items, sweep.shards[0].done), (300, false));

    ledger.forget_checkpoint(&lease, shard).await.unwrap();
    assert_eq!(ledger.checkpoint(shard).await.unwrap(), None);
    assert_eq!(ledger.seen(shard.sweep, "a").await.unwrap(), []);
    ledger.note_checkpoint(&lease, shard, &checkpoint(1), &prints(0..3)).await.unwrap();
    let again = ledger.claim("test", 1_000).await.unwrap().expect("it lapses at once");
    let late = ledger.note_checkpoint(&lease, shard, &checkpoint(2), &prints(3..6)).await;
    assert!(late.unwrap_err().is_transient(), "another walks it now");
    assert_eq!(ledger.checkpoint(shard).await.unwrap().unwrap().checkpoint, checkpoint(1));

    ledger.keep_seen(&again, shard, &prints(0..5)).await.unwrap();
    let done = Shard { done: true, items: 5, bytes: 50, ..shard.clone() };
    ledger.finish_shard(&again, &done).await.unwrap();
    assert_eq!(ledger.checkpoint(shard).await.unwrap(), None, "there is nothing to go on with");
    assert_eq!(ledger.seen(shard.sweep, "a").await.unwrap().len(), 5);
}

async fn tickets_are_looked_after_in_their_time(ledger: &dyn Ledger, clock: &MemoryClock) {
    clock.set(second(600));
    let mut life = Life::begin(ledger, "r-1", 100).await;
    let (lease, id) = (own(ledger).await, life.id().clone());
    life.go(ledger, [Event::FindStarted]).await;
    ledger.add_items(&lease, &id, life.last.sequence, &sealed_items(0..4)).await.unwrap();
    life.go(ledger, [planned(), Event::ActStarted]).await;
    let ticket = |ordinal: u64, look_in_ms: u64| NewTicket {
        ordinal,
        sealed: format!("ticket {ordinal}").into_bytes(),
        look_in_ms,
    };
    let due = async |after| -> Vec<u64> {
        let due = ledger.due_tickets(&id, after, 10).await.unwrap();
        due.iter().map(|ticket| ticket.ordinal).collect()
    };
    assert_eq!(ledger.open_tickets(&id).await.unwrap(), OpenTickets::default());
    ledger.record_outcomes(&lease, &id, &ended(&[(3, ItemOutcome::Erased)])).await.unwrap();
    let first = [ticket(0, 0), ticket(1, 5_000), ticket(2, 9_000), ticket(3, 0)];
    ledger.add_tickets(&lease, &id, &first).await.unwrap();
    let tally = ledger.tally(&id).await.unwrap();
    assert_eq!((tally.open, tally.of("pending"), tally.of("erased")), (0, 3, 1));
    assert!(ledger.items(&id, None, true, 9).await.unwrap().is_empty(), "none is to be acted on");
    assert_eq!(due(None).await, [0, 3]);
    assert_eq!(due(Some(0)).await, [3]);
    let known = ledger.due_tickets(&id, None, 1).await.unwrap().remove(0);
    assert_eq!((known.sealed, known.begun), (b"ticket 0".to_vec(), second(600)));
    ledger.end_tickets(&lease, &id, &[(0, Some(ItemOutcome::Erased)), (3, None)]).await.unwrap();
    let tally = ledger.tally(&id).await.unwrap();
    assert_eq!((tally.open, tally.of("pending"), tally.of("erased")), (0, 2, 2), "what is, stays");
    let open = ledger.open_tickets(&id).await.unwrap();
    assert_eq!(open, OpenTickets { count: 2, next_in_ms: 5_000 });
    clock.set(second(606));
    assert_eq!(due(None).await, [1]);
    assert_eq!(ledger.open_tickets(&id).await.unwrap().next_in_ms, 0);
    let put_off = |sealed| PutOff { ordinal: 1, look_in_ms: 60_000, sealed };
    let newer = put_off(Some(b"another".to_vec()));
    ledger.put_off_tickets(&lease, &id, &[newer, put_off(None)]).await.unwrap();
    assert_eq!(due(None).await, [0_u64; 0]);
    // A clock that was wrong by an hour when the time was set: void.
    clock.set(second(300));
    assert_eq!(due(None).await, [1, 2]);
    let known = ledger.due_tickets(&id, None, 1).await.unwrap().remove(0);
    assert_eq!((known.sealed, known.begun), (b"another".to_vec(), second(600)));
    clock.set(second(610));
    assert_eq!(due(None).await, [2]);
    ledger.end_tickets(&lease, &id, &[(2, None)]).await.unwrap();
    assert_eq!(ledger.tally(&id).await.unwrap().open, 1, "it is to be acted on again");

    life.go(ledger, [Event::Failed { reason: "x".into() }, Event::Retried(decision())]).await;
    ledger.clear_items(&lease, &id, Cleared::Undone).await.unwrap();
    assert_eq!(ledger.open_tickets(&id).await.unwrap().count, 0, "a retry begins it anew");
    let tally = ledger.tally(&id).await.unwrap();
    assert_eq!((tally.open, tally.of("pending"), tally.of("erased")), (0, 0, 2));
    let taken = ledger.claim("test", 1_000).await.unwrap().expect("it lapses at once");
    let late = ledger.add_tickets(&lease, &id, &[ticket(1, 0)]).await;
    assert!(late.unwrap_err().is_transient(), "another has the work now: {taken:?}");
}

async fn what_is_purged_together_is_gathered_by_place(ledger: &dyn Ledger, clock: &MemoryClock) {
    clock.set(second(600));
    let lease = own(ledger).await;
    let mut lives = Vec::new();
    for id in ["r-1", "r-2"] {
        let mut life = Life::begin(ledger, id, 100).await;
        life.go(ledger, [Event::FindStarted]).await;
        ledger.add_items(&lease, life.id(), life.last.sequence, &sealed_items(0..3)).await.unwrap();
        life.go(ledger, [planned(), Event::ActStarted]).await;
        lives.push(life);
    }
    let member = |ordinal, place: &str, purge: &str| NewMember {
        ordinal,
        source: "telemetry".to_owned(),
        place: place.to_owned(),
        purge: purge.to_owned(),
    };
    let [first, second_life] = &mut lives[..] else { unreachable!("two were begun") };
    let (one, other) = (first.id().clone(), second_life.id().clone());
    let both = [member(0, "users", "a"), member(1, "traces", "b")];
    ledger.enrol(&lease, &one, &both).await.unwrap();
    ledger.enrol(&lease, &other, &[member(0, "users", "c")]).await.unwrap();
    let waiting = |request: &RequestId, ordinal| Member { request: request.clone(), ordinal };
    let users = ledger.members("a").await.unwrap();
    assert_eq!(users, [waiting(&one, 0), waiting(&other, 0)]);
    assert_eq!(ledger.purge("c").await.unwrap(), None, "one gathers there");
    let tally = ledger.tally(&one).await.unwrap();
    assert_eq!((tally.open, tally.of("pending")), (1, 2));
    assert_eq!(ledger.due_tickets(&other, None, 9).await.unwrap()[0].purge.as_deref(), Some("a"));
    let of_one: Vec<_> =
        ledger.purges_of(&one).await.unwrap().into_iter().map(|purge| purge.id).collect();
    assert_eq!(of_one, ["a", "b"]);

    let due = async |for_ms, members| -> Vec<String> {
        let due = ledger.due_purges(Gathered { for_ms, members }, 9).await.unwrap();
        due.into_iter().map(|purge| purge.id).collect()
    };
    assert!(due(60_000, 3).await.is_empty());
    assert_eq!(due(60_000, 2).await, ["a"], "it is full");
    clock.set(second(660));
    assert_eq!(due(60_000, 9).await, ["a", "b"]);
    let work = ledger.claim(&work_on_purge("a"), 1_000).await.unwrap().unwrap();
    assert_eq!(due(60_000, 9).await, ["b"], "somebody works on the other");
    ledger.note_delay(&work, "a", "not now").await.unwrap();
    assert_eq!(ledger.purge("a").await.unwrap().unwrap().delay.as_deref(), Some("not now"));
    ledger.begin_purge(&work, "a").await.unwrap();
    let begun = ledger.purge("a").await.unwrap().unwrap();
    assert_eq!((begun.stage, begun.delay), (Stage::Begun, None));
    assert_eq!((begun.opened, begun.begun), (second(600), Some(second(660))));
    ledger.enrol(&lease, &other, &[member(1, "users", "d")]).await.unwrap();
    assert_eq!(ledger.members("d").await.unwrap(), [waiting(&other, 1)], "too late for the first");

    a_purge_ends(ledger, [&lease, &work], first, &other).await;
    assert_eq!(due(60_000, 9).await, ["b"]);
}

/// The members of the purge `a` go, and then it does.
async fn a_purge_ends(
    ledger: &dyn Ledger,
    [lease, work]: [&Lease; 2],
    first: &mut Life,
    other: &RequestId,
) {
    let one = first.id().clone();
    for stage in [
        Stage::Done,
        Stage::Failed("gave_up".into()),
        Stage::Blocked(Barrier::new(Block::Lock, "ScopeLocked")),
    ] {
        ledger.note_purge(work, "a", &stage, Some(b"sealed")).await.unwrap();
        let noted = ledger.purge("a").await.unwrap().unwrap();
        assert_eq!((noted.stage, noted.sealed), (stage, b"sealed".to_vec()));
    }
    first.go(ledger, [Event::Stopped(decision())]).await;
    let left = Member { request: other.clone(), ordinal: 0 };
    assert_eq!(ledger.members("a").await.unwrap(), [left]);
    ledger.forget_purge(work, "a").await.unwrap();
    assert!(ledger.purge("a").await.unwrap().is_some(), "somebody waits for it");
    ledger.end_tickets(lease, other, &[(0, Some(ItemOutcome::Erased))]).await.unwrap();
    first.go(ledger, [Event::Retried(decision())]).await;
    ledger.clear_items(lease, &one, Cleared::Undone).await.unwrap();
    ledger.forget_purge(work, "a").await.unwrap();
    assert_eq!(ledger.purge("a").await.unwrap(), None);
    let next = ledger.claim(&work_on_purge("a"), 1_000).await.unwrap().unwrap();
    assert!(next.fence > work.fence, "who slept writes nothing");
    assert!(ledger.note_delay(work, "a", "late").await.unwrap_err().is_transient());
}

fn budget(name: &str, per_hour: u32) -> Budget {
    Budget { name: name.to_owned(), per_hour }
}

async fn a_service_takes_so_many_calls_in_an_hour(ledger: &dyn Ledger, clock: &MemoryClock) {
    clock.set(second(10_000));
    let _life = Life::begin(ledger, "r-1", 100).await;
    let lease = own(ledger).await;
    let spend = async |name: &str, per_hour: u32| {
        ledger.spend(&lease, &budget(name, per_hour)).await.unwrap()
    };
    assert_eq!([spend("a", 2).await, spend("a", 2).await], [None, None]);
    assert_eq!(spend("b", 1).await, None, "each service counts for itself");
    assert_eq!(spend("a", 2).await, Some(3_600_000));
    clock.set(second(13_599));
    assert_eq!(spend("a", 2).await, Some(1_000), "asking costs nothing");
    clock.set(second(13_600));
    assert_eq!([spend("a", 2).await, spend("a", 2).await], [None, None]);
    assert_eq!(spend("a", 2).await, Some(3_600_000));
    // A service that takes less than before.
    assert_eq!(spend("a", 1).await, Some(3_600_000));
    // A clock that steps back keeps nobody out for longer than an hour.
    clock.set(second(100));
    assert_eq!(spend("a", 2).await, Some(3_600_000));
    clock.set(second(3_699));
    assert_eq!(spend("a", 2).await, Some(1_000));
    clock.set(second(3_700));
    assert_eq!(spend("a", 2).await, None);
    let stale = Lease { fence: lease.fence - 1, ..lease.clone() };
    assert!(ledger.spend(&stale, &budget("c", 1)).await.unwrap_err().is_transient());
    assert_eq!(spend("c", 1).await, None, "who lost the work spends nothing");
}

/// Who asks at once, on one ledger or on another connection, is counted one after the other.
async fn daemons_share_what_a_service_takes(url: &str) {
    let (one, other) = (open(url).await, open(url).await);
    let _life = Life::begin(&one, "r-1", 100).await;
    let lease = own(&one).await;
    let calls = (0..30).map(|number| {
        let ledger = if number % 2 == 0 { &one } else { &other };
        let lease = &lease;
        async move { ledger.spend(lease, &budget("purges", 10)).await.unwrap() }
    });
    let spent = join_all(calls).await;
    assert_eq!(spent.iter().filter(|wait| wait.is_none()).count(), 10, "{spent:?}");
    assert!(spent.iter().flatten().all(|wait| *wait > 3_500_000 && *wait <= 3_600_000));
}

async fn what_is_about_things_is_looked_up_and_not_swept_for(ledger: &dyn Ledger) {
    let kinds = [
        RequestKind::Erasure,
        RequestKind::DeleteThing,
        RequestKind::UnregisterThing,
        RequestKind::ArchiveThing,
        RequestKind::Access,
        RequestKind::ExportThing,
    ];
    for (number, kind) in (0..).zip(kinds) {
        let mut opening = opening(&format!("r-{number}"), number);
        let request = opening.request.as_mut().unwrap();
        (request.kind, request.persons) = (kind, vec![format!("person {number}")]);
        ledger.open(&[&opening]).await.unwrap();
    }
    let ids = |standings: Vec<Standing>| -> Vec<String> {
        standings.into_iter().map(|standing| standing.id.to_string()).collect()
    };
    assert_eq!(ids(ledger.ready(second(0), 10).await.unwrap()), ["r-0", "r-4"]);
    assert_eq!(
        ids(ledger.about_things(second(0), 10).await.unwrap()),
        ["r-1", "r-2", "r-3", "r-5"]
    );
    assert_eq!(ids(ledger.about_things(second(0), 1).await.unwrap()), ["r-1"]);
    let work = work_on(&RequestId::new("r-1").unwrap());
    assert!(ledger.claim(&work, 10_000).await.unwrap().is_some());
    assert_eq!(
        ids(ledger.about_things(second(0), 10).await.unwrap()),
        ["r-2", "r-3", "r-5"],
        "somebody is at it"
    );
    // Of one thing: what came first goes first, if one of the two takes it away.
    for (number, kind) in
        (6..).zip([RequestKind::ExportThing, RequestKind::DeleteThing, RequestKind::ExportThing])
    {
        let mut opening = opening(&format!("r-{number}"), number);
        let request = opening.request.as_mut().unwrap();
        (request.kind, request.persons) = (kind, vec!["thing".to_owned()]);
        ledger.open(&[&opening]).await.unwrap();
    }
    let waiting = ids(ledger.about_things(second(0), 10).await.unwrap());
    assert_eq!(waiting, ["r-2", "r-3", "r-5", "r-6"]);
}

async fn erased_people_are_remembered_for_a_while(ledger: &dyn Ledger, clock: &MemoryClock) {
    let mut life = Life::begin(ledger, "r-1", 100).await;
    let (lease, id) = (own(ledger).await, life.id().clone());
    let tombstone = |marks: &[&str], left: Vec<String>| Tombstone {
        marks: marks.iter().map(ToString::to_string).collect(),
        sources: vec!["a".to_owned(), "b".to_owned()],
        left,
        until: second(900),
    };
    let thousands = (0..2_000).map(|number| format!("left {number}")).collect();
    ledger.bury(&lease, &id, &tombstone(&["x", "y"], thousands)).await.unwrap();
    ledger.bury(&lease, &id, &tombstone(&["m", "n"], vec!["left".to_owned()])).await.unwrap();
    assert_eq!(ledger.buried().await.unwrap(), [], "it does not rest yet");
    life.go(ledger, erasure()).await;
    let buried = |mark: &str| Buried {
        request: id.clone(),
        mark: mark.to_owned(),
        sources: vec!["a".to_owned(), "b".to_owned()],
    };
    clock.set(second(899));
    assert_eq!(ledger.buried().await.unwrap(), [buried("m"), buried("n")]);
    clock.set(second(900));
    assert_eq!(ledger.buried().await.unwrap(), []);

    let item = |item: &str, source: &str| ReturnedItem {
        request: id.clone(),
        item: item.to_owned(),
        source: source.to_owned(),
    };
    let regained = |source: &str, items| (id.clone(), Regained { source: source.into(), items });
    let items = [item("1", "b"), item("left", "a"), item("2", "b"), item("left 7", "a")];
    for _ in 0..2 {
        ledger.note_returned(&lease, &items).await.unwrap();
        let untold = ledger.returned().await.unwrap();
        assert_eq!(untold, [regained("a", 1), regained("b", 2)], "of the last burial alone");
    }
    life.go(ledger, [Event::Returned { items: 3, sources: Vec::new() }]).await;
    assert_eq!(ledger.standing(&id).await.unwrap().unwrap().state, State::Completed);
    ledger.note_returned(&lease, &[item("1", "b")]).await.unwrap();
    assert_eq!(ledger.returned().await.unwrap(), []);
    ledger.note_returned(&lease, &[item("3", "a")]).await.unwrap();
    assert_eq!(ledger.returned().await.unwrap(), [regained("a", 1)]);

    clock.set(second(899));
    ledger.forget_buried(&lease).await.unwrap();
    assert_eq!(ledger.returned().await.unwrap().len(), 1);
    clock.set(second(900));
    ledger.forget_buried(&lease).await.unwrap();
    assert_eq!(ledger.returned().await.unwrap(), []);
    clock.set(second(0));
    assert_eq!(ledger.buried().await.unwrap(), []);
}

async fn details_are_forgotten_after_a_while(ledger: &dyn Ledger, clock: &MemoryClock) {
    let lease = own(ledger).await;
    let mut lives = Vec::new();
    for id in ["open", "failed", "rests"] {
        let life = Life::begin(ledger, id, 100).await;
        let count = if id == "rests" { 12_000 } else { 9 };
        let items = sealed_items(0..count);
        ledger.add_items(&lease, life.id(), life.last.sequence, &items).await.unwrap();
        let mut ends: Vec<_> = (1..count).map(|n| (n, ItemOutcome::Erased)).collect();
        ends.push((0, ItemOutcome::AlreadyAbsent));
        ledger.record_outcomes(&lease, life.id(), &ended(&ends)).await.unwrap();
        lives.push(life);
    }
    let [open, failed, rests] = &mut lives[..] else { unreachable!("three began") };
    let failing = Event::Failed { reason: "no source".to_owned() };
    failed.go(ledger, [Event::FindStarted, planned(), failing]).await;
    let working = ledger.claim(&work_on(rests.id()), 0).await.unwrap().unwrap();
    rests.go(ledger, erasure()).await;
    let sent: Vec<_> = ledger.unsent(99).await.unwrap().iter().map(|sent| sent.id).collect();
    ledger.mark_sent(&sent).await.unwrap();
    let tally = ledger.tally(rests.id()).await.unwrap();
    let records = ledger.records(rests.id()).await.unwrap();

    let kept_ms = 200_000;
    clock.set(second(304));
    assert!(!ledger.has_details(kept_ms).await.unwrap(), "it rests since 105");
    clock.set(second(305));
    let mut rounds = 0;
    while ledger.has_details(kept_ms).await.unwrap() {
        ledger.forget_details(&lease, kept_ms).await.unwrap();
        rounds += 1;
    }
    assert_eq!(rounds, 3, "some at a time");
    assert_eq!(ledger.items(rests.id(), None, false, 9).await.unwrap().len(), 0);
    assert_eq!(ledger.tally(rests.id()).await.unwrap(), tally);
    assert_eq!(ledger.records(rests.id()).await.unwrap(), records);
    assert_eq!(walk(&records), Ok(rests.last.hash.clone()));
    for life in [open, failed] {
        assert_eq!(ledger.items(life.id(), None, false, 99).await.unwrap().len(), 9);
    }
    // Who asks again is answered as before.
    assert_eq!(ledger.open(&[&opening("rests", 100)]).await.unwrap(), [Opened::Repeated]);
    let unsent = ledger.unsent(99).await.unwrap();
    assert_eq!(unsent, [announcement(&rests.last)]);
    // Who slept since cannot write.
    assert!(!ledger.renew(&working, 1_000).await.unwrap());
    let again = ledger.claim(&work_on(rests.id()), 0).await.unwrap().unwrap();
    assert!(again.fence > working.fence);
    // What happens later is forgotten later.
    rests.go(ledger, [Event::Returned { items: 3, sources: Vec::new() }]).await;
    assert!(ledger.has_details(kept_ms - 1_000).await.unwrap());
    ledger.forget_details(&lease, 0).await.unwrap();
    assert_eq!(ledger.tally(rests.id()).await.unwrap(), tally);
}

/// A request of one kind about these people.
async fn about(
    ledger: &dyn Ledger,
    id: &str,
    at: i64,
    kind: RequestKind,
    persons: &[&str],
) -> Life {
    let mut opening = opening(id, at);
    let request = opening.request.as_mut().unwrap();
    request.kind = kind;
    request.taken = second(at);
    request.persons = persons.iter().map(|person| (*person).to_owned()).collect();
    let last = opening.record.clone();
    assert_eq!(ledger.open(&[&opening]).await.unwrap(), [Opened::New]);
    Life { last }
}

async fn ready_by(ledger: &dyn Ledger, pressed: jiff::Timestamp) -> String {
    let ready = ledger.ready(pressed, 9).await.unwrap();
    ready.iter().map(|standing| standing.id.to_string()).collect::<Vec<_>>().join(" ")
}

async fn free_by(ledger: &dyn Ledger, pressed: jiff::Timestamp) -> String {
    let free = ledger.free(&[State::Planned, State::Acting], pressed, 9).await.unwrap();
    free.iter().map(|standing| standing.id.to_string()).collect::<Vec<_>>().join(" ")
}

/// Whether it may act.
async fn begins(ledger: &dyn Ledger, life: &Life, pressed: jiff::Timestamp) -> bool {
    let lease = ledger.claim(&work_on(life.id()), 0).await.unwrap().unwrap();
    ledger.begin_act(&lease, life.id(), pressed).await.unwrap()
}

async fn one_person_is_served_in_order(ledger: &dyn Ledger) {
    let begin =
        async |id: &str, at, kind, persons: &[&str]| about(ledger, id, at, kind, persons).await;
    let ready = async || ready_by(ledger, second(0)).await;
    let (erasure_of, access) = (RequestKind::Erasure, RequestKind::Access);
    let mut first = begin("r-1", 100, access, &["ann", "ann's id"]).await;
    begin("r-2", 110, access, &["ann"]).await;
    let mut third = begin("r-3", 120, erasure_of, &["ann's id"]).await;
    begin("r-4", 130, erasure_of, &["bob"]).await;
    begin("r-5", 140, access, &["bob"]).await;
    assert_eq!(ready().await, "r-1 r-2 r-4", "exports join, and erasures wait and are waited for");
    let way = ledger.in_the_way(third.id()).await.unwrap();
    assert_eq!(way.iter().map(RequestId::as_str).collect::<Vec<_>>(), ["r-1"]);
    first.go(ledger, [Event::Cancelled(decision())]).await;
    assert_eq!(ready().await, "r-2 r-3 r-4", "r-2 and r-3 share no identity");
    third.go(ledger, [Event::FindStarted]).await;

    // Taken after the erasure, and submitted before it: it goes first, until the erasure acts.
    let mut late = opening("r-6", 200);
    let request = late.request.as_mut().unwrap();
    (request.kind, request.taken) = (access, second(200));
    (request.submitted, request.persons) = (second(115), vec!["ann's id".to_owned()]);
    assert_eq!(ledger.open(&[&late]).await.unwrap(), [Opened::New]);
    let mut late = Life { last: late.record };
    assert_eq!(ready().await, "r-2 r-4 r-6");
    let free = async || free_by(ledger, second(0)).await;
    third.go(ledger, [planned()]).await;
    assert_eq!(free().await, "", "it waits for the export");
    assert!(!begins(ledger, &third, second(0)).await);
    let way = ledger.in_the_way(third.id()).await.unwrap();
    assert_eq!(way.iter().map(RequestId::as_str).collect::<Vec<_>>(), ["r-6"]);
    begin("r-0", 50, erasure_of, &["ann's id"]).await;
    assert_eq!(ready().await, "r-2 r-4", "what is under way waits for nobody");
    assert_eq!(free().await, "r-3", "nor in a circle");
    late.go(ledger, [Event::Cancelled(decision())]).await;
    assert_eq!(free().await, "r-3");
    assert!(begins(ledger, &third, second(0)).await);
    third.go(ledger, [Event::ActStarted]).await;
    let mut later = opening("r-7", 210);
    let request = later.request.as_mut().unwrap();
    (request.kind, request.submitted) = (access, second(50));
    request.persons = vec!["ann's id".to_owned()];
    assert_eq!(ledger.open(&[&later]).await.unwrap(), [Opened::New]);
    assert_eq!(ready().await, "r-2 r-4", "too late");
    assert_eq!(free().await, "r-3");
}

/// What an access that failed is to give must not be erased meanwhile, unless time presses.
async fn a_failed_export_is_waited_for(ledger: &dyn Ledger) {
    let (erasure_of, access) = (RequestKind::Erasure, RequestKind::Access);
    let mut failed = about(ledger, "s-1", 100, access, &["eve"]).await;
    let later = about(ledger, "s-2", 110, erasure_of, &["eve"]).await;
    about(ledger, "s-3", 120, access, &["eve"]).await;
    failed.go(ledger, [Event::Failed { reason: "no store".to_owned() }]).await;
    assert_eq!(ready_by(ledger, second(0)).await, "");
    let way = ledger.in_the_way(later.id()).await.unwrap();
    assert_eq!(way.iter().map(RequestId::as_str).collect::<Vec<_>>(), ["s-1"]);
    let due = ledger.standing(later.id()).await.unwrap().unwrap().due.unwrap();
    assert_eq!(ready_by(ledger, due).await, "");
    let after = due + SignedDuration::from_millis(1);
    assert_eq!(ready_by(ledger, after).await, "s-2");
    failed.go(ledger, [Event::Cancelled(decision())]).await;
    assert_eq!(ready_by(ledger, second(0)).await, "s-2", "it was given up");
}

/// Whatever became of the erasure before it begins to act, and however far the export is.
async fn exports_go_first_until_an_erasure_begins(ledger: &dyn Ledger) {
    let (erasure_of, access) = (RequestKind::Erasure, RequestKind::Access);
    let held = || [Event::FindStarted, planned(), Event::Held { reason: "many".to_owned() }];
    let approved = || [&held()[..], &[Event::Approved(decision())]].concat();
    let failed = || Event::Failed { reason: "no store".to_owned() };
    let exports = [
        vec![failed()],
        vec![Event::FindStarted, failed()],
        vec![Event::FindStarted, planned(), Event::ActStarted, failed()],
        vec![],
        vec![Event::FindStarted],
        vec![failed(), Event::Retried(decision())],
    ];
    let erasures = [vec![Event::FindStarted, planned()], approved()];
    for (number, (export, erasure)) in
        exports.iter().flat_map(|export| erasures.iter().map(move |e| (export, e))).enumerate()
    {
        let (person, ids) = (format!("p-{number}"), [format!("e-{number}"), format!("x-{number}")]);
        let mut later = about(ledger, &ids[0], 110, erasure_of, &[&person]).await;
        later.go(ledger, erasure.clone()).await;
        let mut first = about(ledger, &ids[1], 100, access, &[&person]).await;
        first.go(ledger, export.clone()).await;
        let context = format!("{export:?} before {erasure:?}");
        assert!(!begins(ledger, &later, second(0)).await, "{context}");
        assert!(!free_by(ledger, second(0)).await.contains(&ids[0]), "{context}");
        let way = ledger.in_the_way(later.id()).await.unwrap();
        assert_eq!(way, [first.id().clone()], "{context}");
        let is_over = ledger.standing(first.id()).await.unwrap().unwrap().state == State::Failed;
        assert_eq!(free_by(ledger, second(1_000_000)).await.contains(&ids[0]), is_over);
        // It is tried again: the erasure is not in its way.
        if is_over {
            first.go(ledger, [Event::Retried(decision()), Event::FindStarted, failed()]).await;
        }
        if !matches!(first.last.event, Event::Accepted) {
            let end = if is_over { vec![Event::Cancelled(decision())] } else { vec![failed()] };
            first.go(ledger, end).await;
            assert_eq!(begins(ledger, &later, second(0)).await, is_over, "{context}");
        }
        let after = second(1_000_000);
        let begun = begins(ledger, &later, after).await;
        assert_eq!(begun, !matches!(first.last.event, Event::Accepted), "{context}");
        assert!(!begun || begins(ledger, &later, second(0)).await, "it goes on: {context}");
    }
}

/// Found to be ready before the erasure began, and started after.
async fn nobody_looks_for_what_is_being_erased(ledger: &dyn Ledger) {
    let mut erasure = about(ledger, "t-1", 100, RequestKind::Erasure, &["eve"]).await;
    erasure.go(ledger, [Event::FindStarted, planned()]).await;
    assert!(begins(ledger, &erasure, second(0)).await);
    let export = about(ledger, "t-2", 90, RequestKind::Access, &["eve"]).await;
    let looks = export.next(Event::FindStarted);
    for event in [None, Some(Event::ActStarted), Some(Event::Acted { archive: None })] {
        erasure.go(ledger, event).await;
        assert_eq!(ledger.append(&looks, None, None).await.unwrap(), Appended::Overtaken);
        assert_eq!(ready_by(ledger, second(0)).await, "");
    }
    // One that failed is not being carried out, and is tried again after what came in meanwhile.
    erasure.go(ledger, [Event::Failed { reason: "no source".to_owned() }]).await;
    assert_eq!(ready_by(ledger, second(0)).await, "t-2");
    erasure.go(ledger, [Event::Retried(decision()), Event::FindStarted, planned()]).await;
    assert!(!begins(ledger, &erasure, second(0)).await);
    assert_eq!(ledger.append(&looks, None, None).await.unwrap(), Appended::Done);
}

/// An export and two erasures around it in line: the later one does not wait for it as long as it
/// waits for the first, which is given up in the moment in which both others begin.
async fn an_export_and_an_erasure_never_begin_at_once(url: &str) {
    let (one, other, third) = (open(url).await, open(url).await, open(url).await);
    for round in 0..20 {
        let (person, id) = (format!("p-{round}"), |name: &str| format!("{name}-{round}"));
        let mut later = about(&one, &id("z"), 120, RequestKind::Erasure, &[&person]).await;
        later.go(&one, [Event::FindStarted, planned()]).await;
        let first = about(&one, &id("a"), 100, RequestKind::Erasure, &[&person]).await;
        let export = about(&one, &id("x"), 110, RequestKind::Access, &[&person]).await;
        let (given_up, looks) =
            (first.next(Event::Cancelled(decision())), export.next(Event::FindStarted));
        let (_, looks, begins) = futures::join!(
            one.append(&given_up, None, None),
            other.append(&looks, None, None),
            begins(&third, &later, second(0))
        );
        assert!(looks.unwrap() == Appended::Overtaken || !begins, "both began in round {round}");
    }
}
