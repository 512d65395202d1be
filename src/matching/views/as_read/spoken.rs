//! Addresses spelled so that programs do not see them: `ann (at) contoso (dot) com`,
//! `ann[@]contoso[.]com`, `ann at contoso dot com`.
//!
//! A word alone proves nothing, so ` at ` counts only where a ` dot ` is spelled too.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr_iter;
use memchr::memmem::Finder;

use crate::matching::blocks::few::Few;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::reading::Reading;
use crate::matching::work;

/// What one of them has, and hardly anything else; each in small letters and in capitals. More
/// would not be searched for all at once.
const SIGNS: [&str; 28] = [
    "(at)", "[at]", "{at}", "<at>", "-at-", "_at_", "(AT)", "[AT]", "{AT}", "<AT>", "-AT-", "_AT_",
    "( at )", "[ at ]", "(a)", "(arroba)", "(dot)", "[dot]", "{dot}", "<dot>", "(DOT)", "[DOT]",
    "{DOT}", " dot ", " DOT ", "[.]", "(.)", "{.}",
];

static FEW: LazyLock<Few> = LazyLock::new(|| Few::new(&SIGNS.map(str::as_bytes)));

/// A point of East Asian text.
static IDEOGRAPHIC: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("。"));

/// Where one of the signs stands, or the sign of an address that something parts from its words.
fn signs(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut all: Vec<usize> = FEW.all(bytes).into_iter().map(|sign| sign.start).collect();
    all.extend(IDEOGRAPHIC.find_iter(bytes));
    all.extend(memchr_iter(b'@', bytes).filter_map(|at| {
        let before = *bytes.get(at.checked_sub(1)?)?;
        let is_parted = match bytes.get(at + 1) {
            Some(b' ') => before == b' ',
            Some(b')' | b']' | b'}') => b"([{".contains(&before),
            _ => false,
        };
        (is_parted || before == b'\\').then_some(at - 1)
    }));
    all.sort_unstable();
    all
}

/// How the sign of an address is spelled, the longest first.
const ATS: [&str; 17] = [
    "(arroba)", "( at )", "[ at ]", "(at)", "[at]", "{at}", "<at>", "-at-", "_at_", "(@)", "[@]",
    "{@}", "(a)", "\\@", " at ", " @ ", "@",
];

/// How a point is spelled.
const DOTS: [&str; 12] =
    ["(dot)", "[dot]", "{dot}", "<dot>", "-dot-", "_dot_", "[.]", "(.)", "{.}", " dot ", "。", "｡"];

/// Bytes on either side of a sign in which an address stands.
const NEAR_BYTES: usize = 160;

/// What is spelled so in a text, each as it is meant; `None` where nothing is.
pub fn spoken(text: &str) -> Option<Reading> {
    let mut reading = Reading::default();
    let mut done = 0;
    for at in signs(text) {
        if at < done {
            continue;
        }
        let near = ceil(text, at.saturating_sub(NEAR_BYTES))..floor(text, at + NEAR_BYTES);
        work::charge(near.len());
        let Some((range, address)) = around(&text[near.clone()], at - near.start) else { continue };
        reading.replace("\u{fffd}", near.start + range.start);
        reading.replace(&address, near.start + range.start);
        reading.replace("\u{fffd}\n", near.start + range.end);
        done = near.start + range.end;
    }
    (!reading.text.is_empty()).then_some(reading)
}

/// The address of which the sign at `at` is a part, and what spells it.
fn around(text: &str, at: usize) -> Option<(Range<usize>, String)> {
    let lower = text.to_ascii_lowercase();
    // The sign of the address is this one, or the one before this point, or behind it.
    let spelled_at = |from: usize| {
        ATS.iter()
            .find(|sign| lower[from..].starts_with(**sign))
            .map(|sign| from..from + sign.len())
    };
    let places = || lower.char_indices().map(|(place, _)| place);
    let before = places().take_while(|place| *place <= at).filter_map(spelled_at).last();
    let after = || places().skip_while(|place| *place <= at).find_map(spelled_at);
    before.into_iter().chain(after()).find_map(|sign| {
        let (local, local_dots) = part_before(&lower, sign.start)?;
        let (domain, domain_dots) = part_after(&lower, sign.end)?;
        let is_word = matches!(&lower[sign.clone()], " at ");
        let is_plain = matches!(&lower[sign.clone()], "@");
        let dots = local_dots + domain_dots;
        let is_spelled = !(is_word || is_plain) || dots > 0;
        let range = local.start..domain.end;
        let spell = |part: &Range<usize>| with_dots(&text[part.clone()]);
        let (name, host) = (spell(&local), spell(&domain));
        let is_address = is_spelled && range.contains(&at) && host.contains('.');
        is_address.then(|| (range, format!("{name}@{host}")))
    })
}

/// The words before a sign that points join, and how many of those are spelled.
fn part_before(text: &str, end: usize) -> Option<(Range<usize>, usize)> {
    let end = text[..end].trim_end_matches(' ').len();
    let (mut start, mut dots) = (end, 0);
    loop {
        let word = text[..start].trim_end_matches(is_part).len();
        if word == start {
            return (start < end).then_some((start..end, dots));
        }
        start = word;
        let Some(rest) = DOTS.iter().find_map(|dot| without_end(&text[..start], dot)) else {
            return Some((start..end, dots));
        };
        if !text[..rest].ends_with(is_part) {
            return Some((start..end, dots));
        }
        (start, dots) = (rest, dots + 1);
    }
}

/// The same behind a sign.
fn part_after(text: &str, start: usize) -> Option<(Range<usize>, usize)> {
    let gap = text[start..].len() - text[start..].trim_start_matches(' ').len();
    let start = start + gap;
    let (mut end, mut dots) = (start, 0);
    loop {
        let rest = &text[end..];
        let word = rest.len() - rest.trim_start_matches(is_part).len();
        if word == 0 {
            return (end > start).then_some((start..end, dots));
        }
        end += word;
        let Some(next) = DOTS.iter().find_map(|dot| without_start(&text[end..], dot)) else {
            break;
        };
        if !text[end + next..].starts_with(is_part) {
            break;
        }
        (end, dots) = (end + next, dots + 1);
    }
    Some((start..end, dots))
}

/// Where a text ends before such a point, with blanks around its brackets.
fn without_end(text: &str, dot: &str) -> Option<usize> {
    let bracketed = !dot.starts_with(' ');
    let text = if bracketed { text.trim_end_matches(' ') } else { text };
    let rest = text.strip_suffix(dot)?;
    Some(if bracketed { rest.trim_end_matches(' ') } else { rest }.len())
}

fn without_start(text: &str, dot: &str) -> Option<usize> {
    let bracketed = !dot.starts_with(' ');
    let bare = if bracketed { text.trim_start_matches(' ') } else { text };
    let rest = bare.strip_prefix(dot)?;
    let rest = if bracketed { rest.trim_start_matches(' ') } else { rest };
    Some(text.len() - rest.len())
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '+' | '-' | '_' | '%')
}

/// Points as they are meant, and nothing around them.
fn with_dots(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let lower =
            |dot: &&&str| rest.get(..dot.len()).is_some_and(|head| head.eq_ignore_ascii_case(dot));
        if let Some(dot) = DOTS.iter().find(lower) {
            spelled.push('.');
            rest = &rest[dot.len()..];
            continue;
        }
        if c != ' ' {
            spelled.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant() {
        for written in [
            "ann (at) contoso (dot) com",
            "ann[at]contoso[dot]com",
            "by ann at contoso dot com, and",
            "ANN AT CONTOSO DOT COM".to_lowercase().as_str(),
            "ann[@]contoso[.]com",
            "ann@contoso[.]com",
            "ann @ contoso.com",
            "ann\\@contoso.com",
            "ann@contoso。com",
            "<ann_at_contoso.com>",
            "ann {at} contoso {dot} com",
            "ann -at- contoso (dot) com",
            "ann (arroba) contoso.com",
        ] {
            let text = spoken(written).map(|reading| reading.text);
            assert_eq!(text.as_deref(), Some("\u{fffd}ann@contoso.com\u{fffd}\n"), "{written}");
        }
        let text = spoken("Priya.Raman AT zephyr DOT example").unwrap().text;
        assert_eq!(text, "\u{fffd}Priya.Raman@zephyr.example\u{fffd}\n");
        let text = spoken("priya dot raman at zephyr dot example").unwrap().text;
        assert_eq!(text, "\u{fffd}priya.raman@zephyr.example\u{fffd}\n");
        for plain in [
            "look at contoso.com",
            "a dot product",
            "ann@contoso.com",
            "x[.] y",
            "see (at) the end",
            "これは。それは。",
            "a @ b",
        ] {
            assert!(spoken(plain).is_none(), "{plain}");
        }
    }
}
