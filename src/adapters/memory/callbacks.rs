//! Servers of producers, in memory: they keep every letter that was posted, also those that were
//! posted twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::domain::callbacks::url::CallbackUrl;
use crate::domain::failure::Failure;
use crate::ports::messages::callbacks::{Answer, Callbacks, Letter};

/// All servers.
#[derive(Default)]
pub struct MemoryCallbacks {
    shelf: Mutex<Shelf>,
}

/// A letter that was taken.
#[derive(Clone)]
pub struct Posted {
    /// To which host.
    pub host: String,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// How a server fails.
#[derive(Clone, Copy, Debug)]
pub enum Mood {
    /// It answers so, so many times more.
    Answers(Answer, u32),
    /// It never answers.
    Silent,
}

#[derive(Default)]
struct Shelf {
    posted: Vec<Posted>,
    moods: BTreeMap<String, Mood>,
}

impl MemoryCallbacks {
    /// Makes the server of that host fail.
    pub fn set_mood(&self, host: &str, mood: Mood) {
        self.shelf().moods.insert(host.to_owned(), mood);
    }

    /// Everything that was taken, in that order.
    pub fn posted(&self) -> Vec<Posted> {
        self.shelf().posted.clone()
    }

    /// Returns once the server of that host is reached: never where it is silent.
    pub async fn reach(&self, host: &str) {
        if matches!(self.shelf().moods.get(host), Some(Mood::Silent)) {
            std::future::pending::<()>().await;
        }
    }

    /// Every change is one push or one count, so a panic elsewhere leaves nothing half done.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Callbacks for MemoryCallbacks {
    async fn post(&self, url: &CallbackUrl, letter: &Letter) -> Result<Answer, Failure> {
        let host = url.host();
        self.reach(host).await;
        let mut shelf = self.shelf();
        if let Some(Mood::Answers(answer, times)) = shelf.moods.get_mut(host)
            && *times > 0
        {
            *times -= 1;
            return Ok(*answer);
        }
        let headers = letter.headers.iter().cloned().collect();
        shelf.posted.push(Posted { host: host.to_owned(), headers, body: letter.body.to_vec() });
        Ok(Answer::Taken)
    }
}
