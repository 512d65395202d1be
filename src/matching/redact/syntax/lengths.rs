//! Lengths that stand before what they measure: `Content-Length` of HTTP, WARC and mail boxes.

use std::ops::Range;

use crate::matching::redact::refusal::Stop;

/// What a length is called.
const KEY: &[u8] = b"content-length:";

/// The longest head that a length may stand in.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// A text as it was written.
#[derive(Default)]
pub struct Written {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What was replaced of the text before, in order, and how many bytes took its place.
    pub pieces: Vec<(Range<usize>, usize)>,
}

/// A length in a text.
struct Length {
    number: Range<usize>,
    body: Range<usize>,
}

/// Whether a text may tell of lengths.
pub fn has_lengths(text: &[u8]) -> bool {
    keys(text).next().is_some()
}

impl Written {
    /// Has the lengths in this text, which was held in whole, tell of what was written.
    ///
    /// # Errors
    /// What is measured ends within something that was replaced.
    pub fn mend(&mut self, text: &[u8]) -> Result<(), Stop> {
        let mut grown = vec![0];
        let mut all = 0;
        for (range, len) in &self.pieces {
            all += *len as isize - range.len() as isize;
            grown.push(all);
        }
        let mut numbers = Numbers { said: Vec::new(), grown: vec![0] };
        // Inner ones first: they lie in what others measure.
        for Length { number, body } in lengths(text, &|end| end <= text.len()).into_iter().rev() {
            let own = overlapping(&self.pieces, &body);
            let pieces = &self.pieces[own.clone()];
            let begins_before = pieces.first().is_some_and(|(range, _)| range.start < body.start);
            let ends_behind = pieces.last().is_some_and(|(range, _)| range.end > body.end);
            if begins_before || ends_behind {
                return Err(Stop::not("text: over what a length measures"));
            }
            let more = grown[own.end] - grown[own.start] + numbers.grown_in(&body)?;
            if more != 0 && overlapping(&self.pieces, &number).is_empty() {
                let size = body.len().checked_add_signed(more).unwrap_or_default();
                numbers.add(number, size.to_string());
            }
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut at = 0;
        for (range, size) in numbers.said.iter().rev() {
            let passed = self.pieces.partition_point(|(piece, _)| piece.end <= range.start);
            let start = range.start.checked_add_signed(grown[passed]).unwrap_or_default();
            bytes.extend_from_slice(&self.bytes[at..start]);
            bytes.extend_from_slice(size.as_bytes());
            at = start + range.len();
        }
        bytes.extend_from_slice(&self.bytes[at..]);
        self.bytes = bytes;
        Ok(())
    }
}

/// Lengths that are written anew.
struct Numbers {
    /// Where, and what; the last first.
    said: Vec<(Range<usize>, String)>,
    /// By how much as many of them as its index make the text longer.
    grown: Vec<isize>,
}

impl Numbers {
    fn add(&mut self, range: Range<usize>, size: String) {
        let all = self.grown.last().copied().unwrap_or_default();
        self.grown.push(all + size.len() as isize - range.len() as isize);
        self.said.push((range, size));
    }

    /// By how much those in this range make it longer.
    fn grown_in(&self, body: &Range<usize>) -> Result<isize, Stop> {
        let first = self.said.partition_point(|(range, _)| range.start >= body.end);
        let end = self.said.partition_point(|(range, _)| range.start >= body.start);
        match self.said.get(first) {
            Some((range, _)) if first < end && range.end > body.end => {
                Err(Stop::not("text: over what a length measures"))
            }
            _ => Ok(self.grown[end] - self.grown[first]),
        }
    }
}

/// Which of these pieces, in order, a range has something of.
fn overlapping(pieces: &[(Range<usize>, usize)], range: &Range<usize>) -> Range<usize> {
    let first = pieces.partition_point(|(piece, _)| piece.end <= range.start);
    let end = pieces.partition_point(|(piece, _)| piece.start < range.end);
    first..end.max(first)
}

/// What lengths measure in a stream that is too long to be held: parts of it, apart, in order.
#[derive(Default)]
pub struct Measured(Vec<Range<u64>>);

impl Measured {
    /// Takes in what lengths in this window measure, which begins at this place of the stream.
    pub fn pass(&mut self, window: &[u8], before: u64) {
        self.0.retain(|range| range.end > before);
        let all = lengths(window, &|_| true).into_iter().map(|Length { body, .. }| body);
        let place = |at: usize| before.saturating_add(at as u64);
        self.0.extend(all.map(|body| place(body.start)..place(body.end)));
        self.0.sort_unstable_by_key(|range| range.start);
        self.0.dedup_by(|next, last| {
            let is_one = next.start <= last.end;
            if is_one {
                last.end = last.end.max(next.end);
            }
            is_one
        });
    }

    /// Whether something of this range is measured.
    pub fn is_in(&self, range: &Range<u64>) -> bool {
        let first = self.0.partition_point(|measured| measured.end <= range.start);
        self.0.get(first).is_some_and(|measured| measured.start < range.end)
    }
}

/// Every length whose body may end where it does, in order. Where its head is not all there, what
/// may still be of the head counts as body.
fn lengths(text: &[u8], may_end: &dyn Fn(usize) -> bool) -> Vec<Length> {
    let finding = |end: &'static [u8]| (memchr::memmem::find_iter(text, end).peekable(), end.len());
    let mut ends = [finding(b"\r\n\r\n"), finding(b"\n\n")];
    let length = |at: usize| {
        let from = at + KEY.len();
        let blanks = text[from..].iter().take_while(|byte| **byte == b' ').count();
        let digits = text[from + blanks..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = from + blanks..from + blanks + digits;
        let size: usize = std::str::from_utf8(&text[number.clone()]).ok()?.parse().ok()?;
        let end = ends.iter_mut().filter_map(|(found, len)| {
            while found.next_if(|at| *at < number.end).is_some() {}
            Some(*found.peek()? + *len)
        });
        let end = end.min().filter(|end| end - number.end <= HEAD_BYTES_MAX);
        let (start, more) = match end {
            Some(end) => (end, 0),
            None if text.len() - number.end < HEAD_BYTES_MAX => (number.end, HEAD_BYTES_MAX),
            None => return None,
        };
        let end = start.checked_add(size)?.checked_add(more).filter(|end| may_end(*end))?;
        Some(Length { number, body: start..end })
    };
    keys(text).filter_map(length).collect()
}

/// Where keys of lengths begin, each at the beginning of a line.
fn keys(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memmem::find_iter(text, b"ength:")
        .filter_map(|at| at.checked_sub(KEY.len() - b"ength:".len()))
        .filter(|at| text[*at..*at + KEY.len()].eq_ignore_ascii_case(KEY))
        .filter(|at| *at == 0 || text[*at - 1] == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_true() {
        let inner = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nby ann, ann.";
        let text = format!("WARC/1.0\r\nContent-Length: {}\r\n\r\n{inner}\r\n\r\n", inner.len());
        let gone = text.replace("ann", "somebody else");
        let at: Vec<_> = memchr::memmem::find_iter(text.as_bytes(), "ann").collect();
        let pieces = at.iter().map(|at| (*at..at + 3, "somebody else".len())).collect();
        let mut written = Written { bytes: gone.into_bytes(), pieces };
        written.mend(text.as_bytes()).unwrap();
        let told = String::from_utf8(written.bytes).unwrap();
        assert!(told.contains("Content-Length: 32\r\n") && told.contains("Content-Length: 71\r\n"));
    }

    #[test]
    fn many_lengths_take_no_longer_each() {
        let message = |body: &str| format!("Content-Length: {}\n\n{body}\n", body.len());
        let (stored, gone) = (message("by ann"), message("by [erased]"));
        let count = 50_000;
        let place = |index: usize| {
            let start = (index + 1) * stored.len() - 4;
            (start..start + 3, 8)
        };
        let bytes = stored.replace("ann", "[erased]").repeat(count).into_bytes();
        let mut written = Written { bytes, pieces: (0..count).map(place).collect() };
        written.mend(stored.repeat(count).as_bytes()).unwrap();
        assert!(written.bytes == gone.repeat(count).into_bytes());
        let heads = "Content-Length: 5\n".repeat(200_000);
        assert!(lengths(heads.as_bytes(), &|_| true).len() < 4_000);
    }

    #[test]
    fn what_is_measured_goes_on_behind_a_window() {
        let mut measured = Measured::default();
        measured.pass(b"a\nContent-Length: 1000\n\nb", 100);
        measured.pass(b"c", 900);
        for (at, expected) in [(100, false), (123, false), (124, true), (1123, true), (1124, false)]
        {
            assert_eq!(measured.is_in(&(at..at + 1)), expected, "{at}");
        }
        measured.pass(b"d\nContent-Length: 5\n", 2000);
        assert!(!measured.is_in(&(1000..1001)) && measured.is_in(&(2030..2031)));
    }
}
