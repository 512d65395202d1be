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
        // Inner ones first: they lie in what others measure.
        for Length { number, body } in lengths(text).into_iter().rev() {
            let within = |range: &Range<usize>| body.start <= range.start && range.end <= body.end;
            let cuts = |range: &Range<usize>| range.start < body.end && range.end > body.start;
            if self.pieces.iter().any(|(range, _)| cuts(range) && !within(range)) {
                return Err(Stop::not("text: over what a length measures"));
            }
            let own = || self.pieces.iter().filter(|(range, _)| within(range));
            let before: usize = own().map(|(range, _)| range.len()).sum();
            let after: usize = own().map(|(_, len)| len).sum();
            let size = body.len() + after - before;
            if after == before || self.pieces.iter().any(|(range, _)| range.contains(&number.start))
            {
                continue;
            }
            self.replace(number, size.to_string().as_bytes());
        }
        Ok(())
    }

    fn replace(&mut self, range: Range<usize>, with: &[u8]) {
        let index = self.pieces.partition_point(|(piece, _)| piece.end <= range.start);
        let passed = &self.pieces[..index];
        let gone: usize = passed.iter().map(|(range, _)| range.len()).sum();
        let come: usize = passed.iter().map(|(_, len)| len).sum();
        let at = range.start + come - gone;
        self.bytes.splice(at..at + range.len(), with.iter().copied());
        self.pieces.insert(index, (range, with.len()));
    }
}

/// Every length whose body is all there, in order.
fn lengths(text: &[u8]) -> Vec<Length> {
    let length = |at: usize| {
        let from = at + KEY.len();
        let blanks = text[from..].iter().take_while(|byte| **byte == b' ').count();
        let digits = text[from + blanks..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = from + blanks..from + blanks + digits;
        let size: usize = std::str::from_utf8(&text[number.clone()]).ok()?.parse().ok()?;
        let head = &text[number.end..text.len().min(number.end + HEAD_BYTES_MAX)];
        let ends = [&b"\r\n\r\n"[..], b"\n\n"];
        let end = ends.iter().filter_map(|end| Some(memchr::memmem::find(head, end)? + end.len()));
        let start = number.end + end.min()?;
        let end = start.checked_add(size).filter(|end| *end <= text.len())?;
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
}
