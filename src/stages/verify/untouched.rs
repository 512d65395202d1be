//! The proof that nothing else was touched: every item outside the plan has the `ETag` that it had
//! at the find, and those that have not are counted.

use std::collections::{BTreeMap, HashSet};

use crate::domain::failure::Failure;
use crate::domain::inventory::{Print, Untouched};
use crate::domain::plan::Planned;
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

/// Holds the second look of `sweep` against the find of a request, source by source; `None` where
/// the find kept no inventory.
///
/// # Errors
/// The ledger's failure.
pub async fn parted(
    account: &Account,
    case: &Case,
    sweep: u64,
    plan: &HashSet<u64>,
) -> Result<Option<Parted>, Failure> {
    let ledger = &account.ledger;
    let Some(found_by) = ledger.found_by(&case.request.id).await? else { return Ok(None) };
    let mut all = Parted { planned: HashSet::new(), untouched: Untouched::default() };
    for share in account.shares(&case.request.id).await? {
        let before = ledger.seen(found_by, &share.source).await?;
        if before.is_empty() && share.seen > 0 {
            return Ok(None);
        }
        all.planned
            .extend(before.iter().map(|print| print.name).filter(|name| plan.contains(name)));
        let after = ledger.seen(sweep, &share.source).await?;
        let more = Untouched::new(before, after, plan);
        let sum = &mut all.untouched;
        sum.items += more.items;
        sum.unchanged += more.unchanged;
        sum.changed += more.changed;
        sum.gone += more.gone;
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
