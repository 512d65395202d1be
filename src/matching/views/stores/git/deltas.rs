//! Versions told by what they copy from others, and what they add.

use std::ops::Range;

/// Bytes of a version.
pub const VERSION_BYTES_MAX: usize = 24 << 20;

/// What a version is, and where in it something copied and something else meet.
#[derive(Debug, Default, PartialEq)]
pub struct Version {
    /// All of it.
    pub bytes: Vec<u8>,
    /// Where what was copied ends, or begins.
    pub seams: Vec<usize>,
}

/// The version that a delta makes of a base; `None` if it is none.
pub fn applied(base: &[u8], delta: &[u8]) -> Option<Version> {
    let mut rest = delta.iter().copied();
    let (base_len, len) = (size(&mut rest)?, size(&mut rest)?);
    if base_len != base.len() as u64 || len > VERSION_BYTES_MAX as u64 {
        return None;
    }
    let mut version = Version::default();
    while let Some(control) = rest.next() {
        if control & 0x80 != 0 {
            let mut number = |first: u32, count: u32| {
                (0..count).try_fold(0usize, |number, byte| {
                    let is_told = control >> (first + byte) & 1 != 0;
                    let value = if is_told { usize::from(rest.next()?) } else { 0 };
                    Some(number | value << (8 * byte))
                })
            };
            let (start, len) = (number(0, 4)?, number(4, 3)?);
            let len = if len == 0 { 0x1_0000 } else { len };
            version.bytes.extend_from_slice(base.get(start..start + len)?);
        } else {
            for _ in 0..control {
                version.bytes.push(rest.next()?);
            }
            if control == 0 {
                return None;
            }
        }
        if version.bytes.len() as u64 > len {
            return None;
        }
        version.seams.push(version.bytes.len());
    }
    (version.bytes.len() as u64 == len).then_some(version)
}

/// A number of seven bits a byte, the low ones first.
fn size(rest: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = rest.next()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

impl Version {
    /// The parts around seams, in order and apart: the rest stands in the base as well.
    pub fn news(&self, near: usize) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        for seam in &self.seams {
            let start = seam.saturating_sub(near);
            let end = (seam + near).min(self.bytes.len());
            match parts.last_mut() {
                Some(last) if last.end >= start => last.end = end,
                _ => parts.push(start..end),
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_put_together() {
        let base = b"owner: Ann Smith, since 2024";
        // All up to the name, one word of its own, the rest.
        let delta = [28, 27, 0x90, 11, 4, b'L', b'e', b'f', b'a', 0x91, 16, 12];
        let version = applied(base, &delta).unwrap();
        assert_eq!(version.bytes, b"owner: Ann Lefa, since 2024");
        assert_eq!(
            (version.seams.as_slice(), version.news(2)),
            (&[11, 15, 27][..], vec![9..17, 25..27])
        );
        for len in 0..delta.len() {
            assert_eq!(applied(base, &delta[..len]), None);
        }
    }
}
