//! What stands next to an address without a key: the name of whoever has it, and what a
//! parenthesis or the line says of them.

use std::ops::Range;

use memchr::{memchr2, memchr3, memrchr2};

use crate::domain::asked::subject::IdentityType;
use crate::matching::keys::sorts::{Key, Sort};
use crate::matching::people::beside::{is_first_name, words_after, words_before};
use crate::matching::people::doubts::{full_name, identifier, trimmed};
use crate::matching::people::named::Named;
use crate::matching::people::records::values::{id, range_of, value_of};
use crate::matching::views::spelling::cut::{ceil, floor};

/// How what stands beside an address belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bond {
    /// It is written as one: `Kofi Brandt <k@x.org>`.
    One,
    /// It stands beside it, and may be of somebody else.
    Beside,
}

/// Bytes on either side that are looked at.
const BESIDE_BYTES: usize = 160;

/// Bytes of a line that is looked through.
const LINE_BYTES_MAX: usize = 300;

/// Parts of a parenthesis that are looked at.
const PIECES_MAX: usize = 8;

/// Told of what belongs to an address.
pub type Tell<'a> = &'a mut dyn FnMut(Bond, Named);

/// What belongs to the address that stands at this range.
pub fn near(text: &str, address: &Range<usize>, tell: Tell<'_>) {
    let line = around(text, address);
    name_before(text, address, tell);
    name_after(text, address, tell);
    pieces(text, address, &line, tell);
}

/// What the line of an address says of ids: `k@x.org signed in, oid 1111…`.
pub fn ids_beside(text: &str, address: &Range<usize>, tell: Tell<'_>) {
    ids(text, &around(text, address), address, tell);
}

/// The line of an address, as far as it is looked at.
pub fn around(text: &str, address: &Range<usize>) -> Range<usize> {
    let start = ceil(text, address.start.saturating_sub(LINE_BYTES_MAX));
    let end = floor(text, address.end + LINE_BYTES_MAX);
    let before = memrchr2(b'\n', b'\r', &text.as_bytes()[start..address.start]);
    let after = memchr2(b'\n', b'\r', &text.as_bytes()[address.end..end]);
    let start = before.map_or(start, |at| start + at + 1);
    let end = after.map_or(end, |at| address.end + at);
    start..end
}

/// `Kofi Brandt <k@x.org>`, `"Brandt, Kofi" <k@x.org>`, `[Kofi Brandt](mailto:k@x.org)`.
fn name_before(text: &str, address: &Range<usize>, tell: Tell<'_>) {
    let before = &text[ceil(text, address.start.saturating_sub(BESIDE_BYTES))..address.start];
    let before = before.strip_suffix("mailto:").unwrap_or(before);
    let opened = before.trim_end_matches(['<', '(', '[', '"', '\'', '\\', ' ', '\t', '{']);
    let signs = &before[opened.len()..];
    let is_tight = signs.contains(['<', '(', '[']) || opened.ends_with("&lt;");
    let opened = opened.strip_suffix("&lt;").unwrap_or(opened).trim_end_matches([' ', ']', '\t']);
    let is_label = signs.contains('(') && opened.len() < before.len() - signs.len();
    let local = text[address.clone()].split('@').next().unwrap_or_default();
    if is_tight {
        let quote = signs.trim_start_matches('\\').chars().next();
        let quoted = quote.filter(|c| matches!(c, '"' | '\'')).and_then(|_| {
            let inner = opened.trim_end_matches('\\');
            Some(&inner[inner.rfind(['"', '\'', '\n'])? + 1..])
        });
        let boxed = || is_label.then(|| opened.rsplit('[').next()).flatten();
        let plain = || match words_before(opened) {
            "" => uncased_before(opened),
            words => words,
        };
        let name = quoted.or_else(boxed).unwrap_or_else(plain);
        return tell_name(text, name, Bond::One, tell);
    }
    // `Kofi Brandt, k@x.org`: of the same person only if the address says so.
    let loose = opened.trim_end_matches([',', ';', ':', '|', '-', '–', '/', '>', ' ', '\t']);
    if !loose.ends_with(|c: char| c.is_alphabetic() || c == '.') {
        return;
    }
    let words = words_before(loose);
    if full_name(words) {
        let bond = if spells(local, words) { Bond::One } else { Bond::Beside };
        tell_name(text, words, bond, tell);
    }
}

/// The letters of a script without capitals at the end of a text, with the spaces between them.
fn uncased_before(text: &str) -> &str {
    let is_uncased = |c: char| {
        c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()
            || matches!(c, ' ' | '\u{3000}' | '・')
    };
    text[text.trim_end_matches(is_uncased).len()..].trim()
}

/// `k@x.org (Kofi Brandt)` is a piece; `<a href="mailto:k@x.org">Kofi Brandt</a>`,
/// `k@x.org Kofi Brandt`.
fn name_after(text: &str, address: &Range<usize>, tell: Tell<'_>) {
    let after = &text[address.end..floor(text, address.end + BESIDE_BYTES)];
    let local = text[address.clone()].split('@').next().unwrap_or_default();
    if let Some(inner) = after.trim_start_matches(['"', '\'', '\\']).strip_prefix('>')
        && let Some((name, _)) = inner.split_once("</")
    {
        return tell_name(text, name, Bond::One, tell);
    }
    let rest =
        after.trim_start_matches(|c: char| c.is_whitespace() || ">)]\"',;|:-–/=&+".contains(c));
    let may_be_name = rest.starts_with(|c: char| c.is_uppercase() || !c.is_ascii());
    if !may_be_name || after[..after.len() - rest.len()].contains('\n') {
        return;
    }
    let words = words_after(rest);
    if full_name(words) {
        let bond = if spells(local, words) { Bond::One } else { Bond::Beside };
        tell_name(text, words, bond, tell);
    }
}

/// The parts of the parenthesis that the address opens, or stands in.
fn pieces(text: &str, address: &Range<usize>, line: &Range<usize>, tell: Tell<'_>) {
    let after = &text[address.end..line.end];
    let closed = after.trim_start_matches(['>', '"', '\'', '\\']);
    if let Some(inner) = closed.trim_start().strip_prefix(['(', '[', '{']) {
        let end = memchr3(b')', b']', b'}', inner.as_bytes()).unwrap_or(inner.len());
        return each_piece(text, &inner[..end], tell);
    }
    let before = &text[line.start..address.start];
    let open = before.bytes().rposition(|byte| b"()[]".contains(&byte));
    let Some(open) = open.filter(|at| before[*at..].starts_with(['(', '['])) else { return };
    let inner = &before[open + 1..];
    let end = memchr2(b')', b']', after.as_bytes()).unwrap_or(after.len());
    each_piece(text, inner, tell);
    each_piece(text, &after[..end], tell);
    tell_name(text, words_before(before[..open].trim_end()), Bond::Beside, tell);
}

fn each_piece(text: &str, inner: &str, tell: Tell<'_>) {
    for piece in inner.split([',', ';', '|', '/']).take(PIECES_MAX) {
        // `oid: 1111…` and `puid 1003…`.
        let bare = trimmed(piece);
        let last = bare.rsplit([' ', ':', '=']).next().unwrap_or(bare);
        let said = bare[..bare.len() - last.len()].trim_end_matches([' ', ':', '=']);
        let is_of_thing = || !said.is_empty() && Key::of(said).is_none();
        match id(last) {
            _ if let Some(number) = number(text, bare) => tell(Bond::Beside, number),
            Some(_) if is_of_thing() => {}
            Some(id) => tell(Bond::Beside, (id, range_of(text, last))),
            None => tell_name(text, bare, Bond::Beside, tell),
        }
    }
}

/// A number that is said to be somebody's: `passport C01X00T47`, `tel +49 30 1234567`.
fn number(text: &str, piece: &str) -> Option<Named> {
    let (said, value) = piece.split_once([' ', ':', '='])?;
    let key = Key::of(said).filter(|key| matches!(key.sort, Sort::Number | Sort::Phone))?;
    value_of(text, &key, &range_of(text, value))
}

/// Ids of the line that are said to be of people: `oid 1111…`, `puid 1003…`, `user id: …`.
fn ids(text: &str, line: &Range<usize>, address: &Range<usize>, tell: Tell<'_>) {
    const SAYS: [&str; 9] = [
        "oid",
        "puid",
        "objectid",
        "object id",
        "passport id",
        "user id",
        "userid",
        "user",
        "principal",
    ];
    const SAYS_BYTES: usize = 32;
    const ID_BYTES_MIN: usize = 16;
    let joins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let bytes = &text.as_bytes()[line.clone()];
    let words = bytes.split(|byte| !joins(byte)).filter(|word| word.len() >= ID_BYTES_MIN);
    for word in words {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let word = &text[start..start + word.len()];
        let Some(id) = id(word) else { continue };
        let range = range_of(text, word);
        let before = text[line.start..range.start]
            .trim_end_matches(|c: char| c.is_whitespace() || ":='\"(#{".contains(c));
        let before = before[ceil(before, before.len().saturating_sub(SAYS_BYTES))..].to_lowercase();
        let is_apart = range.end <= address.start || address.end <= range.start;
        if is_apart && SAYS.iter().any(|said| before.ends_with(said)) {
            tell(Bond::Beside, (id, range));
        }
    }
}

fn tell_name(text: &str, name: &str, bond: Bond, tell: Tell<'_>) {
    let name = trimmed(name);
    let is_name = full_name(name) || bond == Bond::One && (is_first_name(name) || is_plain(name));
    if is_name && !name.contains('@') && !name.contains('\n') {
        tell(bond, (identifier(IdentityType::Name, name), range_of(text, name)));
    }
}

/// A name that somebody writes small: `"kofi brandt" <k@x.org>`.
fn is_plain(name: &str) -> bool {
    let words = name.split(' ').count();
    (2..=4).contains(&words)
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '\'' | '-' | ','))
        && name.split(' ').all(|word| word.chars().count() > 1)
}

/// Whether a local part is made of the words of a name.
pub fn spells(local: &str, name: &str) -> bool {
    let local = local.to_lowercase();
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2)
        .any(|word| local.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let start = text.find("k@x.org").expect("the address");
        let mut all = Vec::new();
        let address = start..start + "k@x.org".len();
        let mut tell = |bond, (found, range): Named| {
            assert!(text.get(range).is_some());
            all.push(format!("{bond:?} {}", found.value));
        };
        near(text, &address, &mut tell);
        ids_beside(text, &address, &mut tell);
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn what_stands_next_to_an_address() {
        const OID: &str = "22222222-3333-4444-5555-666666666666";
        for (text, expected) in [
            ("From: Kofi Brandt <k@x.org>", vec!["One kofi brandt"]),
            ("\"Brandt, Kofi\" <k@x.org>", vec!["One brandt, kofi"]),
            ("\"kofi brandt\" <k@x.org>", vec!["One kofi brandt"]),
            ("by Kofi <k@x.org>", vec!["One kofi"]),
            ("担当: 山田 太郎 <k@x.org>", vec!["One 山田 太郎"]),
            ("see [Kofi Brandt](mailto:k@x.org)", vec!["One kofi brandt"]),
            ("<a href=\"mailto:k@x.org\">Kofi Brandt</a>", vec!["One kofi brandt"]),
            (
                "for k@x.org (Seán O'Connor, OID) refreshed, puid 1003200298765432",
                vec!["Beside 1003200298765432", "Beside OID", "Beside seán o'connor"],
            ),
            (
                "Seán O'Connor (k@x.org, OID)",
                vec!["Beside OID", "Beside seán o'connor", "One seán o'connor"],
            ),
            ("GET /u?k@x.org=Kofi Brandt puid", vec!["Beside kofi brandt"]),
            ("k@x.org (tenant OID, run: OID, oid: OID)", vec!["Beside OID"]),
            ("Kofi Brandt, k@x.org", vec!["Beside kofi brandt"]),
            (
                "k@x.org (passport C01X00T47, tel: +49 30 123456, took: 1200000)",
                vec!["Beside +49 30 123456", "Beside c01x00t47"],
            ),
            ("k@x.org oid=OID tenant=OID", vec!["Beside OID"]),
            ("the model of k@x.org (Random Forest, run OI) is", vec![]),
            ("mail k@x.org when done", vec![]),
        ] {
            let text = text.replace("OID", OID);
            let expected: Vec<String> =
                expected.iter().map(|one| one.replace("OID", OID)).collect();
            assert_eq!(told(&text), expected, "{text}");
        }
    }
}
