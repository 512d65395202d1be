//! An exchange in memory that keeps every event that was published, also those published twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::ports::messages::announcer::{Announced, Announcer};

/// The exchange.
#[derive(Default)]
pub struct MemoryAnnouncer {
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    published: Vec<Announcement>,
    unbound: BTreeMap<String, u32>,
}

impl MemoryAnnouncer {
    /// An exchange to which everything is bound.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next `times` events of this name meet no queue.
    pub fn unbind(&self, name: &str, times: u32) {
        self.shelf().unbound.insert(name.to_owned(), times);
    }

    /// Everything that reached a queue, in that order.
    pub fn published(&self) -> Vec<Announcement> {
        self.shelf().published.clone()
    }

    /// Every change is one push or one count, so a panic elsewhere leaves nothing half done.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Announcer for MemoryAnnouncer {
    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Failure> {
        let mut shelf = self.shelf();
        if let Some(times) = shelf.unbound.get_mut(&announcement.name)
            && *times > 0
        {
            *times -= 1;
            return Ok(Announced::Unroutable);
        }
        shelf.published.push(announcement.clone());
        Ok(Announced::Confirmed)
    }

    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }
}
