//! When a request falls due: one calendar month after it was received (GDPR Art. 12(3)), counted as
//! Regulation (EEC, Euratom) No 1182/71 counts.
//!
//! Art. 3(1) leaves out the day of the event; Art. 3(2)(c) ends the period with the last hour of
//! the day of the same date in the last month, or of that month's last day where it has no such
//! date; Art. 3(4) moves an end on a public holiday, Sunday or Saturday to the last hour of the
//! next working day.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

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
    /// The instant after the last hour of the last day. A time too far in the future to have a
    /// month after it is due at once.
    pub fn due(&self, submitted: Timestamp) -> Timestamp {
        self.due_checked(submitted).unwrap_or(submitted)
    }

    fn due_checked(&self, submitted: Timestamp) -> Option<Timestamp> {
        let received = submitted.to_zoned(self.zone.clone()).date();
        // jiff clamps 31 January plus a month to the last day of February, as Art. 3(2)(c) does.
        let mut last = received.checked_add(1.month()).ok()?;
        // Ends: no calendar is made of holidays alone, and dates run out in the year 9999.
        while !self.is_working_day(last) {
            last = last.tomorrow().ok()?;
        }
        Some(last.tomorrow().ok()?.to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    fn is_working_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.holidays.contains(&date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let got = calendar.due(submitted.parse().unwrap());
            assert_eq!(got, due.parse().unwrap(), "submitted {submitted} in {zone}");
        }
    }
}
