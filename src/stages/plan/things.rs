//! Requests about a thing: it is looked up where it may be, with all that belongs to it, and that
//! is the plan. Looked up again, it is what is left.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::asked::thing::ThingKind;
use crate::domain::dependents::dependent::{self, Dependent, Dependents, Fate, Stay};
use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Item, Kind, Place};
use crate::domain::layout::OF_A_RUN;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::guard::Share;
use crate::domain::policy::rules::{Policy, Treatment};
use crate::domain::policy::runs::Runs;
use crate::domain::request::{Request, RequestKind};
use crate::domain::state::Event;
use crate::ports::ledger::{Cleared, ordinals};
use crate::ports::sources::{Belonging, Source, Things};
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::plan::draft::{Draft, supersede};
use crate::stages::plan::finding::silent;
use crate::stages::plan::haunts::Haunts;
use crate::stages::walk::pass::unknown_source;

/// Why anything of a thing is acted on.
pub const WHY: &str = "the request names it, or what it belongs to";

/// Looks the thing up and brings the request to `planned`.
///
/// # Errors
/// A failure of a source or of the ledger.
pub async fn find(
    account: &Account,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    case: &Case,
) -> Result<(), Failure> {
    // Whatever an earlier try did not bring to an end.
    account.clear_items(case, Cleared::Undone).await?;
    let known = Before::of(account, case).await?.runs;
    let planned = all_of_it(sources, policy, &case.request, known).await?;
    let mut shares: Vec<Share> = Vec::new();
    for Planned { finding: Finding { item, .. }, action, .. } in &planned {
        let removed = u64::from(matches!(action, Action::Delete));
        match shares.last_mut() {
            Some(share) if share.source == item.source => {
                share.seen += 1;
                share.removed += removed;
            }
            _ => {
                let source = item.source.clone();
                shares.push(Share { source, seen: 1, known: 0, removed, rewritten: 0 });
            }
        }
    }
    let items = planned.len() as u64;
    let is_unread = |planned: &&Planned| matches!(planned.action, Action::List(_));
    let unreadable = planned.iter().filter(is_unread).count() as u64;
    draft(account, case, planned).await?;
    supersede(account, case).await?;
    let planned = Event::Planned {
        items,
        unreadable,
        seen: items,
        policy: policy.digest(),
        sources: shares,
        coverage: Vec::new(),
    };
    account.advance(case, planned).await?;
    Ok(())
}

/// Looks the thing up again: what is still there, and not for a ledgered reason, joins the plan.
///
/// # Errors
/// A failure of a source or of the ledger.
pub async fn look_again(
    account: &Account,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    case: &Case,
) -> Result<(), Failure> {
    let before = Before::of(account, case).await?;
    let mut left = all_of_it(sources, policy, &case.request, before.runs.clone()).await?;
    left.retain(|planned| {
        let item = &planned.finding.item;
        // What nobody sees has no `ETag`: whatever was left of it was dealt with by the plan.
        let is_open = !before.stays.contains(&item.place()) && !item.etag.is_empty();
        is_open && before.gone.get(&item.place()).is_none_or(|etags| etags.contains(&item.etag))
    });
    if case.request.thing().is_some_and(|thing| thing.with_dependents) {
        for planned in &mut left {
            before.keep_what_is_new(planned);
        }
    }
    // The workspace that named them may be gone, and nobody else does.
    let mut dealt_with = before.stays;
    dealt_with.extend(left.iter().map(|planned| planned.finding.item.place()));
    left.extend(before.listed);
    for planned in before.dependents {
        let item = &planned.finding.item;
        // One that was gone and shows again is acted on once.
        if dealt_with.insert(item.place()) && stands(sources, item).await? {
            left.push(planned);
        }
    }
    let ordinals = ordinals(account.look(case).await?, 0);
    account.clear_items(case, Cleared::Ordinals(ordinals.clone())).await?;
    // What needs no act has its outcome: nobody goes back for it.
    let mut draft = Draft::again(case, HashSet::new()).starting_at(ordinals.start);
    for planned in left {
        draft.add(account, planned).await?;
    }
    draft.flush(account).await
}

/// Whether exactly that thing is there still, or can be had back against the plan.
async fn stands(sources: &[Arc<dyn Source>], item: &Item) -> Result<bool, Failure> {
    let source = sources.iter().find(|source| source.name() == item.source);
    let Some(things) = source.and_then(|source| source.things()) else { return Ok(false) };
    things.stands(item).await.map_err(|failure| failure.of_source(&item.source))
}

/// What a plan has told so far.
#[derive(Default)]
struct Before {
    /// Places of what is still there for a ledgered reason.
    stays: HashSet<Place>,
    /// The `ETag`s of the things that were erased, by their places. A thing is erased once its
    /// service says that there is none: another one there now was made since, and nobody asked for
    /// that.
    gone: HashMap<Place, HashSet<String>>,
    /// The `ETag`s of what was approved to go, by places.
    approved: HashMap<Place, HashSet<String>>,
    /// The runs that it is about: their services may tell no more of them.
    runs: RunsAt,
    /// What a workspace depended on, and was erased.
    dependents: Vec<Planned>,
    /// What nobody could look at, and nobody can by now.
    listed: Vec<Planned>,
}

impl Before {
    async fn of(account: &Account, case: &Case) -> Result<Self, Failure> {
        let (mut before, mut entries) = (Self::default(), pin!(account.entries(case)));
        while let Some(entry) = entries.next().await {
            let Entry { planned, outcome, .. } = entry?;
            let is_erased =
                matches!(outcome, Some(ItemOutcome::Erased | ItemOutcome::AlreadyAbsent));
            if is_erased && dependent::is_one(&planned.finding.item.name) {
                before.dependents.push(planned.clone());
            }
            if matches!(planned.action, Action::List(_)) && outcome.is_some() {
                before.listed.push(planned.clone());
            }
            let item = planned.finding.item;
            if matches!(planned.action, Action::Delete) {
                before.approved.entry(item.place()).or_default().insert(item.etag.clone());
            }
            if outcome.as_ref().is_some_and(|outcome| outcome.kind().stays()) {
                before.stays.insert(item.place());
            }
            if item.kind != Kind::Thing {
                continue;
            }
            before.runs.extend(run_of(&item));
            if is_erased {
                before.gone.entry(item.place()).or_default().insert(item.etag);
            }
        }
        Ok(before)
    }

    /// Somebody approved what goes with a workspace, one by one: what is made since then stays.
    fn keep_what_is_new(&self, planned: &mut Planned) {
        let item = &planned.finding.item;
        let approved = self.approved.get(&item.place());
        let is_approved = approved.is_some_and(|etags| etags.contains(&item.etag));
        if matches!(planned.action, Action::Delete) && !is_approved {
            let stay = Stay { reason: MADE_SINCE.into(), why: MADE_SINCE.to_owned() };
            (planned.action, planned.why) = staying(stay);
        }
    }
}

/// Why something stays that is not as it was approved.
const MADE_SINCE: &str = "made or changed since the plan was approved";

/// Runs, by the source that told of them.
pub type RunsAt = BTreeSet<(String, String)>;

/// What a request about a thing acts on, as it is now, with the blobs of runs that go; nothing for
/// one about a person. What was `known` of runs counts still when their records are gone.
///
/// # Errors
/// As [`looked_up`]; a failure of a source that may hold blobs.
pub async fn all_of_it(
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    request: &Request,
    known: RunsAt,
) -> Result<Vec<Planned>, Failure> {
    let mut planned = looked_up(sources, policy, request).await?;
    let Some(thing) = request.thing().filter(|_| request.kind == RequestKind::DeleteThing) else {
        return Ok(planned);
    };
    let found = planned.iter().filter(|planned| matches!(planned.action, Action::Delete));
    let mut runs: RunsAt = known;
    runs.extend(found.filter_map(|planned| run_of(&planned.finding.item)));
    if let ([things], true, ThingKind::Run) =
        (&holders(sources, request)?[..], planned.is_empty(), thing.kind)
    {
        // Its record may be gone while its blobs are not, and whose it is is no question.
        runs.insert((things.name().to_owned(), thing.own_name().to_owned()));
    }
    for item in blobs_of(sources, request, &runs).await? {
        let kept = kept(policy, &item);
        let (action, why) = kept.unwrap_or_else(|| (Action::Delete, WHY.to_owned()));
        planned.push(Planned { finding: silent(item), action, why, waits_for: OF_A_RUN });
    }
    Ok(planned)
}

fn run_of(item: &Item) -> Option<(String, String)> {
    Some((item.source.clone(), item.layout().run()?.to_owned()))
}

/// The blobs of these runs in the accounts of their workspaces, where no other workspace of such an
/// account has a run of the same id.
async fn blobs_of(
    sources: &[Arc<dyn Source>],
    request: &Request,
    at: &RunsAt,
) -> Result<Vec<Item>, Failure> {
    if at.is_empty() {
        return Ok(Vec::new());
    }
    let haunts = Haunts::of(sources, request).await?;
    let mut runs = Runs::default();
    for (source, run) in at {
        let Some(haunt) = haunts.named(source) else { continue };
        let home = haunt.home("");
        runs.learn(run, &home);
        for other in haunts.services_near(&home).filter(|other| other.source.name() != source) {
            if !other.records_of(run).await?.is_empty() {
                runs.deny(run, &other.home(""));
            }
        }
    }
    let mut blobs = haunts.blobs_of(&runs).await?;
    // Its service has said which runs are its children.
    blobs.retain(|(item, home)| {
        item.layout().run().is_some_and(|run| runs.contains(run) && runs.takes(run, home))
    });
    Ok(blobs.into_iter().map(|(item, _)| item).collect())
}

/// What a request about a thing acts on at its service, as it is now; nothing for one about a
/// person.
///
/// # Errors
/// A source's failure, as that of the whole source. That there is nobody to ask: a thing that
/// nobody looks up would be taken for gone. That a name is that of several things.
pub async fn looked_up(
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    request: &Request,
) -> Result<Vec<Planned>, Failure> {
    let Some(thing) = request.thing() else { return Ok(Vec::new()) };
    let aside = request.kind.aside();
    let mut planned = Vec::new();
    let mut found_in: Vec<&str> = Vec::new();
    for things in holders(sources, request)? {
        let blame = |failure: Failure| failure.of_source(things.name());
        let found = things.look_up(thing, aside).await.map_err(blame)?;
        let Dependents { own, each } = match thing.with_dependents && aside.is_none() {
            true => things.dependents(thing).await.map_err(blame)?,
            false => Dependents::default(),
        };
        found_in.extend((!found.is_empty()).then_some(things.name()));
        // What a workspace stands on stays with it.
        let held = found.iter().find_map(|belonging| kept(policy, &belonging.item));
        for Belonging { item, waits_for } in found {
            let (action, why) = match (kept(policy, &item), aside) {
                (Some((action, why)), _) => (action, why),
                (None, None) if own.is_some() => staying(own.clone().unwrap_or_default()),
                (None, None) => (Action::Delete, WHY.to_owned()),
                (None, Some(aside)) if things.is_aside(&item, aside).await.map_err(blame)? => {
                    continue;
                }
                (None, Some(aside)) => (Action::PutAside(aside), WHY.to_owned()),
            };
            planned.push(Planned { finding: silent(item), action, why, waits_for });
        }
        planned.extend(cascade(policy, held.as_ref(), each));
    }
    several(&found_in)?;
    Ok(planned)
}

/// The plan for what a workspace depends on: what holds something that stays, stays.
fn cascade(policy: &Policy, held: Option<&(Action, String)>, each: Vec<Dependent>) -> Vec<Planned> {
    let planned = each.into_iter().map(|Dependent { item, fate }| {
        let (action, why) = match (kept(policy, &item), held, fate) {
            (Some((action, why)), ..) => (action, why),
            (None, Some(held), Fate::Goes(_)) => held.clone(),
            (None, _, Fate::Goes(hint)) if hint.is_empty() => (Action::Delete, WHY.to_owned()),
            (None, _, Fate::Goes(hint)) => (Action::Delete, hint),
            (None, _, Fate::Stays(stay)) => staying(stay),
            (None, _, Fate::Unread(word)) => (Action::List(word.to_owned()), word.to_owned()),
        };
        let waits_for = dependent::waits_for(&item.name);
        Planned { finding: silent(item), action, why, waits_for }
    });
    let mut planned: Vec<Planned> = planned.collect();
    let of = |is_meant: fn(&Action) -> bool| -> Vec<&Item> {
        let meant = planned.iter().filter(|planned| is_meant(&planned.action));
        meant.map(|planned| &planned.finding.item).collect()
    };
    let kept = of(|action| matches!(action, Action::Keep(_)));
    let going = of(|action| matches!(action, Action::Delete));
    let bound = dependent::bound(&kept, &going).into_iter();
    let bound: HashMap<String, String> =
        bound.map(|(item, part)| (item.name.clone(), part.name.clone())).collect();
    for planned in &mut planned {
        if let Some(part) = bound.get(&planned.finding.item.name) {
            let why = format!("{PART_STAYS}: {part}");
            (planned.action, planned.why) = staying(Stay { reason: PART_STAYS.into(), why });
        }
    }
    planned
}

/// Why what holds something that is kept is kept too.
const PART_STAYS: &str = "a part of it stays";

fn staying(Stay { reason, why }: Stay) -> (Action, String) {
    (Action::Keep(reason.into_owned()), why)
}

/// Refuses a name that several sources have something of.
///
/// # Errors
/// That is so.
pub fn several(found_in: &[&str]) -> Result<(), Failure> {
    if found_in.len() > 1 {
        let text = "several sources hold a resource of that name; send the request anew and name \
                    one of them in extensions.dsrd.sources";
        return Err(Failure::needs_person(text).because(Several(found_in.join(", "))));
    }
    Ok(())
}

/// Which sources hold a thing of one name.
#[derive(Debug, thiserror::Error)]
#[error("found in {0}")]
struct Several(String);

/// What a policy keeps stays, whoever names it.
fn kept(policy: &Policy, item: &Item) -> Option<(Action, String)> {
    let (number, rule) = policy.fitting(item)?;
    (rule.action == Treatment::Keep)
        .then(|| (Action::Keep(rule.reason.clone()), format!("rule {number}: {}", rule.reason)))
}

/// The sources that may hold what the request names, at least one.
///
/// # Errors
/// There is none, or one that the request names is not configured any more.
pub fn holders<'a>(
    sources: &'a [Arc<dyn Source>],
    request: &Request,
) -> Result<Vec<&'a dyn Things>, Failure> {
    let is_there = |name: &&String| sources.iter().any(|source| source.name() == name.as_str());
    if let Some(gone) = request.options.sources.iter().find(|name| !is_there(name)) {
        return Err(unknown_source(gone));
    }
    let kind = request.thing().map(|thing| thing.kind.held_as());
    let theirs = sources.iter().filter(|source| request.concerns(source.name()));
    let holders: Vec<&dyn Things> = theirs
        .filter_map(|source| source.things())
        .filter(|things| kind.is_some_and(|kind| things.kinds().contains(&kind)))
        .collect();
    if holders.is_empty() {
        return Err(Failure::needs_person("no source holds such resources any more"));
    }
    let mut named: Vec<&dyn Things> = Vec::new();
    for things in holders {
        // No fault of the source: it is not asked for another name again.
        if request.thing().map_or(Ok(false), |thing| things.is_named(thing))? {
            named.push(things);
        }
    }
    if named.is_empty() {
        // Nobody looked, so nobody can say that it is not there.
        return Err(Failure::needs_person(
            "the request names a resource of a workspace that is none of the sources",
        ));
    }
    Ok(named)
}

/// Ledgers what this look found, in the place of what an earlier try of it did.
async fn draft(account: &Account, case: &Case, planned: Vec<Planned>) -> Result<(), Failure> {
    let ordinals = ordinals(account.look(case).await?, 0);
    account.clear_items(case, Cleared::Ordinals(ordinals.clone())).await?;
    let mut draft = Draft::new(case, ordinals.start);
    for planned in planned {
        draft.add(account, planned).await?;
    }
    draft.flush(account).await
}
