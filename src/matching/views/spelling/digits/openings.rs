//! What bytes begin with that are packed, encrypted or stored: what digits spell may be such, and
//! is decoded only then or where it is text.

use crate::matching::views::spelling::noise::holds_text;

/// Whether bytes could be text or something packed: random bytes seldom look so.
pub fn is_promising(bytes: &[u8]) -> bool {
    holds_text(bytes) || begins_packed(bytes)
}

/// Whether bytes begin as something packed, encrypted or stored does; a form's own check may say
/// that they are none.
pub fn begins_packed(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else { return false };
    FIRST[usize::from(*first)] && OPENINGS.iter().any(|sign| bytes.starts_with(sign))
        || begins_zlib(bytes)
        || bytes.get(8..12) == Some(b"DUCK")
        || bytes.get(7..14) == Some(b"**ACE**")
        || bytes.get(1..4) == Some(b"\x2a\x4d\x18") && first & 0xf0 == 0x50
        || is_cms(bytes)
        || bytes.len() >= WEAK_BYTES_MIN && begins_weakly(bytes)
}

/// Signs of two bytes stand in every few thousandth hash; hashes are shorter.
const WEAK_BYTES_MIN: usize = 72;

fn begins_weakly(bytes: &[u8]) -> bool {
    // The bits of a code, and flags of which two mean nothing.
    let is_compress = |flags: u8| (9..=16).contains(&(flags & 0x1f)) && flags & 0x60 == 0;
    bytes.starts_with(b"\x1f\x9d") && is_compress(bytes[2]) || is_openpgp(bytes)
}

/// A header of RFC 1950 without a dictionary.
pub fn begins_zlib(bytes: &[u8]) -> bool {
    let [first, second, ..] = *bytes else { return false };
    first & 0x0f == 8
        && first >> 4 <= 7
        && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31)
        && second & 0x20 == 0
}

/// What forms begin with that are known by their first bytes.
const OPENINGS: [&[u8]; 64] = [
    b"\x9e\xa8b2frame\0",
    b"$FL2@(#)",
    b"$FL3@(#)",
    b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92",
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08PK",
    b"\x28\xb5\x2f\xfd",
    b"\x28\xb5\x2f\xfc",
    b"\x1e\xb5\x2f\xfd",
    b"\x22\xb5\x2f\xfd",
    b"\x23\xb5\x2f\xfd",
    b"\x24\xb5\x2f\xfd",
    b"\x25\xb5\x2f\xfd",
    b"\x26\xb5\x2f\xfd",
    b"\x27\xb5\x2f\xfd",
    b"\xfd7zXZ\0",
    b"BZh",
    b"]\0\0",
    b"Rar!\x1a\x07",
    b"\x04\x22\x4d\x18",
    b"\x02\x21\x4c\x18",
    b"\xff\x06\0\0sNaPpY",
    b"LZIP",
    b"MSCF\0\0\0\0",
    b"\x89LZO\0",
    b"LRZI\0",
    b"ZV\x05",
    b"7kSt\xa01\x83\xd3",
    b"xar!\0",
    b"MSWIM\0\0\0",
    b"bvx2",
    b"\x60\xea",
    b"age-encryption.org/",
    b"Salted__",
    b"-----BEGIN PGP MESSAGE",
    b"VimCrypt~0",
    b"\0GITCRYPT\0",
    b"LUKS\xba\xbe",
    b"\x03\xd9\xa2\x9a",
    b"AES\x01\0",
    b"AES\x02\0",
    b"\xc0\xb9\x07\x2e\x4f\x93\xf1\x46",
    b"PARE",
    b"PAR1",
    b"Obj\x01",
    b"ORC",
    b"FEA1",
    b"ARROW1",
    b"\xff\xff\xff\xff",
    b"SQLite format 3\0",
    b"\x37\x7f\x06\x82\0\x2d\xe2\x18",
    b"\x37\x7f\x06\x83\0\x2d\xe2\x18",
    b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",
    b"\x89HDF\r\n\x1a\n",
    b"%PDF-",
    b"PACK\0\0\0\x02",
    b"# v2 git bundle\n",
    b"# v3 git bundle\n",
    b"7z\xbc\xaf\x27\x1c",
    b"\x89PNG\r\n\x1a\n",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"gAAAAAB",
];

/// The first bytes of these: most bytes are told by one.
const FIRST: [bool; 256] = {
    let mut first = [false; 256];
    let mut at = 0;
    while at < OPENINGS.len() {
        first[OPENINGS[at][0] as usize] = true;
        at += 1;
    }
    first
};

/// Whether bytes begin as a message that is encrypted for somebody, RFC 5652: a sequence whose
/// first member says so, as S/MIME and PKCS #7 have it.
pub fn is_cms(bytes: &[u8]) -> bool {
    const ENVELOPED: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
    let [0x30, len, rest @ ..] = bytes else { return false };
    let width = if *len < 0x80 { 0 } else { usize::from(len & 0x7f) };
    width <= 4 && rest.get(width..).is_some_and(|body| body.starts_with(ENVELOPED))
}

/// Whether bytes begin as a message of `OpenPGP` that is encrypted, RFC 9580: a session key for
/// somebody or of a passphrase, or encrypted data itself.
pub fn is_openpgp(bytes: &[u8]) -> bool {
    let Some((tag, len, body)) = packet(bytes) else { return false };
    match (tag, body) {
        (1, [2..=6, ..]) | (3, [4..=6, ..]) => {
            // Another one, or the data.
            let next = len.and_then(|len| body.get(len..));
            next.is_some_and(|next| {
                packet(next).is_some_and(|(tag, _, _)| matches!(tag, 1 | 3 | 9 | 18 | 20))
            })
        }
        (18, [1 | 2, ..]) => len.is_none_or(|len| body.len() == len),
        _ => false,
    }
}

/// The type of a packet, the length of its body where it is known, and what follows its header.
fn packet(bytes: &[u8]) -> Option<(u8, Option<usize>, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let number =
        |bytes: &[u8]| bytes.iter().fold(0usize, |all, byte| all << 8 | usize::from(*byte));
    let header = |width: usize| Some((number(rest.get(..width)?), &rest[width..]));
    match (first & 0xc0, first & 3) {
        (0x80, 3) => Some((first >> 2 & 15, None, rest)),
        (0x80, kind) => {
            let (len, body) = header(1 << kind)?;
            Some((first >> 2 & 15, Some(len), body))
        }
        (0xc0, _) => {
            let tag = first & 63;
            match rest.first()? {
                len @ 0..=191 => Some((tag, Some(usize::from(*len)), &rest[1..])),
                192..=223 => {
                    let (len, body) = header(2)?;
                    Some((tag, Some(len - (192 << 8) + 192), body))
                }
                224..=254 => Some((tag, None, &rest[1..])),
                255 => Some((tag, Some(number(rest.get(1..5)?)), &rest[5..])),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_openpgp_are_told_by_their_packets() {
        let passphrase =
            b"\x8c\x0d\x04\x09\x03\x02\x45\x09\x65\x16\xae\x14\x23\xeb\xff\xd2\x81\x01KH";
        let key = [&b"\x85\x00\x06\x03abcde\xd2"[..], &[9, 1, 2]].concat();
        for bytes in [&passphrase[..], &key] {
            assert!(is_openpgp(bytes));
        }
        for bytes in
            [&b"\x89PNG\r\n\x1a\n"[..], b"\x8c\x0dann@contoso.com", b"\x80\x04\x95", b"text"]
        {
            assert!(!is_openpgp(bytes));
        }
    }
}
