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

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use crate::adapters::folder::durable::{NAME_BYTES_MAX, place_beside, write_whole};
use crate::adapters::folder::incoming::{Incoming, POLL, SIGNATURE_ENDING, is_no_request};
use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::ports::messages::announcer::{Announced, Announcer};
use crate::ports::messages::inbox::{Delivery, DeliveryToken, Inbox, Settlement};

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
        let incoming = Arc::new(Incoming::new(root, message_bytes_max));
        Ok(Self { incoming, events: root.join("events") })
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
    let is_plain = !name.is_empty() && !name.contains(['/', '\\', '\0']);
    if !is_plain || is_no_request(OsStr::new(name)) || name.len() > NAME_BYTES_MAX {
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
        // What a look finds is kept there: whoever drops this future in the midst of one takes
        // nothing along.
        loop {
            if let Some(delivery) = self.incoming.next() {
                return Ok(delivery);
            }
            let incoming = Arc::clone(&self.incoming);
            if !blocking(move || incoming.stock()).await? {
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

/// Requests name people: only our own user may look in, unless whoever made a folder before us
/// wanted it otherwise.
fn make_folders(root: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    for folder in ["incoming", "accepted", "rejected", "events"] {
        builder
            .create(root.join(folder))
            .map_err(|error| disk("making the folders of the queue", error))?;
    }
    Ok(())
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
