//! Texts that have no length of their own stand in heaps, each by a number.

use std::collections::HashMap;
use std::io;
use std::ops::Range;

use crate::matching::views::stores::hdf5::file::File;
use crate::matching::views::stores::numbers::little;

/// Bytes of a heap.
const HEAP_BYTES_MAX: u64 = 16 << 20;

/// The heap that was used last: what stands side by side points into the same one.
#[derive(Default)]
pub struct Heaps {
    address: Option<u64>,
    bytes: Vec<u8>,
    places: HashMap<u64, Range<usize>>,
}

impl Heaps {
    /// What an element points to, by address and number; `None` if nothing is there.
    pub fn get(&mut self, file: &mut File<'_, '_>, element: &[u8]) -> io::Result<Option<&[u8]>> {
        let place = (little(element, 4, file.wide), little(element, 4 + file.wide, 4));
        let (Some(address), Some(number)) = place else { return Ok(None) };
        let len = little(element, 0, 4).unwrap_or(0);
        if len == 0 || address == 0 || !file.has(address) {
            return Ok(None);
        }
        if self.address != Some(address) {
            self.open(file, address)?;
        }
        Ok(self.places.get(&number).map(|place| &self.bytes[place.clone()]))
    }

    fn open(&mut self, file: &mut File<'_, '_>, address: u64) -> io::Result<()> {
        (self.address, self.bytes) = (Some(address), Vec::new());
        self.places.clear();
        let head = file.some(address, 8 + file.long)?;
        let len = little(&head, 8, file.long).unwrap_or(0);
        if !head.starts_with(b"GCOL") {
            return Ok(());
        }
        if len > HEAP_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes = file.some(address, len as usize)?;
        let lead = 8 + file.long;
        let mut at = lead;
        while let Some(number) = little(&self.bytes, at, 2) {
            let len = little(&self.bytes, at + 8, file.long).unwrap_or(0) as usize;
            let start = at + lead;
            let end = start.saturating_add(len);
            if number == 0 || end > self.bytes.len() {
                break;
            }
            self.places.insert(number, start..end);
            at = start + len.next_multiple_of(8);
        }
        Ok(())
    }
}
