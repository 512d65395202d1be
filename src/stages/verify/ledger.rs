//! The ledger itself, read from its first record to its last: every chain holds, and what the
//! ledger says of a request is what its records lead to.
//!
//! Records link within a request: that a whole request was taken out is not seen here. The digest
//! over all heads says whether two copies of a ledger are the same.

use sha2::{Digest, Sha256};

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::evidence::chain::{self, Link};
use crate::ports::ledger::{Ledger, Record};
use crate::ports::standing::Standing;

/// What a ledger that holds says of itself.
pub struct Sound {
    /// Requests and rejected messages.
    pub requests: u64,
    /// Records of them all.
    pub records: u64,
    /// Hex SHA-256 over the ids and last hashes of all requests.
    pub heads: String,
}

/// The first link that does not hold.
#[derive(Debug, thiserror::Error)]
#[error("request {request}: {why}")]
pub struct Broken {
    /// In whose account.
    pub request: RequestId,
    /// Which record, and what is wrong with it.
    pub why: String,
}

/// Requests read at a time.
const PAGE: u32 = 500;

/// How often a request is read anew that a daemon writes to meanwhile.
const READS_MAX: u32 = 10;

/// Walks all records; `seen` is told how many requests were.
///
/// # Errors
/// The ledger cannot be read.
pub async fn check(
    ledger: &dyn Ledger,
    mut seen: impl FnMut(u64),
) -> Result<Result<Sound, Broken>, Failure> {
    let (mut requests, mut records, mut heads) = (0, 0, Sha256::new());
    let mut after = None;
    loop {
        let page = ledger.page(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for standing in page {
            match chain_of(ledger, &standing).await? {
                Ok((count, head)) => {
                    requests += 1;
                    records += count;
                    for field in [standing.id.as_str(), &head] {
                        heads.update((field.len() as u64).to_be_bytes());
                        heads.update(field);
                    }
                }
                Err(why) => return Ok(Err(Broken { request: standing.id, why })),
            }
        }
        seen(requests);
    }
    Ok(Ok(Sound { requests, records, heads: hex::encode(heads.finalize()) }))
}

/// How many records a request has, and the last one's hash; or what is wrong.
async fn chain_of(
    ledger: &dyn Ledger,
    standing: &Standing,
) -> Result<Result<(u64, String), String>, Failure> {
    let mut standing = standing.clone();
    for _ in 0..READS_MAX {
        let records = match ledger.records(&standing.id).await {
            Ok(records) => records,
            Err(failure) if failure.is_transient() => return Err(failure),
            Err(failure) => return Ok(Err(failure.chain())),
        };
        let Some(now) = ledger.standing(&standing.id).await? else {
            return Ok(Err("it is gone from the ledger".to_owned()));
        };
        if now.sequence == standing.sequence {
            return Ok(holds(&standing, &records));
        }
        standing = now;
    }
    Err(Failure::transient("reading a request that is written to all the time"))
}

fn holds(standing: &Standing, records: &[Record]) -> Result<(u64, String), String> {
    let links = records.iter().map(|record| {
        let Record { id, sequence, at, event, previous, hash } = record;
        (Link { id, sequence: *sequence, at: *at, event, previous }, hash.as_str())
    });
    let head = chain::verify(links).map_err(|broken| broken.to_string())?;
    let count = records.len() as u64;
    if count < standing.sequence {
        let (first, last) = (count + 1, standing.sequence);
        return Err(format!("record {first} is missing, and all up to record {last}"));
    }
    if (count, head) != (standing.sequence, &standing.head) {
        return Err(format!("record {count} is not the one that the request ends with"));
    }
    let state = State::fold(records.iter().map(|record| &record.event));
    match state {
        Ok(state) if state == standing.state => Ok((count, head.to_owned())),
        Ok(state) => {
            let (is, told) = (state.word(), standing.state.word());
            Err(format!("its records lead to {is}, and it is said to be {told}"))
        }
        Err(illegal) => Err(illegal.to_string()),
    }
}
