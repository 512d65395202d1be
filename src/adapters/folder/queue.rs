//! The embedded default queue: a folder with `incoming/`, `accepted/`, `rejected/` and `events/`.
//!
//! Anyone may drop a request into `incoming/`. Names that begin with a dot or end in `.tmp` or
//! `.part` are still being written; any other file is taken once its size and time have stood still
//! for one poll, for the sake of programs that write in place. A request that was taken leaves an
//! empty file of its name in `accepted/`: its body names the person, and lives only sealed in the
//! ledger.
//!
//! The signature of `NAME` is the file `NAME.jws` beside it, put there first: a request is taken
//! with what is beside it. The two stand still together, and go together. Nothing is left of an
//! accepted request's signature, by which a guess at the body could be tested.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::adapters::folder::durable::{
    NAME_BYTES_MAX, found, numbered, place_beside, sync_folder, write_whole,
};
use crate::domain::event::{Announcement, Correspondence};
use crate::domain::failure::Failure;
use crate::ports::door::{Announced, Announcer, Delivery, DeliveryToken, Inbox, Label, Settlement};

/// How often the folder is looked at, and how long a file must stand still.
const POLL: Duration = Duration::from_millis(200);
/// Stands after the name of a request in the name of its signature.
const SIGNATURE_ENDING: &str = ".jws";
/// Bytes of a signature that are read: more than any that is right.
const SIGNATURE_BYTES_MAX: u64 = 8192;
/// Reason of a file that is no file.
const SYMBOLIC_LINK: &str = "symbolic_link";
/// Reason of a file that we may not read.
const UNREADABLE: &str = "unreadable";

/// A folder as inbox and as announcer.
#[derive(Clone)]
pub struct FolderQueue {
    incoming: Arc<Incoming>,
    events: PathBuf,
}

impl FolderQueue {
    /// Opens the queue in `root`, making its folders where they are missing. A file longer than
    /// `message_bytes_max` is handed out cut to one byte more than that, so that intake can tell.
    ///
    /// # Errors
    /// `NeedsPerson` where the folders cannot be made.
    pub fn open(root: &Path, message_bytes_max: usize) -> Result<Self, Failure> {
        make_folders(root)?;
        let incoming = Incoming {
            root: root.to_owned(),
            message_bytes_max,
            seen: Mutex::default(),
            handed_out: Mutex::default(),
        };
        Ok(Self { incoming: Arc::new(incoming), events: root.join("events") })
    }
}

/// Puts one request, after its signature if it has one, into the queue in `root` under `name`,
/// whole or not at all, and returns the name it got: a number is added where the name is taken.
///
/// # Errors
/// `Permanent` for a name that is not a plain visible one, `NeedsPerson` where it cannot be
/// written.
pub fn submit(
    root: &Path,
    body: &[u8],
    name: &str,
    signature: Option<&str>,
) -> Result<String, Failure> {
    let plain = !name.is_empty() && !name.contains(['/', '\\', '\0']) && !is_no_request(name);
    if !plain || name.len() > NAME_BYTES_MAX {
        return Err(Failure::permanent("taking a file name for a request: not a plain name"));
    }
    make_folders(root)?;
    let folder = root.join("incoming");
    let first = signature.map(|signature| (SIGNATURE_ENDING, signature.as_bytes()));
    place_beside(&folder, name, body, first)
        .map_err(|error| disk("writing a request to the queue", error))
}

#[async_trait]
impl Inbox for FolderQueue {
    async fn receive(&self) -> Result<Delivery, Failure> {
        loop {
            let incoming = Arc::clone(&self.incoming);
            let candidate = blocking(move || incoming.next_candidate()).await?;
            // From here to the return nothing waits, so that a dropped future has taken nothing.
            if let Some(candidate) = candidate {
                if let Some(delivery) = self.incoming.hand_out(candidate) {
                    return Ok(delivery);
                }
            } else {
                tokio::time::sleep(POLL).await;
            }
        }
    }

    async fn settle(&self, delivery: Delivery, settlement: Settlement) -> Result<(), Failure> {
        let DeliveryToken::File(token) = delivery.token else {
            return Err(Failure::permanent("settling a delivery of another queue"));
        };
        let incoming = Arc::clone(&self.incoming);
        blocking(move || incoming.settle(&token, &settlement)).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        let incoming = Arc::clone(&self.incoming);
        blocking(move || fs::read_dir(incoming.folder()).map(drop)).await
    }
}

#[async_trait]
impl Announcer for FolderQueue {
    /// One file an event. Its name holds the event id, so that an event announced twice is one
    /// file.
    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Failure> {
        let name = format!(
            "{}-{:010}-{}-{}.json",
            announcement.request.file_name(),
            announcement.sequence,
            announcement.name,
            announcement.id,
        );
        let (events, body) = (self.events.clone(), announcement.body.clone());
        blocking(move || write_whole(&events, &name, body.as_bytes())).await?;
        Ok(Announced::Confirmed)
    }

    async fn ping(&self) -> Result<(), Failure> {
        let events = self.events.clone();
        blocking(move || fs::read_dir(events).map(drop)).await
    }
}

/// The half of the queue that requests come in by.
struct Incoming {
    root: PathBuf,
    message_bytes_max: usize,
    seen: Mutex<Seen>,
    handed_out: Mutex<HashMap<String, Candidate>>,
}

/// What the last look at the folder showed.
#[derive(Default)]
struct Seen {
    looked: Option<Instant>,
    files: HashMap<OsString, (Print, Instant)>,
    ready: VecDeque<OsString>,
}

/// A request and its signature as they stood: another print is another content.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Print {
    request: Stamp,
    signature: Option<Stamp>,
}

/// Size and time of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: SystemTime,
}

/// A file that is ready to be handed out.
struct Candidate {
    name: OsString,
    print: Print,
    body: Bytes,
    signature: Option<String>,
}

impl Incoming {
    fn folder(&self) -> PathBuf {
        self.root.join("incoming")
    }

    fn next_candidate(&self) -> io::Result<Option<Candidate>> {
        let mut seen = lock(&self.seen);
        if seen.ready.is_empty() && seen.looked.is_none_or(|looked| looked.elapsed() >= POLL) {
            self.look(&mut seen)?;
        }
        while let Some(name) = seen.ready.pop_front() {
            if let Some(candidate) = self.read(&name, &seen)? {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    /// Looks at the folder and lists, oldest first, what has stood still since the last look.
    fn look(&self, seen: &mut Seen) -> io::Result<()> {
        let now = Instant::now();
        let handed_out: HashSet<OsString> =
            lock(&self.handed_out).values().map(|candidate| candidate.name.clone()).collect();
        let mut files = HashMap::new();
        let mut ready = Vec::new();
        for entry in fs::read_dir(self.folder())? {
            let name = entry?.file_name();
            if is_no_request(&name.to_string_lossy()) || handed_out.contains(&name) {
                continue;
            }
            let Some(print) = self.print(&name)? else { continue };
            let since = match seen.files.get(&name) {
                Some((before, since)) if *before == print => *since,
                _ => now,
            };
            if now - since >= POLL {
                ready.push((print.request.modified, name.clone()));
            }
            files.insert(name, (print, since));
        }
        ready.sort();
        *seen = Seen {
            looked: Some(now),
            files,
            ready: ready.into_iter().map(|(_, name)| name).collect(),
        };
        Ok(())
    }

    /// The print of a plain file; `None` for anything else. A link is refused: what it points to
    /// is not the queue's.
    fn print(&self, name: &OsString) -> io::Result<Option<Print>> {
        let path = self.folder().join(name);
        let Some(metadata) = found(fs::symlink_metadata(&path))? else { return Ok(None) };
        if metadata.is_symlink() {
            self.reject(name, SYMBOLIC_LINK)?;
        }
        if !metadata.is_file() {
            return Ok(None);
        }
        let signature = match fs::symlink_metadata(self.folder().join(signature_of(name))) {
            // A name that has no room for the ending has no signature.
            Err(error) if error.kind() == io::ErrorKind::InvalidFilename => None,
            metadata => found(metadata)?.filter(fs::Metadata::is_file),
        };
        let signature = signature.as_ref().map(Stamp::of).transpose()?;
        Ok(Some(Print { request: Stamp::of(&metadata)?, signature }))
    }

    /// Reads a file that stood still, unless it has moved on since.
    fn read(&self, name: &OsString, seen: &Seen) -> io::Result<Option<Candidate>> {
        let Some((print, _)) = seen.files.get(name).copied() else { return Ok(None) };
        if self.print(name)? != Some(print) {
            return Ok(None);
        }
        let bytes_max = u64::try_from(self.message_bytes_max).unwrap_or(u64::MAX);
        let body = start_of(&self.folder().join(name), bytes_max.saturating_add(1));
        let signature = match print.signature {
            Some(_) => start_of(&self.folder().join(signature_of(name)), SIGNATURE_BYTES_MAX),
            None => Ok(None),
        };
        let (body, signature) = match (body, signature) {
            (Err(error), _) | (_, Err(error))
                if error.kind() == io::ErrorKind::PermissionDenied =>
            {
                self.reject(name, UNREADABLE)?;
                return Ok(None);
            }
            (body, signature) => (body?, signature?),
        };
        if self.print(name)? != Some(print) {
            return Ok(None);
        }
        let Some(body) = body else { return Ok(None) };
        let signature = signature.map(|text| String::from_utf8_lossy(&text).trim().to_owned());
        Ok(Some(Candidate { name: name.clone(), print, body: body.into(), signature }))
    }

    /// Hands a file out unless another caller was faster. The token is the readable form of the
    /// name; of two names that read the same, the second waits until the first is settled.
    fn hand_out(&self, candidate: Candidate) -> Option<Delivery> {
        let token = candidate.name.to_string_lossy().into_owned();
        let mut handed_out = lock(&self.handed_out);
        // The look at the file is for the case that another caller has even settled it by now.
        let settled = self.print(&candidate.name).ok().flatten() != Some(candidate.print);
        if settled || handed_out.contains_key(&token) {
            return None;
        }
        let body = candidate.body.clone();
        let label = Label { signature: candidate.signature.clone(), ..Label::default() };
        handed_out.insert(token.clone(), Candidate { body: Bytes::new(), ..candidate });
        Some(Delivery {
            body,
            correspondence: Correspondence::default(),
            label,
            token: DeliveryToken::File(token),
        })
    }

    fn settle(&self, token: &str, settlement: &Settlement) -> io::Result<()> {
        let handed_out =
            lock(&self.handed_out).get(token).map(|file| (file.name.clone(), file.print));
        let Some((name, print)) = handed_out else { return Ok(()) };
        let settled = match self.print(&name) {
            Ok(Some(now)) if now == print => match settlement {
                Settlement::Taken => self.accept(&name, print.signature.is_some()),
                Settlement::Refused(reason) => self.reject(&name, reason),
                Settlement::Returned => Ok(()),
            },
            // Overwritten meanwhile: that is a new request, and comes as one.
            other => other.map(drop),
        };
        // Forgotten last, or the file could be handed out again while it is being moved.
        lock(&self.handed_out).remove(token);
        settled
    }

    fn accept(&self, name: &OsString, signed: bool) -> io::Result<()> {
        let accepted = self.root.join("accepted");
        match File::create_new(accepted.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync_folder(&accepted)?,
        }
        found(fs::remove_file(self.folder().join(name)))?;
        // Last: without it the request, were it to come again, would look as if nobody had signed.
        if signed {
            found(fs::remove_file(self.folder().join(signature_of(name))))?;
        }
        sync_folder(&self.folder())
    }

    /// Moves a file to `rejected/`, whole, with the reason beside it. Making the reason's file is
    /// what claims the name, so that nothing is ever overwritten.
    fn reject(&self, name: &OsString, reason: &str) -> io::Result<()> {
        let rejected = self.root.join("rejected");
        for number in 1.. {
            let kept = numbered(&name.to_string_lossy(), number, "");
            let mut claim = match File::create_new(rejected.join(format!("{kept}.reason.txt"))) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                claim => claim?,
            };
            let signature = format!("{kept}{SIGNATURE_ENDING}");
            let is_taken = |name: &str| fs::symlink_metadata(rejected.join(name)).is_ok();
            if is_taken(&kept) || is_taken(&signature) {
                fs::remove_file(rejected.join(format!("{kept}.reason.txt")))?;
                continue;
            }
            claim.write_all(format!("{reason}\n").as_bytes())?;
            claim.sync_all()?;
            found(fs::rename(self.folder().join(name), rejected.join(&kept)))?;
            match fs::rename(self.folder().join(signature_of(name)), rejected.join(signature)) {
                Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {}
                renamed => drop(found(renamed)?),
            }
            sync_folder(&rejected)?;
            return sync_folder(&self.folder());
        }
        unreachable!("some number is free");
    }
}

fn make_folders(root: &Path) -> Result<(), Failure> {
    for folder in ["incoming", "accepted", "rejected", "events"] {
        fs::create_dir_all(root.join(folder))
            .map_err(|error| disk("making the folders of the queue", error))?;
    }
    Ok(())
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> io::Result<Self> {
        Ok(Self { length: metadata.len(), modified: metadata.modified()? })
    }
}

fn signature_of(name: &OsString) -> OsString {
    let mut signature = name.clone();
    signature.push(SIGNATURE_ENDING);
    signature
}

/// The first bytes of a file; `None` where it is gone.
fn start_of(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = found(File::open(path))? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Whether a name says that its file is hidden, still being written, or a signature.
fn is_no_request(name: &str) -> bool {
    let endings = [".tmp", ".part", SIGNATURE_ENDING];
    name.starts_with('.') || endings.iter().any(|ending| name.ends_with(ending))
}

/// Runs file work off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| Failure::permanent("working on the queue's folder").because(error))?
        .map_err(|error| disk("working on the queue's folder", error))
}

/// A file error. The message of `io::Error` holds no path.
fn disk(doing: &str, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::NotFound
        | io::ErrorKind::ReadOnlyFilesystem => Failure::needs_person(doing).because(error),
        _ => Failure::transient(doing).because(error),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
