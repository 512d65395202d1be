//! What a request left stays known to the operator for a while: which items, and why.
//!
//! What a person has to do by hand needs the object id of whoever it is about: that is kept with
//! them.
//!
//! When a request comes to rest its key is destroyed, and with it the plan. An operator who is to
//! look after what was blocked, kept or not readable has to know what that was. So these items, and
//! nothing else of the plan, are sealed once more under a key of their own before the record that
//! brings the request to rest: whoever finds it at rest finds them whole. Item names may speak of
//! the person, so they are shown to whoever has the master key, and removed when their time is
//! over.

use std::pin::pin;

use futures::StreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::coverage::portal::PORTAL;
use crate::domain::failure::Failure;
use crate::domain::item::Version;
use crate::domain::outcome::ItemOutcome;
use crate::domain::policy::action::Action;
use crate::domain::request::{Request, RequestId};
use crate::domain::state::Left;
use crate::evidence::seal::{Purpose, RequestKey};
use crate::ports::kept::retention::FollowUp;
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::announce::object_ids;

/// One item that was left. Names an item, so it is serialised only to be sealed or to be shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftItem {
    /// The configured name of the source.
    pub source: String,
    /// The item's own name in that source; empty for the whole of a source.
    pub item: String,
    /// Which form of that name.
    pub version: Version,
    /// The word of what became of it.
    pub outcome: String,
    /// Why, and where in the item.
    pub reason: String,
}

/// In place of an outcome: somebody has to do it.
const BY_HAND: &str = "by_hand";

/// Items in one part.
const PART: usize = 1000;

/// Seals what the request left, as its plan goes by.
pub struct Keeping<'a> {
    account: &'a Account,
    case: &'a Case,
    key: RequestKey,
    wrapped_key: Vec<u8>,
    until: Timestamp,
    /// Of the part that is not full yet: memory does not grow with what was left.
    waiting: Vec<LeftItem>,
    parts: u64,
    items: u64,
}

impl<'a> Keeping<'a> {
    /// Under a new key, until that time.
    pub fn new(account: &'a Account, case: &'a Case, until: Timestamp) -> Self {
        let (key, wrapped_key) = account.keys.new_left_key(&case.request.id);
        let (waiting, parts, items) = (Vec::new(), 0, 0);
        Self { account, case, key, wrapped_key, until, waiting, parts, items }
    }

    /// Keeps an item of the plan, if it was left.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn note(&mut self, entry: Entry) -> Result<(), Failure> {
        let Some(left) = left(entry) else { return Ok(()) };
        self.items += 1;
        self.waiting.push(left);
        if self.waiting.len() == PART { self.keep().await } else { Ok(()) }
    }

    /// `None` where it left nothing.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn end(mut self) -> Result<Option<Box<Left>>, Failure> {
        self.waiting.extend(by_hand(&self.case.request));
        // An earlier conclusion may have kept more, and then been overtaken.
        let is_stale = self.items == 0 && self.has_kept().await?;
        if !self.waiting.is_empty() || is_stale {
            self.keep().await?;
        }
        let Self { items, until, .. } = self;
        Ok((items > 0).then(|| Box::new(Left { items, known_until: until })))
    }

    async fn has_kept(&self) -> Result<bool, Failure> {
        let now = self.account.clock.now();
        Ok(self.account.ledger.left(&self.case.request.id, 0, now).await?.is_some())
    }

    async fn keep(&mut self) -> Result<(), Failure> {
        let count = self.waiting.len() as u64;
        let plain = serde_json::to_vec(&self.waiting).expect("items have text keys only");
        self.waiting.clear();
        let part = self.parts;
        let sealed = self.account.keys.seal_left(&self.key, part, &plain);
        let wrapped_key = self.wrapped_key.clone();
        let follow_up = FollowUp { part, wrapped_key, sealed, items: count, until: self.until };
        let Case { lease, request, .. } = self.case;
        let kept_ms = self.until.duration_since(self.account.clock.now()).as_millis();
        let kept_ms = u64::try_from(kept_ms).unwrap_or_default();
        self.account.ledger.keep_left(lease, &request.id, &follow_up, kept_ms).await?;
        self.parts += 1;
        Ok(())
    }
}

/// Hands over what a request left: of one at rest what was kept, of any other what its plan says so
/// far.
///
/// # Errors
/// The ledger's failure; another master key.
pub async fn show_kept(
    account: &Account,
    id: &RequestId,
    mut each: impl FnMut(LeftItem),
) -> Result<(), Failure> {
    let (mut part, now) = (0, account.clock.now());
    while let Some(kept) = account.ledger.left(id, part, now).await? {
        let opening = "unsealing what was left; was the master key replaced?";
        let opened = account
            .keys
            .left_key(id, &kept.wrapped_key)
            .and_then(|key| key.open(Purpose::Left(kept.part), &kept.sealed));
        let plain = opened.map_err(|error| Failure::needs_person(opening).because(error))?;
        let items: Vec<LeftItem> = serde_json::from_slice(&plain).map_err(|_| {
            // The error would quote the items.
            Failure::permanent("reading what was left, as another version wrote it")
        })?;
        items.into_iter().for_each(&mut each);
        part = kept.part + 1;
    }
    Ok(())
}

/// The same of a request that does not rest.
///
/// # Errors
/// The ledger's failure.
pub async fn show_so_far(
    account: &Account,
    case: &Case,
    mut each: impl FnMut(LeftItem),
) -> Result<(), Failure> {
    let mut entries = pin!(account.entries(case));
    while let Some(entry) = entries.next().await {
        left(entry?).into_iter().for_each(&mut each);
    }
    by_hand(&case.request).into_iter().for_each(&mut each);
    Ok(())
}

/// Whom a person has to ask for elsewhere, as the tenant calls them: it stands in nothing else that
/// is kept. It is no item, and counted with none.
fn by_hand(request: &Request) -> Vec<LeftItem> {
    let ids = request.people().iter().flat_map(object_ids);
    let by_hand = |id: &str| LeftItem {
        source: PORTAL.to_owned(),
        item: id.to_owned(),
        version: Version::Current,
        outcome: BY_HAND.to_owned(),
        reason: "the object ID of the user, for the manual steps".to_owned(),
    };
    ids.map(by_hand).collect()
}

/// An item of the plan, if it was left.
fn left(entry: Entry) -> Option<LeftItem> {
    let Entry { planned, outcome, .. } = entry;
    let outcome = outcome.filter(ItemOutcome::is_refusal)?;
    let reason = match planned.action {
        // With the place, which outcomes do not have.
        Action::List(reason) => reason,
        _ => outcome.detail().to_owned(),
    };
    let item = planned.finding.item;
    Some(LeftItem {
        source: item.source,
        item: item.name,
        version: item.version,
        outcome: outcome.word().to_owned(),
        reason,
    })
}
