//! What a daemon is put together from, and what the loops share of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use zeroize::Zeroizing;

use crate::domain::event::Envelope;
use crate::domain::failure::Failure;
use crate::domain::policy::mandate::Mandate;
use crate::ports::exports::Exports;
use crate::ports::ledger::Ledger;
use crate::ports::messages::announcer::Announcer;
use crate::ports::messages::callbacks::Callbacks;
use crate::ports::messages::inbox::Inbox;
use crate::ports::sources::{Directory, Source};
use crate::ports::system::{Clock, Entropy};
use crate::ports::tenant_logs::TenantLogs;
use crate::stages::account::keys::Keys;
use crate::stages::account::records::Account;
use crate::stages::act::hands::Hands;
use crate::stages::homes::whose::Around;
use crate::stages::message::fault::Terms;
use crate::stages::message::signature::Trust;
use crate::stages::signing::Signer;
use crate::stages::walk::listing::landmarks::Landmarks;
use crate::worker::pace::shift::Shift;

/// Whom we listen to, and whom we tell.
pub struct Door {
    /// Where requests come from.
    pub inbox: Arc<dyn Inbox>,
    /// Where events go.
    pub announcer: Arc<dyn Announcer>,
    /// Where producers are told by HTTP.
    pub callbacks: Arc<dyn Callbacks>,
}

/// Where archives go.
pub type Archives = Arc<dyn Exports>;

/// Who copies the logs of the tenant, where anybody is asked to.
pub type Copying = Option<Arc<dyn TenantLogs>>;

/// What is searched.
pub type Sources = Vec<Arc<dyn Source>>;

/// Who knows people, and what folders of users are called, beside the sources.
pub type Directories = Vec<Arc<dyn Directory>>;

/// By what this deployment is known, and whom it knows.
pub struct KeyRing {
    /// 64 hexadecimal digits.
    pub master_key: Zeroizing<String>,
    /// Ed25519 key of the deployment, PKCS#8 PEM.
    pub signing_key: Zeroizing<String>,
    /// Public keys of those who may ask, PEM by key id; empty hears everybody.
    pub trusted_keys: BTreeMap<String, String>,
    /// How long after its signing a message is heard.
    pub signature_age_ms_max: i64,
}

/// What a daemon is put together from.
pub struct Parts {
    /// Whom we listen to, and whom we tell.
    pub door: Door,
    /// What is searched.
    pub sources: Sources,
    /// Who knows people, beside these.
    pub directories: Directories,
    /// Where archives go.
    pub exports: Archives,
    /// Who copies the logs of the tenant, where anybody is asked to.
    pub tenant_logs: Copying,
    /// The account.
    pub ledger: Arc<dyn Ledger>,
    /// Whether no other daemon can be on the same ledger.
    pub alone: bool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Keys and nonces.
    pub entropy: Arc<dyn Entropy>,
    /// By what this deployment is known, and whom it knows.
    pub key_ring: KeyRing,
    /// What every event says of its sender.
    pub envelope: Envelope,
    /// What the operator decided.
    pub mandate: Mandate,
}

/// The parts, put together. A loop that needs little of it is given that alone.
pub struct World {
    /// The ledger as the stages use it.
    pub account: Account,
    /// Signs for the deployment.
    pub signer: Signer,
    /// Whose messages are heard; `None` hears everybody.
    trust: Option<Arc<Trust>>,
    /// Whom we listen to, and whom we tell.
    pub door: Door,
    /// What is searched.
    pub sources: Sources,
    /// Who knows people, beside these.
    pub directories: Directories,
    /// Where archives go.
    pub exports: Archives,
    /// Who copies the logs of the tenant, where anybody is asked to.
    pub tenant_logs: Copying,
    /// What the operator decided.
    pub mandate: Mandate,
    /// Leases, pauses, the stop, the counters.
    pub shift: Shift,
    /// The items that are acted on.
    pub hands: Hands,
    /// Where the listings of the sources may be begun.
    pub landmarks: Arc<Landmarks>,
    /// Whether no other daemon can be on the same ledger.
    pub alone: bool,
}

impl World {
    /// Puts the parts together.
    ///
    /// # Errors
    /// A master key, signing key or trusted key of another form.
    pub fn new(parts: Parts) -> Result<Self, Failure> {
        let KeyRing { master_key, signing_key, trusted_keys, signature_age_ms_max } =
            parts.key_ring;
        let signer = Signer::new(&signing_key)?;
        let age_max = SignedDuration::from_millis(signature_age_ms_max);
        let trust = Trust::new(&trusted_keys, &signer, age_max)?;
        // The deployment's own key alone would shut out everybody else.
        let trust = (!trusted_keys.is_empty()).then(|| Arc::new(trust));
        let (ledger, clock, entropy) = (parts.ledger, parts.clock, parts.entropy);
        let shift = Shift::new(&ledger, &clock, &entropy, &parts.mandate.limits);
        let keys = Keys::new(&master_key, entropy)?;
        Ok(Self {
            account: Account::new(ledger, clock, keys, parts.envelope),
            signer,
            trust,
            door: parts.door,
            sources: parts.sources,
            directories: parts.directories,
            exports: parts.exports,
            tenant_logs: parts.tenant_logs,
            hands: Hands::new(parts.mandate.limits.act_concurrency_max),
            landmarks: Arc::default(),
            mandate: parts.mandate,
            shift,
            alone: parts.alone,
        })
    }

    /// What is searched, and who is asked whose it is.
    pub fn around(&self) -> Around<'_> {
        Around { sources: &self.sources, directories: &self.directories }
    }

    /// What a message is checked against when it comes in now.
    pub fn terms(&self) -> Terms {
        let terms = terms(&self.mandate, &self.sources, &*self.account.clock);
        Terms { trust: self.trust.clone(), ..terms }
    }
}

/// What a message is checked against when it is looked at now, whoever it is from.
pub fn terms(mandate: &Mandate, sources: &[Arc<dyn Source>], clock: &dyn Clock) -> Terms {
    let things = sources.iter().filter_map(|source| source.things());
    let holds = things.flat_map(|things| {
        things.kinds().iter().map(|kind| (things.name().to_owned(), *kind)).collect::<Vec<_>>()
    });
    let holds = holds.collect();
    Terms {
        message_bytes_max: mandate.limits.message_bytes_max,
        identities_max: mandate.limits.identities_max,
        identity_chars_min: mandate.limits.identity_chars_min,
        sources: Some(sources.iter().map(|source| source.name().to_owned()).collect()),
        things: Some(holds),
        callbacks: Some(mandate.callbacks.clone()),
        now: Some(clock.now()),
        trust: None,
    }
}
