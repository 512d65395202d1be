//! Widths of strings that a binary tells of: the types of numpy, and those of HDF5.

use memchr::{memchr_iter, memchr2_iter};

/// More are of no one array.
const WIDTHS_MAX: usize = 8;

/// Shorter strings hold no identity.
const WIDTH_MIN: usize = 4;

/// Widths that are told somewhere.
#[derive(Default)]
pub struct Widths {
    /// Of strings of one byte a character.
    pub narrow: Vec<usize>,
    /// Of strings of four.
    pub wide: Vec<usize>,
}

/// The widths told in these bytes: `|S27` and `<U27`, as headers and pickles have it, and the
/// strings among HDF5's types.
pub fn widths(bytes: &[u8]) -> Widths {
    let mut widths = Widths::default();
    for at in memchr2_iter(b'S', b'U', bytes) {
        let is_word = at.checked_sub(1).is_some_and(|at| bytes[at].is_ascii_alphanumeric());
        let digits = bytes[at + 1..].iter().take(7).take_while(|byte| byte.is_ascii_digit());
        let end = at + 1 + digits.count();
        let told = std::str::from_utf8(&bytes[at + 1..end]).ok();
        if let Some(width) = told.filter(|_| !is_word).and_then(|digits| digits.parse().ok()) {
            let of = if bytes[at] == b'S' { &mut widths.narrow } else { &mut widths.wide };
            admit(of, width);
        }
    }
    // Class 3, a string: how it is padded, and its size.
    for at in memchr_iter(0x13, bytes) {
        if let Some([_, 0..=2, 0, 0, low, high, 0, 0]) = bytes.get(at..at + 8) {
            admit(&mut widths.narrow, usize::from(u16::from_le_bytes([*low, *high])));
        }
    }
    widths
}

fn admit(widths: &mut Vec<usize>, width: usize) {
    if width >= WIDTH_MIN && widths.len() < WIDTHS_MAX && !widths.contains(&width) {
        widths.push(width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_told() {
        let bytes = b"'descr': '|S27' \x8c\x03S36 <U17 AUS123 S3 SU \x13\x01\0\0\x10\0\0\0";
        let Widths { narrow, wide } = widths(bytes);
        assert_eq!((narrow, wide), (vec![27, 36, 16], vec![17]));
    }
}
