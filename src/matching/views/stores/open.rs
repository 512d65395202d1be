//! Stores opened: by their structure, and then as bytes.

use std::io::{self, Cursor, Read};

use memchr::memmem;

use crate::matching::views::containers::{HEAD_BYTES, Rest};
use crate::matching::views::forms::Store;
use crate::matching::views::meter::refusal;
use crate::matching::views::spelling::charset::{Charset, guess};
use crate::matching::views::stores::spool::Spool;
use crate::matching::views::tour::{Kind, Look, Tour};

/// A pickle that is longer is undone only if it says at its start that it holds a table: most long
/// ones are numbers.
const PICKLE_BYTES: usize = 4 << 20;

impl<L: Look> Tour<'_, L> {
    /// Looks into a pickle.
    pub(in crate::matching::views) fn pickled_stream(
        &mut self,
        reader: &mut dyn Read,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let mut head = Vec::new();
        let broken = reader.take(PICKLE_BYTES as u64).read_to_end(&mut head).err();
        let start = &head[..head.len().min(HEAD_BYTES)];
        let kind = pickle_kind(start);
        let is_table = head.len() < PICKLE_BYTES || memmem::find(start, b"pandas").is_some();
        let mut whole = Cursor::new(head).chain(Rest::new(reader, broken));
        match is_table {
            true => self.store(Store::Pickle, &mut whole, chain, depth),
            false => self.stream(&mut whole, chain, kind, depth),
        }
    }

    /// Looks into a store.
    pub(in crate::matching::views) fn store(
        &mut self,
        store: Store,
        reader: &mut dyn Read,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let (mut spool, ended) = Spool::take(reader, self.meter, self.limits)?;
        if let Err(error) = &ended
            && (self.meter.has_failed() || refusal(error).is_some())
        {
            return ended;
        }
        // What panics over the structure leaves the bytes.
        let walked = self.guarded(chain, |tour| tour.structure(store, &mut spool, chain, depth));
        let walked = walked.unwrap_or(Ok(()));
        let why = match &walked {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => "compression not supported",
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => "too large",
            _ => "broken",
        };
        let is_read = walked.is_ok();
        self.settle(walked, &format!("{}: {why}", store.name()), chain)?;
        // What the structure does not lead to may be packed.
        let kind = match store {
            _ if !is_read => Kind::Binary,
            Store::Pickle => pickle_kind(&spool.some(0, HEAD_BYTES)?),
            // Behind its end there may be anything.
            Store::Pdf => Kind::Dense,
            // Names stand side by side.
            Store::Numpy | Store::Stata => Kind::Binary,
            Store::OlderStata | Store::Transport | Store::Netcdf => Kind::Binary,
            _ => Kind::Opaque,
        };
        self.stream(&mut spool.from(0), chain, kind, depth)?;
        ended
    }

    fn structure(
        &mut self,
        store: Store,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        match store {
            Store::Sqlite | Store::SqliteLog | Store::SqliteJournal => {
                self.sqlite(store, spool, chain, depth)
            }
            Store::Arrow => self.arrow(spool, chain, depth),
            Store::Hdf5 => self.hdf5(spool, chain, depth),
            Store::Pdf => self.pdf(spool, chain, depth),
            Store::Orc => self.orc(spool, chain, depth),
            Store::Png => self.png(spool, chain, depth),
            Store::Ole => self.ole(spool, chain, depth),
            Store::Git => self.git(spool, chain, depth),
            Store::Numpy => self.numpy(spool, chain),
            Store::Pickle => self.pickle(spool, 0, chain, None),
            Store::Stata => self.stata(spool, chain),
            Store::OlderStata => self.older_stata(spool, chain),
            Store::Transport => self.transport(spool, chain),
            Store::Blosc => self.blosc(spool, chain, depth),
            Store::Lmdb => self.lmdb(spool, chain, depth),
            Store::Netcdf => self.netcdf(spool, chain),
            Store::Matlab => self.matlab(spool, chain, depth),
            Store::SevenZip => self.sevenzip(spool, chain, depth),
        }
    }
}

/// How the bytes of a pickle that starts like this are read: the first protocol is text.
fn pickle_kind(head: &[u8]) -> Kind {
    if guess(head) == Charset::Bytes { Kind::Text } else { Kind::Binary }
}
