//! Erases files, directories in which nothing is, and the directories that this leaves empty. How
//! far that is safe is said in [`crate::adapters::azure_files::changing`].

use std::sync::Arc;

use azure_core::http::Method;

use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure_files::changing::draft;
use crate::adapters::azure_files::changing::lease::{self, Leased};
use crate::adapters::azure_files::file::{
    Said, Standing, barrier, is_absence, is_of_the_name, look, snapshot_of,
};
use crate::adapters::azure_files::lister::{Entered, Lister};
use crate::adapters::azure_files::share::Share;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::outcome::{Barrier, Block, IN_A_SHARE_SNAPSHOT};
use crate::ports::sources::Erased;

const DOING: &str = "erasing a file";
const DOING_DIRECTORY: &str = "erasing a directory of a share";

/// Erases in one share.
pub struct Eraser {
    share: Arc<Share>,
    lister: Arc<Lister>,
}

impl Eraser {
    /// Erases in that share.
    pub fn new(share: Arc<Share>, lister: Arc<Lister>) -> Self {
        Self { share, lister }
    }

    /// See `Walked::erase`.
    ///
    /// # Errors
    /// See `Walked::erase`.
    pub async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        match (&item.version, item.kind) {
            (Version::Current, Kind::Directory) => self.erase_directory(item).await,
            (Version::Current, _) => self.erase_file(item).await,
            (Version::ShareSnapshot(_), _) => self.in_a_snapshot(item).await,
            (Version::Snapshot(_) | Version::Previous(_), _) => Ok(Erased::AlreadyAbsent),
        }
    }

    /// It goes with the snapshot, which is not ours to remove.
    async fn in_a_snapshot(&self, item: &Item) -> Result<Erased, Failure> {
        let snapshot = snapshot_of(&item.version);
        Ok(match look(&self.share, &item.name, snapshot).await? {
            Standing::Absent => Erased::AlreadyAbsent,
            Standing::There(_) | Standing::Pending | Standing::Closed(..) => {
                Erased::Blocked(Barrier::new(Block::Immutable, IN_A_SHARE_SNAPSHOT))
            }
        })
    }

    async fn erase_file(&self, item: &Item) -> Result<Erased, Failure> {
        if self.share.file_url(&item.name, None).is_none() {
            return Err(Failure::permanent("erasing a file: no URL addresses exactly that path"));
        }
        let id = match leased(&self.share, item).await? {
            Ok(id) => id,
            Err(end) => return Ok(end),
        };
        let erased = self.erase_leased(item, &id).await;
        match &erased {
            Ok(Erased::Done) => self.prune(&item.name).await,
            Ok(Erased::AlreadyAbsent) => {}
            Ok(_) | Err(_) => lease::give_back(&self.share, &item.name, &item.etag).await,
        }
        erased
    }

    async fn erase_leased(&self, item: &Item, id: &str) -> Result<Erased, Failure> {
        if let Err(end) = unchanged(&self.share, item).await? {
            return Ok(end);
        }
        // They say what it says, or nearly; without it nobody would look for them.
        draft::remove_others(&self.share, &self.lister, &item.name).await?;
        let url = self.share.file_url(&item.name, None).expect("the path has a URL");
        let headers = [("x-ms-lease-id", id)];
        let answer = self.share.call(DOING, Method::Delete, url, &headers).await?;
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING));
        }
        // A try whose forerunner erased the file, and whose answer was lost, finds it gone.
        let gone = if answer.is_repeat { Erased::Done } else { Erased::AlreadyAbsent };
        match (answer.status, answer.code.as_str()) {
            (200..300, _) => Ok(Erased::Done),
            _ if is_absence(&answer, false) => Ok(gone),
            (409, "DeletePending") if answer.is_repeat => Ok(Erased::Done),
            // Broken, or of a file that has another path now.
            (412, _) => Err(answer.failure(DOING)),
            (status, code) => match barrier(status, code) {
                Some(barrier) => Ok(Erased::Blocked(barrier)),
                None => Err(answer.failure(DOING)),
            },
        }
    }

    /// The service refuses it where something is in it.
    async fn erase_directory(&self, item: &Item) -> Result<Erased, Failure> {
        match self.lister.is_empty(&item.name, None).await? {
            Entered::Absent => return Ok(Erased::AlreadyAbsent),
            Entered::In(false) => return Ok(Erased::Changed),
            Entered::In(true) => {}
            Entered::Closed(status, code) => return closed(status, code),
        }
        let erased = self.delete_directory(&item.name).await?;
        if erased == Erased::Done {
            self.prune(item.name.trim_end_matches('/')).await;
        }
        Ok(erased)
    }

    async fn delete_directory(&self, path: &str) -> Result<Erased, Failure> {
        let url = self.share.directory_url(path, None).ok_or_else(|| {
            Failure::permanent("erasing a directory: no URL addresses exactly that path")
        })?;
        let answer = self.share.call(DOING_DIRECTORY, Method::Delete, url, &[]).await?;
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING_DIRECTORY));
        }
        let gone = if answer.is_repeat { Erased::Done } else { Erased::AlreadyAbsent };
        match (answer.status, answer.code.as_str()) {
            (200..300, _) => Ok(Erased::Done),
            _ if is_absence(&answer, false) => Ok(gone),
            // Somebody put something into it.
            (409, "DirectoryNotEmpty") => Ok(Erased::Changed),
            (status, code) => match barrier(status, code) {
                Some(barrier) => Ok(Erased::Blocked(barrier)),
                None => Err(answer.failure(DOING_DIRECTORY)),
            },
        }
    }

    /// Removes the directories that a path was in and that hold nothing any more, innermost first.
    /// The service refuses others. What is erased is erased, whatever becomes of them: one that
    /// stays is met by the second look.
    async fn prune(&self, path: &str) {
        let mut path = path;
        while let Some((directory, _)) = path.rsplit_once('/') {
            match self.delete_directory(&format!("{directory}/")).await {
                Ok(Erased::Done) => path = directory,
                // Not ours: whoever removed it goes on from there, if anybody does.
                Ok(_) => return,
                Err(failure) => {
                    let error = failure.chain();
                    return tracing::warn!(error, "a directory that was left empty stays for now");
                }
            }
        }
    }
}

/// The id of the lease on a file as it was seen; or what is answered instead.
///
/// # Errors
/// Where the share does not answer.
pub async fn leased(share: &Share, item: &Item) -> Result<Result<String, Erased>, Failure> {
    match lease::take(share, &item.name, &item.etag).await {
        Ok(Leased::Ours(id)) => Ok(Ok(id)),
        Ok(Leased::Absent) => Ok(Err(Erased::AlreadyAbsent)),
        // It may be one of ours, on what stands there by now.
        Ok(Leased::Blocked(barrier)) if barrier.block == Block::Lease => {
            Ok(Err(unchanged(share, item).await?.err().unwrap_or(Erased::Blocked(barrier))))
        }
        Ok(Leased::Blocked(barrier)) => Ok(Err(Erased::Blocked(barrier))),
        Err(failure) => {
            // Whose answer is lost may have it.
            if failure.is_transient() {
                lease::give_back(share, &item.name, &item.etag).await;
            }
            Err(failure)
        }
    }
}

/// What is answered for something that is closed.
fn closed(status: u16, code: String) -> Result<Erased, Failure> {
    match barrier(status, &code) {
        _ if is_of_the_name(status) => {
            let failure = Failure::permanent("changing a file: no request can say its name");
            Err(failure.because(Trouble::Refused { status, code }))
        }
        Some(barrier) => Ok(Erased::Blocked(barrier)),
        None => Ok(Erased::Blocked(Barrier::new(Block::Lock, &code))),
    }
}

/// What the service says of a file that is as it was seen; or what is answered instead.
///
/// # Errors
/// Where the share does not answer.
pub async fn unchanged(share: &Share, item: &Item) -> Result<Result<Said, Erased>, Failure> {
    Ok(Err(match look(share, &item.name, None).await? {
        Standing::There(said) if !said.is(item) => Erased::Changed,
        Standing::There(said) if said.is_read_only => closed(409, "ReadOnlyAttribute".into())?,
        Standing::There(said) => return Ok(Ok(*said)),
        Standing::Absent => Erased::AlreadyAbsent,
        Standing::Pending => closed(409, "DeletePending".into())?,
        Standing::Closed(status, code) => closed(status, code)?,
    }))
}
