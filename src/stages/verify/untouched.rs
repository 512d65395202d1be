//! The proof that nothing else was touched: every item outside the plan has the `ETag` that it had
//! at the find, and those that have not are counted.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::inventory::{Print, Untouched};
use crate::domain::item::{Item, Version};
use crate::domain::outcome::ItemOutcome;
use crate::evidence::seal::PrintKey;
use crate::stages::docket::{Case, Docket, Entry};

/// What a walk sees.
pub struct Inventory {
    key: PrintKey,
    prints: Mutex<Vec<Print>>,
}

impl Inventory {
    /// An empty one.
    pub fn new(key: PrintKey) -> Self {
        Self { key, prints: Mutex::default() }
    }

    /// Adds an item as it was read.
    pub fn add(&self, item: &Item) {
        let print = Print { name: name(&self.key, item), etag: self.key.print(&[&item.etag]) };
        self.prints.lock().unwrap_or_else(PoisonError::into_inner).push(print);
    }

    /// All that was added, in no order.
    pub fn take(&self) -> Vec<Print> {
        std::mem::take(&mut self.prints.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Holds the second look of `sweep` against the find of a request, source by source; `None` where
/// the find kept no inventory.
///
/// # Errors
/// The ledger's failure.
pub async fn untouched(
    docket: &Docket,
    case: &Case,
    sweep: u64,
) -> Result<Option<Untouched>, Failure> {
    let ledger = &docket.ledger;
    let Some(found_by) = ledger.found_by(&case.request.id).await? else { return Ok(None) };
    let touched = touched(docket, case).await?;
    let mut all = None;
    for share in docket.shares(&case.request.id).await? {
        let before = ledger.seen(found_by, &share.source).await?;
        if before.is_empty() {
            continue;
        }
        let after = ledger.seen(sweep, &share.source).await?;
        let more = Untouched::new(before, after, &touched);
        let sum: &mut Untouched = all.get_or_insert_default();
        sum.items += more.items;
        sum.unchanged += more.unchanged;
        sum.changed += more.changed;
        sum.gone += more.gone;
    }
    Ok(all)
}

/// The names of what the erasure acted on. What was kept, blocked or unreadable it left alone.
async fn touched(docket: &Docket, case: &Case) -> Result<HashSet<u64>, Failure> {
    let key = docket.print_key();
    let mut touched = HashSet::new();
    let mut entries = pin!(docket.entries(case));
    while let Some(entry) = entries.next().await {
        let Entry { planned, outcome, .. } = entry?;
        let acted = !matches!(
            outcome,
            Some(ItemOutcome::Kept(_) | ItemOutcome::Blocked(_) | ItemOutcome::Unreadable(_))
        );
        if acted {
            touched.insert(name(&key, &planned.finding.item));
        }
    }
    Ok(touched)
}

/// A current form and the version that keeps its bytes when it goes are one.
fn name(key: &PrintKey, item: &Item) -> u64 {
    let (form, id) = match &item.version {
        Version::Current => ("current", ""),
        Version::Snapshot(id) => ("snapshot", id.as_str()),
        Version::Previous(id) => ("previous", id.as_str()),
    };
    key.print(&[&item.source, &item.name, form, id])
}
