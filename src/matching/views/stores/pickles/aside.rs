//! Texts that do not lie in a pickle as they are: those of older protocols are lines with escapes,
//! and their bytes are texts of Latin-1.

use std::io;
use std::ops::Range;

use crate::matching::views::spelling::escapes::unescape;
use crate::matching::views::stores::pickles::machine::{Machine, Value};
use crate::matching::views::stores::pickles::opcodes::Spelling;
use crate::matching::views::stores::spool::too_large;

/// Where they begin, beyond all that a pickle can be long.
const PLACE: u64 = 1 << 62;

/// Bytes of them that are held.
const BYTES_MAX: usize = 16 << 20;

/// What they are, one behind the other.
#[derive(Default)]
pub struct Aside {
    bytes: Vec<u8>,
    /// Those that are bytes.
    encoded: Vec<Range<usize>>,
}

impl Aside {
    /// So many bytes from a place on, or as many as there are; `None` if the place is of the pickle.
    pub fn some(&self, at: u64, len: usize) -> Option<Vec<u8>> {
        let start = (at.checked_sub(PLACE)? as usize).min(self.bytes.len());
        Some(self.bytes[start..self.bytes.len().min(start.saturating_add(len))].to_vec())
    }

    /// What stood in the pickle as a text and is bytes.
    pub fn take_encoded(&mut self) -> Vec<Vec<u8>> {
        let encoded = std::mem::take(&mut self.encoded);
        encoded.into_iter().map(|range| self.bytes[range].to_vec()).collect()
    }

    fn add(&mut self, text: &[u8]) -> io::Result<Value> {
        if text.len() > BYTES_MAX - self.bytes.len() {
            return Err(too_large());
        }
        let at = PLACE + self.bytes.len() as u64;
        self.bytes.extend_from_slice(text);
        Ok(Value::Text(at, text.len() as u32))
    }
}

impl Machine<'_, '_> {
    /// The text that a line spells.
    pub(super) fn spelled(&mut self, line: Value, spelling: Spelling) -> io::Result<Value> {
        let Value::Text(at, len) = line else { return Ok(line) };
        if len as usize > BYTES_MAX {
            return Err(too_large());
        }
        let bytes = self.some(at, len as usize)?;
        let (at, bytes) = match (spelling, &*bytes) {
            (Spelling::Quoted, [b'\'' | b'"', inner @ .., b'\'' | b'"']) => (at + 1, inner),
            _ => (at, &*bytes),
        };
        if bytes.is_ascii() && !bytes.contains(&b'\\') {
            return Ok(Value::Text(at, bytes.len() as u32));
        }
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let text = match spelling {
            Spelling::Raw => unescaped(&text),
            Spelling::Quoted => unescape(&text).map_or(text, |reading| reading.text),
        };
        self.aside.add(text.as_bytes())
    }

    /// The bytes that a text stands for, if a call makes bytes of one.
    pub(super) fn encoded(&mut self, of: Value, with: Value) -> io::Result<Option<Value>> {
        let Value::Text(at, len) = *self.list(with).first().unwrap_or(&Value::Other) else {
            return Ok(None);
        };
        if self.global(of) != "_codecs encode" {
            return Ok(None);
        }
        if len as usize > 2 * BYTES_MAX {
            return Err(too_large());
        }
        let text = self.some(at, len as usize)?;
        let bytes: Vec<u8> =
            String::from_utf8_lossy(&text).chars().map(|c| c as u32 as u8).collect();
        if bytes == text && at < PLACE {
            return Ok(Some(Value::Text(at, len)));
        }
        let start = self.aside.bytes.len();
        let value = self.aside.add(&bytes)?;
        self.aside.encoded.push(start..start + bytes.len());
        Ok(Some(value))
    }
}

/// A text without the only escapes that such lines have: `\u044f` and `\U0001f600`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = match part.as_bytes().first() {
            Some(b'u') => part.get(1..5),
            Some(b'U') => part.get(1..9),
            _ => None,
        };
        let c = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match (c.and_then(char::from_u32), digits) {
            (Some(c), Some(digits)) => {
                plain.push(c);
                plain.push_str(&part[1 + digits.len()..]);
            }
            _ => plain.extend(["\\", part]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_lines_are_those_of_characters_alone() {
        for (text, plain) in [
            (r"\u041c\u0438\u0440\u0430 %41", "Мира %41"),
            (r"\u005cn\U0001f600", "\\n😀"),
            (r"\u12", r"\u12"),
            (r"\\", r"\\"),
        ] {
            assert_eq!(unescaped(text), plain);
        }
    }
}
