//! Warns of each due date that comes near or passes: once, and of many at once in one line, as a
//! start finds them that comes after a long time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tracing::{error, warn};

use crate::domain::request::RequestId;

/// Requests due within this time are counted as due soon.
pub const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Most of one urgency that are told of one by one.
const SINGLY_MAX: usize = 5;

/// Open requests that are due soon, or late, and were warned of.
#[derive(Debug, Default)]
pub struct Warned(BTreeMap<RequestId, Urgency>);

/// How near a due date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Within days.
    Soon,
    /// It has passed.
    Late,
}

/// A request of which nobody was warned yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Which.
    pub id: RequestId,
    /// When it is due, or was.
    pub due: Timestamp,
    /// How near that is.
    pub urgency: Urgency,
}

impl Urgency {
    /// That of a due date, if there is any.
    pub fn of(due: Timestamp, now: Timestamp) -> Option<Self> {
        match due {
            _ if due <= now => Some(Self::Late),
            _ if due <= now + SOON => Some(Self::Soon),
            _ => None,
        }
    }
}

impl Warned {
    /// What has become more urgent since the last time; what ended is forgotten.
    pub fn news(&mut self, dues: Vec<(RequestId, Timestamp)>, now: Timestamp) -> Vec<News> {
        let (mut urgent, mut news) = (BTreeMap::new(), Vec::new());
        for (id, due) in dues {
            let Some(urgency) = Urgency::of(due, now) else { continue };
            if self.0.get(&id).is_none_or(|warned| *warned < urgency) {
                news.push(News { id: id.clone(), due, urgency });
            }
            urgent.insert(id, urgency);
        }
        self.0 = urgent;
        news
    }
}

/// Tells of those of an urgency of which there are many, in one line; gives the rest.
pub fn tell_of_many(news: Vec<News>) -> Vec<News> {
    let count = |urgency| news.iter().filter(|one| one.urgency == urgency).count();
    let (late, soon) = (count(Urgency::Late), count(Urgency::Soon));
    if late > SINGLY_MAX {
        error!(request.count = late, "requests are past their due time: dsrd status --overdue");
    }
    if soon > SINGLY_MAX {
        warn!(request.count = soon, "requests fall due within seven days: dsrd status");
    }
    let is_told = |one: &News| match one.urgency {
        Urgency::Late => late > SINGLY_MAX,
        Urgency::Soon => soon > SINGLY_MAX,
    };
    news.into_iter().filter(|one| !is_told(one)).collect()
}

/// Tells of one, and what it waits for at services.
pub fn tell(News { id, due, urgency }: &News, waits_for: Option<&str>) {
    macro_rules! say {
        ($level:ident, $text:literal) => {
            match waits_for {
                Some(what) => {
                    $level!(request.id = %id, request.due = %due, concat!($text, "; it {}"), what);
                }
                None => $level!(request.id = %id, request.due = %due, $text),
            }
        };
    }
    match urgency {
        Urgency::Soon => say!(warn, "falls due within seven days"),
        Urgency::Late => say!(error, "is past its due time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_due_date_is_warned_of_once_as_it_comes_near_and_once_as_it_passes() {
        let start: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let at = |days: i64| start + SignedDuration::from_hours(24 * days);
        let dues = |open: &[(&str, i64)]| -> Vec<_> {
            open.iter().map(|(id, due)| (RequestId::new(id).unwrap(), at(*due))).collect()
        };
        let all = [("a", 2), ("b", 10), ("c", 30)];
        type Day<'a> = (i64, &'a [(&'a str, i64)], &'a str);
        let table: [Day<'_>; 7] = [
            (0, &all, "a Soon"),
            (1, &all, ""),
            (2, &all, "a Late"),
            (3, &all, "b Soon"),
            (9, &all[1..], ""),
            (40, &all[1..], "b Late, c Late"),
            (41, &[], ""),
        ];
        let mut warned = Warned::default();
        for (day, open, expected) in table {
            let news = warned.news(dues(open), at(day));
            let told: Vec<_> =
                news.iter().map(|News { id, urgency, .. }| format!("{id} {urgency:?}")).collect();
            assert_eq!(told.join(", "), expected, "on day {day}");
        }
    }

    #[test]
    fn many_of_one_urgency_are_told_of_together() {
        let news = |late: usize, soon: usize| -> Vec<News> {
            let one = |urgency| News {
                id: RequestId::new("r").unwrap(),
                due: Timestamp::UNIX_EPOCH,
                urgency,
            };
            let late = (0..late).map(|_| one(Urgency::Late));
            late.chain((0..soon).map(|_| one(Urgency::Soon))).collect()
        };
        for (late, soon, left) in [(0, 0, 0), (5, 5, 10), (6, 2, 2), (2, 400, 2), (408, 6, 0)] {
            assert_eq!(tell_of_many(news(late, soon)).len(), left, "{late} late, {soon} soon");
        }
    }
}
