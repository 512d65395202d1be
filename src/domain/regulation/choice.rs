//! The words for a law in the reader's language.

use crate::domain::regulation::law::Law;
use crate::domain::regulation::words::Words;
use crate::domain::regulation::{english, french, german, japanese};

/// The language that a BCP 47 tag begins with, in lower case: `de-AT` and `de_AT` are German.
pub fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The words for what the ledger has as the law, in the language of this BCP 47 tag or in English.
/// A word that is none of ours gets words that claim nothing.
pub fn words(regulation: &str, language: &str) -> &'static Words {
    let law = Law::parse(regulation);
    match primary(language).as_str() {
        "de" => german::words(law),
        "fr" => french::words(law),
        "ja" => japanese::words(law),
        _ => english::words(law),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_is_named_in_every_language_by_its_own_name() {
        let named = [
            ("gdpr", ["15", "20", "17"]),
            ("uk_gdpr", ["UK GDPR"; 3]),
            ("ccpa", ["1798.110", "1798.130", "1798.105"]),
            ("lgpd", ["18"; 3]),
        ];
        for language in ["en", "de", "fr", "ja"] {
            for (word, has) in named {
                let words = words(word, language);
                let texts = [words.access, words.portability, words.erasure];
                for (text, has) in texts.into_iter().zip(has) {
                    assert!(text.contains(has), "{language} {word}: {text}");
                    let is_gdpr = text.contains("15") || text.contains("(GDPR)");
                    assert!(!is_gdpr || word.ends_with("gdpr"), "{language} {word}: {text}");
                }
                assert!(words.rights.len() >= 5, "{language} {word}");
                let english = super::words(word, "en");
                assert!(language == "en" || english.law != words.law, "{language} {word}");
            }
            let other = words("banana", language);
            let all = format!("{other:?}");
            assert!(!all.contains(|c: char| c.is_ascii_digit()), "{language}: {all}");
        }
        assert_eq!(words("GDPR", "de-AT"), words("gdpr", "de"));
        assert_eq!(words("gdpr", "tlh"), words("gdpr", "en"));
    }
}
