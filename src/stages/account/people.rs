//! Whom the documents of a workspace name, sealed on the way into the ledger and unsealed on the
//! way out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::asked::subject::IdentityType;
use crate::domain::failure::Failure;
use crate::matching::people::kin::known::Known;
use crate::matching::people::named::{Group, Identifier};
use crate::ports::kept::people::{PEOPLE_MAX, SealedPerson};
use crate::ports::tasks::{Lease, Shard};
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;

/// People read from the ledger at a time.
const PAGE: u32 = 1000;

/// Those whom the workspace knows.
#[derive(Clone)]
pub struct Acquainted {
    /// To be met again.
    pub known: Arc<Known>,
    /// Whether there may be more than could be kept.
    pub overflowed: bool,
}

impl Acquainted {
    /// Those whom these groups are of.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub async fn of(groups: Vec<Group>) -> Result<Self, Failure> {
        let overflowed = groups.len() as u64 >= PEOPLE_MAX;
        // There may be very many.
        let known = tokio::task::spawn_blocking(move || Known::new(groups)).await;
        let doing = "preparing whom documents name";
        let known = known.map_err(|error| Failure::permanent(doing).because(error))?;
        Ok(Self { known: Arc::new(known), overflowed })
    }
}

/// Those whom the last sweep met that was asked for, unsealed once for all requests that it was
/// for.
#[derive(Default)]
pub struct Acquaintances(Mutex<Option<(u64, Acquainted)>>);

impl Acquaintances {
    /// Whom the sweep met that found for a request.
    ///
    /// # Errors
    /// Those of [`Account::acquainted`].
    pub async fn of(&self, account: &Account, case: &Case) -> Result<Acquainted, Failure> {
        let sweep = account.found_by(case).await?;
        if let Some((_, met)) = self.last().as_ref().filter(|(known, _)| *known == sweep) {
            return Ok(met.clone());
        }
        let met = account.met_by(sweep).await?;
        *self.last() = Some((sweep, met.clone()));
        Ok(met)
    }

    /// Forgets them.
    pub fn clear(&self) {
        *self.last() = None;
    }

    fn last(&self) -> MutexGuard<'_, Option<(u64, Acquainted)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    /// Keeps whom the walk of a shard met.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn learn(&self, lease: &Lease, shard: &Shard, met: &[Group]) -> Result<(), Failure> {
        if met.is_empty() {
            return Ok(());
        }
        let people: Vec<SealedPerson> = met
            .iter()
            .map(|names| {
                let text = written(names);
                let mark = self.keys.person_mark(shard.sweep, &text);
                let sealed = self.keys.seal_person(shard.sweep, &mark, &text);
                SealedPerson { mark, sealed }
            })
            .collect();
        self.ledger.keep_people(lease, shard, &people).await
    }

    /// Whom the sweep met that found for a request.
    ///
    /// # Errors
    /// The ledger's failure; what it keeps was sealed under another key.
    pub async fn acquainted(&self, case: &Case) -> Result<Acquainted, Failure> {
        self.met_by(self.found_by(case).await?).await
    }

    /// No sweep is called 0, and none met anybody.
    async fn found_by(&self, case: &Case) -> Result<u64, Failure> {
        Ok(self.ledger.found_by(&case.request.id).await?.unwrap_or_default())
    }

    async fn met_by(&self, sweep: u64) -> Result<Acquainted, Failure> {
        let doing = "unsealing whom documents name";
        let mut groups = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.ledger.people(sweep, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.mark);
            for SealedPerson { mark, sealed } in page {
                let text = self.keys.open_person(sweep, &mark, &sealed);
                let text = text.map_err(|error| Failure::permanent(doing).because(error))?;
                groups.push(read(&text).ok_or_else(|| Failure::permanent(doing))?);
            }
        }
        Acquainted::of(groups).await
    }
}

/// Each name after its kind.
fn written(names: &Group) -> String {
    let pairs: Vec<(&str, &str)> =
        names.iter().map(|name| (name.kind.as_str(), name.value.as_str())).collect();
    serde_json::to_string(&pairs).expect("text is always JSON")
}

fn read(text: &str) -> Option<Group> {
    let pairs: Vec<(String, String)> = serde_json::from_str(text).ok()?;
    let name = |(kind, value): (String, String)| {
        Some(Identifier { kind: IdentityType::parse(&kind)?, value })
    };
    pairs.into_iter().map(name).collect()
}
