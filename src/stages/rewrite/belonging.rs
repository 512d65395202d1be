//! What of a workspace is a person's by where it lies.
//!
//! That are the runs that they created, as the runs' own documents say, and their user folder.
//! Nothing else says how an item came to be there: a name like `LocalUpload` says that somebody
//! uploaded it, and not who.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;

use crate::archive::manifest::LegalTag;
use crate::domain::failure::Failure;
use crate::domain::homes::claim::folded;
use crate::domain::item::Item;
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::matching::matcher::Matcher;
use crate::matching::scan::occurrences;
use crate::ports::sources::Source;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;
use crate::stages::plan::document::{Claimant, Document, creator};
use crate::stages::rewrite::mask::READS_MAX;
use crate::stages::walk::pass::Walk;

/// What belongs to the subject of one request.
pub struct Belongings {
    /// Runs that the subject created. Where another workspace has one of the same id that somebody
    /// else created, nothing tells whose an output is, and it is nobody's.
    runs: BTreeSet<String>,
    /// User folders that go along with the request, by their sources and aliases.
    folders: BTreeSet<(String, String)>,
    matcher: Arc<Matcher>,
}

impl Belongings {
    /// Learns from the documents in the plan which runs the subject created.
    ///
    /// # Errors
    /// The ledger's failure; a transient one of a source, where another try will follow.
    pub async fn learn(
        account: &Account,
        sources: &[Arc<dyn Source>],
        case: &Case,
        with: &Walk,
    ) -> Result<Self, Failure> {
        let claimant = &Arc::new(Claimant::new(case.request.people()));
        let folders = &Mutex::new(BTreeSet::new());
        let said = account.entries(case).map(|entry| async move {
            let Planned { finding, action, .. } = entry?.planned;
            // What could not be read says nothing of whose folder it is in.
            let goes_along = action == Action::Export && finding.hits.is_empty();
            if let Some(alias) = finding.item.layout().user_folder().filter(|_| goes_along) {
                let folder = (finding.item.source.clone(), folded(alias));
                folders.lock().unwrap_or_else(PoisonError::into_inner).insert(folder);
            }
            let source = sources.iter().find(|source| source.name() == finding.item.source);
            let walked = source.and_then(|source| source.finds().walked());
            match (finding.item.layout().run_document(), walked) {
                (Some(run), Some(source)) if !finding.hits.is_empty() => {
                    let run = run.to_owned();
                    let said = creator(source, &finding.item, &run, claimant).await;
                    match said {
                        Err(failure) if with.is_patient_with(&failure) => Err(failure),
                        Ok(Some(said)) => Ok(Some((run, said))),
                        Ok(None) | Err(_) => Ok(None),
                    }
                }
                _ => Ok(None),
            }
        });
        let (mut runs, mut of_others) = (BTreeSet::new(), BTreeSet::new());
        let mut said = pin!(said.buffered(READS_MAX));
        while let Some(said) = said.next().await {
            match said? {
                Some((run, Document::OfSubject { .. })) => runs.insert(run),
                Some((run, Document::OfOthers { .. })) => of_others.insert(run),
                Some((_, Document::Silent)) | None => false,
            };
        }
        runs.retain(|run| !of_others.contains(run));
        let folders = folders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Self { runs, folders, matcher: Arc::clone(&with.matcher) })
    }

    /// Whether an item is the subject's by where it lies.
    pub fn has(&self, item: &Item) -> bool {
        self.is_of_run(item) || self.is_of_folder(item)
    }

    /// How an item came to be held, as far as its place tells.
    pub fn tag(&self, item: &Item) -> LegalTag {
        match () {
            () if self.is_of_folder(item) => LegalTag::Provided,
            () if !self.is_of_run(item) => LegalTag::NotKnown,
            () if item.layout().output_of().is_some() => LegalTag::Inferred,
            () => LegalTag::Observed,
        }
    }

    /// A child run may be somebody else's, whatever its name says: its own document has to say so.
    fn is_of_run(&self, item: &Item) -> bool {
        item.layout().run().is_some_and(|run| self.runs.contains(run))
    }

    fn is_of_folder(&self, item: &Item) -> bool {
        let Some(alias) = item.layout().user_folder() else { return false };
        let mut is_theirs = self.folders.contains(&(item.source.clone(), folded(alias)));
        occurrences(&self.matcher, &format!("Users/{alias}/"), &mut |_, _| is_theirs = true);
        is_theirs
    }
}
