//! One pass over the sources: every item listed, read once and held against all identities at once.
//!
//! Reading is async and bounded; decoding and matching run on blocking threads, one an item, but
//! for the shortest. A bad item is not a bad pass: what cannot be read is reported and the pass
//! goes on. A source that does not answer, or lets nobody in, ends the pass with a failure that
//! blames it, whatever its kind: it must never be taken for thousands of unreadable items. What may
//! pass by itself ends the pass too; whoever calls tries again, and says with [`Patience::Spent`]
//! when an item that still fails is to be reported instead.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use crate::domain::asked::subject::Subject;
use crate::domain::failure::{Blame, Failure, FailureKind};
use crate::domain::item::{Item, Kind, Version};
use crate::domain::policy::limits::Limits;
use crate::domain::policy::rules::Policy;
use crate::matching::identity::watch::Watch;
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::Matcher;
use crate::matching::scan::{self, Scan};
use crate::ports::sources::{Read, Source, Walked};
use crate::ports::tasks::Part;
use crate::stages::walk::ask::Asking;
use crate::stages::walk::bounds::budget::Budget;
use crate::stages::walk::bounds::rate::Rate;
use crate::stages::walk::catalogue::{Catalogue, Keyed};
use crate::stages::walk::content::{self, Digested, Said, read, shared_of};
use crate::stages::walk::graves::Graves;
use crate::stages::walk::inventory::Inventory;
use crate::stages::walk::learned::Learned;
use crate::stages::walk::listing::landmarks::Landmarks;
use crate::stages::walk::listing::met::{Listed, Met, Shown, listing};
use crate::stages::walk::look::Look;
use crate::stages::walk::meter::Meter;

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
    /// What is known of the items, and takes what is learned of them.
    pub catalogue: Option<Arc<Catalogue>>,
    /// Where listings may be begun, where several walks share that.
    pub landmarks: Option<Arc<Landmarks>>,
    /// Set where it looks for nobody, and only learns what the catalogue takes: how fast.
    pub ahead: Option<Arc<Rate>>,
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

/// What the walk of a source hands on, page by page, all forms of a name together.
pub enum Step {
    /// An item with hits, or of which something could not be read.
    Look(Box<Look>),
    /// Another walk may go on here: all that stands before this place was handed on, all forms of
    /// each name, and is counted in the meter and the inventory; nothing behind it is.
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
            catalogue: None,
            landmarks: None,
            ahead: None,
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
    fn asked_of(&self, item: &Item, keyed: Option<Keyed>) -> content::Asked {
        let terms = self.catalogue.as_ref().zip(keyed);
        let terms = terms.map(|(catalogue, keyed)| (catalogue.key.clone(), catalogue.salt(keyed)));
        content::Asked {
            matcher: Arc::clone(&self.matcher),
            limits: self.limits,
            digested: self.digested,
            learns: self.learns_people(item),
            terms,
        }
    }

    fn learns_people(&self, item: &Item) -> bool {
        self.learned.is_some() && Learned::wants(item)
    }

    /// What the source gives of an item, as fast as it may be read.
    async fn reading(&self, source: &dyn Walked, item: &Item) -> Result<Read, Failure> {
        let Some(rate) = &self.ahead else { return source.read(item).await };
        rate.enter().await;
        Ok(match source.read(item).await? {
            Read::Bytes(bytes) => Read::Bytes(Arc::clone(rate).paced(bytes)),
            other => other,
        })
    }

    /// What was seen of an item that says this.
    fn seen(&self, item: Item, said: Said, keyed: Option<Keyed>) -> Look {
        let Said { scan, digest, people, terms } = said;
        let Scan { hits, unreadable, bytes, .. } = scan;
        let (hits, met) = self.matcher.parted(hits);
        let entry =
            self.catalogue.as_ref().zip(terms).map(|(catalogue, terms)| catalogue.learned(terms));
        let learned = keyed.zip(entry);
        Look { hits, met, unreadable, digest, people, bytes, learned, ..Look::of(item) }
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

/// Sources, each with how it is to be walked.
pub type Walks = Vec<(Arc<dyn Source>, Walk)>;

/// Walks the sources one after the other, each as it is told, items in the order of the source, and
/// hands on those with hits, or of which something could not be read.
pub fn walk(walks: Walks) -> impl Stream<Item = Result<Box<Look>, Failure>> + use<> {
    let looks = |step| match step {
        Step::Look(look) => Some(look),
        Step::Page(_) => None,
    };
    stream::iter(walks)
        .flat_map(|(source, walk)| walk_source(source, walk, None))
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
    let (catalogue, landmarks) = (walk.catalogue.clone(), walk.landmarks.clone());
    let by = Shown { asking: walk.asking(), catalogue, landmarks };
    let steps = listing(Arc::clone(&source), by, from)
        .map(move |met| take(Arc::clone(&source), met, walk.clone()))
        .buffered(concurrency)
        .try_filter_map(move |taken| {
            futures::future::ready(Ok(taken.and_then(|taken| count(taken, &counting))))
        });
    on_workers(Box::pin(steps))
}

/// The same steps, each taken where the connections are served that it waits for: elsewhere every
/// answer would have one thread wake another. None is begun before the one before it was had; one
/// that nobody waits for any more ends where it waits next.
fn on_workers<S: Stream<Item: Send> + Send + Unpin + 'static>(
    steps: S,
) -> impl Stream<Item = S::Item> {
    stream::unfold(steps, |mut steps| async move {
        let next = async move { (steps.next().await, steps) };
        #[expect(clippy::disallowed_methods, reason = "it is waited for, and writes nothing")]
        let next = tokio::spawn(next);
        let next = AbortOnDropHandle::new(next).await;
        let (step, steps) = match next.map_err(JoinError::try_into_panic) {
            Ok(next) => next,
            Err(Ok(panic)) => resume_unwind(panic),
            // The program ends.
            Err(Err(_)) => pending().await,
        };
        step.map(|step| (step, steps))
    })
}

async fn take(
    source: Arc<dyn Source>,
    met: Result<Met, Failure>,
    walk: Walk,
) -> Result<Option<Taken>, Failure> {
    match met? {
        Met::Item(listed) => {
            let Some(walked) = source.finds().walked() else { return Ok(None) };
            let leaf = listed.leaf;
            let look = see(walked, *listed, &walk).await?;
            Ok(look.map(|look| Taken::Look(Box::new(look), leaf)))
        }
        Met::Sighted(look) => Ok(Some(Taken::Look(look, None))),
        Met::Page(marker) => Ok(Some(Taken::Page(marker))),
        Met::Leaf(id) => Ok(Some(Taken::Leaf(id))),
    }
}

/// What was met and taken in.
enum Taken {
    /// An item, and the leaf of the catalogue that it stands in.
    Look(Box<Look>, Option<u64>),
    Page(String),
    /// A leaf of the catalogue ends.
    Leaf(Option<u64>),
}

async fn see(source: &dyn Walked, listed: Listed, walk: &Walk) -> Result<Option<Look>, Failure> {
    let Listed { item, keyed, entry, .. } = listed;
    let learned = keyed.zip(entry);
    if walk.ahead.is_some() && keyed.is_none() {
        return Ok(None);
    }
    if let (Some(catalogue), Some((keyed, entry))) = (&walk.catalogue, &learned)
        // Ahead of requests nobody is sought: what is known to be read every time is known too.
        && (walk.ahead.is_some()
            || !walk.learns_people(&item) && catalogue.is_spared(*keyed, entry))
    {
        return Ok(Some(Look { is_known: true, learned, ..Look::of(item) }));
    }
    let unknown = keyed.filter(|_| learned.is_none());
    let unknown = walk.catalogue.as_ref().and_then(|catalogue| catalogue.wanted(unknown));
    let began = Instant::now();
    let mut look = look_with(source, item, walk, unknown).await?;
    walk.meter.time(began.elapsed(), look.as_ref().map_or(0, |look| look.bytes));
    if let (Some(look), Some((keyed, entry))) = (&mut look, learned)
        && walk.catalogue.as_ref().is_some_and(|c| c.keyed(&look.item) == Some(keyed))
    {
        look.learned = Some((keyed, entry));
    }
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
fn count(taken: Taken, walk: &Walk) -> Option<Step> {
    let (mut look, leaf) = match taken {
        Taken::Look(look, leaf) => (look, leaf),
        Taken::Page(marker) => return Some(Step::Page(marker)),
        Taken::Leaf(id) => {
            walk.catalogue.iter().for_each(|catalogue| catalogue.close(id));
            return None;
        }
    };
    if let (Some(catalogue), Some(leaf), Some((keyed, entry))) =
        (&walk.catalogue, leaf, look.learned.take())
    {
        catalogue.add(leaf, keyed, entry);
    }
    if let Some(learned) = &walk.learned {
        learned.add(&look.people);
    }
    // Nobody sees the rows that name nobody: those that name somebody say nothing of all.
    if look.item.kind != Kind::Rows {
        walk.meter.count(&look);
        if let Some(inventory) = &walk.inventory {
            inventory.add(&look.item);
        }
    }
    let says = !look.is_silent()
        || (walk.all_snapshots && matches!(look.item.version, Version::Snapshot(_)));
    says.then_some(Step::Look(look))
}

/// Looks at one item; `None` if it is gone. An item that was rewritten since it was listed is
/// looked up again, so that what comes back is always what was read.
pub async fn look(source: &dyn Walked, listed: Item, walk: &Walk) -> Result<Option<Look>, Failure> {
    look_with(source, listed, walk, None).await
}

/// The same, which learns what the catalogue is to know of an item that it knows by this.
async fn look_with(
    source: &dyn Walked,
    listed: Item,
    walk: &Walk,
    mut keyed: Option<Keyed>,
) -> Result<Option<Look>, Failure> {
    let _entered = walk.budget.enter(&listed).await;
    let mut item = listed;
    for _ in 0..CHANGES_MAX {
        match walk.reading(source, &item).await {
            Ok(Read::Bytes(bytes)) => {
                match read(&item, bytes, walk.asked_of(&item, keyed)).await {
                    Ok(said) => return Ok(Some(walk.seen(item, said, keyed))),
                    Err(failure) => return unread(source, item, failure, walk).await.map(Some),
                };
            }
            // What is gone was not looked at.
            Ok(Read::Absent) => return Ok(None),
            Ok(Read::Refused(why)) => return Ok(Some(closed(item, why, walk))),
            Ok(Read::Changed) => match again(source, &item).await {
                Ok(Some(now)) => {
                    let catalogue = walk.catalogue.as_ref().filter(|_| keyed.is_some());
                    keyed = catalogue.and_then(|catalogue| catalogue.keyed(&now));
                    item = now;
                }
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
