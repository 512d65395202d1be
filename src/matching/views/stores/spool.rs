//! A stream taken in, to be read in any order: in memory while it is small, in an unlinked file
//! beyond that.

use std::io::{self, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use crate::matching::limits::ItemLimits;
use crate::matching::views::meter::{Decoded, Meter, Spooling};
use crate::matching::views::packing::zip::SPOOL_BYTES_MAX;
use crate::matching::work;

/// What was taken in.
pub struct Spool<'a> {
    file: SpooledTempFile,
    len: u64,
    meter: &'a Meter,
    limits: &'a ItemLimits,
}

impl<'a> Spool<'a> {
    /// Takes a stream in, as far as it goes, and tells how it ended.
    ///
    /// # Errors
    /// Our own disk's.
    pub fn take(
        reader: &mut dyn Read,
        meter: &'a Meter,
        limits: &'a ItemLimits,
    ) -> io::Result<(Self, io::Result<()>)> {
        let mut spool = Self::empty(meter, limits);
        let mut buffer = vec![0; 64 << 10];
        let ended = loop {
            match reader.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(read) => spool.add(&buffer[..read])?,
                Err(error) => break Err(error),
            }
        };
        Ok((spool, ended))
    }

    /// Nothing yet, beside this one.
    pub fn beside(&self) -> Self {
        Self::empty(self.meter, self.limits)
    }

    /// Adds all that a decoder gives.
    ///
    /// # Errors
    /// It breaks, a limit is reached, or our own disk's.
    pub fn decode(&mut self, decoder: impl Read) -> io::Result<()> {
        let mut decoded = Decoded::new(decoder, self.meter, self.limits);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match decoded.read(&mut buffer)? {
                0 => return Ok(()),
                read => self.add(&buffer[..read])?,
            }
        }
    }

    /// Nothing yet.
    fn empty(meter: &'a Meter, limits: &'a ItemLimits) -> Self {
        Self { file: tempfile::spooled_tempfile(SPOOL_BYTES_MAX), len: 0, meter, limits }
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// Our own disk's.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.meter.own(self.file.seek(SeekFrom::Start(self.len)))?;
        Spooling::new(&mut self.file, self.meter).write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Bytes of it.
    pub fn size(&self) -> u64 {
        self.len
    }

    /// So many bytes from a place on, or as many as there are.
    ///
    /// # Errors
    /// Our own disk's, or a limit is reached.
    pub fn some(&mut self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.len.saturating_sub(at).min(len as u64) as usize];
        self.read_at(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads as many bytes from a place on, which are there.
    fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        // Whoever goes from place to place may be led in circles.
        work::charge(bytes.len().max(STEP_BYTES));
        self.meter.pace(self.limits)?;
        if !bytes.is_empty() {
            self.meter.own(self.file.seek(SeekFrom::Start(at)))?;
            self.meter.own(self.file.read_exact(bytes))?;
        }
        Ok(())
    }

    /// So many bytes from a place on.
    ///
    /// # Errors
    /// There are not so many, or as [`Self::some`].
    pub fn all(&mut self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let bytes = self.some(at, len)?;
        if bytes.len() == len { Ok(bytes) } else { Err(broken()) }
    }

    /// All from a place on, as a stream.
    pub fn from(&mut self, at: u64) -> Part<'_, 'a> {
        let len = self.len.saturating_sub(at);
        self.part(at, len)
    }

    /// So many bytes from a place on, as a stream.
    pub fn part(&mut self, at: u64, len: u64) -> Part<'_, 'a> {
        Part { spool: self, at, end: at.saturating_add(len) }
    }
}

/// What a step counts as.
const STEP_BYTES: usize = 256;

/// A part of what was taken in.
pub struct Part<'s, 'a> {
    spool: &'s mut Spool<'a>,
    at: u64,
    end: u64,
}

impl Read for Part<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.end.min(self.spool.len);
        let len = end.saturating_sub(self.at).min(buffer.len() as u64) as usize;
        self.spool.read_at(self.at, &mut buffer[..len])?;
        self.at += len as u64;
        Ok(len)
    }
}

/// It is not what it says it is.
pub fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// What is larger than it may be.
pub fn too_large() -> io::Error {
    io::ErrorKind::FileTooLarge.into()
}
