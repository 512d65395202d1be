//! What the loops share: the ports, the bounds, and a bell that says "look at the ledger".

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::domain::event::Envelope;
use crate::domain::failure::Failure;
use crate::domain::policy::mandate::Mandate;
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
    /// How long after its signing a message is heard.
    pub signature_age_ms_max: i64,
    /// `source` of every event: a URI of the deployment.
    pub event_source: String,
    /// `controller_id` of the `OpenDSR` body.
    pub controller_id: String,
    /// What the operator decided.
    pub mandate: Mandate,
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
    /// What the operator decided.
    pub mandate: Mandate,
    /// How long is waited after a failure, and how often it is tried again.
    pub backoff: Backoff,
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
        let age_max = SignedDuration::from_millis(parts.signature_age_ms_max);
        let trust = Trust::new(&parts.trusted_keys, &signer, age_max)?;
        // The deployment's own key alone would shut out everybody else.
        let trust = (!parts.trusted_keys.is_empty()).then(|| Arc::new(trust));
        let account = Account::new(ledger, clock, Keys::new(&parts.master_key, entropy)?, envelope);
        let (lease_ms, backoff) = (parts.mandate.limits.lease_ms, (&parts.mandate.limits).into());
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
            backoff,
            mandate: parts.mandate,
            metrics: Arc::default(),
            stopper: Stopper::default(),
            bell: Notify::new(),
        })
    }

    /// What a message is checked against when it comes in now.
    pub fn terms(&self) -> Terms {
        let terms = terms(&self.mandate, &self.sources, &*self.account.clock);
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
        self.pause_ms(self.backoff.delay_ms(tries.count(), self.random())).await;
        *tries = tries.next();
    }

    /// A random number for jitter.
    pub fn random(&self) -> u64 {
        retry::random(&*self.account.keys.entropy)
    }
}

/// What a message is checked against when it is looked at now, whoever it is from.
pub fn terms(mandate: &Mandate, sources: &[Arc<dyn Source>], clock: &dyn Clock) -> Terms {
    Terms {
        message_bytes_max: mandate.limits.message_bytes_max,
        identities_max: mandate.limits.identities_max,
        identity_chars_min: mandate.limits.identity_chars_min,
        sources: Some(sources.iter().map(|source| source.name().to_owned()).collect()),
        callbacks: Some(mandate.callbacks.clone()),
        now: Some(clock.now()),
        trust: None,
    }
}
