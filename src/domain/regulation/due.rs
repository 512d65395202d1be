//! When a request falls due: the time that its law gives, counted as Regulation (EEC, Euratom) No
//! 1182/71 counts months, and as calendars count days.
//!
//! Art. 3(1) leaves out the day of the event; Art. 3(2)(c) ends the period with the last hour of
//! the day of the same date in the last month, or of that month's last day where it has no such
//! date; Art. 3(4) moves an end on a public holiday, Sunday or Saturday to the last hour of the
//! next working day. The United Kingdom counts its month likewise. Of days the one of the event is
//! left out as well, and their end is not moved: that is never later than what the law may allow.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::regulation::law::Term;

/// The calendar by which due dates are counted.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Where midnight is.
    pub zone: TimeZone,
    /// Public holidays.
    pub holidays: BTreeSet<Date>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, holidays: BTreeSet::new() }
    }
}

impl Calendar {
    /// The instant after the last hour of the last day. A time too far in the future to have such
    /// a day after it is due at once.
    pub fn due(&self, submitted: Timestamp, term: Term) -> Timestamp {
        self.due_checked(submitted, term).unwrap_or(submitted)
    }

    /// When a request is due that was due before and whose time is lengthened by a term. What fell
    /// due by its law is due as if that law had given both terms at once, and so the days that were
    /// no working days count once; any other due time is moved.
    pub fn extended(
        &self,
        submitted: Timestamp,
        due: Timestamp,
        [first, further]: [Term; 2],
    ) -> Timestamp {
        let both = match (first, further) {
            (Term::Months(one), Term::Months(other)) => Some(Term::Months(one + other)),
            (Term::Days(one), Term::Days(other)) => Some(Term::Days(one + other)),
            _ => None,
        };
        let by_law = both.filter(|_| self.due(submitted, first) == due);
        let moved = || {
            let due = due.to_zoned(self.zone.clone());
            let moved = match further {
                Term::Months(months) => due.checked_add(i64::from(months).months()),
                Term::Days(days) => due.checked_add(i64::from(days).days()),
            };
            moved.ok().map(|moved| moved.timestamp())
        };
        let extended = match by_law {
            Some(both) => self.due_checked(submitted, both),
            None => moved(),
        };
        extended.unwrap_or(due)
    }

    fn due_checked(&self, submitted: Timestamp, term: Term) -> Option<Timestamp> {
        let received = submitted.to_zoned(self.zone.clone()).date();
        let last = match term {
            // jiff clamps 31 January plus a month to the last day of February, as Art. 3(2)(c)
            // does.
            Term::Months(months) => {
                self.working_day(received.checked_add(i64::from(months).months()).ok()?)?
            }
            Term::Days(days) => received.checked_add(i64::from(days).days()).ok()?,
        };
        Some(last.tomorrow().ok()?.to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    /// This day, or the next working day after it.
    fn working_day(&self, mut day: Date) -> Option<Date> {
        // Ends: no calendar is made of holidays alone, and dates run out in the year 9999.
        while !self.is_working_day(day) {
            day = day.tomorrow().ok()?;
        }
        Some(day)
    }

    fn is_working_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.holidays.contains(&date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::regulation::law::Law;

    #[test]
    fn tricky_dates() {
        let table = [
            // submitted, zone, holidays, due
            ("2026-11-23T09:00:00Z", "UTC", "", "2026-12-24T00:00:00Z"),
            ("2026-01-31T12:00:00Z", "UTC", "", "2026-03-03T00:00:00Z"), // 28 Feb is a Saturday
            ("2024-01-29T12:00:00Z", "UTC", "", "2024-03-01T00:00:00Z"), // 29 Feb exists
            ("2023-01-29T12:00:00Z", "UTC", "", "2023-03-01T00:00:00Z"), // and here it does not
            ("2026-11-25T00:00:00Z", "UTC", "2026-12-25", "2026-12-29T00:00:00Z"),
            ("2026-11-30T23:30:00Z", "Europe/Berlin", "2027-01-01", "2027-01-04T23:00:00Z"),
            ("2026-02-28T22:59:59Z", "Europe/Berlin", "", "2026-03-30T22:00:00Z"),
            ("2026-02-27T15:30:00Z", "Asia/Tokyo", "", "2026-03-30T15:00:00Z"),
        ];
        for (submitted, zone, holidays, due) in table {
            let calendar = Calendar {
                zone: TimeZone::get(zone).unwrap(),
                holidays: holidays.split_terminator(',').map(|d| d.parse().unwrap()).collect(),
            };
            for law in [Law::Gdpr, Law::UkGdpr] {
                let got = calendar.due(submitted.parse().unwrap(), law.term());
                assert_eq!(got, due.parse().unwrap(), "submitted {submitted} in {zone}");
            }
        }
    }

    #[test]
    fn time_is_lengthened_as_if_it_had_been_given_at_once() {
        let table = [
            // law, submitted, due before (by the law, where it is empty), due then
            (Law::Gdpr, "2026-11-23T09:00:00Z", "", "2027-02-24T00:00:00Z"),
            // Due on Monday 2 March, for 28 February is a Saturday; three months are 30 April.
            (Law::Gdpr, "2026-01-31T12:00:00Z", "", "2026-05-01T00:00:00Z"),
            (Law::UkGdpr, "2026-11-30T12:00:00Z", "", "2027-03-02T00:00:00Z"), // 28 Feb: Sunday
            (Law::Ccpa, "2026-11-23T09:00:00Z", "", "2027-02-22T00:00:00Z"),
            (Law::Gdpr, "2026-11-23T09:00:00Z", "2026-12-31T10:00:00Z", "2027-02-28T10:00:00Z"),
            (Law::Ccpa, "2026-11-23T09:00:00Z", "2026-12-01T10:00:00Z", "2027-01-15T10:00:00Z"),
        ];
        let calendar = Calendar::default();
        for (law, submitted, due, then) in table {
            let submitted = submitted.parse().unwrap();
            let by_law = || calendar.due(submitted, law.term());
            let due = if due.is_empty() { by_law() } else { due.parse().unwrap() };
            let terms = [law.term(), law.extension().unwrap()];
            let got = calendar.extended(submitted, due, terms);
            assert_eq!(got, then.parse().unwrap(), "{law:?} {submitted} {due}");
        }
        assert_eq!(Law::Lgpd.extension(), None);
    }

    #[test]
    fn days_are_counted_by_the_calendar() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let holidays = ["2026-12-08".parse().unwrap()].into();
        let calendar = Calendar { zone, holidays };
        for (law, submitted, due) in [
            (Law::Ccpa, "2026-11-23T09:00:00Z", "2027-01-08T08:00:00Z"),
            // Still the day before in California; 45 days over the change of the clock.
            (Law::Ccpa, "2026-10-31T05:00:00Z", "2026-12-15T08:00:00Z"),
            // The last day is a holiday, and stays the last.
            (Law::Lgpd, "2026-11-23T12:00:00Z", "2026-12-09T08:00:00Z"),
        ] {
            let got = calendar.due(submitted.parse().unwrap(), law.term());
            assert_eq!(got, due.parse().unwrap(), "{law:?} {submitted}");
        }
    }
}
