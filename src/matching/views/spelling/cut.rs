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
