//! Rich text as mails have it, packed ([MS-OXRTFCP]).

use std::io;

use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::broken;

/// What every text may refer back to.
const KNOWN: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \
\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\
\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Bytes of a text.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// How far back a text may refer.
const WINDOW: usize = 4096;

/// What a packed text is.
///
/// # Errors
/// It is none, or too large.
pub fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
    match bytes.get(8..12) {
        Some(b"MELA") => return Ok(bytes.get(16..).unwrap_or_default().to_vec()),
        Some(b"LZFu") => {}
        _ => return Err(broken()),
    }
    let len = little(bytes, 4, 4).unwrap_or(0) as usize;
    let (mut window, mut at) = ([b' '; WINDOW], KNOWN.len());
    window[..at].copy_from_slice(KNOWN);
    let mut all = Vec::new();
    let mut rest = bytes.get(16..).unwrap_or_default().iter().copied();
    let put = |all: &mut Vec<u8>, window: &mut [u8; WINDOW], at: &mut usize, byte| {
        all.push(byte);
        window[*at] = byte;
        *at = (*at + 1) % WINDOW;
    };
    while let Some(control) = rest.next() {
        for bit in 0..8 {
            if all.len() > TEXT_BYTES_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            let Some(first) = rest.next() else { return Ok(all) };
            if control >> bit & 1 == 0 {
                put(&mut all, &mut window, &mut at, first);
                continue;
            }
            let Some(second) = rest.next() else { return Ok(all) };
            let from = usize::from(first) << 4 | usize::from(second >> 4);
            if from == at {
                all.truncate(len.max(1));
                return Ok(all);
            }
            for step in 0..usize::from(second & 15) + 2 {
                let byte = window[(from + step) % WINDOW];
                put(&mut all, &mut window, &mut at, byte);
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of [MS-OXRTFCP], 3.1 and 3.2.
    #[test]
    fn texts_are_unpacked() {
        let unpack = |digits: &str| unpacked(&hex::decode(digits).unwrap()).unwrap();
        let plain = unpack(
            "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b0\
             6c647d0a800fa0",
        );
        assert_eq!(plain, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let again = unpack("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0");
        assert_eq!(again, b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
    }
}
