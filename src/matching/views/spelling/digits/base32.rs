//! Base32, RFC 4648: capital letters and the digits from two to seven, or digits and the letters
//! up to V.

use crate::matching::views::spelling::digits::openings::is_promising;

/// What a run spells; `None` if it is none.
pub fn decoded(run: &[u8]) -> Option<Vec<u8>> {
    let plain = |byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    };
    let hex = |byte| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'V' => Some(byte - b'A' + 10),
        _ => None,
    };
    let plain = in_alphabet(run, plain);
    let is_sure = plain.as_ref().is_some_and(|bytes| is_promising(bytes));
    // Sixteen digits are those of hashes.
    let is_hash = run.iter().all(u8::is_ascii_hexdigit);
    let hex = if is_sure || is_hash { None } else { in_alphabet(run, hex) };
    hex.filter(|bytes| is_promising(bytes)).or(plain)
}

fn in_alphabet(run: &[u8], value: impl Fn(u8) -> Option<u8>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(run.len() * 5 / 8);
    let (mut group, mut bits) = (0u32, 0);
    for byte in run {
        group = group << 5 | u32::from(value(*byte)?);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits) as u8);
            group &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_spell_bytes() {
        assert_eq!(decoded(b"NVUXEYJON5ZWK2I").as_deref(), Some(b"mira.osei".as_slice()));
        assert_eq!(decoded(b"DLKN4O9EDTPMAQ8A").as_deref(), Some(b"mira.osei\n".as_slice()));
        assert_eq!(decoded(b"nvux"), None);
    }
}
