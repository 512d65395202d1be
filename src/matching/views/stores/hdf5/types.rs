//! Types of elements: where in one text stands.

use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::numbers::little;

/// Nesting of types that is followed.
const NESTING_MAX: usize = 16;

/// Texts of one element.
const LEAVES_MAX: usize = 4096;

/// A part of an element that may hold text.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its name, with those of what it lies in before it.
    pub path: String,
    /// Where in the element it begins.
    pub offset: usize,
    /// How long it is.
    pub width: usize,
    /// What it is.
    pub kind: Kind,
}

/// What a part of an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, filled up.
    Text,
    /// Bytes.
    Bytes,
    /// A place in a heap where text or bytes stand.
    Heap,
}

/// An element.
#[derive(Clone, Debug)]
pub struct Element {
    /// Bytes of it.
    pub size: usize,
    /// What of it may hold text.
    pub leaves: Vec<Leaf>,
}

/// The type that a message tells; `None` if it is none that is known.
pub fn element(message: &[u8]) -> Option<Element> {
    let mut leaves = Vec::new();
    read(message, String::new(), 0, &mut leaves, 0)?;
    Some(Element { size: little(message, 4, 4)? as usize, leaves })
}

/// Reads a type, adds its leaves and tells how long its message is.
fn read(
    message: &[u8],
    path: String,
    offset: usize,
    leaves: &mut Vec<Leaf>,
    nesting: usize,
) -> Option<usize> {
    if nesting > NESTING_MAX || leaves.len() > LEAVES_MAX {
        return None;
    }
    let (version, class) = (message.first()? >> 4, message[0] & 15);
    let bits = little(message, 1, 3)? as usize;
    let width = little(message, 4, 4)? as usize;
    let mut leaf = |kind| leaves.push(Leaf { path: path.clone(), offset, width, kind });
    Some(match class {
        0 => {
            if width == 1 {
                leaf(Kind::Bytes);
            }
            12
        }
        1 => 20,
        2 => 10,
        3 => {
            leaf(Kind::Text);
            8
        }
        4 => 12,
        5 => {
            leaf(Kind::Bytes);
            8 + (bits & 0xff)
        }
        6 => members(message, (version, bits & 0xffff, width), (&path, offset), leaves, nesting)?,
        7 => 8,
        8 => 8 + read(message.get(8..)?, path, offset, &mut Vec::new(), nesting + 1)?,
        9 => {
            leaf(Kind::Heap);
            8 + read(message.get(8..)?, path, offset, &mut Vec::new(), nesting + 1)?
        }
        10 => array(message, version, (&path, offset), leaves, nesting)?,
        _ => return None,
    })
}

fn members(
    message: &[u8],
    (version, count, width): (u8, usize, usize),
    (path, offset): (&str, usize),
    leaves: &mut Vec<Leaf>,
    nesting: usize,
) -> Option<usize> {
    let offset_width = match width {
        _ if version < 3 => 4,
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xff_ffff => 3,
        _ => 4,
    };
    let mut at = 8;
    for _ in 0..count {
        let len = memchr::memchr(0, message.get(at..)?)?;
        let name = utf8_or_western(&message[at..at + len]);
        at += if version < 3 { (len + 1).next_multiple_of(8) } else { len + 1 };
        let inner = little(message, at, offset_width)? as usize;
        at += offset_width + if version == 1 { 28 } else { 0 };
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{name}");
        at += read(message.get(at..)?, path, offset.checked_add(inner)?, leaves, nesting + 1)?;
    }
    Some(at)
}

fn array(
    message: &[u8],
    version: u8,
    (path, offset): (&str, usize),
    leaves: &mut Vec<Leaf>,
    nesting: usize,
) -> Option<usize> {
    let rank = usize::from(*message.get(8)?);
    let dims = if version < 3 { 12 } else { 9 };
    let mut sizes = (0..rank).map(|index| little(message, dims + 4 * index, 4));
    let count = sizes.try_fold(1usize, |all, size| all.checked_mul(size? as usize))?;
    let base = dims + 4 * rank * if version < 3 { 2 } else { 1 };
    let message = message.get(base..)?;
    let width = little(message, 4, 4)? as usize;
    let mut of_one = Vec::new();
    let len = read(message, path.to_owned(), 0, &mut of_one, nesting + 1)?;
    if let [Leaf { kind: Kind::Bytes, width: 1, .. }] = of_one.as_slice() {
        let path = path.to_owned();
        leaves.push(Leaf { path, offset, width: count, kind: Kind::Bytes });
        return Some(base + len);
    }
    if count.saturating_mul(of_one.len()) > LEAVES_MAX {
        return None;
    }
    for index in 0..count {
        leaves.extend(
            of_one
                .iter()
                .map(|leaf| Leaf { offset: offset + index * width + leaf.offset, ..leaf.clone() }),
        );
    }
    Some(base + len)
}
