//! Tables in text, read as their readers do: each cell after the head of its column.
//!
//! `2,mosei,5` says nothing of a user; below `run,user,hours` it does. The head may stand far above
//! the row, so it is remembered from window to window. Only columns that speak of people are read;
//! where no head does, this costs a search for heads.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use memchr::{memchr, memmem, memrchr};

use crate::matching::blocks::few::Few;
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::written::frames::{self, Frames};
use crate::matching::views::written::heads::Head;
use crate::matching::views::written::marked::{self, Heads};
use crate::matching::views::written::sheets::Sheet;
use crate::matching::work;

/// Longer lines are no rows.
const LINE_BYTES_MAX: usize = 16 << 10;

/// What is known of the tables of a stream at some place in it.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    begun: bool,
    /// Whether strings of a spreadsheet are read below any head: a finder reads its rows.
    has_strings: bool,
    head: Option<Arc<Head>>,
    sheet: Sheet,
    marked: Heads,
    frames: Frames,
}

/// Rows below one head.
struct Rows {
    head: Arc<Head>,
    range: Range<usize>,
}

impl Tables {
    /// Of a stream that is rewritten: what stands in a sheet's strings stands in no row there.
    pub fn of_rewriting() -> Self {
        Self { has_strings: true, ..Self::default() }
    }

    /// What the rows in a part of a window say, each cell after its head; `None` where there are no
    /// such tables.
    pub fn reading(&self, window: &[u8], part: &Range<usize>) -> Option<Reading> {
        let mut sheet = self.sheet.clone();
        if !self.begun && self.has_strings {
            sheet.begin(window);
        }
        if let Some(reading) = sheet.read(window, part) {
            return Some(reading);
        }
        let all = self.rows(window, part);
        if all.is_empty() {
            return None;
        }
        let mut reading = Reading::default();
        for rows in all {
            for line in lines(window, rows.range) {
                for (column, cell) in rows.head.speaking(&window[line.clone()]) {
                    let cell = line.start + cell.start..line.start + cell.end;
                    reading.replace(&format!("\n{}: ", column.name), cell.start);
                    match std::str::from_utf8(&window[cell.clone()]) {
                        Ok(text) => reading.copy(text, cell.start),
                        Err(_) => {
                            reading.replace(&utf8_or_western(&window[cell.clone()]), cell.start)
                        }
                    }
                }
                // A line without anything ends what is said of one.
                reading.replace("\n\n", line.end);
            }
        }
        Some(reading)
    }

    /// The same of tables that JSON has by column.
    pub fn framed(&self, window: &[u8], part: &Range<usize>) -> Option<Reading> {
        frames::rows(window, part, &mut self.frames.clone())
    }

    /// The same of tables in markup.
    pub fn marked(&self, window: &[u8], part: &Range<usize>) -> Option<Reading> {
        marked::rows(window, part, &mut self.marked.clone())
    }

    /// Goes on to the end of a part of a window.
    pub fn pass(&mut self, window: &[u8], part: &Range<usize>) {
        marked::rows(window, part, &mut self.marked);
        frames::rows(window, part, &mut self.frames);
        if !self.begun && self.has_strings {
            self.sheet.begin(window);
        }
        if !self.sheet.has_head() {
            self.sheet.read(window, part);
        }
        let last = self.rows(window, part).pop();
        self.head = last.filter(|rows| rows.range.end >= part.end).map(|rows| rows.head);
        self.begun |= !part.is_empty();
    }

    fn rows(&self, window: &[u8], part: &Range<usize>) -> Vec<Rows> {
        let mut all: Vec<Rows> = Vec::new();
        let start = if part.start == 0 { 0 } else { line_start(window, part.start) };
        let begin = |head: Option<Head>, at: usize, all: &mut Vec<Rows>| {
            if let Some(last) = all.last_mut() {
                last.range.end = last.range.end.min(at);
            }
            all.extend(head.map(|head| Rows { head: Arc::new(head), range: at..part.end }));
        };
        if let Some(head) = &self.head {
            all.push(Rows { head: Arc::clone(head), range: start..part.end });
        } else if !self.begun {
            let first = line_at(window, 0);
            let head = Head::of_first(&utf8_or_western(&window[first.clone()]));
            begin(head, first.end, &mut all);
        }
        for (at, head) in heads(window, start..part.end) {
            begin(head, at, &mut all);
        }
        for rows in &mut all {
            if rows.head.ends_at_empty_line() {
                rows.range.end = empty_line(window, rows.range.clone());
            }
        }
        all
    }
}

/// Where rows begin below what may be a head in the midst of a text, in order.
fn heads(window: &[u8], range: Range<usize>) -> Vec<(usize, Option<Head>)> {
    let mut found = Vec::new();
    let mut from = range.start;
    SIGNS.each(&window[range.clone()], &mut |_, sign| {
        // A line is looked at once, however many signs are in it.
        let at = range.start + sign.start;
        if at < from {
            return;
        }
        let line = line_at(window, at);
        from = line.end;
        if is_rule(&window[line.clone()]) {
            let above = line_at(window, line.start.saturating_sub(2));
            let head = Head::above_rule(
                &utf8_or_western(&window[above]),
                &utf8_or_western(&window[line.clone()]),
            );
            found.push((line.end, head));
        } else if memmem::find(&window[line.clone()], LOUD).is_some()
            && let Some(head) = Head::of_capitals(&utf8_or_western(&window[line.clone()]))
        {
            found.push((line.end, Some(head)));
        }
    });
    found
}

/// The head of a column of users in capitals.
const LOUD: &[u8] = b"USER";

/// What rules below heads have, and heads of capitals.
static SIGNS: LazyLock<Few> = LazyLock::new(|| Few::new(&[b"---", LOUD]));

/// A line of nothing but dashes and what may part them.
fn is_rule(line: &[u8]) -> bool {
    line.iter().all(|byte| b"-=+|: \t\r".contains(byte))
}

fn line_start(window: &[u8], at: usize) -> usize {
    memrchr(b'\n', &window[..at]).map_or(0, |end| end + 1)
}

/// The line around a place, without its end, as far as it may be long.
fn line_at(window: &[u8], at: usize) -> Range<usize> {
    let first = at.saturating_sub(LINE_BYTES_MAX);
    let start = memrchr(b'\n', &window[first..at]).map_or(first, |end| first + end + 1);
    let last = (at + LINE_BYTES_MAX).min(window.len());
    let end = memchr(b'\n', &window[at..last]).map_or(last, |len| at + len);
    work::charge(end - start);
    start..end
}

fn lines(window: &[u8], range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        while at < range.end {
            let end = memchr(b'\n', &window[at..]).map_or(window.len(), |len| at + len);
            let line = at..end;
            at = end + 1;
            if !line.is_empty() && line.len() <= LINE_BYTES_MAX {
                return Some(line);
            }
        }
        None
    })
}

/// Where the first line without anything begins, or the end.
fn empty_line(window: &[u8], range: Range<usize>) -> usize {
    let mut at = range.start + usize::from(window.get(range.start) == Some(&b'\n'));
    while at < range.end {
        let end = memchr(b'\n', &window[at..]).map_or(window.len(), |len| at + len);
        if window[at..end].iter().all(u8::is_ascii_whitespace) {
            return at.min(range.end);
        }
        at = end + 1;
    }
    range.end
}
