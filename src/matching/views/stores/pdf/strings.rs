//! Strings that no font spells: of the document's properties, of notes, forms and links.

use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::pdf::maps::utf16;
use crate::matching::views::stores::pdf::objects::Object;

/// Strings of one object.
const STRINGS_MAX: usize = 1 << 14;

/// What `PDFDocEncoding` has from 0x80 on, where Latin-1 has nothing.
const BEYOND: [char; 33] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™',
    'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}', '€',
];

/// What a string spells.
pub fn text(bytes: &[u8]) -> String {
    if let Some(wide) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(wide);
    }
    if let Some(turned) = bytes.strip_prefix(b"\xff\xfe") {
        let bytes: Vec<u8> = turned.chunks_exact(2).flat_map(|two| [two[1], two[0]]).collect();
        return utf16(&bytes);
    }
    if let Some(utf8) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return utf8_or_western(utf8);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let of = |byte: &u8| match byte {
        0x80..=0xa0 => BEYOND[usize::from(byte - 0x80)],
        byte => char::from(*byte),
    };
    bytes.iter().map(of).collect()
}

/// The strings in an object, each with the key that it stands under.
pub fn strings(object: &Object, key: &str, found: &mut Vec<(String, String)>) {
    match object {
        _ if found.len() >= STRINGS_MAX => {}
        Object::Text(bytes) => found.push((key.to_owned(), text(bytes))),
        Object::Name(name) if !name.is_empty() => found.push((key.to_owned(), name.clone())),
        Object::List(list) => list.iter().for_each(|object| strings(object, key, found)),
        Object::Dict(dict) => dict.iter().for_each(|(key, object)| strings(object, key, found)),
        _ => {}
    }
}
