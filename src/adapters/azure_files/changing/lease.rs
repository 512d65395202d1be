//! A lease on a file, for as long as it takes to look at it and to change it.

use std::time::Duration;

use azure_core::http::Method;
use url::Url;
use uuid::Uuid;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure_files::file::{barrier, is_absence, is_closed};
use crate::adapters::azure_files::share::Share;
use crate::domain::failure::Failure;
use crate::domain::outcome::Barrier;

const LEASING: &str = "taking a lease on a file";
const GIVING_BACK: &str = "giving a lease on a file back";
/// Tries to give one back, and the pause between them: each of them is more than one request.
const RETURNS_MAX: u32 = 3;
const RETURN_PAUSE: Duration = Duration::from_millis(250);

/// Makes ids out of shares and paths.
const OURS: Uuid = Uuid::from_u128(0x6a1d_0f4e_3f0c_5d0a_9b7e_52d3_81c4_77f1);

/// What came of asking for one.
pub enum Leased {
    /// It is ours, by this id.
    Ours(String),
    /// Nothing is under the path.
    Absent,
    /// Somebody else has one, or has the file open.
    Blocked(Barrier),
}

/// Takes the lease on a file in the state of this `ETag`, or takes over one that we left there.
///
/// # Errors
/// Where the service does not answer, or no request can say the name. It may be taken all the same.
pub async fn take(share: &Share, path: &str, etag: &str) -> Result<Leased, Failure> {
    let url = url(share, path).ok_or_else(|| Failure::permanent(LEASING))?;
    let id = id(share, path, etag);
    let headers = [
        ("x-ms-lease-action", "acquire"),
        ("x-ms-lease-duration", "-1"),
        ("x-ms-proposed-lease-id", id.as_str()),
    ];
    let answer = share.call(LEASING, Method::Put, url, &headers).await?;
    if answer.is_unwelcome() {
        return Err(answer.failure(LEASING));
    }
    if answer.status == 201 {
        return Ok(Leased::Ours(id));
    }
    if is_absence(&answer, false) {
        return Ok(Leased::Absent);
    }
    match barrier(answer.status, &answer.code) {
        Some(barrier) => Ok(Leased::Blocked(barrier)),
        None if is_closed(&answer) => {
            let failure =
                Failure::permanent("taking a lease on a file: no request can say its name");
            let (status, code) = (answer.status, answer.code);
            Err(failure.because(Trouble::Refused { status, code }))
        }
        None => Err(answer.failure(LEASING)),
    }
}

/// Gives ours back that we took in the state of this `ETag`, if it is there. Where that does not
/// work it stays until one of us comes by again, which is told.
pub async fn give_back(share: &Share, path: &str, etag: &str) {
    let Some(url) = url(share, path) else { return };
    let id = id(share, path, etag);
    let headers = [("x-ms-lease-action", "release"), ("x-ms-lease-id", id.as_str())];
    // Not there, or another's: there is nothing to give back.
    let is_done = |status: u16| (200..300).contains(&status) || matches!(status, 404 | 409 | 412);
    let mut tries = 0;
    loop {
        let failure = match share.call(GIVING_BACK, Method::Put, url.clone(), &headers).await {
            Ok(answer) if is_done(answer.status) => return,
            Ok(answer) => answer.failure(GIVING_BACK),
            Err(failure) => failure,
        };
        tries += 1;
        if tries == RETURNS_MAX || !failure.is_transient() {
            let error = failure.chain();
            return tracing::warn!(error, "a lease of ours on a file stays for now");
        }
        tokio::time::sleep(RETURN_PAUSE).await;
    }
}

fn url(share: &Share, path: &str) -> Option<Url> {
    let mut url = share.file_url(path, None)?;
    add_query(&mut url, "comp", "lease");
    Some(url)
}

/// The id by which we lease what is under a path in one state, in any of our processes: who saw an
/// older state has no part in it. The service compares paths without their case.
fn id(share: &Share, path: &str, etag: &str) -> String {
    let place = format!("{}\n{}\n{etag}", share.entry().url(), path.to_lowercase());
    Uuid::new_v5(&OURS, place.as_bytes()).to_string()
}
