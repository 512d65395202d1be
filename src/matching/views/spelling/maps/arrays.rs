//! What a file of an array says of its elements, if those are records.

/// What a file begins with.
const SIGN: &[u8] = b"\x93NUMPY";

/// Bytes of a record.
const RECORD_BYTES_MAX: usize = 64 << 10;

/// Whether a file that starts like this has texts in records.
pub fn has_records(head: &[u8]) -> bool {
    head.starts_with(SIGN)
        && described(head).is_some_and(|(text, _)| {
            fields(&text).is_some_and(|(all, _)| all.iter().any(|field| field.kind != Kind::Other))
        })
}

/// A field of a record.
pub struct Field {
    /// How it is called.
    pub name: String,
    kind: Kind,
    at: usize,
    len: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One byte a character.
    Bytes,
    /// Four, the low one first or last.
    Wide(bool),
    Other,
}

impl Field {
    /// What it says in a record, if it is text.
    pub fn text(&self, record: &[u8]) -> Option<String> {
        let bytes = record.get(self.at..self.at + self.len)?;
        let little = match self.kind {
            Kind::Bytes => {
                let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
                return Some(text_of(&bytes[..end]));
            }
            Kind::Wide(little) => little,
            Kind::Other => return None,
        };
        let number = |four: &[u8; 4]| match little {
            true => u32::from_le_bytes(*four),
            false => u32::from_be_bytes(*four),
        };
        let chars = bytes.as_chunks::<4>().0.iter().map(number).filter_map(char::from_u32);
        Some(chars.collect::<String>().trim_end_matches('\0').to_owned())
    }
}

/// UTF-8, or Latin-1 where it is none.
fn text_of(bytes: &[u8]) -> String {
    let latin = |_| bytes.iter().map(|byte| char::from(*byte)).collect();
    std::str::from_utf8(bytes).map_or_else(latin, str::to_owned)
}

/// What is said of an array, and where it begins.
pub fn described(head: &[u8]) -> Option<(String, u64)> {
    let (len, start): (usize, usize) = match head.get(6)? {
        1 => (usize::from(u16::from_le_bytes(head.get(8..10)?.try_into().ok()?)), 10),
        _ => (u32::from_le_bytes(head.get(8..12)?.try_into().ok()?) as usize, 12),
    };
    let text = head.get(start..start.checked_add(len)?)?;
    Some((String::from_utf8_lossy(text).into_owned(), (start + len) as u64))
}

/// The fields of a record, and its length; `None` where there are none, or such as have parts.
pub fn fields(text: &str) -> Option<(Vec<Field>, usize)> {
    let list = text.split("'descr':").nth(1)?.trim_start().strip_prefix('[')?;
    let (mut all, mut at) = (Vec::new(), 0);
    for entry in list.split("(").skip(1) {
        let quoted: Vec<&str> = entry.split('\'').collect();
        let [before, name, between, kind, after, ..] = quoted.as_slice() else { return None };
        let is_plain = before.trim().is_empty() && between.trim() == ",";
        if !is_plain || !after.trim_start().starts_with(')') {
            return None;
        }
        let (kind, len) = element(kind)?;
        all.push(Field { name: (*name).to_owned(), kind, at, len });
        at += len;
        if after.contains(']') {
            break;
        }
    }
    (at > 0 && at <= RECORD_BYTES_MAX).then_some((all, at))
}

/// What an element of this type is, and how long: `<U10`, `|S5`, `<i4`, `<M8[ns]`.
fn element(kind: &str) -> Option<(Kind, usize)> {
    let bare = kind.trim_start_matches(['<', '>', '|', '=']);
    let count: String = bare.chars().skip(1).take_while(char::is_ascii_digit).collect();
    let count: usize = count.parse().ok().filter(|count| *count <= RECORD_BYTES_MAX)?;
    match bare.chars().next()? {
        'U' => Some((Kind::Wide(!kind.starts_with('>')), 4 * count)),
        'S' | 'a' => Some((Kind::Bytes, count)),
        'i' | 'u' | 'f' | 'b' | 'c' | 'M' | 'm' | 'V' => Some((Kind::Other, count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_records() {
        let text = "{'descr': [('id', '<i4'), ('user', '<U10'), ('t', '<M8[ns]'), ('n', '|S5')], \
            'fortran_order': False, 'shape': (2,), }";
        let (all, len) = fields(text).unwrap();
        assert_eq!((all.len(), len), (4, 57));
        assert_eq!((all[3].at, all[3].len, all[3].name.as_str()), (52, 5, "n"));
        for text in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
            "{'descr': [('a', [('b', '<U3')])], }",
            "{'descr': [('a', '<U3', (2,))], }",
            "{'descr': [('a', '|O')], }",
            "{'descr': [",
        ] {
            assert!(fields(text).is_none(), "{text}");
        }
        assert!(!has_records(b"\x93NUMPY\x01\0v\0{'descr': '<f4'"));
    }
}
