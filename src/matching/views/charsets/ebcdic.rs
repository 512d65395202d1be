//! Text of mainframes (EBCDIC), as code page 037 has it; 500, 1047 and 1140 have letters, digits
//! and `@` at the same places.

use std::io::{self, Read};

use memchr::memchr;

/// Fewer bytes are no text of a mainframe by their look alone.
const BYTES_MIN: usize = 16;

/// The upper three quarters, from 0x40 on.
const UPPER: &str = "\
    \u{20}\u{a0}âäàáãåçñ¢.<(+|&éêëèíîïìß!$*);¬-/ÂÄÀÁÃÅÇÑ¦,%_>?øÉÊËÈÍÎÏÌ`:#@'=\"Øabcdefghi\
    «»ðýþ±°jklmnopqrªºæ¸Æ¤µ~stuvwxyz¡¿ÐÝÞ®^£¥·©§¶¼½¾[]¯¨´×{ABCDEFGHI\u{ad}ôöòóõ}JKLM\
    NOPQR¹ûüùúÿ\\÷STUVWXYZ²ÔÖÒÓÕ0123456789³ÛÜÙÚ\u{9f}";

/// Whether a stream that starts like this is wholly plausible as such text: blanks, letters and
/// digits where mainframes have them, hardly anything else, and no blank of ASCII.
pub fn is_ebcdic(head: &[u8]) -> bool {
    if head.len() < BYTES_MIN || memchr(b' ', head).is_some() || memchr(b'\n', head).is_some() {
        return false;
    }
    let count = |is: fn(u8) -> bool| head.iter().filter(|byte| is(**byte)).count();
    let blanks = count(|byte| byte == BLANK);
    let words = count(is_word);
    let plain = blanks + words + count(is_sign);
    let small = count(|byte| matches!(byte, 0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9));
    let vowels = count(|byte| matches!(byte, 0x81 | 0x85 | 0x89 | 0x96 | 0xa4 | 0xc1 | 0xc5));
    blanks * 40 >= head.len()
        && words * 20 >= head.len()
        && plain * 100 >= head.len() * 95
        && words * 2 >= head.len() - blanks
        && small * 3 >= words
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

/// Signs of ASCII, and the ends of lines.
fn is_sign(byte: u8) -> bool {
    matches!(
        byte,
        0x4b..=0x4e | 0x50 | 0x5a..=0x5e | 0x60 | 0x61 | 0x6b..=0x6f | 0x7a..=0x7f
            | 5 | 0x0d | 0x15 | 0x25
    )
}

/// A stream of such text, read as UTF-8.
pub struct Ebcdic<R> {
    inner: R,
    upper: Vec<char>,
    /// What was decoded and not given yet.
    text: Vec<u8>,
    given: usize,
}

impl<R: Read> Ebcdic<R> {
    /// Reads `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, upper: UPPER.chars().collect(), text: Vec::new(), given: 0 }
    }

    fn char(&self, byte: u8) -> char {
        match byte {
            5 => '\t',
            0x0d => '\r',
            0x15 | 0x25 => '\n',
            0..0x40 => ' ',
            _ => self.upper[usize::from(byte) - 0x40],
        }
    }
}

impl<R: Read> Read for Ebcdic<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            let mut bytes = [0; 4 << 10];
            let read = self.inner.read(&mut bytes)?;
            let text: String = bytes[..read].iter().map(|byte| self.char(*byte)).collect();
            (self.text, self.given) = (text.into_bytes(), 0);
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
