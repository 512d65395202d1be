//! Words that a break was put into: folded lines of mail and calendars, wrapped logs, strings
//! continued on the next line or beside each other.
//!
//! Nearly every end of a line is one between words. A break is taken out only where whoever looks
//! knows something that the text before it may begin and the text after it go on with.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter};

use crate::matching::blocks::few::Few;
use crate::matching::blocks::signs::Signs;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::spelling::spaceless::is_local;

/// The text without the breaks at which something may go on; `None` where there are none.
pub fn joined(text: &str, signs: Signs, goes_on: &dyn Fn(&str, &str) -> bool) -> Option<Reading> {
    let mut gaps = Gaps { text, goes_on, all: Vec::new() };
    for at in memchr_iter(b'\n', text.as_bytes()) {
        if may_break(text.as_bytes(), at) {
            gaps.around(at);
        }
    }
    if signs.has(Signs::QUOTE) {
        ANY.all(text.as_bytes()).into_iter().for_each(|range| gaps.add(range));
    }
    gaps.without()
}

/// The same where a log has a column at the right, which says what file a line is from: between the
/// pieces of a word there stands something else.
pub fn joined_beside_column(text: &str, goes_on: &dyn Fn(&str, &str) -> bool) -> Option<Reading> {
    let bytes = text.as_bytes();
    let mut gaps = Gaps { text, goes_on, all: Vec::new() };
    for column in COLUMN.find_iter(bytes) {
        let digits = column + COLUMN.needle().len();
        let end = digits + bytes[digits..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let rest = &bytes[end..bytes.len().min(end + PADDING_BYTES_MAX)];
        let Some(gap) = memchr(b'\n', rest).map(|len| break_around(text, end + len)) else {
            continue;
        };
        // The number ends the line.
        if gap.start != end || end == digits {
            continue;
        }
        let file = &text[..column];
        let before = file.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
        let end = before.trim_end_matches(' ').len();
        if end < before.len() {
            gaps.add(end..gap.end);
        }
    }
    gaps.without()
}

/// What stands between the name of a program's file and the number of its line.
static COLUMN: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(".py:"));

/// What stands in the midst of words of a text.
struct Gaps<'a> {
    text: &'a str,
    goes_on: &'a dyn Fn(&str, &str) -> bool,
    all: Vec<Range<usize>>,
}

impl Gaps<'_> {
    /// An end of a line, without and with a hyphen that was put before it.
    fn around(&mut self, at: usize) {
        let gap = break_around(self.text, at);
        let last = self.text[..gap.start].chars().next_back();
        if let Some(c) = last.filter(|c| matches!(c, '-' | '\u{2010}')) {
            self.add(gap.start - c.len_utf8()..gap.end);
        }
        self.add(gap);
    }

    /// Takes it in if something goes on after it.
    fn add(&mut self, gap: Range<usize>) {
        let before = &self.text[ceil(self.text, gap.start.saturating_sub(BESIDE_BYTES))..gap.start];
        let after = &self.text[gap.end..floor(self.text, gap.end + BESIDE_BYTES)];
        if (self.goes_on)(before, after) {
            self.all.push(gap);
        }
    }

    /// The text without them, each once; `None` if there are none.
    fn without(mut self) -> Option<Reading> {
        if self.all.is_empty() {
            return None;
        }
        self.all.sort_unstable_by_key(|gap| (gap.start, gap.end));
        let mut reading = Reading::with_capacity(self.text.len());
        let mut at = 0;
        for gap in self.all {
            if gap.start >= at {
                reading.copy(&self.text[at..gap.start], at);
                at = gap.end;
            }
        }
        reading.copy(&self.text[at..], at);
        Some(reading)
    }
}

/// Bytes on either side of a break by which it is judged.
const BESIDE_BYTES: usize = 80;

/// Bytes of padding and frames around a break, at most.
const PADDING_BYTES_MAX: usize = 200;

/// What stands between strings that a language joins.
const BESIDE: [&str; 14] = [
    "\" \"", "' '", "\" + \"", "' + '", "\"+\"", "'+'", "\" . \"", "' . '", "\".\"", "'.'",
    "\" & \"", "\"&\"", "' || '", "'||'",
];

/// JSON is full of quotes, at each of which one of these may begin. None stands in another.
static ANY: LazyLock<Few> = LazyLock::new(|| Few::new(&BESIDE.map(str::as_bytes)));

/// Whether a line may end here in the midst of a word: most end with a sign that no word has.
fn may_break(text: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|at| text[at]) else { return false };
    before.is_ascii_alphanumeric() || !before.is_ascii() || b" \t\r\\|\"'+@._-".contains(&before)
}

/// An end of a line with what belongs to no word on either side: padding, frames, quotes, signs
/// that the line goes on, signs of comments.
fn break_around(text: &str, at: usize) -> Range<usize> {
    let byte = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at));
    let is_word = |at| byte(at).is_some_and(u8::is_ascii_alphanumeric);
    // Of nearly every line: nothing stands beside its end.
    if is_word(at.checked_sub(1)) && is_word(Some(at + 1)) {
        return at..at + 1;
    }
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
            "ann@con-\ntoso.com",
        ] {
            let reading = joined(written, Signs::of(written.as_bytes()), &goes_on).unwrap();
            assert!(reading.text.contains("ann@contoso.com"), "{written}");
        }
        for plain in ["ann@con", "ann@con toso.com", "x\nann@con,\ntoso.com"] {
            assert!(joined(plain, Signs::of(plain.as_bytes()), &goes_on).is_none(), "{plain}");
        }
    }

    #[test]
    fn a_column_beside_a_fold() {
        let goes_on =
            |before: &str, after: &str| before.ends_with("ann") && after.starts_with("@con");
        let written = "INFO for ann train.py:41\n         @contoso.com ok";
        assert!(joined(written, Signs::of(written.as_bytes()), &goes_on).is_none());
        let reading = joined_beside_column(written, &goes_on).unwrap();
        assert_eq!(reading.text, "INFO for ann@contoso.com ok");
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
