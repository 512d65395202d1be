//! GUIDs in sixteen bytes, as columns of tables and base64 have them, written as text.

use uuid::Uuid;

/// Bytes of one.
pub const BYTES: usize = 16;

/// Digits of base64 that spell one.
pub const BASE64_DIGITS: usize = 22;

/// What sixteen bytes spell as a GUID, if they are no text.
///
/// In the order in which it is written, with its first parts turned, as Microsoft keeps them, and
/// with the low byte first, as Python keeps its number. A byte of a sign may stand behind.
pub fn spelled(bytes: &[u8]) -> Option<String> {
    let bytes = match bytes {
        [all @ .., 0] if all.len() == BYTES => all,
        all => all,
    };
    let be: [u8; BYTES] = bytes.try_into().ok()?;
    if is_text(&be) {
        return None;
    }
    let mut le = be;
    le.reverse();
    let guids = [Uuid::from_bytes(be), Uuid::from_bytes_le(be), Uuid::from_bytes(le)];
    Some(guids.map(|guid| guid.to_string()).join("\n"))
}

/// Whether all may be read: words of sixteen letters are no GUIDs.
pub fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_are_written_in_each_order() {
        let guid = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
        let be = hex::decode(guid.replace('-', "")).unwrap();
        let mixed = hex::decode("ff19966f868b11d0b42d00cf4fc964ff").unwrap();
        let le: Vec<u8> = be.iter().rev().copied().collect();
        let signed = [&le[..], &[0]].concat();
        for bytes in [be, mixed, le, signed] {
            assert!(spelled(&bytes).unwrap().lines().any(|line| line == guid), "{bytes:?}");
        }
        for bytes in [&b"sixteen letters!"[..], b"short", b"", &[1; 15], &[1; 18]] {
            assert_eq!(spelled(bytes), None);
        }
    }
}
