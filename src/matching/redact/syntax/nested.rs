//! Numbers in documents and programs that stand in strings: such a number becomes a string there.

use std::ops::Range;

use crate::matching::redact::syntax::languages::signs::is_sql;
use crate::matching::views::spelling::escapes::{ROUNDS_MAX, unescape};
use crate::matching::views::spelling::reading::Reading;

/// Bytes around a number that are looked at.
const NEAR_BYTES: usize = 600;

/// The longest escape of JSON.
const ESCAPE_BYTES: usize = 6;

/// The number of a JSON text, or of a program, that this range of a string belongs to, and how that
/// text spells its quotes.
///
/// It may lie in another, and any of its characters may be escaped;
/// `is_escaped` says whether backslashes escape in the string.
pub fn nested_number(
    window: &[u8],
    range: &Range<usize>,
    string: &Range<usize>,
    is_escaped: bool,
) -> Option<(Range<usize>, String)> {
    let near = near(window, range, string);
    let whole = near.start == string.start;
    // A quote of the string itself would end it.
    let is_within = |quote: u8| window[..string.start].last() == Some(&quote);
    let mut text = std::str::from_utf8(&window[near.clone()]).ok()?.to_owned();
    // Where the range begins in the text, and the text in the window.
    let mut at = range.start - near.start;
    let mut readings: Vec<(Reading, usize)> = Vec::new();
    for depth in usize::from(is_escaped)..=ROUNDS_MAX {
        if depth > 0
            && let Some(reading) = unescape(&text)
        {
            at = (0..=reading.text.len()).find(|here| reading.origin(*here) == at)?;
            let len = std::mem::replace(&mut text, reading.text.clone()).len();
            readings.push((reading, len));
        }
        let digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let start = at - text.as_bytes()[..at].iter().rev().take_while(|byte| digit(byte)).count();
        let end = at + text.as_bytes()[at..].iter().take_while(|byte| digit(byte)).count();
        text[start..end].parse::<f64>().ok()?;
        let (before, after) = (&text[..start], &text[end..]);
        let back = |range: Range<usize>, (reading, len): &(Reading, usize)| {
            reading.origin(range.start)..reading.origin_end(range.end, *len)
        };
        let word = || {
            let word = readings.iter().rev().fold(start..end, back);
            word.start + near.start..word.end + near.start
        };
        if is_sql(&text) && before.matches('\'').count() % 2 == 0 {
            let doubled = if is_escaped { "\\'" } else { "''" };
            let quote = if is_within(b'\'') { doubled } else { "'" };
            return Some((word(), quote.to_owned()));
        }
        if is_of_json(before.trim_end(), after.trim_start(), whole, &text)
            || is_of_program(before, after)
        {
            let slashes = "\\".repeat((1 << depth) - 1);
            let quote = if !is_escaped && is_within(b'"') { "\"\"" } else { "\"" };
            return Some((word(), format!("{slashes}{quote}")));
        }
    }
    None
}

/// Whether a number between these is a value of a JSON text.
fn is_of_json(before: &str, after: &str, whole: bool, text: &str) -> bool {
    // Deeper still if the quotes of the text around are themselves escaped.
    let quote = before.rfind('"').filter(|quote| before[..*quote].ends_with('\\'));
    let is_document = !whole || text.trim_start().starts_with(['{', '[', '"']);
    let is_value = before.ends_with([':', '[', ',']) && after.starts_with([',', ']', '}']);
    quote.is_none() && is_document && is_value
}

/// Whether a number between these is one of a program: given to a name, or to a function.
fn is_of_program(before: &str, after: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let rest = after.split('\n').next().unwrap_or_default().trim();
    let is_name = |word: &str| {
        let is_part = |c: char| c.is_alphanumeric() || "_.[]'\"".contains(c);
        word.starts_with(|c: char| c.is_alphabetic() || c == '_') && word.chars().all(is_part)
    };
    let is_given = || {
        let name = line.strip_suffix("= ").or_else(|| line.strip_suffix("<- "));
        name.is_some_and(|name| name.ends_with(' ') && is_name(name.trim()))
            && (rest.is_empty() || rest.starts_with(['#', ';']))
    };
    let is_argument = || {
        let open = line.rfind('(').filter(|open| !line[*open..].contains(')'));
        let has_name = open.is_some_and(|open| {
            let name = line[..open].rsplit(|c: char| c.is_whitespace() || c == '(').next();
            name.is_some_and(is_name)
        });
        let before = line.trim_end();
        has_name && before.ends_with(['(', ',', '[', '=']) && rest.starts_with([')', ',', ']'])
    };
    is_given() || is_argument()
}

/// What stands near a range in its string.
fn near(window: &[u8], range: &Range<usize>, string: &Range<usize>) -> Range<usize> {
    let is_start = |at: &usize| window.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let from = string.start.max(range.start.saturating_sub(NEAR_BYTES));
    let to = string.end.min(range.end + NEAR_BYTES);
    let start = (from..range.start).find(is_start).unwrap_or(range.start);
    let end = (range.end..=to).rev().find(is_start).unwrap_or(range.end);
    start..end
}

/// The string of JSON that a range stands in, as far as that can be seen near it.
pub fn string_around(window: &[u8], range: &Range<usize>) -> Range<usize> {
    let is_own =
        |at: usize| window[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0;
    let from = range.start.saturating_sub(NEAR_BYTES);
    let to = window.len().min(range.end + NEAR_BYTES);
    let open = memchr::memrchr_iter(b'"', &window[from..range.start]).find(|at| is_own(from + at));
    let close = memchr::memchr_iter(b'"', &window[range.end..to]).find(|at| is_own(range.end + at));
    // One that begins further away is not seen whole.
    let start = open.map_or(0, |at| from + at + 1);
    start..close.map_or(window.len(), |at| range.end + at)
}

/// The range, widened so that it cuts no escape of the string that it is in.
pub fn escapes_whole(window: &[u8], range: &Range<usize>) -> Range<usize> {
    let around = |at: usize| {
        (at.saturating_sub(ESCAPE_BYTES - 1)..at).find_map(|start| {
            let slashes = window[..start].iter().rev().take_while(|byte| **byte == b'\\').count();
            let begins = window[start] == b'\\' && slashes % 2 == 0;
            let len = if window.get(start + 1) == Some(&b'u') { ESCAPE_BYTES } else { 2 };
            (begins && start + len > at).then(|| start..window.len().min(start + len))
        })
    };
    around(range.start).map_or(range.start, |escape| escape.start)
        ..around(range.end).map_or(range.end, |escape| escape.end)
}
