//! Which language the report is written in.

use crate::archive::report::texts::de::DE;
use crate::archive::report::texts::en::EN;
use crate::archive::report::texts::fr::FR;
use crate::archive::report::texts::ja::JA;
use crate::archive::report::texts::table::Texts;
use crate::archive::report::texts::things::{
    DE_OF_THINGS, EN_OF_THINGS, FR_OF_THINGS, JA_OF_THINGS,
};
use crate::domain::regulation::choice::primary;
use crate::domain::request::RequestKind;

/// Every language.
const ALL: [&Texts; 4] = [&EN, &DE, &FR, &JA];

/// The same where a thing was asked for.
const OF_THINGS: [&Texts; 4] = [&EN_OF_THINGS, &DE_OF_THINGS, &FR_OF_THINGS, &JA_OF_THINGS];

/// The texts for a language tag: `ja-JP` is Japanese, what is none of ours is English.
pub fn of(language: Option<&str>, kind: RequestKind) -> &'static Texts {
    let (all, english) = match kind.is_about_a_thing() {
        true => (OF_THINGS, &EN_OF_THINGS),
        false => (ALL, &EN),
    };
    let primary = primary(language.unwrap_or_default());
    all.into_iter().find(|texts| texts.language == primary).unwrap_or(english)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;
    use crate::archive::report::texts::table::filled;
    use crate::domain::coverage::unanswered::Unanswered;

    fn texts(language: &Texts) -> BTreeMap<String, String> {
        let Value::Object(fields) = serde_json::to_value(language).unwrap() else { panic!() };
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let each = |(name, value): (String, Value)| match value {
            Value::Object(words) => {
                let within = |(word, value)| (format!("{name}.{word}"), text(value));
                words.into_iter().map(within).collect()
            }
            value => vec![(name, text(value))],
        };
        fields.into_iter().flat_map(each).collect()
    }

    fn index(language: &str) -> usize {
        ALL.iter().position(|texts| texts.language == language).unwrap()
    }

    fn braces(text: &str) -> BTreeSet<String> {
        let names = text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0);
        names.map(str::to_owned).collect()
    }

    #[test]
    fn no_language_lacks_a_text_or_has_a_foreign_one() {
        /// The same word in two languages.
        const SHARED: [(&str, &str); 3] = [("de", "name"), ("de", "status"), ("de", "experiment")];
        let things = OF_THINGS.map(|texts| (texts, &EN_OF_THINGS));
        for (language, english) in ALL.map(|texts| (texts, &EN)).into_iter().chain(things) {
            let english = texts(english);
            for (name, text) in texts(language) {
                let what = format!("{} {name}", language.language);
                let spaced = ["thousands", "colon"].contains(&name.as_str());
                assert!(!text.is_empty() && (text.trim() == text || spaced), "{what}");
                assert_eq!(braces(&text), braces(&english[&name]), "{what}");
                assert!(!text.contains(['<', '>', '&']), "{what} is text and no markup");
                let shared = SHARED.contains(&(language.language, &name))
                    || ["units", "decimal", "thousands", "colon"].contains(&name.as_str());
                let is_own = language.language == "en" || text != english[&name] || shared;
                assert!(is_own, "{what} is English");
            }
        }
    }

    #[test]
    fn a_language_is_chosen_by_its_tag() {
        for (tag, language) in [
            (None, "en"),
            (Some(""), "en"),
            (Some("ja"), "ja"),
            (Some("ja-JP"), "ja"),
            (Some("DE-at"), "de"),
            (Some("fr_CA"), "fr"),
            (Some("en-GB"), "en"),
            (Some("tlh"), "en"),
            (Some("jav"), "en"),
            (Some("-ja"), "en"),
        ] {
            for kind in RequestKind::ALL {
                let texts = of(tag, kind);
                assert_eq!(texts.language, language, "{tag:?}");
                let is_of_things = texts.who_asks != ALL.map(|all| all.who_asks)[index(language)];
                assert_eq!(is_of_things, kind.is_about_a_thing(), "{tag:?}");
            }
        }
    }

    #[test]
    fn numbers_and_sizes_are_written_as_people_write_them() {
        assert_eq!(EN.count(0), "0");
        assert_eq!(EN.count(999), "999");
        assert_eq!(EN.count(1_234_567), "1,234,567");
        assert_eq!(DE.count(12_345), "12.345");
        assert_eq!(FR.count(12_345), "12\u{202f}345");
        assert_eq!(EN.bytes(0), "0\u{a0}B");
        assert_eq!(EN.bytes(999), "999\u{a0}B");
        assert_eq!(EN.bytes(1_000), "1\u{a0}kB");
        assert_eq!(DE.bytes(1_250), "1,3\u{a0}kB");
        assert_eq!(FR.bytes(20_000_000_000), "20\u{a0}Go");
        assert_eq!(EN.bytes(999_950), "1\u{a0}MB");
        assert!(EN.bytes(u64::MAX).ends_with("TB"));
    }

    #[test]
    fn every_reason_is_explained() {
        for (reason, text) in [
            ("others: cannot be masked in this format: text: not rewritten", EN.because_others),
            ("others: cannot be ruled out: rar: not supported", EN.because_unsure),
            ("others: cannot be ruled out: zip: encrypted member", EN.because_unsure),
            ("portability: inferred", EN.because_inferred),
            ("portability: not known", EN.because_origin),
            ("forbidden: AuthorizationFailure", EN.because_forbidden),
            ("archived: BlobArchived", EN.because_archived),
            ("customer_key: BlobUsesCustomerSpecifiedEncryption", EN.because_encrypted),
            ("zip: encrypted member in zip:a.txt", EN.because_encrypted),
            ("ratio limit in gzip", EN.because_limit),
            ("gzip: broken", EN.because_broken),
            ("read: the source broke off", EN.because_broken),
            ("changes faster than it can be read", EN.because_changed),
            ("locked: SharingViolation", EN.because_locked),
            ("name", EN.because_name),
            ("name: InvalidResourceName", EN.because_name),
            ("named", EN.because_unknown),
            ("user folder: said to be of several people", EN.because_whose),
            ("no_source: no configured source holds it", EN.because_no_source),
            ("missing: nothing is there", EN.because_missing),
            ("pdf", EN.because_unknown),
        ] {
            assert_eq!(EN.because(reason), text, "{reason}");
        }
    }

    #[test]
    fn braces_are_filled() {
        assert_eq!(filled("{a} of {b}.", &[("b", "{a}"), ("a", "1")]), "1 of {a}.");
        assert_eq!(filled("none", &[]), "none");
    }

    /// Whatever a source that is asked gives for a reason has a sentence of its own, in each
    /// language.
    #[test]
    fn each_reason_of_a_source_that_is_asked_has_words() {
        for texts in ALL {
            for why in Unanswered::ALL {
                for reason in [why.word().to_owned(), why.coded("SomeCode")] {
                    let said = texts.because(&reason);
                    assert_ne!(said, texts.because_unknown, "{reason} in {}", texts.language);
                    assert!(!said.is_empty());
                }
            }
        }
        assert_eq!(EN.because("refusedly"), EN.because_unknown);
    }
}
