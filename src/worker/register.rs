//! Many requests at once, page by page: those that somebody looks for, and the register of a period
//! with which a controller accounts for how requests were answered.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Counts, Event, State};
use crate::ports::ledger::Record;
use crate::ports::register::{Listed, Order, Sought};
use crate::ports::standing::Standing;
use crate::stages::announce::count;
use crate::worker::status::{Status, add_obstacle, fields};

/// Requests read at a time.
const PAGE: u32 = 1_000;

/// What the register takes of what the account says of a request.
const TOLD: [&str; 5] = ["counts", "reason", "faults", "decisions", "certificate_digest"];

impl Status {
    /// Hands over the requests in any of these states that came then or later, earliest due first,
    /// without their counts and events, until `each` breaks off. With `overdue` those alone whose
    /// time is over and that have not ended.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn list(
        &self,
        states: &[State],
        overdue: bool,
        since: Option<Timestamp>,
        mut each: impl FnMut(Map<String, Value>) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let now = self.ledger.now().await?;
        let open = |state: &State| !overdue || !state.rests();
        let sought = Sought {
            states: states.iter().copied().filter(open).collect(),
            from: since.unwrap_or(Timestamp::MIN),
            to: Timestamp::MAX,
            due_by: overdue.then_some(now),
        };
        // As many as there are requests that something keeps, and no more.
        let obstacles: BTreeMap<RequestId, _> =
            self.ledger.obstacles(u32::MAX).await?.into_iter().collect();
        let mut pages = Pages { sought, order: Order::Due, after: None };
        while let Some(page) = pages.next(self).await? {
            for listed in page {
                let Listed { standing, received } = listed;
                let mut told = fields(&standing);
                told.insert("received_time".into(), received.to_string().into());
                told.insert("overdue".into(), is_overdue(&standing, now).into());
                add_obstacle(obstacles.get(&standing.id), &mut told);
                if each(told).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Hands over the requests that came in a period, in that order, each with when it was
    /// answered, whether in time, how, and who decided, until `each` breaks off; and what it all
    /// comes to.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn register(
        &self,
        period: Range<Timestamp>,
        mut each: impl FnMut(Map<String, Value>) -> ControlFlow<()>,
    ) -> Result<Value, Failure> {
        let now = self.ledger.now().await?;
        let states = State::ALL.to_vec();
        let sought = Sought { states, from: period.start, to: period.end, due_by: None };
        let mut pages = Pages { sought, order: Order::Received, after: None };
        let mut sums = Sums::default();
        while let Some(page) = pages.next(self).await? {
            for listed in page {
                let (mut told, records) = self.told(&listed.standing).await?;
                // As it was announced and certified, whatever is still known of the items.
                if let Some(counts) = records.iter().rev().find_map(verified) {
                    told.insert("counts".into(), count(counts));
                }
                let answer = Answer::new(&listed, &records, now);
                sums.add(listed.standing.state, &answer);
                if each(entry(&listed, &answer, told)).is_break() {
                    return Ok(sums.told());
                }
            }
        }
        Ok(sums.told())
    }
}

/// The pages of a list.
struct Pages {
    sought: Sought,
    order: Order,
    after: Option<Listed>,
}

impl Pages {
    async fn next(&mut self, status: &Status) -> Result<Option<Vec<Listed>>, Failure> {
        let after = self.after.as_ref();
        let page = status.ledger.listed(&self.sought, self.order, after, PAGE).await?;
        self.after = page.last().cloned();
        Ok(self.after.is_some().then_some(page))
    }
}

/// When a request was answered, if it was.
struct Answer {
    /// When somebody took more time for it.
    extended: Option<Timestamp>,
    /// When it came to rest: what comes back later changes nothing of it. One that failed has not
    /// been answered: somebody tries it again, or gives it up.
    ended: Option<Timestamp>,
    /// Whole days and parts of one from when it came until then.
    days: Option<f64>,
    /// Whether it came to rest before its due time; none while that can still be, or where nothing
    /// is due.
    in_time: Option<bool>,
}

impl Answer {
    fn new(Listed { standing, received }: &Listed, records: &[Record], now: Timestamp) -> Self {
        let is_end = |record: &&Record| !matches!(record.event, Event::Returned { .. });
        let last = records.iter().rev().find(is_end).map(|record| record.at);
        let ended = last.filter(|_| standing.state.rests());
        let is_extension = |record: &&Record| matches!(record.event, Event::Extended(_));
        let extended = records.iter().find(is_extension).map(|record| record.at);
        let hours = ended.map(|ended| ended.duration_since(*received).as_secs_f64() / 3_600.0);
        let in_time = standing.due.and_then(|due| match ended {
            Some(ended) => Some(ended < due),
            None => (due <= now).then_some(false),
        });
        let days = hours.map(|hours| (hours / 24.0 * 100.0).round() / 100.0);
        Self { extended, ended, days, in_time }
    }
}

fn is_overdue(standing: &Standing, now: Timestamp) -> bool {
    !standing.state.rests() && standing.due.is_some_and(|due| due <= now)
}

fn verified(record: &Record) -> Option<&Counts> {
    if let Event::Verified { counts, .. } = &record.event { Some(counts) } else { None }
}

/// A row of the register.
fn entry(listed: &Listed, answer: &Answer, mut told: Map<String, Value>) -> Map<String, Value> {
    let Listed { standing, received } = listed;
    let mut entry = Map::new();
    for key in ["subject_request_id", "subject_request_type"] {
        entry.insert(key.into(), told.remove(key).unwrap_or_default());
    }
    let mut put = |key: &str, value: Value| entry.insert(key.into(), value);
    put("regulation", standing.regulation.clone().into());
    put("received_time", received.to_string().into());
    for key in ["submitted_time", "due_time"] {
        put(key, told.remove(key).unwrap_or_default());
    }
    put("extended_time", answer.extended.map(|at| at.to_string()).into());
    put("ended_time", answer.ended.map(|at| at.to_string()).into());
    put("days", answer.days.into());
    put("in_time", answer.in_time.into());
    put("state", standing.state.word().into());
    for key in TOLD {
        if let Some(value) = told.remove(key) {
            put(key, value);
        }
    }
    entry
}

/// What a register comes to.
#[derive(Default)]
struct Sums {
    by_state: BTreeMap<State, u64>,
    in_time: u64,
    late: u64,
    unanswered_late: u64,
    /// Of each that was answered.
    days: Vec<f64>,
}

impl Sums {
    fn add(&mut self, state: State, answer: &Answer) {
        *self.by_state.entry(state).or_default() += 1;
        if matches!(state, State::Rejected | State::Cancelled) {
            // What never was a request, was withdrawn or refused was not answered, nor is it due.
            return;
        }
        match (answer.ended, answer.in_time) {
            (Some(_), Some(true)) => self.in_time += 1,
            (Some(_), Some(false)) => self.late += 1,
            (None, Some(false)) => self.unanswered_late += 1,
            (_, None) | (None, Some(true)) => {}
        }
        self.days.extend(answer.days);
    }

    fn told(mut self) -> Value {
        self.days.sort_by(f64::total_cmp);
        let states: Map<String, Value> = self
            .by_state
            .iter()
            .map(|(state, count)| (state.word().to_owned(), (*count).into()))
            .collect();
        let answered = self.in_time + self.late;
        let share = (answered > 0).then(|| self.in_time as f64 / answered as f64);
        json!({
            "requests": self.by_state.values().sum::<u64>(),
            "by_state": states,
            "answered_in_time": self.in_time,
            "answered_late": self.late,
            "share_in_time": share,
            "unanswered_late": self.unanswered_late,
            "days_median": median(&self.days),
            "days_max": self.days.last(),
        })
    }
}

/// The middle one of numbers that stand in their order, or what is between two.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.get(middle) {
        Some(above) if sorted.len().is_multiple_of(2) => Some((sorted[middle - 1] + above) / 2.0),
        other => other.copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_two() {
        let told = |days: &[f64]| Sums { days: days.to_vec(), ..Sums::default() }.told();
        for (days, median) in [
            (&[][..], Value::Null),
            (&[4.0], json!(4.0)),
            (&[9.0, 1.0], json!(5.0)),
            (&[30.0, 1.0, 2.0], json!(2.0)),
        ] {
            assert_eq!(told(days)["days_median"], median, "{days:?}");
        }
        assert_eq!(told(&[])["share_in_time"], Value::Null);
        assert_eq!(told(&[1.0, 7.0])["days_max"], json!(7.0));
    }
}
