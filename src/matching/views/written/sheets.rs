//! The strings of a spreadsheet, which stand apart from its rows: whatever a column is headed by,
//! its cells are among them.
//!
//! Which string stands in which column is said in another member of the file. So where one string
//! is a head that speaks of users, each that follows is read after it.

use std::ops::Range;

use memchr::memmem;

use crate::matching::keys::users::speaks_of_users;
use crate::matching::views::spelling::reading::Reading;

/// Bytes at the start of a stream that tell what it is.
const START_BYTES: usize = 1 << 10;

/// Longest head of a column, in bytes.
const HEAD_BYTES_MAX: usize = 40;

/// What is known of the strings of a stream at some place in it.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    is_sheet: bool,
    head: Option<String>,
}

impl Sheet {
    /// Whether a stream that starts like this holds such strings.
    pub fn begin(&mut self, window: &[u8]) {
        let start = &window[..window.len().min(START_BYTES)];
        self.is_sheet = start.first() == Some(&b'<')
            && [&b"<sst"[..], b"<worksheet"].iter().any(|tag| memmem::find(start, tag).is_some());
    }

    /// Whether the head is known: reading changes nothing then.
    pub fn has_head(&self) -> bool {
        self.head.is_some()
    }

    /// Reads each string of a part of a window after the head, and remembers it.
    pub fn read(&mut self, window: &[u8], part: &Range<usize>) -> Option<Reading> {
        if !self.is_sheet {
            return None;
        }
        let mut reading = Reading::default();
        for open in memmem::find_iter(&window[part.clone()], b"<t") {
            let Some(cell) = string_at(window, part.start + open) else { continue };
            let Ok(text) = std::str::from_utf8(&window[cell.clone()]) else { continue };
            match &self.head {
                Some(head) => {
                    reading.replace(&format!("\n\n{head}: "), cell.start);
                    reading.copy(text, cell.start);
                }
                None if text.len() <= HEAD_BYTES_MAX && speaks_of_users(&text.to_lowercase()) => {
                    self.head = Some(text.to_lowercase());
                }
                None => {}
            }
        }
        (!reading.text.is_empty()).then_some(reading)
    }
}

/// What stands between `<t>` and `</t>`.
fn string_at(window: &[u8], open: usize) -> Option<Range<usize>> {
    let tag = &window[open + 2..];
    let start = match tag.first()? {
        b'>' => open + 3,
        b' ' => open + 3 + memchr::memchr(b'>', &tag[..tag.len().min(64)])?,
        _ => return None,
    };
    let rest = window.get(start..)?;
    Some(start..start + memchr::memchr(b'<', rest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_after_their_head() {
        let text = "<?xml version=\"1.0\"?><sst><si><t>run</t></si><si><t>User</t></si>\
            <si><t xml:space=\"preserve\">ann</t></si><si><t>x</t></si></sst>";
        let mut sheet = Sheet::default();
        sheet.begin(text.as_bytes());
        let reading = sheet.read(text.as_bytes(), &(0..text.len())).unwrap();
        assert_eq!(reading.text, "\n\nuser: ann\n\nuser: x");
        let mut other = Sheet::default();
        other.begin(b"<html><t>user</t><t>ann</t>");
        assert!(other.read(b"<t>user</t><t>ann</t>", &(0..21)).is_none());
    }
}
