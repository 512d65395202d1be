//! Learning ahead: a walk that looks for nobody, so that the catalogue knows what the first request
//! would have to read.
//!
//! What is learned is what a sweep would have learned: it is the same walk, of the same part, under
//! the same terms. It can be broken off at any place, and goes on at the page where it was; what
//! the catalogue keeps by then is not read again.

use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use jiff::SignedDuration;

use crate::domain::failure::Failure;
use crate::domain::policy::limits::Limits;
use crate::ports::sources::{Finds, Source};
use crate::ports::tasks::{Lease, Part};
use crate::stages::account::records::Account;
use crate::stages::walk::bounds::rate::Rate;
use crate::stages::walk::catalogue::Catalogue;
use crate::stages::walk::pass::{Patience, Step, Walk, walk_source};

/// How often what was learned is kept, however long a page is.
const KEEP_EVERY_MS: u64 = 5_000;

/// Items read at the same time by who is in no hurry: he leaves connections and threads to others,
/// and what is read as slowly as it may be does not stand still.
const UNHURRIED_MAX: usize = 4;

/// Whether the catalogue keeps anything of a source: not of one that is asked, and not of what
/// services list, whose documents are read with the listing.
pub fn is_learned(source: &dyn Source) -> bool {
    matches!(source.finds(), Finds::Walk(_)) && source.things().is_none()
}

/// A walk of a part of a source that only learns.
pub fn walk_ahead(
    account: &Account,
    source: &dyn Source,
    part: Part,
    limits: &Limits,
    age_max: SignedDuration,
    rate: &Arc<Rate>,
) -> Walk {
    // What cannot be read now is passed over, as a sweep does in the end: nobody waits for it.
    let mut walk = Walk::new(&[], limits, Patience::Spent);
    let nobody = (&[][..], Vec::new());
    let known = Catalogue::new(account, source, part, nobody, &walk.limits, age_max);
    (walk.part, walk.ahead) = (part, Some(Arc::clone(rate)));
    walk.catalogue = Some(Arc::new(known));
    if rate.is_bounded() {
        walk.concurrency = walk.concurrency.min(UNHURRIED_MAX);
    }
    walk
}

/// Walks from a page that an earlier walk told, or from the start, to the end, and tells of each
/// page that is done; how many items could not be read, or not in whole.
///
/// # Errors
/// The source cannot be listed; the ledger's failure.
pub async fn learn(
    account: &Account,
    source: Arc<dyn Source>,
    walk: Walk,
    lease: &Lease,
    from: Option<String>,
    mut tell: impl FnMut(String),
) -> Result<u64, Failure> {
    let Some(catalogue) = walk.catalogue.clone() else { return Ok(0) };
    let mut unreadable = 0;
    let mut steps = pin!(walk_source(source, walk, from));
    loop {
        let step = tokio::select! {
            step = steps.next() => step,
            () = account.clock.sleep_ms(KEEP_EVERY_MS) => {
                catalogue.flush(lease).await?;
                continue;
            }
        };
        match step.transpose()? {
            Some(Step::Page(marker)) => {
                catalogue.flush(lease).await?;
                tell(marker);
            }
            // Nobody is looked for: there is nothing else to say of an item.
            Some(Step::Look(look)) => unreadable += u64::from(!look.unreadable.is_empty()),
            None => break,
        }
    }
    catalogue.flush(lease).await?;
    catalogue.weed(lease).await?;
    Ok(unreadable)
}
