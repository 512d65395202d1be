//! One pass over the sources: every item listed, read once and held against all identities at once.
//!
//! Reading is async and bounded; decoding and matching run on blocking threads, one an item. A bad
//! item is not a bad pass: what cannot be read is reported and the pass goes on. What may pass by
//! itself (a store that is away) ends the pass with a transient failure, so that one absence is not
//! taken for thousands of unreadable items; whoever calls tries again, and says with
//! [`Patience::Spent`] when an item that still fails is to be reported instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
use crate::domain::subject::Subject;
use crate::matching::limits::{Limits, PeopleLimits};
use crate::matching::matcher::{Matcher, SubjectHit};
use crate::matching::people::crowd::Crowd;
use crate::matching::scan::{self, Scan};
use crate::matching::watch::Watch;
use crate::ports::sources::{Page, Read, Source};
use crate::ports::tasks::Part;
use crate::stages::verify::tombstones::Graves;
use crate::stages::verify::untouched::Inventory;
use crate::stages::walk::budget::Budget;
use crate::stages::walk::content::{Digested, census_of, on_a_thread, read};

/// What a pass is made of.
#[derive(Clone)]
pub struct Walk {
    /// Searches for everybody at once.
    pub matcher: Arc<Matcher>,
    /// Bounds on one item.
    pub limits: Limits,
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
    /// The subjects, where it matters who else is named in what speaks of them.
    pub who_else: Option<Arc<[Subject]>>,
    /// Whether it shows all snapshots, whomever they speak of: they may go along with what is
    /// removed.
    pub all_snapshots: bool,
    /// Of which items it gives the digest.
    digested: Digested,
}

/// Bounds on a pass, by name.
#[derive(Clone, Copy, Debug)]
pub struct WalkLimits {
    /// Items read at the same time.
    pub concurrency: usize,
    /// Bytes of the items that are read at the same time, an item counting as 8 MiB at most.
    pub read_bytes_max: u64,
    /// Hits kept for one subject in one item.
    pub hits_per_item_max: usize,
    /// How deep containers are opened.
    pub depth_max: usize,
    /// Bytes that one item may decode to.
    pub decoded_bytes_max: u64,
    /// Decoded bytes per stored byte.
    pub decoded_ratio_max: u64,
    /// Bytes looked at per byte, stored or decoded.
    pub work_ratio_max: u64,
    /// How long one item is worked on.
    pub item_time_ms_max: u64,
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

/// What a pass saw and somebody should know of.
pub enum Seen {
    /// An item with hits, or of which something could not be read.
    Item(Box<Look>),
    /// A source that could not be listed; nothing in it was looked at.
    Lost {
        /// Its name.
        source: String,
        /// Why, free of personal data.
        failure: Failure,
    },
}

/// One item, looked at.
pub struct Look {
    /// As listed, or as it was when read again.
    pub item: Item,
    /// Whom it speaks of, and where.
    pub hits: Vec<SubjectHit>,
    /// Who else is met, of those who are watched for.
    pub met: Vec<usize>,
    /// What of it could not be read; stable words.
    pub unreadable: Vec<String>,
    /// Hex SHA-256 of its bytes, where it speaks of somebody, or is asked for, and all were read.
    pub digest: Option<String>,
    /// For which subjects it names other people too; none unless [`Walk::who_else`] asks.
    pub others: Vec<usize>,
}

/// How often an item that changes under our eyes is looked up again.
const CHANGES_MAX: u32 = 3;

impl Walk {
    /// A pass that looks for all these subjects; hits refer to them by index.
    pub fn new(subjects: &[&Subject], limits: WalkLimits, patience: Patience) -> Self {
        Self {
            matcher: Arc::new(Matcher::new(subjects)),
            limits: Limits {
                depth_max: limits.depth_max,
                decoded_bytes_max: limits.decoded_bytes_max,
                decoded_ratio_max: limits.decoded_ratio_max,
                work_ratio_max: limits.work_ratio_max,
                item_time_ms_max: limits.item_time_ms_max,
                hits_per_item_max: limits.hits_per_item_max,
            },
            concurrency: limits.concurrency,
            budget: Arc::new(Budget::new(limits.read_bytes_max)),
            patience,
            meter: Arc::default(),
            part: Part::WHOLE,
            inventory: None,
            graves: None,
            who_else: None,
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

    /// Whether another try will follow that may come to more.
    pub fn is_patient_with(&self, failure: &Failure) -> bool {
        failure.is_transient() && self.patience == Patience::Left
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

/// Walks the sources one after the other, items in the order of each source.
pub fn walk(
    sources: &[Arc<dyn Source>],
    walk: Walk,
) -> impl Stream<Item = Result<Seen, Failure>> + use<> {
    let sources = sources.to_vec();
    stream::iter(sources).flat_map(move |source| walk_source(source, walk.clone()))
}

/// Walks the source of that name. If there is none here another daemon may know it, or this one
/// after a change of its settings; in the end nothing of it could be looked at.
pub fn walk_named(
    sources: &[Arc<dyn Source>],
    name: &str,
    walk: Walk,
) -> impl Stream<Item = Result<Seen, Failure>> + use<> {
    match sources.iter().find(|source| source.name() == name) {
        Some(source) => walk_source(Arc::clone(source), walk).left_stream(),
        None => {
            let lost = match walk.patience {
                Patience::Left => {
                    Err(Failure::transient(format!("finding the source {name} in the settings")))
                }
                Patience::Spent => {
                    let failure = Failure::needs_person("the source is not configured any more");
                    Ok(Seen::Lost { source: name.to_owned(), failure })
                }
            };
            stream::iter([lost]).right_stream()
        }
    }
}

fn walk_source(source: Arc<dyn Source>, walk: Walk) -> impl Stream<Item = Result<Seen, Failure>> {
    let concurrency = walk.concurrency;
    entries(Arc::clone(&source), walk.part)
        .map(move |entry| see(Arc::clone(&source), entry, walk.clone()))
        .buffered(concurrency)
        .try_filter_map(|seen| futures::future::ready(Ok(seen)))
}

/// The listing, item by item, but for other parts; a listing that fails ends with its failure.
fn entries(source: Arc<dyn Source>, part: Part) -> impl Stream<Item = Result<Item, Failure>> {
    let start = Some((source, None::<String>));
    stream::unfold(start, move |at| async move {
        let (source, marker) = at?;
        match source.list("", marker.as_deref()).await {
            Ok(Page { items, next }) => {
                let next = next.map(|marker| (source, Some(marker)));
                let items = items.into_iter().filter(|item| part.holds(&item.name));
                Some((items.map(Ok).collect(), next))
            }
            Err(failure) => Some((vec![Err(failure)], None)),
        }
    })
    .flat_map(|page: Vec<Result<Item, Failure>>| stream::iter(page))
}

async fn see(
    source: Arc<dyn Source>,
    entry: Result<Item, Failure>,
    walk: Walk,
) -> Result<Option<Seen>, Failure> {
    let item = match entry {
        Ok(item) => item,
        Err(failure) if walk.is_patient_with(&failure) => return Err(failure),
        Err(failure) => {
            return Ok(Some(Seen::Lost { source: source.name().to_owned(), failure }));
        }
    };
    let mut look = look(&*source, item, &walk).await?;
    if let (Some(subjects), Some(look)) = (&walk.who_else, &mut look)
        && !look.hits.is_empty()
    {
        look.others = who_else(&*source, look, subjects, &walk).await?;
    }
    if let (Some(inventory), Some(look)) = (&walk.inventory, &look) {
        inventory.add(&look.item);
    }
    let says = |look: &Look| {
        !(look.hits.is_empty() && look.met.is_empty() && look.unreadable.is_empty())
            || (walk.all_snapshots && matches!(look.item.version, Version::Snapshot(_)))
    };
    let told = look.filter(says);
    Ok(told.map(|look| Seen::Item(Box::new(look))))
}

/// Looks at one item; `None` if it is gone. An item that was rewritten since it was listed is
/// looked up again, so that what comes back is always what was read.
pub async fn look(source: &dyn Source, listed: Item, walk: &Walk) -> Result<Option<Look>, Failure> {
    let _entered = walk.budget.enter(&listed).await;
    let mut item = listed;
    for _ in 0..CHANGES_MAX {
        match source.read(&item).await {
            Ok(Read::Bytes(bytes)) => {
                match read(&item, bytes, &walk.matcher, walk.limits, walk.digested).await {
                    Ok((scan, digest)) => {
                        walk.meter.count(scan.bytes);
                        let Scan { hits, unreadable, .. } = scan;
                        let (hits, met) = walk.matcher.parted(hits);
                        let others = Vec::new();
                        return Ok(Some(Look { item, hits, met, unreadable, digest, others }));
                    }
                    Err(failure) => return unread(item, failure, walk).map(Some),
                };
            }
            // What is gone was not looked at.
            Ok(Read::Absent) => return Ok(None),
            Ok(Read::Refused(why)) => return Ok(Some(closed(item, why, walk))),
            Ok(Read::Changed) => match again(source, &item).await {
                Ok(Some(now)) => item = now,
                Ok(None) => return Ok(None),
                Err(failure) => return unread(item, failure, walk).map(Some),
            },
            Err(failure) => return unread(item, failure, walk).map(Some),
        }
    }
    Ok(Some(closed(item, "changes faster than it can be read".into(), walk)))
}

/// For which of the subjects that an item speaks of it names others too. Where that cannot be told
/// it is taken to do so.
async fn who_else(
    source: &dyn Source,
    look: &Look,
    subjects: &Arc<[Subject]>,
    walk: &Walk,
) -> Result<Vec<usize>, Failure> {
    let mut named: Vec<usize> = look.hits.iter().map(|hit| hit.subject).collect();
    named.dedup();
    let _entered = walk.budget.enter(&look.item).await;
    let census = match census_of(source, &look.item, &walk.limits).await {
        Ok(Some(census)) => census,
        Ok(None) => return Ok(named),
        Err(failure) if walk.is_patient_with(&failure) => return Err(failure),
        Err(_) => return Ok(named),
    };
    let (asked, subjects) = (named.clone(), Arc::clone(subjects));
    let telling = on_a_thread(move || {
        let with_others = asked.into_iter().filter(|subject| {
            let mut crowd = Crowd::new(&subjects[*subject], &PeopleLimits::default());
            crowd.add(&census);
            crowd.has_others()
        });
        with_others.collect()
    });
    Ok(telling.await.unwrap_or(named))
}

/// The same form of the same name, as it is now.
async fn again(source: &dyn Source, item: &Item) -> Result<Option<Item>, Failure> {
    let forms = source.remains(&item.name).await?;
    Ok(forms.into_iter().find(|form| form.version == item.version))
}

fn unread(item: Item, failure: Failure, walk: &Walk) -> Result<Look, Failure> {
    if walk.is_patient_with(&failure) {
        return Err(failure);
    }
    Ok(closed(item, format!("could not be read: {}", failure.chain()), walk))
}

/// An item whose bytes cannot be had still has a name, metadata and tags.
fn closed(item: Item, why: String, walk: &Walk) -> Look {
    walk.meter.count(0);
    let (hits, met) = walk.matcher.parted(scan::scan_head(&item, &walk.matcher));
    Look { item, hits, met, unreadable: vec![why], digest: None, others: Vec::new() }
}
