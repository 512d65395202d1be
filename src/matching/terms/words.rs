//! What of a folded text no occurrence begins or ends in the midst of.

use crate::matching::views::spelling::spaceless::{continues_word, is_spaceless};

/// The words of a folded text: stretches of letters and digits of scripts with spaces between
/// words, and every single letter of scripts without, where a name may start anywhere.
pub fn words<'t>(text: &'t str, found: &mut dyn FnMut(&'t str)) {
    let bytes = text.as_bytes();
    let (mut at, mut start) = (0, None);
    while let Some(byte) = bytes.get(at) {
        let c = match byte.is_ascii() {
            true => char::from(*byte),
            false => text[at..].chars().next().unwrap_or_default(),
        };
        let (continues, len) = (continues_word(c), c.len_utf8());
        match (continues, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found(&text[from..at]);
                start = None;
            }
            _ => {}
        }
        if !continues && is_spaceless(c) && c.is_alphanumeric() {
            found(&text[at..at + len]);
        }
        at += len;
    }
    if let Some(from) = start {
        found(&text[from..]);
    }
}

/// The word that a text ends with; empty if it does not end with one.
pub fn last_word(text: &str) -> &str {
    &text[text.trim_end_matches(continues_word).len()..]
}

/// The word that a text begins with; empty if it does not begin with one.
pub fn first_word(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches(continues_word).len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_scripts_with_spaces_and_without() {
        let table: [(&str, &[&str]); 5] = [
            ("ann.lefèvre@contoso.com", &["ann", "lefèvre", "contoso", "com"]),
            ("担当ann lefèvreさん", &["担", "当", "ann", "lefèvre", "さ", "ん"]),
            ("山田、太郎", &["山", "田", "太", "郎"]),
            ("c-1029384_x", &["c", "1029384", "x"]),
            ("--", &[]),
        ];
        for (text, expected) in table {
            let mut all = Vec::new();
            words(text, &mut |word| all.push(word));
            assert_eq!(all, expected, "{text}");
        }
        assert_eq!((last_word("see con"), last_word("con-")), ("con", ""));
        assert_eq!((first_word("toso.com"), first_word(" toso")), ("toso", ""));
    }
}
