//! Whether two keys stand in one record: an object, an element, an entry of a list, a line.
//!
//! Works on folded text.

use crate::matching::identity::names::labels::{Key, keys_in};
use crate::matching::keys::parts::Part;
use crate::matching::views::spelling::cut::floor;

/// Bytes of a line on either side that are looked at.
const LINE_BYTES: usize = 240;

/// Whether what stands between two keys ends no record, and neither belongs to a third.
pub fn are_of_one_record(text: &str, one: &Key, other: &Key) -> bool {
    let (first, second) = if one.start < other.start { (one, other) } else { (other, one) };
    let between = &text[first.start..second.start];
    let head = line_before(&text[..first.start]);
    let is_taken = || {
        let mut keys = keys_in(text, first.start..second.start);
        keys.any(|key| {
            key.start > first.start && key.start < second.start && key.part != Part::Either
        })
    };
    // Where escapes of lines are not undone, another reading tells.
    !between.contains("\\n")
        && is_balanced(between)
        && are_siblings(between)
        && !ends_record(head, between)
        && !is_taken()
        && !have_own_lines(text, first, second)
}

/// Whether what is opened is closed, and nothing else.
fn is_balanced(between: &str) -> bool {
    let mut depth = 0i32;
    for c in between.chars() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// The same of elements.
fn are_siblings(between: &str) -> bool {
    let mut depth = 0i32;
    for (at, _) in between.match_indices('<') {
        let tag = &between[at + 1..];
        let (closes, name) = match tag.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, tag),
        };
        let rest = name.trim_start_matches(|c: char| c.is_alphanumeric() || "_-.:".contains(c));
        if rest.len() == name.len() || !rest.starts_with([' ', '>', '/', '\n', '\t']) {
            continue;
        }
        let is_empty = rest.split('>').next().is_some_and(|inner| inner.ends_with('/'));
        match (closes, is_empty) {
            (true, _) => depth -= 1,
            (false, true) => {}
            (false, false) => depth += 1,
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Whether a line between two keys ends the record of the first, whose line begins with `head`.
fn ends_record(head: &str, between: &str) -> bool {
    let own = head.trim_end_matches(['"', '\'', '<', '{', ',']);
    let opens_line = own.chars().all(|c| matches!(c, ' ' | '\t' | '-'));
    let mut lines = between.split('\n').skip(1).peekable();
    while let Some(line) = lines.next() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        let is_last = lines.peek().is_none();
        if !is_last && bare.is_empty()
            || bare.starts_with("---")
            || bare.starts_with("- ")
            || !is_last && bare.starts_with('[')
        {
            return true;
        }
        let is_closer = bare.starts_with(['}', ']', ')', '<']);
        let is_outside = indent < own.len() && !is_closer && !bare.is_empty();
        let is_elsewhere =
            is_last && bare.is_empty() && !head.contains(['{', '<', ',']) && indent != own.len();
        if opens_line && (is_outside || is_elsewhere) {
            return true;
        }
    }
    false
}

/// Whether the keys stand in different lines, one of which has both parts: then each line is a
/// record.
fn have_own_lines(text: &str, first: &Key, second: &Key) -> bool {
    if !text[first.start..second.start].contains('\n') {
        return false;
    }
    [(first, second), (second, first)].iter().any(|(key, other)| {
        let start = key.start - line_before(&text[..key.start]).len();
        let end = key.start + text[key.start..].find('\n').unwrap_or(text.len() - key.start);
        let end = end.min(key.start + LINE_BYTES);
        let end = floor(text, end);
        keys_in(text, start..end).any(|key| key.part == other.part && key.part != Part::Either)
    })
}

fn line_before(text: &str) -> &str {
    let from = floor(text, text.len().saturating_sub(LINE_BYTES));
    text[from..].rsplit('\n').next().unwrap_or_default()
}
