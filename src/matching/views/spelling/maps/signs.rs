//! How pickles begin, databases, and files of programs for statistics.

/// What a file of Stata begins with, from version 13 on.
pub const SIGN: &[u8] = b"<stata_dta><header><release>11";

/// What a transport file begins with.
pub const TRANSPORT: &[u8] = b"HEADER RECORD*******LIB";

/// What a file of MATLAB begins with, of level 5; the rest of its line says where and when it was
/// written.
pub const MATLAB: &[u8] = b"MATLAB 5.0 MAT-file";

/// Whether a stream that starts like this is a database of LMDB: behind the head of its first page
/// stand a word and the version of the format.
pub fn is_lmdb(head: &[u8]) -> bool {
    head.get(16..24) == Some(b"\xde\xc0\xef\xbe\x01\0\0\0")
}

/// Whether a stream that starts like this is a file of Stata up to version 12: its
/// version, an order of bytes, a one and a zero.
pub fn is_older_stata(head: &[u8]) -> bool {
    let [113..=115, 1 | 2, 1, 0, ..] = head else { return false };
    let is_time = |stamp: &[u8]| stamp[0] == 0 || stamp[17] == 0 && filled(stamp).is_ascii();
    head.get(HEAD_BYTES - 18..HEAD_BYTES).is_some_and(is_time)
}

/// Bytes of the header of such a file.
pub const HEAD_BYTES: usize = 109;

/// A text without what fills it up.
pub fn filled(cell: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, cell).unwrap_or(cell.len());
    cell[..end].trim_ascii_end()
}

/// Whether a stream that starts like this is a pickle.
pub fn is_pickle(head: &[u8]) -> bool {
    let [0x80, protocol @ 2..=5, first, ..] = head else { return is_older_pickle(head) };
    let begins = b"}]()cXKMJNCU\x8c\x95\x8a";
    begins.contains(first) && (*protocol < 4 || *first == 0x95 || head.len() < SHORT_BYTES)
}

/// Whether one of the first two protocols starts like this: with something that is remembered by
/// its number, a class in two lines, or a tuple.
fn is_older_pickle(head: &[u8]) -> bool {
    let is_remembered = |rest: &[u8]| match rest {
        [b'p', number, ..] => number.is_ascii_digit(),
        [b'q', 0, ..] => true,
        _ => false,
    };
    match head {
        [b'(', b'd' | b'l' | b't', rest @ ..] | [b'}' | b']' | b')', rest @ ..] => {
            is_remembered(rest)
        }
        [b'(', b'c', rest @ ..] | [b'c', rest @ ..] => {
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._".contains(byte);
            let line = |bytes: &[u8]| bytes.iter().take_while(|byte| is_name(byte)).count();
            let module = line(rest);
            let name = rest.get(module + 1..).map_or(0, line);
            let ends = |at: usize| rest.get(at) == Some(&b'\n');
            let behind = || rest.get(module + name + 2..).unwrap_or_default();
            module > 0 && name > 0 && ends(module) && ends(module + name + 1) && {
                is_remembered(behind()) || behind().starts_with(b"(")
            }
        }
        [b'(', b'X', _, _, 0, 0, ..] => true,
        [b'(', b'V' | b'S', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b'\n');
            end.is_some_and(|end| is_remembered(&rest[end + 1..]))
        }
        _ => false,
    }
}

/// A pickle of protocol 4 that is shorter has no frame.
const SHORT_BYTES: usize = 64;
