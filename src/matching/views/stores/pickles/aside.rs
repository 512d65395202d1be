//! Texts that do not lie in a pickle as they are: those of older protocols are lines with escapes,
//! and their bytes are texts of Latin-1.

use std::io;
use std::ops::Range;

use crate::matching::views::stores::spool::too_large;

/// Where they begin, beyond all that a pickle can be long.
pub const PLACE: u64 = 1 << 62;

/// Bytes of them that are held.
pub const BYTES_MAX: usize = 16 << 20;

/// What they are, one behind the other.
#[derive(Default)]
pub struct Aside {
    bytes: Vec<u8>,
    /// Those that are bytes.
    encoded: Vec<Range<usize>>,
}

impl Aside {
    /// So many bytes from a place on, or as many as there are; `None` if it is of the pickle.
    pub fn some(&self, at: u64, len: usize) -> Option<Vec<u8>> {
        let start = (at.checked_sub(PLACE)? as usize).min(self.bytes.len());
        Some(self.bytes[start..self.bytes.len().min(start.saturating_add(len))].to_vec())
    }

    /// What stood in the pickle as a text and is bytes.
    pub fn take_encoded(&mut self) -> Vec<Vec<u8>> {
        let encoded = std::mem::take(&mut self.encoded);
        encoded.into_iter().map(|range| self.bytes[range].to_vec()).collect()
    }

    /// Adds a text, and tells where it begins.
    ///
    /// # Errors
    /// There is no room.
    pub fn add(&mut self, text: &[u8]) -> io::Result<u64> {
        if text.len() > BYTES_MAX - self.bytes.len() {
            return Err(too_large());
        }
        let at = PLACE + self.bytes.len() as u64;
        self.bytes.extend_from_slice(text);
        Ok(at)
    }

    /// The same of bytes.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_encoded(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let start = self.bytes.len();
        let at = self.add(bytes)?;
        self.encoded.push(start..start + bytes.len());
        Ok(at)
    }
}
