//! What a run's own document says of who created the run.

use std::io::Read as _;
use std::sync::Arc;

use futures::TryStreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::asked::subject::{IdentityType, Subject};
use crate::domain::failure::Failure;
use crate::domain::homes::claim::Claim;
use crate::domain::item::{Hit, Item, Version};
use crate::matching::encoding::Undone;
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::Matcher;
use crate::matching::scan::scan;
use crate::ports::sources::{Read, Walked};

/// Largest document that is read for that, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 16 << 20;
/// How often a document that changes under our eyes is looked up again.
const CHANGES_MAX: u32 = 3;

/// What a document says.
#[derive(Debug, PartialEq, Eq)]
pub enum Document {
    /// That the subject created the run.
    OfSubject {
        /// The runs that it names as those above it.
        parents: Vec<String>,
    },
    /// That somebody else did.
    OfOthers {
        /// The runs that it names as those above it.
        parents: Vec<String>,
    },
    /// Nothing of it: it is another's, or none.
    Silent,
}

/// Who may have created a run, and what they are known by.
pub struct Claimant {
    matcher: Matcher,
    has_object_id: bool,
    has_passport_id: bool,
    has_address: bool,
}

/// What of a run, or of a job, is asked. Anybody can have written a document: it may say anything.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Run {
    run_id: Value,
    /// A job's id.
    name: Value,
    created_by: Value,
    user_id: Value,
    system_data: Value,
    parent_run_id: Value,
    root_run_id: Value,
}

/// What `item` says of `run`; `None` where it cannot be read.
///
/// # Errors
/// The source's failure.
pub async fn creator(
    source: &dyn Walked,
    item: &Item,
    run: &str,
    claimant: &Arc<Claimant>,
) -> Result<Option<Document>, Failure> {
    let Some(bytes) = read(source, item).await? else { return Ok(None) };
    let (run, claimant) = (run.to_owned(), Arc::clone(claimant));
    let encoding = item.content_encoding.clone();
    let telling = tokio::task::spawn_blocking(move || {
        said(&undone(encoding.as_deref(), &bytes)?, &run, &claimant)
    });
    // What panics on hostile bytes has met what it cannot read.
    Ok(telling.await.ok().flatten())
}

async fn read(source: &dyn Walked, item: &Item) -> Result<Option<Vec<u8>>, Failure> {
    let mut item = item.clone();
    for _ in 0..CHANGES_MAX {
        if item.size > DOCUMENT_BYTES_MAX {
            return Ok(None);
        }
        match source.read(&item).await? {
            Read::Bytes(bytes) => {
                let all = bytes.try_fold(Vec::new(), |mut all, more| async move {
                    all.extend_from_slice(&more);
                    Ok(all)
                });
                return all.await.map(Some);
            }
            Read::Changed => {
                let forms = source.remains(&item.name).await?;
                match forms.into_iter().find(|form| form.version == item.version) {
                    Some(now) => item = now,
                    None => return Ok(None),
                }
            }
            Read::Absent | Read::Refused(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// `None` where that is too much, or broken.
fn undone(encoding: Option<&str>, mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut undone = Undone::new(encoding, &mut bytes, &ItemLimits::default()).ok()?;
    let mut all = Vec::new();
    undone.by_ref().take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut all).ok()?;
    let is_whole = undone.trouble().is_none() && all.len() as u64 <= DOCUMENT_BYTES_MAX;
    is_whole.then_some(all)
}

/// What these bytes say of the run of that id; `None` where they are no JSON object.
fn said(bytes: &[u8], run: &str, claimant: &Claimant) -> Option<Document> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // A list would be taken for the fields in their order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let document: Run = serde_json::from_slice(bytes).ok()?;
    let creator = document.system_data.get("createdBy").unwrap_or(&Value::Null);
    let id = document.run_id.as_str().or(document.name.as_str().filter(|_| !creator.is_null()));
    if id.is_some_and(|id| id != run) {
        return Some(Document::Silent);
    }
    // What names no run may be a file of the run that happens to list users.
    let user = if id.is_some() { &document.user_id } else { &Value::Null };
    if [&document.created_by, creator, user].iter().all(|creator| creator.is_null()) {
        return Some(Document::Silent);
    }
    let parents = [&document.parent_run_id, &document.root_run_id];
    let parents = parents.into_iter().filter_map(Value::as_str).filter(|id| *id != run);
    let parents = parents.map(str::to_owned).collect();
    Some(match claimant.created(&document.created_by, user, creator) {
        true => Document::OfSubject { parents },
        false => Document::OfOthers { parents },
    })
}

/// Whether the document of a resource says that somebody else created it; or cannot be read, so
/// that nobody knows.
///
/// # Errors
/// The source's failure.
pub async fn is_of_others(
    source: &dyn Walked,
    item: &Item,
    claimant: &Arc<Claimant>,
) -> Result<bool, Failure> {
    let Some(bytes) = read(source, item).await? else { return Ok(true) };
    let Ok(document) = serde_json::from_slice::<Value>(&bytes) else { return Ok(true) };
    let (created_by, system) = (&document["createdBy"], &document["systemData"]["createdBy"]);
    if created_by.is_null() && system.is_null() {
        return Ok(false);
    }
    let claimant = Arc::clone(claimant);
    let (created_by, system) = (created_by.clone(), system.clone());
    let telling = move || claimant.created(&created_by, &Value::Null, &system);
    Ok(!tokio::task::spawn_blocking(telling).await.unwrap_or(false))
}

/// Whose folder is called as whoever created a run signs in, as the record of a service says.
///
/// # Errors
/// The source's failure.
pub async fn author(source: &dyn Walked, item: &Item) -> Result<Option<Claim>, Failure> {
    let Some(bytes) = read(source, item).await? else { return Ok(None) };
    let Ok(record) = serde_json::from_slice::<Value>(&bytes) else { return Ok(None) };
    let by = &record["createdBy"];
    let told = [&by["upn"], &by["userName"], &record["systemData"]["createdBy"]];
    let address = told.into_iter().filter_map(Value::as_str).find(|it| it.contains('@'));
    Ok(address.and_then(|address| Claim::of_sign_in(address, by["userObjectId"].as_str())))
}

/// Whether somebody is named where records of runs say who made them.
pub fn is_of_author(hit: &Hit) -> bool {
    ["/createdBy/", "/systemData/createdBy"].iter().any(|place| hit.place.contains(place))
}

impl Claimant {
    /// These people.
    pub fn new(people: &[Subject]) -> Self {
        let matcher = Matcher::new(&people.iter().collect::<Vec<_>>());
        let identities = || people.iter().flat_map(|person| &person.identities);
        let has = |kinds: &[IdentityType]| identities().any(|each| kinds.contains(&each.kind));
        Self {
            matcher,
            has_object_id: has(&[IdentityType::ObjectId]),
            has_passport_id: has(&[IdentityType::Puid]),
            has_address: has(&[IdentityType::Email, IdentityType::Upn]),
        }
    }

    /// Whether what documents say in these fields means them. Where both sides give an id or an
    /// address of one sort, that tells, and no name: others may have that too.
    fn created(&self, created_by: &Value, user_id: &Value, system: &Value) -> bool {
        let is_address =
            |value: &&Value| value.as_str().is_some_and(|address| address.contains('@'));
        let ids = [&created_by["userObjectId"], user_id];
        let ids = ids.into_iter().filter(|id| self.has_object_id && id.is_string());
        let passport = Some(&created_by["userPuId"]);
        let passport = passport.filter(|id| self.has_passport_id && id.is_string());
        let addresses = [&created_by["upn"], created_by, system];
        let addresses = addresses.into_iter().filter(|_| self.has_address).filter(is_address);
        let sure: Vec<&Value> = ids.chain(passport).chain(addresses).collect();
        match sure.as_slice() {
            [] => self.is_in(&json!([created_by, user_id, system])),
            sure => self.is_in(&json!(sure)),
        }
    }

    fn is_in(&self, values: &Value) -> bool {
        let text = json!({ "createdBy": values }).to_string();
        let item = Item::bare("", "", Version::Current);
        let scan = scan(&item, &mut text.as_bytes(), &self.matcher, &ItemLimits::default());
        scan.is_ok_and(|scan| !scan.hits.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::{Identity, IdentityFormat};

    #[test]
    fn a_document_says_whose_its_own_run_is() {
        let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        let subject = Subject {
            identities: vec![
                raw(IdentityType::Email, "ann@contoso.com"),
                raw(IdentityType::Name, "Ann Lefèvre"),
            ],
        };
        let claimant = Claimant::new(&[subject]);
        let others = |parents: &[&str]| {
            let parents = parents.iter().map(|id| (*id).to_owned()).collect();
            Some(Document::OfOthers { parents })
        };
        let ours = || Some(Document::OfSubject { parents: vec![] });
        let table = [
            (r#"{"runId":"r1","createdBy":{"upn":"ann@contoso.com"}}"#, ours()),
            ("\u{feff}{\"runId\":\"r1\",\"createdBy\":\"ann@contoso.com\"}", ours()),
            (r#"{"runId":"r1","userId":"ann@contoso.com"}"#, ours()),
            (
                r#"{"runId":"r1","createdBy":"ann@contoso.com","parentRunId":"p"}"#,
                Some(Document::OfSubject { parents: vec!["p".to_owned()] }),
            ),
            (r#"{"createdBy":{"userName":"Ann Lef\u00e8vre"}}"#, ours()),
            (r#"{"name":"r1","systemData":{"createdBy":"Ann Lefèvre"}}"#, ours()),
            (r#"{"name":null,"runId":"r1","createdBy":{"userName":"Ann Lefèvre"}}"#, ours()),
            (r#"{"runId":"r1","createdBy":{"upn":"bob@contoso.com"}}"#, others(&[])),
            (
                r#"{"runId":"r1","createdBy":"b","parentRunId":"p","rootRunId":"r1"}"#,
                others(&["p"]),
            ),
            (r#"{"runId":"r1","tags":{"by":"ann@contoso.com"}}"#, Some(Document::Silent)),
            (r#"{"runId":"r2","createdBy":"ann@contoso.com"}"#, Some(Document::Silent)),
            (r#"{"name":"r2","systemData":{"createdBy":"b"}}"#, Some(Document::Silent)),
            (r#"{"userId":"ann@contoso.com"}"#, Some(Document::Silent)),
            ("[]", None),
            ("{", None),
        ];
        for (bytes, expected) in table {
            assert_eq!(said(bytes.as_bytes(), "r1", &claimant), expected, "{bytes}");
        }
    }

    #[test]
    fn where_both_sides_give_an_id_a_name_tells_nothing() {
        let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        let id = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
        let claimant = Claimant::new(&[Subject {
            identities: vec![
                raw(IdentityType::ObjectId, id),
                raw(IdentityType::Email, "ann@contoso.com"),
                raw(IdentityType::Name, "Ann Lefèvre"),
            ],
        }]);
        let named = |field: &str, value: &str| {
            let created_by = json!({ field: value, "userName": "Ann Lefèvre" });
            json!({ "runId": "r1", "createdBy": created_by })
        };
        let table = [
            (named("userObjectId", id), true),
            (named("userObjectId", "00000000-8b86-d011-b42d-00cf4fc964ff"), false),
            (named("upn", "ann@contoso.com"), true),
            (named("upn", "another.ann@contoso.com"), false),
            // Nobody said which passport is hers.
            (named("userPuId", "1003200112345678"), true),
            (json!({ "name": "r1", "systemData": { "createdBy": "Ann Lefèvre" } }), true),
            (json!({ "name": "r1", "systemData": { "createdBy": "a@contoso.com" } }), false),
        ];
        for (document, is_hers) in table {
            let told = said(document.to_string().as_bytes(), "r1", &claimant);
            let expected = matches!(told, Some(Document::OfSubject { .. }));
            assert_eq!(expected, is_hers, "{document}");
        }
    }
}
