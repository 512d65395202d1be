//! Bytes that may be noise: what base64 gives if it was none, or is decoded from the wrong place.

use crate::matching::views::packing::sealed::{is_cms, is_openpgp};

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
fn begins_zlib(bytes: &[u8]) -> bool {
    let [first, second, ..] = *bytes else { return false };
    first & 0x0f == 8
        && first >> 4 <= 7
        && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31)
        && second & 0x20 == 0
}

/// What forms begin with that are known by their first bytes.
const OPENINGS: [&[u8]; 60] = [
    b"\x1f\x8b",
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

/// Whether bytes are text throughout, and enough of them.
pub fn is_clean(bytes: &[u8]) -> bool {
    let odd = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    bytes.len() >= CLEAN_BYTES_MIN && !bytes.iter().any(odd) && std::str::from_utf8(bytes).is_ok()
}

/// So many bytes are no clean text by chance.
const CLEAN_BYTES_MIN: usize = 24;

/// Whether two bytes may be a character: many zeros, or some letters with the same between them.
pub fn may_be_wide(bytes: &[u8]) -> bool {
    const LETTERS: usize = 4;
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    let is_letter = |byte: u8| matches!(byte, b' '..=b'~');
    // Letters of one script have one high byte: a control character in Greek and Cyrillic.
    let is_high = |byte: u8| byte == 0 || matches!(byte, 1..=6);
    zeros * 32 > bytes.len()
        || zeros > 0
            && bytes.windows(2 * LETTERS).any(|part| {
                let high = part[1];
                let pairs = part.as_chunks::<2>().0;
                is_high(high)
                    && pairs.iter().all(|pair| pair[1] == high && (high > 0 || is_letter(pair[0])))
            })
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// A stretch of text, or mostly Latin-1 letters, or two bytes a character.
fn holds_text(bytes: &[u8]) -> bool {
    const STRETCH_BYTES: usize = 7;
    let (mut stretch, mut texty, mut zeros) = (0, 0, 0);
    // Bytes to come of a character beyond ASCII, and those that it has.
    let (mut expected, mut wide) = (0, 0);
    for &byte in bytes {
        if is_plain(byte) {
            (stretch, expected) = (if expected > 0 { 1 } else { stretch + 1 }, 0);
        } else if expected > 0 && byte & 0xc0 == 0x80 {
            expected -= 1;
            stretch += if expected == 0 { wide } else { 0 };
        } else {
            stretch = if expected == 0 && byte >= 0xc2 { stretch } else { 0 };
            wide = match byte {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            expected = wide - 1;
            stretch = if expected == 0 { 0 } else { stretch };
        }
        if stretch >= STRETCH_BYTES {
            return true;
        }
        texty += usize::from(is_plain(byte) | (byte >= 0xc0) | (byte == 0));
        zeros += usize::from(byte == 0);
    }
    texty * 10 > bytes.len() * 9 || zeros * 3 > bytes.len()
}
