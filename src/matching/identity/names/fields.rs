//! The two parts of a name as values of their own: `"givenName": "Mira", "surname": "Osei"`.
//!
//! Whatever the syntax: what stands before a value says which part it is, and both must be of one
//! record. Works on folded text.

use std::ops::Range;

use crate::matching::identity::addresses::continues_word;
use crate::matching::identity::boundaries::Boundary;
use crate::matching::identity::names::labels::{KEY_BYTES, Key, key_before};
use crate::matching::identity::names::met::Met;
use crate::matching::identity::names::records::are_of_one_record;
use crate::matching::identity::patterns::Name;
use crate::matching::identity::scripts::separates;
use crate::matching::keys::parts::Part;
use crate::matching::views::spelling::cut::{ceil, floor};

/// Bytes on either side of one part in which the other is looked for.
const RECORD_BYTES: usize = 360;

/// The name where its two parts are values of one record, one of them around the anchor.
pub fn field_around(text: &str, name: &Name, anchor: Range<usize>, found: &mut dyn FnMut(Met)) {
    for cut in 1..name.words.len() {
        let (first, last) = name.words.split_at(cut);
        let is_first = name.anchor < cut;
        let (here, there) = if is_first { (first, last) } else { (last, first) };
        let place = if is_first { name.anchor } else { name.anchor - cut };
        let Some(value) = value_around(text, here, place, anchor.clone()) else { continue };
        let Some(key) = key_before(text, value.start) else { continue };
        let part = if is_first { Part::Given } else { Part::Family };
        // Scripts without spaces write the family name first.
        let parts = [part, if name.spaceless { part.other() } else { part }];
        let other = parts.iter().find_map(|part| other_part(text, &key, *part, there));
        if let Some(other) = other {
            let range = value.start.min(other.start)..value.end.max(other.end);
            found(Met { range, boundary: Boundary::Parted, words: vec![value, other] });
        }
    }
}

/// Whether the word at this range is the value, or of the value, of a key of a part of a name: the
/// other part may be spelled otherwise, further off than a plain reading can tell.
pub fn may_be_part(text: &str, word: Range<usize>) -> bool {
    let is_letter = |c: char| continues_word(c) || c == ' ';
    let start = text[..word.start].trim_end_matches(is_letter).len();
    let lead = text[start..word.start].len() - text[start..word.start].trim_start().len();
    key_before(text, start + lead).or_else(|| key_before(text, word.start)).is_some()
}

/// The words as a whole value, of which one stands at `at`.
fn value_around(
    text: &str,
    words: &[String],
    place: usize,
    at: Range<usize>,
) -> Option<Range<usize>> {
    let mut start = at.start;
    for word in words[..place].iter().rev() {
        let rest = text[..start].trim_end_matches(separates);
        start = rest.strip_suffix(word.as_str()).filter(|_| rest.len() < start)?.len();
    }
    let mut end = at.end;
    for word in &words[place + 1..] {
        let rest = text[end..].trim_start_matches(separates);
        let gap = text.len() - end - rest.len();
        end = text.len() - rest.strip_prefix(word.as_str()).filter(|_| gap > 0)?.len();
    }
    ends_value(&text[end..ceil(text, end + KEY_BYTES)]).then_some(start..end)
}

/// The other part as the value of its key, in the same record, if `part` is what has the key.
fn other_part(text: &str, key: &Key, part: Part, words: &[String]) -> Option<Range<usize>> {
    let from = floor(text, key.start.saturating_sub(RECORD_BYTES));
    let to = ceil(text, key.start + RECORD_BYTES);
    let first = words[0].as_str();
    text[from..to].match_indices(first).find_map(|(at, _)| {
        let at = from + at;
        let value = value_around(text, words, 0, at..at + first.len())?;
        let other = key_before(text, at)?;
        let fits = key.part.fits(part, other.part) && other.part.fits(part.other(), key.part);
        fits.then_some(())?;
        are_of_one_record(text, key, &other).then_some(value)
    })
}

/// Whether a value ends before this text.
fn ends_value(after: &str) -> bool {
    const ENDS: [char; 13] =
        ['"', '\'', '`', '<', ',', ';', '&', '|', '}', ']', ')', '\\', char::REPLACEMENT_CHARACTER];
    if after.is_empty() || after.starts_with(|c: char| c.is_control() || ENDS.contains(&c)) {
        return true;
    }
    let rest = after.trim_start_matches([' ', '+']);
    if rest.len() == after.len() {
        return false;
    }
    let word = rest.split(|c: char| !continues_word(c) && !matches!(c, '_' | '-' | '.')).next();
    let beyond = &rest[word.map_or(0, str::len)..];
    rest.is_empty()
        || rest.starts_with(['\n', '\r', '#', '"', '|', '}', ']'])
        || rest.starts_with("--")
        || beyond.trim_start().starts_with(['=', ':'])
}
