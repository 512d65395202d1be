//! What a stream is packed in, told by its first bytes.

use crate::matching::views::charsets::ebcdic::is_ebcdic;
use crate::matching::views::packing::sealed::sealed;
use crate::matching::views::packing::signs::is_zlib;
use crate::matching::views::packing::tar;
use crate::matching::views::spelling::charset::{Charset, guess};
use crate::matching::views::spelling::digits::openings::{
    begins_packed, begins_zlib, is_cms, is_openpgp,
};
use crate::matching::views::spelling::maps::arrays::has_records;
use crate::matching::views::spelling::maps::blosc::Head;
use crate::matching::views::spelling::maps::signs::{
    MATLAB, SIGN, TRANSPORT, is_lmdb, is_older_stata, is_pickle,
};

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Zlib,
    /// RFC 8878.
    Zstd,
    /// As `bzip2` writes it.
    Bzip2,
    /// As `xz` writes it.
    Xz,
    /// As `lzma` wrote it before xz.
    Lzma,
    /// PKWARE's APPNOTE.
    Zip,
    /// POSIX ustar, pax and GNU.
    Tar,
    /// An object container file.
    Avro,
    /// With its footer in the clear.
    Parquet,
    /// The frame format of LZ4.
    Lz4,
    /// The framing format of Snappy.
    Snappy,
    /// Many things in a form of their own.
    Store(Store),
    /// Rich Text Format.
    Rtf,
    /// Known and not opened; the reason.
    Closed(&'static str),
    /// Pictures, sound and fonts: what is packed in them is no text.
    Media,
    /// Anything else, by its charset; it may be binary.
    Text(Charset),
}

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
    /// A pack of git, or a bundle with one.
    Git,
    /// An array of `NumPy` with records that have texts.
    Numpy,
    /// A pickle of Python.
    Pickle,
    /// Rows of Stata, from version 13 on.
    Stata,
    /// Rows of Stata of before.
    OlderStata,
    /// Tables that SAS hands on.
    Transport,
    /// A buffer of Blosc, as Zarr keeps its chunks.
    Blosc,
    /// A database of LMDB.
    Lmdb,
    /// Variables of MATLAB.
    Matlab,
    /// A classic file of netCDF.
    Netcdf,
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
            Self::Git => "git",
            Self::Numpy => "npy",
            Self::Pickle => "pickle",
            Self::Stata | Self::OlderStata => "stata",
            Self::Transport => "xport",
            Self::Blosc => "blosc",
            Self::Lmdb => "lmdb",
            Self::Matlab => "matlab",
            Self::Netcdf => "netcdf",
        }
    }
}

impl Form {
    /// Whether something else is in it, as deep as things may be in each other. What is in pickles
    /// is read where it stands.
    pub fn opens(self) -> bool {
        let is_flat = matches!(self, Self::Text(_) | Self::Rtf | Self::Closed(_) | Self::Media);
        !is_flat && self != Self::Store(Store::Pickle)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Lz4 => "lz4",
            Self::Snappy => "snappy",
            Self::Store(store) => store.name(),
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Avro => "avro",
            Self::Parquet => "parquet",
            Self::Media => "media",
            Self::Rtf => "rtf",
            Self::Text(Charset::Binary) | Self::Closed(_) => "binary",
            Self::Text(_) => "text",
        }
    }
}

/// What a stream that starts like this is.
pub fn form(head: &[u8]) -> Form {
    // A text may begin with a word that is a sign elsewhere: `PARENT`, `ORC`, `RIFF`.
    let is_word = |magic: &[u8]| magic.len() <= 4 && magic.iter().all(u8::is_ascii_alphanumeric);
    let known = KNOWN.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((magic, form)) = known
        && !(is_word(magic) && guess(head) == Charset::Bytes)
    {
        return *form;
    }
    if let Some(store) = store(head) {
        return Form::Store(store);
    }
    // A skippable frame of zstd, RFC 8878 section 3.1.2.
    if head.get(1..4) == Some(b"\x2a\x4d\x18") && head[0] & 0xf0 == 0x50 {
        return Form::Zstd;
    }
    if let Some(reason) = closed(head) {
        return Form::Closed(reason);
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Form::Media;
    }
    if is_bzip2(head) {
        return Form::Bzip2;
    }
    if is_lzma(head) {
        return Form::Lzma;
    }
    if begins_zlib(head) && is_zlib(head) {
        return Form::Zlib;
    }
    match () {
        () if is_tar(head) => Form::Tar,
        () if is_ebcdic(head) => Form::Text(Charset::Ebcdic),
        () => Form::Text(guess(head)),
    }
}

/// Its blocks are packed each in a way of its own, and that changes.
const DUCKDB: &str = "duckdb: not supported";

/// Why a stream that starts like this is not opened, where more than its first bytes tells.
fn closed(head: &[u8]) -> Option<&'static str> {
    let number = |at: usize| Some(u16::from_le_bytes([*head.get(at)?, *head.get(at + 1)?]));
    // The sizes of a header, and of the first part of it.
    let is_arj = || {
        head.starts_with(b"\x60\xea")
            && number(2).is_some_and(|size| (30..=2600).contains(&size))
            && head.get(4).is_some_and(|size| (30..=64).contains(size))
    };
    let is_portable = || head.get(40..60) == Some(b"ASCII SPSS PORT FILE");
    let checks: [(&dyn Fn() -> bool, _); 7] = [
        (&|| is_blosc2(head), BLOSC2),
        (&is_portable, "spss: not supported"),
        (&|| head.get(8..12) == Some(b"DUCK"), DUCKDB),
        (&|| head.get(7..14) == Some(b"**ACE**"), "ace: not supported"),
        (&is_arj, "arj: not supported"),
        (&|| is_cms(head), "cms: encrypted"),
        (&|| is_openpgp(head), "pgp: encrypted"),
    ];
    checks.into_iter().find_map(|(is_such, reason)| is_such().then_some(reason))
}

/// What follows the first version of Blosc.
const BLOSC2: &str = "blosc2: not supported";

/// A chunk of it: its version, and the sizes of what it unpacks to, of its blocks and of itself.
fn is_blosc2(head: &[u8]) -> bool {
    let number = |at: usize| {
        head.get(at..at + 4)
            .map(|four| four.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte)))
    };
    let [Some(unpacked), Some(block), Some(packed)] = [4, 8, 12].map(number) else { return false };
    head.starts_with(&[5, 1])
        && (1..=unpacked).contains(&block)
        && (32..=unpacked + 32).contains(&packed)
        && head.len() <= packed
}

/// What came before version 1.0.
const OLD_ZSTD: &str = "zstd: old format not supported";

/// First bytes by which forms are known.
const KNOWN: &[(&[u8], Form)] = &[
    (b"{\\rtf", Form::Rtf),
    (b"Obj\x01", Form::Avro),
    (b"PAR1", Form::Parquet),
    (b"\x1f\x8b\x08", Form::Gzip),
    (b"PK\x03\x04", Form::Zip),
    (b"PK\x05\x06", Form::Zip),
    (b"PK\x07\x08PK", Form::Zip),
    (b"\x28\xb5\x2f\xfd", Form::Zstd),
    (b"\xfd7zXZ\0", Form::Xz),
    (b"Rar!\x1a\x07", Form::Closed("rar: not supported")),
    (b"\x04\x22\x4d\x18", Form::Lz4),
    (b"\x02\x21\x4c\x18", Form::Lz4),
    (b"\x1f\x9d", Form::Closed("compress: not supported")),
    (b"\xff\x06\0\0sNaPpY", Form::Snappy),
    (b"LZIP", Form::Closed("lzip: not supported")),
    (b"age-encryption.org/", Form::Closed("age: encrypted")),
    (b"Salted__", Form::Closed("openssl: encrypted")),
    (b"-----BEGIN PGP MESSAGE", Form::Closed("pgp: encrypted")),
    (b"VimCrypt~0", Form::Closed("vim: encrypted")),
    (b"\0GITCRYPT\0", Form::Closed("git-crypt: encrypted")),
    (b"LUKS\xba\xbe", Form::Closed("luks: encrypted")),
    (b"\x03\xd9\xa2\x9a", Form::Closed("keepass: encrypted")),
    (b"PARE", Form::Closed("parquet: encrypted")),
    (b"ORC", Form::Store(Store::Orc)),
    (b"FEA1", Form::Closed("feather: not supported")),
    (b"\x9e\xa8b2frame\0", Form::Closed(BLOSC2)),
    (b"MSCF\0\0\0\0", Form::Closed("cab: not supported")),
    (b"\x89LZO\0", Form::Closed("lzop: not supported")),
    (b"LRZI\0", Form::Closed("lrzip: not supported")),
    (b"\x28\xb5\x2f\xfc", Form::Closed(OLD_ZSTD)),
    (b"\x1e\xb5\x2f\xfd", Form::Closed(OLD_ZSTD)),
    (b"\x22\xb5\x2f\xfd", Form::Closed(OLD_ZSTD)),
    (b"\x23\xb5\x2f\xfd", Form::Closed(OLD_ZSTD)),
    (b"\x24\xb5\x2f\xfd", Form::Closed(OLD_ZSTD)),
    (b"\x25\xb5\x2f\xfd", Form::Closed(OLD_ZSTD)),
    (b"\x26\xb5\x2f\xfd", Form::Closed(OLD_ZSTD)),
    (b"\x27\xb5\x2f\xfd", Form::Closed(OLD_ZSTD)),
    (b"ZV\x05", Form::Closed("zpaq: not supported")),
    (b"7kSt\xa01\x83\xd3", Form::Closed("zpaq: not supported")),
    (b"xar!\0", Form::Closed("xar: not supported")),
    (b"MSWIM\0\0\0", Form::Closed("wim: not supported")),
    (b"bvx2", Form::Closed("lzfse: not supported")),
    (b"AES\x01\0", Form::Closed("aescrypt: encrypted")),
    (b"AES\x02\0", Form::Closed("aescrypt: encrypted")),
    (b"\xc0\xb9\x07\x2e\x4f\x93\xf1\x46", Form::Closed("axcrypt: encrypted")),
    (b"$FL2@(#)", Form::Closed("spss: not supported")),
    (b"$FL3@(#)", Form::Closed("spss: not supported")),
    (SAS, Form::Closed("sas7bdat: not supported")),
    (b"\xff\xd8\xff", Form::Media),
    (b"GIF87a", Form::Media),
    (b"GIF89a", Form::Media),
    (b"RIFF", Form::Media),
    (b"OggS\0", Form::Media),
    (b"ID3\x03", Form::Media),
    (b"ID3\x04", Form::Media),
    (b"fLaC", Form::Media),
    (b"II*\0", Form::Media),
    (b"MM\0*", Form::Media),
    (b"\x1a\x45\xdf\xa3", Form::Media),
    (b"wOFF", Form::Media),
    (b"wOF2", Form::Media),
    (b"\0\0\x01\0\x01\0", Form::Media),
    (b"\0\0\x02\0\x01\0", Form::Media),
    (b"FLV\x01", Form::Media),
];

/// What a table of SAS begins with.
const SAS: &[u8] = &[
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc2, 0xea, 0x81, 0x60, 0xb3, 0x14, 0x11, 0xcf, 0xbd, 0x92,
    8, 0, 9, 0xc7, 0x31, 0x8c, 0x18, 0x1f, 0x10, 0x11,
];

/// What an HDF5 file begins with.
pub const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The store that a stream which starts like this is.
fn store(head: &[u8]) -> Option<Store> {
    const SIGNS: &[(&[u8], Store)] = &[
        (b"SQLite format 3\0", Store::Sqlite),
        (b"\x37\x7f\x06\x82\0\x2d\xe2\x18", Store::SqliteLog),
        (b"\x37\x7f\x06\x83\0\x2d\xe2\x18", Store::SqliteLog),
        (b"ARROW1", Store::Arrow),
        (HDF5, Store::Hdf5),
        (b"%PDF-", Store::Pdf),
        (b"PACK\0\0\0\x02", Store::Git),
        (b"# v2 git bundle\n", Store::Git),
        (b"# v3 git bundle\n", Store::Git),
        (b"7z\xbc\xaf\x27\x1c", Store::SevenZip),
        (b"\x89PNG\r\n\x1a\n", Store::Png),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Store::Ole),
        (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", Store::SqliteJournal),
        (SIGN, Store::Stata),
        (TRANSPORT, Store::Transport),
        (MATLAB, Store::Matlab),
        (b"CDF\x01", Store::Netcdf),
        (b"CDF\x02", Store::Netcdf),
        (b"CDF\x05", Store::Netcdf),
    ];
    let signed = SIGNS.iter().find(|(sign, _)| head.starts_with(sign)).map(|(_, store)| *store);
    // MATLAB's own head stands before it, and others may put theirs there.
    let is_hdf5 = |at: &usize| head.get(*at..).is_some_and(|head| head.starts_with(HDF5));
    let behind = || [512, 1024, 2048].iter().any(is_hdf5).then_some(Store::Hdf5);
    let records = || has_records(head).then_some(Store::Numpy);
    let pickle = || is_pickle(head).then_some(Store::Pickle);
    let stata = || is_older_stata(head).then_some(Store::OlderStata);
    signed
        .or_else(behind)
        .or_else(records)
        .or_else(pickle)
        .or_else(stata)
        .or_else(|| is_arrow_stream(head).then_some(Store::Arrow))
        .or_else(|| is_lmdb(head).then_some(Store::Lmdb))
        .or_else(|| Head::read(head).map(|_| Store::Blosc))
}

/// A message with its length, whose first is a schema: the second field of the table that begins it
/// says so.
fn is_arrow_stream(head: &[u8]) -> bool {
    let message = head.strip_prefix(&[0xff; 4]).and_then(|rest| rest.get(4..)).unwrap_or_default();
    let number = |at: usize, width: usize| {
        let part = message.get(at..at.checked_add(width)?)?;
        Some(part.iter().rev().fold(0usize, |all, byte| all << 8 | usize::from(*byte)))
    };
    let kind = || {
        let table = number(0, 4)?;
        let fields = table.checked_sub(number(table, 4)?)?;
        number(table + number(fields + 6, 2).filter(|offset| *offset > 0)?, 1)
    };
    kind() == Some(1)
}

fn is_bzip2(head: &[u8]) -> bool {
    let Some((sign, block)) = head.split_at_checked(4) else { return false };
    sign.starts_with(b"BZh")
        && (block.starts_with(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
            || block.starts_with(&[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]))
}

/// Properties of the usual model, a dictionary of a power of two, and a size that is known or not.
fn is_lzma(head: &[u8]) -> bool {
    let Some([0x5d, rest @ ..]) = head.first_chunk::<13>() else { return false };
    let dictionary = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]);
    dictionary.is_power_of_two()
        && dictionary >= 1 << 12
        && (rest[4..] == [0xff; 8] || rest[9..] == [0; 3])
}

fn is_tar(head: &[u8]) -> bool {
    head.first_chunk().is_some_and(|block| block[0] != 0 && tar::has_sum(block))
}

/// Whether these bytes are of a known form of packing, or a text with something encrypted in it.
pub fn is_packed(bytes: &[u8]) -> bool {
    begins_packed(bytes)
        && !matches!(form(bytes), Form::Text(_) | Form::Tar | Form::Media | Form::Rtf)
        || sealed(bytes).next().is_some()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::ZlibEncoder;
    use sha2::{Digest, Sha512};

    use super::*;
    use crate::domain::policy::declared::FORMS;
    use crate::matching::views::packing::sealed::REASONS;

    /// Whoever teaches us a form that stays closed decides whether it may be declared.
    #[test]
    fn every_closed_form_may_be_declared() {
        let known = KNOWN.iter().filter_map(|(_, form)| match *form {
            Form::Closed(reason) => Some(reason),
            _ => None,
        });
        let checked =
            [BLOSC2, "ace: not supported", "arj: not supported", "cms: encrypted", DUCKDB];
        for reason in known.chain(checked).chain(REASONS) {
            assert!(FORMS.contains(&reason), "{reason} is not in domain::policy::declared");
        }
    }

    #[test]
    fn hashes_are_not_packed() {
        let mut signs = 0;
        for n in 0u32..60_000 {
            let hash = Sha512::digest(n.to_be_bytes());
            signs += usize::from(hash[0] == 0x78);
            for bytes in [&hash[..32], &hash, &[hash; 4].concat()] {
                assert!(form(bytes) != Form::Zlib, "{n}");
            }
        }
        assert!(signs > 0);
    }

    #[test]
    fn zlib_is_told_whole_and_cut() {
        for text in ["by mira", "by mira.osei@nordlicht.example", &"mira\n".repeat(1000)] {
            let mut encoder = ZlibEncoder::new(Vec::new(), Default::default());
            encoder.write_all(text.as_bytes()).unwrap();
            assert_eq!(form(&encoder.finish().unwrap()), Form::Zlib);
        }
        let words: String = (0..200).map(|n| format!("{:x} ", n * 7919)).collect();
        let mut encoder = ZlibEncoder::new(Vec::new(), Default::default());
        encoder.write_all(words.as_bytes()).unwrap();
        assert_eq!(form(&encoder.finish().unwrap()[..100]), Form::Zlib);
    }

    /// Base64 and hexadecimal are decoded only where what they spell may be something.
    #[test]
    fn whatever_is_known_by_its_first_bytes_is_known_in_digits() {
        let known = KNOWN.iter().filter(|(_, form)| !matches!(form, Form::Media | Form::Rtf));
        for (sign, _) in known {
            let bytes = [*sign, &[0x90; 80]].concat();
            assert!(begins_packed(&bytes), "{sign:?}");
        }
    }
}
