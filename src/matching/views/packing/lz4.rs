//! Frames of LZ4, one behind the other: to `lz4` they are one stream.

use std::io::{self, Read};

use lz4_flex::frame::FrameDecoder;

/// All frames as one stream.
pub struct Lz4<R: Read> {
    inner: FrameDecoder<R>,
    /// Whether nothing came since a frame ended.
    ended: bool,
}

impl<R: Read> Lz4<R> {
    /// Of this reader.
    pub fn new(inner: R) -> Self {
        Self { inner: FrameDecoder::new(inner), ended: false }
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Ends: a frame that gives nothing is followed by another, or by the end.
        loop {
            let read = self.inner.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.ended {
                self.ended = false;
                return Ok(read);
            }
            // The end of a frame is told as that of a stream is.
            self.ended = true;
        }
    }
}
