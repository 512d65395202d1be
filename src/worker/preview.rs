//! Finds for one request and changes nothing, not even the ledger: what `dsrd preview` runs.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::explained::Explained;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Unreadable, Version};
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::mandate::Mandate;
use crate::domain::policy::rules::Policy;
use crate::domain::request::{Request, RequestKind};
use crate::ports::messages::inbox::Label;
use crate::ports::sources::Source;
use crate::ports::system::Clock;
use crate::ports::tasks::Part;
use crate::stages::explain::explained;
use crate::stages::find::wanted;
use crate::stages::homes::along::Along;
use crate::stages::homes::folders::Look;
use crate::stages::homes::whose::Around;
use crate::stages::message::fault::Fault;
use crate::stages::message::read::{self, Message};
use crate::stages::plan::finding::plan;
use crate::stages::plan::forms::Forms;
use crate::stages::plan::holdings::Holdings;
use crate::stages::plan::known::{Amendment, More};
use crate::stages::plan::things::{RunsAt, all_of_it};
use crate::stages::spare::{Judged, spared};
use crate::stages::walk::catalogue::Catalogue;
use crate::stages::walk::meter::Meter;
use crate::stages::walk::pass::{Patience, Walk, Walks, walk};
use crate::worker::status::Plans;
use crate::worker::world::{Directories, Sources, terms};

/// What is to be previewed, and in what.
pub struct Preview {
    /// What would be searched.
    pub sources: Sources,
    /// Who knows people, beside these.
    pub directories: Directories,
    /// What the operator decided.
    pub mandate: Mandate,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The ledger with what sweeps learned of the sources, where it can be read.
    pub learned: Option<Plans>,
}

/// What the request asks for and how far the look came.
pub struct Summary {
    /// What was asked.
    pub kind: RequestKind,
    /// Items looked at.
    pub items: u64,
    /// Those of them that sweeps had learned enough of: they were not read.
    pub known: u64,
    /// Stored bytes read.
    pub bytes: u64,
    /// Items that speak of the subject.
    pub found: u64,
}

impl Preview {
    /// Walks the sources for the request in `body` and hands over what it meets; `meter` may be
    /// read meanwhile. An item that speaks of the subject and is unreadable in part is handed over
    /// twice.
    ///
    /// A request that is at fault gives its faults instead of a summary.
    ///
    /// # Errors
    /// The sources cannot be walked.
    pub async fn run(
        &self,
        body: &[u8],
        meter: Arc<Meter>,
        found: impl FnMut(Planned),
        mut unreadable: impl FnMut(Unreadable),
    ) -> Result<Result<Summary, Vec<Fault>>, Failure> {
        let Mandate { policy, limits, .. } = &self.mandate;
        let request = match self.request(body) {
            Ok(request) => request,
            Err(faults) => return Ok(Err(faults)),
        };
        let mut lines = Lines::new(policy, found);
        if request.thing().is_some() {
            let items = self.of_thing(&request, &mut lines.found).await?;
            return Ok(Ok(Summary { kind: request.kind, items, known: 0, bytes: 0, found: items }));
        }
        let mut with =
            Walk::new(&request.people().iter().collect::<Vec<_>>(), limits, Patience::Spent);
        with.meter = Arc::clone(&meter);
        if policy.asks_who_else() && !request.kind.is_export() {
            with.asks_who_else = true;
            with.learned = Some(Arc::default());
        }
        let learned = with.learned.clone();
        with.all_snapshots = !request.kind.is_export();
        let sources = wanted(&self.sources, std::iter::once(&*request));
        let (mut forms, mut waiting) = (Forms::default(), Vec::new());
        let mut show = |planned: Planned| match learned {
            // Whom the workspace knows is known once all of it was walked.
            Some(_) => waiting.push(planned),
            None => lines.add(planned),
        };
        let mut shut = HashSet::new();
        let mut seen = pin!(walk(self.walks(&sources, &with)?));
        while let Some(seen) = seen.next().await {
            let look = match seen {
                Ok(look) => look,
                Err(failure) => {
                    let source = unlisted(failure)?;
                    // Of each of its parts the same is told.
                    if shut.insert(source.item.source.clone()) {
                        unreadable(source);
                    }
                    continue;
                }
            };
            let planned = plan(&request, 0, policy, &look);
            let is_declared =
                planned.as_ref().is_some_and(|each| matches!(each.action, Action::Declare { .. }));
            for reason in look.unreadable_for(0).iter().filter(|_| !is_declared) {
                unreadable(Unreadable { item: look.item.clone(), reason: reason.clone() });
            }
            forms.add(&look.item, planned).into_iter().for_each(&mut show);
        }
        forms.end().into_iter().for_each(&mut show);
        if let Some(learned) = learned {
            let judged = Judged { request: &request, policy, sources: &sources };
            let spared = spared(judged, limits, &learned, waiting).await?;
            spared.into_iter().for_each(|planned| lines.add(planned));
        }
        let findings = lines.findings;
        let around = Around { sources: &self.sources, directories: &self.directories };
        if let Err(failure) = lines.end(around, &request).await {
            unreadable(unlisted(failure)?);
        }
        let (items, known, bytes) = (meter.items(), meter.known(), meter.bytes());
        Ok(Ok(Summary { kind: request.kind, items, known, bytes, found: findings }))
    }

    /// How each source is walked: where something is known of it, in the parts in which sweeps
    /// learned it.
    fn walks(&self, sources: &[Arc<dyn Source>], with: &Walk) -> Result<Walks, Failure> {
        let account = self.learned.as_ref().map(Plans::account).transpose()?;
        let Some((account, age_max)) = account.zip(self.mandate.catalogue_age_max) else {
            return Ok(sources.iter().map(|source| (Arc::clone(source), with.clone())).collect());
        };
        let subjects: Vec<_> = with.subjects.iter().collect();
        let of = self.mandate.limits.source_parts;
        let one = |source: &Arc<dyn Source>, part: Part| {
            let sought = (subjects.as_slice(), Vec::new());
            let known =
                Catalogue::new(&account, source.as_ref(), part, sought, &with.limits, age_max);
            let mut walk = with.clone();
            (walk.part, walk.catalogue) = (part, Some(Arc::new(known.only_asked())));
            (Arc::clone(source), walk)
        };
        let parts = |source| (0..of).map(move |number| (source, Part { number, of }));
        Ok(sources.iter().flat_map(parts).map(|(source, part)| one(source, part)).collect())
    }

    fn request(&self, body: &[u8]) -> Result<Box<Request>, Vec<Fault>> {
        let terms = terms(&self.mandate, &self.sources, &*self.clock);
        match read::read(body, &Label::default(), &terms) {
            Ok(Message::Request(request)) => Ok(request),
            Ok(Message::Control(_)) => {
                let message = "a control message finds nothing, so there is nothing to preview";
                let pointer = "/control".to_owned();
                Err(vec![Fault { pointer, code: "no_request", message: message.to_owned() }])
            }
            Err(refusal) => Err(refusal.faults),
        }
    }

    /// Explains how one file is read for the request in `body`: `open` gives its content.
    ///
    /// A request that is at fault, or about nobody, gives its faults.
    ///
    /// # Errors
    /// The content cannot be read.
    pub fn file(
        &self,
        body: &[u8],
        item: &Item,
        open: &dyn Fn() -> io::Result<Box<dyn Read>>,
    ) -> io::Result<Result<Explained, Vec<Fault>>> {
        let request = match self.request(body) {
            Ok(request) => request,
            Err(faults) => return Ok(Err(faults)),
        };
        let Some(subject) = request.people().first() else {
            let (pointer, code) = ("/subject_identities".to_owned(), "no_subject");
            let message = "the request is about a thing, and a file speaks of people".to_owned();
            return Ok(Err(vec![Fault { pointer, code, message }]));
        };
        explained(item, open, subject, &self.mandate.limits).map(Ok)
    }

    /// Hands over what a request about a thing would act on; how many items that are.
    async fn of_thing(
        &self,
        request: &Request,
        mut found: impl FnMut(Planned),
    ) -> Result<u64, Failure> {
        let mut items = 0;
        if request.kind.is_export() {
            let mut holdings = Holdings::of(&self.sources, request).await?;
            while let Some(planned) = holdings.next().await? {
                items += planned.len() as u64;
                planned.into_iter().for_each(&mut found);
            }
            return Ok(items);
        }
        let policy = &self.mandate.policy;
        let mut planned = all_of_it(&self.sources, policy, request, RunsAt::new()).await?;
        planned.sort_by_key(Planned::step);
        items += planned.len() as u64;
        planned.into_iter().for_each(found);
        Ok(items)
    }
}

/// Lines of a plan on their way out.
struct Lines<'a, F> {
    policy: &'a Policy,
    found: F,
    findings: u64,
    along: Along,
    /// What services keep, and what is in folders, may come to something else once all is known.
    kept: Vec<Planned>,
}

impl<'a, F: FnMut(Planned)> Lines<'a, F> {
    fn new(policy: &'a Policy, found: F) -> Self {
        Self { policy, found, findings: 0, along: Along::default(), kept: Vec::new() }
    }

    fn add(&mut self, planned: Planned) {
        if matches!(planned.action, Action::List(_)) {
            return;
        }
        // What is declared has none.
        self.findings += u64::from(!planned.finding.hits.is_empty());
        self.along.note(self.policy, self.kept.len() as u64, &planned, None);
        let item = &planned.finding.item;
        match item.kind == Kind::Thing || self.policy.in_own_folder(item, false).is_some() {
            true => self.kept.push(planned),
            false => (self.found)(planned),
        }
    }

    /// Hands over what was kept for the end, and what goes along.
    async fn end(self, around: Around<'_>, request: &Request) -> Result<(), Failure> {
        let Self { policy, found, along, kept, .. } = self;
        match along.more(Look::First, around, policy, request).await {
            Ok(More { new, amended }) => {
                let new = new.into_iter().map(|(planned, _)| planned);
                amended_by(kept, amended).into_iter().chain(new).for_each(found);
                Ok(())
            }
            Err(failure) => {
                kept.into_iter().for_each(found);
                Err(failure)
            }
        }
    }
}

/// The same, with each line changed that is about something else now.
fn amended_by(kept: Vec<Planned>, amended: Vec<Amendment>) -> Vec<Planned> {
    let mut by_line: HashMap<u64, Amendment> =
        amended.into_iter().map(|amendment| (amendment.ordinal, amendment)).collect();
    let amend = |(line, planned): (u64, Planned)| match by_line.remove(&line) {
        Some(amendment) => amendment.of(planned),
        None => planned,
    };
    (0..).zip(kept).map(amend).collect()
}

/// An item without a name stands for all of a source that could not be listed: a look is worth
/// something without it too, as an erasure is not.
fn unlisted(failure: Failure) -> Result<Unreadable, Failure> {
    let Some(source) = failure.blamed_source() else { return Err(failure) };
    let reason = format!("the source could not be listed: {}", failure.chain());
    Ok(Unreadable { item: Item::bare(source, "", Version::Current), reason })
}
