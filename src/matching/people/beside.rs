//! Who is named beside the subject: in the same list, the same column, or the same member of a
//! like object. A pair of capitalised words alone names nobody; next to a person it does.

use std::ops::Range;

use memchr::memmem;

use crate::domain::asked::subject::IdentityType;
use crate::matching::identity::names::neighbours::{
    is_joint, is_name_like, word_after, word_before,
};
use crate::matching::keys::people::{Speaks, speaks_of_people};
use crate::matching::people::doubts::{
    full_name, identifier, is_technical, key_before, named_by, trimmed,
};
use crate::matching::people::named::Identifier;
use crate::matching::people::ranges::Ranges;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::spaceless::is_spaceless;

/// Places of the subject in one text that are looked around from.
const PLACES_MAX: usize = 16;

/// Bytes around a place in which a list goes on, and in which its object lies.
const LIST_BYTES: usize = 160;
const OBJECT_BYTES: usize = 800;

/// Rows on either side of the subject's, and bytes that they may have.
const ROWS_MAX: usize = 100;
const ROWS_BYTES: usize = 16 << 10;

/// Members of one name that are looked at.
const MEMBERS_MAX: usize = 200;

/// What stands beside the subject.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Beside {
    /// Another name of the subject: `Ann Lefèvre <ann@contoso.com>`.
    Own(Identifier),
    /// Somebody else, as it seems.
    Other(Identifier),
}

/// Who is named beside the subject, whose places in the text these are.
pub fn beside(text: &str, own: &[Range<usize>], found: &mut dyn FnMut(Beside, Range<usize>)) {
    let places = Ranges::new(own.to_vec());
    for place in own.iter().take(PLACES_MAX) {
        let mut tell = |beside: Beside, range: Range<usize>| {
            if !places.meet(&range) {
                found(beside, range);
            }
        };
        name_of_address(text, place, &mut tell);
        listed_after(text, place, &mut tell);
        listed_before(text, place, &mut tell);
        rows(text, place, &mut tell);
        members(text, place, &mut tell);
    }
}

type Tell<'a> = &'a mut dyn FnMut(Beside, Range<usize>);

/// `Ann Lefèvre <ann@contoso.com>` and `ann@contoso.com (Ann Lefèvre)`.
fn name_of_address(text: &str, place: &Range<usize>, tell: Tell<'_>) {
    let before = &text[ceil(text, place.start.saturating_sub(LIST_BYTES))..place.start];
    if let Some(head) = before.strip_suffix(['<', '(']) {
        let words = words_before(head.trim_end_matches([' ', '"', '\'']));
        tell_name(text, words, Beside::Own, tell);
    }
    let after = &text[place.end..floor(text, place.end + LIST_BYTES)];
    if let Some(inner) = after.trim_start().strip_prefix('(')
        && let Some(end) = inner.find(')')
    {
        tell_name(text, &inner[..end], Beside::Own, tell);
    }
}

fn listed_after(text: &str, place: &Range<usize>, tell: Tell<'_>) {
    let after = &text[place.end..floor(text, place.end + LIST_BYTES)];
    let rest = after.trim_start_matches(is_closing);
    if let Some(list) = rest.strip_prefix(['、', '・', 'と', '和', '与', '與', '及']) {
        return tell_spaceless(text, list, tell);
    }
    let rest = rest.trim_start_matches([' ', '\n', '\r', '\t']);
    let (rest, by_word) = match rest.strip_prefix([',', ';', '&', '+', '/', '|']) {
        Some(rest) => (rest, false),
        None => match rest.split_once(' ') {
            Some((word, rest)) if is_list_word(word) => (rest, true),
            _ => return,
        },
    };
    let rest = rest.trim_start_matches(is_opening);
    // A list may end `…, and Kofi`.
    let rest = match rest.split_once(' ') {
        Some((word, more)) if is_list_word(word) => more,
        _ => rest,
    };
    let token = rest.split(|c: char| c.is_whitespace() || ",;)\"'>|".contains(c)).next();
    tell_listed(text, token.unwrap_or_default(), (words_after(rest), by_word), tell);
}

fn listed_before(text: &str, place: &Range<usize>, tell: Tell<'_>) {
    let before = &text[ceil(text, place.start.saturating_sub(LIST_BYTES))..place.start];
    let rest = before.trim_end_matches(is_opening);
    if let Some(list) = rest.strip_suffix(['、', '・', 'と', '和', '与', '與', '及']) {
        let start = list.len()
            - list
                .chars()
                .rev()
                .take_while(|c| is_spaceless(*c))
                .map(char::len_utf8)
                .sum::<usize>();
        return tell_spaceless(text, &list[start..], tell);
    }
    let rest = rest.trim_end();
    let (rest, by_word) = match rest.strip_suffix([',', ';', '&', '+', '/', '|']) {
        Some(rest) => (rest, false),
        None => match rest.rsplit_once(' ') {
            Some((rest, word)) if is_list_word(word) => (rest, true),
            _ => return,
        },
    };
    let rest =
        rest.trim_end_matches(is_closing).trim_end_matches([',', ' ']).trim_end_matches(is_closing);
    let token = rest.rsplit(|c: char| c.is_whitespace() || ",;(\"'<|".contains(c)).next();
    tell_listed(text, token.unwrap_or_default(), (words_before(rest), by_word), tell);
}

/// What stands next in a list: an identifier, or a name. Of one word alone that is known only where
/// a word such as `and` joins the list.
fn tell_listed(text: &str, token: &str, (words, by_word): (&str, bool), tell: Tell<'_>) {
    match named_by(token, Speaks::Perhaps) {
        Some(found) if found.kind != IdentityType::Name => {
            tell(Beside::Other(found), range_of(text, token));
        }
        _ if full_name(words) => tell_name(text, words, Beside::Other, tell),
        _ if by_word && is_first_name(words) => {
            tell(Beside::Other(identifier(IdentityType::Name, words)), range_of(text, words));
        }
        _ => {}
    }
}

/// A run of East Asian letters that is as long as a name, or has a title.
fn tell_spaceless(text: &str, list: &str, tell: Tell<'_>) {
    const TITLES: [&str; 6] = ["さん", "様", "氏", "先生", "님", "씨"];
    let run = list.find(|c| !is_spaceless(c)).map_or(list, |end| &list[..end]);
    let titled = TITLES.iter().filter_map(|title| run.find(title)).min();
    let name = titled.map_or(run, |at| &run[..at]);
    if (2..=6).contains(&name.chars().count()) {
        tell(Beside::Other(identifier(IdentityType::Name, name)), range_of(text, name));
    }
}

/// Cells of the columns in which the subject's own row has a person.
fn rows(text: &str, place: &Range<usize>, tell: Tell<'_>) {
    let around =
        ceil(text, place.start.saturating_sub(ROWS_BYTES))..floor(text, place.end + ROWS_BYTES);
    let start = text[around.start..place.start]
        .rfind('\n')
        .map_or(around.start, |at| around.start + at + 1);
    let end =
        text[place.end..around.end].find(['\n', '\r']).map_or(around.end, |at| place.end + at);
    let row = &text[start..end];
    let hit = trimmed(&text[place.clone()]);
    let is_cell = |cell: &str| bare_cell(cell) == hit;
    let Some(sign) =
        ['\t', '|', ';', ','].into_iter().map(Some).chain([None]).find(|sign| {
            sign.is_none_or(|sign| row.contains(sign)) && cells(row, *sign).any(is_cell)
        })
    else {
        return;
    };
    let people: Vec<usize> = cells(row, sign)
        .enumerate()
        .filter(|(_, cell)| is_cell(cell) || full_name(bare_cell(cell)))
        .map(|(column, _)| column)
        .collect();
    let first = text.lines().next().filter(|_| sign.is_some()).unwrap_or_default();
    let heads: Vec<Option<Speaks>> =
        cells(first, sign).map(|head| speaks_of_people(bare_cell(head))).collect();
    let head = |column: usize| heads.get(column).copied().flatten();
    let names_somebody = hit.contains('@') || hit.len() >= 16 && !hit.contains(' ');
    for (column, cell) in cells(row, sign).enumerate() {
        let cell = bare_cell(cell);
        let named = head(column).and_then(|speaks| named_by(cell, speaks));
        match named {
            _ if cell == hit => {}
            Some(named) if head(column) == Some(Speaks::Surely) => {
                tell(Beside::Other(named), range_of(text, cell));
            }
            // The name of whoever's address or id the row has.
            _ if names_somebody && sign.is_some() && people.len() == 2 && full_name(cell) => {
                tell(Beside::Own(identifier(IdentityType::Name, cell)), range_of(text, cell));
            }
            _ => {}
        }
    }
    let before = text[around.start..start].lines().rev().take(ROWS_MAX);
    let after = text[end..around.end].lines().take(ROWS_MAX);
    let is_headed = heads.iter().any(Option::is_some);
    for line in before.chain(after).filter(|line| !is_headed || *line != first) {
        for (column, cell) in cells(line, sign).enumerate() {
            let speaks = head(column).or(people.contains(&column).then_some(Speaks::Perhaps));
            let cell = bare_cell(cell);
            if let Some(named) = speaks.and_then(|speaks| named_by(cell, speaks)) {
                tell(Beside::Other(named), range_of(text, cell));
            }
        }
    }
}

fn cells(row: &str, sign: Option<char>) -> impl Iterator<Item = &str> {
    row.split(move |c| sign == Some(c))
}

/// A cell without quotes, and a line without its bullet.
fn bare_cell(cell: &str) -> &str {
    let cell = cell.trim();
    let bullet = cell.trim_start_matches(|c: char| {
        c.is_ascii_digit() || matches!(c, '-' | '*' | '+' | '#' | '.' | '•' | '[')
    });
    let cell = if bullet.starts_with(' ') || cell.starts_with('[') { bullet } else { cell };
    trimmed(cell.trim_end_matches([']', ' ']))
}

/// The same member of other objects: `"name"` where the subject's own object has their name.
fn members(text: &str, place: &Range<usize>, tell: Tell<'_>) {
    let around =
        ceil(text, place.start.saturating_sub(OBJECT_BYTES))..floor(text, place.end + OBJECT_BYTES);
    let start = text[around.start..place.start].rfind('{').map(|at| around.start + at);
    let end = text[place.end..around.end].find('}').map(|at| place.end + at);
    let (Some(start), Some(end)) = (start, end) else { return };
    let holds = |value: &Range<usize>| value.start <= place.start && place.end <= value.end;
    let members: Vec<(&str, Range<usize>)> = text[start..end]
        .match_indices(':')
        .filter_map(|(at, _)| {
            let key = key_before(text, start + at)?;
            Some((&text[key], string_after(text, start + at + 1)))
        })
        .collect();
    // Whether the object is about the subject, as one with their address is.
    let is_theirs = members
        .iter()
        .any(|(key, value)| holds(value) && speaks_of_people(key) == Some(Speaks::Perhaps));
    for (key, value) in members {
        let lower = key.to_lowercase();
        let is_name = lower.ends_with("name") && full_name(&text[value.clone()]);
        let is_plain = lower.starts_with("user") || speaks_of_people(key) != Some(Speaks::Surely);
        if is_name || holds(&value) {
            like_members(text, key, start..end, tell);
        }
        if is_name && is_plain && is_theirs && !holds(&value) {
            tell(Beside::Own(identifier(IdentityType::Name, &text[value.clone()])), value);
        }
    }
}

fn like_members(text: &str, word: &str, object: Range<usize>, tell: Tell<'_>) {
    let quoted = format!("\"{word}\"");
    for at in memmem::find_iter(text.as_bytes(), quoted.as_bytes()).take(MEMBERS_MAX) {
        let rest = &text[at + quoted.len()..];
        let sign = at + quoted.len() + (rest.len() - rest.trim_start().len());
        if object.contains(&at) || !text[sign..].starts_with(':') {
            continue;
        }
        let value = string_after(text, sign + 1);
        if let Some(named) = named_by(&text[value.clone()], Speaks::Perhaps) {
            tell(Beside::Other(named), value);
        }
    }
}

/// The string that follows, without its quotes.
fn string_after(text: &str, at: usize) -> Range<usize> {
    let rest = &text[at..floor(text, at + LIST_BYTES)];
    let lead = rest.len() - rest.trim_start().len();
    let Some(string) = rest[lead..].strip_prefix('"') else { return at..at };
    let start = at + lead + 1;
    start..start + string.find('"').unwrap_or(string.len())
}

/// The words of a name at the end of a text.
pub(super) fn words_before(text: &str) -> &str {
    let padded = format!("{text} ");
    let (mut start, mut rest) = (text.len(), padded.as_str());
    while let Some((word, ahead)) = word_before(rest) {
        if !may_be_of_name(word) {
            break;
        }
        (start, rest) = (ahead.len(), ahead);
    }
    &text[start.min(text.len())..]
}

/// The words of a name at the start of a text.
pub(super) fn words_after(text: &str) -> &str {
    let padded = format!(" {text}");
    let (mut end, mut rest) = (0, padded.as_str());
    while let Some((word, further)) = word_after(rest) {
        if !may_be_of_name(word) {
            break;
        }
        (end, rest) = (padded.len() - further.len() - 1, further);
    }
    text[..end.min(text.len())].trim_end_matches('.')
}

fn may_be_of_name(word: &str) -> bool {
    const SMALL: [&str; 12] =
        ["al", "bin", "da", "de", "del", "den", "der", "di", "el", "la", "van", "von"];
    is_name_like(word, true)
        || SMALL.contains(&word)
        || word.trim_end_matches('.').chars().count() == 1
}

/// A given name alone: a word with one capital that is none of machines.
pub(super) fn is_first_name(word: &str) -> bool {
    let mut letters = word.chars();
    is_name_like(word, false)
        && letters.next().is_some()
        && letters.all(char::is_lowercase)
        && word.chars().count() >= 3
        && !is_technical(word)
}

fn tell_name(text: &str, words: &str, as_whom: fn(Identifier) -> Beside, tell: Tell<'_>) {
    let words = trimmed(words);
    if full_name(words) || is_first_name(words) {
        tell(as_whom(identifier(IdentityType::Name, words)), range_of(text, words));
    }
}

/// Where a part of a text stands in it.
fn range_of(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// A word that joins those of a list.
fn is_list_word(word: &str) -> bool {
    is_joint(word) || ["cc", "plus", "or", "oder", "to"].contains(&word)
}

fn is_closing(c: char) -> bool {
    matches!(c, ')' | '>' | '"' | '\'' | '`' | '*' | '_' | ']' | '»' | '”')
}

fn is_opening(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | '<' | '"' | '\'' | '`' | '*' | '_' | '[' | '«' | '“')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, person: &str) -> Vec<String> {
        let own: Vec<_> = text.match_indices(person).map(|(at, _)| at..at + person.len()).collect();
        assert!(!own.is_empty(), "{text}");
        let mut all = Vec::new();
        beside(text, &own, &mut |found, range| {
            assert!(text.get(range).is_some());
            all.push(match found {
                Beside::Own(identifier) => format!("own {}", identifier.value),
                Beside::Other(identifier) => identifier.value,
            });
        });
        all
    }

    #[test]
    fn who_stands_beside() {
        let ann = "ann@contoso.com";
        for (text, expected) in [
            ("ann@contoso.com and Walburga Osterreicher", "walburga osterreicher"),
            ("Walburga Osterreicher and ann@contoso.com", "walburga osterreicher"),
            ("<ann@contoso.com>, Kofi Brandt, Ines", "kofi brandt"),
            ("Kofi Brandt, ann@contoso.com", "kofi brandt"),
            ("ann@contoso.com and Kofi went", "kofi"),
            (
                "ann@contoso.com and 11111111-2222-3333-4444-555555555555",
                "11111111-2222-3333-4444-555555555555",
            ),
            (
                "ann@contoso.com,dev\nWalburga Osterreicher,lead\nBob Builder,ops",
                "walburga osterreicher",
            ),
            ("name,role\nBob Builder,ops\nann@contoso.com,dev\n", "bob builder"),
            ("- ann@contoso.com\n- Kofi Brandt\n", "kofi brandt"),
            ("| ann@contoso.com | dev |\n| Kofi Brandt | ops |", "kofi brandt"),
            ("[\"ann@contoso.com\", \"Kofi Brandt\"]", "kofi brandt"),
            ("[\n \"ann@contoso.com\",\n \"Kofi Brandt\"\n]", "kofi brandt"),
            (
                r#"[{"name":"Ann Lef","mail":"ann@contoso.com"},{"name":"Kofi Brandt"}]"#,
                "kofi brandt",
            ),
            ("user,reviewer\nann@contoso.com,kofib\n", "kofib"),
            ("user,role\nkofib,dev\nann@contoso.com,ops\n", "kofib"),
            (
                "user,oid\nann@contoso.com,\nx,22222222-3333-4444-5555-666666666666\n",
                "22222222-3333-4444-5555-666666666666",
            ),
            ("ann@contoso.com, Walburga Osterreicher and Ines Falk", "walburga osterreicher"),
            ("reviewer,owner\nKofi Brandt,ann@contoso.com\n", "kofi brandt"),
            ("Ann Lef <ann@contoso.com>", "own ann lef"),
            ("ann@contoso.com (Ann Lef)", "own ann lef"),
            ("Ann Lef,ann@contoso.com,dev", "own ann lef"),
            ("ann@contoso.com、山田太郎さん", "山田太郎"),
        ] {
            let told = told(text, ann);
            assert!(told.contains(&expected.to_owned()), "{text}: {told:?}");
        }
    }

    #[test]
    fn what_stands_beside_and_is_nobody() {
        for text in [
            "ann@contoso.com, Data Scientist",
            "ann@contoso.com and PyTorch",
            "ann@contoso.com and the model",
            "trained by ann@contoso.com on Monday. Random Forest won",
            "ann@contoso.com,Random Forest,0.9\nx@y,Gradient Boosting,0.8"
                .split('\n')
                .next()
                .unwrap(),
            r#"{"owner": "ann@contoso.com", "name": "churn"}, {"name": "other model"}"#,
            "2024-04-05T19:34:50Z INFO  notify ann@contoso.com when done\n2024 INFO  Job Done",
        ] {
            assert_eq!(told(text, "ann@contoso.com"), Vec::<String>::new(), "{text}");
        }
    }
}
