//! The record of a run is scrubbed: what the service lets be changed of it is put as the new form
//! says, and what it does not is told.
//!
//! A record is no file: there is no way to put all of it in one moment. Each step is a call of its
//! own, after a look at what stands, and the last look tells what has come of it. Whoever dies on
//! the way finds a record that is neither the old one nor the new, so that it is looked through
//! again; and one that is as it was to become needs no call.

use std::collections::BTreeMap;

use bytes::BytesMut;
use futures::StreamExt;
use serde_json::{Map, Value, json};

use crate::adapters::azure::wire::address::encoded;
use crate::adapters::azureml::documents::document::{Document, look};
use crate::adapters::azureml::kinds::{HISTORY, RUN};
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::discovery::Service;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::outcome::{Barrier, Block, FIXED};
use crate::ports::sources::{NewForm, Rewritten};

const SCRUBBING: &str = "scrubbing the record of a run";

/// The largest record that is written anew; those of the service are some kibibytes.
const FORM_BYTES_MAX: u64 = 16 << 20;

/// Fields that the history lets be changed, wherever they stand.
const TEXTS: [&str; 2] = ["description", "displayName"];

/// What every change leaves: it says who made it, so that nobody else is named there any more.
const LEFT_BY_CHANGES: [&str; 5] = [
    "/lastModifiedBy",
    "/lastModifiedUtc",
    "/systemData/lastModifiedAt",
    "/systemData/lastModifiedBy",
    "/systemData/lastModifiedByType",
];

/// A place in a document, and what is to stand there; `None` where nothing is.
type Changes = BTreeMap<String, Option<Value>>;

/// Puts as much of the form in the place of exactly that document as the service lets be.
///
/// # Errors
/// The service does not answer, or refuses for a reason that has no word.
pub async fn rewrite(entry: &Entry, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
    let address = Address::of(&item.name).filter(is_record);
    let Some(address) = address else { return Ok(Rewritten::Refused("service_document".into())) };
    let wanted = read(form).await?;
    let Some(document) = look(entry, &address).await? else { return Ok(Rewritten::AlreadyAbsent) };
    let changes = changes(&document.value, &wanted);
    let is_so = changes.keys().all(|place| is_left_by_changes(place));
    if document.etag != item.etag {
        let etag = document.etag;
        return Ok(if is_so { Rewritten::Done { etag } } else { Rewritten::Changed });
    }
    match apply(entry, &document, &changes).await? {
        Ok(()) => {}
        Err(refused) => return Ok(refused),
    }
    let Some(after) = look(entry, &address).await? else { return Ok(Rewritten::AlreadyAbsent) };
    let took = |(place, value): (&String, &Option<Value>)| {
        let now = after.value.pointer(place);
        now == value.as_ref() || is_left_by_changes(place) && now != document.value.pointer(place)
    };
    Ok(match changes.iter().all(took) {
        true => Rewritten::Done { etag: after.etag },
        false => Rewritten::Blocked(Barrier::new(Block::Immutable, FIXED)),
    })
}

fn is_record(address: &Address) -> bool {
    *address.sort == RUN && matches!(address.below.as_deref(), None | Some(HISTORY))
}

async fn read(mut form: NewForm) -> Result<Value, Failure> {
    if form.size > FORM_BYTES_MAX {
        return Err(Failure::permanent(format!("{SCRUBBING}: it is too large")));
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = form.bytes.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    let wanted: Option<Value> = serde_json::from_slice(&bytes).ok();
    let is_whole = bytes.len() as u64 == form.size;
    let wanted = wanted.filter(|value| value.is_object() && is_whole);
    wanted.ok_or_else(|| Failure::permanent(format!("{SCRUBBING}: the new form is none")))
}

/// Where the other says something else.
fn changes(one: &Value, other: &Value) -> Changes {
    let mut found = Changes::new();
    compare(one, other, &mut String::new(), &mut found);
    found
}

fn compare(one: &Value, other: &Value, place: &mut String, found: &mut Changes) {
    let pairs: Vec<(String, Option<&Value>, Option<&Value>)> = match (one, other) {
        _ if one == other => return,
        (Value::Object(one), Value::Object(other)) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            let keys = one.keys().chain(added);
            keys.map(|key| (key.clone(), one.get(key), other.get(key))).collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let both = one.iter().zip(other).enumerate();
            both.map(|(at, (one, other))| (at.to_string(), Some(one), Some(other))).collect()
        }
        _ => {
            found.insert(place.clone(), Some(other.clone()));
            return;
        }
    };
    for (key, one, other) in pairs {
        let above = place.len();
        place.push('/');
        place.push_str(&key.replace('~', "~0").replace('/', "~1"));
        match (one, other) {
            (Some(one), Some(other)) => compare(one, other, place, found),
            (_, other) => drop(found.insert(place.clone(), other.cloned())),
        }
        place.truncate(above);
    }
}

fn is_left_by_changes(place: &str) -> bool {
    LEFT_BY_CHANGES.iter().any(|left| {
        place.strip_prefix(left).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Makes the changes that can be made, each kind in one call.
///
/// # Errors
/// See [`rewrite`]; `Err` in it where the service does not let us.
async fn apply(
    entry: &Entry,
    document: &Document,
    changes: &Changes,
) -> Result<Result<(), Rewritten>, Failure> {
    let is_job = document.address.below.is_none();
    let above = if is_job { "/properties/" } else { "/" };
    let mut steps = Steps::of(changes, above);
    // Who changed it last is replaced by whoever changes anything.
    let name = document.value.pointer(&format!("{above}displayName")).filter(|it| it.is_string());
    if let (true, Some(name)) = (steps.is_empty() && leaves_anything(changes), name) {
        steps.texts.insert("displayName".to_owned(), name.clone());
    }
    let path = run_path(document, is_job);
    let mut refused = None;
    if let (Some(path), false) = (&path, steps.texts.is_empty()) {
        let url = entry.service_url(Service::History, path).await?;
        let answer = entry.patch(SCRUBBING, url, &Value::Object(steps.texts)).await?;
        refused = refused.or(refusal(&answer)?);
    }
    let has_tags = !steps.tags.is_empty() || !steps.no_tags.is_empty();
    if let (Some(path), true, None) = (&path, has_tags, &refused) {
        let url = entry.service_url(Service::History, &format!("{path}/tags")).await?;
        let body = json!({ "tagsToModify": steps.tags, "tagsToDelete": steps.no_tags });
        let answer = entry.patch(SCRUBBING, url, &body).await?;
        refused = refused.or(refusal(&answer)?);
    }
    let job_path = document.address.path().filter(|_| is_job && steps.notifies);
    if let (Some(path), None) = (job_path, &refused) {
        let body = json!({ "properties": changed(document, changes) });
        let answer = entry.put(SCRUBBING, entry.url(&path), &body).await?;
        refused = refusal(&answer)?;
    }
    Ok(refused.map_or(Ok(()), Err))
}

/// What is to be written, by how it is written.
#[derive(Default)]
struct Steps {
    texts: Map<String, Value>,
    tags: Map<String, Value>,
    no_tags: Vec<String>,
    notifies: bool,
}

impl Steps {
    fn is_empty(&self) -> bool {
        let Self { texts, tags, no_tags, notifies } = self;
        texts.is_empty() && tags.is_empty() && no_tags.is_empty() && !notifies
    }

    fn of(changes: &Changes, above: &str) -> Self {
        let mut steps = Self::default();
        for (place, value) in changes {
            let Some(field) = place.strip_prefix(above) else { continue };
            if TEXTS.contains(&field) {
                steps.texts.insert(field.to_owned(), value.clone().unwrap_or_default());
            } else if let Some(tag) = field.strip_prefix("tags/") {
                let tag = tag.replace("~1", "/").replace("~0", "~");
                match value {
                    Some(value) => drop(steps.tags.insert(tag, value.clone())),
                    None => steps.no_tags.push(tag),
                }
            }
            steps.notifies |= is_notification(place);
        }
        steps
    }
}

fn leaves_anything(changes: &Changes) -> bool {
    changes.keys().any(|place| is_left_by_changes(place))
}

fn is_notification(place: &str) -> bool {
    place.starts_with("/properties/notificationSetting")
}

/// Where the history of the run is changed: below its experiment, by what the document has of that.
fn run_path(document: &Document, is_job: bool) -> Option<String> {
    let (word, experiment) = match is_job {
        true => ("experiments", &document.value["properties"]["experimentName"]),
        false => ("experimentids", &document.value["experimentId"]),
    };
    let experiment = encoded(experiment.as_str()?);
    Some(format!("{word}/{experiment}/runs/{}", encoded(&document.address.name)))
}

/// What the job is to say of itself: a PUT that said what it said at first would undo the steps
/// before.
fn changed(document: &Document, changes: &Changes) -> Value {
    let mut value = document.value.clone();
    let is_changed = |place: &str| {
        let field = place.strip_prefix("/properties/").unwrap_or_default();
        TEXTS.contains(&field) || field.starts_with("tags/") || is_notification(place)
    };
    for (place, change) in changes.iter().filter(|(place, _)| is_changed(place)) {
        put(&mut value, place, change.as_ref());
    }
    value["properties"].take()
}

/// Puts something at a place, or takes away what is there.
fn put(value: &mut Value, place: &str, new: Option<&Value>) {
    let Some((above, key)) = place.rsplit_once('/') else { return };
    let key = key.replace("~1", "/").replace("~0", "~");
    match (value.pointer_mut(above), new) {
        (Some(Value::Object(fields)), Some(new)) => drop(fields.insert(key, new.clone())),
        (Some(Value::Object(fields)), None) => drop(fields.shift_remove(&key)),
        (Some(Value::Array(values)), Some(new)) => {
            let at = key.parse().ok().and_then(|at: usize| values.get_mut(at));
            if let Some(old) = at {
                *old = new.clone();
            }
        }
        _ => {}
    }
}

/// What stands in the way; nothing where it was taken, or where the service says that it does not
/// let this be changed: the last look tells what of it was.
fn refusal(answer: &Answer) -> Result<Option<Rewritten>, Failure> {
    match (answer.status, answer.barrier()) {
        (_, Some(barrier)) => Ok(Some(Rewritten::Blocked(barrier))),
        (200..=299 | 400, None) => Ok(None),
        (404, None) if answer.is_absent() || answer.is_absent_there() => {
            Ok(Some(Rewritten::AlreadyAbsent))
        }
        _ => Err(answer.failure(SCRUBBING)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_by_its_place() {
        let one =
            json!({"a": {"b": 1, "c/d": "x", "gone": 1}, "e": [1, {"f": 2}], "g": [1], "h": 1});
        let other = json!({
            "a": {"b": 1, "c/d": "y", "new": 2}, "e": [1, {"f": 3}], "g": [], "h": {"i": 1},
        });
        let expected: Changes = [
            ("/a/c~1d", Some(json!("y"))),
            ("/a/gone", None),
            ("/a/new", Some(json!(2))),
            ("/e/1/f", Some(json!(3))),
            ("/g", Some(json!([]))),
            ("/h", Some(json!({"i": 1}))),
        ]
        .map(|(place, value)| (place.to_owned(), value))
        .into();
        assert_eq!(changes(&one, &other), expected);
        assert!(changes(&one, &one).is_empty());
    }

    #[test]
    fn what_differs_is_what_makes_the_other_of_the_one() {
        let one = json!({"a": {"b": 1, "c/d": "x", "gone": 1}, "e": [1, {"f": 2}], "g": [1]});
        let other = json!({"a": {"b": 1, "c/d": "y", "new": 2}, "e": [1, {"f": 3}], "g": []});
        let mut value = one.clone();
        for (place, change) in &changes(&one, &other) {
            put(&mut value, place, change.as_ref());
        }
        assert_eq!(value, other);
    }

    #[test]
    fn who_changed_it_last_is_left_by_the_change() {
        for (place, expected) in [
            ("/lastModifiedBy/upn", true),
            ("/lastModifiedBy", true),
            ("/systemData/lastModifiedBy", true),
            ("/lastModifiedByNobody", false),
            ("/createdBy/upn", false),
            ("/systemData/createdBy", false),
        ] {
            assert_eq!(is_left_by_changes(place), expected, "{place}");
        }
    }
}
