//! What codes spell, as a font's `ToUnicode` says.

use std::collections::HashMap;

use crate::matching::views::stores::numbers::big;
use crate::matching::views::stores::pdf::objects::{Object, Reader};
use crate::matching::work;

/// Bytes that one code spells, at most: Adobe's Technical Note 5014 has 512.
const SPELLED_BYTES_MAX: usize = 512;

/// Codes of one font, and bytes of them with what they spell.
const CODES_MAX: usize = 1 << 17;
const MAP_BYTES_MAX: usize = 4 << 20;

/// What a code takes beside what it spells.
const CODE_BYTES: usize = 64;

/// What codes spell.
#[derive(Debug, Default)]
pub struct Map {
    /// Bytes of a code; 0 if that is not said.
    pub width: usize,
    texts: HashMap<u64, String>,
    /// Bytes that it takes.
    pub weight: usize,
}

impl Map {
    /// As a stream says it.
    pub fn read(bytes: &[u8]) -> Self {
        let mut map = Self::default();
        let mut reader = Reader::new(bytes, 0);
        let mut before: Vec<Object> = Vec::new();
        loop {
            match reader.read() {
                Some(Object::Word(word)) => {
                    map.take(&word, &before);
                    before.clear();
                }
                Some(object) if before.len() < CODES_MAX => before.push(object),
                Some(_) => break,
                None if reader.rest().is_empty() => break,
                None => reader.at += 1, // an end without its beginning
            }
        }
        map
    }

    /// What a code spells.
    pub fn text(&self, code: u64) -> Option<&str> {
        self.texts.get(&code).map(String::as_str)
    }

    fn take(&mut self, word: &str, objects: &[Object]) {
        match word {
            "endcodespacerange" => {
                let width = objects.iter().filter_map(bytes).map(<[u8]>::len).max();
                self.width = self.width.max(width.unwrap_or(0)).min(4);
            }
            "endbfchar" => {
                for pair in objects.chunks_exact(2) {
                    if let (Some(code), Some(text)) = (code(&pair[0]), spelled(&pair[1])) {
                        self.put(code, utf16(text));
                    }
                }
            }
            "endbfrange" => {
                for three in objects.chunks_exact(3) {
                    if let (Some(first), Some(last)) = (code(&three[0]), code(&three[1])) {
                        self.range(first, last, &three[2]);
                    }
                }
            }
            _ => {}
        }
    }

    fn range(&mut self, first: u64, last: u64, texts: &Object) {
        let codes = first..=last.min(first.saturating_add(0xffff));
        if let Object::List(list) = texts {
            for (code, text) in codes.zip(list) {
                self.put(code, spelled(text).map(utf16).unwrap_or_default());
            }
            return;
        }
        let Some(text) = spelled(texts) else { return };
        for code in codes {
            if self.is_full() {
                return;
            }
            // The last unit goes up with the code.
            let mut text = text.to_vec();
            let by = (code - first) as u16;
            if let Some(last) = text.last_chunk_mut::<2>() {
                *last = u16::from_be_bytes(*last).wrapping_add(by).to_be_bytes();
            }
            self.put(code, utf16(&text));
        }
    }

    /// Whether no text has room any more.
    fn is_full(&self) -> bool {
        self.weight + CODE_BYTES > MAP_BYTES_MAX
    }

    fn put(&mut self, code: u64, text: String) {
        let weight = CODE_BYTES + text.len();
        work::charge(weight);
        if self.weight + weight > MAP_BYTES_MAX {
            // Others of its kind are as long.
            self.weight = MAP_BYTES_MAX;
        } else {
            self.weight += weight;
            self.texts.insert(code, text);
        }
    }
}

/// What a code spells: a text of a few characters.
fn spelled(object: &Object) -> Option<&[u8]> {
    bytes(object).filter(|text| text.len() <= SPELLED_BYTES_MAX)
}

fn bytes(object: &Object) -> Option<&[u8]> {
    match object {
        Object::Text(bytes) => Some(bytes),
        _ => None,
    }
}

fn code(object: &Object) -> Option<u64> {
    let bytes = bytes(object).filter(|bytes| (1..=4).contains(&bytes.len()))?;
    big(bytes, 0, bytes.len())
}

/// Text of two bytes a unit, the high one first.
pub fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
