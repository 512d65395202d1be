//! Numbers in bytes.

/// A number of so many bytes, eight at most, the low one first.
pub fn little(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(width)?)?;
    Some(part.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// A number of so many bytes, eight at most, the high one first.
pub fn big(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(width)?)?;
    Some(part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
