//! What was seen of an item becomes its one action. Pure.

use crate::domain::item::{Finding, Item};
use crate::domain::plan::Planned;
use crate::domain::policy::rules::Policy;
use crate::domain::request::Request;
use crate::stages::walk::look::Look;

/// The entry that `request`, the `subject`-th of the sweep, gets for what was seen; `None` where it
/// does not concern it.
pub fn plan(request: &Request, subject: usize, policy: &Policy, look: &Look) -> Option<Planned> {
    if !request.concerns(&look.item.source) {
        return None;
    }
    let ours = look.hits.iter().filter(|hit| hit.subject == subject);
    let hits: Vec<_> = ours.map(|hit| hit.hit.clone()).collect();
    if !hits.is_empty() {
        // What could not be read of it goes or comes with the whole.
        let finding = Finding {
            item: look.item.clone(),
            hits,
            digest: look.digest.clone(),
            others: look.others.contains(&subject),
        };
        return Some(Planned::new(request, policy, finding));
    }
    Planned::unsearched(policy, look.item.clone(), &look.unreadable_for(subject))
}

/// An item that says nothing of the subject.
pub fn silent(item: Item) -> Finding {
    Finding { item, hits: Vec::new(), digest: None, others: false }
}
