//! What a run's own document says of who created the run.

use std::io::Read as _;
use std::sync::Arc;

use futures::TryStreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
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
    matcher: &Arc<Matcher>,
) -> Result<Option<Document>, Failure> {
    let Some(bytes) = read(source, item).await? else { return Ok(None) };
    let (run, matcher) = (run.to_owned(), Arc::clone(matcher));
    let encoding = item.content_encoding.clone();
    let telling = tokio::task::spawn_blocking(move || {
        said(&undone(encoding.as_deref(), &bytes)?, &run, &matcher)
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
fn said(bytes: &[u8], run: &str, matcher: &Matcher) -> Option<Document> {
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
    let asked = json!({ "createdBy": document.created_by, "userId": user,
                        "systemData": { "createdBy": creator } });
    let parents = [&document.parent_run_id, &document.root_run_id];
    let parents = parents.into_iter().filter_map(Value::as_str).filter(|id| *id != run);
    let parents = parents.map(str::to_owned).collect();
    Some(match speaks_of_subject(&asked, matcher) {
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
    matcher: &Arc<Matcher>,
) -> Result<bool, Failure> {
    let Some(bytes) = read(source, item).await? else { return Ok(true) };
    let Ok(document) = serde_json::from_slice::<Value>(&bytes) else { return Ok(true) };
    let creators = [&document["createdBy"], &document["systemData"]["createdBy"]];
    if creators.iter().all(|creator| creator.is_null()) {
        return Ok(false);
    }
    let (asked, matcher) = (json!({ "createdBy": creators }), Arc::clone(matcher));
    let telling = tokio::task::spawn_blocking(move || speaks_of_subject(&asked, &matcher));
    Ok(!telling.await.unwrap_or(false))
}

fn speaks_of_subject(creators: &Value, matcher: &Matcher) -> bool {
    let text = creators.to_string();
    let item = Item::bare("", "", Version::Current);
    let scan = scan(&item, &mut text.as_bytes(), matcher, &ItemLimits::default());
    scan.is_ok_and(|scan| !scan.hits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};

    #[test]
    fn a_document_says_whose_its_own_run_is() {
        let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        let subject = Subject {
            identities: vec![
                raw(IdentityType::Email, "ann@contoso.com"),
                raw(IdentityType::Name, "Ann Lefèvre"),
            ],
        };
        let matcher = Matcher::new(&[&subject]);
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
            assert_eq!(said(bytes.as_bytes(), "r1", &matcher), expected, "{bytes}");
        }
    }
}
