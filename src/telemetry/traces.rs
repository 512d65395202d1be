//! Traces: in which one a request is told, and the pieces of work that are told of it.
//!
//! A request lives for weeks and in many processes, so nothing is held open between two turns. Each
//! piece of work is told when it ended, and hangs on the root of its request's trace. The root is
//! the span that the producer named, or else one that every daemon derives from the request's id.
//!
//! What may be said of a piece of work is a closed list of names, and of values words of ours,
//! counts, ids of requests and names from the settings.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Pieces that wait to be sent. More are dropped, and counted: the work goes first.
const WAITING_MAX: usize = 4_096;

/// Others that a piece may point to: as many as a sweep has requests, unless that is set higher.
const LINKS_MAX: usize = 1_000;

/// Where pieces of work are told, if anywhere.
#[derive(Default)]
pub struct Traces(Option<Told>);

struct Told {
    scope: String,
    share: f64,
    instance: String,
    count: AtomicU64,
    waiting: Mutex<VecDeque<Piece>>,
    dropped: Counter,
    news: Notify,
    closed: CancellationToken,
}

/// A place in a trace: one span, as others name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Which trace.
    pub trace: [u8; 16],
    /// Which span in it.
    pub span: [u8; 8],
}

/// The trace that a request, or a sweep, is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What its pieces hang on.
    pub root: Context,
    /// Whether the root is a piece of work of ours.
    pub is_ours: bool,
}

/// A piece of work that ended.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What was done, in a word of ours.
    pub name: &'static str,
    /// Its own place.
    pub context: Context,
    /// The span that it hangs on.
    pub parent: Option<[u8; 8]>,
    /// Whether a message came in, or went out.
    pub way: Way,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What else it has to do with.
    pub links: Vec<Context>,
    /// The kind of failure that it ended with.
    pub failure: Option<&'static str>,
    /// What is said of it.
    pub facts: Vec<(Fact, Value)>,
}

/// What a piece of work has to do with messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing.
    Inside,
    /// One came in.
    In,
    /// One went out.
    Out,
}

/// What can be said of a piece of work, and nothing else can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The request's id.
    Request,
    /// What it asks for.
    Kind,
    /// Where it stands then.
    State,
    /// What came of it.
    Outcome,
    /// The kind of its failure.
    Failure,
    /// What a sweep is for.
    Purpose,
    /// A source, by its configured name.
    Source,
    /// Which part of a source.
    Part,
    /// Requests.
    Requests,
    /// Items.
    Items,
    /// Items that were known.
    Known,
    /// Bytes.
    Bytes,
    /// An event, by its name without prefix.
    Event,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A word of ours.
    Word(&'static str),
    /// A request's id, or a name from the settings.
    Name(String),
    /// A number.
    Count(u64),
}

impl Fact {
    /// Its name, the same as in log lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request.id",
            Self::Kind => "request.kind",
            Self::State => "request.state",
            Self::Outcome => "outcome",
            Self::Failure => "error.type",
            Self::Purpose => "sweep.purpose",
            Self::Source => "source",
            Self::Part => "part",
            Self::Requests => "request.count",
            Self::Items => "item.count",
            Self::Known => "item.known",
            Self::Bytes => "sweep.size_bytes",
            Self::Event => "event.name",
        }
    }
}

impl Traces {
    /// Tells this share of the requests that come without a trace, and of those that come with one
    /// what its producer decided. `scope` tells deployments apart, `instance` daemons.
    pub fn of(scope: &str, instance: &str, share: f64, dropped: Counter) -> Self {
        Self(Some(Told {
            scope: scope.to_owned(),
            share,
            instance: instance.to_owned(),
            count: AtomicU64::new(0),
            waiting: Mutex::default(),
            dropped,
            news: Notify::new(),
            closed: CancellationToken::new(),
        }))
    }

    /// Whether anything is told at all.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The trace of a request; `None` if it is not told.
    pub fn of_request(&self, id: &str, traceparent: Option<&str>) -> Option<Trace> {
        let told = self.0.as_ref()?;
        if let Some((root, is_sampled)) = traceparent.and_then(parse) {
            return is_sampled.then_some(Trace { root, is_ours: false });
        }
        let root = derived(&["request", &told.scope, id]);
        is_in(&root, told.share).then_some(Trace { root, is_ours: true })
    }

    /// The trace of a sweep, the same for every daemon.
    pub fn of_sweep(&self, purpose: &str, number: u64, opened: Timestamp) -> Option<Trace> {
        let told = self.0.as_ref()?;
        let (number, opened) = (number.to_string(), opened.as_nanosecond().to_string());
        let root = derived(&["sweep", &told.scope, purpose, &number, &opened]);
        Some(Trace { root, is_ours: true })
    }

    /// A piece of work in a trace, under its root, about which nothing is said yet.
    pub fn piece(
        &self,
        name: &'static str,
        trace: &Trace,
        (began, ended): (Timestamp, Timestamp),
    ) -> Piece {
        let own = self.0.as_ref().map(|told| {
            let count = told.count.fetch_add(1, Ordering::Relaxed).to_string();
            derived(&["piece", &told.instance, &count]).span
        });
        Piece {
            name,
            context: Context { trace: trace.root.trace, span: own.unwrap_or_default() },
            parent: Some(trace.root.span),
            way: Way::Inside,
            began,
            // Clocks step back.
            ended: ended.max(began),
            links: Vec::new(),
            failure: None,
            facts: Vec::new(),
        }
    }

    /// Tells of a piece of work. Never waits: where too many wait it is dropped, and counted.
    pub fn tell(&self, piece: Piece) {
        let Some(told) = &self.0 else { return };
        let mut waiting = told.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            told.dropped.inc();
            return;
        }
        waiting.push_back(piece);
        drop(waiting);
        told.news.notify_one();
    }

    /// Takes the oldest, as many as that.
    pub fn take(&self, count: usize) -> Vec<Piece> {
        let Some(told) = &self.0 else { return Vec::new() };
        let mut waiting = told.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = count.min(waiting.len());
        waiting.drain(..count).collect()
    }

    /// So many will never be sent.
    pub fn dropped(&self, count: u64) {
        if let Some(told) = &self.0 {
            told.dropped.inc_by(count);
        }
    }

    /// Nothing more will be told.
    pub fn close(&self) {
        if let Some(told) = &self.0 {
            told.closed.cancel();
        }
    }

    /// Whether that was said.
    pub fn is_closed(&self) -> bool {
        self.0.as_ref().is_none_or(|told| told.closed.is_cancelled())
    }

    /// Waits until that is said.
    pub async fn closed(&self) {
        if let Some(told) = &self.0 {
            told.closed.cancelled().await;
        }
    }

    /// Waits until something is told, or nothing more will be.
    pub async fn news(&self) {
        let Some(told) = &self.0 else { return };
        tokio::select! {
            () = told.news.notified() => {}
            () = told.closed.cancelled() => {}
        }
    }
}

impl Piece {
    /// The root itself, where that is ours, and not something below it.
    pub fn as_root(mut self, trace: &Trace) -> Self {
        if trace.is_ours {
            self.context = trace.root;
            self.parent = None;
        }
        self
    }

    /// Says something of it.
    pub fn with(mut self, fact: Fact, value: impl Into<Value>) -> Self {
        self.facts.push((fact, value.into()));
        self
    }

    /// With these to point to, as many as are allowed.
    pub fn linked(mut self, links: impl IntoIterator<Item = Context>) -> Self {
        self.links.extend(links);
        self.links.truncate(LINKS_MAX);
        self
    }

    /// Ended with a failure of that kind, if any.
    pub fn failed(mut self, kind: Option<&'static str>) -> Self {
        self.failure = kind;
        self.facts.extend(kind.map(|kind| (Fact::Failure, Value::Word(kind))));
        self
    }
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<String> for Value {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

/// The span that a `traceparent` names (W3C Trace Context), and whether its trace is told.
pub fn parse(traceparent: &str) -> Option<(Context, bool)> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // Later versions may have more behind, and begin as this one does.
    if version.len() != 2 || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let mut context = Context { trace: [0; 16], span: [0; 8] };
    let mut flag = [0];
    hex::decode_to_slice(trace, &mut context.trace).ok()?;
    hex::decode_to_slice(span, &mut context.span).ok()?;
    hex::decode_to_slice(flags, &mut flag).ok()?;
    let is_one = context.trace != [0; 16] && context.span != [0; 8];
    is_one.then_some((context, flag[0] & 1 == 1))
}

/// A place that is the same wherever the same is said.
fn derived(parts: &[&str]) -> Context {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    let mut context = Context { trace: [0; 16], span: [0; 8] };
    context.trace.copy_from_slice(&hash[..16]);
    context.span.copy_from_slice(&hash[16..24]);
    context
}

/// Whether a trace is of the share that is told, as samplers of OpenTelemetry decide it: the same
/// for everybody who looks at its id.
fn is_in(root: &Context, share: f64) -> bool {
    let low = root.trace[8..].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    share >= 1.0 || ((low >> 1) as f64) < share * (1_u64 << 63) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn traces(share: f64) -> (Traces, Counter) {
        let dropped = Counter::default();
        (Traces::of("urn:a", "1", share, dropped.clone()), dropped)
    }

    #[test]
    fn a_producers_trace_is_gone_on_with_as_it_decided() {
        let (traces, _) = traces(0.0);
        let trace = traces.of_request("r-1", Some(PARENT)).unwrap();
        assert_eq!(hex::encode(trace.root.trace), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(hex::encode(trace.root.span), "00f067aa0ba902b7");
        assert_eq!(traces.of_request("r-1", Some(&PARENT.replace("-01", "-00"))), None);
        assert!(traces.of_request("r-1", Some(&PARENT.replace("-01", "-03"))).is_some());
        assert_eq!(Traces::default().of_request("r-1", Some(PARENT)), None);
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let zero = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        for text in ["", "00", "00-1-2-01", "ff-x", &zero, &format!("{PARENT}-x")] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse(&format!("{}-more", PARENT.replace("00-4", "01-4"))).is_some());
    }

    #[test]
    fn without_one_it_is_the_same_for_each_daemon_and_another_for_each_request_and_deployment() {
        let told = |scope: &str, id: &str| {
            Traces::of(scope, "x", 1.0, Counter::default()).of_request(id, None).unwrap().root
        };
        assert_eq!(told("urn:a", "r-1"), told("urn:a", "r-1"));
        assert_ne!(told("urn:a", "r-1"), told("urn:a", "r-2"));
        assert_ne!(told("urn:a", "r-1"), told("urn:b", "r-1"));
    }

    #[test]
    fn the_share_is_kept_to() {
        let told = |share| {
            let (traces, _) = traces(share);
            (0..10_000).filter(|n| traces.of_request(&n.to_string(), None).is_some()).count()
        };
        assert_eq!((told(0.0), told(1.0)), (0, 10_000));
        assert!((2_200..2_800).contains(&told(0.25)), "{}", told(0.25));
    }

    #[test]
    fn what_is_too_much_is_dropped_and_counted() {
        let (traces, dropped) = traces(1.0);
        let trace = traces.of_request("r-1", None).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        for _ in 0..WAITING_MAX + 3 {
            traces.tell(traces.piece("act", &trace, (now, now)));
        }
        assert_eq!(dropped.get(), 3);
        let taken = traces.take(usize::MAX);
        let ids: std::collections::BTreeSet<_> = taken.iter().map(|it| it.context.span).collect();
        assert_eq!((taken.len(), ids.len()), (WAITING_MAX, WAITING_MAX));
        assert!(traces.take(1).is_empty());
    }
}
