//! What the first protocols of pickles write as lines with escapes, and bytes as texts.

use std::io;

use crate::matching::views::spelling::escapes::unescape;
use crate::matching::views::stores::pickles::aside::{BYTES_MAX, PLACE};
use crate::matching::views::stores::pickles::machine::{Machine, Value};
use crate::matching::views::stores::pickles::opcodes::Spelling;
use crate::matching::views::stores::spool::too_large;

/// Bytes of a text that cost as much as a value.
const VALUE_BYTES: usize = 64;

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
        Ok(Value::Text(self.aside.add(text.as_bytes())?, text.len() as u32))
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
        // One text may be asked for any number of times.
        self.count(len as usize / VALUE_BYTES)?;
        let text = self.some(at, len as usize)?;
        let bytes: Vec<u8> =
            String::from_utf8_lossy(&text).chars().map(|c| c as u32 as u8).collect();
        if bytes == text && at < PLACE {
            return Ok(Some(Value::Text(at, len)));
        }
        let at = self.aside.add_encoded(&bytes)?;
        Ok(Some(Value::Text(at, bytes.len() as u32)))
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
