//! What the names of glyphs spell, as far as texts need them (Adobe's Glyph List).

use unicode_normalization::char::compose;

/// Names that no rule tells.
const NAMED: [(&str, &str); 71] = [
    ("space", " "),
    ("exclam", "!"),
    ("quotedbl", "\""),
    ("numbersign", "#"),
    ("dollar", "$"),
    ("percent", "%"),
    ("ampersand", "&"),
    ("quotesingle", "'"),
    ("parenleft", "("),
    ("parenright", ")"),
    ("asterisk", "*"),
    ("plus", "+"),
    ("comma", ","),
    ("hyphen", "-"),
    ("minus", "-"),
    ("period", "."),
    ("slash", "/"),
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("colon", ":"),
    ("semicolon", ";"),
    ("less", "<"),
    ("equal", "="),
    ("greater", ">"),
    ("question", "?"),
    ("at", "@"),
    ("bracketleft", "["),
    ("backslash", "\\"),
    ("bracketright", "]"),
    ("asciicircum", "^"),
    ("underscore", "_"),
    ("grave", "`"),
    ("quoteleft", "‘"),
    ("quoteright", "’"),
    ("quotedblleft", "“"),
    ("quotedblright", "”"),
    ("braceleft", "{"),
    ("bar", "|"),
    ("braceright", "}"),
    ("asciitilde", "~"),
    ("endash", "–"),
    ("emdash", "—"),
    ("nbspace", " "),
    ("ae", "æ"),
    ("AE", "Æ"),
    ("oe", "œ"),
    ("OE", "Œ"),
    ("oslash", "ø"),
    ("Oslash", "Ø"),
    ("lslash", "ł"),
    ("Lslash", "Ł"),
    ("eth", "ð"),
    ("Eth", "Ð"),
    ("thorn", "þ"),
    ("Thorn", "Þ"),
    ("germandbls", "ß"),
    ("dotlessi", "ı"),
    ("dcroat", "đ"),
    ("Dcroat", "Đ"),
    ("hbar", "ħ"),
    ("sfthyphen", "-"),
    ("bullet", "•"),
    ("ellipsis", "…"),
];

/// Endings of names, with the mark that they put on a letter.
const MARKS: [(&str, char); 13] = [
    ("acute", '\u{301}'),
    ("grave", '\u{300}'),
    ("circumflex", '\u{302}'),
    ("dieresis", '\u{308}'),
    ("tilde", '\u{303}'),
    ("ring", '\u{30a}'),
    ("cedilla", '\u{327}'),
    ("caron", '\u{30c}'),
    ("breve", '\u{306}'),
    ("macron", '\u{304}'),
    ("ogonek", '\u{328}'),
    ("hungarumlaut", '\u{30b}'),
    ("dotaccent", '\u{307}'),
];

/// What a glyph of this name spells; `None` if that is not known.
pub fn spelled(name: &str) -> Option<String> {
    let name = name.split('.').next().filter(|name| !name.is_empty())?;
    if let Some((_, text)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some((*text).to_owned());
    }
    if name.len() == 1 || matches!(name, "ff" | "fi" | "fl" | "ffi" | "ffl") {
        return Some(name.to_owned());
    }
    let coded = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    if let Some(digits) = name.strip_prefix("uni").filter(|digits| digits.len() % 4 == 0)
        && let Some(text) = digits
            .as_bytes()
            .chunks(4)
            .map(|four| std::str::from_utf8(four).ok().and_then(coded))
            .collect::<Option<String>>()
    {
        return Some(text);
    }
    if let Some(c) = name.strip_prefix('u').filter(|digits| digits.len() >= 4).and_then(coded) {
        return Some(c.to_string());
    }
    if let Some(c) = name.strip_prefix("afii").and_then(cyrillic) {
        return Some(c.to_string());
    }
    if let Some((first, second)) = name.split_once('_') {
        return Some(spelled(first)? + &spelled(second)?);
    }
    let mut letters = name.chars();
    let (letter, mark) = (letters.next()?, letters.as_str());
    let (_, mark) = MARKS.iter().find(|(known, _)| *known == mark)?;
    compose(letter, *mark).map(String::from)
}

/// Adobe's numbers of the letters of Russian.
fn cyrillic(number: &str) -> Option<char> {
    let number: u32 = number.parse().ok()?;
    let (letter, io, first) = match number {
        10_017..=10_049 => (number - 10_017, 'Ё', 0x410),
        10_065..=10_097 => (number - 10_065, 'ё', 0x430),
        _ => return None,
    };
    match letter {
        6 => Some(io),
        _ => char::from_u32(first + letter - u32::from(letter > 6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_spell_what_they_say() {
        for (name, text) in [
            ("A", "A"),
            ("eacute", "é"),
            ("Scaron", "Š"),
            ("at", "@"),
            ("fi", "fi"),
            ("f_i", "fi"),
            ("uni00E9", "é"),
            ("uni5C715C71", "山山"),
            ("u1F600", "\u{1f600}"),
            ("afii10017", "А"),
            ("afii10097", "я"),
            ("afii10071", "ё"),
            ("period.alt", "."),
        ] {
            assert_eq!(spelled(name).as_deref(), Some(text), "{name}");
        }
        assert_eq!((spelled("g123"), spelled(".notdef")), (None, None));
    }
}
