//! Databases of LMDB: keys and values in pages. Nothing parts a key from its value but their
//! lengths, so that as bytes alone they read as one word.
//!
//! Every page with leaves is read, also one that is free: what was deleted still stands in it.

use std::collections::HashSet;
use std::io;
use std::ops::Range;

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

/// A node of a page.
struct Node {
    /// Where its key stands in the page.
    key: Range<usize>,
    value: Value,
}

/// The value of a node.
enum Value {
    /// Behind its key, in the page.
    Here(Range<usize>),
    /// On pages of its own: where, and how long it is.
    There(u64, u64),
    /// The tree of a part, or several values: pages, which are read by themselves or as bytes.
    Pages,
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
        // What is written anew leaves pages behind that lead to the same values.
        let (mut at, mut read) = (0, HashSet::new());
        while at < spool.size() {
            let page = spool.some(at, size)?;
            for node in nodes(&page, size as u64) {
                let mut row = Row::new();
                self.bytes_in_cell(&page[node.key], (&mut row, 0), &inside, depth)?;
                match node.value {
                    Value::Here(value) => {
                        self.bytes_in_cell(&page[value], (&mut row, 1), &inside, depth)?;
                    }
                    Value::There(at, len) if read.insert(at) => {
                        self.opened(&mut spool.part(at, len), &inside, depth)?;
                    }
                    Value::There(..) | Value::Pages => {}
                }
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
/// it is read as far as it is whole, and no byte of it twice.
fn nodes(page: &[u8], size: u64) -> Vec<Node> {
    let number = |at: usize, width| little(page, at, width).unwrap_or(0);
    let (flags, lower) = (number(10, 2), number(12, 2) as usize);
    let mut nodes = Vec::new();
    if flags & LEAF == 0 || flags & FIXED_LEAF != 0 || lower > page.len() {
        return nodes;
    }
    let mut left = page.len();
    for pointer in (HEAD_BYTES..lower).step_by(2) {
        let node = number(pointer, 2) as usize;
        let (len, flags) = (number(node, 2) | number(node + 2, 2) << 16, number(node + 4, 2));
        let key = node + 8..node + 8 + number(node + 6, 2) as usize;
        let value = match flags {
            _ if flags & (TREE | SEVERAL) != 0 => Value::Pages,
            _ if flags & ELSEWHERE != 0 => {
                let place = number(key.end, 8).checked_mul(size);
                let place = place.and_then(|at| at.checked_add(HEAD_BYTES as u64));
                place.map_or(Value::Pages, |at| Value::There(at, len))
            }
            _ => Value::Here(key.end..key.end + len as usize),
        };
        let end = if let Value::Here(value) = &value { value.end } else { key.end };
        // Nodes that overlap are none.
        let Some(rest) = left.checked_sub(end - node).filter(|_| end <= page.len()) else {
            return nodes;
        };
        left = rest;
        nodes.push(Node { key, value });
    }
    nodes
}
