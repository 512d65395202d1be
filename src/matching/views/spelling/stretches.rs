//! What is no UTF-16 or UTF-32 in a stream of it: programs append to files in a charset of their
//! own.

/// Stretches of UTF-8 in a stream of two or four bytes a character.
#[derive(Default)]
pub struct Stretches(Vec<u8>);

/// So many bytes of plain text in a row are no characters of two bytes each.
const STRETCH_BYTES_MIN: usize = 10;

/// Bytes of one stretch that are held; Chinese in two bytes a character has no zeros to end it.
const STRETCH_BYTES_MAX: usize = 64 << 10;

impl Stretches {
    /// Adds those that end in these bytes, apart from each other.
    pub fn pass(&mut self, bytes: &[u8], ended: bool, out: &mut Vec<u8>) {
        let mut at = if self.0.is_empty() { 0 } else { self.take(bytes, 0, out) };
        // That a stretch is too short is told by its end first: between Latin letters there are
        // zeros.
        while let Some(part) = bytes.get(at..at + STRETCH_BYTES_MIN) {
            at = match part.iter().rposition(|byte| !is_text(*byte)) {
                Some(last) => at + last + 1,
                None => self.take(bytes, at, out),
            };
        }
        let rest = &bytes[at..];
        let last = rest.iter().rposition(|byte| !is_text(*byte)).map_or(0, |last| last + 1);
        self.0.extend_from_slice(&rest[last..]);
        if ended || self.0.len() > STRETCH_BYTES_MAX {
            self.end(out);
        }
    }

    /// Takes a stretch in, as far as it goes from here on, and tells where that is.
    fn take(&mut self, bytes: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
        let len = bytes[at..].iter().take_while(|byte| is_text(**byte)).count();
        self.0.extend_from_slice(&bytes[at..at + len]);
        if at + len < bytes.len() {
            self.end(out);
        }
        at + len
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.0.len() >= STRETCH_BYTES_MIN {
            for text in
                self.0.utf8_chunks().map(|chunk| chunk.valid()).filter(|text| is_plain(text))
            {
                out.extend_from_slice("\u{fffd}\n".as_bytes());
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice("\u{fffd}\n".as_bytes());
            }
        }
        self.0.clear();
    }
}

/// Whether a stream begins with such a stretch among others.
pub fn is_mixed(head: &[u8]) -> bool {
    let mut out = Vec::new();
    Stretches::default().pass(head, true, &mut out);
    !out.is_empty()
}

/// Where characters of two bytes begin at an odd offset of these bytes: something of an odd length
/// stands before them.
pub fn shifted(bytes: &[u8], little: bool) -> Option<usize> {
    const LETTERS: usize = 3;
    let (letter, zero) = if little { (0, 1) } else { (1, 0) };
    let is_shifted = |at: &usize| {
        let pairs = bytes[*at..*at + 2 * LETTERS].as_chunks::<2>().0;
        pairs.iter().all(|pair| pair[zero] == 0 && is_text(pair[letter]))
    };
    let at = (1..bytes.len().saturating_sub(2 * LETTERS - 1)).step_by(2).find(is_shifted)?;
    // Letters without a zero may stand before them, after the end of a line of bytes.
    let is_end = |end: &usize| {
        let beside =
            if little { bytes.get(end + 1) } else { end.checked_sub(1).map(|at| &bytes[at]) };
        bytes[*end] == b'\n' && beside != Some(&0)
    };
    let end = (0..at).rev().step_by(2).take(LINE_CHARS_MAX).find(is_end);
    Some(end.map_or(at, |end| end + 1))
}

/// Characters of a line among which it may begin.
const LINE_CHARS_MAX: usize = 2 << 10;

fn is_text(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r')
}

/// Whether a text is long enough, and of letters that most texts are made of.
fn is_plain(text: &str) -> bool {
    let is_usual = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || !c.is_ascii() || " .@_-\r\n".contains(c)
    };
    let usual: usize = text.chars().filter(|c| is_usual(*c)).map(char::len_utf8).sum();
    text.len() >= STRETCH_BYTES_MIN && usual * 10 >= text.len() * 7
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn utf8_in_utf16() {
        let bytes = [utf16("log\n"), b"by Mira Osei\n".to_vec(), utf16("more\n")].concat();
        for cut in 0..bytes.len() {
            let (mut stretches, mut out) = (Stretches::default(), Vec::new());
            stretches.pass(&bytes[..cut], false, &mut out);
            stretches.pass(&bytes[cut..], true, &mut out);
            assert!(String::from_utf8(out).unwrap().contains("by Mira Osei"));
        }
        assert_eq!(shifted(&bytes, true), Some(21));
        let plain = utf16("山田 太郎 and Ann: 汉语, plain English too\n");
        let mut out = Vec::new();
        Stretches::default().pass(&plain, true, &mut out);
        assert_eq!((shifted(&plain, true), out.len()), (None, 0));
    }
}
