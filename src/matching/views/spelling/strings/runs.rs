//! The stretches of text in a binary.

use std::ops::Range;

/// The stretches of UTF-8 without control characters, in order, longest as they are.
pub fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        let mut from = at;
        for (offset, byte) in chunk.valid().bytes().enumerate() {
            if !is_text(byte) {
                runs.push(from..at + offset);
                from = at + offset + 1;
            }
        }
        at += chunk.valid().len();
        runs.push(from..at);
        at += chunk.invalid().len();
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Whether a byte may belong to a text.
pub fn is_text(byte: u8) -> bool {
    !byte.is_ascii_control() || byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_what_is_none() {
        let bytes = b"\0ab\x01\x02c d\n\xff\xc3\xa9x\0";
        let texts: Vec<_> = runs(bytes).into_iter().map(|run| &bytes[run]).collect();
        assert_eq!(texts, [&b"ab"[..], b"c d\n", "éx".as_bytes()]);
    }
}
