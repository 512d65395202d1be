//! The erased people whom a walk looks for as well, and where it met them.

use std::collections::BTreeMap;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::matching::identity::watch::{Mark, Watch};
use crate::ports::kept::tombstones::{Buried, ReturnedItem};
use crate::ports::tasks::Lease;
use crate::stages::account::records::Account;
use crate::stages::walk::look::Look;

/// Items noted at a time.
const BATCH: usize = 256;

/// Those who are looked for, by their number in the [`Watch`].
pub struct Graves {
    erased: Vec<(RequestId, Vec<String>)>,
}

/// What to look for; `None` if nobody is.
///
/// # Errors
/// The ledger's failure.
pub async fn watch(account: &Account) -> Result<Option<(Watch, Graves)>, Failure> {
    let mut numbers: BTreeMap<RequestId, usize> = BTreeMap::new();
    let (mut erased, mut marks) = (Vec::new(), Vec::new());
    for Buried { request, mark, sources } in account.ledger.buried().await? {
        let number = *numbers.entry(request.clone()).or_insert(erased.len());
        if number == erased.len() {
            erased.push((request, sources));
        }
        let mut bytes: Mark = [0; 32];
        hex::decode_to_slice(&mark, &mut bytes)
            .map_err(|error| Failure::permanent("reading a tombstone").because(error))?;
        marks.push((bytes, number));
    }
    Ok((!marks.is_empty()).then(|| (Watch::new(account.keys.mark_key(), marks), Graves { erased })))
}

impl Graves {
    /// What came back with this item, into `items`.
    pub fn meet(&self, account: &Account, look: &Look, items: &mut Vec<ReturnedItem>) {
        for person in &look.met {
            let (request, sources) = &self.erased[*person];
            if sources.contains(&look.item.source) {
                items.push(ReturnedItem {
                    request: request.clone(),
                    item: account.keys.hashes(request).item(&look.item).to_string(),
                    source: look.item.source.clone(),
                });
            }
        }
    }
}

/// Notes what came back, once it is worth a write or `all` is to be noted.
///
/// # Errors
/// The ledger's failure.
pub async fn note(
    account: &Account,
    lease: &Lease,
    items: &mut Vec<ReturnedItem>,
    all: bool,
) -> Result<(), Failure> {
    if items.len() >= BATCH || all && !items.is_empty() {
        account.ledger.note_returned(lease, items).await?;
        items.clear();
    }
    Ok(())
}
