//! What a file of an array says of its elements, if those are records.

/// What a file begins with.
const SIGN: &[u8] = b"\x93NUMPY";

/// Bytes of a record.
const RECORD_BYTES_MAX: usize = 64 << 10;

/// Whether a file that starts like this has texts in records, or objects.
pub fn has_records(head: &[u8]) -> bool {
    head.starts_with(SIGN)
        && described(head).is_some_and(|(text, _)| {
            has_objects(&text)
                || fields(&text)
                    .is_some_and(|(all, _)| all.iter().any(|field| field.kind != Kind::Other))
        })
}

/// Whether elements are objects, which lie in a pickle.
pub fn has_objects(text: &str) -> bool {
    let kinds = text.split("'fortran_order'").next().unwrap_or_default();
    // A field may be called so.
    ["'descr': ", ", "]
        .iter()
        .any(|before| ["'|O'", "'O'"].iter().any(|kind| kinds.contains(&format!("{before}{kind}"))))
}

/// How many rows an array of texts has whose columns lie one behind the other.
pub fn rows_of_columns(text: &str) -> Option<usize> {
    let (fields, _) = fields(text).filter(|_| text.contains(TURNED))?;
    // Records lie whole, one behind the other.
    if fields.iter().any(|field| !field.name.is_empty()) {
        return None;
    }
    let mut shape = Parser { rest: text.split("'shape':").nth(1)?, left: FIELDS_MAX };
    shape.shape()?.first().copied()
}

const TURNED: &str = "'fortran_order': True";

/// A field of a record.
#[derive(Clone)]
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
    /// An element that is a text by itself; `None` if it is none.
    pub fn of_texts(kind: &str) -> Option<Self> {
        let (kind, len) = element(kind).filter(|(kind, _)| *kind != Kind::Other)?;
        Some(Self { name: String::new(), kind, at: 0, len })
    }

    /// Its bytes.
    pub fn width(&self) -> usize {
        self.len
    }

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

/// The fields of a record, and its length; `None` where there are none. Where an array of texts has
/// two sides, its rows are records without names; they may lie by column. Of one side it is a
/// column.
pub fn fields(text: &str) -> Option<(Vec<Field>, usize)> {
    let described = text.split("'descr':").nth(1)?;
    let (mut all, mut at) = (Vec::new(), 0);
    let mut parser = Parser { rest: described, left: FIELDS_MAX };
    if parser.next() == Some('[') {
        parser.record("", &mut all, &mut at, 0)?;
    } else {
        let (kind, len) = element(parser.quoted()?)?;
        let mut shape = Parser { rest: text.split("'shape':").nth(1)?, left: FIELDS_MAX };
        let sides = shape.shape()?;
        let columns = match sides[..] {
            [_] => 1,
            [_, columns @ 2..=COLUMNS_MAX] => columns,
            _ => return None,
        };
        all.extend((0..columns).map(|at| Field { name: String::new(), kind, at: at * len, len }));
        at = columns * len;
    }
    (at > 0 && at <= RECORD_BYTES_MAX).then_some((all, at))
}

/// Fields of a record, those of records and arrays within it too.
const FIELDS_MAX: usize = 1 << 12;

/// Texts in a row of an array that is read as one.
const COLUMNS_MAX: usize = 64;

/// Records in records.
const DEPTH_MAX: usize = 8;

/// What Python writes of the fields of a record.
struct Parser<'t> {
    rest: &'t str,
    left: usize,
}

impl<'t> Parser<'t> {
    fn next(&self) -> Option<char> {
        self.rest.trim_start().chars().next()
    }

    fn eat(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(c)?;
        Some(())
    }

    fn quoted(&mut self) -> Option<&'t str> {
        self.eat('\'')?;
        let (word, rest) = self.rest.split_once('\'')?;
        self.rest = rest;
        Some(word)
    }

    fn record(
        &mut self,
        before: &str,
        all: &mut Vec<Field>,
        at: &mut usize,
        depth: usize,
    ) -> Option<()> {
        self.eat('[')?;
        while self.eat(']').is_none() {
            self.eat('(')?;
            let name = format!("{before}{}", self.quoted()?);
            self.eat(',')?;
            let (first, start) = (all.len(), *at);
            if self.next() == Some('[') && depth < DEPTH_MAX {
                self.record(&format!("{name}."), all, at, depth + 1)?;
            } else {
                let (kind, len) = element(self.quoted()?)?;
                all.push(Field { name, kind, at: *at, len });
                *at += len;
            }
            if self.eat(',').is_some() && self.next() != Some(')') {
                let count: usize =
                    self.shape()?.into_iter().try_fold(1usize, usize::checked_mul)?;
                let (len, many) = (*at - start, all.len() - first);
                self.left = self.left.checked_sub(count.checked_mul(many)?)?;
                for time in 1..count {
                    for number in first..first + many {
                        let Field { name, kind, at, len: bytes } = &all[number];
                        let at = at + time * len;
                        all.push(Field { name: name.clone(), kind: *kind, at, len: *bytes });
                    }
                }
                *at = start.checked_add(count.checked_mul(len)?)?;
            }
            self.eat(')')?;
            self.eat(',');
            self.left = self.left.checked_sub(1)?;
        }
        Some(())
    }

    fn shape(&mut self) -> Option<Vec<usize>> {
        self.eat('(')?;
        let (sides, rest) = self.rest.split_once(')')?;
        self.rest = rest;
        let sides = sides.split(',').map(str::trim).filter(|side| !side.is_empty());
        sides.map(|side| side.parse().ok()).collect()
    }
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
        let text =
            "{'descr': [('who', [('given', '<U3'), ('n', '<i4', (2,))], (2,)), ('u', '|S5')], ";
        let (all, len) = fields(text).unwrap();
        let told: Vec<_> = all.iter().map(|field| (field.name.as_str(), field.at)).collect();
        let twice = |at| [("who.given", at), ("who.n", at + 12), ("who.n", at + 16)];
        assert_eq!((told[..3].to_vec(), len), (twice(0).to_vec(), 45));
        assert_eq!((told[3..6].to_vec(), told[6]), (twice(20).to_vec(), ("u", 40)));
        for (order, rows) in [("False", None), ("True", Some(4))] {
            let text = format!("{{'descr': '<U3', 'fortran_order': {order}, 'shape': (4, 2), }}");
            assert_eq!(fields(&text).map(|(all, len)| (all.len(), len)), Some((2, 24)));
            assert_eq!(rows_of_columns(&text), rows);
        }
        for text in [
            "{'descr': '<U3', 'fortran_order': False, 'shape': (2, 2, 2), }",
            "{'descr': [('a', '<U3', (9999, 9999))], }",
            "{'descr': [('a', '|O')], }",
            "{'descr': [",
        ] {
            assert!(fields(text).is_none(), "{text}");
        }
        assert!(!has_records(b"\x93NUMPY\x01\0v\0{'descr': '<f4'"));
        let records = "{'descr': [('O', '<U3'), ('b', '<U3')], 'fortran_order': True, \
            'shape': (4, 2), }";
        assert_eq!((has_objects(records), rows_of_columns(records)), (false, None));
        assert!(
            fields(records).is_some() && has_objects("{'descr': [('a', '<U3'), ('b', 'O')], }")
        );
    }
}
