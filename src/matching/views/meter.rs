//! Counts what is read and decoded, and ends what goes over its limits.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use crate::matching::limits::ItemLimits;
use crate::matching::work;

/// Decoded bytes under which the ratio is not asked: small things may be very repetitive.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// Work that is free: small things may be looked at in many ways.
const WORK_FREE_BYTES: u64 = 256 << 20;

/// Work between two looks at the clock.
const CLOCK_BYTES: u64 = 256 << 10;

/// What one scan has read so far, and how much it has done.
pub struct Meter {
    stored: Cell<u64>,
    decoded: Cell<u64>,
    repeated: Cell<u64>,
    failed: RefCell<Option<io::Error>>,
    /// Work of the thread when the scan began.
    work_before: u64,
    /// Work of the thread when the clock was looked at last.
    clocked: Cell<u64>,
    began: Instant,
    /// Of the time since, what was spent waiting for the store.
    waited: Cell<Duration>,
}

/// A limit that was reached; carried through decoders as an [`io::Error`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Exceeded(pub &'static str);

/// Nobody waits for the work any more.
pub const CALLED_OFF: Exceeded = Exceeded("called off");

/// The work goes on for too long.
pub const TOO_LONG: Exceeded = Exceeded("time: the item takes too long");

impl Default for Meter {
    fn default() -> Self {
        let work_before = work::done();
        Self {
            stored: Cell::default(),
            decoded: Cell::default(),
            repeated: Cell::default(),
            failed: RefCell::default(),
            work_before,
            clocked: Cell::new(work_before),
            began: Instant::now(),
            waited: Cell::default(),
        }
    }
}

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

    /// Notes a failure of our own disk, which is no decoder's either.
    ///
    /// # Errors
    /// That failure, without its cause.
    pub fn own<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| {
            let told = io::Error::from(error.kind());
            self.failed.borrow_mut().get_or_insert(error);
            told
        })
    }

    /// Counts bytes that are about to be decoded elsewhere.
    ///
    /// # Errors
    /// They go over a limit.
    pub fn charge(&self, bytes: u64, limits: &ItemLimits) -> Result<(), Exceeded> {
        self.decoded.set(self.decoded.get().saturating_add(bytes));
        self.check(limits)
    }

    /// Counts bytes that a dictionary gives again and again: honest tables have columns of one
    /// value, so no ratio is asked of them.
    ///
    /// # Errors
    /// They go over the limit.
    pub fn repeat(&self, bytes: u64, limits: &ItemLimits) -> Result<(), Exceeded> {
        self.repeated.set(self.repeated.get().saturating_add(bytes));
        let allowed = self.repeated.get() <= limits.decoded_bytes_max;
        allowed.then_some(()).ok_or(Exceeded("decoded size limit"))
    }

    fn check(&self, limits: &ItemLimits) -> Result<(), Exceeded> {
        let decoded = self.decoded.get();
        if decoded > limits.decoded_bytes_max {
            return Err(Exceeded("decoded size limit"));
        }
        let allowed = limits.decoded_ratio_max.saturating_mul(self.stored.get().max(1));
        if decoded > RATIO_FREE_BYTES && decoded > allowed {
            return Err(Exceeded("ratio limit"));
        }
        self.pace(limits)
    }

    /// Asks whether the work goes on: it may have become too much, or too long, or be wanted no
    /// more. Everything that loops over input without reading through the meter must ask.
    ///
    /// # Errors
    /// It does not.
    pub fn pace(&self, limits: &ItemLimits) -> Result<(), Exceeded> {
        let done = work::done();
        let read = self.stored.get().saturating_add(self.decoded.get());
        let read = read.saturating_add(self.repeated.get());
        let allowed = WORK_FREE_BYTES.saturating_add(limits.work_ratio_max.saturating_mul(read));
        if done - self.work_before > allowed {
            return Err(Exceeded("work limit"));
        }
        if done - self.clocked.get() < CLOCK_BYTES {
            return Ok(());
        }
        self.clocked.set(done);
        if work::is_called_off() {
            return Err(CALLED_OFF);
        }
        if self.time_left(limits).is_zero() { Err(TOO_LONG) } else { Ok(()) }
    }

    /// How much longer the item may be worked on.
    pub fn time_left(&self, limits: &ItemLimits) -> Duration {
        let worked = self.began.elapsed().saturating_sub(self.waited.get());
        Duration::from_millis(limits.item_time_ms_max).saturating_sub(worked)
    }
}

impl From<Exceeded> for io::Error {
    fn from(refused: Exceeded) -> Self {
        Self::other(refused)
    }
}

/// The limit that an error of a decoder comes from, if it comes from one.
pub fn refusal(error: &io::Error) -> Option<Exceeded> {
    error.get_ref()?.downcast_ref::<Exceeded>().copied()
}

/// Whether a decoder would need more memory than it is given.
pub fn is_over_memory(error: &io::Error) -> bool {
    let Some(inner) = error.get_ref() else { return false };
    match inner.downcast_ref::<liblzma::stream::Error>() {
        Some(error) => *error == liblzma::stream::Error::MemLimit,
        // The words are all that Zstandard has for it.
        None => inner.to_string().contains("too much memory"),
    }
}

/// A spool on our own disk; a failure of it is remembered as one of the store's is.
pub struct Spooling<'a, W> {
    spool: W,
    meter: &'a Meter,
}

impl<'a, W> Spooling<'a, W> {
    /// Writes to `spool`.
    pub fn new(spool: W, meter: &'a Meter) -> Self {
        Self { spool, meter }
    }
}

impl<W: Write> Write for Spooling<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.meter.own(self.spool.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.meter.own(self.spool.flush())
    }
}

/// The store's bytes; remembers its failure.
pub struct Stored<'a> {
    inner: &'a mut dyn Read,
    meter: &'a Meter,
    limits: &'a ItemLimits,
}

impl<'a> Stored<'a> {
    /// Counts what is read of `inner`.
    pub fn new(inner: &'a mut dyn Read, meter: &'a Meter, limits: &'a ItemLimits) -> Self {
        Self { inner, meter, limits }
    }
}

impl Read for Stored<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.meter.has_failed() {
            return Err(io::Error::other("the store failed before"));
        }
        if work::is_called_off() {
            return Err(io::Error::other(CALLED_OFF));
        }
        // A decoder may take in all there is and give nothing.
        self.meter.pace(self.limits)?;
        let asked = Instant::now();
        let read = self.read_on(buffer);
        self.meter.waited.set(self.meter.waited.get() + asked.elapsed());
        read
    }
}

impl Stored<'_> {
    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
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
                    work::charge(read);
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
    limits: &'a ItemLimits,
}

impl<'a, R: Read> Decoded<'a, R> {
    /// Counts what `inner` decodes to.
    pub fn new(inner: R, meter: &'a Meter, limits: &'a ItemLimits) -> Self {
        Self { inner, meter, limits }
    }
}

impl<R: Read> Read for Decoded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.check(self.limits).map_err(io::Error::other)?;
        let read = self.inner.read(buffer)?;
        work::charge(read);
        self.meter.decoded.set(self.meter.decoded.get() + read as u64);
        Ok(read)
    }
}

/// Reads until the window is of this size; `false` at the end of the stream.
pub fn fill(reader: &mut dyn Read, window: &mut Vec<u8>, size: usize) -> io::Result<bool> {
    // Most streams are short, and to make room for a whole window takes as long as to look at one.
    for size in [SHORT_BYTES.min(size), size] {
        let room = size.saturating_sub(window.len());
        // At once: growing bit by bit would copy.
        window.reserve_exact(room);
        reader.take(room as u64).read_to_end(window)?;
        if window.len() < size {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A stream of fewer bytes is given no room for more.
const SHORT_BYTES: usize = 16 << 10;
