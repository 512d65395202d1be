//! What earlier walks learned of the items of a shard, and what this one learns: an item that is as
//! it was, and whose terms admit nobody who is looked for, need not be read.
//!
//! Some dozens of items that are listed side by side make a leaf. Where a leaf begins follows from
//! the name alone, so that what is new or gone concerns its own leaf and few others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::asked::subject::Subject;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind};
use crate::evidence::seal::PrintKey;
use crate::matching::identity::watch::Mark;
use crate::matching::limits::ItemLimits;
use crate::matching::terms::filter::{Question, Salt, TermKey, Terms};
use crate::ports::kept::catalogue::{Leaf, Shelf};
use crate::ports::ledger::Ledger;
use crate::ports::sources::Source;
use crate::ports::tasks::{Lease, Part};
use crate::stages::account::records::Account;
use crate::stages::walk::inventory;

/// One in so many names begins a leaf.
const LEAF_ITEMS: u64 = 64;

/// Bytes of all filters of a leaf: what has no room among them is read for everybody. Leaves are
/// held in memory page by page.
const LEAF_BYTES_MAX: usize = 512 << 10;

/// The leaf of what is listed before the first name that begins one.
pub const HEAD: u64 = 0;

/// What is known of the items of a leaf, by the prints of their names.
pub type Recalled = HashMap<u64, (u64, Entry)>;

/// Times, evenly spread over the last quarter of the longest age, at one of which each item is read
/// again: they are not all read by one sweep.
const AGES: u64 = 1 << 10;

/// The reader's own version: what another one learned may lack what this one would find.
const READER: &str = env!("DSRD_READER");

/// What is known of the items of a shard.
pub struct Catalogue {
    ledger: Arc<dyn Ledger>,
    shelf: Shelf,
    terms: String,
    prints: PrintKey,
    /// What terms are made with.
    pub key: TermKey,
    question: Question,
    now: Timestamp,
    age_max: SignedDuration,
    /// Whether it takes what a walk learns.
    learns: bool,
    written: Mutex<Written>,
    /// Of leaves, while this walk goes on.
    hasher: RandomState,
}

/// What a walk has written, and is about to.
#[derive(Default)]
struct Written {
    /// The leaves that are being written: one of each stretch of the listing.
    open: HashMap<u64, Open>,
    /// Hashes of the leaves that are kept, of those that are listed now.
    kept: HashMap<u64, u64>,
    /// Leaves that are not kept yet; the last where a listing shows an item twice.
    news: BTreeMap<u64, Leaf>,
    /// All leaves that were met.
    met: BTreeSet<u64>,
    /// Whether the walk began amid a leaf.
    is_cut: bool,
}

/// A leaf that is being written.
#[derive(Default)]
struct Open {
    entries: Vec<(Keyed, Entry)>,
    /// Bytes of their filters.
    filters: usize,
}

/// What an item is known by, and what it is as it was listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyed {
    name: u64,
    state: u64,
}

/// What is known of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Seconds since 1970 at which it was learned.
    learned: u32,
    terms: Terms,
}

impl Keyed {
    /// The leaf that the item begins, if it begins one.
    pub fn begins(&self) -> Option<u64> {
        Some(self.name).filter(|name| name % LEAF_ITEMS == 0 && *name != HEAD)
    }
}

impl Catalogue {
    /// Of a part of a source, for a walk that looks for these subjects, and for those whom the
    /// marks are of.
    pub fn new(
        account: &Account,
        source: &dyn Source,
        part: Part,
        sought: (&[&Subject], Vec<Mark>),
        limits: &ItemLimits,
        age_max: SignedDuration,
    ) -> Self {
        let key = account.keys.term_key();
        let (subjects, marks) = sought;
        let question = Question::new(subjects.iter().copied(), marks.into_iter(), &key);
        let terms = format!("{READER} {limits:?} {}", source.place());
        Self {
            ledger: Arc::clone(&account.ledger),
            shelf: Shelf { source: source.name().to_owned(), part },
            terms: account.keys.digest(terms.as_bytes()),
            prints: account.keys.print_key(),
            key,
            question,
            now: account.clock.now(),
            age_max,
            learns: true,
            written: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// The same, which is asked alone: it takes nothing of what the walk learns.
    #[must_use]
    pub fn only_asked(self) -> Self {
        Self { learns: false, ..self }
    }

    /// What an item of which nothing is known is to be learned under; `None` if it is not.
    pub fn wanted(&self, keyed: Option<Keyed>) -> Option<Keyed> {
        keyed.filter(|_| self.learns)
    }

    /// What an item is known by; `None` for what is not worth to be known.
    pub fn keyed(&self, item: &Item) -> Option<Keyed> {
        let is_stored = item.kind == Kind::Bytes && !item.etag.is_empty();
        is_stored.then(|| Keyed {
            name: inventory::name(&self.prints, item),
            state: state(&self.prints, item),
        })
    }

    /// The salt of an item's filter.
    pub fn salt(&self, keyed: Keyed) -> Salt {
        self.key.salt(keyed.name)
    }

    /// What is known of the items of these leaves, leaf by leaf.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn recall(&self, ids: &[u64]) -> Result<HashMap<u64, Recalled>, Failure> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        // In a task of its own: whoever walks stops to ask for what comes next while it writes, and
        // a read that is begun and not gone on with would hold a connection that others wait for.
        let (ledger, shelf, ids) = (Arc::clone(&self.ledger), self.shelf.clone(), ids.to_vec());
        #[expect(clippy::disallowed_methods, reason = "it ends by itself, and writes nothing")]
        let asked = tokio::spawn(async move { ledger.leaves(&shelf, &ids).await });
        let doing = "asking what is known of items";
        let leaves = asked.await.map_err(|error| Failure::transient(doing).because(error))??;
        let mut all = HashMap::new();
        let mut written = self.written();
        for leaf in leaves.into_iter().filter(|leaf| leaf.terms == self.terms) {
            let known = entries(&leaf.entries).map(|(keyed, e)| (keyed.name, (keyed.state, e)));
            all.insert(leaf.id, known.collect());
            written.kept.insert(leaf.id, self.hash(&leaf));
        }
        Ok(all)
    }

    /// What is known of an item among what was recalled, if it is as it was then, and that is not
    /// too long ago.
    pub fn known(&self, keyed: Keyed, recalled: &Recalled) -> Option<Entry> {
        let (state, entry) = recalled.get(&keyed.name)?;
        (*state == keyed.state && self.is_young(keyed, entry)).then(|| entry.clone())
    }

    /// Whether an item of which this is known speaks of nobody who is looked for.
    pub fn is_spared(&self, keyed: Keyed, entry: &Entry) -> bool {
        !self.question.is_admitted_by(&entry.terms, self.salt(keyed))
    }

    /// An entry of what was learned now.
    pub fn learned(&self, terms: Terms) -> Entry {
        let learned = u32::try_from(self.now.as_second()).unwrap_or_default();
        Entry { learned, terms }
    }

    /// Takes in what is known of the next item of a leaf.
    pub fn add(&self, leaf: u64, keyed: Keyed, entry: Entry) {
        if !self.learns {
            return;
        }
        let mut written = self.written();
        let open = written.open.entry(leaf).or_default();
        let size = match &entry.terms {
            Terms::Any => 0,
            Terms::Filter(bits) => bits.len(),
        };
        open.filters += size;
        let fits = open.filters <= LEAF_BYTES_MAX;
        let terms = if fits { entry.terms } else { Terms::Any };
        open.entries.push((keyed, Entry { terms, ..entry }));
    }

    /// All items of a leaf were taken in. What began before this walk did is not kept: it would
    /// lack its beginning.
    pub fn close(&self, id: Option<u64>) {
        let mut written = self.written();
        let Written { open, kept, news, met, is_cut } = &mut *written;
        let Some(id) = id else {
            *is_cut = true;
            return;
        };
        let Open { entries, .. } = open.remove(&id).unwrap_or_default();
        let before = kept.remove(&id);
        let leaf = self.leaf(id, &entries);
        if leaf.items == 0 {
            return;
        }
        met.insert(id);
        if before.is_none_or(|before| before != self.hash(&leaf)) {
            news.insert(id, leaf);
        }
    }

    /// Keeps what was closed.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn flush(&self, lease: &Lease) -> Result<(), Failure> {
        let news: Vec<Leaf> = std::mem::take(&mut self.written().news).into_values().collect();
        match news.is_empty() {
            true => Ok(()),
            false => self.ledger.keep_leaves(lease, &self.shelf, &news).await,
        }
    }

    /// Forgets what is gone, after a walk to the end of the shard, if it saw its beginning too.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn weed(&self, lease: &Lease) -> Result<(), Failure> {
        let (met, is_cut) = {
            let mut written = self.written();
            (std::mem::take(&mut written.met), written.is_cut)
        };
        if is_cut {
            return Ok(());
        }
        self.ledger.weed(lease, &self.shelf, &met).await
    }

    fn hash(&self, leaf: &Leaf) -> u64 {
        self.hasher.hash_one(&leaf.entries)
    }

    fn leaf(&self, id: u64, entries: &[(Keyed, Entry)]) -> Leaf {
        let oldest = entries.iter().map(|(_, entry)| entry.learned).min();
        let oldest = oldest.and_then(|oldest| Timestamp::from_second(oldest.into()).ok());
        let is_open = |entry: &&(Keyed, Entry)| entry.1.terms == Terms::Any;
        Leaf {
            id,
            terms: self.terms.clone(),
            entries: entries.iter().flat_map(|(keyed, entry)| bytes(*keyed, entry)).collect(),
            items: entries.len() as u64,
            open: entries.iter().filter(is_open).count() as u64,
            oldest: oldest.unwrap_or(self.now),
        }
    }

    /// Of items that were learned at the same time each has another time to be read again, in the
    /// last quarter of the longest age.
    fn is_young(&self, keyed: Keyed, entry: &Entry) -> bool {
        let Ok(learned) = Timestamp::from_second(entry.learned.into()) else { return false };
        let age = self.now.duration_since(learned).as_secs();
        let longest = i128::from(self.age_max.as_secs());
        let share = i128::from(3 * AGES + keyed.state % AGES);
        !age.is_negative() && i128::from(age) * i128::from(4 * AGES) <= longest * share
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that a listing says of an item beside its name: another `ETag` is another content, and tags
/// are written without one.
fn state(key: &PrintKey, item: &Item) -> u64 {
    let size = item.size.to_string();
    let or_none = |text: &Option<String>| text.clone().map_or(String::new(), |text| text + "=");
    let (kind, encoding) = (or_none(&item.content_type), or_none(&item.content_encoding));
    let mut parts = vec![item.etag.as_str(), &size, &kind, &encoding];
    for (sign, pairs) in
        [("properties", &item.properties), ("metadata", &item.metadata), ("tags", &item.tags)]
    {
        parts.push(sign);
        parts.extend(pairs.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]));
    }
    key.print(&parts)
}

/// Stands for the length of a filter where there is none.
const NO_FILTER: u32 = u32::MAX;

/// Bytes of an entry beside its filter.
const FRAME_BYTES: usize = 24;

/// The print of the name, that of the state, the time and the length of the filter, all big-endian;
/// and the filter.
fn bytes(keyed: Keyed, entry: &Entry) -> Vec<u8> {
    let (len, bits): (u32, &[u8]) = match &entry.terms {
        Terms::Any => (NO_FILTER, &[]),
        Terms::Filter(bits) => (u32::try_from(bits.len()).unwrap_or(NO_FILTER), bits),
    };
    let mut bytes = Vec::with_capacity(FRAME_BYTES + bits.len());
    bytes.extend(keyed.name.to_be_bytes());
    bytes.extend(keyed.state.to_be_bytes());
    bytes.extend(entry.learned.to_be_bytes());
    bytes.extend(len.to_be_bytes());
    bytes.extend(bits);
    bytes
}

/// The entries of a leaf; what is cut off is not known.
fn entries(mut bytes: &[u8]) -> impl Iterator<Item = (Keyed, Entry)> {
    std::iter::from_fn(move || {
        let (name, rest) = bytes.split_first_chunk()?;
        let (state, rest) = rest.split_first_chunk()?;
        let (learned, rest) = rest.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (terms, rest) = match u32::from_be_bytes(*len) {
            NO_FILTER => (Terms::Any, rest),
            len => {
                let (bits, rest) = rest.split_at_checked(len as usize)?;
                (Terms::Filter(bits.to_vec()), rest)
            }
        };
        bytes = rest;
        let keyed = Keyed { name: u64::from_be_bytes(*name), state: u64::from_be_bytes(*state) };
        Some((keyed, Entry { learned: u32::from_be_bytes(*learned), terms }))
    })
}
