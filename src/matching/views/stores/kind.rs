//! Which store a stream is, told by its first bytes.

use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::stores::hdf5::file::SIGN;

/// A form that is read by its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A database of SQLite.
    Sqlite,
    /// Its write-ahead log.
    SqliteLog,
    /// Its rollback journal.
    SqliteJournal,
    /// A file or stream of Arrow, Feather of version 2 among them.
    Arrow,
    /// HDF5.
    Hdf5,
    /// PDF.
    Pdf,
    /// ORC.
    Orc,
    /// PNG.
    Png,
    /// A compound file.
    Ole,
    /// An archive of 7-Zip.
    SevenZip,
}

impl Store {
    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::SqliteLog => "sqlite log",
            Self::SqliteJournal => "sqlite journal",
            Self::Arrow => "arrow",
            Self::Hdf5 => "hdf5",
            Self::Pdf => "pdf",
            Self::Orc => "orc",
            Self::Png => "png",
            Self::Ole => "ole",
            Self::SevenZip => "7z",
        }
    }
}

/// The store that a stream which starts like this is.
pub fn store(head: &[u8]) -> Option<Store> {
    const SIGNS: &[(&[u8], Store)] = &[
        (b"SQLite format 3\0", Store::Sqlite),
        (b"\x37\x7f\x06\x82\0\x2d\xe2\x18", Store::SqliteLog),
        (b"\x37\x7f\x06\x83\0\x2d\xe2\x18", Store::SqliteLog),
        (b"ARROW1", Store::Arrow),
        (SIGN, Store::Hdf5),
        (b"%PDF-", Store::Pdf),
        (b"7z\xbc\xaf\x27\x1c", Store::SevenZip),
        (b"\x89PNG\r\n\x1a\n", Store::Png),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Store::Ole),
        (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", Store::SqliteJournal),
    ];
    let signed = SIGNS.iter().find(|(sign, _)| head.starts_with(sign)).map(|(_, store)| *store);
    signed.or_else(|| is_arrow_stream(head).then_some(Store::Arrow))
}

/// A message with its length, whose first is a schema.
fn is_arrow_stream(head: &[u8]) -> bool {
    let Some(message) = head.strip_prefix(&[0xff; 4]).and_then(|rest| rest.get(4..)) else {
        return false;
    };
    Table::root(message).is_some_and(|message| message.number(1, 1) == 1)
}
