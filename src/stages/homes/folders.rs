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
use crate::stages::plan::document::is_of_author;
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

/// Folders by what becomes of them.
struct Whose {
    /// What is in them goes along.
    own: Aliases,
    /// Left alone, because two people are said to have them.
    in_doubt: Aliases,
    /// Left alone, because nobody knew of them when the plan was made.
    since: Aliases,
}

/// What was planned so far of what is in the folders of users.
#[derive(Default)]
pub struct Folders {
    found: Vec<Found>,
    /// What services say of runs that speak of the person: first of those that the person seems to
    /// have made, which tell by what address.
    records: Vec<Item>,
    /// How many of these there are.
    records_of_theirs: usize,
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
            if is_found && layout.run_document().is_some() {
                self.note_record(item, finding.hits.iter().any(is_of_author));
            }
            return;
        }
        let Some(alias) = layout.user_folder() else { return };
        let goes_along = !is_found && matches!(action, Action::Delete | Action::Export);
        if goes_along || planned.why.ends_with(OF_FOLDER) {
            self.taken.entry(item.source.clone()).or_default().insert(folded(alias));
        }
        if is_found && policy.in_own_folder(item, finding.others).is_some() {
            let is_spared = outcome.is_none() && *action == Action::Redact(Otherwise::Leave);
            let (item, others) = (item.clone(), finding.others);
            self.found.push(Found { ordinal, item, others, is_spared });
        }
    }

    fn note_record(&mut self, item: &Item, is_theirs: bool) {
        match is_theirs && self.records_of_theirs < RECORDS_MAX {
            true => {
                self.records.insert(self.records_of_theirs, item.clone());
                self.records_of_theirs += 1;
                self.records.truncate(RECORDS_MAX);
            }
            false if self.records.len() < RECORDS_MAX => self.records.push(item.clone()),
            false => {}
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
        if !Self::matter(policy, around, request) || !Haunts::have_files(around.sources, request) {
            return Ok(more);
        }
        let claims = around.claims(request.people(), &self.records).await?;
        let haunts = Haunts::of(around.sources, request).await?;
        let beside = self.treatments(policy);
        for haunt in haunts.of_files() {
            let source = haunt.source.name();
            let homes = Homes::of(person, &claims, &haunt.home("").account);
            let Whose { own, in_doubt, since } = self.whose(look, source, homes);
            more.amended.extend(self.amended(policy, source, &own));
            let touched = in_doubt.union(&since).cloned().collect();
            for item in haunt.in_folders(&own, &touched).await? {
                let alias = item.layout().user_folder().map(folded).unwrap_or_default();
                if own.contains(&alias) {
                    let Some(superseded) = known.joins(&item.place()) else { continue };
                    let planned = match request.kind.is_export() {
                        true => exported(item),
                        false => erased(policy, item, &beside),
                    };
                    more.new.extend(planned.map(|planned| (planned, superseded)));
                } else if request.kind.is_export() || policy.in_own_folder(&item, false).is_some() {
                    let why = if in_doubt.contains(&alias) { IN_DOUBT } else { SINCE };
                    more.new.push((listed(&item, why), None));
                }
            }
        }
        Ok(more)
    }

    /// What becomes of the folders of a source that are said to be the person's, and of those of
    /// which something went along before.
    fn whose(&self, look: Look, source: &str, homes: Homes) -> Whose {
        let Homes { own, mut in_doubt, of_others } = homes;
        let taken = self.taken.get(source).cloned().unwrap_or_default();
        // Who said that it is theirs may be gone by now, and somebody else have it.
        let (doubtful, taken): (Aliases, Aliases) = taken
            .into_iter()
            .partition(|alias| in_doubt.contains(alias) || of_others.contains(alias));
        in_doubt.extend(doubtful);
        match look {
            Look::First => {
                let own = own.into_iter().chain(taken).collect();
                Whose { own, in_doubt, since: Aliases::new() }
            }
            Look::Again => {
                let since = own.difference(&taken).cloned().collect();
                Whose { own: taken, in_doubt, since }
            }
        }
    }

    /// What was spared in folders that are the person's own.
    fn amended(&self, policy: &Policy, source: &str, own: &Aliases) -> Vec<Amendment> {
        let is_own = |found: &&Found| {
            let alias = found.item.layout().user_folder().unwrap_or_default();
            found.item.source == source && own.contains(&folded(alias))
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
