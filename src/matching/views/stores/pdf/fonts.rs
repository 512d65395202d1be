//! Fonts: what the codes that a page shows spell.

use std::collections::HashMap;
use std::io;

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, MACINTOSH, SHIFT_JIS, WINDOWS_1252};

use crate::matching::views::stores::numbers::big;
use crate::matching::views::stores::pdf::file::File;
use crate::matching::views::stores::pdf::glyphs::spelled;
use crate::matching::views::stores::pdf::maps::{Map, utf16};
use crate::matching::views::stores::pdf::objects::{Dict, Object};

/// Text of a page that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 8 << 20;

/// A font.
#[derive(Debug, Default)]
pub struct Font {
    map: Option<Map>,
    codes: Codes,
    /// What single codes spell, where it is not as usual.
    differences: HashMap<u8, Glyph>,
}

/// What the name of a glyph spells.
#[derive(Debug)]
enum Glyph {
    /// This.
    Text(String),
    /// No letter.
    Sign,
    /// Nobody knows: it was numbered.
    Unknown,
}

/// What codes spell where nothing else says so.
#[derive(Debug, Default)]
enum Codes {
    /// Letters of one byte.
    #[default]
    Western,
    /// The same as Apple had them.
    Mac,
    /// Two bytes, as in UTF-16.
    Wide,
    /// One or two bytes of an East Asian charset.
    Charset(&'static Encoding),
    /// Two bytes that number glyphs.
    Glyphs,
}

impl Font {
    /// The font that a dictionary tells.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(file: &mut File<'_, '_>, dict: &Dict) -> io::Result<Self> {
        let mut font = Self::default();
        if let Some(map) = dict.get("ToUnicode")
            && let Some((_, stream)) = file.numbered(map)?
            && let Ok(bytes) = file.unpacked(&stream)
        {
            font.map = Some(Map::read(&bytes));
        }
        let encoding = file.resolve(dict.get("Encoding"))?;
        if dict.get("Subtype").and_then(Object::name) == Some("Type0") {
            font.codes = wide(encoding.as_ref().and_then(Object::name).unwrap_or_default());
            return Ok(font);
        }
        let base = match &encoding {
            Some(Object::Dict(encoding)) => encoding.get("BaseEncoding").and_then(Object::name),
            Some(object) => object.name(),
            None => None,
        };
        if base == Some("MacRomanEncoding") {
            font.codes = Codes::Mac;
        }
        if let Some(Object::Dict(encoding)) = &encoding {
            let differences = file.resolve(encoding.get("Differences"))?;
            font.differ(differences.as_ref().map_or(&[], Object::list));
        }
        Ok(font)
    }

    /// One of which nobody knows what its codes spell.
    pub fn unknown() -> Self {
        Self { codes: Codes::Glyphs, ..Self::default() }
    }

    /// Bytes that it takes.
    pub fn weight(&self) -> usize {
        const FONT_BYTES: usize = 1 << 10;
        FONT_BYTES + self.map.as_ref().map_or(0, |map| map.weight)
    }

    fn differ(&mut self, differences: &[Object]) {
        let mut code = 0usize;
        for object in differences {
            if let Some(count) = object.count() {
                code = count;
            } else if let Some(name) = object.name() {
                if let Ok(code) = u8::try_from(code) {
                    self.differences.insert(code, glyph(name));
                }
                code += 1;
            }
        }
    }

    /// What a string spells in this font, and of how many codes that is not known.
    pub fn text(&self, bytes: &[u8]) -> (String, usize) {
        let mut all = String::new();
        let mut unknown = 0;
        if let (Codes::Charset(charset), None) = (&self.codes, &self.map) {
            return (charset.decode_without_bom_handling(bytes).0.into_owned(), 0);
        }
        let width = match (&self.codes, &self.map) {
            (Codes::Western | Codes::Mac, _) => 1,
            (_, Some(map)) if map.width > 0 => map.width,
            _ => 2,
        };
        for code in bytes.chunks(width) {
            if all.len() >= TEXT_BYTES_MAX {
                break;
            }
            let number = big(code, 0, code.len()).unwrap_or(0);
            let mapped = self.map.as_ref().and_then(|map| map.text(number));
            match mapped.map(str::to_owned).or_else(|| self.usual(code)) {
                Some(text) => all.push_str(&text),
                None => {
                    // The first glyph is for what a font does not have.
                    unknown += usize::from(number != 0);
                    all.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
        (all, unknown)
    }

    fn usual(&self, code: &[u8]) -> Option<String> {
        match self.codes {
            Codes::Western | Codes::Mac => {
                let byte = *code.first()?;
                match self.differences.get(&byte) {
                    Some(Glyph::Text(text)) => return Some(text.clone()),
                    Some(Glyph::Sign) => return Some(char::REPLACEMENT_CHARACTER.to_string()),
                    Some(Glyph::Unknown) => return None,
                    None => {}
                }
                // Ligatures of TeX, in fonts that say nothing of their own codes.
                const LIGATURES: [&str; 5] = ["ff", "fi", "fl", "ffi", "ffl"];
                if let Some(text) = byte.checked_sub(11).and_then(|at| LIGATURES.get(at as usize))
                    && !matches!(byte, 13)
                {
                    return Some((*text).to_owned());
                }
                let charset =
                    if matches!(self.codes, Codes::Mac) { MACINTOSH } else { WINDOWS_1252 };
                Some(charset.decode_without_bom_handling(&[byte]).0.into_owned())
            }
            Codes::Wide => Some(utf16(code)),
            Codes::Charset(charset) => {
                Some(charset.decode_without_bom_handling(code).0.into_owned())
            }
            Codes::Glyphs => None,
        }
    }
}

fn glyph(name: &str) -> Glyph {
    match spelled(name) {
        Some(text) => Glyph::Text(text),
        // `g12`, `C0042`; but `summation`, `.notdef`.
        None if name.ends_with(|c: char| c.is_ascii_digit()) => Glyph::Unknown,
        None => Glyph::Sign,
    }
}

/// What the codes of a font of many glyphs are, by the name of their map.
fn wide(name: &str) -> Codes {
    let has = |part: &str| name.contains(part);
    if has("UCS2") || has("UTF16") {
        Codes::Wide
    } else if has("RKSJ") {
        Codes::Charset(SHIFT_JIS)
    } else if has("GBK") || has("GB-EUC") {
        Codes::Charset(GBK)
    } else if has("B5") {
        Codes::Charset(BIG5)
    } else if has("KSC") {
        Codes::Charset(EUC_KR)
    } else {
        Codes::Glyphs
    }
}
