//! Puts new bytes in the place of a file. How far that is safe is said in
//! [`crate::adapters::azure_lake::changing`].

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use url::Url;

use crate::adapters::azure::changing::unwritten::refused;
use crate::adapters::azure::drafts;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure_lake::changing::directory;
use crate::adapters::azure_lake::changing::eraser::{quoted, unchanged};
use crate::adapters::azure_lake::changing::unwritten::{DOING, not_written};
use crate::adapters::azure_lake::drafted::Drafts;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::path::{self, Said, Standing, look, said_of};
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::outcome::{Barrier, Block};
use crate::ports::sources::{ByteStream, Erased, NewForm, Rewritten};

/// Bytes of a piece, and of memory that a rewrite takes.
const PIECE_BYTES: usize = 8 * 1024 * 1024;
/// Pieces after which what is there of a draft is written down: by that it is seen that somebody is
/// at it.
const PIECES_UNWRITTEN_MAX: u32 = 8;

/// What a write says as it is told: the property, and the header.
const SAID: [(&str, &str); 3] = [
    ("Content-Language", "x-ms-content-language"),
    ("Content-Disposition", "x-ms-content-disposition"),
    ("Cache-Control", "x-ms-cache-control"),
];

/// Rewrites in one file system.
pub struct Rewriter {
    lake: Arc<FileSystem>,
    drafts: Arc<Drafts>,
}

/// The end of a part: what is answered where it ends the whole.
type Part<T> = Result<Result<T, Rewritten>, Failure>;

impl Rewriter {
    /// Rewrites in that file system.
    pub fn new(lake: Arc<FileSystem>, drafts: Arc<Drafts>) -> Self {
        Self { lake, drafts }
    }

    /// See `Walked::rewrite`.
    ///
    /// # Errors
    /// See `Walked::rewrite`.
    pub async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        if item.version != Version::Current {
            return Ok(refused("earlier_form"));
        }
        let draft = drafts::beside(&item.name, &item.etag);
        let (Some(url), Some(draft_url)) = (self.lake.url(&item.name), self.lake.url(&draft))
        else {
            return Ok(refused("name"));
        };
        let said = match self.said(item).await? {
            Ok(said) => said,
            Err(end) => return Ok(end),
        };
        if let Some(word) = unsayable(&form).or(said.lost) {
            return Ok(refused(word));
        }
        if item.kind == Kind::Directory {
            return directory::rewrite(&self.lake, item, form, said).await;
        }
        self.drafts.remove_of(&item.name).await?;
        let written = async {
            match self.write(form, &said, &draft_url).await? {
                Ok(etag) => self.put(item, url, &draft, etag).await,
                Err(end) => Ok(end),
            }
        };
        let end = written.await;
        if !matches!(end, Ok(Rewritten::Done { .. })) {
            // What cannot be removed now is removed by whoever comes next.
            self.drafts.remove(&draft).await.ok();
        }
        end
    }

    /// All that is to be said anew, of a path that is as it was seen.
    async fn said(&self, item: &Item) -> Part<Said> {
        let mut said = match unchanged(&self.lake, item).await? {
            Ok(said) => said,
            Err(end) => return Ok(Err(rewritten(end))),
        };
        if !said.rights.is_whole() {
            let Some(rights) = path::rights(&self.lake, &item.name).await? else {
                let code = "AuthorizationPermissionMismatch";
                return Ok(Err(Rewritten::Blocked(Barrier::new(Block::Lock, code))));
            };
            said.rights = rights;
        }
        Ok(Ok(said))
    }

    /// Writes the draft, and gives its `ETag`.
    async fn write(&self, form: NewForm, said: &Said, url: &Url) -> Part<String> {
        let content = content(&form, said);
        let rights = said.rights.but_for(|name| form.properties.get(name).cloned());
        let mut headers = rights.headers();
        headers.extend(content.clone());
        headers.push(("if-none-match".to_owned(), "*".to_owned()));
        if !form.metadata.is_empty() {
            headers.push(("x-ms-properties".to_owned(), said_of(&form.metadata)));
        }
        if let Some(context) = &said.encryption {
            headers.push(("x-ms-encryption-context".to_owned(), context.clone()));
        }
        let mut url_of_file = url.clone();
        add_query(&mut url_of_file, "resource", "file");
        let answer = self.lake.put(DOING, url_of_file, headers).await?;
        match answer.status {
            201 => {
                let etag = answer.etag().unwrap_or_default();
                self.fill(form.bytes, form.size, url, (etag, content)).await
            }
            // A name of our own attempt: only a try whose answer was lost can have made it.
            409 if answer.is_repeat && answer.code == "PathAlreadyExists" => Err(overtaken()),
            _ => not_written(&answer).map(Err),
        }
    }

    /// Writes all bytes into it.
    async fn fill(
        &self,
        mut bytes: ByteStream,
        size: u64,
        url: &Url,
        (mut etag, content): (String, Vec<(String, String)>),
    ) -> Part<String> {
        let (mut pending, mut count, mut at) = (BytesMut::new(), 0_u64, 0_u64);
        let mut unwritten = 0;
        loop {
            let piece = bytes.try_next().await?;
            let is_end = piece.is_none();
            count += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            if count > size || (is_end && count < size) {
                return Err(Failure::permanent("rewriting a path: not as many bytes as said"));
            }
            pending.extend_from_slice(&piece.unwrap_or_default());
            while pending.len() >= PIECE_BYTES || (is_end && !pending.is_empty()) {
                let piece = pending.split_to(PIECE_BYTES.min(pending.len())).freeze();
                let length = piece.len() as u64;
                if let Err(end) = self.append(piece, at, url).await? {
                    return Ok(Err(end));
                }
                (at, unwritten) = (at + length, unwritten + 1);
                if unwritten == PIECES_UNWRITTEN_MAX || at == size {
                    etag = match self.flush(at, url, content.clone()).await? {
                        Ok(etag) => etag,
                        Err(end) => return Ok(Err(end)),
                    };
                    unwritten = 0;
                }
            }
            if is_end {
                return Ok(Ok(etag));
            }
        }
    }

    async fn append(&self, piece: Bytes, at: u64, url: &Url) -> Part<()> {
        let mut url = url.clone();
        add_query(&mut url, "position", &at.to_string());
        let answer = self.lake.act(DOING, (url, "append"), Vec::new(), piece).await?;
        match answer.status {
            202 => Ok(Ok(())),
            404 => Err(overtaken()),
            _ => not_written(&answer).map(Err),
        }
    }

    async fn flush(&self, at: u64, url: &Url, content: Vec<(String, String)>) -> Part<String> {
        let mut url = url.clone();
        add_query(&mut url, "position", &at.to_string());
        let answer = self.lake.act(DOING, (url, "flush"), content, Bytes::new()).await?;
        match answer.status {
            200 => Ok(Ok(answer.etag().unwrap_or_default())),
            404 => Err(overtaken()),
            _ => not_written(&answer).map(Err),
        }
    }

    /// Puts the draft in the place of the file, if both are as they were seen.
    async fn put(
        &self,
        item: &Item,
        url: Url,
        draft: &str,
        etag: String,
    ) -> Result<Rewritten, Failure> {
        let renamed = self.lake.renamed(draft).ok_or_else(|| Failure::permanent(DOING))?;
        let headers = [
            ("x-ms-rename-source", renamed),
            ("if-match", quoted(&item.etag)),
            ("x-ms-source-if-match", quoted(&etag)),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let answer = self.lake.put(DOING, url, headers).await?;
        match (answer.status, answer.code.as_str()) {
            (201, _) => Ok(Rewritten::Done { etag: answer.etag().unwrap_or(etag) }),
            (412, "SourceConditionNotMet") => Err(overtaken()),
            (412, code) if !code.starts_with("Lease") => self.ended(item, etag).await,
            // The draft is gone; a try whose answer was lost may have put it there.
            (404, _) if !answer.is_container_missing() => self.ended(item, etag).await,
            _ => not_written(&answer),
        }
    }

    /// What came of a rename that was refused.
    async fn ended(&self, item: &Item, etag: String) -> Result<Rewritten, Failure> {
        Ok(match look(&self.lake, &item.name).await? {
            Standing::There(said) if said.etag == etag => Rewritten::Done { etag },
            Standing::There(said) if said.etag == item.etag => return Err(overtaken()),
            Standing::There(_) => Rewritten::Changed,
            Standing::Absent => Rewritten::AlreadyAbsent,
            Standing::Closed(..) => return Err(overtaken()),
        })
    }
}

/// Headers that say what is told of the bytes.
fn content(form: &NewForm, said: &Said) -> Vec<(String, String)> {
    let each =
        SAID.iter().filter_map(|(name, header)| Some((*header, form.properties.get(*name)?)));
    let content_type = form.content_type.iter().map(|it| ("x-ms-content-type", it));
    let encoding = said.content_encoding.iter().map(|it| ("x-ms-content-encoding", it));
    let all = content_type.chain(encoding).chain(each);
    all.map(|(header, value)| (header.to_owned(), value.clone())).collect()
}

/// Somebody took our draft for one that was left behind.
fn overtaken() -> Failure {
    Failure::transient("rewriting a path: its draft was removed")
}

fn rewritten(end: Erased) -> Rewritten {
    match end {
        Erased::Blocked(barrier) => Rewritten::Blocked(barrier),
        Erased::AlreadyAbsent => Rewritten::AlreadyAbsent,
        Erased::Changed | Erased::Done | Erased::Begun(_) => Rewritten::Changed,
    }
}

/// What no header can say.
fn unsayable(form: &NewForm) -> Option<&'static str> {
    let is_name = |name: &String| name.bytes().all(|b| b.is_ascii_graphic() && !b",=".contains(&b));
    let is_value =
        |value: &str| value.bytes().all(|b| (b' '..=b'~').contains(&b)) && value.trim() == value;
    let mut properties = form.properties.values().chain(&form.content_type);
    let checks = [
        ("tags", !form.tags.is_empty()),
        ("metadata", !form.metadata.keys().all(is_name)),
        ("properties", !properties.all(|value| is_value(value))),
    ];
    checks.into_iter().find(|(_, is_lost)| *is_lost).map(|(word, _)| word)
}
