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
    /// Whether something of it is no character; that is written down with a backslash before it.
    is_odd: bool,
}

impl Text {
    /// The name that is meant.
    ///
    /// # Errors
    /// It is no text once it is decoded.
    pub fn name(self) -> Result<String, Unreadable> {
        match self.is_encoded {
            _ if self.is_odd => Err(Unreadable),
            false => Ok(self.text),
            true => {
                let name = percent_decode_str(&self.text).decode_utf8().map_err(|_| Unreadable)?;
                Ok(name.into_owned())
            }
        }
    }

    /// The name that is meant. Where it is no text, the bytes that are none as `\xED`: no service
    /// that has no backslash in its names gives another that one.
    pub fn name_or_escaped(self) -> String {
        if !self.is_encoded {
            return self.text;
        }
        let bytes: Vec<u8> = percent_decode_str(&self.text).collect();
        let mut name = String::new();
        for chunk in bytes.utf8_chunks() {
            name.push_str(chunk.valid());
            name.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
        }
        name
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
    let (mut path, mut text) = (Vec::<String>::new(), String::new());
    let (mut is_encoded, mut is_odd) = (false, false);
    loop {
        match reader.read_event().map_err(|_| Unreadable)? {
            Event::Start(tag) => {
                let encoded = tag.try_get_attribute("Encoded").map_err(|_| Unreadable)?;
                is_encoded = encoded.is_some_and(|value| &*value.value == b"true");
                let name = std::str::from_utf8(tag.name().into_inner()).map_err(|_| Unreadable)?;
                path.push(name.to_owned());
                text.clear();
                is_odd = false;
            }
            Event::Text(part) => text.push_str(&part.decode().map_err(|_| Unreadable)?),
            Event::CData(part) => text.push_str(&part.decode().map_err(|_| Unreadable)?),
            Event::GeneralRef(reference) => {
                let word = reference.decode().map_err(|_| Unreadable)?;
                match reference.resolve_char_ref() {
                    Ok(Some(character)) => text.push(character),
                    Ok(None) => text.push(named(&word)?),
                    Err(_) => {
                        text.extend(["\\", &word]);
                        is_odd = true;
                    }
                }
            }
            Event::End(_) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                end(&names, Text { text: std::mem::take(&mut text), is_encoded, is_odd })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(xml: &str, name_of: impl Fn(Text) -> Option<String>) -> Option<Vec<String>> {
        let mut names = Some(Vec::new());
        let all = read(xml.as_bytes(), |path, text| {
            if path.last() == Some(&"Name") {
                names = names.take().zip(name_of(text)).map(|(mut names, name)| {
                    names.push(name);
                    names
                });
            }
            Ok(())
        });
        all.ok().and(names)
    }

    #[test]
    fn a_name_that_is_no_text_is_told_so_that_it_cannot_be_taken_for_another() {
        let table = [
            ("<Name>a&amp;b&#x9;</Name>", "a&b\t", true),
            ("<Name Encoded=\"true\">a%EF%BF%BE</Name>", "a\u{fffe}", true),
            ("<Name Encoded=\"true\">a%ED%A0%80b</Name>", "a\\xED\\xA0\\x80b", false),
            ("<Name>a&#xD800;b</Name>", "a\\#xD800b", false),
        ];
        for (xml, escaped, is_text) in table {
            let xml = format!("<E>{xml}</E>");
            let expected = Some(vec![escaped.to_owned()]);
            assert_eq!(names(&xml, |text| Some(text.name_or_escaped())), expected, "{xml}");
            let plain = names(&xml, |text| text.name().ok());
            assert_eq!(plain, expected.filter(|_| is_text), "{xml}");
        }
        assert_eq!(names("<E><Name>&what;</Name></E>", |text| text.name().ok()), None);
    }
}
