//! The text of a Word document, in the order of its pieces.

use encoding_rs::WINDOWS_1252;

use crate::matching::views::stores::numbers::little;

/// Bytes of a text.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// What the head of a document says.
pub struct Head {
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// The stream with its tables.
    pub table: &'static str,
    pieces: (usize, usize),
}

/// Reads the head; `None` if it is of no known version.
pub fn head(document: &[u8]) -> Option<Head> {
    let flags = little(document, 10, 2).filter(|_| document.starts_with(&[0xec, 0xa5]))?;
    let table = if flags & 0x200 != 0 { "1Table" } else { "0Table" };
    let at = |at| little(document, at, 4).map(|number| number as usize);
    Some(Head { is_encrypted: flags & 0x100 != 0, table, pieces: (at(0x1a2)?, at(0x1a6)?) })
}

/// The text of a document whose tables these are.
pub fn text(head: &Head, document: &[u8], tables: &[u8]) -> Option<String> {
    let (start, len) = head.pieces;
    let mut rest = tables.get(start..start.checked_add(len)?)?;
    while rest.first() == Some(&1) {
        rest = rest.get(3 + little(rest, 1, 2)? as usize..)?;
    }
    if rest.first() != Some(&2) {
        return None;
    }
    let pieces = rest.get(5..5usize.checked_add(little(rest, 1, 4)? as usize)?)?;
    let count = pieces.len().checked_sub(4)? / 12;
    let mut all = String::new();
    for index in 0..count {
        let place = |index| little(pieces, 4 * index, 4).map(|place| place as usize);
        let chars = place(index + 1)?.checked_sub(place(index)?)?;
        let start = little(pieces, 4 * (count + 1) + 8 * index + 2, 4)? as usize;
        let (start, width) =
            if start & 1 << 30 != 0 { ((start & !(1 << 30)) / 2, 1) } else { (start, 2) };
        let end = start.checked_add(chars.checked_mul(width)?)?;
        let piece = document.get(start..end.min(document.len())).unwrap_or_default();
        if width == 1 {
            all.push_str(&WINDOWS_1252.decode_without_bom_handling(piece).0);
        } else {
            let units = piece.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
            all.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
        if all.len() > TEXT_BYTES_MAX {
            return None;
        }
    }
    // Paragraphs, cells, pages.
    Some(all.replace(['\r', '\u{b}', '\u{c}'], "\n").replace('\u{7}', "\t"))
}
