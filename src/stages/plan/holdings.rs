//! What an export of a thing takes: what its service says of it and of all that belongs to it, and
//! its files where they lie.
//!
//! The service knows where that is, and another source holds it. What no configured source holds is
//! listed and not passed over: whoever reads the archive must know that it is not all.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::asked::thing::{Thing, ThingKind};
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Unreadable, Version};
use crate::domain::layout::{Containers, Location, account_name};
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::guard::Share;
use crate::domain::request::Request;
use crate::domain::state::Event;
use crate::ports::ledger::{Cleared, ordinals};
use crate::ports::sources::{Page, Source, Things, Walked};
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;
use crate::stages::plan::draft::Draft;
use crate::stages::plan::finding::silent;
use crate::stages::plan::things::{WHY, holders, several};

/// Why files are missing: a stable word first.
const NO_SOURCE: &str = "no_source: no configured source holds the place where they lie";
const MISSING: &str = "missing: nothing lies where the service says that they are";

/// Looks up what is exported and brings the request to `planned`.
///
/// # Errors
/// A failure of a source or of the ledger.
pub async fn find(
    account: &Account,
    sources: &[Arc<dyn Source>],
    policy: String,
    case: &Case,
) -> Result<(), Failure> {
    // An archive is written anew from its first item on.
    account.clear_items(case, Cleared::All).await?;
    let ordinals = ordinals(account.look(case).await?, 0);
    let mut draft = Draft::new(case, ordinals.start);
    let (mut seen, mut unreadable): (BTreeMap<String, u64>, u64) = Default::default();
    let mut holdings = Holdings::of(sources, &case.request).await?;
    while let Some(planned) = holdings.next().await? {
        if account.is_overtaken(case).await? {
            return Ok(());
        }
        for planned in planned {
            *seen.entry(planned.finding.item.source.clone()).or_default() += 1;
            unreadable += u64::from(planned.settled().is_some());
            draft.add(account, planned).await?;
        }
    }
    draft.flush(account).await?;
    let items = seen.values().sum();
    let share = |(source, seen)| Share { source, seen, known: 0, removed: 0, rewritten: 0 };
    let sources = seen.into_iter().map(share).collect();
    let planned =
        Event::Planned { items, unreadable, seen: items, policy, sources, coverage: Vec::new() };
    account.advance(case, planned).await?;
    Ok(())
}

/// What an export takes, bit by bit: there may be as many files as a source has.
pub struct Holdings<'a> {
    ready: VecDeque<Vec<Planned>>,
    places: VecDeque<Place<'a>>,
    /// Runs may share a folder, and each of its files is given once.
    given: HashSet<[u8; 16]>,
}

/// Where files lie, in the source that holds them.
struct Place<'a> {
    source: &'a dyn Walked,
    prefix: String,
    which: Which,
    marker: Option<String>,
    is_found: bool,
    /// The item that stands for it where nothing is there; `None` if that is no loss.
    otherwise: Option<Item>,
}

/// Which of the names that begin so are meant.
enum Which {
    /// That name alone; or, where there is none, what is in the folder of that name.
    One,
    /// All.
    All,
    /// Those of a run, but for copies of others among them.
    OfRun(String),
}

impl<'a> Holdings<'a> {
    /// Looks up the thing and where its files are.
    ///
    /// # Errors
    /// A source's failure, as that of the whole source. That there is nobody to ask; that a name is
    /// that of several things.
    pub async fn of(sources: &'a [Arc<dyn Source>], request: &Request) -> Result<Self, Failure> {
        let mut holdings =
            Self { ready: VecDeque::new(), places: VecDeque::new(), given: HashSet::new() };
        let Some(thing) = request.thing() else { return Ok(holdings) };
        let mut found_in = Vec::new();
        for things in holders(sources, request)? {
            let blame = |failure: Failure| failure.of_source(things.name());
            let (documents, files) = belongings(things, thing).await.map_err(blame)?;
            if documents.is_empty() && files.is_empty() {
                continue;
            }
            found_in.push(things.name());
            let runs = runs(&documents);
            holdings.ready.push_back(documents.into_iter().map(exported).collect());
            if thing.kind.has_files() {
                let whole = Whole { sources, things, thing };
                holdings.locate(&whole, files, &runs).await?;
            }
        }
        several(&found_in)?;
        Ok(holdings)
    }

    /// Some more of it; `None` once that was all.
    ///
    /// # Errors
    /// A source's failure, as that of the whole source.
    pub async fn next(&mut self) -> Result<Option<Vec<Planned>>, Failure> {
        if let Some(ready) = self.ready.pop_front() {
            return Ok(Some(ready));
        }
        let Some(mut place) = self.places.pop_front() else { return Ok(None) };
        let source = place.source;
        let listed = source.list(&place.prefix, place.marker.as_deref()).await;
        let blame = |failure: Failure| failure.of_source(source.name());
        let Page { items, next, .. } = listed.map_err(blame)?;
        let meant: Vec<Item> = items.into_iter().filter(|item| place.holds(item)).collect();
        place.is_found |= !meant.is_empty();
        let new = meant.into_iter().filter(|item| self.given.insert(key(item)));
        let mut planned: Vec<Planned> = new.map(exported).collect();
        place.marker = next;
        if place.marker.is_some() {
            self.places.push_front(place);
        } else if !place.is_found {
            match place.which {
                Which::One => self.places.push_front(place.into_folder()),
                Which::All | Which::OfRun(_) => {
                    planned.extend(place.otherwise.map(|item| lacking(item, MISSING)));
                }
            }
        }
        Ok(Some(planned))
    }

    /// Finds the sources that hold these places, and what is a run's by its name.
    async fn locate(
        &mut self,
        whole: &Whole<'a, '_>,
        files: BTreeSet<Location>,
        runs: &BTreeSet<String>,
    ) -> Result<(), Failure> {
        let mut stores = whole.stores().await;
        let mut lacks = Vec::new();
        // Where nobody says whether it is a file or a folder, both are told: a name is either.
        let is_either = |location: &Location| {
            let path = location.path.strip_suffix('/').unwrap_or_default().to_owned();
            !path.is_empty() && files.contains(&Location { path, ..location.clone() })
        };
        for location in files.iter().filter(|location| !is_either(location)) {
            let item = whole.item(location);
            let Some((source, prefix)) = stores.holding(location)? else {
                lacks.push(lacking(item, NO_SOURCE));
                continue;
            };
            let which = if location.is_folder() { Which::All } else { Which::One };
            // A run may well have written nothing.
            let otherwise = (whole.thing.kind != ThingKind::Run).then_some(item);
            self.places.push_back(Place::new(source, prefix, which, otherwise));
        }
        self.ready.push_back(lacks);
        if whole.thing.kind == ThingKind::Run {
            let containers = whole.things.containers().await;
            let blame = |failure: Failure| failure.of_source(whole.things.name());
            let account = containers.map_err(blame)?.account;
            for run in runs {
                let of_run =
                    |(source, prefix)| Place::new(source, prefix, Which::OfRun(run.clone()), None);
                self.places.extend(stores.of_run(&account, run).map(of_run));
            }
        }
        Ok(())
    }
}

/// The thing, whoever holds it, and all sources.
struct Whole<'a, 'b> {
    sources: &'a [Arc<dyn Source>],
    things: &'a dyn Things,
    thing: &'b Thing,
}

impl<'a> Whole<'a, '_> {
    /// The sources that hold files, but for shares: what documents say of where files lie is of
    /// containers, and a share of the same name holds others.
    async fn stores(&self) -> Stores<'a> {
        let mut stores = Stores { open: Vec::new(), shut: None };
        let others = self.sources.iter().filter(|source| source.things().is_none());
        for walked in others.filter_map(|source| source.finds().walked()) {
            match walked.containers().await {
                Ok(containers) if containers.are_shares => {}
                Ok(containers) => stores.open.push((walked, containers)),
                Err(failure) => stores.shut = Some(failure.of_source(walked.name())),
            }
        }
        stores
    }

    /// The item that stands for files that are not there.
    fn item(&self, location: &Location) -> Item {
        let Location { account, container, path } = location;
        let name = match account.as_str() {
            "" => path.clone(),
            _ => format!("{account}/{container}/{path}"),
        };
        Item::bare(self.things.name(), &name, Version::Current)
    }
}

/// The sources that hold files, as far as they could be asked.
struct Stores<'a> {
    open: Vec<(&'a dyn Walked, Containers)>,
    /// Why one of them could not.
    shut: Option<Failure>,
}

impl<'a> Stores<'a> {
    /// The first that holds a place, and what the names there begin with.
    ///
    /// # Errors
    /// None of those that could be asked holds it, and another may.
    fn holding(
        &mut self,
        location: &Location,
    ) -> Result<Option<(&'a dyn Walked, String)>, Failure> {
        let holding = self
            .open
            .iter()
            .find_map(|(source, containers)| Some((*source, containers.prefix_of(location)?)));
        match (holding, self.shut.take()) {
            (None, Some(failure)) => Err(failure),
            (holding, shut) => {
                self.shut = shut;
                Ok(holding)
            }
        }
    }

    /// What the names of a run begin with, in the account of its workspace.
    fn of_run(&self, account: &str, run: &str) -> impl Iterator<Item = (&'a dyn Walked, String)> {
        let theirs = self
            .open
            .iter()
            .filter(|(_, containers)| account_name(&containers.account) == account_name(account));
        let mut prefixes = Vec::new();
        for (source, containers) in theirs {
            for container in &containers.each {
                let of_run = container.prefixes_of(run);
                prefixes.extend(of_run.into_iter().map(|prefix| (*source, prefix)));
            }
        }
        prefixes.into_iter()
    }
}

impl<'a> Place<'a> {
    fn new(source: &'a dyn Walked, prefix: String, which: Which, otherwise: Option<Item>) -> Self {
        Self { source, prefix, which, marker: None, is_found: false, otherwise }
    }

    /// The same name as that of a folder.
    fn into_folder(self) -> Self {
        Self::new(self.source, format!("{}/", self.prefix), Which::All, self.otherwise)
    }

    /// Whether an item is one that is given: as it stands there now, and with bytes.
    fn holds(&self, item: &Item) -> bool {
        let is_meant = match &self.which {
            Which::One => item.name == self.prefix,
            Which::All => true,
            Which::OfRun(run) => {
                let layout = item.layout();
                layout.run() == Some(run.as_str()) && !layout.is_zipped_copy()
            }
        };
        is_meant && item.version == Version::Current && item.kind != Kind::Directory
    }
}

/// What a service says of a thing and of what belongs to it, and where its files are. An output of
/// a pipeline is nothing but these.
async fn belongings(
    things: &dyn Things,
    thing: &Thing,
) -> Result<(Vec<Item>, BTreeSet<Location>), Failure> {
    if thing.kind == ThingKind::PipelineOutput {
        return Ok((Vec::new(), things.files(thing).await?.into_iter().collect()));
    }
    let found = things.look_up(thing, None).await?;
    let documents: Vec<Item> = found.into_iter().map(|belonging| belonging.item).collect();
    if documents.is_empty() || !thing.kind.has_files() {
        return Ok((documents, BTreeSet::new()));
    }
    let mut files = BTreeSet::new();
    if thing.kind != ThingKind::Run {
        files.extend(things.files(thing).await?);
    }
    for run in runs(&documents).into_iter().filter(|_| thing.kind == ThingKind::Run) {
        files.extend(things.files(&Thing { name: run, ..thing.clone() }).await?);
    }
    Ok((documents, files))
}

/// The run and its children.
fn runs(documents: &[Item]) -> BTreeSet<String> {
    documents.iter().filter_map(|item| Some(item.layout().run()?.to_owned())).collect()
}

fn exported(item: Item) -> Planned {
    let why = WHY.to_owned();
    Planned { finding: silent(item), action: Action::Export, why, waits_for: 0 }
}

fn lacking(item: Item, reason: &str) -> Planned {
    Planned::unreadable(Unreadable { item, reason: reason.to_owned() })
}

/// Which item it is, in few bytes.
fn key(item: &Item) -> [u8; 16] {
    let digest = Sha256::new().chain_update(&item.source).chain_update([0]);
    let digest = digest.chain_update(&item.name).finalize();
    std::array::from_fn(|index| digest[index])
}
