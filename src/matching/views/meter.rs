//! Counts what is read and decoded, and ends what goes over its limits.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};

use crate::matching::limits::Limits;

/// Decoded bytes under which the ratio is not asked: small things may be very repetitive.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// What one scan has read so far.
#[derive(Default)]
pub struct Meter {
    stored: Cell<u64>,
    decoded: Cell<u64>,
    repeated: Cell<u64>,
    failed: RefCell<Option<io::Error>>,
}

/// A limit that was reached; carried through decoders as an [`io::Error`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

impl Meter {
    /// Stored bytes read.
    pub fn stored(&self) -> u64 {
        self.stored.get()
    }

    /// The failure of the store itself, if it failed.
    pub fn take_failure(&self) -> Option<io::Error> {
        self.failed.take()
    }

    /// Whether the store itself failed: then no decoder is to blame.
    pub fn has_failed(&self) -> bool {
        self.failed.borrow().is_some()
    }

    /// Counts bytes that are about to be decoded elsewhere.
    ///
    /// # Errors
    /// They go over a limit.
    pub fn charge(&self, bytes: u64, limits: &Limits) -> Result<(), Refused> {
        self.decoded.set(self.decoded.get().saturating_add(bytes));
        self.check(limits)
    }

    /// Counts bytes that a dictionary gives again and again: honest tables have columns of one
    /// value, so no ratio is asked of them.
    ///
    /// # Errors
    /// They go over the limit.
    pub fn repeat(&self, bytes: u64, limits: &Limits) -> Result<(), Refused> {
        self.repeated.set(self.repeated.get().saturating_add(bytes));
        let allowed = self.repeated.get() <= limits.decoded_bytes_max;
        allowed.then_some(()).ok_or(Refused("decoded size limit"))
    }

    fn check(&self, limits: &Limits) -> Result<(), Refused> {
        let decoded = self.decoded.get();
        if decoded > limits.decoded_bytes_max {
            return Err(Refused("decoded size limit"));
        }
        let allowed = limits.decoded_ratio_max.saturating_mul(self.stored.get().max(1));
        if decoded > RATIO_FREE_BYTES && decoded > allowed {
            return Err(Refused("ratio limit"));
        }
        Ok(())
    }
}

/// The limit that an error of a decoder comes from, if it comes from one.
pub fn refusal(error: &io::Error) -> Option<Refused> {
    error.get_ref()?.downcast_ref::<Refused>().copied()
}

/// The store's bytes; remembers its failure.
pub struct Stored<'a> {
    inner: &'a mut dyn Read,
    meter: &'a Meter,
}

impl<'a> Stored<'a> {
    /// Counts what is read of `inner`.
    pub fn new(inner: &'a mut dyn Read, meter: &'a Meter) -> Self {
        Self { inner, meter }
    }
}

impl Read for Stored<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.meter.has_failed() {
            return Err(io::Error::other("the store failed before"));
        }
        loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let told = io::Error::from(error.kind());
                    self.meter.failed.replace(Some(error));
                    return Err(told);
                }
                Ok(read) => {
                    self.meter.stored.set(self.meter.stored.get() + read as u64);
                    return Ok(read);
                }
            }
        }
    }
}

/// A decoder's bytes; ended by the limits.
pub struct Decoded<'a, R> {
    inner: R,
    meter: &'a Meter,
    limits: &'a Limits,
}

impl<'a, R: Read> Decoded<'a, R> {
    /// Counts what `inner` decodes to.
    pub fn new(inner: R, meter: &'a Meter, limits: &'a Limits) -> Self {
        Self { inner, meter, limits }
    }
}

impl<R: Read> Read for Decoded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.check(self.limits).map_err(io::Error::other)?;
        let read = self.inner.read(buffer)?;
        self.meter.decoded.set(self.meter.decoded.get() + read as u64);
        Ok(read)
    }
}
