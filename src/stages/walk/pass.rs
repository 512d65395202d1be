//! One pass over the sources: every item listed, read once and held against all identities at once.
//!
//! Reading is async and bounded; decoding and matching run on blocking threads, one an item. A bad
//! item is not a bad pass: what cannot be read is reported and the pass goes on. A source that does
//! not answer, or lets nobody in, ends the pass with a failure that blames it, whatever its kind:
//! it must never be taken for thousands of unreadable items. What may pass by itself ends the pass
//! too; whoever calls tries again, and says with [`Patience::Spent`] when an item that still fails
//! is to be reported instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::domain::asked::subject::Subject;
use crate::domain::failure::{Blame, Failure, FailureKind};
use crate::domain::item::{Item, Kind, Version};
use crate::domain::policy::limits::Limits;
use crate::domain::policy::rules::Policy;
use crate::matching::identity::watch::Watch;
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::Matcher;
use crate::matching::scan::{self, Scan};
use crate::ports::sources::{Asked, Finds, Page, Read, Source, Walked};
use crate::ports::tasks::Part;
use crate::stages::walk::ask::{Asking, ask};
use crate::stages::walk::budget::Budget;
use crate::stages::walk::content::{self, Digested, Said, read, shared_of};
use crate::stages::walk::graves::Graves;
use crate::stages::walk::inventory::Inventory;
use crate::stages::walk::learned::Learned;
use crate::stages::walk::look::Look;

/// What a pass is made of.
#[derive(Clone)]
pub struct Walk {
    /// Searches for everybody at once.
    pub matcher: Arc<Matcher>,
    /// Bounds on one item.
    pub limits: ItemLimits,
    /// Items read at the same time.
    pub concurrency: usize,
    /// What their bytes may be together.
    budget: Arc<Budget>,
    /// What to do with an item whose read failed but may work later.
    pub patience: Patience,
    /// How far the pass has come; may be read while it runs.
    pub meter: Arc<Meter>,
    /// What of each source is looked at.
    pub part: Part,
    /// Takes what is seen, where somebody will ask whether it stayed.
    pub inventory: Option<Arc<Inventory>>,
    /// Who was erased and is met again, where that is asked.
    pub graves: Option<Arc<Graves>>,
    /// Takes whom documents name, where that will be asked.
    pub learned: Option<Arc<Learned>>,
    /// What is declared to hold no person, where items are given away.
    pub policy: Option<Arc<Policy>>,
    /// Whom it looks for; hits refer to them by index.
    pub subjects: Arc<[Subject]>,
    /// Whether it matters who else is named in what speaks of them.
    pub asks_who_else: bool,
    /// Whether it shows all snapshots, whomever they speak of: they may go along with what is
    /// removed.
    pub all_snapshots: bool,
    /// Of which items it gives the digest.
    digested: Digested,
    /// Set when the request is stopped: what was not begun by then is left.
    pub halt: Arc<AtomicBool>,
}

/// Whether another try will follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// A transient failure ends the pass.
    Left,
    /// A transient failure of one item is reported as unreadable.
    Spent,
}

/// How far a pass has come.
#[derive(Debug, Default)]
pub struct Meter {
    items: AtomicU64,
    bytes: AtomicU64,
}

/// What the walk of a source hands on, in the order of the source.
pub enum Step {
    /// An item with hits, or of which something could not be read.
    Look(Box<Look>),
    /// Whatever is listed before this marker was handed on, all forms of each name, and is counted
    /// in the meter and the inventory; nothing behind it is.
    Page(String),
}

/// How often an item that changes under our eyes is looked up again.
const CHANGES_MAX: u32 = 3;

impl Walk {
    /// A pass that looks for all these subjects; hits refer to them by index.
    pub fn new(subjects: &[&Subject], limits: &Limits, patience: Patience) -> Self {
        Self {
            matcher: Arc::new(Matcher::new(subjects)),
            limits: limits.into(),
            concurrency: limits.read_concurrency_max,
            budget: Arc::new(Budget::new(limits.read_bytes_max)),
            patience,
            meter: Arc::default(),
            part: Part::WHOLE,
            inventory: None,
            graves: None,
            learned: None,
            policy: None,
            subjects: subjects.iter().map(|subject| (*subject).clone()).collect(),
            asks_who_else: false,
            halt: Arc::default(),
            all_snapshots: false,
            digested: Digested::Speaking,
        }
    }

    /// The same, which gives the digest of every item that was read whole.
    pub fn digesting(&self) -> Self {
        let mut walk = self.clone();
        walk.digested = Digested::All;
        walk
    }

    /// The same of a source that is asked.
    pub fn asking(&self) -> Asking {
        let (people, matcher) = (Arc::clone(&self.subjects), Arc::clone(&self.matcher));
        let learns = self.learned.is_some();
        Asking { people, matcher, limits: self.limits, part: self.part, learns }
    }

    /// What is asked of the bytes of an item.
    fn asked_of(&self, item: &Item) -> content::Asked {
        content::Asked {
            matcher: Arc::clone(&self.matcher),
            limits: self.limits,
            digested: self.digested,
            learns: self.learned.is_some() && Learned::wants(item),
        }
    }

    /// Whether another try will follow that may come to more than this.
    pub fn is_patient_with(&self, failure: &Failure) -> bool {
        failure.is_transient() && self.patience == Patience::Left
    }

    /// Whether nothing more is to be begun.
    pub fn is_halted(&self) -> bool {
        self.halt.load(Ordering::Relaxed)
    }

    /// Whether no other try will follow.
    pub fn is_last_try(&self) -> bool {
        self.patience == Patience::Spent
    }

    /// Looks for these people as well, who were erased.
    pub fn watch(&mut self, watch: Watch, graves: Graves) {
        let matcher = Arc::get_mut(&mut self.matcher);
        matcher.expect("a walk is shared once it goes, and not before").watch(watch);
        self.graves = Some(Arc::new(graves));
    }
}

impl Meter {
    /// Items looked at.
    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Stored bytes read.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn count(&self, bytes: u64) {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Walks the sources one after the other, items in the order of each source, and hands on those
/// with hits, or of which something could not be read.
pub fn walk(
    sources: &[Arc<dyn Source>],
    walk: Walk,
) -> impl Stream<Item = Result<Box<Look>, Failure>> + use<> {
    let looks = |step| match step {
        Step::Look(look) => Some(look),
        Step::Page(_) => None,
    };
    stream::iter(sources.to_vec())
        .flat_map(move |source| walk_source(source, walk.clone(), None))
        .try_filter_map(move |step| futures::future::ready(Ok(looks(step))))
}

/// There is no source of that name in the settings.
pub fn unknown_source(name: &str) -> Failure {
    Failure::needs_person("the source is not configured any more").of_source(name)
}

/// Gives a failure back whose only fault is that of the one item at hand, to be reported of it.
///
/// # Errors
/// The failure is not the item's: the source itself answers no better, which is asked of it, or our
/// own disk is full. Or it may pass, and another try will follow.
pub async fn item_at_fault(
    source: &dyn Source,
    failure: Failure,
    with: &Walk,
) -> Result<Failure, Failure> {
    let failure = blamed(source, failure).await;
    if failure.blame().is_some() || with.is_patient_with(&failure) {
        return Err(failure);
    }
    Ok(failure)
}

/// The failure, or that of the whole source, if it answers no better when it is asked itself.
pub async fn blamed(source: &dyn Source, failure: Failure) -> Failure {
    if failure.kind == FailureKind::Permanent || failure.blame().is_some() {
        return failure;
    }
    match source.ping().await {
        Ok(()) => failure,
        Err(shut) => shut.of_source(source.name()),
    }
}

/// Walks a source, from a marker that an earlier walk of the same source handed on, or from its
/// start.
pub fn walk_source(
    source: Arc<dyn Source>,
    walk: Walk,
    from: Option<String>,
) -> impl Stream<Item = Result<Step, Failure>> {
    let (concurrency, counting) = (walk.concurrency, walk.clone());
    entries(Arc::clone(&source), walk.clone(), from)
        .map(move |entry| take(Arc::clone(&source), entry, walk.clone()))
        .buffered(concurrency)
        .try_filter_map(move |step| {
            futures::future::ready(Ok(step.and_then(|step| count(step, &counting))))
        })
}

/// What a listing shows.
enum Entry {
    Item(Box<Item>),
    /// What an asked source holds about somebody.
    Sighted(Box<Look>),
    /// A page ends, and no name with it has forms on the next one too.
    Page(String),
}

/// What one page of a listing came to.
type Entries = Vec<Result<Entry, Failure>>;

/// Where a listing is.
struct At {
    source: Arc<dyn Source>,
    marker: Option<String>,
    last: Option<String>,
}

/// The listing, item by item, but for other parts; a listing that fails ends with its failure.
fn entries(
    source: Arc<dyn Source>,
    walk: Walk,
    from: Option<String>,
) -> impl Stream<Item = Result<Entry, Failure>> {
    let start = Some(At { source, marker: from, last: None });
    let part = walk.part;
    let page = move |at: Option<At>| {
        let walk = walk.clone();
        async move {
            let At { source, marker, last } = at?;
            let listed = match source.finds() {
                Finds::Walk(walked) => walked.list("", marker.as_deref()).await,
                Finds::Ask(asked) => return Some((sighted(asked, &walk).await, None)),
            };
            match listed {
                Ok(page) => Some(shown(source, page, marker, last, part)),
                Err(failure) => Some((vec![Err(failure.of_source(source.name()))], None)),
            }
        }
    };
    stream::unfold(start, page).flat_map(stream::iter)
}

/// What an asked source holds, as entries.
async fn sighted(source: &dyn Asked, walk: &Walk) -> Entries {
    match ask(source, &walk.asking()).await {
        Ok(looks) => looks.into_iter().map(|look| Ok(Entry::Sighted(Box::new(look)))).collect(),
        Err(failure) => vec![Err(failure)],
    }
}

/// What a page of a listing shows, and where it goes on.
fn shown(
    source: Arc<dyn Source>,
    page: Page,
    marker: Option<String>,
    last: Option<String>,
    part: Part,
) -> (Entries, Option<At>) {
    let Page { items, next } = page;
    let mut entries = Vec::new();
    if let (Some(marker), Some(last), Some(first)) = (marker, &last, items.first())
        && *last != first.name
    {
        entries.push(Ok(Entry::Page(marker)));
    }
    let last = items.last().map(|item| item.name.clone()).or(last);
    let ours = items.into_iter().filter(|item| part.holds(&item.name));
    entries.extend(ours.map(|item| Ok(Entry::Item(Box::new(item)))));
    (entries, next.map(|marker| At { source, marker: Some(marker), last }))
}

async fn take(
    source: Arc<dyn Source>,
    entry: Result<Entry, Failure>,
    walk: Walk,
) -> Result<Option<Step>, Failure> {
    match entry? {
        Entry::Item(item) => {
            let Some(walked) = source.finds().walked() else { return Ok(None) };
            let look = see(walked, *item, &walk).await?;
            Ok(look.map(|look| Step::Look(Box::new(look))))
        }
        Entry::Sighted(look) => Ok(Some(Step::Look(look))),
        Entry::Page(marker) => Ok(Some(Step::Page(marker))),
    }
}

async fn see(source: &dyn Walked, item: Item, walk: &Walk) -> Result<Option<Look>, Failure> {
    let mut look = look(source, item, walk).await?;
    if let Some(look) = &mut look
        && walk.asks_who_else
        && !look.hits.is_empty()
    {
        look.others = who_else(source, look, walk).await?;
    }
    Ok(look)
}

/// Counts what was looked at; gives on what says something. Several are looked at side by side,
/// and counted in their order: who stops here knows what is behind.
fn count(step: Step, walk: &Walk) -> Option<Step> {
    let Step::Look(look) = &step else { return Some(step) };
    if let Some(learned) = &walk.learned {
        learned.add(&look.people);
    }
    // Nobody sees the rows that name nobody: those that name somebody say nothing of all.
    if look.item.kind != Kind::Rows {
        walk.meter.count(look.bytes);
        if let Some(inventory) = &walk.inventory {
            inventory.add(&look.item);
        }
    }
    let says = !look.is_silent()
        || (walk.all_snapshots && matches!(look.item.version, Version::Snapshot(_)));
    says.then_some(step)
}

/// Looks at one item; `None` if it is gone. An item that was rewritten since it was listed is
/// looked up again, so that what comes back is always what was read.
pub async fn look(source: &dyn Walked, listed: Item, walk: &Walk) -> Result<Option<Look>, Failure> {
    let _entered = walk.budget.enter(&listed).await;
    let mut item = listed;
    for _ in 0..CHANGES_MAX {
        match source.read(&item).await {
            Ok(Read::Bytes(bytes)) => {
                match read(&item, bytes, walk.asked_of(&item)).await {
                    Ok(Said { scan, digest, people }) => {
                        let Scan { hits, unreadable, bytes, .. } = scan;
                        let (hits, met) = walk.matcher.parted(hits);
                        let of = Look::of(item);
                        let seen = Look { hits, met, unreadable, digest, people, bytes, ..of };
                        return Ok(Some(seen));
                    }
                    Err(failure) => return unread(source, item, failure, walk).await.map(Some),
                };
            }
            // What is gone was not looked at.
            Ok(Read::Absent) => return Ok(None),
            Ok(Read::Refused(why)) => return Ok(Some(closed(item, why, walk))),
            Ok(Read::Changed) => match again(source, &item).await {
                Ok(Some(now)) => item = now,
                Ok(None) => return Ok(None),
                Err(failure) => return unread(source, item, failure, walk).await.map(Some),
            },
            Err(failure) => return unread(source, item, failure, walk).await.map(Some),
        }
    }
    Ok(Some(closed(item, "changes faster than it can be read".into(), walk)))
}

/// For which of the subjects that an item speaks of it names others too. Where that cannot be told
/// it is taken to do so.
async fn who_else(source: &dyn Walked, look: &Look, walk: &Walk) -> Result<Vec<usize>, Failure> {
    let mut named: Vec<usize> = look.hits.iter().map(|hit| hit.subject).collect();
    named.dedup();
    let _entered = walk.budget.enter(&look.item).await;
    // Whom the workspace knows is known once all of it was walked.
    let nobody = Arc::default();
    match shared_of(source, &look.item, &walk.subjects, &named, &nobody, &walk.limits).await {
        Ok(shared) => Ok(shared),
        Err(failure) => {
            let _reported_of_the_item = item_at_fault(source, failure, walk).await?;
            Ok(named)
        }
    }
}

/// The same form of the same name, as it is now.
///
/// # Errors
/// The source's failure.
pub async fn again(source: &dyn Walked, item: &Item) -> Result<Option<Item>, Failure> {
    let forms = source.remains(&item.name).await?;
    Ok(forms.into_iter().find(|form| form.version == item.version))
}

async fn unread(
    source: &dyn Source,
    item: Item,
    failure: Failure,
    walk: &Walk,
) -> Result<Look, Failure> {
    let failure = match item_at_fault(source, failure, walk).await {
        Ok(failure) => failure,
        // In the end an item that takes more of our disk than there is must not hold up all others.
        Err(failure) if failure.blame() == Some(&Blame::OwnDisk) && walk.is_last_try() => failure,
        Err(failure) => return Err(failure),
    };
    Ok(closed(item, format!("could not be read: {}", failure.chain()), walk))
}

/// An item whose bytes cannot be had still has a name, metadata and tags.
fn closed(item: Item, why: String, walk: &Walk) -> Look {
    let (hits, met) = walk.matcher.parted(scan::scan_head(&item, &walk.matcher));
    Look { hits, met, unreadable: vec![why], ..Look::of(item) }
}
