//! A folder of this machine as a source: every regular file below it, hidden ones too, is an item,
//! and so are symbolic links, pipes, and directories that hold nothing: their names may say a name.
//!
//! A directory that does not let us in is an item that cannot be read.
//!
//! Links are never followed: what they point to lies in another place, which is a source of its own
//! or not ours, and following one could read or erase outside the folder. The text of the target is
//! what a link holds. A folder that an erasure leaves empty goes with the name that it was a part
//! of, as in a container, which has none; but for containers.
//!
//! A file system knows no conditional delete. The state of a file (its `ETag`: inode, size, time of
//! last change) is compared right before it is unlinked; a write that falls between the two calls
//! is lost with the file. So the folder should rest while requests run; a blob container need not.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use crate::adapters::folder::draft::Draft;
use crate::adapters::folder::layout::{Laid, laid};
use crate::adapters::folder::path::{Below, is_absence, is_closed, relative};
use crate::adapters::folder::walk;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::{Container, Containers, FolderLayout};
use crate::domain::outcome::{Barrier, Block};
use crate::ports::sources::{
    ByteStream, Erased, Finds, Followed, Ground, NewForm, Page, Read, Rewritten, Source, Walked,
};

/// Items on one page, and names of one directory held in memory at a time.
const PAGE_ITEMS_MAX: usize = 4096;
/// Bytes read at a time.
const READ_BYTES: usize = 256 * 1024;

/// The source. The folder is looked at anew with every call, so it may appear after the start.
pub struct FolderSource {
    name: String,
    root: PathBuf,
    /// What the settings say that it is.
    layout: Option<FolderLayout>,
}

impl FolderSource {
    /// The folder at `path` under the configured `name`. Touches nothing yet.
    pub fn open(name: &str, path: &Path) -> Self {
        Self { name: name.to_owned(), root: path.to_owned(), layout: None }
    }

    /// The same, of which somebody says what it is; else that is told by what is in it.
    pub fn laid_out(self, layout: Option<FolderLayout>) -> Self {
        Self { layout, ..self }
    }

    /// Runs blocking work on the folder elsewhere than on the threads that serve everyone.
    async fn on_disk<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let root = self.root.clone();
        let answer = spawn_blocking(move || work(&root)).await;
        match answer {
            Ok(done) => done.map_err(|error| failure(doing, &error)),
            Err(_) => Err(Failure::permanent(format!("{doing}: the work was broken off"))),
        }
    }

    fn item(&self, name: String, container: &Container, metadata: &Metadata) -> Item {
        let kind = match metadata.file_type() {
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::Bytes,
        };
        Item {
            container: container.clone(),
            kind,
            etag: etag(metadata),
            size: if kind == Kind::Directory { 0 } else { metadata.len() },
            modified: Timestamp::new(metadata.mtime(), nanos(metadata.mtime_nsec())).ok(),
            ..Item::bare(&self.name, &name, Version::Current)
        }
    }
}

#[async_trait]
impl Source for FolderSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        format!("{} {:?}", self.root.display(), self.layout)
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Walk(self)
    }

    /// The new file takes the name in one step, right after the old one was looked at once more.
    /// It keeps owner, mode and the time of the last change. Extended attributes and other hard
    /// links stay with the old bytes.
    /// What is erased here is gone at once.
    async fn follow(&self, _: &Item, _: &str) -> Result<Followed, Failure> {
        Ok(Followed::Unknown)
    }

    /// An unlinked file is gone at once, as far as the file system tells: backups and snapshots of
    /// the disk are beyond it.
    async fn unrecoverable_after(
        &self,
        _: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        Ok(Some(erased_at))
    }

    /// Where nothing is mounted, the folder itself shows, which has another inode.
    async fn ground(&self) -> Result<Option<Ground>, Failure> {
        let look = |root: &Path| match fs::read_dir(root) {
            Ok(mut entries) => {
                let (id, place) = (fs::metadata(root)?.ino().to_string(), root.display());
                let is_bare = entries.next().is_none();
                Ok(Some(Ground { place: place.to_string(), id, is_bare }))
            }
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        };
        let place = format!("the folder {}", self.root.display());
        match self.on_disk("opening it", look).await {
            Ok(None) => Err(Failure::transient(place).because("it is not there: is it mounted?")),
            Ok(ground) => Ok(ground),
            Err(failure) => Err(Failure::new(failure.kind, place).because(failure)),
        }
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.ground().await.map(drop)
    }
}

#[async_trait]
impl Walked for FolderSource {
    async fn containers(&self) -> Result<Containers, Failure> {
        let said = self.layout;
        let look = move |root: &Path| laid(root, said).map(|laid| laid.containers);
        self.on_disk("looking into a folder", look).await
    }

    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        let (prefix, marker) = (prefix.to_owned(), marker.map(str::to_owned));
        let said = self.layout;
        let list = move |root: &Path| {
            let Laid { container, .. } = laid(root, said)?;
            Ok((container, walk::page(root, &prefix, marker.as_deref(), PAGE_ITEMS_MAX)?))
        };
        let (container, page) = self.on_disk("listing a folder", list).await?;
        let item = |(name, metadata)| self.item(name, &container, &metadata);
        let items = page.files.into_iter().map(item);
        Ok(Page { items: items.collect(), next: page.next, ..Page::default() })
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        let Some(path) = relative(&item.name) else {
            return Ok(Read::Refused("name".to_owned()));
        };
        let seen = item.etag.clone();
        let open = move |root: &Path| open_unchanged(root, &path, &seen);
        let opened = self.on_disk("opening a file", open).await?;
        Ok(match opened {
            Opened::File(reading) => Read::Bytes(stream_of(reading)),
            Opened::Whole(bytes) => Read::Bytes(stream::iter([Ok(bytes)]).boxed()),
            Opened::Absent => Read::Absent,
            Opened::Changed => Read::Changed,
            Opened::Forbidden => Read::Refused("forbidden".to_owned()),
        })
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        let path = relative(&item.name)
            .ok_or_else(|| Failure::permanent("erasing a file: no file can have that name"))?;
        let seen = item.etag.clone();
        let said = self.layout;
        let unlink = move |root: &Path| unlink_unchanged(root, said, &path, &seen);
        self.on_disk("erasing a file", unlink).await
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        const DOING: &str = "rewriting a file";
        if item.version != Version::Current {
            return Ok(Rewritten::Refused("earlier_form".to_owned()));
        }
        let Some(path) = relative(&item.name) else {
            return Ok(Rewritten::Refused("name".to_owned()));
        };
        let (begun, seen) = (path.clone(), item.etag.clone());
        let begin = move |root: &Path| begin_unchanged(root, &begun, &seen);
        let mut draft = match self.on_disk(DOING, begin).await? {
            Ok(draft) => draft,
            Err(end) => return Ok(end),
        };
        let (mut bytes, mut left) = (form.bytes, form.size);
        while let Some(piece) = bytes.try_next().await? {
            left = left.checked_sub(piece.len() as u64).ok_or_else(miscounted)?;
            draft = self.on_disk(DOING, move |_| draft.write(&piece)).await?;
        }
        if left > 0 {
            return Err(miscounted());
        }
        let seen = item.etag.clone();
        self.on_disk(DOING, move |root| put_unchanged(root, &path, &seen, draft)).await
    }

    /// Nothing is kept of a file whose name was taken.
    async fn erase_replaced(&self, _: &Item) -> Result<Erased, Failure> {
        Ok(Erased::AlreadyAbsent)
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        let Some(path) = relative(name) else { return Ok(Vec::new()) };
        let said = self.layout;
        let look = move |root: &Path| {
            let found = thing_at(root, &path)?;
            found.map(|(_, metadata)| Ok((metadata, laid(root, said)?.container))).transpose()
        };
        let found = self.on_disk("looking for a file", look).await?;
        let item = |(metadata, container)| self.item(name.to_owned(), container, metadata);
        Ok(found.iter().map(|(metadata, container)| item((metadata, container))).collect())
    }
}

/// What stands where a file was seen.
enum Opened {
    File(Reading),
    /// Of what is no file, all there is to it.
    Whole(Bytes),
    Absent,
    Changed,
    Forbidden,
}

fn open_unchanged(root: &Path, below: &Below, seen: &str) -> io::Result<Opened> {
    let Some((path, metadata)) = thing_at(root, below)? else { return Ok(Opened::Absent) };
    if etag(&metadata) != seen {
        return Ok(Opened::Changed);
    }
    if metadata.is_dir() {
        let whole = Opened::Whole(Bytes::new());
        return Ok(if is_closed(&path) { Opened::Forbidden } else { whole });
    }
    if metadata.is_symlink() {
        return Ok(match fs::read_link(path) {
            Ok(target) => Opened::Whole(target.into_os_string().into_encoded_bytes().into()),
            // Gone, or something else by now.
            Err(error) if is_absence(&error) => Opened::Absent,
            Err(error) if error.kind() == ErrorKind::InvalidInput => Opened::Changed,
            Err(error) => return Err(error),
        });
    }
    if !metadata.is_file() {
        // To open a pipe is to wait for whoever writes to it.
        return Ok(Opened::Whole(Bytes::new()));
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Opened::Absent),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(Opened::Forbidden),
        Err(error) => return Err(error),
    };
    // Asked of the open file: another one, or a link, may have taken the name since.
    if etag(&file.metadata()?) != seen {
        return Ok(Opened::Changed);
    }
    let reading = Reading { file, seen: seen.to_owned(), bytes: Bytes::new(), ended: false };
    // Most files are small: opened, read and closed in one go.
    reading.next().map(Opened::File)
}

fn unlink_unchanged(
    root: &Path,
    said: Option<FolderLayout>,
    below: &Below,
    seen: &str,
) -> io::Result<Erased> {
    let Some((path, metadata)) = thing_at(root, below)? else { return Ok(Erased::AlreadyAbsent) };
    if etag(&metadata) != seen {
        return Ok(Erased::Changed);
    }
    let removed = if metadata.is_dir() { fs::remove_dir(&path) } else { fs::remove_file(&path) };
    match removed {
        Ok(()) => {
            sync_parent(&path)?;
            let is_account = || Ok(laid(root, said)?.container == Container::Leading);
            prune(&path, below, is_account)?;
            Ok(Erased::Done)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Erased::AlreadyAbsent),
        // Somebody put something into it.
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(Erased::Changed),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Ok(Erased::Blocked(Barrier::new(Block::Lock, "")))
        }
        Err(error) => Err(error),
    }
}

/// Removes the folders that a name was in and that hold nothing any more, innermost first; but no
/// container.
fn prune(
    path: &Path,
    below: &Below,
    is_container: impl Fn() -> io::Result<bool>,
) -> io::Result<()> {
    let folders = below.path.components().count().saturating_sub(1);
    for (number, folder) in path.ancestors().skip(1).take(folders).enumerate() {
        if number + 1 == folders && is_container()? {
            break;
        }
        // Not empty, or not ours to remove.
        if fs::remove_dir(folder).is_err() {
            break;
        }
        sync_parent(folder)?;
    }
    Ok(())
}

/// A draft beside a file that is as it was seen, or what is answered instead.
fn begin_unchanged(root: &Path, path: &Below, seen: &str) -> io::Result<Result<Draft, Rewritten>> {
    let (full, metadata) = match unchanged(root, path, seen)? {
        Ok(found) => found,
        Err(end) => return Ok(Err(end)),
    };
    unless_forbidden(Draft::beside(&full, &metadata))
}

fn put_unchanged(root: &Path, path: &Below, seen: &str, draft: Draft) -> io::Result<Rewritten> {
    let (_, metadata) = match unchanged(root, path, seen)? {
        Ok(found) => found,
        Err(end) => return Ok(end),
    };
    let draft = draft.finished(&metadata)?;
    // Bringing many bytes to disk takes its time: what may have come meanwhile stays.
    let full = match unchanged(root, path, seen)? {
        Ok((full, _)) => full,
        Err(end) => return Ok(end),
    };
    Ok(match unless_forbidden(draft.put(&full))? {
        Ok(metadata) => {
            sync_parent(&full)?;
            Rewritten::Done { etag: etag(&metadata) }
        }
        Err(end) => end,
    })
}

type Found = (PathBuf, Metadata);

fn unchanged(root: &Path, path: &Below, seen: &str) -> io::Result<Result<Found, Rewritten>> {
    Ok(match thing_at(root, path)? {
        Some((_, metadata)) if etag(&metadata) != seen => Err(Rewritten::Changed),
        Some((_, metadata)) if metadata.is_dir() => Err(Rewritten::Refused("directory".into())),
        Some((_, metadata)) if !metadata.is_file() => Err(Rewritten::Refused("link".into())),
        Some(found) => Ok(found),
        None => Err(Rewritten::AlreadyAbsent),
    })
}

fn unless_forbidden<T>(done: io::Result<T>) -> io::Result<Result<T, Rewritten>> {
    match done {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Ok(Err(Rewritten::Blocked(Barrier::new(Block::Lock, ""))))
        }
        done => done.map(Ok),
    }
}

fn miscounted() -> Failure {
    Failure::permanent("rewriting a file: not as many bytes as said")
}

/// The file or link, or the empty directory, at `below` in `root`, as a full path; `None` where
/// there is none, where something else took its place, or where a link leads there.
fn thing_at(root: &Path, below: &Below) -> io::Result<Option<Found>> {
    let root = root.canonicalize()?;
    let full = root.join(&below.path);
    let parent = full.parent().expect("a path below a folder has a parent");
    match parent.canonicalize() {
        Ok(real) if real == parent => {}
        Ok(_) => return Ok(None),
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    match fs::symlink_metadata(&full) {
        Ok(metadata) if below.is_directory => {
            let is_empty = match fs::read_dir(&full) {
                // What is in it nobody knows: it was listed so.
                _ if is_closed(&full) => true,
                Ok(mut entries) => entries.next().is_none(),
                Err(error) if is_absence(&error) => false,
                Err(error) => return Err(error),
            };
            Ok((metadata.is_dir() && is_empty).then_some((full, metadata)))
        }
        Ok(metadata) if !metadata.is_dir() => Ok(Some((full, metadata))),
        Ok(_) => Ok(None),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the disappearance of a name outlast a power cut. Another erasure may have removed the
/// folder since, which was empty then.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().expect("a path below a folder has a parent");
    match File::open(parent) {
        Ok(folder) => folder.sync_all(),
        Err(error) if is_absence(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Inode and size tell another file from this one; the change time, which no program can set,
/// tells a rewrite even where the modification time was put back.
fn etag(metadata: &Metadata) -> String {
    let (ino, size) = (metadata.ino(), metadata.len());
    let (mtime, mtime_ns) = (metadata.mtime(), metadata.mtime_nsec());
    let (ctime, ctime_ns) = (metadata.ctime(), metadata.ctime_nsec());
    format!("{ino:x}-{size:x}-{mtime:x}.{mtime_ns:x}-{ctime:x}.{ctime_ns:x}")
}

fn nanos(nanos: i64) -> i32 {
    i32::try_from(nanos).unwrap_or_default()
}

/// A file that is being read.
struct Reading {
    file: File,
    seen: String,
    /// What was read last.
    bytes: Bytes,
    ended: bool,
}

impl Reading {
    /// Reads on; at the end the file must be what it was when it was opened.
    fn next(mut self) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(READ_BYTES);
        (&self.file).take(READ_BYTES as u64).read_to_end(&mut bytes)?;
        self.ended = bytes.len() < READ_BYTES;
        self.bytes = bytes.into();
        if self.ended && etag(&self.file.metadata()?) != self.seen {
            return Err(ErrorKind::ResourceBusy.into());
        }
        Ok(self)
    }
}

/// The bytes of an open file; ends in a failure if the file is no longer what it was when opened.
fn stream_of(reading: Reading) -> ByteStream {
    stream::try_unfold(reading, |mut reading| async {
        if reading.bytes.is_empty() && !reading.ended {
            let read = spawn_blocking(move || reading.next()).await;
            reading = read
                .map_err(|_| Failure::permanent("reading a file: the work was broken off"))?
                .map_err(|error| failure("reading a file", &error))?;
        }
        let bytes = std::mem::take(&mut reading.bytes);
        Ok((!bytes.is_empty()).then_some((bytes, reading)))
    })
    .boxed()
}

/// The texts of `io::Error` name no path.
fn failure(doing: &'static str, error: &io::Error) -> Failure {
    let cause = io::Error::from(error.kind());
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory => {
            Failure::needs_person(doing).because(cause)
        }
        ErrorKind::ResourceBusy => Failure::transient("reading a file: it was written meanwhile"),
        _ => Failure::transient(doing).because(cause),
    }
}
