//! Names as file names, identifiers and registers write them: `Mira_Osei`, `mira-osei`, `OSEI Mira`.
//!
//! A dash also joins the halves of one name, and capitals also begin the next one of a list. Works
//! on text that is not folded.

use crate::matching::identity::names::neighbours::{
    is_line_end, is_name_like, word_after, word_before,
};

/// Whether words that a sign joins are a name as an identifier has it.
pub fn is_identifier(before: &str, hit: &str, after: &str) -> bool {
    if !hit.contains('-') || !hit.contains(char::is_uppercase) {
        return true;
    }
    // `Mira-Osei` in a sentence is somebody with a double name.
    let goes_on = |rest: &str| rest.starts_with(char::is_alphanumeric);
    before.ends_with(['/', '\\', '_', '-', '.'])
        || after.strip_prefix(['/', '\\', '_', '-', '.']).is_some_and(goes_on)
}

/// Whether such words with the family name first are no part of a longer row of names.
pub fn is_turned_identifier(before: &str, hit: &str, after: &str) -> bool {
    let Some(sign) = hit.chars().find(|c| matches!(c, '_' | '.')) else { return true };
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    let joined_before =
        is_letter(before.strip_suffix(sign).and_then(|rest| rest.chars().next_back()));
    let joined_after = is_letter(after.strip_prefix(sign).and_then(|rest| rest.chars().next()));
    !(joined_before && joined_after)
}

/// Whether a family name in capitals stands before a given name: `OSEI Mira`.
pub fn is_shouted(before: &str, hit: &str, after: &str) -> bool {
    let is_loud = |word: &str| {
        word.chars().filter(|c| c.is_alphabetic()).count() > 1 && !word.contains(char::is_lowercase)
    };
    let mut words = hit.split_whitespace();
    let (Some(first), Some(last)) = (words.next(), words.next_back()) else { return false };
    if hit.contains('\t')
        || hit.contains(is_line_end)
        || !is_loud(first)
        || !is_name_like(last, false)
    {
        return false;
    }
    // `Kofi OSEI Mira BRANDT` is a list of others.
    let is_name_before = word_before(before).is_some_and(|(word, _)| is_name_like(word, false));
    let is_name_after = word_after(after).is_some_and(|(word, _)| is_loud(word));
    !(is_name_before && is_name_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (&str, &str, &str) {
        let (before, rest) = text.split_once('[').unwrap();
        let (hit, after) = rest.split_once(']').unwrap();
        (before, hit, after)
    }

    #[test]
    fn identifiers_and_registers() {
        let tells = |is_such: fn(&str, &str, &str) -> bool, text: &str| {
            let (before, hit, after) = parts(text);
            is_such(before, hit, after)
        };
        for text in ["in/[mira-osei]", "cv-[Mira-Osei].pdf", "[mira-osei]-churn", "x/[Mira-Osei]/y"]
        {
            assert!(tells(is_identifier, text), "{text}");
        }
        assert!(!tells(is_identifier, "by [Mira-Osei] today"));
        assert!(!tells(is_identifier, "by [Mira-Osei]."));
        assert!(tells(is_turned_identifier, "cv_[Osei_Mira].pdf"));
        assert!(!tells(is_turned_identifier, "kofi_[osei_mira]_brandt"));
        for text in ["Responsable : [OSEI Mira]", "[OSEI Mira], [", "Technique [OSEI Mira] et"] {
            assert!(tells(is_shouted, text), "{text}");
        }
        for text in ["Kofi [OSEI Mira] BRANDT", "[Osei Mira]", "[OSEI MIRA]", "[OSEI\nMira]"] {
            assert!(!tells(is_shouted, text), "{text}");
        }
    }
}
