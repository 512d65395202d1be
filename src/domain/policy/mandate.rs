//! All that the operator decided of what the daemon does, for whom, and how far it may go.

use jiff::{SignedDuration, Timestamp};

use crate::domain::callbacks::rule::CallbackRule;
use crate::domain::policy::guard::Guard;
use crate::domain::policy::keeping::Keeping;
use crate::domain::policy::limits::Limits;
use crate::domain::policy::rules::Policy;
use crate::domain::regulation::due::Calendar;
use crate::domain::request::Controller;

/// What the daemon is to do, and to keep to.
#[derive(Clone, Debug)]
pub struct Mandate {
    /// Who is responsible for the data, as people are told: of `[deployment]`.
    pub controller: Controller,
    /// What becomes of what is found: `[[policy]]`, `[[declared]]`.
    pub policy: Policy,
    /// Which plans a person must see first: `[guard]`.
    pub guard: Guard,
    /// How due dates are counted: `[due]`.
    pub calendar: Calendar,
    /// Whom callbacks may go to: of `[callbacks]`.
    pub callbacks: CallbackRule,
    /// What nothing goes beyond: `[limits]`.
    pub limits: Limits,
    /// How long what a request leaves behind is kept.
    pub keeping: Keeping,
    /// How long what a sweep learned of an item is relied on at most: of `[catalogue]`. None where
    /// every sweep reads everything.
    pub catalogue_age_max: Option<SignedDuration>,
    /// How it is learned ahead of requests: of `[catalogue]`. None where it is not.
    pub ahead: Option<Ahead>,
}

/// How it is learned ahead of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// When.
    pub hours: Hours,
    /// Items read in a second; 0 for any.
    pub items_per_second_max: u64,
    /// Bytes read in a second; 0 for any.
    pub bytes_per_second_max: u64,
}

/// Hours of each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first.
    from: i8,
    /// The hour at which they end, which may be on the day after.
    until: i8,
}

impl Hours {
    /// As they are written: `20-6`, or `0-24` for all.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let (from, until) = (from.trim().parse().ok()?, until.trim().parse().ok()?);
        let is_one = (0..24).contains(&from) && (1..=24).contains(&until) && from != until;
        is_one.then_some(Self { from, until })
    }

    /// Whether it is one of them now.
    pub fn hold(self, now: Timestamp, calendar: &Calendar) -> bool {
        let hour = now.to_zoned(calendar.zone.clone()).hour();
        match self.from < self.until {
            true => (self.from..self.until).contains(&hour),
            false => hour >= self.from || hour < self.until,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn hours_may_go_over_midnight_and_are_those_of_the_calendar() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let calendar = Calendar { zone, ..Calendar::default() };
        // In winter it is an hour later there.
        let at = |hour: i64| {
            let midnight: Timestamp = "2026-11-29T23:00:00Z".parse().unwrap();
            midnight + SignedDuration::from_hours(hour)
        };
        let table: [(&str, &[i64]); 5] = [
            ("20-6", &[0, 1, 2, 3, 4, 5, 20, 21, 22, 23]),
            (" 1 - 3 ", &[1, 2]),
            ("23-24", &[23]),
            ("22-1", &[0, 22, 23]),
            ("0-1", &[0]),
        ];
        for (text, expected) in table {
            let hours = Hours::parse(text).unwrap();
            let held: Vec<i64> = (0..24).filter(|h| hours.hold(at(*h), &calendar)).collect();
            assert_eq!(held, expected, "{text}");
        }
        assert!((0..24).all(|h| Hours::parse("0-24").unwrap().hold(at(h), &calendar)));
        for text in ["", "20", "20-20", "24-6", "-1-6", "6-25", "a-b", "20:00-6:00", "1-2-3"] {
            assert_eq!(Hours::parse(text), None, "{text}");
        }
    }
}
