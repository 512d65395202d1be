//! Which language the page is written in.

use crate::domain::regulation::choice::primary;
use crate::evidence::certificate::page::languages::english::ENGLISH;
use crate::evidence::certificate::page::languages::french::FRENCH;
use crate::evidence::certificate::page::languages::german::GERMAN;
use crate::evidence::certificate::page::languages::japanese::JAPANESE;
use crate::evidence::certificate::page::texts::Texts;

/// Every language.
pub const ALL: [&Texts; 4] = [&ENGLISH, &GERMAN, &FRENCH, &JAPANESE];

/// In the language of this BCP 47 tag; in English where we do not speak it.
pub fn of(tag: &str) -> &'static Texts {
    let language = primary(tag);
    ALL.into_iter().find(|texts| texts.tag == language).unwrap_or(&ENGLISH)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::evidence::certificate::page::texts::MEANT;

    #[test]
    fn codes_that_mean_the_same_have_one_sentence() {
        let reasons = [
            "lock: SharingViolation",
            "redaction: locked: FileLockConflict",
            "name: InvalidResourceName",
            "lock: SharingViolation",
            "lease: LeaseAlreadyPresent",
            "named",
        ];
        for texts in ALL {
            let meant = texts.meant(reasons.into_iter());
            let codes: Vec<Vec<&str>> =
                meant.iter().map(|(codes, _)| codes.iter().copied().collect()).collect();
            assert_eq!(codes, [vec!["FileLockConflict", "SharingViolation"], vec!["name"]]);
            assert!(texts.meanings.iter().all(|text| text.starts_with("{codes}")), "{}", texts.tag);
            let each: BTreeSet<&str> = texts.meanings.into_iter().collect();
            assert_eq!(each.len(), MEANT.len(), "{}", texts.tag);
        }
    }

    #[test]
    fn a_language_is_known_by_its_first_part() {
        for (tag, expected) in
            [("de-CH", "de"), ("JA", "ja"), ("fr", "fr"), ("en-GB", "en"), ("nl", "en"), ("", "en")]
        {
            assert_eq!(of(tag).tag, expected, "{tag}");
        }
    }
}
