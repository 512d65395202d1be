//! Values of a column that change, each with its number.

use crate::matching::redact::refusal::Stop;

/// Bytes of changed values that are held, with their places.
const EDITS_BYTES_MAX: usize = 64 << 20;

/// What a changed value takes beside its bytes.
const EDIT_BYTES: usize = 16;

/// Values of a column that change, in order.
#[derive(Default)]
pub struct Edits {
    /// The number of each, and where it ends in `bytes`.
    places: Vec<(u64, usize)>,
    bytes: Vec<u8>,
}

impl Edits {
    /// Adds one.
    ///
    /// # Errors
    /// They are too many.
    pub fn push(&mut self, index: u64, anew: &[u8]) -> Result<(), Stop> {
        self.bytes.extend_from_slice(anew);
        self.places.push((index, self.bytes.len()));
        let held = self.bytes.len() + EDIT_BYTES * self.places.len();
        if held > EDITS_BYTES_MAX { Err(Stop::not("table: too much changes")) } else { Ok(()) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Each with its number.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut from = 0;
        self.places.iter().map(move |(index, end)| {
            let bytes = &self.bytes[from..*end];
            from = *end;
            (*index, bytes)
        })
    }
}
