//! Elements of XML and HTML, as records: `<person mail="…"><name>…</name></person>`. Many of them
//! may stand in one line.

use memchr::{memchr_iter, memmem};

use crate::matching::work;

/// Elements that are followed in one text.
const ELEMENTS_MAX: usize = 1 << 16;

/// Bytes of a tag, and elements that may be left open within one that ends.
const TAG_BYTES_MAX: usize = 4 << 10;
const OPEN_MAX: usize = 64;

/// The elements of a text that end.
pub struct Elements {
    /// In the order in which they begin.
    all: Vec<Element>,
}

struct Element {
    start: usize,
    /// Where the tag ends that opens it.
    tag_end: usize,
    /// Whether it ends.
    is_whole: bool,
    /// The nearest one that it stands in and that ends: what is left open ends nowhere, as `<br>`.
    parent: Option<usize>,
}

impl Elements {
    /// Of this text.
    pub fn of(text: &str) -> Self {
        let mut all: Vec<Element> = Vec::new();
        let bytes = text.as_bytes();
        if memmem::find(bytes, b"</").is_none() && memmem::find(bytes, b"/>").is_none() {
            return Self { all };
        }
        work::charge(bytes.len());
        let mut open: Vec<(&[u8], usize)> = Vec::new();
        for start in memchr_iter(b'<', bytes) {
            if all.len() >= ELEMENTS_MAX {
                break;
            }
            let rest = &bytes[start + 1..bytes.len().min(start + TAG_BYTES_MAX)];
            let (is_end, rest) = match rest.strip_prefix(b"/") {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let name = name_of(rest);
            if name.is_empty() {
                continue;
            }
            if is_end {
                let last = open.len().saturating_sub(OPEN_MAX);
                let found = open[last..].iter().rposition(|(other, _)| *other == name);
                if let Some(at) = found {
                    all[open[last + at].1].is_whole = true;
                    open.truncate(last + at);
                }
                continue;
            }
            let Some(len) = memchr::memchr2(b'>', b'<', rest).filter(|len| rest[*len] == b'>')
            else {
                continue;
            };
            let is_whole = rest[..len].ends_with(b"/");
            let parent = open.last().map(|(_, index)| *index);
            if !is_whole {
                open.push((name, all.len()));
            }
            all.push(Element { start, tag_end: start + 1 + len, is_whole, parent });
        }
        // Those around an element come before it.
        for index in 0..all.len() {
            if let Some(parent) = all[index].parent.filter(|parent| !all[*parent].is_whole) {
                all[index].parent = all[parent].parent;
            }
        }
        Self { all }
    }

    /// The element whose record a key that starts here is part of: an attribute is of its own, and
    /// what an element is called is of the one around it.
    pub fn record(&self, key: usize) -> Option<usize> {
        let last = self.all.partition_point(|element| element.start < key).checked_sub(1)?;
        let element = &self.all[last];
        if element.start + 1 == key {
            return element.parent;
        }
        (key < element.tag_end).then_some(last)
    }
}

fn name_of(tag: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_:.-".contains(byte);
    let len = tag.iter().take_while(|byte| is_part(byte)).count();
    if tag.first().is_some_and(u8::is_ascii_alphabetic) { &tag[..len] } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_of_the_element_that_they_describe() {
        let text = "<all><who mail='a'><br><name>b</name></who><who id='c'/><p>x mail: d</p></all>";
        let elements = Elements::of(text);
        let record = |key: &str| elements.record(text.find(key).unwrap());
        assert_eq!(record("mail='a'"), Some(1));
        assert_eq!(record("name>"), Some(1));
        assert_eq!(record("who mail"), Some(0));
        assert_eq!(record("id="), Some(4));
        assert_eq!(record("mail: d"), None);
        assert_eq!(record("all>"), None);
        let many = format!("<all>{}<name>x</all>", "<mail>".repeat(50));
        let elements = Elements::of(&many);
        assert_eq!(elements.record(many.find("name>").unwrap()), Some(0));
        for open in ["a < b and c > d", "Vec<String> and Vec<u8>", "<a <b", "<x mail='a'"] {
            assert!(Elements::of(open).record(3).is_none(), "{open}");
        }
    }
}
