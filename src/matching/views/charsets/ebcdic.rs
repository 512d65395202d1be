//! Text of mainframes (EBCDIC), as code page 037 has it; 500, 1047 and 1140 have letters, digits
//! and `@` at the same places.
//!
//! Pages of other countries have letters where 037 has signs: 273 (Germany, 1141 with the euro) and
//! 280 (Italy) have `@` elsewhere, and so has 1026 (Turkey). Nothing in a text says which it is; a
//! sign amid a word is taken for the letter. The pages: <https://www.unicode.org/Public/MAPPINGS/>
//! and Python's `encodings`.

use std::io::{self, Read};

use memchr::memchr;

/// Fewer bytes are no text of a mainframe by their look alone.
const BYTES_MIN: usize = 16;

/// The upper three quarters, from 0x40 on.
const UPPER: &str = "\
    \u{20}\u{a0}âäàáãåçñ¢.<(+|&éêëèíîïìß!$*);¬-/ÂÄÀÁÃÅÇÑ¦,%_>?øÉÊËÈÍÎÏÌ`:#@'=\"Øabcdefghi\
    «»ðýþ±°jklmnopqrªºæ¸Æ¤µ~stuvwxyz¡¿ÐÝÞ®^£¥·©§¶¼½¾[]¯¨´×{ABCDEFGHI\u{ad}ôöòóõ}JKLM\
    NOPQR¹ûüùúÿ\\÷STUVWXYZ²ÔÖÒÓÕ0123456789³ÛÜÙÚ\u{9f}";

/// Whether a stream that starts like this is wholly plausible as such text.
///
/// It has blanks or what else parts words and fields, letters and digits where mainframes have
/// them, hardly anything else, and no blank of ASCII. Records of capitals have many blanks.
pub fn is_ebcdic(head: &[u8]) -> bool {
    if head.len() < BYTES_MIN || memchr(b' ', head).is_some() || memchr(b'\n', head).is_some() {
        return false;
    }
    let count = |is: fn(u8) -> bool| head.iter().filter(|byte| is(**byte)).count();
    // What else has no blanks, as base64, has no such words.
    let words = count(is_word);
    if words * 20 < head.len() {
        return false;
    }
    let blanks = count(|byte| byte == BLANK);
    let parts = count(|byte| matches!(byte, BLANK | 0x6b | 0x5e | 0x4f | 5 | 0x15 | 0x25));
    let plain = blanks + words + count(is_sign);
    let small = count(is_small);
    let vowels = count(|byte| matches!(byte, 0x81 | 0x85 | 0x89 | 0x96 | 0xa4 | 0xc1 | 0xc5));
    parts * 40 >= head.len()
        && plain * 100 >= head.len() * 95
        && words * 2 >= head.len() - blanks
        && (small * 3 >= words || blanks * 6 >= head.len())
        && vowels * 10 >= words
}

/// A blank.
const BLANK: u8 = 0x40;

/// Letters of ASCII, and digits.
fn is_word(byte: u8) -> bool {
    matches!(
        byte,
        0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9 | 0xc1..=0xc9 | 0xd1..=0xd9
            | 0xe2..=0xe9 | 0xf0..=0xf9
    )
}

/// Small letters of ASCII.
fn is_small(byte: u8) -> bool {
    matches!(byte, 0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9)
}

/// Signs of ASCII, or what stands there on pages of other countries, and the ends of lines.
fn is_sign(byte: u8) -> bool {
    matches!(
        byte,
        5 | 0x0d | 0x15 | 0x25 | 0x4a..=0x4e | 0x50 | 0x5a..=0x5e | 0x60 | 0x61 | 0x6a..=0x6f
            | 0x7a..=0x7f | 0xa1 | 0xb5 | 0xc0 | 0xd0 | 0xe0
    )
}

/// A stream of such text, read as UTF-8.
pub struct Ebcdic<R> {
    inner: R,
    upper: Vec<char>,
    /// The byte before, and what was read and waits for the byte behind it.
    before: u8,
    waiting: Option<u8>,
    /// What was decoded and not given yet.
    text: Vec<u8>,
    given: usize,
}

impl<R: Read> Ebcdic<R> {
    /// Reads `inner`.
    pub fn new(inner: R) -> Self {
        let upper = UPPER.chars().collect();
        Self { inner, upper, before: BLANK, waiting: None, text: Vec::new(), given: 0 }
    }

    /// What a byte is between these.
    fn char(&self, before: u8, byte: u8, behind: u8) -> char {
        let is_own = |byte| matches!(byte, 0x6a | 0xc0 | 0xd0);
        let is_amid = (is_word(before) || is_own(before)) && (is_small(behind) || is_own(behind));
        match byte {
            0xb5 | 0xae if is_word(before) && is_word(behind) => '@',
            0xc0 if is_amid => 'ä',
            0x6a if is_amid => 'ö',
            0xd0 if is_amid => 'ü',
            5 => '\t',
            0x0d => '\r',
            0x15 | 0x25 => '\n',
            0..0x40 => ' ',
            _ => self.upper[usize::from(byte) - 0x40],
        }
    }
}

impl<R: Read> Ebcdic<R> {
    /// Goes on by some bytes; nothing is left to be given at the end alone.
    fn decode(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4 << 10];
        let read = self.inner.read(&mut bytes)?;
        let end = (read == 0).then_some(BLANK);
        let mut text = String::new();
        for behind in bytes[..read].iter().copied().chain(end) {
            if let Some(byte) = self.waiting.replace(behind) {
                text.push(self.char(self.before, byte, behind));
                self.before = byte;
            }
        }
        self.waiting = self.waiting.filter(|_| read > 0);
        (self.text, self.given) = (text.into_bytes(), 0);
        // The first byte alone waits, and gives nothing yet.
        if self.text.is_empty() && read > 0 { self.decode() } else { Ok(()) }
    }
}

impl<R: Read> Read for Ebcdic<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.decode()?;
        }
        let len = buffer.len().min(self.text.len() - self.given);
        buffer[..len].copy_from_slice(&self.text[self.given..self.given + len]);
        self.given += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_other_pages_amid_words() {
        // As code page 273 has it.
        let bytes = encoded("Gr}n an J¦rg M}ller, J{ger§contoso.com, 5 {a}, § 3, a~b ");
        assert!(is_ebcdic(&bytes));
        let mut read = String::new();
        // Whatever the pieces are in which it comes.
        let pieces = bytes
            .chunks(1)
            .fold(Box::new(io::empty()) as Box<dyn Read>, |all, piece| Box::new(all.chain(piece)));
        Ebcdic::new(pieces).read_to_string(&mut read).unwrap();
        assert_eq!(read, "Grün an Jörg Müller, Jäger@contoso.com, 5 {a}, § 3, a~b ");
    }

    /// A text in code page 037, as far as the table goes.
    fn encoded(text: &str) -> Vec<u8> {
        let upper: Vec<char> = UPPER.chars().collect();
        let byte = |c: char| match c {
            '\n' => 0x15,
            c => 0x40 + upper.iter().position(|known| *known == c).unwrap() as u8,
        };
        text.chars().map(byte).collect()
    }

    #[test]
    fn what_mainframes_wrote() {
        assert_eq!(UPPER.chars().count(), 0xc0);
        for text in [
            "Report of the week\nby Ann Lefèvre, ann@contoso.com\n",
            "OSEI, MIRA          mira.osei@nordlicht.example   Berlin     ",
            "id,mail,v\n0,ann@contoso.com,0.5\n1,bob@contoso.com,1.0\n",
            "OSEI      MIRA      BERLIN    LINDENSTRASSE 4     ",
        ] {
            let bytes = encoded(text);
            assert!(is_ebcdic(&bytes), "{text}");
            let mut read = String::new();
            Ebcdic::new(bytes.as_slice()).read_to_string(&mut read).unwrap();
            assert_eq!(read, text);
        }
        let sjis = "担当者は山田太郎です、よろしくお願いします";
        for bytes in [
            b"plain text by ann@contoso.com".to_vec(),
            encoding_rs::SHIFT_JIS.encode(sjis).0.into_owned(),
            encoding_rs::GBK.encode("李明负责模型训练，请联系我们").0.into_owned(),
            encoding_rs::WINDOWS_1251.encode("привет@всем@нам").0.into_owned(),
            encoding_rs::WINDOWS_1252.encode("ÀÁÂÃÄÅ@ÀÁÂÃÄÅ@ÀÁÂÃÄÅ").0.into_owned(),
            vec![0x40; 64],
            (0u8..=255).cycle().take(4096).collect(),
            encoded("Ann Lefèvre"),
        ] {
            assert!(!is_ebcdic(&bytes), "{bytes:?}");
        }
    }
}
