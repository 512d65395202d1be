//! What the loops share: the ports, the bounds, and a bell that says "look at the ledger".

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::domain::callbacks::rule::CallbackRule;
use crate::domain::event::Envelope;
use crate::domain::failure::Failure;
use crate::domain::policy::guard::Guard;
use crate::domain::policy::rules::Policy;
use crate::domain::regulation::due::Calendar;
use crate::domain::request::Controller;
use crate::ports::exports::Exports;
use crate::ports::ledger::Ledger;
use crate::ports::messages::announcer::Announcer;
use crate::ports::messages::callbacks::Callbacks;
use crate::ports::messages::inbox::Inbox;
use crate::ports::sources::Source;
use crate::ports::system::{Clock, Entropy};
use crate::stages::account::keys::Keys;
use crate::stages::account::records::Account;
use crate::stages::message::fault::Terms;
use crate::stages::message::signature::Trust;
use crate::stages::signing::Signer;
use crate::stages::walk::pass::WalkLimits;
use crate::telemetry::metrics::Metrics;
use crate::worker::lease::Leases;
use crate::worker::retry::{self, Backoff, Tries};
use crate::worker::stopper::Stopper;

/// Where requests come from and events go.
pub type Door = (Arc<dyn Inbox>, Arc<dyn Announcer>);

/// What is searched.
pub type Sources = Vec<Arc<dyn Source>>;

/// What a daemon is put together from.
pub struct Parts {
    /// Where requests come from and events go.
    pub door: Door,
    /// Where producers are told by HTTP.
    pub callbacks: Arc<dyn Callbacks>,
    /// What is searched.
    pub sources: Sources,
    /// Where archives go.
    pub exports: Arc<dyn Exports>,
    /// Whether no other daemon can be on the same ledger.
    pub alone: bool,
    /// The account.
    pub ledger: Arc<dyn Ledger>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Keys and nonces.
    pub entropy: Arc<dyn Entropy>,
    /// 64 hexadecimal digits.
    pub master_key: Zeroizing<String>,
    /// Ed25519 key of the deployment, PKCS#8 PEM.
    pub signing_key: Zeroizing<String>,
    /// Public keys of those who may ask, PEM by key id; empty hears everybody.
    pub trusted_keys: BTreeMap<String, String>,
    /// `source` of every event: a URI of the deployment.
    pub event_source: String,
    /// `controller_id` of the `OpenDSR` body.
    pub controller_id: String,
    /// Who is responsible for the data, as people are told.
    pub controller: Controller,
    /// What the operator decided about erasure.
    pub policy: Policy,
    /// Which plans a person must see first.
    pub guard: Guard,
    /// How due dates are counted.
    pub calendar: Calendar,
    /// Every bound.
    pub limits: Limits,
}

/// Bounds of the loops.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest message in bytes.
    pub message_bytes_max: usize,
    /// Identities in one request.
    pub identities_max: usize,
    /// How long after its signing a message is heard.
    pub signature_age_ms_max: i64,
    /// Shortest identity in characters.
    pub identity_chars_min: usize,
    /// Requests that share one sweep.
    pub sweep_requests_max: u32,
    /// Parts that each source is cut into.
    pub source_parts: u64,
    /// Items read at the same time.
    pub read_concurrency_max: usize,
    /// Bytes of the items that are read at the same time.
    pub read_bytes_max: u64,
    /// Items acted on at the same time.
    pub act_concurrency_max: usize,
    /// Rounds of act and verify.
    pub verify_rounds_max: u32,
    /// How long archives are kept; 0 for good.
    pub archive_life_ms: u64,
    /// How long erased people are recognised again; 0 is never.
    pub tombstone_days: u16,
    /// How long it is known which items a request left; 0 is not at all.
    pub follow_up_days: u16,
    /// How long the details of requests that rest are kept; 0 for good.
    pub details_days: u16,
    /// Hits kept for one subject in one item.
    pub hits_per_item_max: usize,
    /// How deep containers are opened.
    pub depth_max: usize,
    /// Bytes that one item may decode to.
    pub decoded_bytes_max: u64,
    /// Decoded bytes per stored byte.
    pub decoded_ratio_max: u64,
    /// Bytes looked at for each byte of an item, stored or decoded, over all its readings.
    pub work_ratio_max: u64,
    /// How long one item may be worked on, in milliseconds, apart from waiting for its bytes.
    pub item_time_ms_max: u64,
    /// Whom callbacks may go to.
    pub callbacks: CallbackRule,
    /// How long a callback is tried again after it first failed.
    pub callback_give_up_after_ms: u64,
    /// How long a work is ours without being renewed.
    pub lease_ms: u64,
    /// Pauses and tries.
    pub backoff: Backoff,
    /// How long before its due time an erasure waits for a failed export of its person no longer.
    pub failed_export_margin_ms: u64,
}

/// The parts, put together.
pub struct World {
    /// The ledger as the stages use it.
    pub account: Account,
    /// Signs for the deployment.
    pub signer: Signer,
    /// Whose messages are heard; `None` hears everybody.
    pub trust: Option<Arc<Trust>>,
    /// Where requests come from.
    pub inbox: Arc<dyn Inbox>,
    /// Where events go.
    pub announcer: Arc<dyn Announcer>,
    /// Where producers are told by HTTP.
    pub callbacks: Arc<dyn Callbacks>,
    /// What is searched.
    pub sources: Sources,
    /// Where archives go.
    pub exports: Arc<dyn Exports>,
    /// Whether no other daemon can be on the same ledger.
    pub alone: bool,
    /// The right to work on something.
    pub leases: Leases,
    /// Who is responsible for the data, as people are told.
    pub controller: Controller,
    /// What the operator decided about erasure.
    pub policy: Policy,
    /// Which plans a person must see first.
    pub guard: Guard,
    /// How due dates are counted.
    pub calendar: Calendar,
    /// Every bound.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Ends everything.
    pub stopper: Stopper,
    /// Rung when something was ledgered that a loop may be waiting for.
    pub bell: Notify,
}

/// How long a loop waits for the bell before it looks at the ledger by itself: other daemons on the
/// same ledger ring no bell here.
const LOOK_EVERY_MS: u64 = 500;

impl World {
    /// Puts the parts together.
    ///
    /// # Errors
    /// A master key, signing key or trusted key of another form.
    pub fn new(parts: Parts) -> Result<Self, Failure> {
        let envelope = Envelope { source: parts.event_source, controller_id: parts.controller_id };
        let (ledger, clock, entropy) = (parts.ledger, parts.clock, parts.entropy);
        let (inbox, announcer) = parts.door;
        let signer = Signer::new(&parts.signing_key)?;
        let age_max = SignedDuration::from_millis(parts.limits.signature_age_ms_max);
        let trust = Trust::new(&parts.trusted_keys, &signer, age_max)?;
        // The deployment's own key alone would shut out everybody else.
        let trust = (!parts.trusted_keys.is_empty()).then(|| Arc::new(trust));
        let account = Account::new(ledger, clock, Keys::new(&parts.master_key, entropy)?, envelope);
        let Limits { lease_ms, backoff, .. } = parts.limits;
        let leases = Leases::new(
            Arc::clone(&account.ledger),
            Arc::clone(&account.clock),
            Arc::clone(&account.keys.entropy),
            lease_ms,
            backoff,
        );
        Ok(Self {
            account,
            leases,
            signer,
            trust,
            inbox,
            announcer,
            callbacks: parts.callbacks,
            sources: parts.sources,
            exports: parts.exports,
            alone: parts.alone,
            controller: parts.controller,
            policy: parts.policy,
            guard: parts.guard,
            calendar: parts.calendar,
            limits: parts.limits,
            metrics: Arc::default(),
            stopper: Stopper::default(),
            bell: Notify::new(),
        })
    }

    /// What a message is checked against when it comes in now.
    pub fn terms(&self) -> Terms {
        let terms = self.limits.terms(&self.sources, &*self.account.clock);
        Terms { trust: self.trust.clone(), ..terms }
    }

    /// Waits for the bell, for a while, or for the stop.
    pub async fn rest(&self) {
        let woken = async {
            tokio::select! {
                () = self.bell.notified() => {}
                () = self.account.clock.sleep_ms(LOOK_EVERY_MS) => {}
            }
        };
        self.stopper.run_until_stopped(woken).await;
    }

    /// Sleeps, unless stopped.
    pub async fn pause_ms(&self, millis: u64) {
        self.stopper.run_until_stopped(self.account.clock.sleep_ms(millis)).await;
    }

    /// Pauses after one more failure in a row.
    pub async fn back_off(&self, tries: &mut Tries) {
        self.pause_ms(self.limits.backoff.delay_ms(tries.count(), self.random())).await;
        *tries = tries.next();
    }

    /// A random number for jitter.
    pub fn random(&self) -> u64 {
        retry::random(&*self.account.keys.entropy)
    }
}

impl Limits {
    /// How long who is erased now is looked for again; `None` not at all.
    pub fn remembered_until(&self, now: Timestamp) -> Option<Timestamp> {
        after_days(self.tombstone_days, now)
    }

    /// How long it is known which items a request left that ends now; `None` not at all.
    pub fn left_until(&self, now: Timestamp) -> Option<Timestamp> {
        after_days(self.follow_up_days, now)
    }

    /// Erasures that are due before this wait for failed exports no longer at `now`.
    pub fn pressed_before(&self, now: Timestamp) -> Timestamp {
        let margin = i64::try_from(self.failed_export_margin_ms).unwrap_or(i64::MAX);
        now.saturating_add(SignedDuration::from_millis(margin)).unwrap_or(Timestamp::MAX)
    }

    /// How long the details of requests that rest are kept, where they are not kept for good.
    pub fn details_kept_ms(&self) -> Option<u64> {
        (self.details_days > 0).then(|| u64::from(self.details_days) * 86_400_000)
    }

    /// Bounds on one pass over the sources.
    pub fn walk(&self) -> WalkLimits {
        WalkLimits {
            concurrency: self.read_concurrency_max,
            read_bytes_max: self.read_bytes_max,
            hits_per_item_max: self.hits_per_item_max,
            depth_max: self.depth_max,
            decoded_bytes_max: self.decoded_bytes_max,
            decoded_ratio_max: self.decoded_ratio_max,
            work_ratio_max: self.work_ratio_max,
            item_time_ms_max: self.item_time_ms_max,
        }
    }

    /// How long archives are kept, where they are not kept for good.
    pub fn expire_after(&self) -> Option<SignedDuration> {
        let millis = i64::try_from(self.archive_life_ms).unwrap_or(i64::MAX);
        (millis > 0).then(|| SignedDuration::from_millis(millis))
    }

    /// What a message is checked against when it is looked at now, whoever it is from.
    pub fn terms(&self, sources: &[Arc<dyn Source>], clock: &dyn Clock) -> Terms {
        Terms {
            message_bytes_max: self.message_bytes_max,
            identities_max: self.identities_max,
            identity_chars_min: self.identity_chars_min,
            sources: Some(sources.iter().map(|source| source.name().to_owned()).collect()),
            callbacks: Some(self.callbacks.clone()),
            now: Some(clock.now()),
            trust: None,
        }
    }
}

/// `None` where there are no days.
fn after_days(days: u16, now: Timestamp) -> Option<Timestamp> {
    let duration = SignedDuration::from_hours(24 * i64::from(days));
    // To the millisecond, as the ledger keeps it.
    let until = now.saturating_add(duration).unwrap_or(Timestamp::MAX).as_millisecond();
    (days > 0).then(|| Timestamp::from_millisecond(until).unwrap_or(Timestamp::MAX))
}
