//! Strings with their length before them, as pickles, protobuf, X.509 and others have it.
//!
//! The byte of a length, or what comes after the string, may happen to be a letter, and would make
//! a longer word of an identity: a pickled string of sixty-five characters that begins with
//! `ann@contoso.com` reads `Aann@contoso.com`. Where a length fits the text behind it, the string
//! is cut out of its neighbours. A string that was cut out holds no others.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::memrchr;

use crate::matching::views::spelling::lengths::counted;
use crate::matching::views::spelling::strings::runs::is_text;

/// What stands before a string.
struct Header {
    /// Its bytes.
    width: usize,
    /// Bytes of the string.
    len: usize,
    trust: Trust,
}

/// How sure it is that a header is one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// No text has such bytes.
    Sure,
    /// The same, but a number may have them, such as that of a row before its first text; it is the
    /// length of what ends there.
    Number,
    /// It has a byte that no text has; another string or no text must follow.
    Likely,
    /// It may be two letters of a text; nothing of a text may come before or after.
    Guess,
}

/// Shorter strings hold no identity.
const STRING_BYTES_MIN: usize = 3;

/// Where strings begin in a pickle of protocol 0, which is text: a line that ends what was before
/// it with a few letters and goes on with `V` and the string. The next line numbers it.
pub fn pickled_lines(bytes: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    for number in NUMBERED.find_iter(bytes) {
        let digits = bytes[number + 2..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_number = digits > 0 && bytes.get(number + 2 + digits) == Some(&b'\n');
        let line = memrchr(b'\n', &bytes[..number]).map_or(0, |at| at + 1);
        let letters = bytes[line..number].iter().take_while(|byte| OPCODES.contains(byte)).count();
        if is_number && bytes[line + letters..number].first() == Some(&b'V') {
            starts.push(line + letters + 1);
        }
    }
    starts
}

/// What numbers a line: the next one.
static NUMBERED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\np"));

/// Marks, lists, tuples, dictionaries and what puts into them.
const OPCODES: &[u8] = b"()]}[ladtsue02bR.";

/// The framed strings of some bytes, found once for all readings that ask for them.
pub struct Frames<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where records end, in order.
    pub records: Vec<usize>,
    /// For each byte, how many bytes of text begin there.
    texts: Vec<u32>,
    /// The strings that hold no others, in order.
    strings: Vec<(Range<usize>, Trust)>,
}

impl<'a> Frames<'a> {
    /// Those of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        let (records, texts) = (record_ends(bytes), text_lengths(bytes));
        let mut frames = Self { bytes, records, texts, strings: Vec::new() };
        frames.strings = counted::strings(bytes).into_iter().map(|s| (s, Trust::Sure)).collect();
        let (mut at, mut before) =
            if frames.strings.is_empty() { (0, 0) } else { (bytes.len(), 0) };
        while at < bytes.len() {
            let parted = at == before || !is_text(bytes[at - 1]);
            if let Some((start, end, trust)) = frames.at(at, parted) {
                (at, before) = (end, end);
                frames.strings.push((start..end, trust));
            } else {
                at += 1;
            }
        }
        frames
    }

    /// Where strings begin or end beside text that does not belong to them, in order.
    pub fn cuts(&self) -> Vec<usize> {
        let cuts = self.strings.iter().flat_map(|(string, _)| [string.start, string.end]);
        cuts.filter(|cut| self.adjoins(*cut)).collect()
    }

    /// The strings that end where their text does, in order. What protobuf has may be a message.
    pub fn whole_strings(&self) -> Vec<Range<usize>> {
        let sure =
            self.strings.iter().filter(|(_, trust)| matches!(trust, Trust::Sure | Trust::Number));
        let strings = sure.map(|(string, _)| string.clone());
        strings.filter(|string| self.is_end(string.end)).collect()
    }

    /// All strings, in order.
    pub fn strings(&self) -> Vec<Range<usize>> {
        self.strings.iter().map(|(string, _)| string.clone()).collect()
    }

    /// Where the framed string begins and ends whose header stands here, if one does; `parted` says
    /// that no text stands before it.
    fn at(&self, at: usize, parted: bool) -> Option<(usize, usize, Trust)> {
        headers(&self.bytes[at..]).into_iter().flatten().find_map(|header| {
            let (start, end) = (at + header.width, at + header.width + header.len);
            let ends = || match header.trust {
                Trust::Sure => true,
                Trust::Number | Trust::Likely => self.is_end(end),
                Trust::Guess => parted && self.is_sharp_end(end),
            };
            let is_string = header.len >= STRING_BYTES_MIN && self.texts_at(start) >= header.len;
            (is_string && ends()).then_some((start, end, header.trust))
        })
    }

    fn texts_at(&self, at: usize) -> usize {
        self.texts.get(at).map_or(0, |len| *len as usize)
    }

    /// Whether the text ends here, but for what may be a tag or two, or another header.
    fn is_end(&self, at: usize) -> bool {
        // Lists and maps of UBJSON end and begin with brackets.
        let brackets = self.bytes[at..].iter().take(4).take_while(|byte| b"]}[{".contains(byte));
        let follows = |at: usize| {
            let is_one = |header: Header| {
                header.trust != Trust::Guess && self.texts_at(at + header.width) >= header.len
            };
            headers(&self.bytes[at..]).into_iter().flatten().any(is_one)
        };
        self.texts_at(at) < 4
            || self.is_sharp_end(at)
            || follows(at)
            || follows(at + brackets.count())
    }

    fn is_sharp_end(&self, at: usize) -> bool {
        self.texts_at(at) == 0 || self.records.binary_search(&at).is_ok()
    }

    /// Whether text stands on both sides.
    fn adjoins(&self, at: usize) -> bool {
        at > 0 && self.texts_at(at) > 0 && is_text(self.bytes[at - 1])
    }
}

/// What headers the bytes may begin with, the surest first.
fn headers(bytes: &[u8]) -> [Option<Header>; 4] {
    let sure = |width, len| Some(Header { width, len, trust: Trust::Sure });
    let number = |width, low, high| {
        let len = usize::from(u16::from_le_bytes([low, high]));
        Some(Header { width, len, trust: Trust::Number })
    };
    let likely = |width, len| Some(Header { width, len, trust: Trust::Likely });
    let at = |index: usize| bytes.get(index).map_or(0, |byte| usize::from(*byte));
    let whole = match bytes {
        // Pickle: SHORT_BINUNICODE; BINUNICODE, BINSTRING and BINBYTES.
        [0x8c, len, ..] => sure(2, usize::from(*len)),
        [b'X' | b'T' | b'B', low, high, 0, 0, ..] => {
            sure(5, usize::from(u16::from_le_bytes([*low, *high])))
        }
        // Sixty-four bits, as pickles have it for bytes, and what ends so.
        [low, high, 0, 0, 0, 0, 0, 0, ..] => number(8, *low, *high),
        // Thirty-two bits, as BSON and Parquet have it.
        [low, high, 0, 0, ..] => number(4, *low, *high),
        // Pickle again: SHORT_BINSTRING and SHORT_BINBYTES.
        [b'U' | b'C', len, ..] => likely(2, usize::from(*len)),
        // Thirty-two bits, the high byte first.
        [0, 0, high, low, ..] => likely(4, usize::from(u16::from_be_bytes([*high, *low]))),
        // `MessagePack`: str 8 and str 16.
        [0xd9, len, ..] => sure(2, usize::from(*len)),
        [0xda, high, low, ..] => sure(3, usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    };
    // Its fixstr.
    let short = matches!(at(0), 0xa1..=0xbf).then(|| likely(1, at(0) & 0x1f)).flatten();
    // A protobuf field, its length in one byte or two; a string of X.509, or of Python's marshal.
    let is_tag = at(0) & 7 == 2 && (0x0a..0x80).contains(&at(0));
    let is_string =
        matches!(at(0), 0x0c | 0x13 | 0x14 | 0x16 | 0x1a | 0x81 | 0x82 | 0x86 | 0xda | 0xfa);
    let is_far_tag = at(0) & 0x87 == 0x82;
    let field = match at(1) {
        len if (is_tag || is_string) && len < 0x80 => {
            let is_text = is_text(at(0) as u8) && is_text(at(1) as u8);
            let is_form_feed = at(0) == 0x0c;
            let trust = if is_text && !is_form_feed { Trust::Guess } else { Trust::Likely };
            Some(Header { width: 2, len, trust })
        }
        low if is_tag && (1..0x80).contains(&at(2)) => likely(3, low & 0x7f | at(2) << 7),
        // A number of two bytes.
        1..=7 if is_far_tag && at(2) < 0x80 => likely(3, at(2)),
        _ => None,
    };
    // A length in sixteen bits, the high byte first, or in eight bits that are no text.
    let plain = match bytes {
        [0, len, ..] if is_text(*len) => likely(2, usize::from(*len)),
        [high @ 1..=8, low, ..] if !is_text(*low) => likely(2, usize::from(*high) << 8 | at(1)),
        [len, ..] if len.is_ascii() && !is_text(*len) => likely(1, usize::from(*len)),
        _ => None,
    };
    [whole, short, field, plain]
}

/// For each byte, how many bytes of UTF-8 without control characters begin there.
fn text_lengths(bytes: &[u8]) -> Vec<u32> {
    let mut lengths = vec![0; bytes.len() + 1];
    let mut end = bytes.len();
    for chunk in bytes.utf8_chunks().collect::<Vec<_>>().into_iter().rev() {
        end -= chunk.invalid().len();
        for byte in chunk.valid().bytes().rev() {
            end -= 1;
            lengths[end] = if is_text(byte) { lengths[end + 1] + 1 } else { 0 };
        }
    }
    lengths
}

/// Where the records of a file of TensorFlow end: a length in sixty-four bits, its check sum, the
/// record, its check sum.
fn record_ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(Ok(len)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from)
        && let Ok(len) = usize::try_from(u64::from_le_bytes(len))
        && let Some(end) = at.checked_add(12).and_then(|start| start.checked_add(len))
        && end + 4 <= bytes.len()
        && len > 0
    {
        ends.push(end);
        at = end + 4;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(bytes: &[u8]) -> Vec<String> {
        let ends = Frames::new(bytes).cuts().into_iter().chain([bytes.len()]);
        let mut from = 0;
        ends.map(|end| {
            String::from_utf8_lossy(&bytes[std::mem::replace(&mut from, end)..end]).into()
        })
        .collect()
    }

    #[test]
    fn strings_are_cut_out() {
        let text = format!("ann@contoso.com {}", "x".repeat(49));
        for head in [&b"\x8cA"[..], b"\0A", b"\0\0\0A", b"\xd9A", b"\x12A"] {
            let bytes = [head, text.as_bytes(), b"\x94"].concat();
            assert!(parts(&bytes).iter().any(|part| part.starts_with(&text)), "{head:?}");
        }
        let bytes = b"\x12\x0fann@contoso.comB\x05hello";
        assert_eq!(parts(bytes), ["\u{12}\u{f}ann@contoso.com", "B\u{5}hello"]);
        let bytes = [&b"\x0f\0\0\0ann@contoso.com0\0\0\0"[..], &[b'-'; 60]].concat();
        assert_eq!(parts(&bytes)[0], "\u{f}\0\0\0ann@contoso.com");
        let pickle = "(dp0\nVwho\np1\nVann@contoso.com\np2\ns.";
        let lines = pickled_lines(pickle.as_bytes()).into_iter().map(|at| &pickle[at..at + 3]);
        assert_eq!(lines.collect::<Vec<_>>(), ["who", "ann"]);
    }

    #[test]
    fn longer_words_are_not_cut() {
        for text in ["joann@contoso.com", "x\0joann@contoso.com\0y", "\u{1}joann@contoso.comx, jo"]
        {
            assert!(parts(text.as_bytes()).iter().any(|part| part.contains("joann@contoso.com")));
        }
        // The number of a row may be the length of a part of what stands behind it.
        for width in [4, 8] {
            let number = &2u64.to_le_bytes()[..width];
            let three = &3u64.to_le_bytes()[..width];
            for bytes in
                [[number, b"jo.ann@contoso.com\0"].concat(), [three, b"jo.ann@x.de\x01"].concat()]
            {
                assert_eq!(parts(&bytes).len(), 1, "{bytes:?}");
            }
        }
    }
}
