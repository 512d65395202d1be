//! Encoded words of mail (RFC 2047): decoded, rewritten, and encoded again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::matching::put::Put;
use crate::matching::redact::edits::{Edit, Piece};
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::spelling::mail;
use crate::matching::views::tour::Look;

/// The longest word.
const WORD_BYTES_MAX: usize = 75;

/// What every word begins with here: all that was in it is in this charset too.
const BEGINNING: &str = "=?utf-8?";

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// The words that this edit takes the place of, rewritten; `None` if it is of something else.
    pub(in crate::matching::redact) fn words(
        &mut self,
        window: &[u8],
        edit: &Edit,
    ) -> Result<Option<Piece>, Stop> {
        let stored = &window[edit.range.clone()];
        let Some(text) = std::str::from_utf8(stored).ok().filter(|text| text.starts_with("=?"))
        else {
            return Ok(None);
        };
        let Some((meaning, len)) = mail::words(text) else { return Ok(None) };
        if self.depth >= self.limits.depth_max {
            // Words may hold words.
            return Ok(None);
        }
        let before = self.replaced;
        self.depth += 1;
        let said = self.short(None, &meaning);
        self.depth -= 1;
        let said = said?.text;
        if self.replaced == before || !text[len..].trim().is_empty() {
            self.replaced = before;
            return Ok(None);
        }
        let letter = text.split('?').nth(2).unwrap_or("Q");
        let fold = ["\r\n ", "\n "].into_iter().find(|fold| text.contains(*fold)).unwrap_or(" ");
        // Who wrote longer words than there should be is read as they are.
        let longest = text[..len].split("?= ").map(str::len).max().unwrap_or_default();
        let written = encoded(&said, letter, fold, longest.max(WORD_BYTES_MAX)) + &text[len..];
        Ok(Some(Piece { range: edit.range.clone(), bytes: written.into_bytes() }))
    }
}

/// As many words as a text takes, none of them with a part of a character.
fn encoded(text: &str, letter: &str, fold: &str, word_bytes_max: usize) -> String {
    let spelled = |part: &str| match letter {
        "B" | "b" => STANDARD.encode(part),
        _ => part.bytes().map(quoted).collect(),
    };
    let room = word_bytes_max - BEGINNING.len() - letter.len() - 3;
    let mut words = Vec::new();
    let mut part = String::new();
    for c in text.chars() {
        part.push(c);
        if spelled(&part).len() > room {
            part.pop();
            // Rather between words than within one.
            let end = part.rfind(' ').map_or(part.len(), |space| space + 1);
            words.push(spelled(&part[..end]));
            part.drain(..end);
            part.push(c);
        }
    }
    words.push(spelled(&part));
    let word = |word: &String| format!("{BEGINNING}{letter}?{word}?=");
    words.iter().map(word).collect::<Vec<_>>().join(fold)
}

fn quoted(byte: u8) -> String {
    match byte {
        b' ' => "_".to_owned(),
        // Anything else has a meaning somewhere in a header.
        _ if byte.is_ascii_alphanumeric() || b"!*+-/".contains(&byte) => char::from(byte).into(),
        _ => format!("={byte:02X}"),
    }
}
