//! Databases of LMDB: keys and values in pages. Nothing parts a key from its value but their
//! lengths, so that as bytes alone they read as one word.
//!
//! Every page with leaves is read, also one that is free: what was deleted still stands in it.

use std::io;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::views::tour::{Look, Tour};

/// Bytes of the head of a page.
const HEAD_BYTES: usize = 16;

/// What a page is: a leaf, one that follows from another, or values of one width without keys.
const LEAF: u64 = 0x02;
const FIXED_LEAF: u64 = 0x20;

/// What a node is: its value stands on pages of its own, or is a page itself.
const ELSEWHERE: u64 = 0x01;
const TREE: u64 = 0x02;
const SEVERAL: u64 = 0x04;

/// A node: a key and a value.
struct Node {
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a database.
    pub(in crate::matching::views) fn lmdb(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        // Behind the sign: where it is mapped, how far, and of the first tree the size of a page.
        let size = little(&spool.all(40, 4)?, 0, 4).unwrap_or(0) as usize;
        if !size.is_power_of_two() || !(256..=64 << 10).contains(&size) {
            return Err(broken());
        }
        let view = format!("{chain}lmdb");
        let mut rows = Rows::new(&view, "", vec!["key".to_owned(), "value".to_owned()]);
        let inside = || format!("{view} > ");
        let mut at = 0;
        while at < spool.size() {
            let page = spool.some(at, size)?;
            for node in leaves(&page, spool, size as u64)? {
                let mut row = Row::new();
                self.bytes_in_cell(&node.key, (&mut row, 0), &inside, depth)?;
                self.bytes_in_cell(&node.value, (&mut row, 1), &inside, depth)?;
                if rows.add(row) {
                    self.rows(&mut rows);
                }
            }
            at += size as u64;
        }
        self.rows(&mut rows);
        Ok(())
    }
}

/// The nodes of a page, if it is a leaf. What was overwritten since may look like one and be none:
/// it is read as far as it is whole.
fn leaves(page: &[u8], spool: &mut Spool<'_>, size: u64) -> io::Result<Vec<Node>> {
    let number = |at, width| little(page, at, width).unwrap_or(0);
    let (flags, lower) = (number(10, 2), number(12, 2) as usize);
    if flags & LEAF == 0 || flags & FIXED_LEAF != 0 || lower > page.len() {
        return Ok(Vec::new());
    }
    let mut nodes = Vec::new();
    for pointer in (HEAD_BYTES..lower).step_by(2) {
        let node = number(pointer, 2) as usize;
        let (len, flags) = (number(node, 2) | number(node + 2, 2) << 16, number(node + 4, 2));
        let (from, width) = (node + 8, number(node + 6, 2) as usize);
        let Some(key) = page.get(from..from + width) else { continue };
        let value = if flags & ELSEWHERE == 0 {
            page.get(from + width..from + width + len as usize).map(<[u8]>::to_vec)
        } else {
            let place = number(from + width, 8).checked_mul(size);
            let place = place.and_then(|at| at.checked_add(HEAD_BYTES as u64));
            place.map(|at| spool.some(at, len as usize)).transpose()?
        };
        // The tree of a part, and several values of one key, are pages that stand elsewhere or are
        // read as bytes.
        let value = value.filter(|_| flags & (TREE | SEVERAL) == 0).unwrap_or_default();
        nodes.push(Node { key: key.to_vec(), value });
    }
    Ok(nodes)
}
