//! Where records begin and end, whatever the syntax: an object in braces, an element, a line of
//! assignments, a block of lines.

use memchr::{memchr2_iter, memrchr2};

/// Tells which record a place is in. Asked in order, it goes over a text once.
pub struct Bounds<'a> {
    lines: Lines<'a>,
    at: usize,
    /// Objects that are open, each within the one before, as far as they are followed.
    open: Vec<u32>,
    /// How many more are open within those.
    deeper: usize,
    /// Braces that nothing closes, from last to first, and the one that was passed last.
    unclosed: Vec<usize>,
    passed: Option<(usize, u32)>,
    next: u32,
}

/// Tells where lines start. Asked in order, it goes over a text once.
pub struct Lines<'a> {
    text: &'a str,
    at: usize,
    start: usize,
}

/// A record: an object in braces, an element, or else a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// What stands in the same braces.
    Object(u32),
    /// What an element of XML has, by its number.
    Element(usize),
    /// What stands in the line that starts here.
    Line(usize),
}

/// Objects within objects that are followed.
const DEPTH_MAX: usize = 256;

/// What is cut off before its object is closed ends after so many bytes at the latest: one brace
/// in a line of a log is no object of all lines after it.
const CUT_OFF_BYTES_MAX: usize = 4096;

impl<'a> Bounds<'a> {
    /// At the start of a text.
    pub fn of(text: &'a str) -> Self {
        Self {
            lines: Lines::of(text),
            at: 0,
            open: Vec::new(),
            deeper: 0,
            unclosed: unclosed(text),
            passed: None,
            next: 0,
        }
    }

    /// The record that a place is in, which is not before the last one that was asked for.
    pub fn record(&mut self, at: usize) -> Record {
        if at > self.at {
            let passed = &self.lines.text.as_bytes()[self.at..at];
            for brace in memchr2_iter(b'{', b'}', passed) {
                self.pass(self.at + brace, passed[brace] == b'{');
            }
            self.at = at;
        }
        // What is open and will be closed is within what is not.
        let cut_off = self.passed.filter(|(brace, _)| at - brace <= CUT_OFF_BYTES_MAX);
        match self.open.last().copied().or_else(|| cut_off.map(|(_, object)| object)) {
            Some(object) => Record::Object(object),
            None => Record::Line(self.lines.start(at)),
        }
    }

    fn pass(&mut self, brace: usize, opens: bool) {
        if !opens && self.deeper > 0 {
            self.deeper -= 1;
        } else if !opens {
            self.open.pop();
        } else if self.unclosed.last() == Some(&brace) {
            self.unclosed.pop();
            self.passed = Some((brace, self.next));
            self.next += 1;
        } else if self.open.len() < DEPTH_MAX {
            self.open.push(self.next);
            self.next += 1;
        } else {
            self.deeper += 1;
        }
    }
}

/// The braces that nothing closes, from last to first.
fn unclosed(text: &str) -> Vec<usize> {
    let (mut closing, mut found) = (0usize, Vec::new());
    for brace in memchr2_iter(b'{', b'}', text.as_bytes()).rev() {
        if text.as_bytes()[brace] == b'}' {
            closing += 1;
        } else if closing > 0 {
            closing -= 1;
        } else {
            found.push(brace);
        }
    }
    found
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
                || ["---", "BEGIN:", "END:"].iter().any(|sign| line.starts_with(sign));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Which records the places of `*` are in, as they are numbered by the first of each.
    fn records(text: &str) -> Vec<usize> {
        let mut bounds = Bounds::of(text);
        let mut seen: Vec<Record> = Vec::new();
        let places = text.match_indices('*').map(|(at, _)| bounds.record(at));
        let number = |record: Record| {
            seen.iter().position(|known| *known == record).unwrap_or_else(|| {
                seen.push(record);
                seen.len() - 1
            })
        };
        places.map(number).collect()
    }

    #[test]
    fn what_stands_together_is_one_record() {
        let far = "x".repeat(CUT_OFF_BYTES_MAX);
        let deep = DEPTH_MAX + 3;
        for (text, expected) in [
            ("* *\n*", vec![0, 0, 1]),
            ("{*\n*{*}*}\n*", vec![0, 0, 1, 0, 2]),
            ("} * } *\n{*}", vec![0, 0, 1]),
            // Cut off.
            ("{\n*\n*{*", vec![0, 0, 1]),
            // A brace that nothing closes.
            (&format!("{{ *\n{far}\n*\n*"), vec![0, 1, 2]),
            (&format!("{{ {far}{{*\n*}}*\n*"), vec![0, 0, 1, 2]),
            // Deeper than is followed.
            (&format!("*{}*{}*", "{".repeat(deep), "}".repeat(deep)), vec![0, 1, 0]),
        ] {
            assert_eq!(records(text), expected, "{text}");
        }
    }
}
