//! When nothing of what was erased can be recovered any more: asked of each source for some names
//! at a time, since the names of a long plan are many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::asked::thing::Thing;
use crate::domain::dependents::dependent::{is_one, recoverable_until};
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::sources::Source;
use crate::stages::walk::pass::{Patience, blamed};

/// Names that a source is asked for together.
const NAMES: usize = 1000;

/// Asks the sources.
pub struct Horizon<'a> {
    sources: &'a [Arc<dyn Source>],
    /// When the last of it was erased.
    pub erased_at: Timestamp,
    patience: Patience,
    waiting: BTreeMap<String, BTreeSet<String>>,
    latest: Option<Timestamp>,
    is_untold: bool,
    /// How long a thing that was not deleted for good can be had back.
    recoverable: SignedDuration,
}

impl<'a> Horizon<'a> {
    /// Of what was erased at that time.
    pub fn new(sources: &'a [Arc<dyn Source>], erased_at: Timestamp, patience: Patience) -> Self {
        let (waiting, latest, is_untold) = (BTreeMap::new(), None, false);
        let recoverable = SignedDuration::ZERO;
        Self { sources, erased_at, patience, waiting, latest, is_untold, recoverable }
    }

    /// The same of what a request about a thing erased, where it was about one.
    #[must_use]
    pub fn of(self, thing: Option<&Thing>) -> Self {
        let Some(thing) = thing else { return self };
        let holders = self.sources.iter().filter_map(|source| source.things());
        let recoverable = holders.map(|things| things.recoverable_for(thing)).max();
        Self { recoverable: recoverable.unwrap_or(SignedDuration::ZERO), ..self }
    }

    /// Adds an item of which nothing stands there any more, whoever removed it or wrote over it.
    ///
    /// # Errors
    /// The source's failure, where another try will follow.
    pub async fn add(&mut self, item: &Item) -> Result<(), Failure> {
        let until = self.given_back_until(item).await?;
        self.latest = self.latest.max(until.or(recoverable_until(item, self.erased_at)));
        let names = self.waiting.entry(item.source.clone()).or_default();
        names.insert(item.name.clone());
        if names.len() < NAMES {
            return Ok(());
        }
        let names = std::mem::take(names);
        self.ask(&item.source, names).await
    }

    /// Adds an item that something forbids to be done away with: it may be gone from where it
    /// stood, and its service may give it back.
    ///
    /// # Errors
    /// The source's failure, where another try will follow.
    pub async fn add_blocked(&mut self, item: &Item) -> Result<(), Failure> {
        let until = self.given_back_until(item).await?;
        self.latest = self.latest.max(until);
        Ok(())
    }

    /// Until when a service says that it gives back something on which a workspace depended.
    async fn given_back_until(&mut self, item: &Item) -> Result<Option<Timestamp>, Failure> {
        if !is_one(&item.name) {
            return Ok(None);
        }
        let sources = self.sources;
        let source = sources.iter().find(|each| each.name() == item.source);
        let Some((source, things)) = source.and_then(|it| Some((it, it.things()?))) else {
            return Ok(None);
        };
        match things.recoverable_until(item, self.erased_at).await {
            Ok(until) => Ok(until),
            Err(failure) => self.untold(&**source, failure).await.map(|()| None),
        }
    }

    /// `None` where nothing was added, or one of the sources does not tell.
    ///
    /// # Errors
    /// The source's failure, where another try will follow.
    pub async fn end(mut self) -> Result<Option<Timestamp>, Failure> {
        for (source, names) in std::mem::take(&mut self.waiting) {
            if !names.is_empty() {
                self.ask(&source, names).await?;
            }
        }
        let latest = self.latest.map(|latest| latest.max(self.erased_at + self.recoverable));
        Ok(latest.filter(|_| !self.is_untold))
    }

    async fn ask(&mut self, source: &str, names: BTreeSet<String>) -> Result<(), Failure> {
        let Some(source) = self.sources.iter().find(|each| each.name() == source) else {
            self.is_untold = true;
            return Ok(());
        };
        let names: Vec<String> = names.into_iter().collect();
        match source.unrecoverable_after(&names, self.erased_at).await {
            Ok(Some(after)) => self.latest = self.latest.max(Some(after)),
            Ok(None) => self.is_untold = true,
            Err(failure) => self.untold(&**source, failure).await?,
        }
        Ok(())
    }

    /// It lets us in, and does not tell this; or it may yet.
    async fn untold(&mut self, source: &dyn Source, failure: Failure) -> Result<(), Failure> {
        let failure = blamed(source, failure).await;
        let may_pass = failure.is_transient() && self.patience == Patience::Left;
        if failure.blame().is_some() || may_pass {
            return Err(failure);
        }
        self.is_untold = true;
        Ok(())
    }
}
