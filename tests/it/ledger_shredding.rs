//! A request that rests leaves none of its sealed bytes in the database file or beside it, although
//! pages were split, moved and freed while it lived.

use std::fs;
use std::path::Path;

use dsrd::adapters::sql::ledger::SqlLedger;
use dsrd::config::secret::Secret;
use dsrd::domain::plan::ActionWord;
use dsrd::domain::request::RequestId;
use dsrd::ports::ledger::{Cleared, Ledger, SealedItem};
use sha2::{Digest, Sha256};

use crate::support::lives::{Life, erasure, opening, own};

/// Bytes by which a piece of a seal is known again.
const PIECE: usize = 16;

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
