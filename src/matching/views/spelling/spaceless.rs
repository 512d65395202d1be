//! Scripts in which no space says where a word ends.

/// Scripts written without spaces between words.
pub fn is_spaceless(c: char) -> bool {
    matches!(c as u32,
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1100..=0x11ff | 0x1780..=0x17ff
        | 0x2e80..=0x312f | 0x3130..=0x9fff | 0xa960..=0xa97f | 0xac00..=0xd7ff
        | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// Whether a letter or digit would make an adjoining word longer.
pub fn continues_word(c: char) -> bool {
    // Nearly all are ASCII, of which no table need be asked.
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() && !is_spaceless(c) }
}

/// Whether a character may stand in the local part of an address, or in a dotted word.
pub fn is_local(c: char) -> bool {
    // Nearly all are ASCII, of which no table need be asked.
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+'),
        false => continues_word(c),
    }
}
