//! What the report says by itself: one field a text, so that a language without one does not build.
//!
//! A word in braces stands for a value. Texts are put together so that no language has to inflect
//! around a number.

use serde::Serialize;

use crate::archive::manifest::LegalTag;
use crate::domain::asked::subject::IdentityType;
use crate::domain::coverage::unanswered::Unanswered;

/// The texts of one language.
#[derive(Clone, Copy, Serialize)]
pub struct Texts {
    /// BCP 47.
    pub language: &'static str,

    // How numbers are written, and what is between a name and its value.
    pub colon: &'static str,
    pub thousands: &'static str,
    pub decimal: &'static str,
    pub units: [&'static str; 5],

    // The head of the page.
    pub title_access: &'static str,
    pub title_portability: &'static str,
    pub intro_access: &'static str,
    pub intro_portability: &'static str,
    pub unpack: &'static str,
    pub on_this_page: &'static str,

    // The request.
    pub request: &'static str,
    pub who_asks: &'static str,
    pub email: &'static str,
    pub upn: &'static str,
    pub object_id: &'static str,
    pub puid: &'static str,
    pub name: &'static str,
    pub username: &'static str,
    pub customer_id: &'static str,
    pub hashed: &'static str,
    pub what_was_asked: &'static str,
    pub asked_access: &'static str,
    pub asked_portability: &'static str,
    pub when_asked: &'static str,
    pub request_id: &'static str,
    pub controller: &'static str,
    pub contact: &'static str,
    pub contact_unknown: &'static str,

    // What was found.
    pub found: &'static str,
    pub found_nothing: &'static str,
    pub found_not_given: &'static str,
    pub searched: &'static str,
    pub items_seen: &'static str,
    pub files_given: &'static str,
    pub size: &'static str,
    pub runs_given: &'static str,
    pub masked_files: &'static str,
    pub not_given: &'static str,
    pub not_searched: &'static str,
    pub found_table: &'static str,
    pub place: &'static str,
    pub all: &'static str,
    pub provided: &'static str,
    pub provided_means: &'static str,
    pub observed: &'static str,
    pub observed_means: &'static str,
    pub inferred: &'static str,
    pub inferred_means: &'static str,
    pub not_known: &'static str,
    pub not_known_means: &'static str,

    // The runs.
    pub runs: &'static str,
    pub runs_none: &'static str,
    pub runs_intro: &'static str,
    pub picture: &'static str,
    pub picture_says: &'static str,
    pub picture_completed: &'static str,
    pub picture_other: &'static str,
    pub without_experiment: &'static str,
    pub other_experiments: &'static str,
    pub runs_table: &'static str,
    pub run: &'static str,
    pub experiment: &'static str,
    pub status: &'static str,
    pub began: &'static str,
    pub ended: &'static str,
    pub runs_shown: &'static str,
    pub runs_kept: &'static str,

    // The files.
    pub files: &'static str,
    pub files_intro: &'static str,
    pub of_no_run: &'static str,
    pub files_table: &'static str,
    pub file: &'static str,
    pub changed: &'static str,
    pub came_about: &'static str,
    pub mentions: &'static str,
    pub places: Places,
    pub more_mentions: &'static str,
    pub notes: &'static str,
    pub note_persons: &'static str,
    pub note_secrets: &'static str,
    pub note_incomplete: &'static str,
    pub files_shown: &'static str,

    // What was masked.
    pub masked: &'static str,
    pub masked_none: &'static str,
    pub masked_table: &'static str,
    pub what: &'static str,
    pub how_often: &'static str,
    pub why: &'static str,
    pub persons: &'static str,
    pub persons_why: &'static str,
    pub secrets: &'static str,
    pub secrets_why: &'static str,

    // What could not be read.
    pub unreadable: &'static str,
    pub unreadable_none: &'static str,
    pub unreadable_intro: &'static str,
    pub unreadable_table: &'static str,
    pub item: &'static str,
    pub technical: &'static str,
    pub because_others: &'static str,
    pub because_unsure: &'static str,
    pub because_inferred: &'static str,
    pub because_origin: &'static str,
    pub because_forbidden: &'static str,
    pub because_archived: &'static str,
    pub because_encrypted: &'static str,
    pub because_limit: &'static str,
    pub because_broken: &'static str,
    pub because_changed: &'static str,
    pub because_locked: &'static str,
    pub because_name: &'static str,
    pub because_whose: &'static str,
    pub because_no_source: &'static str,
    pub because_missing: &'static str,
    pub because_many: &'static str,
    pub because_cut: &'static str,
    pub because_old: &'static str,
    pub because_silent: &'static str,
    pub because_unknown: &'static str,
    pub unreadable_shown: &'static str,
    pub unsearched_intro: &'static str,
    pub unsearched_table: &'static str,
    pub how_many: &'static str,
    pub declared: &'static str,

    // What lies beyond.
    pub beyond: &'static str,
    pub beyond_none: &'static str,
    pub beyond_intro: &'static str,
    pub privacy_portal: &'static str,
    pub page_for_it: &'static str,

    // Rights.
    pub rights: &'static str,
    pub rights_intro: &'static str,

    // The foot of the page.
    pub made_by: &'static str,
    pub other_files: &'static str,
}

/// How places in files are called.
#[derive(Clone, Copy, Serialize)]
pub struct Places {
    pub name: &'static str,
    pub beside: &'static str,
    pub line: &'static str,
    pub column: &'static str,
    pub field: &'static str,
    pub byte: &'static str,
    pub page: &'static str,
    pub row: &'static str,
    pub entry: &'static str,
    pub within: &'static str,
}

impl Texts {
    /// What such an identity is called.
    pub fn identity(&self, kind: IdentityType) -> &'static str {
        match kind {
            IdentityType::Email => self.email,
            IdentityType::Upn => self.upn,
            IdentityType::ObjectId => self.object_id,
            IdentityType::Puid => self.puid,
            IdentityType::Name => self.name,
            IdentityType::Username => self.username,
            IdentityType::ControllerCustomerId => self.customer_id,
        }
    }

    /// What such a file is called, and what that means.
    pub fn legal_tag(&self, tag: LegalTag) -> (&'static str, &'static str) {
        match tag {
            LegalTag::Provided => (self.provided, self.provided_means),
            LegalTag::Observed => (self.observed, self.observed_means),
            LegalTag::Inferred => (self.inferred, self.inferred_means),
            LegalTag::NotKnown => (self.not_known, self.not_known_means),
        }
    }

    /// Why something could not be given, from the reason in the manifest: its words are stable.
    pub fn because(&self, reason: &str) -> &'static str {
        let (first, says) = (|word| reason.starts_with(word), |word| reason.contains(word));
        if let Some(why) = Unanswered::of(reason) {
            return self.because_unanswered(why);
        }
        match () {
            () if first("others: cannot be masked") => self.because_others,
            () if first("others") => self.because_unsure,
            () if first("portability: inferred") => self.because_inferred,
            () if first("portability") => self.because_origin,
            () if first("user folder") => self.because_whose,
            () if first("locked") => self.because_locked,
            () if reason == "name" || first("name: ") => self.because_name,
            () if first("archived") => self.because_archived,
            () if first("no_source") => self.because_no_source,
            () if first("missing") => self.because_missing,
            () if says("encrypt") || says("customer_key") => self.because_encrypted,
            () if says("limit") => self.because_limit,
            () if says("broken") || says("broke off") => self.because_broken,
            () if says("changes") => self.because_changed,
            () => self.because_unknown,
        }
    }

    fn because_unanswered(&self, why: Unanswered) -> &'static str {
        match why {
            Unanswered::TooMany => self.because_many,
            Unanswered::Partial | Unanswered::TimedOut => self.because_cut,
            Unanswered::LongTermRetention => self.because_old,
            Unanswered::Forbidden => self.because_forbidden,
            Unanswered::Absent => self.because_missing,
            Unanswered::NoSchema
            | Unanswered::Unreachable
            | Unanswered::NoToken
            | Unanswered::NoId
            | Unanswered::Refused => self.because_silent,
        }
    }

    /// A number.
    pub fn count(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push_str(self.thousands);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A number of bytes.
    pub fn bytes(&self, bytes: u64) -> String {
        let mut unit = 0;
        let mut tenths = bytes.saturating_mul(10);
        // Above 999.9 of a unit it is said in the next one.
        while tenths >= 10_000 && unit + 1 < self.units.len() {
            tenths = tenths / 1_000 + u64::from(tenths % 1_000 >= 500);
            unit += 1;
        }
        let (whole, tenth) = (self.count(tenths / 10), tenths % 10);
        let fraction = match (unit, tenth) {
            (0, _) | (_, 0) => String::new(),
            (_, tenth) => format!("{}{tenth}", self.decimal),
        };
        format!("{whole}{fraction}\u{a0}{}", self.units[unit])
    }
}

/// A text with its braces filled.
pub fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut parts = text.split('{');
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or(("", part));
        let value = values.iter().find(|(known, _)| *known == name);
        filled.push_str(value.map_or("", |(_, value)| value));
        filled.push_str(rest);
    }
    filled
}
