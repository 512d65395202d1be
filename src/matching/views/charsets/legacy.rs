//! Charsets in which names beyond ASCII are still stored, other than UTF-8 and Windows-1252.

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, IBM866, ISO_8859_2, ISO_8859_3, ISO_8859_4,
    ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8, ISO_8859_10, ISO_8859_13, ISO_8859_14,
    ISO_8859_15, ISO_8859_16, KOI8_U, MACINTOSH, SHIFT_JIS, WINDOWS_874, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257,
    WINDOWS_1258, X_MAC_CYRILLIC,
};

use crate::matching::views::charsets::pages::{
    CP437, CP737, CP775, CP850, CP852, CP855, CP857, CP862, CP864, MAC_GREEK, MAC_LATIN_2,
    MAC_TURKISH,
};

/// A charset.
pub enum Legacy {
    /// As the web knows it.
    Known(&'static Encoding),
    /// One byte a character, ASCII below these.
    Page(Vec<char>),
}

/// Each with what a view is called through it.
pub static LEGACY: LazyLock<[(&str, Legacy); 42]> = LazyLock::new(|| {
    let page = |upper: &str| Legacy::Page(upper.chars().collect());
    [
        ("shift_jis > ", Legacy::Known(SHIFT_JIS)),
        ("euc-jp > ", Legacy::Known(EUC_JP)),
        ("gb18030 > ", Legacy::Known(GB18030)),
        ("big5 > ", Legacy::Known(BIG5)),
        ("euc-kr > ", Legacy::Known(EUC_KR)),
        ("windows-1250 > ", Legacy::Known(WINDOWS_1250)),
        ("windows-1251 > ", Legacy::Known(WINDOWS_1251)),
        ("windows-1253 > ", Legacy::Known(WINDOWS_1253)),
        ("windows-1254 > ", Legacy::Known(WINDOWS_1254)),
        ("windows-1255 > ", Legacy::Known(WINDOWS_1255)),
        ("windows-1256 > ", Legacy::Known(WINDOWS_1256)),
        ("windows-1257 > ", Legacy::Known(WINDOWS_1257)),
        ("windows-1258 > ", Legacy::Known(WINDOWS_1258)),
        ("windows-874 > ", Legacy::Known(WINDOWS_874)),
        ("iso-8859-2 > ", Legacy::Known(ISO_8859_2)),
        ("iso-8859-3 > ", Legacy::Known(ISO_8859_3)),
        ("iso-8859-4 > ", Legacy::Known(ISO_8859_4)),
        ("iso-8859-5 > ", Legacy::Known(ISO_8859_5)),
        ("iso-8859-6 > ", Legacy::Known(ISO_8859_6)),
        ("iso-8859-7 > ", Legacy::Known(ISO_8859_7)),
        ("iso-8859-8 > ", Legacy::Known(ISO_8859_8)),
        ("iso-8859-10 > ", Legacy::Known(ISO_8859_10)),
        ("iso-8859-13 > ", Legacy::Known(ISO_8859_13)),
        ("iso-8859-14 > ", Legacy::Known(ISO_8859_14)),
        ("iso-8859-15 > ", Legacy::Known(ISO_8859_15)),
        ("iso-8859-16 > ", Legacy::Known(ISO_8859_16)),
        ("koi8-u > ", Legacy::Known(KOI8_U)),
        ("ibm866 > ", Legacy::Known(IBM866)),
        ("macintosh > ", Legacy::Known(MACINTOSH)),
        ("x-mac-cyrillic > ", Legacy::Known(X_MAC_CYRILLIC)),
        ("cp437 > ", page(CP437)),
        ("cp737 > ", page(CP737)),
        ("cp775 > ", page(CP775)),
        ("cp850 > ", page(CP850)),
        ("cp852 > ", page(CP852)),
        ("cp855 > ", page(CP855)),
        ("cp857 > ", page(CP857)),
        ("cp862 > ", page(CP862)),
        ("cp864 > ", page(CP864)),
        ("mac-latin2 > ", page(MAC_LATIN_2)),
        ("mac-greek > ", page(MAC_GREEK)),
        ("mac-turkish > ", page(MAC_TURKISH)),
    ]
});

impl Legacy {
    /// Whether each byte is a character.
    pub fn is_single_byte(&self) -> bool {
        match self {
            Self::Known(encoding) => encoding.is_single_byte(),
            Self::Page(_) => true,
        }
    }

    /// The first byte of a letter beyond ASCII; `None` where there is no such letter.
    pub fn lead(&self, letter: char) -> Option<u8> {
        match self {
            Self::Known(encoding) => {
                let mut text = [0; 4];
                let (bytes, _, is_none) = encoding.encode(letter.encode_utf8(&mut text));
                if is_none { None } else { bytes.first().copied() }
            }
            Self::Page(upper) => {
                let at = upper.iter().position(|c| *c == letter)?;
                Some(0x80 + u8::try_from(at).ok()?)
            }
        }
    }

    /// The text of these bytes, and whether all of them are of this charset.
    pub fn decode<'b>(&self, bytes: &'b [u8]) -> (Cow<'b, str>, bool) {
        match self {
            Self::Known(encoding) => {
                let (text, is_broken) = encoding.decode_without_bom_handling(bytes);
                (text, !is_broken)
            }
            Self::Page(upper) => {
                let c = |byte: &u8| match byte.checked_sub(0x80) {
                    Some(high) => upper[usize::from(high)],
                    None => char::from(*byte),
                };
                (bytes.iter().map(c).collect::<String>().into(), true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_both_ways() {
        for (name, letter) in [
            ("cp850 > ", 'ß'),
            ("cp852 > ", 'ł'),
            ("cp437 > ", 'é'),
            ("cp737 > ", 'ώ'),
            ("mac-latin2 > ", 'Ż'),
            ("windows-1257 > ", 'ė'),
            ("windows-874 > ", 'ก'),
            ("macintosh > ", 'é'),
        ] {
            let (_, charset) = LEGACY.iter().find(|(known, _)| *known == name).unwrap();
            let lead = charset.lead(letter).unwrap();
            assert_eq!(charset.decode(&[lead]).0, letter.to_string());
        }
        for (name, charset) in &*LEGACY {
            let Legacy::Page(upper) = charset else { continue };
            assert_eq!(upper.len(), 128, "{name}");
        }
    }
}
