//! The half of the folder queue that requests come in by, and what becomes of their files.
//!
//! Files are handed out oldest first, by the time of their last change and then by name. One that
//! does not stand still yet holds up those that are younger, for a while: whoever drops an export
//! and then an erasure must find them taken in that order.
//!
//! A look at the folder and the reading of files happen off the async threads, and what was read is
//! kept here until it is handed out. So whoever stops waiting for it takes nothing along.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::Instant;

use crate::adapters::folder::durable::{found, numbered, sync_folder};
use crate::domain::event::Correspondence;
use crate::ports::messages::inbox::{Delivery, DeliveryToken, Label, Settlement};

/// How often the folder is looked at, and how long a file must stand still.
pub const POLL: Duration = Duration::from_millis(200);
/// Stands after the name of a request in the name of its signature.
pub const SIGNATURE_ENDING: &str = ".jws";

/// How long a file that does not stand still may hold up younger ones.
const HOLD_UP_MAX: Duration = Duration::from_secs(2);
/// Files that are read at a time.
const READ_MAX: usize = 64;
/// Bytes of a signature that are read: more than any that is right.
const SIGNATURE_BYTES_MAX: u64 = 8192;
/// Reason of a file that is no file.
const SYMBOLIC_LINK: &str = "symbolic_link";
/// Reason of a file that we may not read.
const UNREADABLE: &str = "unreadable";

/// The folder and what is known of it. Locks are taken in the order of these fields.
pub struct Incoming {
    root: PathBuf,
    message_bytes_max: usize,
    seen: Mutex<Seen>,
    read: Mutex<VecDeque<Candidate>>,
    handed_out: Mutex<HashMap<String, Candidate>>,
}

/// What the last look at the folder showed.
#[derive(Default)]
struct Seen {
    looked: Option<Instant>,
    files: HashMap<OsString, Sighting>,
    /// Stand still and are not read yet, oldest first.
    ready: VecDeque<OsString>,
}

/// A file as it was seen last.
#[derive(Clone, Copy)]
struct Sighting {
    print: Print,
    /// How long it has stood still.
    since: Instant,
    first: Instant,
}

/// A request and its signature as they stood: another print is another content.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Print {
    request: Stamp,
    signature: Option<Stamp>,
}

/// Which file it is, its size and its time.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    place: (u64, u64),
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
    /// The queue in `root`, with its folders in place.
    pub fn new(root: &Path, message_bytes_max: usize) -> Self {
        Self {
            root: root.to_owned(),
            message_bytes_max,
            seen: Mutex::default(),
            read: Mutex::default(),
            handed_out: Mutex::default(),
        }
    }

    /// Where producers drop their requests.
    pub fn folder(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Looks at the folder, if it is time, and reads what is ready; `false` if nothing is.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read.
    pub fn stock(&self) -> io::Result<bool> {
        let mut seen = lock(&self.seen);
        if !lock(&self.read).is_empty() {
            return Ok(true);
        }
        if seen.ready.is_empty() && seen.looked.is_none_or(|looked| looked.elapsed() >= POLL) {
            self.look(&mut seen)?;
        }
        let (mut any, mut bytes) = (false, 0);
        for _ in 0..READ_MAX {
            let Some(name) = seen.ready.pop_front() else { break };
            let candidate = self.read(&name, &seen).inspect_err(|_| seen.begin_anew(&name))?;
            if let Some(candidate) = candidate {
                bytes += candidate.body.len();
                lock(&self.read).push_back(candidate);
                any = true;
            }
            if bytes > self.message_bytes_max {
                break;
            }
        }
        Ok(any)
    }

    /// The next of what was read. Waits for no disk but to look whether a file is still the same.
    pub fn next(&self) -> Option<Delivery> {
        // Held on to until it is handed out, or a look in between would list it once more.
        let mut read = lock(&self.read);
        // Ends: each candidate is taken once.
        loop {
            let candidate = read.pop_front()?;
            if let Some(delivery) = self.hand_out(candidate) {
                return Some(delivery);
            }
        }
    }

    /// Lists, oldest first, what has stood still since the last look.
    fn look(&self, seen: &mut Seen) -> io::Result<()> {
        let now = Instant::now();
        let handed_out: HashSet<OsString> =
            lock(&self.handed_out).values().map(|candidate| candidate.name.clone()).collect();
        let (mut files, mut waiting) = (HashMap::new(), Vec::new());
        for entry in fs::read_dir(self.folder())? {
            let name = entry?.file_name();
            if is_no_request(&name) {
                continue;
            }
            let before = seen.files.get(&name).copied();
            if handed_out.contains(&name) {
                // Should it be returned, it need not stand still anew.
                files.extend(before.map(|before| (name, before)));
                continue;
            }
            let Some(print) = self.print(&name)? else { continue };
            let since = before.filter(|before| before.print == print).map(|before| before.since);
            let first = before.map_or(now, |before| before.first);
            let sighting = Sighting { print, since: since.unwrap_or(now), first };
            waiting.push((print.request.modified, name.clone()));
            files.insert(name, sighting);
        }
        waiting.sort();
        let mut ready = VecDeque::new();
        for (_, name) in waiting {
            let Sighting { since, first, .. } = files[&name];
            if now - since >= POLL {
                ready.push_back(name);
            } else if now - first < HOLD_UP_MAX {
                break;
            }
        }
        *seen = Seen { looked: Some(now), files, ready };
        Ok(())
    }

    /// The print of a plain file; `None` for anything else. A link is refused: what it points to
    /// is not the queue's.
    fn print(&self, name: &OsStr) -> io::Result<Option<Print>> {
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
    fn read(&self, name: &OsStr, seen: &Seen) -> io::Result<Option<Candidate>> {
        let Some(Sighting { print, .. }) = seen.files.get(name).copied() else { return Ok(None) };
        if self.print(name)? != Some(print) {
            return Ok(None);
        }
        let bytes_max = u64::try_from(self.message_bytes_max).unwrap_or(u64::MAX);
        let path = self.folder().join(name);
        let body = start_of(&path, print.request, bytes_max.saturating_add(1));
        let signature = match print.signature {
            Some(stamp) => {
                start_of(&self.folder().join(signature_of(name)), stamp, SIGNATURE_BYTES_MAX)
            }
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
        Ok(Some(Candidate { name: name.to_owned(), print, body: body.into(), signature }))
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

    /// Does with a file that was handed out what became of it.
    ///
    /// # Errors
    /// The file cannot be moved.
    pub fn settle(&self, token: &str, settlement: &Settlement) -> io::Result<()> {
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
        if matches!(settlement, Settlement::Returned) {
            self.list_anew(token);
        } else {
            // Forgotten last, or the file could be handed out again while it is being moved.
            lock(&self.handed_out).remove(token);
        }
        settled
    }

    /// Gives a file back its place, before those that are younger and were read already.
    fn list_anew(&self, token: &str) {
        let mut seen = lock(&self.seen);
        let mut read = lock(&self.read);
        lock(&self.handed_out).remove(token);
        read.clear();
        seen.ready.clear();
        seen.looked = None;
    }

    fn accept(&self, name: &OsStr, signed: bool) -> io::Result<()> {
        let accepted = self.root.join("accepted");
        match create_new(&accepted.join(name)) {
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
    fn reject(&self, name: &OsStr, reason: &str) -> io::Result<()> {
        let rejected = self.root.join("rejected");
        for number in 1.. {
            let kept = numbered(&name.to_string_lossy(), number, "");
            let mut claim = match create_new(&rejected.join(format!("{kept}.reason.txt"))) {
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
            keep_private(&self.folder().join(name));
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

impl Seen {
    /// A file that cannot be read now holds up younger ones no longer than one that is written.
    fn begin_anew(&mut self, unread: &OsStr) {
        self.ready.clear();
        if let Some(file) = self.files.get_mut(unread) {
            file.since = Instant::now();
        }
    }
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> io::Result<Self> {
        let place = (metadata.dev(), metadata.ino());
        Ok(Self { place, length: metadata.len(), modified: metadata.modified()? })
    }
}

/// Whether a name says that its file is hidden, still being written, or a signature.
pub fn is_no_request(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let endings = [".tmp", ".part", SIGNATURE_ENDING];
    name.starts_with('.') || endings.iter().any(|ending| name.ends_with(ending))
}

fn signature_of(name: &OsStr) -> OsString {
    let mut signature = name.to_owned();
    signature.push(SIGNATURE_ENDING);
    signature
}

/// The first bytes of that very file; `None` where it is gone, or another has its name by now: a
/// link to what is not the queue's.
fn start_of(path: &Path, stamp: Stamp, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = found(File::open(path))? else { return Ok(None) };
    if Stamp::of(&file.metadata()?)? != stamp {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A new file that only our own user may read: its name may say more than it should.
fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// What was refused names the person, and stays for long. Best effort: a file of another user's
/// keeps its mode, and the folder that it goes to keeps others out.
fn keep_private(path: &Path) {
    let is_ours = fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.nlink() == 1);
    if is_ours {
        fs::set_permissions(path, Permissions::from_mode(0o600)).ok();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
