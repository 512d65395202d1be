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
    use super::*;

    #[test]
    fn a_language_is_known_by_its_first_part() {
        for (tag, expected) in
            [("de-CH", "de"), ("JA", "ja"), ("fr", "fr"), ("en-GB", "en"), ("nl", "en"), ("", "en")]
        {
            assert_eq!(of(tag).tag, expected, "{tag}");
        }
    }
}
