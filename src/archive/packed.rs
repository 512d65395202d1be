//! A JSON array that grows in memory, deflated as it grows.
//!
//! The tables, the report and the manifest are the last entries, so what they say of each file has
//! to wait for the end. Packed, that is about a tenth of its size.

use std::io::{self, BufRead, BufReader, Write};
use std::marker::PhantomData;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The elements of an array, one a line.
pub struct Packed<T> {
    bytes: DeflateEncoder<Vec<u8>>,
    /// How many elements there are.
    pub count: u64,
    elements: PhantomData<T>,
}

/// An array that grows no more.
pub struct Sealed<T> {
    bytes: Vec<u8>,
    /// How many elements there are.
    pub count: u64,
    elements: PhantomData<T>,
}

impl<T: Serialize> Packed<T> {
    /// No elements yet.
    pub fn new() -> Self {
        let bytes = DeflateEncoder::new(Vec::new(), Compression::fast());
        Self { bytes, count: 0, elements: PhantomData }
    }

    /// Adds an element.
    ///
    /// # Errors
    /// An element that cannot be JSON.
    pub fn push(&mut self, element: &T) -> io::Result<()> {
        let separator: &[u8] = if self.count == 0 { b"\n" } else { b",\n" };
        self.count += 1;
        self.bytes.write_all(separator)?;
        self.bytes.write_all(&serde_json::to_vec(element)?)
    }

    /// The whole array.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn seal(self) -> io::Result<Sealed<T>> {
        Ok(Sealed { bytes: self.bytes.finish()?, count: self.count, elements: PhantomData })
    }
}

impl<T: DeserializeOwned> Sealed<T> {
    /// The elements, unpacked one by one.
    pub fn elements(&self) -> impl Iterator<Item = io::Result<T>> {
        // JSON has no line break in an element, so a line is an element; the first line is empty.
        let lines = BufReader::new(DeflateDecoder::new(self.bytes.as_slice())).lines().skip(1);
        lines.map(|line| Ok(serde_json::from_str(line?.trim_end_matches(','))?))
    }

    /// Writes the array out, unpacked piece by piece.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"[")?;
        io::copy(&mut DeflateDecoder::new(self.bytes.as_slice()), out)?;
        out.write_all(b"\n]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        for elements in [vec![], vec!["a,"], vec!["", "\n,\r\u{2028}\"", "]"]] {
            let mut packed = Packed::new();
            elements.iter().for_each(|element| packed.push(&(*element).to_owned()).unwrap());
            let sealed: Sealed<String> = packed.seal().unwrap();
            assert_eq!(sealed.count as usize, elements.len());
            let unpacked: Vec<String> = sealed.elements().map(Result::unwrap).collect();
            assert_eq!(unpacked, elements);
            let mut written = Vec::new();
            sealed.write_to(&mut written).unwrap();
            assert_eq!(serde_json::from_slice::<Vec<String>>(&written).unwrap(), elements);
        }
    }
}
