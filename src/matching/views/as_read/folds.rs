//! Words that a break was put into: folded lines of mail and calendars, wrapped logs, strings
//! continued on the next line or beside each other.
//!
//! Nearly every end of a line is one between words. A break is taken out only where whoever looks
//! knows something that the text before it may begin and the text after it go on with.

use std::ops::Range;

use memchr::{memchr_iter, memmem};

use crate::matching::identity::addresses::is_local;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::reading::Reading;

/// The text without the breaks at which something may go on; `None` where there are none.
pub fn joined(text: &str, goes_on: &dyn Fn(&str, &str) -> bool) -> Option<Reading> {
    let goes_on = |gap: &Range<usize>| {
        let before = &text[ceil(text, gap.start.saturating_sub(BESIDE_BYTES))..gap.start];
        goes_on(before, &text[gap.end..floor(text, gap.end + BESIDE_BYTES)])
    };
    let lines = memchr_iter(b'\n', text.as_bytes()).map(|at| break_around(text, at));
    let mut gaps: Vec<Range<usize>> = lines.filter(goes_on).collect();
    for beside in BESIDE {
        let strings = memmem::find_iter(text.as_bytes(), beside).map(|at| at..at + beside.len());
        gaps.extend(strings.filter(goes_on));
    }
    if gaps.is_empty() {
        return None;
    }
    gaps.sort_unstable_by_key(|gap| (gap.start, gap.end));
    let mut reading = Reading::with_capacity(text.len());
    let mut at = 0;
    for gap in gaps.into_iter().chain([text.len()..text.len()]) {
        if gap.start >= at {
            reading.copy(&text[at..gap.start], at);
            at = gap.end;
        }
    }
    Some(reading)
}

/// Bytes on either side of a break by which it is judged.
const BESIDE_BYTES: usize = 80;

/// Bytes of padding and frames around a break, at most.
const PADDING_BYTES_MAX: usize = 200;

/// What stands between strings that a language joins.
const BESIDE: [&str; 6] = ["\" \"", "' '", "\" + \"", "' + '", "\"+\"", "'+'"];

/// An end of a line with what belongs to no word on either side: padding, frames, quotes, signs
/// that the line goes on, signs of comments.
fn break_around(text: &str, at: usize) -> Range<usize> {
    let pads = |c: char| {
        c != '\n' && c.is_whitespace()
            || matches!(c, '\\' | '│' | '┃' | '║' | '|' | '"' | '\'' | '↩' | '⏎')
    };
    let opens = |c: char| pads(c) || matches!(c, '#' | '>' | '*' | '/' | ';' | '%');
    let from = ceil(text, at.saturating_sub(PADDING_BYTES_MAX));
    let before = text[from..at].trim_end_matches(pads);
    // Python and others add strings up, and take them together in brackets.
    let before = before.strip_suffix('+').map_or(before, |rest| {
        let rest = rest.trim_end();
        if rest.ends_with(['"', '\'']) { rest.trim_end_matches(pads) } else { before }
    });
    let after = &text[at + 1..floor(text, at + PADDING_BYTES_MAX)];
    from + before.len()..at + 1 + (after.len() - after.trim_start_matches(opens).len())
}

/// Whether an address that nobody knows goes on after a break: its sign is at the break.
pub fn may_be_address(before: &str, after: &str) -> bool {
    let has_domain = |text: &str| {
        let domain = text.split(|c: char| !is_local(c)).next().unwrap_or_default();
        let top = domain.trim_end_matches('.').rsplit_once('.').map(|(_, top)| top);
        top.is_some_and(|top| top.len() > 1 && top.chars().all(char::is_alphabetic))
    };
    match (before.strip_suffix('@'), after.strip_prefix('@')) {
        (Some(local), None) => local.ends_with(is_local) && has_domain(after),
        (None, Some(domain)) => before.ends_with(is_local) && has_domain(domain),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_within_a_word() {
        let goes_on =
            |before: &str, after: &str| before.ends_with("ann@con") && after.starts_with("toso");
        for written in [
            "ann@con\r\n toso.com",
            "ann@con\n\ttoso.com",
            "ann@con\ntoso.com",
            "ann@con   │\n│  toso.com",
            "ann@con\\\n  toso.com",
            "\"ann@con\" \"toso.com\"",
            "'ann@con' +\n    'toso.com'",
            "# ann@con\n# toso.com",
            "> ann@con\n> toso.com",
            "\"ann@con\" \\\n\"toso.com\"",
        ] {
            let reading = joined(written, &goes_on).unwrap();
            assert!(reading.text.contains("ann@contoso.com"), "{written}");
        }
        for plain in ["ann@con", "ann@con toso.com", "x\nann@con,\ntoso.com"] {
            assert!(joined(plain, &goes_on).is_none(), "{plain}");
        }
    }

    #[test]
    fn addresses_of_strangers() {
        assert!(may_be_address("to kofi.brandt", "@contoso.com (v3)"));
        assert!(may_be_address("to kofi@", "contoso.com"));
        for (before, after) in
            [("see kofi@gpu", "model.fit"), ("by", "kofi@contoso.com"), ("x@", "y")]
        {
            assert!(!may_be_address(before, after));
        }
    }
}
