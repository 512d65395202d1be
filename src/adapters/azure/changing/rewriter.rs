//! Puts new bytes in the place of a blob's current form, under the `ETag` that was seen.
//!
//! The bytes are staged block by block, which nobody sees, and become the blob in one request under
//! `If-Match`. A blob is asked first for what a write would lose otherwise: what describes its
//! bytes and its tier are written anew with it, and where that cannot be done nothing is written.
//! Nor is a blob that is held: where versions are kept the service would take new bytes, and the
//! old ones would stay behind as a version that nobody may erase.

use std::collections::BTreeMap;
use std::sync::Arc;

use azure_core::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use url::Url;
use uuid::Uuid;

use crate::adapters::azure::changing::eraser::Eraser;
use crate::adapters::azure::changing::unwritten::refused;
use crate::adapters::azure::form::{self, Standing, barrier, call, look_again};
use crate::adapters::azure::listing::INVALID_NAME;
use crate::adapters::azure::wire::address::{add_query, encoded};
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure::wire::container::Container;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
use crate::domain::outcome::{Barrier, Block};
use crate::ports::sources::{ByteStream, Erased, NewForm, Rewritten};

const DOING: &str = "rewriting a blob";
/// Bytes of a block, and of memory that a rewrite takes; more where so many blocks would not do.
const BLOCK_BYTES: u64 = 8 * 1024 * 1024;
const BLOCKS_MAX: u64 = 50_000;

/// What a write says anew lest it be lost: the header of a blob, and the one of a write.
const KEPT: [(&str, &str); 3] = [
    ("content-encoding", "x-ms-blob-content-encoding"),
    ("x-ms-access-tier", "x-ms-access-tier"),
    ("x-ms-encryption-scope", "x-ms-encryption-scope"),
];

/// What a write says as it is told: the property, and the header.
const SAID: [(&str, &str); 3] = [
    ("Content-Language", "x-ms-blob-content-language"),
    ("Content-Disposition", "x-ms-blob-content-disposition"),
    ("Cache-Control", "x-ms-blob-cache-control"),
];

/// Rewrites in one container.
pub struct Rewriter {
    container: Arc<Container>,
    eraser: Arc<Eraser>,
}

/// The end of a part: what is answered where it ends the whole.
type Part<T> = Result<Result<T, Rewritten>, Failure>;

impl Rewriter {
    /// Rewrites, and erases what is left of the old bytes.
    pub fn new(container: Arc<Container>, eraser: Arc<Eraser>) -> Self {
        Self { container, eraser }
    }

    /// See `Source::rewrite`.
    ///
    /// # Errors
    /// See `Source::rewrite`.
    pub async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        if item.version != Version::Current {
            return Ok(refused("earlier_form"));
        }
        let Some(url) = form::url(&self.container, item) else { return Ok(refused("name")) };
        let (rewritten, erased) = match self.replace(item, form, url).await? {
            Ok(written) => {
                let etag = written.etag().unwrap_or_default();
                let is_version = written.header("x-ms-version-id").is_some();
                (Rewritten::Done { etag }, self.eraser.erase_behind(item, is_version).await?)
            }
            Err(end @ (Rewritten::Changed | Rewritten::AlreadyAbsent)) => {
                (end, self.eraser.erase_replaced(item).await?)
            }
            Err(end) => return Ok(end),
        };
        Ok(match erased {
            Erased::Blocked(barrier) => Rewritten::Blocked(barrier),
            Erased::Done | Erased::AlreadyAbsent | Erased::Changed | Erased::Begun(_) => rewritten,
        })
    }

    /// Gives the answer to the write that was done.
    async fn replace(&self, item: &Item, form: NewForm, url: Url) -> Part<Answer> {
        let mut headers = match self.ask(item, unsayable(&form), &url).await? {
            Ok(headers) => headers,
            Err(end) => return Ok(Err(end)),
        };
        let ids = match self.stage(form.bytes, form.size, &url).await? {
            Ok(ids) => ids,
            Err(end) => return Ok(Err(end)),
        };
        headers.extend(said(&form.content_type, &form.properties));
        headers.extend(form.metadata.into_iter().map(|(k, v)| (format!("x-ms-meta-{k}"), v)));
        if !form.tags.is_empty() {
            let tags = form.tags.iter().map(|(k, v)| format!("{}={}", encoded(k), encoded(v)));
            headers.push(("x-ms-tags".to_owned(), tags.collect::<Vec<_>>().join("&")));
        }
        headers.extend(form::condition(item).map(|(name, value)| (name.to_owned(), value)));
        self.commit(item, headers, &ids, url).await
    }

    /// Asks the blob for what is to be said anew of it, or why it is not to be written.
    async fn ask(
        &self,
        item: &Item,
        unsayable: Option<&'static str>,
        url: &Url,
    ) -> Part<Vec<(String, String)>> {
        let answer = call(&self.container, DOING, Method::Head, url.clone(), &[]).await?;
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING));
        }
        let end = match (answer.status, answer.code.as_str()) {
            (200, _) if answer.etag().as_deref() != Some(item.etag.as_str()) => Rewritten::Changed,
            (200, _) => {
                let lost = lost(&answer, item).or(unsayable).map(refused);
                match lost.or_else(|| held(&answer).map(Rewritten::Blocked)) {
                    Some(end) => end,
                    None => return Ok(Ok(kept(&answer))),
                }
            }
            (404, _) => Rewritten::AlreadyAbsent,
            (409, "BlobUsesCustomerSpecifiedEncryption") => refused_by("customer_key", &answer),
            (403, _) => Rewritten::Blocked(Barrier::new(Block::Lock, &answer.code)),
            _ => return Err(answer.failure(DOING)),
        };
        Ok(Err(end))
    }

    /// Stages all bytes, and gives the ids of the blocks. The ids are this attempt's own: two that
    /// write at once do not mix their blocks. Blocks that are not committed go after a week.
    async fn stage(&self, mut bytes: ByteStream, size: u64, url: &Url) -> Part<Vec<String>> {
        let attempt = Uuid::new_v4().simple();
        let block_bytes = BLOCK_BYTES.max(size.div_ceil(BLOCKS_MAX));
        let block_bytes = usize::try_from(block_bytes).expect("a block fits into memory");
        let (mut pending, mut ids, mut count) = (BytesMut::new(), Vec::new(), 0);
        loop {
            let piece = bytes.try_next().await?;
            let is_end = piece.is_none();
            count += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            if count > size || (is_end && count < size) {
                return Err(Failure::permanent("rewriting a blob: not as many bytes as said"));
            }
            pending.extend_from_slice(&piece.unwrap_or_default());
            while pending.len() >= block_bytes || (is_end && !pending.is_empty()) {
                let block = pending.split_to(block_bytes.min(pending.len())).freeze();
                let id = STANDARD.encode(format!("{attempt}-{:05}", ids.len()));
                if let Err(end) = self.stage_block(&id, block, url).await? {
                    return Ok(Err(end));
                }
                ids.push(id);
            }
            if is_end {
                return Ok(Ok(ids));
            }
        }
    }

    async fn stage_block(&self, id: &str, block: Bytes, url: &Url) -> Part<()> {
        let mut block_url = url.clone();
        add_query(&mut block_url, "comp", "block");
        add_query(&mut block_url, "blockid", id);
        let call = self.container.put(block_url, Vec::new(), block).await;
        let answer = call.map_err(|trouble| trouble.failure(DOING))?;
        match answer.status {
            201 => Ok(Ok(())),
            _ => self.not_written(answer, url).await.map(Err),
        }
    }

    async fn commit(
        &self,
        item: &Item,
        headers: Vec<(String, String)>,
        ids: &[String],
        url: Url,
    ) -> Part<Answer> {
        let mut list_url = url.clone();
        add_query(&mut list_url, "comp", "blocklist");
        let blocks: String =
            ids.iter().map(|id| format!("<Uncommitted>{id}</Uncommitted>")).collect();
        let list =
            format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{blocks}</BlockList>");
        let call = self.container.put(list_url, headers, list.into()).await;
        let answer = call.map_err(|trouble| trouble.failure(DOING))?;
        let is_overtaken = answer.status == 412 && !answer.code.starts_with("Lease");
        match answer.status {
            201 => Ok(Ok(answer)),
            // The blocks go with whatever is written; both are also what a try gets whose
            // forerunner wrote the blob and whose answer was lost.
            _ if is_overtaken || answer.code == "InvalidBlockList" => {
                match look_again(&self.container, item, url).await? {
                    Standing::Absent => Ok(Err(Rewritten::AlreadyAbsent)),
                    Standing::Changed => Ok(Err(Rewritten::Changed)),
                    Standing::Same => {
                        Err(Failure::transient("rewriting a blob: its blocks were dropped"))
                    }
                }
            }
            _ => self.not_written(answer, &url).await.map(Err),
        }
    }

    /// Why a write was not taken.
    async fn not_written(&self, answer: Answer, url: &Url) -> Result<Rewritten, Failure> {
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING));
        }
        Ok(match (answer.status, answer.code.as_str()) {
            // Somebody has staged blocks whose ids have another length, and has not committed them.
            (400, "InvalidBlobOrBlock") => refused_by("uncommitted", &answer),
            (409, "BlobArchived" | "BlobBeingRehydrated") => refused_by("archived", &answer),
            (409, "BlobUsesCustomerSpecifiedEncryption") => refused_by("customer_key", &answer),
            (status, code) => match barrier(&self.container, status, code, url).await? {
                Some(barrier) => Rewritten::Blocked(barrier),
                None => return Err(answer.failure(DOING)),
            },
        })
    }
}

/// What of this blob a write would lose.
fn lost(answer: &Answer, item: &Item) -> Option<&'static str> {
    let is = |name, value| answer.header(name).is_some_and(|found| found == value);
    let tags = answer.header("x-ms-tag-count").map_or(Some(0), |count| count.parse().ok());
    let checks = [
        ("append_blob", is("x-ms-blob-type", "AppendBlob")),
        ("page_blob", is("x-ms-blob-type", "PageBlob")),
        ("directory", is("x-ms-meta-hdi_isfolder", "true")),
        ("directory", is("x-ms-resource-type", "directory")),
        ("archived", is("x-ms-access-tier", "Archive")),
        ("customer_key", answer.header("x-ms-encryption-key-sha256").is_some()),
        ("expiry", answer.header("x-ms-expiry-time").is_some()),
        // A listing by a credential that may not see tags shows none.
        ("tags", tags != Some(item.tags.len())),
    ];
    checks.into_iter().find(|(_, is_lost)| *is_lost).map(|(word, _)| word)
}

/// What stands beside the bytes and no header can say.
fn unsayable(form: &NewForm) -> Option<&'static str> {
    let is_name =
        |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let is_value =
        |value: &str| value.bytes().all(|b| (b' '..=b'~').contains(&b)) && value.trim() == value;
    let is_sayable = |(name, value): (&String, &String)| {
        is_name(name) && name != INVALID_NAME && is_value(value)
    };
    if !form.metadata.iter().all(is_sayable) {
        return Some("metadata");
    }
    let are_values = said(&form.content_type, &form.properties).all(|(_, value)| is_value(&value));
    (!are_values).then_some("properties")
}

/// Headers that say what was told of the bytes.
fn said<'a>(
    content_type: &'a Option<String>,
    properties: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (String, String)> + 'a {
    let each = SAID.iter().filter_map(|(name, header)| Some((*header, properties.get(*name)?)));
    let content_type = content_type.iter().map(|value| ("x-ms-blob-content-type", value));
    content_type.chain(each).map(|(header, value)| (header.to_owned(), value.clone()))
}

/// Until when nobody may erase a blob.
const UNTIL: &str = "x-ms-immutability-policy-until-date";

/// What keeps the bytes that are there from being erased. Until when is the service's own time.
fn held(answer: &Answer) -> Option<Barrier> {
    let block = if answer.header("x-ms-legal-hold") == Some("true") {
        Block::LegalHold
    } else {
        answer.header(UNTIL)?;
        let until = answer.time(UNTIL).zip(answer.time("date"));
        let is_over = until.is_some_and(|(until, now)| until <= now);
        if is_over {
            return None;
        }
        Block::Immutable
    };
    Some(Barrier::new(block, ""))
}

fn kept(answer: &Answer) -> Vec<(String, String)> {
    let is_inferred = answer.header("x-ms-access-tier-inferred") == Some("true");
    let says = |(name, new): &(&'static str, &'static str)| {
        let is_left_out = is_inferred && *name == "x-ms-access-tier";
        let value = answer.header(name).filter(|value| !is_left_out && !value.is_empty())?;
        Some(((*new).to_owned(), value.to_owned()))
    };
    KEPT.iter().filter_map(says).collect()
}

fn refused_by(word: &str, answer: &Answer) -> Rewritten {
    Rewritten::Refused(format!("{word}: {}", answer.code))
}
