//! All objects of a file, and the texts in their elements and attributes.

use std::collections::HashSet;
use std::io;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::hdf5::chunks::{Layout, layout};
use crate::matching::views::stores::hdf5::file::{ARRAY_BLOCK, File, HEAD, HEAP_BLOCK, NODE};
use crate::matching::views::stores::hdf5::filters::{CHUNK_BYTES_MAX, Filter, filters, undo};
use crate::matching::views::stores::hdf5::heap::Heaps;
use crate::matching::views::stores::hdf5::objects::{
    ATTRIBUTE, FILTERS, LAYOUT, Link, Message, SPACE, TYPE, entries, link, links, messages,
};
use crate::matching::views::stores::hdf5::pieces::Piece;
use crate::matching::views::stores::hdf5::types::{Element, Kind, Leaf, element};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Spool, too_large};
use crate::matching::views::tour::{Look, Tour, shown};
use crate::matching::work;

/// Objects of a file.
const OBJECTS_MAX: usize = 1 << 20;

/// Objects that wait to be looked into, with their names.
const WAITING_MAX: usize = 1 << 17;

/// Bytes of elements that are read together.
const PART_BYTES: usize = 1 << 20;

/// Bytes of a block of a heap that are looked through.
const BLOCK_BYTES: usize = 64 << 10;

/// What is read, and where it lies.
struct Reading<'r, 's, 'a> {
    file: File<'s, 'a>,
    heaps: Heaps,
    chain: &'r str,
    view: String,
    depth: usize,
    blocks: Vec<u64>,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a file.
    pub(in crate::matching::views) fn hdf5(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let mut file = File::open(spool)?;
        let mut signs = file.signs()?;
        let blocks = signs.remove(ARRAY_BLOCK).unwrap_or_default();
        let root = Link { name: String::new(), address: file.root };
        let (heaps, view) = (Heaps::default(), format!("{chain}hdf5"));
        let mut reading = Reading { file, heaps, chain, view, depth, blocks };
        let mut seen = HashSet::new();
        self.hdf5_objects(&mut reading, vec![root], &mut seen)?;
        // What is named in heaps, or by nothing any more.
        for at in signs.remove(NODE).unwrap_or_default() {
            let named = entries(&mut reading.file, at, None)?;
            self.hdf5_objects(&mut reading, named, &mut seen)?;
        }
        for at in signs.remove(HEAP_BLOCK).unwrap_or_default() {
            let named = self.hdf5_block(&mut reading, at)?;
            self.hdf5_objects(&mut reading, named, &mut seen)?;
        }
        let heads = signs.remove(HEAD).unwrap_or_default();
        let named = heads.into_iter().map(|address| Link { name: String::new(), address });
        self.hdf5_objects(&mut reading, named.collect(), &mut seen)
    }

    /// Looks into objects, and those that they name.
    fn hdf5_objects(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        mut waiting: Vec<Link>,
        seen: &mut HashSet<u64>,
    ) -> io::Result<()> {
        while let Some(Link { name, address }) = waiting.pop() {
            if seen.len() > OBJECTS_MAX || !reading.file.has(address) || !seen.insert(address) {
                continue;
            }
            let messages = messages(&mut reading.file, address)?;
            let dot = if name.is_empty() { "" } else { "/" };
            for mut inner in links(&mut reading.file, &messages)? {
                inner.name = format!("{}{dot}{}", shown(&name), inner.name);
                self.label(&inner.name, &reading.view, &shown(&inner.name));
                // Without a place here they are met by their signs, and have no name.
                if waiting.len() < WAITING_MAX {
                    waiting.push(inner);
                }
            }
            for message in messages.iter().filter(|message| message.kind == ATTRIBUTE) {
                self.hdf5_attribute(reading, &name, &message.data)?;
            }
            match self.hdf5_dataset(reading, &name, &messages) {
                Err(error) if told(&error).is_some() => {
                    self.unreadable(told(&error).unwrap_or_default(), reading.chain);
                }
                read => read?,
            }
        }
        Ok(())
    }

    /// Looks at attributes in a block of a heap, and tells the objects that are named there. Where
    /// they begin is known to the index of the heap; here wherever one may.
    fn hdf5_block(&mut self, reading: &mut Reading<'_, '_, '_>, at: u64) -> io::Result<Vec<Link>> {
        let block = reading.file.some(at, BLOCK_BYTES)?;
        work::charge(8 * block.len());
        let (mut named, mut at) = (Vec::new(), 5);
        while at < block.len() {
            let rest = &block[at..];
            let found = link(rest, reading.file.wide)
                .filter(|(link, _)| reading.file.has(link.address) && is_name(&link.name));
            if let Some((link, len)) = found {
                named.push(link);
                at += len;
            } else {
                let is_attribute = attribute(rest).is_some_and(|found| is_name(&found.name));
                if is_attribute {
                    self.hdf5_attribute(reading, "", rest)?;
                }
                at += 1;
            }
        }
        Ok(named)
    }

    fn hdf5_attribute(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        object: &str,
        message: &[u8],
    ) -> io::Result<()> {
        let Some(found) = attribute(message) else { return Ok(()) };
        let len = found.count.saturating_mul(found.element.size as u64);
        let data = &found.data[..found.data.len().min(usize::try_from(len).unwrap_or(usize::MAX))];
        let mut element = found.element;
        for leaf in &mut element.leaves {
            let dot = if leaf.path.is_empty() { "" } else { "." };
            leaf.path = format!("{}{dot}{}", found.name, leaf.path);
        }
        self.label(&found.name, &reading.view, object);
        let columns = element.leaves.iter().map(|leaf| leaf.path.clone()).collect();
        let mut rows = Rows::new(&reading.view, object, columns);
        self.hdf5_elements(reading, data, &element, &mut rows)?;
        self.rows(&mut rows);
        Ok(())
    }

    fn hdf5_dataset(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        name: &str,
        messages: &[Message],
    ) -> io::Result<()> {
        let of = |kind| messages.iter().find(|message| message.kind == kind).map(|m| &*m.data);
        let (Some(kind), Some(place)) = (of(TYPE), of(LAYOUT)) else { return Ok(()) };
        let Some(element) = element(kind).filter(|of| !of.leaves.is_empty() && of.size > 0) else {
            return Ok(());
        };
        let dims = of(SPACE).map(dims).unwrap_or_default();
        let filters = of(FILTERS).and_then(filters).unwrap_or_default();
        let last = name.rsplit('/').next().unwrap_or(name);
        // A dataset of texts is its own column.
        let column = |path: &String| if path.is_empty() { last.to_owned() } else { path.clone() };
        let blocks = std::mem::take(&mut reading.blocks);
        let found = layout(&mut reading.file, place, &dims, &blocks);
        reading.blocks = blocks;
        let found = found?;
        let element = match found {
            Layout::Here(_) | Layout::Whole(_) => in_rows(element, &dims),
            _ => element,
        };
        let columns = element.leaves.iter().map(|leaf| column(&leaf.path)).collect();
        let mut rows = Rows::new(&reading.view, name, columns).apart();
        match found {
            // What was not packed is read with all other bytes of the file.
            Layout::Here(_) | Layout::Whole(_) if is_stream(&element) && element.size > 1 => {}
            Layout::Here(data) => self.hdf5_elements(reading, &data, &element, &mut rows)?,
            Layout::Whole(piece) => self.hdf5_whole(reading, piece, &element, &mut rows)?,
            Layout::Chunks(chunks) if is_stream(&element) => {
                self.hdf5_stream(reading, &chunks, &filters, &rows)?;
            }
            Layout::Chunks(chunks) => {
                for chunk in chunks {
                    let data = self.hdf5_chunk(reading, chunk, &filters)?;
                    self.hdf5_elements(reading, &data, &element, &mut rows)?;
                }
            }
            Layout::Elsewhere => {}
        }
        self.rows(&mut rows);
        Ok(())
    }

    fn hdf5_whole(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        piece: Piece,
        element: &Element,
        rows: &mut Rows,
    ) -> io::Result<()> {
        let step = (PART_BYTES / element.size * element.size).max(element.size) as u64;
        if step > CHUNK_BYTES_MAX as u64 {
            return Err(too_large());
        }
        let mut done = 0;
        while done < piece.len && reading.file.has(piece.address.saturating_add(done)) {
            let len = step.min(piece.len - done) as usize;
            let data = reading.file.some(piece.address + done, len)?;
            self.hdf5_elements(reading, &data, element, rows)?;
            done += step;
        }
        Ok(())
    }

    fn hdf5_chunk(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        chunk: Piece,
        filters: &[Filter],
    ) -> io::Result<Vec<u8>> {
        let len = usize::try_from(chunk.len).ok().filter(|len| *len <= CHUNK_BYTES_MAX);
        let packed = reading.file.some(chunk.address, len.ok_or_else(too_large)?)?;
        let data = undo(packed, filters, chunk.mask)?;
        self.meter.charge(data.len() as u64, self.limits)?;
        Ok(data)
    }

    /// Bytes are one thing, in however many chunks they stand: a text, a picture, a pickle.
    fn hdf5_stream(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        chunks: &[Piece],
        filters: &[Filter],
        rows: &Rows,
    ) -> io::Result<()> {
        if reading.depth >= self.limits.depth_max {
            self.unreadable("depth limit", reading.chain);
            return Ok(());
        }
        let mut whole = reading.file.spool.beside();
        for chunk in chunks {
            whole.add(&self.hdf5_chunk(reading, *chunk, filters)?)?;
        }
        let chain = format!("{}hdf5:{} > ", reading.chain, rows.place(0));
        self.bytes(&mut whole.from(0), &chain, reading.depth + 1)
    }

    fn hdf5_elements(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        data: &[u8],
        element: &Element,
        rows: &mut Rows,
    ) -> io::Result<()> {
        work::charge(data.len());
        if is_stream(element) {
            let mut row = Row::default();
            self.hdf5_bytes(reading, data, (&mut row, 0), rows)?;
            rows.add(row);
            return Ok(());
        }
        for one in data.chunks_exact(element.size) {
            let mut row = Row::default();
            for (number, leaf) in element.leaves.iter().enumerate() {
                let Some(bytes) = one.get(leaf.offset..leaf.offset.saturating_add(leaf.width))
                else {
                    continue;
                };
                let cell = (&mut row, number);
                match leaf.kind {
                    Kind::Text | Kind::Bytes if trimmed(bytes).is_empty() => {}
                    Kind::Text => {
                        let (text, depth) = (utf8_or_western(trimmed(bytes)), reading.depth);
                        let chain = || hdf5_chain(reading, rows, number);
                        self.text_in_cell(text, cell, &chain, depth)?;
                    }
                    Kind::Bytes => self.hdf5_bytes(reading, bytes, cell, rows)?,
                    Kind::Heap => {
                        let found = reading.heaps.get(&mut reading.file, bytes)?;
                        if let Some(bytes) = found.map(<[u8]>::to_vec) {
                            self.hdf5_bytes(reading, &bytes, cell, rows)?;
                        }
                    }
                }
            }
            // A row of nothing too: those of another array stand beside.
            if rows.add(row) {
                self.rows(rows);
            }
        }
        Ok(())
    }

    fn hdf5_bytes(
        &mut self,
        reading: &Reading<'_, '_, '_>,
        bytes: &[u8],
        (row, column): (&mut Row, usize),
        rows: &Rows,
    ) -> io::Result<()> {
        let chain = || hdf5_chain(reading, rows, column);
        self.bytes_in_cell(trimmed(bytes), (row, column), &chain, reading.depth)
    }
}

fn hdf5_chain(reading: &Reading<'_, '_, '_>, rows: &Rows, column: usize) -> String {
    format!("{}hdf5:{} > ", reading.chain, rows.place(column))
}

/// Elements as they stand in a row of their array: characters are one text, a few texts one row.
fn in_rows(element: Element, dims: &[u64]) -> Element {
    let (Some(last), [leaf]) = (dims.last(), element.leaves.as_slice()) else { return element };
    let is_text = matches!(leaf.kind, Kind::Text | Kind::Heap) && leaf.width == element.size;
    let columns = *last as usize;
    if dims.len() < 2 || !is_text {
        return element;
    }
    match (element.size, columns) {
        (1, 2..=TEXT_BYTES_MAX) => {
            Element { size: columns, leaves: vec![Leaf { width: columns, ..leaf.clone() }] }
        }
        (2.., 2..=COLUMNS_MAX) => {
            let size = element.size;
            let at = |number: usize| Leaf { offset: number * size, ..leaf.clone() };
            Element { size: columns * size, leaves: (0..columns).map(at).collect() }
        }
        _ => element,
    }
}

/// Characters of a text that are elements of an array, and texts of a row.
const TEXT_BYTES_MAX: usize = 64 << 10;
const COLUMNS_MAX: usize = 64;

/// Whether elements are single bytes, or numbers that may be characters.
fn is_stream(element: &Element) -> bool {
    let is_whole = |leaf: &Leaf| leaf.kind == Kind::Bytes && leaf.width == element.size;
    element.size <= 4 && matches!(element.leaves.as_slice(), [only] if is_whole(only))
}

/// Why a dataset is left out, where that is no fault of the file.
fn told(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::Unsupported => Some("hdf5: filter not supported"),
        io::ErrorKind::FileTooLarge => Some("hdf5: chunk too large"),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Some("hdf5: broken"),
        _ => None,
    }
}

/// An attribute.
struct Attribute<'m> {
    name: String,
    element: Element,
    count: u64,
    data: &'m [u8],
}

fn attribute(message: &[u8]) -> Option<Attribute<'_>> {
    let version = *message.first().filter(|version| (1..=3).contains(*version))?;
    let len = |at| little(message, at, 2).map(|len| len as usize);
    let (name, kind, space) = (len(2)?, len(4)?, len(6)?);
    let padded = |len: usize| if version == 1 { len.next_multiple_of(8) } else { len };
    let mut at = if version == 3 { 9 } else { 8 };
    let mut part = |len: usize| {
        let part = message.get(at..at + len);
        at += padded(len);
        part
    };
    let name = part(name)?.strip_suffix(b"\0").map(trimmed)?;
    let (kind, space) = (part(kind)?, part(space)?);
    let data = message.get(at..)?;
    let element = element(kind)?;
    Some(Attribute { name: utf8_or_western(name), element, count: count(space)?, data })
}

/// The sizes of a dataset.
fn dims(space: &[u8]) -> Vec<u64> {
    let rank = space.get(1).map_or(0, |rank| usize::from(*rank));
    let start = if space.first() == Some(&1) { 8 } else { 4 };
    (0..rank).filter_map(|index| little(space, start + 8 * index, 8)).collect()
}

fn count(space: &[u8]) -> Option<u64> {
    matches!(space.first(), Some(1 | 2))
        .then(|| dims(space).into_iter().fold(1, u64::saturating_mul))
}

/// Without what it is filled up with.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control)
}
