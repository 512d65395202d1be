//! What goes with the runs that the subject created, where the policy says so.
//!
//! That is what the services of a workspace keep of them, their folders, zipped copies, compute
//! records and outputs, and all that of their child runs. Most of it does not name the subject, so
//! that no search finds it: blobs are listed by the names that a workspace gives them, and services
//! are asked for the runs. A service says which runs are children of one. By its name alone a run
//! is one as well, unless its own document says that somebody else created it and names another
//! parent. Who created a run is read in its document: of what the find saw of it only so much is
//! kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Place, Version};
use crate::domain::layout::{OF_A_RUN, documents_of, parents, run_thing};
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::rules::{Policy, Treatment};
use crate::domain::policy::runs::{Belongs, Home, Runs, say_created};
use crate::domain::request::Request;
use crate::ports::sources::{Belonging, Source};
use crate::stages::plan::document::{Claimant, Document, creator};
use crate::stages::plan::finding::silent;
use crate::stages::plan::haunts::Haunts;
use crate::stages::plan::holders::{Holders, hold};
use crate::stages::plan::known::{Known, More};

/// Documents that are read, and runs that are looked up, at the same time.
const AT_ONCE: usize = 8;

/// What was planned for a request so far, as far as runs are concerned, and what holds other
/// things.
#[derive(Default)]
pub struct Company {
    known: Known,
    documents: Vec<Noted>,
    /// Runs that went along, and the sources that told of them: their services may tell no more.
    along: BTreeSet<(String, String)>,
    /// What was erased and no list shows: nobody else meets it again, should it stand.
    hidden: Vec<Item>,
    holders: Holders,
}

/// What may be the document of a run that the subject created.
struct Noted {
    item: Item,
    /// Whether the places that were kept of it say so.
    says: bool,
    /// Whether it is to be removed.
    deletes: bool,
}

impl Company {
    /// Whether anything of what these sources hold can go along with something else, or not go
    /// because of it.
    pub fn matters(policy: &Policy, sources: &[Arc<dyn Source>]) -> bool {
        policy.takes_runs() || sources.iter().any(|source| source.things().is_some())
    }

    /// Takes note of a line of the plan. One that cannot be read can go with its run all the same.
    pub fn note(
        &mut self,
        policy: &Policy,
        ordinal: u64,
        planned: &Planned,
        outcome: Option<&ItemOutcome>,
    ) {
        let Planned { finding, action, .. } = planned;
        self.known.note(policy, ordinal, planned, outcome);
        let layout = finding.item.layout();
        let deletes = matches!(action, Action::Delete);
        if deletes && outcome.is_none() && layout.is_holder() {
            self.holders.push((ordinal, finding.item.clone()));
        }
        let is_gone = outcome.is_some_and(|outcome| outcome.kind().is_clear());
        if deletes && is_gone && !layout.is_listed() {
            self.hidden.push(finding.item.clone());
        }
        let is_found = !finding.hits.is_empty();
        if let (Kind::Thing, Some(run), false, true) =
            (finding.item.kind, layout.run(), is_found, deletes)
        {
            self.along.insert((finding.item.source.clone(), run.to_owned()));
        }
        let is_document = is_found && layout.run_document().is_some();
        if !is_document || !policy.takes_the_run(finding) {
            return;
        }
        // By default the person is taken out of runs of others, and some of these may be her own:
        // of what was found only so much is kept.
        let is_default = policy.fitting(&finding.item).is_none();
        let may_be_own = is_default && matches!(action, Action::Redact(_));
        if deletes || may_be_own {
            let says = say_created(&finding.hits) || (deletes && is_default);
            self.documents.push(Noted { item: finding.item.clone(), says, deletes });
        }
    }

    /// What the plan says of places.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// What the runs that the subject created take along beyond what is planned, and what does not
    /// go because it would take along what stays.
    ///
    /// # Errors
    /// A source cannot be listed, read or asked.
    pub async fn more(
        &self,
        sources: &[Arc<dyn Source>],
        policy: &Policy,
        request: &Request,
    ) -> Result<More, Failure> {
        let mut more = More::default();
        if self.documents.is_empty() && self.holders.is_empty() {
            return Ok(more);
        }
        let claimant = Arc::new(Claimant::new(request.people()));
        let haunts = Haunts::of(sources, request).await?;
        // Who asked for redaction wanted her runs to stay.
        let documents = self.documents.iter();
        let documents = documents.filter(|noted| noted.deletes || !request.options.redact);
        let mut runs = Runs::default();
        let children = learn(documents, &haunts, &claimant, &mut runs).await?;
        self.learn_along(&haunts, &claimant, &mut runs).await?;
        let mut served = served(&haunts, &mut runs, &children).await?;
        still_kept(&haunts, &self.hidden, &mut served).await?;
        self.take_served(policy, served.into_values(), &mut more);
        let blobs = haunts.blobs_of(&runs).await?;
        hear_others(&haunts, &blobs, &claimant, &mut runs).await?;
        self.take_blobs(policy, blobs, &runs, &mut more);
        hold(&self.holders, &self.known, &haunts, policy, &claimant, &mut more).await?;
        Ok(more)
    }

    /// Learns the runs that went along, but for those whose id another has now.
    async fn learn_along(
        &self,
        haunts: &Haunts<'_>,
        claimant: &Arc<Claimant>,
        runs: &mut Runs,
    ) -> Result<(), Failure> {
        let asking = self.along.iter().filter_map(|(source, run)| {
            let haunt = haunts.named(source)?;
            Some(async move {
                let mut said = Vec::new();
                for record in haunt.records_of(run).await? {
                    let document = creator(haunt.source, &record, run, claimant).await;
                    said.extend(document.map_err(|failure| failure.of_source(source))?);
                }
                Ok::<_, Failure>((source, run, haunt.home(""), said))
            })
        });
        let asking: Vec<_> = asking.collect();
        let heard: Vec<_> = stream::iter(asking).buffered(AT_ONCE).try_collect().await?;
        for (source, run, home, said) in heard {
            let is_above = |parent: &String| {
                runs.contains(parent) || self.along.contains(&(source.clone(), parent.clone()))
            };
            let is_anothers = |document: &Document| match document {
                Document::OfOthers { parents } => !parents.iter().any(is_above),
                Document::OfSubject { .. } | Document::Silent => false,
            };
            if !said.iter().any(is_anothers) {
                runs.learn(run, &home);
            }
        }
        Ok(())
    }

    /// Takes what services keep of the runs.
    fn take_served(
        &self,
        policy: &Policy,
        served: impl Iterator<Item = Belonging>,
        more: &mut More,
    ) {
        for Belonging { item, waits_for } in served {
            let place = item.place();
            if self.known.holds(&place) {
                more.amended.extend(self.known.amended(&place, waits_for, OF_RUN));
            } else if let Some(planned) = planned(policy, item, waits_for) {
                more.new.push((planned, self.known.superseded(&place)));
            }
        }
    }

    /// Takes what blobs there are of the runs.
    fn take_blobs(&self, policy: &Policy, blobs: Vec<(Item, Home)>, runs: &Runs, more: &mut More) {
        for (item, home) in blobs {
            let Some(run) = item.layout().run() else { continue };
            if !runs.takes(run, &home) || self.known.holds(&item.place()) {
                continue;
            }
            let waits_for = if runs.is_served(run, &home) { OF_A_RUN } else { 0 };
            let superseded = self.known.superseded(&item.place());
            let planned = planned(policy, item, waits_for);
            more.new.extend(planned.map(|planned| (planned, superseded)));
        }
    }
}

/// Learns the runs whose documents, among these, say that the subject created them; gives those of
/// which one names another as the run above it.
async fn learn<'a>(
    documents: impl Iterator<Item = &'a Noted>,
    haunts: &Haunts<'_>,
    claimant: &Arc<Claimant>,
    runs: &mut Runs,
) -> Result<BTreeSet<(String, Home)>, Failure> {
    let reading = documents.filter_map(|noted| {
        let (haunt, home) = haunts.home(&noted.item)?;
        let run = noted.item.layout().run_document()?;
        Some(async move {
            let document = creator(haunt.source, &noted.item, run, claimant).await;
            let document = document.map_err(|failure| failure.of_source(haunt.source.name()))?;
            let is_job = noted.item.kind == Kind::Thing && noted.item.name == documents_of(run)[0];
            let is_of_others = !is_job && matches!(document, Some(Document::OfOthers { .. }));
            let parents = match document {
                Some(Document::OfSubject { parents }) => Some(parents),
                Some(Document::OfOthers { .. } | Document::Silent) => None,
                None => noted.says.then(Vec::new),
            };
            Ok::<_, Failure>((run, home, parents, is_of_others))
        })
    });
    let reading: Vec<_> = reading.collect();
    let read: Vec<_> = stream::iter(reading).buffered(AT_ONCE).try_collect().await?;
    // A job has no more than a name for who created it, which others may have too; a history has
    // an id. Where that says that it was somebody else, it was.
    let of_others: BTreeSet<(&str, Home)> = read
        .iter()
        .filter(|(.., is_of_others)| *is_of_others)
        .map(|(run, home, ..)| (*run, home.clone()))
        .collect();
    let mut named = Vec::new();
    for (run, home, parents, _) in read {
        let Some(parents) = parents else { continue };
        if of_others.contains(&(run, home.clone())) {
            continue;
        }
        runs.learn(run, &home);
        named.extend((!parents.is_empty()).then_some((run, home, parents)));
    }
    let is_child =
        |home: &Home, parents: &[String]| parents.iter().any(|parent| runs.is_known(parent, home));
    named.retain(|(_, home, parents)| is_child(home, parents));
    Ok(named.into_iter().map(|(run, home, _)| (run.to_owned(), home)).collect())
}

/// What services keep of the runs that they know; the children among these are learned. Those that
/// are children by what they say come with the runs above them, and are looked up only if they did
/// not.
async fn served(
    haunts: &Haunts<'_>,
    runs: &mut Runs,
    children: &BTreeSet<(String, Home)>,
) -> Result<BTreeMap<Place, Belonging>, Failure> {
    let at_services = runs.created().flat_map(|(run, homes)| {
        let services = homes.iter().filter(|home| home.is_service);
        services.map(move |home| (run.to_owned(), home.clone()))
    });
    let (below, roots): (Vec<_>, Vec<_>) = at_services.partition(|run| children.contains(run));
    let mut all = BTreeMap::new();
    look_up(haunts, runs, roots, &mut all).await?;
    let is_left = |(run, home): &(String, Home)| {
        !documents_of(run)
            .into_iter()
            .any(|name| all.contains_key(&(home.source.clone(), name, Version::Current)))
    };
    let left = below.into_iter().filter(is_left).collect();
    look_up(haunts, runs, left, &mut all).await?;
    Ok(all)
}

async fn look_up(
    haunts: &Haunts<'_>,
    runs: &mut Runs,
    asked: Vec<(String, Home)>,
    all: &mut BTreeMap<Place, Belonging>,
) -> Result<(), Failure> {
    let mut at: BTreeMap<Home, Vec<String>> = BTreeMap::new();
    for (run, home) in asked {
        at.entry(home).or_default().push(run_thing(&run).name);
    }
    for (home, ids) in at {
        let Some(things) = haunts.named(&home.source).and_then(|haunt| haunt.things) else {
            continue;
        };
        let found = things.look_up_runs(&ids).await;
        let found = found.map_err(|failure| failure.of_source(things.name()))?;
        for Belonging { item, waits_for } in found {
            if let Some(run) = item.layout().run() {
                runs.learn(run, &home);
            }
            // What is looked up by itself has nothing before it; with the run above it, that.
            let known = all.entry(item.place()).or_insert(Belonging { item, waits_for });
            known.waits_for = known.waits_for.max(waits_for);
        }
    }
    Ok(())
}

/// What of this, which was erased, a service has still.
async fn still_kept(
    haunts: &Haunts<'_>,
    hidden: &[Item],
    served: &mut BTreeMap<Place, Belonging>,
) -> Result<(), Failure> {
    let asking = hidden.iter().filter_map(|item| {
        let haunt = haunts.named(&item.source)?;
        Some(async move {
            let left = haunt.source.remains(&item.name).await;
            left.map_err(|failure| failure.of_source(haunt.source.name()))
        })
    });
    let asking: Vec<_> = asking.collect();
    let left: Vec<Vec<Item>> = stream::iter(asking).buffered(AT_ONCE).try_collect().await?;
    for item in left.into_iter().flatten() {
        let waits_for = item.layout().waits_for();
        served.entry(item.place()).or_insert(Belonging { item, waits_for });
    }
    Ok(())
}

/// Hears from the documents of these runs, other than those that were heard, whether somebody else
/// created one: a child run by its name, or a run of the same id in another workspace.
async fn hear_others(
    haunts: &Haunts<'_>,
    blobs: &[(Item, Home)],
    claimant: &Arc<Claimant>,
    runs: &mut Runs,
) -> Result<(), Failure> {
    let mut asked: Vec<(Item, Home)> = blobs.to_vec();
    asked.retain(|(item, home)| {
        item.layout().run_document().is_some_and(|run| !runs.is_known(run, home))
    });
    asked.extend(at_other_services(haunts, blobs, runs).await?);
    let asking = asked.iter().filter_map(|(item, home)| {
        let (haunt, _) = haunts.home(item)?;
        let run = item.layout().run_document()?;
        Some(async move {
            let document = creator(haunt.source, item, run, claimant).await;
            let document = document.map_err(|failure| failure.of_source(haunt.source.name()))?;
            Ok::<_, Failure>((run, home, document))
        })
    });
    let asking: Vec<_> = asking.collect();
    let heard: Vec<_> = stream::iter(asking).buffered(AT_ONCE).try_collect().await?;
    for (run, home, document) in heard {
        let is_denied = match document {
            // Of those that are the person's, and their children, it has told.
            Some(Document::OfSubject { .. }) => false,
            _ if home.is_service => true,
            Some(Document::OfOthers { parents }) => {
                let is_child = runs.belongs(run, home) == Some(Belongs::ToChild)
                    && parents.iter().any(|parent| runs.contains(parent));
                !is_child
            }
            Some(Document::Silent) | None => false,
        };
        if is_denied {
            runs.deny(run, home);
        }
    }
    Ok(())
}

/// What services near these blobs say of their runs, where they have not said it: of one that is a
/// child by its name, of those between, and of one that another workspace may have too.
async fn at_other_services(
    haunts: &Haunts<'_>,
    blobs: &[(Item, Home)],
    runs: &Runs,
) -> Result<Vec<(Item, Home)>, Failure> {
    let theirs: BTreeSet<(&str, &Home)> =
        blobs.iter().filter_map(|(item, home)| Some((item.layout().run()?, home))).collect();
    let mut asking = BTreeMap::new();
    for (run, home) in theirs {
        for haunt in haunts.services_near(home) {
            let service = haunt.home("");
            for run in std::iter::once(run).chain(parents(run)) {
                if !runs.is_known(run, &service) {
                    asking.insert((run, service.clone()), haunt);
                }
            }
        }
    }
    let asking = asking.into_iter().map(|((run, home), haunt)| async move {
        let said = haunt.records_of(run).await?;
        Ok::<_, Failure>(said.into_iter().map(|item| (item, home.clone())).collect::<Vec<_>>())
    });
    let asking: Vec<_> = asking.collect();
    let said: Vec<Vec<_>> = stream::iter(asking).buffered(AT_ONCE).try_collect().await?;
    Ok(said.concat())
}

/// Why something goes that says nothing of the subject itself.
const OF_RUN: &str = "belongs to a run that the person created";

/// What an item gets that says nothing of the subject itself.
fn planned(policy: &Policy, item: Item, waits_for: u16) -> Option<Planned> {
    let (treatment, reason, why) = match policy.fitting(&item) {
        Some((number, rule)) => (rule.action, rule.reason.clone(), format!("rule {number}")),
        None => (Treatment::Delete, String::new(), "no rule".to_owned()),
    };
    let action = match treatment {
        Treatment::Delete => Action::Delete,
        Treatment::Keep => Action::Keep(reason),
        // There is nothing to take out of it.
        Treatment::Redact => return None,
    };
    let why = format!("{why}; {OF_RUN}");
    Some(Planned { finding: silent(item), action, why, waits_for })
}
