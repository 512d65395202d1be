//! Pieces of a dataset, wherever they are told.

use std::io;

/// Chunks of one dataset.
pub const CHUNKS_MAX: usize = 1 << 20;

/// A piece of a dataset.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it stands.
    pub address: u64,
    /// Bytes of it there.
    pub len: u64,
    /// Which filters were left out.
    pub mask: u64,
}

/// Adds a chunk; there is a bound on how many there may be.
pub fn add(chunks: &mut Vec<Piece>, piece: Piece) -> io::Result<()> {
    if chunks.len() >= CHUNKS_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    chunks.push(piece);
    Ok(())
}
