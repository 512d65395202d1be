//! What the records of a request tell of its past.

use jiff::Timestamp;

use crate::domain::coverage::covered::Covered;
use crate::domain::coverage::tenant_logs;
use crate::domain::failure::Failure;
use crate::domain::policy::guard::Share;
use crate::domain::request::RequestId;
use crate::domain::state::{Counts, Event};
use crate::ports::ledger::Record;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;

impl Account {
    /// Whether the request has got another record since: somebody else moved it on, or stopped it.
    pub async fn is_overtaken(&self, case: &Case) -> Result<bool, Failure> {
        let now = self.ledger.standing(&case.request.id).await?;
        Ok(now.is_none_or(|now| now.sequence != case.standing.sequence))
    }

    /// The records of a case up to where it stands.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn past<'a>(&self, case: &'a Case) -> Result<&'a [Record], Failure> {
        let records = async || {
            let mut records = self.ledger.records(&case.request.id).await?;
            // Somebody may have written more since.
            records.retain(|record| record.sequence <= case.standing.sequence);
            Ok(records)
        };
        case.past.get_or_try_init(records).await.map(Vec::as_slice)
    }

    /// Which look at the sources a request is in, counted from its first find through its whole
    /// life: each has ordinals of its own, so that none forgets what another has done.
    pub async fn look(&self, case: &Case) -> Result<u64, Failure> {
        let begins = |event: &Event| matches!(event, Event::FindStarted | Event::Acted { .. });
        let records = self.past(case).await?.iter();
        let begun = records.filter(|record| begins(&record.event)).count() as u64;
        Ok(begun.saturating_sub(1))
    }

    /// What became of the items of a request so far. What is only listed was not found: nothing of
    /// it could be read.
    pub async fn counts(&self, case: &Case) -> Result<Counts, Failure> {
        self.counts_after(&case.request.id, self.past(case).await?).await
    }

    /// The same of a request with these records.
    pub(super) async fn counts_after(
        &self,
        id: &RequestId,
        records: &[Record],
    ) -> Result<Counts, Failure> {
        let drafted = self.ledger.drafted(id).await?;
        let listed = drafted.into_iter().filter(|(_, action, _)| action.is_unsearched());
        let listed = listed.map(|(.., count)| count).sum();
        let (seen, shares) = plan(records);
        let known = shares.iter().map(|share| share.known).sum();
        Ok(Counts { known, ..Counts::new(seen, &self.ledger.tally(id).await?, listed) })
    }

    /// How many items the find of a request looked at.
    pub async fn seen(&self, case: &Case) -> Result<u64, Failure> {
        Ok(plan(self.past(case).await?).0)
    }

    /// What the plan of a request takes of each source.
    pub async fn shares<'a>(&self, case: &'a Case) -> Result<&'a [Share], Failure> {
        Ok(plan(self.past(case).await?).1)
    }

    /// Where the find of a request looked, and where not.
    pub async fn coverage(&self, case: &Case) -> Result<Vec<Covered>, Failure> {
        Ok(coverage(self.past(case).await?))
    }

    /// When the find of a request looked: from its beginning to its end.
    pub async fn searched(&self, case: &Case) -> Result<Option<(Timestamp, Timestamp)>, Failure> {
        Ok(searched(self.past(case).await?))
    }
}

/// How many items the last find of these records looked at, and what its plan takes of each source.
fn plan(records: &[Record]) -> (u64, &[Share]) {
    let plan = records.iter().rev().find_map(|record| match &record.event {
        Event::Planned { seen, sources, .. } => Some((*seen, sources.as_slice())),
        _ => None,
    });
    plan.unwrap_or_default()
}

/// Where the last find of these records looked, and where not; with what came of the tenant's logs
/// since.
pub fn coverage(records: &[Record]) -> Vec<Covered> {
    let mut logs = None;
    for record in records.iter().rev() {
        match &record.event {
            Event::Acted { archive: Some(archive) } if logs.is_none() => {
                logs = archive.tenant_logs.as_deref().cloned();
            }
            Event::Planned { coverage, .. } => return tenant_logs::retold(coverage.clone(), logs),
            _ => {}
        }
    }
    Vec::new()
}

/// When the last find of these records looked.
fn searched(records: &[Record]) -> Option<(Timestamp, Timestamp)> {
    let mut back = records.iter().rev();
    let ended = back.find(|record| matches!(record.event, Event::Planned { .. }))?.at;
    let began = back.find(|record| matches!(record.event, Event::FindStarted))?.at;
    Some((began, ended))
}

/// How often a request went back to acting, in this try: a second look found something, or a
/// service did not do what it had begun.
pub fn rounds(records: &[Record]) -> u32 {
    let this_try = records.iter().rev().take_while(|r| !matches!(r.event, Event::FindStarted));
    let rounds = this_try.filter(|record| matches!(record.event, Event::LeftOver { .. })).count();
    u32::try_from(rounds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_it_was_searched_is_told_of_the_last_find() {
        let planned = || Event::Planned {
            items: 0,
            unreadable: 0,
            seen: 0,
            policy: String::new(),
            sources: Vec::new(),
            coverage: Vec::new(),
        };
        let acted = || Event::Acted { archive: None };
        for (events, expected) in [
            (vec![], None),
            (vec![Event::Accepted, Event::FindStarted], None),
            (vec![Event::Accepted, Event::FindStarted, planned(), acted()], Some((1, 2))),
            (vec![Event::FindStarted, planned(), Event::FindStarted, planned()], Some((2, 3))),
            (vec![Event::FindStarted, planned(), Event::FindStarted], Some((0, 1))),
        ] {
            let at = |second: usize| Timestamp::from_second(second as i64).unwrap();
            let record = |(index, event)| Record {
                id: RequestId::new("r-1").unwrap(),
                sequence: index as u64 + 1,
                at: at(index),
                event,
                previous: String::new(),
                hash: String::new(),
            };
            let records: Vec<Record> = events.into_iter().enumerate().map(record).collect();
            let expected = expected.map(|(began, ended)| (at(began), at(ended)));
            assert_eq!(searched(&records), expected);
        }
    }
}
