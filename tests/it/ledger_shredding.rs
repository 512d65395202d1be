//! A request that rests leaves none of its sealed bytes in the database file or beside it, although
//! pages were split, moved and freed while it lived. After a while its rows go too.

use std::fs;
use std::path::Path;

use dsrd::adapters::sql::store::SqlLedger;
use dsrd::config::secret::Secret;
use dsrd::domain::policy::action::ActionWord;
use dsrd::domain::request::RequestId;
use dsrd::ports::ledger::{Cleared, Ledger, SealedItem};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use crate::support::lives::{Life, erasure, opening, own};
use crate::support::simulation::scenario::{Scenario, correspondence, request, simulate};

/// Bytes by which a piece of a seal is known again.
const PIECE: usize = 16;

#[test]
fn details_go_after_their_time_and_who_asks_again_is_answered_as_before() {
    simulate(async || {
        let mut scenario =
            Scenario::small().sent(request("r-1", "erasure")).sent(request("r-2", "erasure"));
        scenario.keeping.details_days = 30;
        scenario.live().await;
        let id = RequestId::new("r-1").unwrap();
        let tally = scenario.ledger().await.tally(&id).await.unwrap();
        assert_eq!(tally.of("erased"), 2);
        let told = scenario.announcer.published();
        assert!(rows(&scenario, "items").await > 0);

        scenario.clock.advance_ms(29 * 86_400_000);
        scenario.live().await;
        assert!(rows(&scenario, "items").await > 0, "not yet");
        scenario.clock.advance_ms(2 * 86_400_000);
        scenario.live().await;
        assert_eq!(rows(&scenario, "items").await, 0);
        assert_eq!(rows(&scenario, "outbox").await, 2, "the last event of each");
        assert_eq!(rows(&scenario, "leases WHERE work LIKE 'request/%'").await, 0);
        assert_eq!(rows(&scenario, "leases WHERE work LIKE 'sweep/%'").await, 0);
        assert!(rows(&scenario, "sweeps").await <= 2, "of each purpose the last");
        let ledger = scenario.ledger().await;
        assert_eq!(ledger.tally(&id).await.unwrap(), tally);
        assert_eq!(ledger.records(&id).await.unwrap().len(), 6);

        scenario.inbox.push(request("r-1", "erasure").to_string(), correspondence());
        scenario.live().await;
        let again = scenario.announcer.published();
        assert_eq!(again.len(), told.len() + 1);
        let last = told.iter().rfind(|event| event.request == id).unwrap();
        assert_eq!(&again.last().unwrap().body, &last.body);
    });
}

async fn rows(scenario: &Scenario, table: &str) -> usize {
    let url = format!("sqlite:{}/ledger.db", scenario.path().display());
    let mut ledger = AnyConnection::connect(&url).await.unwrap();
    let select = format!("SELECT 1 FROM {table}");
    ledger.fetch_all(AssertSqlSafe(select)).await.unwrap().len()
}

#[tokio::test]
async fn sealed_bytes_are_gone_from_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = Secret::new(format!("sqlite:{}/ledger.db", folder.path().display()));
    let ledger = SqlLedger::open(&url).await.map_err(|f| f.chain()).unwrap();
    let ids: Vec<String> = (0..40).map(|n| format!("r-{n}")).collect();
    let mut lives = Vec::new();
    for id in &ids {
        let mut opening = opening(id, 100);
        let request = opening.request.as_mut().unwrap();
        request.sealed.wrapped_key = pattern(id, "key", 72);
        request.sealed.body = pattern(id, "body", 300 + 97 * lives.len());
        let last = opening.record.clone();
        ledger.open(&[&opening]).await.unwrap();
        lives.push(Life { last });
    }
    // Plans are made anew and grow side by side, so that pages hold items of several requests.
    for life in &lives[..10] {
        ledger
            .add_items(&own(&ledger).await, life.id(), life.last.sequence, &items(life.id(), 0..50))
            .await
            .unwrap();
        ledger.clear_items(&own(&ledger).await, life.id(), Cleared::All).await.unwrap();
    }
    for batch in 0..6 {
        for life in lives.iter().rev() {
            let ordinals = batch * 20..(batch + 1) * 20;
            ledger
                .add_items(
                    &own(&ledger).await,
                    life.id(),
                    life.last.sequence,
                    &items(life.id(), ordinals),
                )
                .await
                .unwrap();
        }
    }
    assert!(pieces_left(folder.path(), &ids) > 0, "the search finds what is there");

    for life in lives.iter_mut().step_by(2) {
        life.go(&ledger, erasure()).await;
    }
    let resting: Vec<String> = ids.iter().step_by(2).cloned().collect();
    assert_eq!(pieces_left(folder.path(), &resting), 0, "while others live on");
    for life in lives.iter_mut().skip(1).step_by(2) {
        life.go(&ledger, erasure()).await;
    }
    assert_eq!(pieces_left(folder.path(), &ids), 0, "when all rest");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_ledger() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let url = Secret::new(format!("sqlite:{}/ledger.db", data.display()));
    let ledger = SqlLedger::open(&url).await.map_err(|f| f.chain()).unwrap();
    Life::begin(&ledger, "r-1", 100).await;
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(Result::unwrap).collect();
    assert!(files.len() > 1, "the WAL is there too");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

/// Items from shorter than a cell to longer than a page.
fn items(id: &RequestId, ordinals: std::ops::Range<u64>) -> Vec<SealedItem> {
    let item = |ordinal: u64| {
        let bytes = 64 + usize::try_from(ordinal * ordinal % 6007).unwrap();
        let sealed = pattern(id.as_str(), &format!("item {ordinal}"), bytes);
        let action = ActionWord::Delete;
        SealedItem { ordinal, action, sealed, begun: false, outcome: None, rewritten: None }
    };
    ordinals.map(item).collect()
}

/// Bytes that look random. Each 32 of them begin with a mark of the request.
fn pattern(id: &str, what: &str, bytes: usize) -> Vec<u8> {
    let mut pattern = Vec::new();
    for block in 0..bytes.div_ceil(32) {
        pattern.extend_from_slice(&mark(id));
        pattern.extend_from_slice(&Sha256::digest(format!("{id} {what} {block}"))[..32 - PIECE]);
    }
    pattern.truncate(bytes);
    pattern
}

fn mark(id: &str) -> [u8; PIECE] {
    Sha256::digest(format!("mark of {id}"))[..PIECE].try_into().unwrap()
}

/// How often marks of these requests stand in the files of the folder.
fn pieces_left(folder: &Path, ids: &[String]) -> usize {
    let marks: Vec<_> = ids.iter().map(|id| mark(id)).collect();
    let search = aho_corasick::AhoCorasick::new(marks).unwrap();
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    files.map(|bytes| search.find_iter(&bytes).count()).sum()
}
