//! Arrays whose strings have a width (NPY), and tensors behind a head of JSON (safetensors): what
//! is put fits into its place, or the head tells its new length.

use std::io::{Read, Write};

use crate::matching::put::Put;
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

/// A field of the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
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

    /// Rewrites an array.
    pub(super) fn array(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut start = exactly(reader, 8)?;
        let width = if start[6] == 1 { 2 } else { 4 };
        let len = exactly(reader, width)?;
        let size = len.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte));
        if size > HEAD_BYTES_MAX {
            return Err(Stop::not("npy: head too long"));
        }
        let head = exactly(reader, size)?;
        let told = String::from_utf8_lossy(&head).into_owned();
        start.extend(len);
        start.extend(head);
        let Some(fields) = fields(&told) else {
            return self.copy_if_clean(&mut start.as_slice().chain(reader), out, "npy", depth);
        };
        if self.sees(&told) {
            return Err(Stop::not("npy: not rewritten"));
        }
        out.write_all(&start).map_err(Stop::Write)?;
        let width: usize = fields.iter().map(|field| field.width()).sum();
        let batch = (BATCH_BYTES / width).max(1) * width;
        loop {
            self.meter.pace(self.limits).map_err(|refused| Stop::Read(refused.into()))?;
            let mut bytes = Vec::new();
            reader.take(batch as u64).read_to_end(&mut bytes).map_err(Stop::Read)?;
            if bytes.is_empty() {
                return Ok(());
            }
            let rest = bytes.split_off(bytes.len() - bytes.len() % width);
            self.elements(&mut bytes, width, &fields)?;
            out.write_all(&bytes).map_err(Stop::Write)?;
            if !rest.is_empty() {
                return self.copy_if_clean(&mut rest.as_slice().chain(reader), out, "npy", depth);
            }
        }
    }

    fn elements(&mut self, bytes: &mut [u8], width: usize, fields: &[Field]) -> Result<(), Stop> {
        let mut all = String::new();
        for element in bytes.chunks(width) {
            each(element.len(), fields, &mut |field, range| {
                all.extend(field.text(&element[range]));
                all.push('\n');
            });
        }
        // Most have nobody in them.
        if !self.sees(&all) {
            return Ok(());
        }
        let mut ended = Ok(());
        for element in bytes.chunks_mut(width) {
            each(width, fields, &mut |field, range| {
                if ended.is_ok() {
                    ended = self.cell(*field, &mut element[range]);
                }
            });
        }
        ended
    }

    fn cell(&mut self, field: Field, bytes: &mut [u8]) -> Result<(), Stop> {
        let Some(text) = field.text(bytes) else { return Ok(()) };
        let before = self.replaced;
        let short = self.short(None, &text)?.text;
        if self.replaced == before {
            return Ok(());
        }
        field.write(&short, bytes)
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

impl Field {
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

    fn write(self, text: &str, bytes: &mut [u8]) -> Result<(), Stop> {
        let mut written: Vec<u8> = match self {
            Self::Wide(is_little, _) => {
                let to = if is_little { u32::to_le_bytes } else { u32::to_be_bytes };
                text.chars().flat_map(|c| to(c as u32)).collect()
            }
            _ => text.as_bytes().to_vec(),
        };
        // Of nothing but what is put, the beginning says enough.
        let is_put = text.starts_with('[') && text.find(']') == Some(text.len() - 1);
        if written.len() > bytes.len() && !is_put {
            return Err(Stop::not("npy: no room"));
        }
        written.resize(bytes.len(), 0);
        bytes.copy_from_slice(&written);
        Ok(())
    }
}

/// Each field of an element of this size, with where it stands.
fn each(len: usize, fields: &[Field], told: &mut dyn FnMut(&Field, std::ops::Range<usize>)) {
    let mut at = 0;
    for field in fields {
        told(field, at..(at + field.width()).min(len));
        at += field.width();
    }
}

/// The fields that a head tells of; `None` if not all of them are known, or are objects.
fn fields(head: &str) -> Option<Vec<Field>> {
    let types = head.split_once("'descr':")?.1.trim_start();
    let fields = if let Some(list) = types.strip_prefix('[') {
        let list = list.split_once(']')?.0;
        let tuples = list.split('(').skip(1);
        let kind = |tuple: &str| {
            let (_, rest) = tuple.trim_start().strip_prefix('\'')?.split_once('\'')?;
            let kind = rest.trim_start_matches([',', ' ']).strip_prefix('\'')?;
            let (kind, rest) = kind.split_once('\'')?;
            rest.trim_start().starts_with(')').then(|| field(kind)).flatten()
        };
        tuples.map(kind).collect::<Option<Vec<_>>>()?
    } else {
        vec![field(types.strip_prefix('\'')?.split_once('\'')?.0)?]
    };
    let is_sane = |field: &Field| (1..=WIDTH_BYTES_MAX).contains(&field.width());
    (!fields.is_empty() && fields.iter().all(is_sane)).then_some(fields)
}

fn field(kind: &str) -> Option<Field> {
    let (order, rest) = kind.split_at_checked(1)?;
    let (kind, size) = rest.split_at_checked(1)?;
    let size: usize = size.split('[').next()?.parse().ok()?;
    match kind {
        "U" => Some(Field::Wide(order != ">", size.checked_mul(4)?)),
        "S" | "a" => Some(Field::Narrow(size)),
        "O" => None,
        _ => Some(Field::Other(size)),
    }
}

fn exactly(reader: &mut dyn Read, len: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    reader.take(len as u64).read_to_end(&mut bytes).map_err(Stop::Read)?;
    if bytes.len() == len { Ok(bytes) } else { Err(Stop::not("binary: broken")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_heads() {
        for (descr, expected) in [
            ("'<U3'", Some(vec![Field::Wide(true, 12)])),
            ("'|S7'", Some(vec![Field::Narrow(7)])),
            ("[('a b', '>U2'), ('c', '<i8')]", Some(vec![Field::Wide(false, 8), Field::Other(8)])),
            ("'|O'", None),
            ("[('a', '<U2', (3,))]", None),
            ("'<U0'", None),
        ] {
            let head = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}");
            assert_eq!(fields(&head), expected, "{descr}");
        }
    }
}
