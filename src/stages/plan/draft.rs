//! What the walk of a shard adds to the plans of its requests, while it grows.
//!
//! Page by page it is noted how far the walk came: whoever takes the shard over, after a restart or
//! a failure, goes on from there.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::item::{Item, Place};
use crate::domain::plan::Planned;
use crate::domain::policy::rules::Policy;
use crate::ports::kept::inventories::{Checkpoint, Noted};
use crate::ports::kept::tombstones::ReturnedItem;
use crate::ports::ledger::{Cleared, SealedItem, ordinals};
use crate::ports::sources::Source;
use crate::ports::tasks::Shard;
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::plan::finding::plan;
use crate::stages::plan::forms::Forms;
use crate::stages::walk::graves::note;
use crate::stages::walk::look::Look;
use crate::stages::walk::pass::{Step, Walk, unknown_source, walk_source};

/// Planned items kept in memory for one request before they are ledgered.
const BATCH: usize = 256;

/// What was looked at longer ago than this when a walk was broken off is looked at again: the pages
/// before the break would else say how things stood at another time than those behind it.
const BREAK_MAX: SignedDuration = SignedDuration::from_hours(1);

/// The draft of one request's plan.
pub struct Draft<'a> {
    case: &'a Case,
    /// What stands there for a reason that is ledgered already.
    expected: HashSet<Place>,
    /// Whether what needs no act has its outcome at once.
    settles: bool,
    next_ordinal: u64,
    waiting: Vec<Planned>,
    forms: Forms,
}

impl<'a> Draft<'a> {
    /// An empty one, under ordinals from `first` on.
    pub fn new(case: &'a Case, first: u64) -> Self {
        Self {
            case,
            expected: HashSet::new(),
            settles: false,
            next_ordinal: first,
            waiting: Vec::new(),
            forms: Forms::default(),
        }
    }

    /// The same for a second look, which expects these where they are.
    pub fn again(case: &'a Case, expected: HashSet<Place>) -> Self {
        Self { expected, settles: true, ..Self::new(case, 0) }
    }

    /// The same, under ordinals from `first` on.
    #[must_use]
    pub fn starting_at(self, first: u64) -> Self {
        Self { next_ordinal: first, ..self }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn add(&mut self, account: &Account, planned: Planned) -> Result<(), Failure> {
        self.waiting.push(planned);
        if self.waiting.len() >= BATCH { self.flush(account).await } else { Ok(()) }
    }

    /// Ledgers what was added.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn flush(&mut self, account: &Account) -> Result<(), Failure> {
        if self.settles && !self.waiting.is_empty() {
            account.add_settled(self.case, self.next_ordinal, &self.waiting).await?;
        } else if !self.waiting.is_empty() {
            account.add_items(self.case, self.next_ordinal, &self.waiting).await?;
        }
        self.next_ordinal += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// The next item of the sources, with what is to be done with it if it concerns the request.
    async fn meet(
        &mut self,
        account: &Account,
        item: &Item,
        planned: Option<Planned>,
    ) -> Result<(), Failure> {
        let new = planned.filter(|planned| !self.expected.contains(&planned.finding.item.place()));
        for planned in self.forms.add(item, new) {
            self.add(account, planned).await?;
        }
        Ok(())
    }

    /// After all forms of a name.
    async fn end(&mut self, account: &Account) -> Result<(), Failure> {
        for planned in self.forms.end() {
            self.add(account, planned).await?;
        }
        self.flush(account).await
    }
}

/// What an earlier try began with and did not end is this plan's where this find met it again. What
/// it did not meet may be gone by our hand, and stays open.
///
/// # Errors
/// The ledger's failure.
pub async fn supersede(account: &Account, case: &Case) -> Result<(), Failure> {
    let round = account.look(case).await?;
    let first = ordinals(round, 0).start;
    if round == 0 {
        return Ok(());
    }
    let is_left = move |item: &SealedItem| item.ordinal < first && item.outcome.is_none();
    let mut left = HashMap::new();
    let mut entries = pin!(account.entries_if(case, is_left));
    while let Some(entry) = entries.next().await {
        let Entry { ordinal, planned, .. } = entry?;
        left.insert(planned.finding.item.place(), ordinal);
    }
    if left.is_empty() {
        return Ok(());
    }
    let mut entries = pin!(account.entries_if(case, move |item| item.ordinal >= first));
    while let Some(entry) = entries.next().await {
        if let Some(ordinal) = left.remove(&entry?.planned.finding.item.place()) {
            account.clear_items(case, Cleared::Ordinals(ordinal..ordinal + 1)).await?;
        }
    }
    Ok(())
}

/// How much of a shard was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walked {
    /// Items. What is proved of all items is proved of those that are counted.
    pub items: u64,
    /// Stored bytes read.
    pub bytes: u64,
    /// Items of those that were known, and not read.
    pub known: u64,
}

/// A shard, walked for all its requests.
pub struct Drafts<'a> {
    account: &'a Account,
    shard: &'a Shard,
    source: Arc<dyn Source>,
    policy: &'a Policy,
    drafts: Vec<Draft<'a>>,
    /// First ordinal of the shard's range, for each draft.
    firsts: Vec<u64>,
    with: Walk,
    /// What the pages of one walk must have in common.
    terms: String,
    returned: Vec<ReturnedItem>,
    before: Walked,
}

impl<'a> Drafts<'a> {
    /// Prepares the walk of a shard, one draft a request; there is at least one.
    ///
    /// # Errors
    /// There is no such source in the settings.
    pub fn new(
        account: &'a Account,
        sources: &[Arc<dyn Source>],
        policy: &'a Policy,
        drafts: Vec<Draft<'a>>,
        shard: &'a Shard,
        with: Walk,
    ) -> Result<Self, Failure> {
        let source = sources.iter().find(|source| source.name() == shard.source);
        let source = Arc::clone(source.ok_or_else(|| unknown_source(&shard.source))?);
        // Whoever learned nobody before has not met those of the pages before.
        let learns = if with.learned.is_some() { " people" } else { "" };
        // Told by stretches: to others the places of such a walk mean something else.
        let terms = format!("{} {}{learns} stretches", policy.digest(), source.place());
        let terms = account.keys.digest(terms.as_bytes());
        let (firsts, returned, before) = (Vec::new(), Vec::new(), Walked::default());
        Ok(Self { account, shard, source, policy, drafts, firsts, with, terms, returned, before })
    }

    /// Walks on from where an earlier walk of the shard was noted to have come, else from the
    /// start, and ledgers what it finds. What was ledgered behind that place is forgotten first.
    ///
    /// # Errors
    /// A failure of the source or of the ledger. One that would not pass by itself begins anew if
    /// it came when walking on: the place may be none any more.
    pub async fn walk(mut self) -> Result<Walked, Failure> {
        let from = self.resume().await?;
        let walks_on = from.is_some();
        match self.go(from).await {
            Err(failure) if walks_on && !failure.is_transient() => {
                if let Some(lease) = self.drafts.first().map(|draft| &draft.case.lease) {
                    self.account.ledger.forget_checkpoint(lease, self.shard).await?;
                }
                Err(Failure::new(FailureKind::Transient, failure.chain()))
            }
            walked => walked,
        }
    }

    /// Where to go on; everything behind that is forgotten.
    async fn resume(&mut self) -> Result<Option<String>, Failure> {
        let Some(lease) = self.drafts.first().map(|draft| draft.case.lease.clone()) else {
            return Ok(None);
        };
        let ledger = &self.account.ledger;
        let (mut marker, mut drafted) = (None, 0);
        if let Some(noted) = ledger.checkpoint(self.shard).await? {
            let Noted { checkpoint, at, seen } = noted;
            marker = self.marker(&checkpoint, at, ledger.now().await?);
            if marker.is_some() {
                drafted = checkpoint.drafted;
                let Checkpoint { items, bytes, known, .. } = checkpoint;
                self.before = Walked { items, bytes, known };
                if let Some(inventory) = &self.with.inventory {
                    inventory.resume(seen);
                }
            } else {
                ledger.forget_checkpoint(&lease, self.shard).await?;
            }
        }
        for draft in &mut self.drafts {
            let round = self.account.look(draft.case).await?;
            let ordinals = ordinals(round, self.shard.number);
            draft.next_ordinal = ordinals.start + drafted;
            self.firsts.push(ordinals.start);
            let behind = Cleared::Ordinals(draft.next_ordinal..ordinals.end);
            self.account.clear_items(draft.case, behind).await?;
        }
        Ok(marker)
    }

    /// Where to go on, if that still means something.
    fn marker(&self, checkpoint: &Checkpoint, at: Timestamp, now: Timestamp) -> Option<String> {
        let age = now.duration_since(at);
        let is_young = !age.is_negative() && age <= BREAK_MAX;
        if !is_young || checkpoint.terms != self.terms {
            return None;
        }
        self.account.keys.open_marker(self.shard, &checkpoint.marker).ok()
    }

    async fn go(&mut self, from: Option<String>) -> Result<Walked, Failure> {
        let mut steps = pin!(walk_source(Arc::clone(&self.source), self.with.clone(), from));
        while let Some(step) = steps.next().await {
            match step? {
                Step::Look(look) => self.meet(&look).await?,
                Step::Page(marker) => self.note(&marker).await?,
            }
        }
        self.end().await?;
        if let (Some(catalogue), Some(draft)) = (&self.with.catalogue, self.drafts.first()) {
            catalogue.weed(&draft.case.lease).await?;
        }
        let mut walked = self.walked();
        if let (Some(inventory), Some(draft)) = (&self.with.inventory, self.drafts.first()) {
            let seen = inventory.take();
            walked.items = seen.len() as u64;
            self.account.ledger.keep_seen(&draft.case.lease, self.shard, &seen).await?;
        }
        Ok(walked)
    }

    async fn meet(&mut self, look: &Look) -> Result<(), Failure> {
        if let (Some(graves), Some(draft)) = (&self.with.graves, self.drafts.first()) {
            graves.meet(self.account, look, &mut self.returned);
            note(self.account, &draft.case.lease, &mut self.returned, false).await?;
        }
        for (subject, draft) in self.drafts.iter_mut().enumerate() {
            let planned = plan(&draft.case.request, subject, self.policy, look);
            draft.meet(self.account, &look.item, planned).await?;
        }
        Ok(())
    }

    /// Ledgers all that was met.
    async fn end(&mut self) -> Result<(), Failure> {
        for draft in &mut self.drafts {
            draft.end(self.account).await?;
        }
        if let (Some(learned), Some(draft)) = (&self.with.learned, self.drafts.first()) {
            self.account.learn(&draft.case.lease, self.shard, &learned.news()).await?;
        }
        if let (Some(catalogue), Some(draft)) = (&self.with.catalogue, self.drafts.first()) {
            catalogue.flush(&draft.case.lease).await?;
        }
        match self.drafts.first() {
            Some(draft) => note(self.account, &draft.case.lease, &mut self.returned, true).await,
            None => Ok(()),
        }
    }

    /// Ledgers all that was met, and then how far the walk came. A kill between the two is no harm:
    /// what is behind the place that was noted last is forgotten by whoever walks on.
    async fn note(&mut self, marker: &str) -> Result<(), Failure> {
        self.end().await?;
        let Some(draft) = self.drafts.first() else { return Ok(()) };
        let Walked { items, bytes, known } = self.walked();
        // One place for all of them; that leaves gaps, and ordinals abound.
        let given = self.drafts.iter().zip(&self.firsts).map(|(d, first)| d.next_ordinal - first);
        let drafted = given.max().unwrap_or_default();
        let checkpoint = Checkpoint {
            marker: self.account.keys.seal_marker(self.shard, marker),
            terms: self.terms.clone(),
            drafted,
            items,
            bytes,
            known,
        };
        let news = self.with.inventory.as_ref().map(|inventory| inventory.news());
        let (ledger, news) = (&self.account.ledger, news.unwrap_or_default());
        ledger.note_checkpoint(&draft.case.lease, self.shard, &checkpoint, &news).await?;
        for (draft, first) in self.drafts.iter_mut().zip(&self.firsts) {
            draft.next_ordinal = first + drafted;
        }
        Ok(())
    }

    fn walked(&self) -> Walked {
        let (before, meter) = (self.before, &self.with.meter);
        Walked {
            items: before.items + meter.items(),
            bytes: before.bytes + meter.bytes(),
            known: before.known + meter.known(),
        }
    }
}
