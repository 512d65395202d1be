//! The workspace itself, as far as it goes alone: what depends on it stays.
//!
//! The service deletes softly, unless it is asked to purge: a workspace that is gone for whoever
//! looks may be had back for a while. So one that is to go for good is purged whether it is seen or
//! not, and the item of one that nobody sees has no `ETag`.

use jiff::SignedDuration;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azureml::documents::document::{Document, look};
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::operations::{self, Handle, look_ms};
use crate::domain::dependents::dependent::RECOVERABLE_DAYS;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::Container;
use crate::ports::sources::Erased;

const DELETING: &str = "deleting a workspace";
const READING: &str = "reading a workspace";

/// What an item says of the workspace that goes with its dependents, and each of these: which one
/// it was when the plan was made. By then its document may have changed in other ways.
pub const OWNER: &str = "dsrd-owner";

/// How long what was deleted softly can be had back (concept-soft-delete).
pub const SOFT_DELETE_TIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What an item says that is to go for good.
pub const FOR_GOOD: &str = "forceToPurge";

/// The workspace as an item: as it is seen, or as one that nobody sees and that may be had back.
/// `None` where it is not there and nothing of it is to be purged.
pub fn item(
    source: &str,
    address: &Address,
    seen: Option<&Document>,
    for_good: bool,
) -> Option<Item> {
    let mut item = match seen {
        Some(document) => document.item(source),
        None if for_good => Item {
            kind: Kind::Thing,
            container: Container::Resources,
            ..Item::bare(source, &address.item_name(), Version::Current)
        },
        None => return None,
    };
    let (name, value) = match for_good {
        true => (FOR_GOOD, "true".to_owned()),
        false => (RECOVERABLE_DAYS, (SOFT_DELETE_TIME.as_hours() / 24).to_string()),
    };
    item.properties.insert(name.to_owned(), value);
    Some(item)
}

/// The same of one that goes with its dependents: it is the same workspace whatever else of its
/// document changes.
pub fn with_dependents(seen: Option<&Document>, mut item: Item) -> Item {
    let Some(mark) = seen.and_then(|document| mark(&document.value)) else { return item };
    item.properties.insert(OWNER.to_owned(), mark.clone());
    item.etag = mark;
    item
}

/// All that our workspace says of itself, where anybody may see it.
///
/// # Errors
/// Its service does not say.
pub async fn own(entry: &Entry) -> Result<Option<Value>, Failure> {
    let answer = entry.get(READING, entry.url("")).await?;
    match answer.status {
        200 if answer.body.is_object() => Ok(Some(answer.body)),
        403 => Ok(None),
        404 if answer.is_absent_itself() => Ok(None),
        _ => Err(answer.failure(READING)),
    }
}

/// By what a workspace is known from every other of its name; `None` where it does not tell.
pub fn mark(document: &Value) -> Option<String> {
    let id = document["id"].as_str()?.trim_end_matches('/').to_lowercase();
    let marks = ["/properties/workspaceId", "/systemData/createdAt"];
    let marks = marks.map(|mark| document.pointer(mark).and_then(Value::as_str));
    marks.iter().any(Option::is_some).then(|| {
        let [own, created] = marks.map(Option::unwrap_or_default);
        hex::encode(Sha256::digest(format!("{id}\n{own}\n{created}")))
    })
}

/// Deletes exactly the workspace that was seen, or purges what may be left of one that was not.
///
/// # Errors
/// Where the service does not answer, or refuses for a reason that has no word: also where it says
/// of a workspace that is not to be seen that it cannot be purged.
pub async fn remove(entry: &Entry, address: &Address, item: &Item) -> Result<Erased, Failure> {
    let document = look(entry, address).await?;
    let is_it = match (&document, item.properties.get(OWNER)) {
        (None, _) => true,
        (Some(document), Some(owner)) => mark(&document.value).as_ref() == Some(owner),
        (Some(document), None) => document.etag == item.etag,
    };
    if !is_it {
        return Ok(Erased::Changed);
    }
    let for_good = item.properties.contains_key(FOR_GOOD);
    if document.is_none() && !for_good {
        return Ok(Erased::AlreadyAbsent);
    }
    let mut url = entry.url("");
    if for_good {
        add_query(&mut url, FOR_GOOD, "true");
    }
    let answer = entry.delete(DELETING, url).await?;
    match (answer.status, document) {
        (202, _) => Ok(Erased::Begun(operations::begun(entry, &answer))),
        (200 | 204, None) => Ok(Erased::AlreadyAbsent),
        (200 | 204, Some(_)) => Ok(match look(entry, address).await? {
            None => Erased::Done,
            Some(_) => Erased::Begun(Handle::Resource.ticket(look_ms(entry))),
        }),
        (404, None) if !item.etag.is_empty() && answer.is_absent_itself() => {
            Ok(Erased::AlreadyAbsent)
        }
        (404, None) => Err(stuck(&answer)),
        // We may have begun it ourselves, and died before we could keep its handle.
        (409, _) if !answer.is_locked() => {
            Ok(Erased::Begun(Handle::Turn { detach: false }.ticket(answer.wait_ms())))
        }
        _ => match answer.barrier() {
            Some(barrier) => Ok(Erased::Blocked(barrier)),
            None => Err(answer.failure(DELETING)),
        },
    }
}

/// Nobody sees it, and it cannot be purged either: some are stuck between the two
/// (azure-cli#33756), and only Microsoft can help. That is no fault of the source.
fn stuck(answer: &Answer) -> Failure {
    let doing = "purging a workspace that may have been deleted softly; ask Microsoft's support";
    Failure::permanent(doing).because(answer.failure(DELETING))
}
