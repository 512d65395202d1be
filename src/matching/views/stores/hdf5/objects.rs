//! Objects by their heads: the messages in them, and what of them leads to others.

use std::collections::HashSet;
use std::io;

use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::hdf5::file::File;
use crate::matching::views::stores::numbers::little;

/// Bytes of messages that one object may have.
const HEAD_BYTES_MAX: usize = 16 << 20;

/// Nodes of one group.
const NODES_MAX: usize = 1 << 16;

/// A message of an object.
pub struct Message {
    /// What it is about, as the format numbers it.
    pub kind: u64,
    /// What it says.
    pub data: Vec<u8>,
}

/// An object that another one names.
pub struct Link {
    /// Its name there.
    pub name: String,
    /// Its head.
    pub address: u64,
}

/// What messages are about.
pub const SPACE: u64 = 1;
pub const TYPE: u64 = 3;
pub const LINK: u64 = 6;
pub const LAYOUT: u64 = 8;
pub const FILTERS: u64 = 11;
pub const ATTRIBUTE: u64 = 12;
const CONTINUED: u64 = 16;
const GROUP: u64 = 17;

/// The messages of the object whose head stands at an address; none if there is no head.
pub fn messages(file: &mut File<'_, '_>, address: u64) -> io::Result<Vec<Message>> {
    let start = file.some(address, 64)?;
    let mut all = Vec::new();
    // Blocks that are to be read: where, how long, and whether they are of the newer version.
    let mut blocks = Vec::new();
    let tracked = if start.starts_with(b"OHDR") {
        let flags = start.get(5).copied().unwrap_or(0);
        let lead = 6 + if flags & 32 != 0 { 16 } else { 0 } + if flags & 16 != 0 { 4 } else { 0 };
        let width = 1 << (flags & 3);
        let len = little(&start, lead, width).unwrap_or(0);
        blocks.push((address + (lead + width) as u64, len));
        Some(flags & 4 != 0)
    } else if start.starts_with(&[1, 0]) {
        blocks.push((address + 16, little(&start, 8, 4).unwrap_or(0)));
        None
    } else {
        return Ok(all);
    };
    let mut left = HEAD_BYTES_MAX;
    while let Some((at, len)) = blocks.pop() {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let Some(rest) = left.checked_sub(len.saturating_add(64)) else { break };
        left = rest;
        let block = file.some(at, len)?;
        for message in of_block(file, &block, tracked)? {
            if message.kind == CONTINUED {
                let (wide, long) = (file.wide, file.long);
                let at = little(&message.data, 0, wide).unwrap_or(u64::MAX);
                let len = little(&message.data, wide, long).unwrap_or(0);
                // Those of the newer version stand between a sign and a check sum.
                let (lead, tail) = if tracked.is_some() { (4, 8) } else { (0, 0) };
                blocks.push((at.saturating_add(lead), len.saturating_sub(tail)));
            }
            all.push(message);
        }
    }
    Ok(all)
}

fn of_block(
    file: &mut File<'_, '_>,
    block: &[u8],
    tracked: Option<bool>,
) -> io::Result<Vec<Message>> {
    let mut all = Vec::new();
    let (mut at, lead, width) = match tracked {
        None => (0, 8, 2),
        Some(tracked) => (0, 4 + if tracked { 2 } else { 0 }, 1),
    };
    while at + lead <= block.len() {
        let number = |offset, width| little(block, at + offset, width).unwrap_or(0);
        let (kind, len) = (number(0, width), number(width, 2) as usize);
        let flags = number(width + 2, 1);
        let Some(data) = block.get(at + lead..at + lead + len) else { break };
        let mut data = data.to_vec();
        if flags & 2 != 0 && kind == TYPE {
            data = shared(file, &data)?.unwrap_or(data);
        }
        all.push(Message { kind, data });
        at += lead + len;
    }
    Ok(all)
}

/// A type that has a head of its own, because several objects are of it.
fn shared(file: &mut File<'_, '_>, data: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let at = if data.first() == Some(&1) { 8 } else { 2 };
    let Some(address) = little(data, at, file.wide) else { return Ok(None) };
    let start = file.some(address, 1 << 16)?;
    let block = match start.first_chunk::<4>() {
        Some(b"OHDR") => {
            let flags = start.get(5).copied().unwrap_or(0);
            let lead =
                6 + if flags & 32 != 0 { 16 } else { 0 } + if flags & 16 != 0 { 4 } else { 0 };
            (lead + (1 << (flags & 3)), 1, 4 + if flags & 4 != 0 { 2 } else { 0 })
        }
        Some([1, 0, ..]) => (16, 2, 8),
        _ => return Ok(None),
    };
    let (mut at, width, lead) = block;
    while let Some(kind) = little(&start, at, width) {
        let len = little(&start, at + width, 2).unwrap_or(0) as usize;
        if kind == TYPE {
            return Ok(start.get(at + lead..at + lead + len).map(<[u8]>::to_vec));
        }
        at += lead + len;
    }
    Ok(None)
}

/// The objects that those messages of a group name which have them in a tree.
pub fn links(file: &mut File<'_, '_>, messages: &[Message]) -> io::Result<Vec<Link>> {
    let mut all = Vec::new();
    for message in messages.iter().filter(|message| message.kind == LINK) {
        all.extend(link(&message.data, file.wide).map(|(link, _)| link));
    }
    for message in messages.iter().filter(|message| message.kind == GROUP) {
        let tree = little(&message.data, 0, file.wide).unwrap_or(u64::MAX);
        let heap = little(&message.data, file.wide, file.wide).unwrap_or(u64::MAX);
        let heap = file.some(heap, 8 + 2 * file.long + file.wide)?;
        let names = little(&heap, 8 + 2 * file.long, file.wide).unwrap_or(u64::MAX);
        let (mut waiting, mut seen) = (vec![tree], HashSet::new());
        while let Some(at) = waiting.pop() {
            if !file.has(at) || seen.len() > NODES_MAX || !seen.insert(at) {
                continue;
            }
            let head = file.some(at, 8 + 2 * file.wide)?;
            if head.starts_with(b"TREE") {
                waiting.extend(children(file, at, &head)?);
            } else {
                all.extend(entries(file, at, Some(names))?);
            }
        }
    }
    Ok(all)
}

/// The children of a node of a tree.
fn children(file: &mut File<'_, '_>, at: u64, head: &[u8]) -> io::Result<Vec<u64>> {
    let count = little(head, 6, 2).unwrap_or(0) as usize;
    let each = file.long + file.wide;
    let body = file.some(at + head.len() as u64, count * each + file.long)?;
    let of = |index: usize| little(&body, index * each + file.long, file.wide);
    Ok((0..count).filter_map(of).collect())
}

/// The objects that a node of a group names; their names stand in a heap.
pub fn entries(file: &mut File<'_, '_>, at: u64, names: Option<u64>) -> io::Result<Vec<Link>> {
    const NAME_BYTES: usize = 256;
    let head = file.some(at, 8)?;
    if !head.starts_with(b"SNOD") {
        return Ok(Vec::new());
    }
    let count = little(&head, 6, 2).unwrap_or(0) as usize;
    let each = 2 * file.wide + 24;
    let body = file.some(at + 8, count * each)?;
    let mut all = Vec::new();
    for entry in body.chunks_exact(each) {
        let name = little(entry, 0, file.wide).unwrap_or(0);
        let address = little(entry, file.wide, file.wide).unwrap_or(u64::MAX);
        let name = match names {
            Some(names) => file.some(names.saturating_add(name), NAME_BYTES)?,
            None => Vec::new(),
        };
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        all.push(Link { name: utf8_or_western(name), address });
    }
    Ok(all)
}

/// The object that a message names, and bytes of the message.
pub fn link(data: &[u8], wide: usize) -> Option<(Link, usize)> {
    let [1, flags, ..] = *data else { return None };
    if flags & 0xe0 != 0 {
        return None;
    }
    let mut at = 2;
    if flags & 8 != 0 {
        if *data.get(at)? != 0 {
            return None; // it leads elsewhere
        }
        at += 1;
    }
    at += if flags & 4 != 0 { 8 } else { 0 } + if flags & 16 != 0 { 1 } else { 0 };
    let width = 1 << (flags & 3);
    let len = little(data, at, width)? as usize;
    at += width;
    let name = data.get(at..at.checked_add(len)?).filter(|name| !name.is_empty())?;
    let address = little(data, at + len, wide)?;
    Some((Link { name: utf8_or_western(name), address }, at + len + wide))
}
