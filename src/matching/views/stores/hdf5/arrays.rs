//! The later indexes of chunks: fixed arrays, arrays that grow, trees of the second version.

use std::io;

use crate::matching::views::stores::hdf5::file::File;
use crate::matching::views::stores::hdf5::pieces::{Piece, add};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::broken;

/// Entries that are read together.
const ENTRIES: usize = 1 << 16;

/// Nodes of one tree.
const NODES_MAX: usize = 1 << 20;

/// What an index is of: chunks of this length where nothing else is said, with so many places.
#[derive(Clone, Copy)]
pub struct Index {
    /// Bytes of a chunk without filters.
    pub len: u64,
    /// Places of a chunk.
    pub rank: usize,
}

/// A chunk, from an entry: its address, and where there are filters its length and their mask.
fn piece(file: &File<'_, '_>, entry: &[u8], index: Index) -> Option<Piece> {
    let address = little(entry, 0, file.wide).filter(|address| file.has(*address))?;
    let Some(width) = entry.len().checked_sub(file.wide + 4) else {
        return Some(Piece { address, len: index.len, mask: 0 });
    };
    let (len, mask) = (little(entry, file.wide, width)?, little(entry, file.wide + width, 4)?);
    Some(Piece { address, len, mask })
}

/// Entries of one size, from an address on; in pages with a check sum behind each, if they are
/// many.
fn entries(
    file: &mut File<'_, '_>,
    (mut at, count, size): (u64, u64, usize),
    page: u64,
    index: Index,
    chunks: &mut Vec<Piece>,
) -> io::Result<()> {
    let is_paged = count > page;
    let mut left = count;
    while left > 0 && size > 0 {
        let now = left.min(if is_paged { page } else { ENTRIES as u64 }).min(ENTRIES as u64);
        let bytes = file.some(at, now as usize * size)?;
        for entry in bytes.chunks_exact(size) {
            if let Some(piece) = piece(file, entry, index) {
                add(chunks, piece)?;
            }
        }
        if bytes.is_empty() {
            break;
        }
        at += now * size as u64 + if is_paged { 4 } else { 0 };
        left -= now;
    }
    Ok(())
}

/// Chunks in an array of a fixed length.
pub fn listed(
    file: &mut File<'_, '_>,
    head: u64,
    index: Index,
    chunks: &mut Vec<Piece>,
) -> io::Result<()> {
    let head = file.all(head, 8 + file.long + file.wide)?;
    let (size, page) = (usize::from(head[6]), 1u64 << (head[7] & 31));
    let count = little(&head, 8, file.long).ok_or_else(broken)?;
    let block = little(&head, 8 + file.long, file.wide).ok_or_else(broken)?;
    let bits = if count > page { count.div_ceil(page).div_ceil(8) + 4 } else { 0 };
    let start = block.saturating_add(6 + file.wide as u64 + bits);
    entries(file, (start, count, size), page, index, chunks)
}

/// Chunks in an array that grows. Its blocks are found by their signs: each says whose it is, and
/// which of them.
pub fn growing(
    file: &mut File<'_, '_>,
    address: u64,
    index: Index,
    blocks: &[u64],
    chunks: &mut Vec<Piece>,
) -> io::Result<()> {
    let head = file.all(address, 12 + 6 * file.long + file.wide)?;
    let [size, bits, in_index, least, _, page] = *head.get(6..12).ok_or_else(broken)? else {
        return Err(broken());
    };
    let (size, page) = (usize::from(size), 1u64 << (page & 31));
    let first = little(&head, 12 + 6 * file.long, file.wide).ok_or_else(broken)?;
    let lead = 6 + file.wide as u64;
    let first = first.saturating_add(lead);
    entries(file, (first, u64::from(in_index), size), u64::MAX, index, chunks)?;
    let width = usize::from(bits).div_ceil(8).min(8);
    for block in blocks {
        let start = file.some(*block, lead as usize + width)?;
        if little(&start, 6, file.wide) != Some(address) {
            continue;
        }
        let offset = little(&start, lead as usize, width).unwrap_or(0);
        let count = block_len(offset, u64::from(least).max(1));
        let sum = if count > page { 4 } else { 0 };
        let at = block + lead + width as u64 + sum;
        entries(file, (at, count, size), page, index, chunks)?;
    }
    Ok(())
}

/// How many entries the block has that begins with this one: blocks grow to twice their length with
/// every other group of them, and the groups to twice their number.
fn block_len(offset: u64, least: u64) -> u64 {
    let mut start = 0u64;
    for group in 0..63u32 {
        let (count, len) = (1u64 << (group / 2), least.saturating_mul(1 << group.div_ceil(2)));
        start = start.saturating_add(count.saturating_mul(len));
        if offset < start {
            return len;
        }
    }
    least
}

/// Chunks in a tree.
pub fn tree(
    file: &mut File<'_, '_>,
    head: u64,
    index: Index,
    chunks: &mut Vec<Piece>,
) -> io::Result<()> {
    let head = file.all(head, 18 + file.wide)?;
    let number = |at, width| little(&head, at, width).unwrap_or(0);
    let (node, size, depth) = (number(6, 4) as usize, number(10, 2) as usize, number(12, 2));
    if size == 0 || depth > 16 {
        return Err(broken());
    }
    let root = (number(16, file.wide), number(16 + file.wide, 2) as usize, depth as usize);
    let widths = Widths::new(node, size, file.wide, depth as usize).ok_or_else(broken)?;
    let (mut waiting, mut left) = (vec![root], NODES_MAX);
    while let Some((address, count, level)) = waiting.pop() {
        left = left.checked_sub(1).ok_or_else(broken)?;
        let body = file.some(address.saturating_add(6), node)?;
        for record in body.chunks_exact(size).take(count) {
            let entry = &record[..size.saturating_sub(8 * index.rank)];
            if let Some(piece) = piece(file, entry, index) {
                add(chunks, piece)?;
            }
        }
        if level == 0 {
            continue;
        }
        let (each, total) = (widths.count, widths.totals[level - 1]);
        let step = file.wide + each + total;
        let children = body.get((count * size).min(body.len())..).unwrap_or_default();
        for child in children.chunks_exact(step).take(count + 1) {
            if waiting.len() > NODES_MAX {
                return Err(broken()); // nodes that name one another
            }
            let at = little(child, 0, file.wide).unwrap_or(u64::MAX);
            waiting.push((at, little(child, file.wide, each).unwrap_or(0) as usize, level - 1));
        }
    }
    Ok(())
}

/// How wide the counts in a node are.
struct Widths {
    /// Of records in a child.
    count: usize,
    /// Of records in and below a child of each level.
    totals: Vec<usize>,
}

impl Widths {
    fn new(node: usize, size: usize, wide: usize, depth: usize) -> Option<Self> {
        let of = |most: u64| (most.checked_ilog2().unwrap_or(0) / 8 + 1) as usize;
        let room = node.checked_sub(10)?;
        let leaf = (room / size) as u64;
        let count = of(leaf);
        let (mut totals, mut below) = (vec![0], leaf);
        for level in 1..depth {
            let pointer = wide + count + totals[level - 1];
            let most = (room.checked_sub(pointer)? / (size + pointer)) as u64;
            below = (most + 1).saturating_mul(below).saturating_add(most);
            totals.push(of(below));
        }
        Some(Self { count, totals })
    }
}
