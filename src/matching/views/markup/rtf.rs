//! Rich Text Format: control words left out, letters beyond ASCII spelled out.
//!
//! Microsoft's Rich Text Format Specification 1.9.1: `\'hh` is a byte in the code page of the
//! document or of the font that is on, `\uN` a character followed by so many in place of it as
//! `\ucN` says.

use std::collections::HashMap;
use std::io::{self, Read};

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
    WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};
use memchr::memchr3;

/// Letters of a control word, and digits of its parameter, at most.
const NAME_BYTES_MAX: usize = 40;
const DIGITS_MAX: usize = 10;

/// The longest control: a backslash, its name, a sign, its parameter and a space.
const CONTROL_BYTES_MAX: usize = NAME_BYTES_MAX + DIGITS_MAX + 3;

/// Bytes read at once.
const BLOCK_BYTES: usize = 16 << 10;

/// How deep groups are followed; deeper ones have the state of those around them.
const DEPTH_MAX: usize = 200;

/// What an RTF stream says, as UTF-8.
pub struct Rtf<R> {
    inner: R,
    bytes: Vec<u8>,
    said: Said,
    given: usize,
    ended: bool,
}

impl<R: Read> Rtf<R> {
    /// Reads `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, bytes: Vec::new(), said: Said::default(), given: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.said.text.clear();
        self.given = 0;
        let kept = self.bytes.len();
        self.bytes.resize(kept + BLOCK_BYTES, 0);
        let read = self.inner.read(&mut self.bytes[kept..]);
        self.bytes.truncate(kept + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        let whole = if self.ended { 0 } else { CONTROL_BYTES_MAX };
        let mut at = 0;
        while at < self.bytes.len().saturating_sub(whole) {
            at += self.said.next(&self.bytes[at..]);
        }
        if self.ended {
            self.said.flush();
        }
        self.bytes.drain(..at.min(self.bytes.len()));
        Ok(())
    }
}

impl<R: Read> Read for Rtf<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.said.text.len() && !self.ended {
            self.refill()?;
        }
        let len = buffer.len().min(self.said.text.len() - self.given);
        buffer[..len].copy_from_slice(&self.said.text.as_bytes()[self.given..self.given + len]);
        self.given += len;
        Ok(len)
    }
}

#[derive(Clone, Copy)]
struct State {
    charset: &'static Encoding,
    /// Characters after `\uN` that stand in its place.
    instead: usize,
}

struct Said {
    text: String,
    state: State,
    outer: Vec<State>,
    /// Charsets of fonts; the font that is being described.
    fonts: HashMap<i64, &'static Encoding>,
    font: i64,
    /// The charset of the document.
    document: &'static Encoding,
    /// Bytes of characters that are not spelled to their end.
    bytes: Vec<u8>,
    /// Characters that are still to be passed over.
    passed: usize,
    /// The first half of a character of the higher planes.
    high: Option<u16>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            text: String::new(),
            state: State { charset: WINDOWS_1252, instead: 1 },
            outer: Vec::new(),
            fonts: HashMap::new(),
            font: 0,
            document: WINDOWS_1252,
            bytes: Vec::new(),
            passed: 0,
            high: None,
        }
    }
}

impl Said {
    /// Takes what the bytes begin with and tells its length.
    fn next(&mut self, bytes: &[u8]) -> usize {
        match memchr3(b'\\', b'{', b'}', bytes) {
            Some(0) => self.control(bytes),
            sign => {
                let len = sign.unwrap_or(bytes.len());
                self.plain(&bytes[..len]);
                len
            }
        }
    }

    /// Text without signs. Line breaks in it mean nothing.
    fn plain(&mut self, bytes: &[u8]) {
        let skipped = self.passed.min(bytes.len());
        self.passed -= skipped;
        let shown = bytes[skipped..].iter().filter(|byte| !matches!(byte, b'\r' | b'\n'));
        self.bytes.extend(shown);
    }

    /// What begins with a sign; tells its length.
    fn control(&mut self, bytes: &[u8]) -> usize {
        match (bytes[0], bytes.get(1)) {
            (b'{', _) => {
                self.flush();
                if self.outer.len() < DEPTH_MAX {
                    self.outer.push(self.state);
                }
                self.passed = 0;
                1
            }
            (b'}', _) => {
                self.flush();
                self.state = self.outer.pop().unwrap_or(self.state);
                self.passed = 0;
                1
            }
            (_, Some(b'\'')) => match spelled(bytes) {
                Some(byte) => {
                    self.plain(&[byte]);
                    4
                }
                None => 2,
            },
            (_, Some(first)) if first.is_ascii_alphabetic() => self.word(bytes),
            (_, Some(b'~')) => self.letter(b' '),
            (_, Some(b'_')) => self.letter(b'-'),
            (_, Some(b'-' | b'*' | b'|' | b':')) => 2,
            (_, Some(sign @ (b'\\' | b'{' | b'}'))) => self.letter(*sign),
            (_, Some(b'\r' | b'\n')) => {
                self.sign("\n");
                2
            }
            _ => 1,
        }
    }

    fn letter(&mut self, byte: u8) -> usize {
        self.plain(&[byte]);
        2
    }

    /// Adds the characters that were spelled byte by byte.
    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.text.push_str(&self.state.charset.decode_without_bom_handling(&self.bytes).0);
            self.bytes.clear();
        }
    }

    /// A control word with its parameter and the space that ends it.
    fn word(&mut self, bytes: &[u8]) -> usize {
        let letters = bytes[1..].iter().take(NAME_BYTES_MAX);
        let name_end = 1 + letters.take_while(|byte| byte.is_ascii_alphabetic()).count();
        let signed = usize::from(bytes.get(name_end) == Some(&b'-'));
        let digits = bytes[name_end + signed..].iter().take(DIGITS_MAX);
        let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
        let end = if digits > 0 { name_end + signed + digits } else { name_end };
        let ascii = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let number = ascii(&bytes[name_end..end]).parse::<i64>().ok();
        self.meaning(&ascii(&bytes[1..name_end]), number);
        end + usize::from(bytes.get(end) == Some(&b' '))
    }

    fn meaning(&mut self, name: &str, number: Option<i64>) {
        match (name, number) {
            ("u", Some(unit)) => self.unit(unit),
            ("uc", Some(count)) => self.state.instead = count.clamp(0, 8) as usize,
            ("ansicpg", Some(page)) => {
                self.flush();
                self.document = code_page(page).unwrap_or(self.document);
                self.state.charset = self.document;
            }
            ("f", Some(font)) => {
                self.flush();
                self.font = font;
                self.state.charset = self.fonts.get(&font).copied().unwrap_or(self.document);
            }
            ("fcharset", Some(number)) => {
                if let Some(charset) = font_charset(number) {
                    self.fonts.insert(self.font, charset);
                }
            }
            ("par" | "sect" | "page" | "row", _) => self.sign("\u{fffd}\n"),
            ("line", _) => self.sign("\n"),
            ("tab" | "cell" | "nestcell", _) => self.sign("\t"),
            ("emspace" | "enspace" | "qmspace", _) => self.sign(" "),
            ("lquote" | "rquote", _) => self.sign("'"),
            ("endash" | "emdash", _) => self.sign("-"),
            _ => {}
        }
    }

    fn sign(&mut self, sign: &str) {
        self.flush();
        self.passed = 0;
        self.text.push_str(sign);
    }

    /// A UTF-16 unit, written as a signed number.
    fn unit(&mut self, unit: i64) {
        self.flush();
        self.passed = self.state.instead;
        let unit = unit.rem_euclid(1 << 16) as u16;
        let high = self.high.take();
        match char::decode_utf16(high.into_iter().chain([unit])).next() {
            Some(Ok(c)) => self.text.push(c),
            _ => self.high = Some(unit),
        }
    }
}

/// The byte in `\'hh` at the start.
fn spelled(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    Some((digit(2)? << 4 | digit(3)?) as u8)
}

/// The charset of a code page of Windows.
fn code_page(number: i64) -> Option<&'static Encoding> {
    Some(match number {
        874 => WINDOWS_874,
        932 => SHIFT_JIS,
        936 => GBK,
        949 => EUC_KR,
        950 => BIG5,
        1250 => WINDOWS_1250,
        1251 => WINDOWS_1251,
        1252 => WINDOWS_1252,
        1253 => WINDOWS_1253,
        1254 => WINDOWS_1254,
        1255 => WINDOWS_1255,
        1256 => WINDOWS_1256,
        1257 => WINDOWS_1257,
        1258 => WINDOWS_1258,
        _ => return None,
    })
}

/// The charset that a font has its letters in.
fn font_charset(number: i64) -> Option<&'static Encoding> {
    let page = match number {
        0 => 1252,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    };
    code_page(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8]) -> String {
        let mut text = String::new();
        Rtf::new(bytes).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn what_a_letter_says() {
        for (written, expected) in [
            (r"{\rtf1\ansi Zo\'eb Lef\'e8vre\par}", "Zoë Lefèvre\u{fffd}\n"),
            (r"{\rtf1\ansi\ansicpg1251 \'c0\'ed\'ed\'e0}", "Анна"),
            (
                r"{\rtf1{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128 B;}}\f1 \'8e\'52\'93\'63}",
                "A;B;山田",
            ),
            (r"{\rtf1\ansicpg932\f1 \'8eR\'93c}", "山田"),
            (r"{\rtf1 Zo\u235? Lef\u232\'e8vre}", "Zoë Lefèvre"),
            (r"{\rtf1\uc0 Zo\u235 x}", "Zoëx"),
            (r"{\rtf1\uc2 Zo\u235\'a1\'a2x}", "Zoëx"),
            (r"{\rtf1 \u-10179?\u-8704?}", "😀"),
            (r"{\rtf1 {\b An}{\i n}\~Lee, \{x\}}", "Ann Lee, {x}"),
            ("{\\rtf1 An\r\nn}", "Ann"),
        ] {
            assert_eq!(said(written.as_bytes()), expected, "{written}");
        }
    }

    #[test]
    fn blocks_cut_nothing() {
        for before in BLOCK_BYTES - 80..BLOCK_BYTES + 4 {
            let text = format!("{{\\rtf1 {}Zo\\'eb \\u232?\\b x}}", "a".repeat(before));
            assert!(said(text.as_bytes()).ends_with("aZoë èx"), "{before}");
        }
    }
}
