//! All file systems of an account whose names match a pattern, as one source.
//!
//! They are looked up anew whenever a listing begins or ends one. An item's name is the file
//! system's, a slash, the path. Those that were deleted and could be restored are told: nobody can
//! look into them.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::adapters::azure::several::{Opened, Several};
use crate::adapters::azure_lake::deleted;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::lister::Lister;
use crate::adapters::azure_lake::source::LakeSource;
use crate::config::settings::Blob;
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::{account_name, is_match};
use crate::ports::sources::{Finds, Followed, Lack, Source};

/// The source.
pub struct FileSystems {
    name: String,
    /// Stands for all of them: same account, same way in.
    entry: Arc<FileSystem>,
    lister: Lister,
    opened: Opened<LakeSource>,
}

impl FileSystems {
    /// The file systems of `lake`, whose URL ends in a pattern, under the configured `name`. Asks
    /// nobody yet.
    ///
    /// # Errors
    /// Where the URL is no file system's or the credential is malformed.
    pub fn open(name: &str, lake: &Blob) -> Result<Self, Failure> {
        let entry = Arc::new(FileSystem::open(lake)?);
        let (lister, opened) = (Lister::new(Arc::clone(&entry)), Opened::default());
        Ok(Self { name: name.to_owned(), entry, lister, opened })
    }

    fn pattern(&self) -> &str {
        self.entry.name()
    }

    /// What the names of all of them begin with.
    fn prefix(&self) -> &str {
        self.pattern().split('*').next().unwrap_or_default()
    }
}

#[async_trait]
impl Several for FileSystems {
    type One = LakeSource;

    const STRAY: &'static str = "finding a path: its file system is not ours";

    fn account(&self) -> String {
        self.entry.entry().account()
    }

    async fn names(&self) -> Result<Vec<String>, Failure> {
        let mut names = self.lister.file_systems(self.prefix()).await?;
        names.retain(|name| self.is_ours(name));
        names.sort();
        Ok(names)
    }

    fn is_ours(&self, name: &str) -> bool {
        is_match(self.pattern(), name)
    }

    fn one(&self, name: &str) -> Arc<LakeSource> {
        self.opened.one(name, || LakeSource::within(&self.name, self.entry.beside(name)))
    }
}

#[async_trait]
impl Source for FileSystems {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        format!("{} {}", self.account(), self.pattern())
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Walk(self)
    }

    /// What is erased here is gone at once.
    async fn follow(&self, _: &Item, _: &str) -> Result<Followed, Failure> {
        Ok(Followed::Unknown)
    }

    /// It is the account that keeps what is deleted, and so the same for all.
    async fn unrecoverable_after(
        &self,
        _: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        match self.names().await?.first() {
            Some(name) => self.one(name).unrecoverable_after(&[], erased_at).await,
            None => Ok(None),
        }
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.names().await.map(drop)
    }

    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        match self.names().await?.first() {
            Some(name) => self.one(name).lacks().await,
            None => Ok(Vec::new()),
        }
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        let (there, mut places) = (self.names().await?, Vec::new());
        for name in &there {
            places.extend(self.one(name).places().await?);
        }
        match deleted::file_systems(&self.entry, self.prefix()).await? {
            // Of one that is there again its own source tells.
            Ok(gone) => {
                let ours = gone.iter().filter(|name| self.is_ours(name) && !there.contains(name));
                places.extend(ours.map(|name| deleted::gone(&self.account(), name)));
            }
            Err(code) => places.push(Known {
                sort: PlaceSort::Backup,
                name: format!("deleted file systems of {}", account_name(&self.account())),
                place: None,
                looked: Looked::Refused,
                why: code,
            }),
        }
        Ok(places)
    }
}
