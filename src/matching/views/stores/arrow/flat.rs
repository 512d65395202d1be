//! Tables of `FlatBuffers`, in which Arrow's messages are written.

use crate::matching::views::stores::numbers::little;

/// A table: fields by their number, each of which may be missing.
#[derive(Clone, Copy)]
pub struct Table<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Table<'b> {
    /// The one that a buffer is about.
    pub fn root(bytes: &'b [u8]) -> Option<Self> {
        Self::behind(bytes, 0)
    }

    /// A number of so many bytes; 0 where it is missing.
    pub fn number(&self, field: usize, width: usize) -> u64 {
        self.place(field).and_then(|at| little(self.bytes, at, width)).unwrap_or(0)
    }

    /// A table within.
    pub fn table(&self, field: usize) -> Option<Self> {
        Self::behind(self.bytes, self.place(field)?)
    }

    /// Tables within.
    pub fn tables(&self, field: usize) -> impl Iterator<Item = Self> + use<'b> {
        let (bytes, (at, count)) = (self.bytes, self.vector(field, 4).unwrap_or_default());
        (0..count).filter_map(move |index| Self::behind(bytes, at + 4 * index))
    }

    /// Items of so many bytes.
    pub fn items(&self, field: usize, width: usize) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        let (at, count) = self.vector(field, width).unwrap_or_default();
        self.bytes.get(at..at + count * width).unwrap_or_default().chunks_exact(width)
    }

    /// Text, or bytes.
    pub fn text(&self, field: usize) -> Option<&'b [u8]> {
        let (at, len) = self.vector(field, 1)?;
        self.bytes.get(at..at + len)
    }

    /// Where the items of a vector begin, and how many there are: no more than there is room for.
    pub fn vector(&self, field: usize, width: usize) -> Option<(usize, usize)> {
        let at = self.place(field)?;
        let at = at.checked_add(little(self.bytes, at, 4)? as usize)?;
        let count = little(self.bytes, at, 4)? as usize;
        let room = self.bytes.len().saturating_sub(at + 4) / width;
        Some((at + 4, count.min(room)))
    }

    fn behind(bytes: &'b [u8], at: usize) -> Option<Self> {
        let at = at.checked_add(little(bytes, at, 4)? as usize)?;
        (at < bytes.len()).then_some(Self { bytes, at })
    }

    /// Where a field stands: its number, or how far it is to what it has.
    pub fn place(&self, field: usize) -> Option<usize> {
        let back = little(self.bytes, self.at, 4)? as u32 as i32;
        let fields = usize::try_from(self.at as i64 - i64::from(back)).ok()?;
        let len = little(self.bytes, fields, 2)? as usize;
        let entry = 4 + 2 * field;
        let offset = (entry + 2 <= len).then(|| little(self.bytes, fields + entry, 2))??;
        (offset > 0).then_some(self.at + offset as usize)
    }
}
