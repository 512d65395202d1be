//! A JSON array that grows in memory, deflated as it grows.
//!
//! The manifest is the last entry, so what it says of each file has to wait for the end. Packed,
//! that is about a tenth of its size.

use std::io::{self, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;

/// The elements of an array, one a line.
pub struct Packed {
    bytes: DeflateEncoder<Vec<u8>>,
    /// How many elements there are.
    pub count: u64,
}

impl Packed {
    /// No elements yet.
    pub fn new() -> Self {
        Self { bytes: DeflateEncoder::new(Vec::new(), Compression::fast()), count: 0 }
    }

    /// Adds an element.
    ///
    /// # Errors
    /// An element that cannot be JSON.
    pub fn push(&mut self, element: &impl Serialize) -> io::Result<()> {
        let separator: &[u8] = if self.count == 0 { b"\n" } else { b",\n" };
        self.count += 1;
        self.bytes.write_all(separator)?;
        self.bytes.write_all(&serde_json::to_vec(element)?)
    }

    /// Writes the array out, unpacked piece by piece.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(self, out: &mut impl Write) -> io::Result<()> {
        let bytes = self.bytes.finish()?;
        out.write_all(b"[")?;
        io::copy(&mut DeflateDecoder::new(bytes.as_slice()), out)?;
        out.write_all(b"\n]")
    }
}
