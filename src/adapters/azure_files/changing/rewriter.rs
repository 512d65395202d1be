//! Puts new bytes in the place of a file. How far that is safe is said in
//! [`crate::adapters::azure_files::changing`].

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use url::Url;

use crate::adapters::azure::changing::unwritten::{self, refused};
use crate::adapters::azure::drafts;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure_files::changing::draft;
use crate::adapters::azure_files::changing::eraser::{leased, unchanged};
use crate::adapters::azure_files::changing::lease;
use crate::adapters::azure_files::file::{Said, Standing, barrier, look};
use crate::adapters::azure_files::lister::Lister;
use crate::adapters::azure_files::share::Share;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::ports::sources::{ByteStream, Erased, NewForm, Rewritten};

const DOING: &str = "rewriting a file";
/// Bytes of a piece: the most that the service takes at once.
const PIECE_BYTES: usize = 4 * 1024 * 1024;

/// What a write says as it is told: the property, and the header.
const SAID: [(&str, &str); 3] = [
    ("Content-Language", "x-ms-content-language"),
    ("Content-Disposition", "x-ms-content-disposition"),
    ("Cache-Control", "x-ms-cache-control"),
];

/// Rewrites in one share.
pub struct Rewriter {
    share: Arc<Share>,
    lister: Arc<Lister>,
}

/// The end of a part: what is answered where it ends the whole.
type Part<T> = Result<Result<T, Rewritten>, Failure>;

impl Rewriter {
    /// Rewrites in that share.
    pub fn new(share: Arc<Share>, lister: Arc<Lister>) -> Self {
        Self { share, lister }
    }

    /// See `Walked::rewrite`.
    ///
    /// # Errors
    /// See `Walked::rewrite`.
    pub async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        if item.version != Version::Current {
            return Ok(refused("earlier_form"));
        }
        if item.kind == Kind::Directory {
            return Ok(refused("directory"));
        }
        let draft = drafts::beside(&item.name, &item.etag);
        let (Some(url), Some(draft_url)) =
            (self.share.file_url(&item.name, None), self.share.file_url(&draft, None))
        else {
            return Ok(refused("name"));
        };
        let said = match unchanged(&self.share, item).await? {
            Ok(said) => said,
            Err(end) => return Ok(rewritten(end)),
        };
        if let Some(word) = unsayable(&form, &said) {
            return Ok(refused(word));
        }
        draft::remove_others(&self.share, &self.lister, &item.name).await?;
        let written = async {
            match self.write(form, &said, &draft_url).await? {
                Ok(()) => self.put(item, url, draft_url).await,
                Err(end) => Ok(end),
            }
        };
        let end = written.await;
        if !matches!(end, Ok(Rewritten::Done { .. })) {
            // What cannot be removed now is removed by whoever comes next.
            draft::remove(&self.share, &draft).await.ok();
        }
        end
    }

    /// Writes the draft.
    async fn write(&self, form: NewForm, said: &Said, url: &Url) -> Part<()> {
        let mut headers = vec![
            ("x-ms-type".to_owned(), "file".to_owned()),
            ("x-ms-content-length".to_owned(), form.size.to_string()),
        ];
        for (name, value) in &said.kept {
            let name = if *name == "content-encoding" { "x-ms-content-encoding" } else { name };
            headers.push((name.to_owned(), value.clone()));
        }
        if let Some(content_type) = &form.content_type {
            headers.push(("x-ms-content-type".to_owned(), content_type.clone()));
        }
        for (name, header) in SAID {
            if let Some(value) = form.properties.get(name) {
                headers.push((header.to_owned(), value.clone()));
            }
        }
        headers.extend(form.metadata.into_iter().map(|(k, v)| (format!("x-ms-meta-{k}"), v)));
        let answer = self.share.put(DOING, url.clone(), headers, Bytes::new()).await?;
        match answer.status {
            201 => self.fill(form.bytes, form.size, url).await,
            _ => not_written(&answer).map(Err),
        }
    }

    /// Writes all bytes into it.
    async fn fill(&self, mut bytes: ByteStream, size: u64, url: &Url) -> Part<()> {
        let (mut pending, mut count, mut at) = (BytesMut::new(), 0_u64, 0_u64);
        loop {
            let piece = bytes.try_next().await?;
            let is_end = piece.is_none();
            count += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            if count > size || (is_end && count < size) {
                return Err(Failure::permanent("rewriting a file: not as many bytes as said"));
            }
            pending.extend_from_slice(&piece.unwrap_or_default());
            while pending.len() >= PIECE_BYTES || (is_end && !pending.is_empty()) {
                let piece = pending.split_to(PIECE_BYTES.min(pending.len())).freeze();
                let next = at + piece.len() as u64;
                if let Err(end) = self.put_piece(piece, (at, next - 1), url).await? {
                    return Ok(Err(end));
                }
                at = next;
            }
            if is_end {
                return Ok(Ok(()));
            }
        }
    }

    async fn put_piece(&self, piece: Bytes, (first, last): (u64, u64), url: &Url) -> Part<()> {
        let mut url = url.clone();
        add_query(&mut url, "comp", "range");
        let headers = [
            ("x-ms-write", "update".to_owned()),
            ("x-ms-range", format!("bytes={first}-{last}")),
            ("x-ms-file-last-write-time", "preserve".to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let answer = self.share.put(DOING, url, headers, piece).await?;
        match answer.status {
            201 => Ok(Ok(())),
            404 => Err(overtaken()),
            _ => not_written(&answer).map(Err),
        }
    }

    /// Puts the draft in the place of the file, if that is as it was seen.
    async fn put(&self, item: &Item, url: Url, draft: Url) -> Result<Rewritten, Failure> {
        let id = match leased(&self.share, item).await? {
            Ok(id) => id,
            Err(end) => return Ok(rewritten(end)),
        };
        let end = match unchanged(&self.share, item).await {
            Ok(Ok(_)) => self.rename(item, url, draft, id).await,
            Ok(Err(end)) => Ok(rewritten(end)),
            Err(failure) => Err(failure),
        };
        // After a rename too: it is not published that the lease goes with the old file.
        if !matches!(end, Ok(Rewritten::AlreadyAbsent)) {
            lease::give_back(&self.share, &item.name, &item.etag).await;
        }
        end
    }

    async fn rename(
        &self,
        item: &Item,
        mut url: Url,
        draft: Url,
        id: String,
    ) -> Result<Rewritten, Failure> {
        add_query(&mut url, "comp", "rename");
        let headers = [
            ("x-ms-file-rename-source", draft.to_string()),
            ("x-ms-source-allow-trailing-dot", "true".to_owned()),
            ("x-ms-file-rename-replace-if-exists", "true".to_owned()),
            ("x-ms-destination-lease-id", id),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let answer = self.share.put(DOING, url, headers, Bytes::new()).await?;
        match answer.status {
            200 => Ok(Rewritten::Done { etag: answer.etag().unwrap_or_default() }),
            // The draft is gone; a try whose answer was lost may have put it there.
            404 => match look(&self.share, &item.name, None).await? {
                Standing::There(said) if said.is(item) => Err(overtaken()),
                Standing::There(_) => Ok(Rewritten::Changed),
                Standing::Absent => Ok(Rewritten::AlreadyAbsent),
                Standing::Pending | Standing::Closed(..) => Err(overtaken()),
            },
            412 => Err(answer.failure(DOING)),
            _ => not_written(&answer),
        }
    }
}

/// Why a write was not taken.
fn not_written(answer: &Answer) -> Result<Rewritten, Failure> {
    unwritten::not_written(DOING, answer, barrier(answer.status, &answer.code))
}

/// Somebody took our draft for one that was left behind.
fn overtaken() -> Failure {
    Failure::transient("rewriting a file: its draft was removed")
}

fn rewritten(end: Erased) -> Rewritten {
    match end {
        Erased::Blocked(barrier) => Rewritten::Blocked(barrier),
        Erased::AlreadyAbsent => Rewritten::AlreadyAbsent,
        Erased::Changed | Erased::Done | Erased::Begun(_) => Rewritten::Changed,
    }
}

/// What a write would lose, or no header can say.
fn unsayable(form: &NewForm, said: &Said) -> Option<&'static str> {
    let is_name = |name: &str| {
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    let is_value =
        |value: &str| value.bytes().all(|b| (b' '..=b'~').contains(&b)) && value.trim() == value;
    let is_said = |(name, value): (&String, &String)| is_name(name) && is_value(value);
    let mut properties = form.properties.values().chain(&form.content_type);
    let checks = [
        ("link", said.is_link),
        ("tags", !form.tags.is_empty()),
        ("metadata", !form.metadata.iter().all(is_said)),
        ("properties", !properties.all(|value| is_value(value))),
    ];
    checks.into_iter().find(|(_, is_lost)| *is_lost).map(|(word, _)| word)
}
