//! What is in the folders of the person, whatever it says.
//!
//! An export takes it, where anybody knows whose a folder is. An erasure takes it where a rule has
//! `unit = "user_folder"`; what such a rule spared while nobody knew yet whose folder it was goes
//! then too. A folder that two people are said to have is left alone and listed.

use std::collections::{BTreeMap, HashMap};

use crate::domain::failure::Failure;
use crate::domain::homes::claim::folded;
use crate::domain::homes::own::{Aliases, Homes};
use crate::domain::item::{Item, Kind, Unreadable, Version};
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::action::{Action, Otherwise};
use crate::domain::policy::rules::{Policy, Treatment};
use crate::domain::request::Request;
use crate::stages::homes::whose::{Around, RECORDS_MAX};
use crate::stages::plan::finding::silent;
use crate::stages::plan::haunts::Haunts;
use crate::stages::plan::known::{Amendment, Known, More};

/// Why something goes that may say nothing of the subject itself.
const OF_FOLDER: &str = "in the person's own folder";

/// Why a folder is listed.
const IN_DOUBT: &str = "user folder: said to be of several people";

/// The same of one of which nobody knew that when the plan was made.
const SINCE: &str = "user folder: known to be the person's only since the find";

/// At what time it is asked what goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// When the plan is made, which the guard and people see.
    First,
    /// When it is looked again: no folder goes that nobody has seen in the plan.
    Again,
}

/// What is done with items, by source and name.
type Treatments = HashMap<(String, String), Treatment>;

/// What was planned so far of what is in the folders of users.
#[derive(Default)]
pub struct Folders {
    found: Vec<Found>,
    /// What services say of runs that speak of the person.
    records: Vec<Item>,
    /// Folders of which something goes, or went, along: who said whose they are may say it no more.
    /// By source.
    taken: BTreeMap<String, Aliases>,
}

/// What speaks of the person in a folder that may be theirs.
struct Found {
    ordinal: u64,
    item: Item,
    /// Whether it names others too.
    others: bool,
    /// Whether it stays only because the folder may be somebody else's.
    is_spared: bool,
}

impl Folders {
    /// Whether what is in a folder can go along with a request of this kind.
    pub fn matter(policy: &Policy, around: Around<'_>, request: &Request) -> bool {
        match request.kind.is_export() {
            true => around.knows(),
            // Who asked for redaction wanted the rest to stay.
            false => policy.takes_folders() && !request.options.redact,
        }
    }

    /// Takes note of a line of the plan.
    pub fn note(
        &mut self,
        policy: &Policy,
        ordinal: u64,
        planned: &Planned,
        outcome: Option<&ItemOutcome>,
    ) {
        let Planned { finding, action, .. } = planned;
        let (item, is_found) = (&finding.item, !finding.hits.is_empty());
        let layout = item.layout();
        if item.kind == Kind::Thing {
            let is_record = is_found && layout.run_document().is_some();
            if is_record && self.records.len() < RECORDS_MAX {
                self.records.push(item.clone());
            }
            return;
        }
        let Some(alias) = layout.user_folder() else { return };
        let goes_along = !is_found && matches!(action, Action::Delete | Action::Export);
        if goes_along || planned.why.ends_with(OF_FOLDER) {
            let taken = self.taken.entry(item.source.clone()).or_default();
            taken.entry(folded(alias)).or_default().insert(alias.to_owned());
        }
        if is_found && policy.in_own_folder(item, finding.others).is_some() {
            let is_spared = outcome.is_none() && *action == Action::Redact(Otherwise::Leave);
            let (item, others) = (item.clone(), finding.others);
            self.found.push(Found { ordinal, item, others, is_spared });
        }
    }

    /// What the folders of the person take along beyond what is planned.
    ///
    /// # Errors
    /// A source cannot be listed, or somebody who may know whose folders are cannot be asked.
    pub async fn more(
        &self,
        look: Look,
        known: &Known,
        around: Around<'_>,
        policy: &Policy,
        request: &Request,
    ) -> Result<More, Failure> {
        let mut more = More::default();
        let Some(person) = request.people().first() else { return Ok(more) };
        if !Self::matter(policy, around, request) {
            return Ok(more);
        }
        let claims = around.claims(request.people(), &self.records).await?;
        let haunts = Haunts::of(around.sources, request).await?;
        let beside = self.treatments(policy);
        for haunt in haunts.of_files() {
            let source = haunt.source.name();
            let mut homes = Homes::of(person, &claims, &haunt.home("").account);
            self.join(source, &mut homes);
            let Homes { mut own, in_doubt, .. } = homes;
            let since = match look {
                Look::First => Aliases::new(),
                Look::Again => self.apart(source, &mut own),
            };
            more.amended.extend(self.amended(policy, source, &own));
            for item in haunt.in_folders(&own, false).await? {
                let Some(superseded) = known.joins(&item.place()) else { continue };
                let planned = match request.kind.is_export() {
                    true => exported(item),
                    false => erased(policy, item, &beside),
                };
                more.new.extend(planned.map(|planned| (planned, superseded)));
            }
            for item in haunt.in_folders(&in_doubt, true).await? {
                let is_meant =
                    request.kind.is_export() || policy.in_own_folder(&item, false).is_some();
                more.new.extend(is_meant.then(|| (listed(&item, IN_DOUBT), None)));
            }
            for item in haunt.in_folders(&since, true).await? {
                let is_meant = policy.in_own_folder(&item, false).is_some();
                more.new.extend(is_meant.then(|| (listed(&item, SINCE), None)));
            }
        }
        Ok(more)
    }

    /// Joins what went along before to the person's own folders in a source, and takes note of how
    /// these are spelled there.
    fn join(&self, source: &str, homes: &mut Homes) {
        let Homes { own, in_doubt, of_others } = homes;
        for (alias, spelled) in self.taken.get(source).into_iter().flatten() {
            // Who said that it is theirs may be gone by now, and somebody else have it.
            let is_doubtful = in_doubt.contains_key(alias) || of_others.contains(alias);
            let kept = if is_doubtful { &mut *in_doubt } else { &mut *own };
            kept.entry(alias.clone()).or_default().extend(spelled.iter().cloned());
        }
        for found in self.found.iter().filter(|found| found.item.source == source) {
            let alias = found.item.layout().user_folder().unwrap_or_default();
            if let Some(spelled) = own.get_mut(&folded(alias)) {
                spelled.insert(alias.to_owned());
            }
        }
    }

    /// Takes out of the person's own folders in a source those of which nothing went along yet.
    fn apart(&self, source: &str, own: &mut Aliases) -> Aliases {
        let taken = self.taken.get(source);
        let (kept, since) = std::mem::take(own)
            .into_iter()
            .partition(|(alias, _)| taken.is_some_and(|taken| taken.contains_key(alias)));
        *own = kept;
        since
    }

    /// What was spared in folders that are the person's own.
    fn amended(&self, policy: &Policy, source: &str, own: &Aliases) -> Vec<Amendment> {
        let is_own = |found: &&Found| {
            let alias = found.item.layout().user_folder().unwrap_or_default();
            found.item.source == source && own.contains_key(&folded(alias))
        };
        self.found.iter().filter(is_own).filter_map(|found| found.amended(policy)).collect()
    }

    /// What is done with what was found, by source and name: a checkpoint goes with its notebook.
    fn treatments(&self, policy: &Policy) -> Treatments {
        let each = self.found.iter().filter_map(|found| {
            let (treatment, ..) = policy.in_own_folder(&found.item, found.others)?;
            Some(((found.item.source.clone(), found.item.name.clone()), treatment))
        });
        each.collect()
    }
}

impl Found {
    /// The line, in a folder that is the person's.
    fn amended(&self, policy: &Policy) -> Option<Amendment> {
        let (treatment, _, number) = policy.in_own_folder(&self.item, self.others)?;
        let goes = self.is_spared && treatment == Treatment::Delete;
        goes.then(|| Amendment {
            ordinal: self.ordinal,
            action: Action::Delete,
            why: Some(why(number)),
            waits_for: 0,
        })
    }
}

fn why(rule: usize) -> String {
    format!("rule {rule}; {OF_FOLDER}")
}

/// What an archive gets of a folder: what stands there now.
fn exported(item: Item) -> Option<Planned> {
    let has_bytes = matches!(item.kind, Kind::Bytes | Kind::Link);
    (has_bytes && item.version == Version::Current).then(|| Planned {
        finding: silent(item),
        action: Action::Export,
        why: OF_FOLDER.to_owned(),
        waits_for: 0,
    })
}

/// What an item gets that says nothing of the subject itself.
fn erased(policy: &Policy, item: Item, beside: &Treatments) -> Option<Planned> {
    let (treatment, rule, number) = policy.in_own_folder(&item, false)?;
    let lead = &item.name[..item.name.len() - item.layout().path.len()];
    let notebook =
        item.layout().notebook().map(|path| (item.source.clone(), lead.to_owned() + &path));
    let of_notebook = notebook.and_then(|place| beside.get(&place));
    let action = match of_notebook.copied().unwrap_or(treatment) {
        Treatment::Delete => Action::Delete,
        Treatment::Keep => Action::Keep(rule.reason.clone()),
        // There is nothing to take out of it.
        Treatment::Redact => return None,
    };
    Some(Planned { finding: silent(item), action, why: why(number), waits_for: 0 })
}

/// A folder that is left alone, by something that is in it.
fn listed(item: &Item, why: &str) -> Planned {
    let layout = item.layout();
    let lead = item.name.len() - layout.path.len();
    let folder = layout.path.splitn(3, '/').take(2).map(|part| format!("{part}/"));
    let name = format!("{}{}", &item.name[..lead], folder.collect::<String>());
    let folder = Item {
        container: item.container.clone(),
        kind: Kind::Directory,
        ..Item::bare(&item.source, &name, Version::Current)
    };
    Planned::unreadable(Unreadable { item: folder, reason: why.to_owned() })
}
