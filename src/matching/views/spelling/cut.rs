//! Cutting a text near an offset without cutting a character.

/// The last character boundary at or before `at`.
pub fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first character boundary at or after `at`.
pub fn ceil(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// The first byte from `from` on that is not ASCII.
pub fn next_beyond_ascii(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    // In blocks, which the compiler turns into a few wide instructions.
    while let Some(block) = bytes.get(at..at + 128) {
        if block.iter().fold(0, |all, byte| all | byte) >= 0x80 {
            break;
        }
        at += 128;
    }
    bytes[at.min(bytes.len())..].iter().position(|byte| !byte.is_ascii()).map(|offset| at + offset)
}

/// Whether a window is UTF-8, but for characters that its ends cut.
pub fn is_utf8(bytes: &[u8]) -> bool {
    let (start, end) = whole_characters(bytes);
    std::str::from_utf8(&bytes[start..end]).is_ok()
}

/// The part of a window that no cut went through.
pub fn whole_characters(bytes: &[u8]) -> (usize, usize) {
    let start = bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    let end = (0..bytes.len().min(4))
        .map(|back| bytes.len() - 1 - back)
        .find(|at| bytes[*at] & 0xc0 != 0x80)
        .filter(|at| {
            let len = match bytes[*at] {
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0.. => 4,
                _ => 1,
            };
            at + len > bytes.len()
        })
        .unwrap_or(bytes.len());
    (start.min(end), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_beyond_ascii() {
        let text = format!("{}é{}", "a".repeat(200), "b".repeat(300));
        assert_eq!(next_beyond_ascii(text.as_bytes(), 0), Some(200));
        assert_eq!(next_beyond_ascii(text.as_bytes(), 202), None);
    }
}
