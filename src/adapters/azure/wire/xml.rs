//! Reads XML element by element, every character as it was written.
//!
//! What the SDK reads it with trims white space, so that ` a` would be taken for `a`.

use percent_encoding::percent_decode_str;
use quick_xml::Reader;
use quick_xml::events::Event;
use thiserror::Error;

/// The answer was not what it had to be.
#[derive(Debug, Error)]
#[error("the storage service sent a listing that cannot be read")]
pub struct Unreadable;

/// What stands in an element behind its last child, and how.
pub struct Text {
    /// As it stands there.
    pub text: String,
    /// Whether the element says that it is percent-encoded: so are names with characters that XML
    /// cannot hold.
    pub is_encoded: bool,
}

impl Text {
    /// The name that is meant.
    ///
    /// # Errors
    /// It is no text once it is decoded.
    pub fn name(self) -> Result<String, Unreadable> {
        if !self.is_encoded {
            return Ok(self.text);
        }
        let name = percent_decode_str(&self.text).decode_utf8().map_err(|_| Unreadable)?;
        Ok(name.into_owned())
    }
}

/// Hands over the text of each element at its end, with the names of the elements that it is in,
/// outermost first and its own last.
///
/// # Errors
/// It is not well-formed, or ends too early; or what `end` says.
pub fn read(
    xml: &[u8],
    mut end: impl FnMut(&[&str], Text) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().expand_empty_elements = true;
    let (mut path, mut text, mut is_encoded) = (Vec::<String>::new(), String::new(), false);
    loop {
        match reader.read_event().map_err(|_| Unreadable)? {
            Event::Start(tag) => {
                let encoded = tag.try_get_attribute("Encoded").map_err(|_| Unreadable)?;
                is_encoded = encoded.is_some_and(|value| &*value.value == b"true");
                let name = std::str::from_utf8(tag.name().into_inner()).map_err(|_| Unreadable)?;
                path.push(name.to_owned());
                text.clear();
            }
            Event::Text(part) => text.push_str(&part.decode().map_err(|_| Unreadable)?),
            Event::CData(part) => text.push_str(&part.decode().map_err(|_| Unreadable)?),
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().map_err(|_| Unreadable)? {
                    Some(character) => character,
                    None => named(&reference.decode().map_err(|_| Unreadable)?)?,
                };
                text.push(resolved);
            }
            Event::End(_) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                end(&names, Text { text: std::mem::take(&mut text), is_encoded })?;
                path.pop();
            }
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err(Unreadable),
            _ => {}
        }
    }
}

/// The five entities that XML knows by itself.
fn named(entity: &str) -> Result<char, Unreadable> {
    Ok(match entity {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return Err(Unreadable),
    })
}
