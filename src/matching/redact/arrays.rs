//! Arrays whose strings have a width (NPY), and tensors behind a head of JSON (safetensors): what
//! is put fits into its place, or the head tells its new length.

use std::io::{Read, Write};
use std::ops::Range;

use crate::matching::put::Put;
use crate::matching::redact::packing::zipped::Names;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::tour::Look;

/// What an array begins with.
const NPY: &[u8] = b"\x93NUMPY";

/// The longest head that is read.
const HEAD_BYTES_MAX: usize = 16 << 20;

/// The longest string of an array, in bytes.
const WIDTH_BYTES_MAX: usize = 1 << 20;

/// Bytes of an array that are looked at together.
const BATCH_BYTES: usize = 256 << 10;

/// What heads of tensors are padded to.
const ALIGNMENT: usize = 8;

/// What the length of a head, with all before it, is a multiple of.
const HEAD_ALIGNMENT: usize = 64;

/// A field of the elements of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    /// Where the head has its name: nowhere, if it is all of the element.
    name: Range<usize>,
    kind: Kind,
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Characters of four bytes, the low one first or not.
    Wide(bool, usize),
    /// Bytes.
    Narrow(usize),
    /// Something else of this size.
    Other(usize),
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Whether a stream that begins so is an array.
    pub(super) fn is_array(head: &[u8]) -> bool {
        head.starts_with(NPY)
    }

    /// Whether a stream that begins so has tensors behind a head of JSON.
    pub(super) fn is_tensors(head: &[u8]) -> bool {
        let len = head.first_chunk().map(|len| u64::from_le_bytes(*len));
        len.is_some_and(|len| len as usize <= HEAD_BYTES_MAX) && head[8..].starts_with(b"{\"")
    }

    /// Rewrites an array, and those that are written behind it.
    pub(super) fn array(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        loop {
            let start = at_most(reader, 8)?;
            if start.is_empty() {
                return Ok(());
            }
            if start.len() < 8 || !Self::is_array(&start) {
                return self.copy_if_clean(&mut start.as_slice().chain(reader), out, "npy", depth);
            }
            let len = exactly(reader, if start[6] == 1 { 2 } else { 4 })?;
            let size = len.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte));
            if size > HEAD_BYTES_MAX {
                return Err(Stop::not("npy: head too long"));
            }
            let head = exactly(reader, size)?;
            let told = String::from_utf8_lossy(&head).into_owned();
            let before = [start, len.clone()].concat();
            let Some((fields, count)) = fields(&told).zip(count(&told)) else {
                let start = [before, head].concat();
                return self.copy_if_clean(&mut start.as_slice().chain(reader), out, "npy", depth);
            };
            let written = match self.head(&told, &fields, before.len())? {
                Some(told) => {
                    let size = (told.len() as u64).to_le_bytes();
                    [&before[..8], &size[..len.len()], told.as_bytes()].concat()
                }
                None => [before, head].concat(),
            };
            out.write_all(&written).map_err(Stop::Write)?;
            let named = Named { told: &told, fields: &fields };
            self.elements_of(reader, out, &named, count, depth)?;
        }
    }

    /// A head whose fields are called otherwise; `None` if they are not.
    fn head(&mut self, told: &str, fields: &[Field], start: usize) -> Result<Option<String>, Stop> {
        if !self.sees(told) {
            return Ok(None);
        }
        let mut names = Names::default();
        let (mut head, mut at) = (String::new(), 0);
        for Field { name, .. } in fields.iter().filter(|field| !field.name.is_empty()) {
            let stored = &told[name.clone()];
            let label = self.short(None, stored)?.text;
            let anew = names.renamed(stored.as_bytes(), label.as_bytes());
            let anew = anew.ok_or_else(|| Stop::not("npy: fields of one name"))?;
            head.push_str(&told[at..name.start]);
            head.push_str(&String::from_utf8_lossy(&anew));
            at = name.end;
        }
        head.push_str(told[at..].trim_end());
        let room =
            (start + head.len() + 1).next_multiple_of(HEAD_ALIGNMENT).max(start + told.len());
        head.extend(std::iter::repeat_n(' ', room - start - 1 - head.len()));
        head.push('\n');
        if start == 10 && head.len() > usize::from(u16::MAX) || self.sees(&head) {
            return Err(Stop::not("npy: not rewritten"));
        }
        Ok(Some(head))
    }

    fn elements_of(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        named: &Named<'_>,
        count: u64,
        depth: usize,
    ) -> Result<(), Stop> {
        let width: usize = named.fields.iter().map(|field| field.kind.width()).sum();
        let batch = (BATCH_BYTES / width).max(1) as u64;
        let mut left = count;
        while left > 0 {
            self.meter.pace(self.limits).map_err(|refused| Stop::Read(refused.into()))?;
            let wanted = left.min(batch);
            let mut bytes = at_most(reader, wanted as usize * width)?;
            let rest = bytes.split_off(bytes.len() - bytes.len() % width);
            left -= wanted;
            if bytes.len() < wanted as usize * width {
                // It ends before it should.
                left = 0;
            }
            self.elements(&mut bytes, width, named)?;
            out.write_all(&bytes).map_err(Stop::Write)?;
            self.copy_if_clean(&mut rest.as_slice(), out, "npy", depth)?;
        }
        Ok(())
    }

    fn elements(&mut self, bytes: &mut [u8], width: usize, named: &Named<'_>) -> Result<(), Stop> {
        let mut all = String::new();
        for element in bytes.chunks(width) {
            named.each(&mut |field, range| {
                if let Some(text) = field.kind.text(&element[range]) {
                    // A field may say what its text alone does not.
                    all.extend(named.key(field).iter().flat_map(|key| [key, ": "]));
                    all.push_str(&text);
                    all.push('\n');
                }
            });
        }
        // Most have nobody in them.
        if !self.sees(&all) {
            return Ok(());
        }
        let mut ended = Ok(());
        for element in bytes.chunks_mut(width) {
            named.each(&mut |field, range| {
                if ended.is_ok() {
                    ended = self.cell(field.kind, named.key(field), &mut element[range]);
                }
            });
        }
        ended
    }

    fn cell(&mut self, kind: Kind, key: Option<&str>, bytes: &mut [u8]) -> Result<(), Stop> {
        let Some(text) = kind.text(bytes) else { return Ok(()) };
        let before = self.replaced;
        let short = self.short(key, &text)?.text;
        if self.replaced == before {
            return Ok(());
        }
        kind.write(&short, bytes)
    }

    /// Rewrites the head of tensors, and copies them.
    pub(super) fn tensors(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let start = exactly(reader, 8)?;
        let len = start.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte));
        let head = exactly(reader, len)?;
        let before = self.replaced;
        let mut written = Vec::new();
        self.bytes(&mut head.as_slice(), &mut written, depth + 1)?;
        if self.replaced == before {
            written = head;
        } else {
            let room = len.max(written.len()).next_multiple_of(ALIGNMENT);
            written.resize(room, b' ');
        }
        out.write_all(&(written.len() as u64).to_le_bytes()).map_err(Stop::Write)?;
        out.write_all(&written).map_err(Stop::Write)?;
        self.copy_if_clean(reader, out, "binary", depth + 1)
    }
}

/// The fields of an array, and what tells of them.
struct Named<'a> {
    told: &'a str,
    fields: &'a [Field],
}

impl Named<'_> {
    fn key(&self, field: &Field) -> Option<&str> {
        self.told.get(field.name.clone()).filter(|name| !name.is_empty())
    }

    /// Each field, with where it stands in an element.
    fn each(&self, told: &mut dyn FnMut(&Field, Range<usize>)) {
        let mut at = 0;
        for field in self.fields {
            told(field, at..at + field.kind.width());
            at += field.kind.width();
        }
    }
}

impl Kind {
    fn width(self) -> usize {
        match self {
            Self::Wide(_, width) | Self::Narrow(width) | Self::Other(width) => width,
        }
    }

    /// What stands in it, without what fills it up; `None` if that is no text.
    fn text(self, bytes: &[u8]) -> Option<String> {
        let text: String = match self {
            Self::Wide(is_little, _) => {
                let c = |four: &[u8]| {
                    let four = <[u8; 4]>::try_from(four).ok()?;
                    let from = if is_little { u32::from_le_bytes } else { u32::from_be_bytes };
                    char::from_u32(from(four))
                };
                bytes.chunks(4).map(c).collect::<Option<_>>()?
            }
            Self::Narrow(_) => String::from_utf8(bytes.to_vec()).ok()?,
            Self::Other(_) => return None,
        };
        Some(text.trim_end_matches('\0').to_owned())
    }

    fn stored(self, text: &str) -> Vec<u8> {
        match self {
            Self::Wide(is_little, _) => {
                let to = if is_little { u32::to_le_bytes } else { u32::to_be_bytes };
                text.chars().flat_map(|c| to(c as u32)).collect()
            }
            _ => text.as_bytes().to_vec(),
        }
    }

    fn write(self, text: &str, bytes: &mut [u8]) -> Result<(), Stop> {
        let mut written = self.stored(text);
        // Of nothing but what is put, the beginning says enough.
        let is_put = text.starts_with('[') && text.find(']') == Some(text.len() - 1);
        // A text that comes to fill its place is read as one with that of the next.
        let filled = self.text(bytes).map_or(0, |before| self.stored(&before).len());
        let fills = written.len() == bytes.len() && filled < bytes.len();
        if (written.len() > bytes.len() || fills) && !is_put {
            return Err(Stop::not("npy: no room"));
        }
        written.resize(bytes.len(), 0);
        bytes.copy_from_slice(&written);
        Ok(())
    }
}

/// The fields that a head tells of; `None` if not all of them are known, or are objects.
fn fields(head: &str) -> Option<Vec<Field>> {
    let types = head.split_once("'descr':")?.1.trim_start();
    let mut fields = Vec::new();
    if let Some(list) = types.strip_prefix('[') {
        let mut rest = list;
        loop {
            rest = rest.trim_start_matches([',', ' ']);
            if rest.starts_with(']') {
                break;
            }
            let (name, more) = quoted(rest.strip_prefix('(')?)?;
            let (said, more) = quoted(more.strip_prefix(',')?)?;
            let start = head.len() - rest.len() + rest.find(['\'', '"'])? + 1;
            fields.push(Field { name: start..start + name.len(), kind: kind(said)? });
            rest = more.strip_prefix(')')?;
        }
    } else {
        fields.push(Field { name: 0..0, kind: kind(quoted(types)?.0)? });
    }
    let is_sane = |field: &Field| (1..=WIDTH_BYTES_MAX).contains(&field.kind.width());
    (!fields.is_empty() && fields.iter().all(is_sane)).then_some(fields)
}

/// The string that a text begins with, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let (said, rest) = text[1..].split_once(quote)?;
    (!said.contains('\\')).then_some((said, rest.trim_start()))
}

/// How many elements a head tells of.
fn count(head: &str) -> Option<u64> {
    let shape = head.rsplit_once("'shape':")?.1.trim_start().strip_prefix('(')?;
    let sizes = shape.split_once(')')?.0.split(',').map(str::trim);
    let mut sizes = sizes.filter(|size| !size.is_empty());
    sizes.try_fold(1_u64, |all, size| all.checked_mul(size.trim_end_matches('L').parse().ok()?))
}

fn kind(said: &str) -> Option<Kind> {
    let (order, rest) = said.split_at_checked(1)?;
    let (kind, size) = rest.split_at_checked(1)?;
    let size: usize = size.split('[').next()?.parse().ok()?;
    match kind {
        "U" => Some(Kind::Wide(order != ">", size.checked_mul(4)?)),
        "S" | "a" => Some(Kind::Narrow(size)),
        "O" => None,
        _ => Some(Kind::Other(size)),
    }
}

fn at_most(reader: &mut dyn Read, len: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    reader.take(len as u64).read_to_end(&mut bytes).map_err(Stop::Read)?;
    Ok(bytes)
}

fn exactly(reader: &mut dyn Read, len: usize) -> Result<Vec<u8>, Stop> {
    let bytes = at_most(reader, len)?;
    if bytes.len() == len { Ok(bytes) } else { Err(Stop::not("binary: broken")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::redact::tests::erased;

    fn head_of(descr: &str, shape: &str) -> String {
        format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}")
    }

    #[test]
    fn fields_of_heads() {
        for (descr, expected) in [
            ("'<U3'", Some(vec![("", Kind::Wide(true, 12))])),
            ("'|S7'", Some(vec![("", Kind::Narrow(7))])),
            (
                "[('a b', '>U2'), (\"'[c]\", '<M8[ns]')]",
                Some(vec![("a b", Kind::Wide(false, 8)), ("'[c]", Kind::Other(8))]),
            ),
            ("'|O'", None),
            ("[('a', '<U2', (3,))]", None),
            ("'<U0'", None),
        ] {
            let head = head_of(descr, "(3,)");
            let told = fields(&head).map(|all| {
                all.into_iter().map(|field| (&head[field.name], field.kind)).collect::<Vec<_>>()
            });
            assert_eq!(told, expected, "{descr}");
        }
        for (shape, expected) in [("()", 1), ("(3,)", 3), ("(3, 4)", 12), ("(0, 9)", 0)] {
            assert_eq!(count(&head_of("'<U3'", shape)), Some(expected), "{shape}");
        }
    }

    fn array(descr: &str, shape: &str, cells: &[u8]) -> Vec<u8> {
        let head = head_of(descr, shape);
        let room = (head.len() + 11).next_multiple_of(64) - 11;
        let size = (room as u16 + 1).to_le_bytes();
        [b"\x93NUMPY\x01\0", &size[..], format!("{head:<room$}\n").as_bytes(), cells].concat()
    }

    #[test]
    fn arrays_one_behind_the_other() {
        let two = |who: &[u8; 15]| {
            let first = array("'|S3'", "(1,)", b"abc");
            [first, array("'|S15'", "(2,)", &[who, &b"somebody@else.x"[..]].concat())].concat()
        };
        let out = erased(&two(b"ann@contoso.com")).unwrap();
        assert_eq!(out, two(b"[erased]\0\0\0\0\0\0\0"));
    }

    #[test]
    fn names_of_fields_say_something_and_may_be_replaced() {
        let of = |name: &str, cells: &[u8]| {
            array(&format!("[('{name}', '|S15'), ('ANN@contoso.com', '<i4')]"), "(1,)", cells)
        };
        let out = erased(&of("ann@contoso.com", b"x\0\0\0\0\0\0\0\0\0\0\0\0\0\0abcd")).unwrap();
        let told = String::from_utf8_lossy(&out).into_owned();
        assert!(told.contains("('[erased]', '|S15'), ('[erased] 2', '<i4')"), "{told}");
        let out = erased(&of("user", b"ann\0\0\0\0\0\0\0\0\0\0\0\0abcd")).unwrap();
        assert!(out.ends_with(b"[erased]\0\0\0\0\0\0\0abcd"));
        assert!(out.len() % 64 == 19);
    }
}
