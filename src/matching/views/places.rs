//! What was seen in a window, and where in a document that is: line and column, and the JSON
//! Pointer where it is JSON.
//!
//! The document passes once, in parts. Its JSON structure is followed only once a hit was seen:
//! until then parts are put aside, up to [`ASIDE_BYTES_MAX`], so that documents without a hit cost
//! nothing.

use std::ops::Range;

use crate::matching::views::json::{Json, Shape};
use crate::matching::views::spelling::reading::{Hold, Reading};

/// Bytes of a JSON document that are put aside at most before its structure is followed anyway.
const ASIDE_BYTES_MAX: usize = 8 << 20;

/// Follows a document and tells places in it.
pub struct Places {
    /// Whether there are lines.
    is_text: bool,
    line: u64,
    column: u64,
    /// Bytes still to come of a character that began.
    expected: u8,
    json: Option<Json>,
    aside: Vec<u8>,
}

/// A place in a document.
pub struct Position {
    /// Counted from 1.
    pub line: u64,
    /// In characters, counted from 1.
    pub column: u64,
    /// The number of the top-level value, from 0, and the pointer within it.
    pub pointer: Option<(u64, String)>,
}

impl Places {
    /// For a document that starts like this.
    pub fn new(head: &[u8]) -> Self {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
        let json = matches!(first, Some(b'{' | b'[' | b'"')).then(Json::default);
        Self { is_text: true, line: 1, column: 1, expected: 0, json, aside: Vec::new() }
    }

    /// For a binary, in which places are told by the byte alone.
    pub fn of_binary() -> Self {
        Self { is_text: false, ..Self::new(&[]) }
    }

    /// Takes the next `len` bytes of the document and tells the places of these offsets in them,
    /// which must be in order. What `text` has beyond is only looked at.
    pub fn pass(&mut self, text: &[u8], len: usize, offsets: &[usize]) -> Vec<Position> {
        let pointers = self.pointers(text, len, offsets);
        let part = &text[..len];
        let mut at = 0;
        let mut places = Vec::with_capacity(offsets.len());
        for (offset, pointer) in offsets.iter().zip(pointers) {
            self.count(&part[at..*offset]);
            at = *offset;
            places.push(Position { line: self.line, column: self.column, pointer });
        }
        self.count(&part[at..]);
        places
    }

    /// What the document was, once all of it has passed.
    pub fn shape(mut self) -> Shape {
        let aside = std::mem::take(&mut self.aside);
        match self.json {
            Some(mut json) => json.follow(&aside).and_then(|()| json.end()).unwrap_or(Shape::Text),
            None => Shape::Text,
        }
    }

    fn pointers(
        &mut self,
        text: &[u8],
        len: usize,
        offsets: &[usize],
    ) -> Vec<Option<(u64, String)>> {
        let part = &text[..len];
        let Some(json) = &mut self.json else { return vec![None; offsets.len()] };
        if offsets.is_empty() && self.aside.len() + part.len() <= ASIDE_BYTES_MAX {
            self.aside.extend_from_slice(part);
            return Vec::new();
        }
        let mut sound = json.follow(&self.aside).is_some();
        self.aside = Vec::new();
        let mut at = 0;
        let mut pointers = Vec::with_capacity(offsets.len());
        for offset in offsets {
            sound = sound && json.follow(&part[at..*offset]).is_some();
            at = *offset;
            pointers.push(sound.then(|| (json.values(), json.pointer(&text[at..]))));
        }
        if !sound || json.follow(&part[at..]).is_none() {
            self.json = None;
        }
        pointers
    }

    fn count(&mut self, part: &[u8]) {
        if !self.is_text {
            return;
        }
        let lines = memchr::memchr_iter(b'\n', part).count();
        let tail = match memchr::memrchr(b'\n', part) {
            Some(end) => &part[end + 1..],
            None => part,
        };
        if lines > 0 {
            self.line += lines as u64;
            self.column = 1;
        }
        for byte in tail {
            self.column += u64::from(self.begins_character(*byte));
        }
    }

    /// Whether a byte begins a character; one that is no UTF-8 is a character of its own.
    fn begins_character(&mut self, byte: u8) -> bool {
        if self.expected > 0 && byte & 0xc0 == 0x80 {
            self.expected -= 1;
            return false;
        }
        self.expected = match byte {
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => 0,
        };
        true
    }
}

/// Something seen in a window.
pub struct Found<W> {
    /// What.
    pub what: W,
    /// What of the window spells it.
    pub span: Range<usize>,
    /// Whether that is all that the span spells.
    pub hold: Hold,
    /// Where it starts, as far as that is known.
    pub start: usize,
    /// Readings between the stream and the text it was seen in; each ends in ` > `.
    pub(super) via: String,
    pub(super) rounds: usize,
}

impl<W> Found<W> {
    /// Leads back from a reading to the text of this length that it was made of.
    pub(super) fn lead_back(&mut self, reading: &Reading, len: usize) {
        self.start = reading.origin(self.start);
        self.span = reading.origin(self.span.start)..reading.origin_end(self.span.end, len);
    }

    pub(super) fn shift(&mut self, by: usize) {
        self.start += by;
        self.span = self.span.start + by..self.span.end + by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, cut: usize) -> (Vec<String>, Shape) {
        let mut places = Places::new(text.as_bytes());
        let mut told = Vec::new();
        for (number, part) in text.as_bytes().chunks(cut).enumerate() {
            let offsets: Vec<_> = memchr::memchr_iter(b'X', part).collect();
            told.extend(
                places
                    .pass(&text.as_bytes()[number * cut..], part.len(), &offsets)
                    .into_iter()
                    .map(|place| {
                        let pointer =
                            place.pointer.map(|(value, pointer)| format!("{value}:{pointer}"));
                        format!("{}.{} {}", place.line, place.column, pointer.unwrap_or_default())
                    }),
            );
            assert!(number < 1000);
        }
        (told, places.shape())
    }

    #[test]
    fn pointers_do_not_depend_on_where_parts_end() {
        let text = r#"{"a": [1, {"b/c~": "X"}, "\"X"], "keyX\u0065n": null, "d": {"e": "é X"}}"#;
        for cut in 1..text.len() + 1 {
            let (told, shape) = places(text, cut);
            assert_eq!(shape, Shape::Json);
            let expected = ["1.21 0:/a/1/b~1c~0", "1.29 0:/a/2", "1.38 0:/keyXen", "1.69 0:/d/e"];
            assert_eq!(told, expected, "{cut}");
        }
        let (told, shape) = places("{\"a\":\"X\"}\n{\"b\":\"X\"}\n", 1000);
        assert_eq!(
            (told.as_slice(), shape),
            (["1.7 0:/a".to_owned(), "2.7 1:/b".to_owned()].as_slice(), Shape::JsonLines)
        );
    }

    #[test]
    fn what_is_no_json_is_text() {
        for text in ["[INFO] X", "{X}", "{\"a\": 1} trailing", "[1, 2", "\"open", "plain"] {
            assert_eq!(places(text, 1000).1, Shape::Text, "{text}");
        }
        assert_eq!(places(&"[".repeat(100_000), 1000).1, Shape::Text);
    }
}
