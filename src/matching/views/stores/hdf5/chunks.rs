//! How the elements of a dataset lie in the file: in one piece, or in chunks that an index tells.

use std::io;

use crate::matching::views::stores::hdf5::arrays::{Index, growing, listed, tree};
use crate::matching::views::stores::hdf5::file::File;
use crate::matching::views::stores::hdf5::pieces::{CHUNKS_MAX, Piece, add};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::broken;

/// Where elements stand.
pub enum Layout {
    /// In the message itself.
    Here(Vec<u8>),
    /// In one piece without filters.
    Whole(Piece),
    /// In chunks.
    Chunks(Vec<Piece>),
    /// In other files, or in a way that is not known.
    Elsewhere,
}

/// The layout that a message tells; `dims` are those of the dataset, `blocks` those of arrays that
/// grow.
pub fn layout(
    file: &mut File<'_, '_>,
    message: &[u8],
    dims: &[u64],
    blocks: &[u64],
) -> io::Result<Layout> {
    let (version, class) = match *message {
        [version @ 3..=5, class, ..] => (version, class),
        // One that was written before 2003.
        [version @ 1..=2, _, class, ..] => (version, class),
        _ => return Ok(Layout::Elsewhere),
    };
    let number = |at, width| little(message, at, width).ok_or_else(broken);
    Ok(match (version, class) {
        (3.., 0) => {
            let len = number(2, 2)? as usize;
            Layout::Here(message.get(4..4 + len).ok_or_else(broken)?.to_vec())
        }
        (3.., 1) => {
            let (address, len) = (number(2, file.wide)?, number(2 + file.wide, file.long)?);
            Layout::Whole(Piece { address, len, mask: 0 })
        }
        (3, 2) => {
            let (rank, at) = (number(2, 1)? as usize, 3);
            let mut chunks = Vec::new();
            old_tree(file, number(at, file.wide)?, rank, &mut chunks)?;
            Layout::Chunks(chunks)
        }
        (4.., 2) => Layout::Chunks(indexed(file, message, dims, blocks)?),
        (1..=2, 1) => {
            let address = number(8, file.wide)?;
            let rank = number(1, 1)? as usize;
            let mut sizes = (0..rank).map(|at| number(8 + file.wide + 4 * at, 4));
            let len = sizes.try_fold(1u64, |all, size: io::Result<u64>| {
                Ok::<_, io::Error>(all.saturating_mul(size?))
            })?;
            Layout::Whole(Piece { address, len, mask: 0 })
        }
        (1..=2, 2) => {
            let mut chunks = Vec::new();
            old_tree(file, number(8, file.wide)?, number(1, 1)? as usize, &mut chunks)?;
            Layout::Chunks(chunks)
        }
        _ => Layout::Elsewhere,
    })
}

/// Chunks in a tree of the first version; keys have as many places as the dataset, and one more.
fn old_tree(
    file: &mut File<'_, '_>,
    root: u64,
    rank: usize,
    chunks: &mut Vec<Piece>,
) -> io::Result<()> {
    let key = 8 + 8 * rank;
    let (mut waiting, mut left) = (vec![root], CHUNKS_MAX);
    while let Some(address) = waiting.pop() {
        left = left.checked_sub(1).ok_or_else(broken)?;
        let head = file.some(address, 8 + 2 * file.wide)?;
        let [b'T', b'R', b'E', b'E', 1, level, ..] = *head else { continue };
        let count = little(&head, 6, 2).unwrap_or(0) as usize;
        let body = file.some(address + head.len() as u64, count * (key + file.wide))?;
        let mut leaf = Vec::new();
        // The last child waits longest: chunks come in order.
        for entry in body.chunks_exact(key + file.wide).rev() {
            let at = little(entry, key, file.wide).unwrap_or(u64::MAX);
            if level > 0 {
                if waiting.len() > CHUNKS_MAX {
                    return Err(broken()); // nodes that name one another
                }
                waiting.push(at);
                continue;
            }
            let (len, mask) = (little(entry, 0, 4).unwrap_or(0), little(entry, 4, 4).unwrap_or(0));
            leaf.push(Piece { address: at, len, mask });
        }
        for piece in leaf.drain(..).rev() {
            add(chunks, piece)?;
        }
    }
    Ok(())
}

/// Chunks in an index of a later version.
fn indexed(
    file: &mut File<'_, '_>,
    message: &[u8],
    dims: &[u64],
    blocks: &[u64],
) -> io::Result<Vec<Piece>> {
    let number = |at, width| little(message, at, width).ok_or_else(broken);
    let (flags, rank, width) = (number(2, 1)?, number(3, 1)? as usize, number(4, 1)? as usize);
    let sizes: io::Result<Vec<u64>> = (0..rank).map(|at| number(5 + at * width, width)).collect();
    let sizes = sizes?;
    let len = sizes.iter().try_fold(1u64, |all, size| all.checked_mul(*size)).ok_or_else(broken)?;
    let at = 5 + rank * width;
    let index = Index { len, rank: rank.saturating_sub(1) };
    let mut chunks = Vec::new();
    match number(at, 1)? {
        1 if flags & 2 != 0 => {
            let (len, after) = (number(at + 1, file.long)?, at + 1 + file.long);
            let (mask, address) = (number(after, 4)?, number(after + 4, file.wide)?);
            chunks.push(Piece { address, len, mask });
        }
        1 => chunks.push(Piece { address: number(at + 1, file.wide)?, len, mask: 0 }),
        2 => {
            let first = number(at + 1, file.wide)?;
            let each = dims.iter().zip(&sizes).map(|(dim, size)| dim.div_ceil((*size).max(1)));
            for index in 0..each.fold(1u64, u64::saturating_mul) {
                let address = index.saturating_mul(len).saturating_add(first);
                if !file.has(address) {
                    break;
                }
                add(&mut chunks, Piece { address, len, mask: 0 })?;
            }
        }
        3 => listed(file, number(at + 2, file.wide)?, index, &mut chunks)?,
        4 => growing(file, number(at + 6, file.wide)?, index, blocks, &mut chunks)?,
        5 => tree(file, number(at + 7, file.wide)?, index, &mut chunks)?,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    }
    Ok(chunks)
}
