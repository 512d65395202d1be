//! Base32, RFC 4648: capital letters and the digits from two to seven.

/// What a run spells; `None` if it is none.
pub fn decoded(run: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(run.len() * 5 / 8);
    let (mut group, mut bits) = (0u32, 0);
    for byte in run {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        group = group << 5 | u32::from(value);
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
        assert_eq!(decoded(b"nvux"), None);
    }
}
