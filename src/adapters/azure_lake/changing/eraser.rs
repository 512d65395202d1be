//! Erases files, and directories in which nothing is. How far that is safe is said in
//! [`crate::adapters::azure_lake::changing`].

use std::sync::Arc;

use azure_core::http::Method;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure_lake::drafted::Drafts;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::path::{Said, Standing, barrier, is_absence, look};
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::ports::sources::Erased;

const DOING: &str = "erasing a path";

/// Erases in one file system.
pub struct Eraser {
    lake: Arc<FileSystem>,
    drafts: Arc<Drafts>,
}

impl Eraser {
    /// Erases in that file system.
    pub fn new(lake: Arc<FileSystem>, drafts: Arc<Drafts>) -> Self {
        Self { lake, drafts }
    }

    /// See `Walked::erase`.
    ///
    /// # Errors
    /// See `Walked::erase`.
    pub async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        if item.version != Version::Current {
            return Ok(Erased::AlreadyAbsent);
        }
        let Some(mut url) = self.lake.url(&item.name) else {
            return Err(Failure::permanent("erasing a path: no URL addresses exactly that path"));
        };
        if item.kind == Kind::Directory {
            add_query(&mut url, "recursive", "false");
        } else {
            // They say what it says, or nearly; without it nobody would look for them.
            self.drafts.remove_of(&item.name).await?;
        }
        let headers = [("if-match", &*quoted(&item.etag))];
        let answer = self.lake.call(DOING, Method::Delete, url, &headers).await?;
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING));
        }
        // A try whose forerunner erased it, and whose answer was lost, finds it gone.
        let gone = if answer.is_repeat { Erased::Done } else { Erased::AlreadyAbsent };
        if let Some(barrier) = barrier(answer.status, &answer.code) {
            return Ok(Erased::Blocked(barrier));
        }
        match answer.status {
            200..300 => Ok(Erased::Done),
            _ if is_absence(&answer) => Ok(gone),
            412 => match unchanged(&self.lake, item).await? {
                Ok(_) => Err(answer.failure(DOING)),
                Err(Erased::AlreadyAbsent) => Ok(gone),
                Err(end) => Ok(end),
            },
            _ => Err(answer.failure(DOING)),
        }
    }
}

/// What the service says of a path that is as it was seen; or what is answered instead.
///
/// # Errors
/// Where the file system does not answer.
pub async fn unchanged(lake: &FileSystem, item: &Item) -> Result<Result<Said, Erased>, Failure> {
    Ok(Err(match look(lake, &item.name).await? {
        Standing::There(said) if said.etag == item.etag => return Ok(Ok(*said)),
        Standing::There(_) => Erased::Changed,
        Standing::Absent => Erased::AlreadyAbsent,
        Standing::Closed(status, code) => match barrier(status, &code) {
            Some(barrier) => Erased::Blocked(barrier),
            None => return Err(Trouble::Refused { status, code }.failure(DOING)),
        },
    }))
}

/// An `ETag` as conditions have it.
pub fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}
