//! The proof that nothing else was touched: every item outside the plan has the `ETag` that it had
//! at the find, and those that have not are counted.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::failure::Failure;
use crate::domain::inventory::{Comparison, Print, Untouched};
use crate::domain::plan::Planned;
use crate::ports::ledger::Ledger;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;
use crate::stages::walk::inventory::print;

/// What the find saw, parted: what was planned, and what became of all the rest.
pub struct Parted {
    /// Names of the plan that the find saw.
    pub planned: HashSet<u64>,
    /// The others.
    pub untouched: Untouched,
}

/// A second look, held against the finds of those whom it is about.
#[derive(Clone, Copy)]
pub struct Again<'a> {
    /// The sweep that looked again.
    pub sweep: u64,
    /// What it came to.
    pub compared: &'a Comparisons,
}

/// Comparisons that the next request may ask for too: what two sweeps saw is read and sorted once,
/// and not for each of the many that they have in common.
#[derive(Default)]
pub struct Comparisons(Mutex<VecDeque<Compared>>);

/// Two sweeps, the find first, and a source; and what became of its items between them.
type Compared = ((u64, u64, String), Arc<Comparison>);

/// So many items are kept of, and at least one comparison: 16 bytes each.
const ITEMS_KEPT_MAX: usize = 4 << 20;

/// Comparisons kept at a time.
const KEPT_MAX: usize = 64;

impl Comparisons {
    async fn of(
        &self,
        ledger: &dyn Ledger,
        (found_by, again): (u64, u64),
        source: &str,
    ) -> Result<Arc<Comparison>, Failure> {
        let key = (found_by, again, source.to_owned());
        if let Some((_, kept)) = self.kept().iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(kept));
        }
        let (before, after) =
            (ledger.seen(found_by, source).await?, ledger.seen(again, source).await?);
        let compared = Arc::new(Comparison::new(before, after));
        let mut kept = self.kept();
        kept.push_back((key, Arc::clone(&compared)));
        let items =
            |kept: &VecDeque<Compared>| kept.iter().map(|(_, it)| it.items()).sum::<usize>();
        while kept.len() > KEPT_MAX || kept.len() > 1 && items(&kept) > ITEMS_KEPT_MAX {
            kept.pop_front();
        }
        Ok(compared)
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Compared>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds a second look against the find of a request, source by source; `None` where the find kept
/// no inventory.
///
/// # Errors
/// The ledger's failure.
pub async fn parted(
    account: &Account,
    case: &Case,
    again: Again<'_>,
    plan: &HashSet<u64>,
) -> Result<Option<Parted>, Failure> {
    let ledger = &*account.ledger;
    let Some(found_by) = ledger.found_by(&case.request.id).await? else { return Ok(None) };
    let mut all = Parted { planned: HashSet::new(), untouched: Untouched::default() };
    for share in account.shares(case).await? {
        let sweeps = (found_by, again.sweep);
        let compared = again.compared.of(ledger, sweeps, &share.source).await?;
        if compared.items() == 0 && share.seen > 0 {
            return Ok(None);
        }
        let (untouched, planned) = compared.without(plan);
        all.planned.extend(planned);
        all.untouched.add(untouched);
    }
    Ok(Some(all))
}

/// Which of these, erased because they go with a run, stand there still under their `ETag`: no
/// search would find them again.
///
/// # Errors
/// The ledger's failure.
pub async fn still_standing(
    account: &Account,
    erased: Vec<Planned>,
    sweep: u64,
) -> Result<Vec<Planned>, Failure> {
    let key = account.keys.print_key();
    let mut by_source: BTreeMap<String, Vec<Planned>> = BTreeMap::new();
    for planned in erased {
        by_source.entry(planned.finding.item.source.clone()).or_default().push(planned);
    }
    let mut still = Vec::new();
    for (source, erased) in by_source {
        let now: HashSet<Print> = account.ledger.seen(sweep, &source).await?.into_iter().collect();
        let mut met = HashSet::new();
        // One that was erased, and stood, in more than one round stands there once.
        let stands = |planned: &Planned| {
            let print = print(&key, &planned.finding.item);
            now.contains(&print) && met.insert(print)
        };
        still.extend(erased.into_iter().filter(stands));
    }
    Ok(still)
}
