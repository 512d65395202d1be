//! One form of a blob: its URL, the condition under which it is still the one that was listed, and
//! where it stands now.

use azure_core::http::Method;
use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure::wire::container::Container;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
use crate::domain::outcome::{Barrier, Block};

/// What a second look at a form shows that was not as expected.
pub enum Standing {
    /// Nothing is there.
    Absent,
    /// Other bytes are there.
    Changed,
    /// It is as it was listed.
    Same,
}

/// The URL of exactly this form; `None` where none addresses exactly that name. Secret.
pub fn url(container: &Container, item: &Item) -> Option<Url> {
    let mut url = container.blob_url(&item.name)?;
    match &item.version {
        Version::Current => {}
        Version::Snapshot(timestamp) => add_query(&mut url, "snapshot", timestamp),
        Version::Previous(id) => add_query(&mut url, "versionid", id),
        // A share has those, and no container.
        Version::ShareSnapshot(_) => return None,
    }
    Some(url)
}

/// A snapshot and a version are named by the moment they were made and never change; the current
/// form is whatever was written last and needs its `ETag`.
pub fn condition(item: &Item) -> Option<(&'static str, String)> {
    match item.version {
        Version::Current => Some(("if-match", format!("\"{}\"", item.etag))),
        Version::Snapshot(_) | Version::Previous(_) | Version::ShareSnapshot(_) => None,
    }
}

/// Asks a form for its state after a condition did not hold.
///
/// # Errors
/// Any other answer than that it is there or is not.
pub async fn look_again(container: &Container, item: &Item, url: Url) -> Result<Standing, Failure> {
    let answer = call(container, LOOKING, Method::Head, url, &[]).await?;
    match answer.status {
        200 if answer.etag().as_deref() == Some(item.etag.as_str()) => Ok(Standing::Same),
        200 => Ok(Standing::Changed),
        404 if !answer.is_container_missing() => Ok(Standing::Absent),
        _ => Err(answer.failure(LOOKING)),
    }
}

/// What forbids a change, if that is what status and code of the answer to it say.
///
/// # Errors
/// Where the blob does not say what holds it.
pub async fn barrier(
    container: &Container,
    status: u16,
    code: &str,
    url: &Url,
) -> Result<Option<Barrier>, Failure> {
    let block = match (status, code) {
        (412, code) if code.starts_with("Lease") => Block::Lease,
        (409, code) if code.contains("Immutable") || code.contains("LegalHold") => {
            what_holds(container, url.clone()).await?
        }
        (403, _) => Block::Lock,
        _ => return Ok(None),
    };
    Ok(Some(Barrier::new(block, code)))
}

/// One error code stands for both kinds of immutability; the blob itself says which.
async fn what_holds(container: &Container, url: Url) -> Result<Block, Failure> {
    let answer = call(container, "asking what holds a blob", Method::Head, url, &[]).await?;
    let has_hold = answer.header("x-ms-legal-hold") == Some("true");
    Ok(if has_hold { Block::LegalHold } else { Block::Immutable })
}

const LOOKING: &str = "looking at a blob again";

/// A request whose trouble is a failure of `doing` something.
///
/// # Errors
/// Where there is no answer.
pub async fn call(
    container: &Container,
    doing: &str,
    method: Method,
    url: Url,
    headers: &[(&'static str, &str)],
) -> Result<Answer, Failure> {
    let call = container.call(method, url, headers).await;
    call.map_err(|trouble| trouble.failure(doing))
}
