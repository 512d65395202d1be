//! Bytes that may be noise: what base64 gives if it was none, or is decoded from the wrong place.

/// Whether bytes are text throughout, and enough of them.
pub fn is_clean(bytes: &[u8]) -> bool {
    let odd = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    bytes.len() >= CLEAN_BYTES_MIN && !bytes.iter().any(odd) && std::str::from_utf8(bytes).is_ok()
}

/// So many bytes are no clean text by chance.
const CLEAN_BYTES_MIN: usize = 24;

/// Whether two bytes may be a character: many zeros, or some letters with the same between them.
pub fn may_be_wide(bytes: &[u8]) -> bool {
    const LETTERS: usize = 4;
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    let is_letter = |byte: u8| matches!(byte, b' '..=b'~');
    // Letters of one script have one high byte: a control character in Greek and Cyrillic.
    let is_high = |byte: u8| byte == 0 || matches!(byte, 1..=6);
    zeros * 32 > bytes.len()
        || zeros > 0
            && bytes.windows(2 * LETTERS).any(|part| {
                let high = part[1];
                let pairs = part.as_chunks::<2>().0;
                is_high(high)
                    && pairs.iter().all(|pair| pair[1] == high && (high > 0 || is_letter(pair[0])))
            })
}

/// Whether a byte is of plain text.
pub fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// A stretch of text, or mostly Latin-1 letters, or two bytes a character.
pub fn holds_text(bytes: &[u8]) -> bool {
    const STRETCH_BYTES: usize = 7;
    let (mut stretch, mut texty, mut zeros) = (0, 0, 0);
    // Bytes to come of a character beyond ASCII, and those that it has.
    let (mut expected, mut wide) = (0, 0);
    for &byte in bytes {
        if is_plain(byte) {
            (stretch, expected) = (if expected > 0 { 1 } else { stretch + 1 }, 0);
        } else if expected > 0 && byte & 0xc0 == 0x80 {
            expected -= 1;
            stretch += if expected == 0 { wide } else { 0 };
        } else {
            stretch = if expected == 0 && byte >= 0xc2 { stretch } else { 0 };
            wide = match byte {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            expected = wide - 1;
            stretch = if expected == 0 { 0 } else { stretch };
        }
        if stretch >= STRETCH_BYTES {
            return true;
        }
        texty += usize::from(is_plain(byte) | (byte >= 0xc0) | (byte == 0));
        zeros += usize::from(byte == 0);
    }
    texty * 10 > bytes.len() * 9 || zeros * 3 > bytes.len()
}
