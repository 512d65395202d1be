//! Where records begin and end, whatever the syntax: an object in braces, an element, a line of
//! assignments, a block of lines.

use memchr::{memchr2_iter, memrchr2};

/// Tells which record a place is in. Asked in order, it goes over a text once.
pub struct Bounds<'a> {
    lines: Lines<'a>,
    at: usize,
    open: Vec<u32>,
    next: u32,
}

/// Tells where lines start. Asked in order, it goes over a text once.
pub struct Lines<'a> {
    text: &'a str,
    at: usize,
    start: usize,
}

/// A record: an object in braces, or else a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// What stands in the same braces.
    Object(u32),
    /// What stands in the line that starts here.
    Line(usize),
}

/// Objects within objects that are followed.
const DEPTH_MAX: usize = 256;

impl<'a> Bounds<'a> {
    /// At the start of a text.
    pub fn of(text: &'a str) -> Self {
        Self { lines: Lines::of(text), at: 0, open: Vec::new(), next: 0 }
    }

    /// The record that a place is in, which is not before the last one that was asked for.
    pub fn record(&mut self, at: usize) -> Record {
        if at > self.at {
            let passed = &self.lines.text.as_bytes()[self.at..at];
            for brace in memchr2_iter(b'{', b'}', passed) {
                if passed[brace] == b'}' {
                    self.open.pop();
                } else if self.open.len() < DEPTH_MAX {
                    self.open.push(self.next);
                    self.next += 1;
                }
            }
            self.at = at;
        }
        match self.open.last() {
            Some(object) => Record::Object(*object),
            None => Record::Line(self.lines.start(at)),
        }
    }
}

impl<'a> Lines<'a> {
    /// At the start of a text.
    pub fn of(text: &'a str) -> Self {
        Self { text, at: 0, start: 0 }
    }

    /// Where the line of a place starts.
    pub fn start(&mut self, at: usize) -> usize {
        if at >= self.at {
            let passed = &self.text.as_bytes()[self.at..at];
            let last = memrchr2(b'\n', b'\r', passed);
            self.start = last.map_or(self.start, |end| self.at + end + 1);
            self.at = at;
        } else if at < self.start {
            return line_start(self.text, at);
        }
        self.start
    }
}

/// Where the line of a place starts.
pub fn line_start(text: &str, at: usize) -> usize {
    memrchr2(b'\n', b'\r', &text.as_bytes()[..at]).map_or(0, |end| end + 1)
}

/// Where the line of a place ends.
pub fn line_end(text: &str, at: usize) -> usize {
    memchr::memchr2(b'\n', b'\r', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end)
}

/// Whether two lines, each with one value after its key, are of one block: nothing between them
/// ends it, and they are indented alike.
pub fn are_of_one_block(text: &str, first: usize, second: usize) -> bool {
    const BLOCK_BYTES_MAX: usize = 2000;
    if second - first > BLOCK_BYTES_MAX {
        return false;
    }
    let (own, _) = indent(&text[first..second]);
    let (other, opens) = indent(&text[second..]);
    let mut between = text[first..second].lines().skip(1);
    own == other
        && !opens
        && between.all(|line| {
            let (depth, opens) = indent(line);
            let is_end = line.trim().is_empty()
                || line.trim_start().starts_with(['[', '#'])
                || line.starts_with("---");
            !is_end && depth >= own && !(opens && depth <= own)
        })
}

/// How far a line is indented, and whether it opens an entry of a list.
fn indent(line: &str) -> (usize, bool) {
    let bare = line.trim_start_matches([' ', '\t', '<', '"', '\'']);
    match bare.strip_prefix("- ") {
        Some(entry) => (line.len() - entry.trim_start().len(), true),
        None => (line.len() - bare.len(), false),
    }
}
