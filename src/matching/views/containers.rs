//! Containers opened: what a stream is packed in is known by its first bytes, never by its name.
//!
//! A decoder that breaks is noted and what it gave before counts; a limit ends the whole item,
//! since what is still to come cannot be trusted to be smaller. Zip needs to seek and goes through
//! a spool that lies in memory while it is small and in an unlinked file beyond that.

use std::io::{self, BufReader, Cursor, Read, Seek, Write};

use crate::matching::views::columns::{avro, parquet};
use crate::matching::views::meter::{Decoded, Meter, refusal};
use crate::matching::views::spelling::charset::{Charset, Wide, guess, utf8_or_western};
use crate::matching::views::walk::{Look, Walk};

/// Bytes looked at to tell what a stream is.
const HEAD_BYTES: usize = 4 << 10;

/// Bytes of a zip that are held in memory; beyond, it lies in a file.
const SPOOL_BYTES_MAX: usize = 4 << 20;

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Gzip,
    Zlib,
    Zstd,
    Bzip2,
    Xz,
    Zip,
    Tar,
    Avro,
    Parquet,
    /// Known and not opened; the reason.
    Closed(&'static str),
    Text(Charset),
}

impl<L: Look> Walk<'_, L> {
    /// Looks into a stream of anything.
    pub(super) fn bytes(
        &mut self,
        reader: &mut dyn Read,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        let broken = reader.take(HEAD_BYTES as u64).read_to_end(&mut head).err();
        let mut whole = Cursor::new(&head).chain(Rest { reader, broken });
        let form = form(&head);
        let opens = !matches!(form, Form::Text(_) | Form::Closed(_));
        if opens && depth >= self.limits.depth_max {
            self.unreadable("depth limit", chain);
            return Ok(());
        }
        match form {
            Form::Gzip => {
                let decoder = flate2::bufread::MultiGzDecoder::new(BufReader::new(whole));
                if let Some(header) = decoder.header() {
                    let names = [header.filename(), header.comment()].into_iter().flatten();
                    for name in names {
                        self.label(&utf8_or_western(name), &format!("{chain}gzip"), "name");
                    }
                }
                self.packed_stream(decoder, "gzip", chain, depth)
            }
            Form::Zlib => {
                self.packed_stream(flate2::read::ZlibDecoder::new(whole), "zlib", chain, depth)
            }
            Form::Bzip2 => {
                self.packed_stream(bzip2::read::MultiBzDecoder::new(whole), "bzip2", chain, depth)
            }
            Form::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(
                    XZ_BYTES_MAX,
                    liblzma::stream::CONCATENATED,
                );
                match stream {
                    Ok(stream) => self.packed_stream(
                        liblzma::read::XzDecoder::new_stream(whole, stream),
                        "xz",
                        chain,
                        depth,
                    ),
                    Err(error) => Err(error.into()),
                }
            }
            Form::Zstd => match zstd::stream::read::Decoder::new(whole) {
                Ok(mut decoder) => {
                    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                    self.packed_stream(decoder, "zstd", chain, depth)
                }
                Err(error) => Err(error),
            },
            Form::Zip => self.zip(&mut whole, chain, depth),
            Form::Tar => self.tar(&mut whole, chain, depth),
            Form::Avro => self.avro(&mut whole, chain),
            Form::Parquet => self.parquet(&mut whole, chain),
            Form::Closed(reason) => {
                self.unreadable(reason, chain);
                self.stream(&mut whole, chain, true)
            }
            Form::Text(Charset::Bytes) => self.stream(&mut whole, chain, false),
            Form::Text(Charset::Binary) => self.stream(&mut whole, chain, true),
            Form::Text(charset @ Charset::Utf16(_)) => {
                self.stream(&mut Wide::new(whole, charset), &format!("{chain}utf-16 > "), false)
            }
            Form::Text(charset @ Charset::Utf32(_)) => {
                self.stream(&mut Wide::new(whole, charset), &format!("{chain}utf-32 > "), false)
            }
        }
    }

    /// What is seen in bytes that came from base64, if they are packed; `None` if they are not.
    pub(super) fn packed(&mut self, bytes: &[u8], nested: usize) -> Option<Vec<(L::What, String)>> {
        if !is_packed(bytes) {
            return None;
        }
        let sights = std::mem::take(&mut self.sights);
        let ended = self.bytes(&mut Cursor::new(bytes), "base64 > ", nested + 1);
        if let Err(error) = ended {
            let reason = refusal(&error).map_or("base64: broken", |refused| refused.0);
            self.unreadable(reason, "");
        }
        let seen = std::mem::replace(&mut self.sights, sights);
        let inner = |view: String| view.trim_start_matches("base64 > ").to_owned();
        Some(seen.into_iter().map(|sight| (sight.what, inner(sight.view))).collect())
    }

    fn packed_stream(
        &mut self,
        decoder: impl Read,
        name: &str,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let (meter, limits): (&Meter, _) = (self.meter, self.limits);
        let mut decoded = Decoded::new(decoder, meter, limits);
        let walked = self.bytes(&mut decoded, &format!("{chain}{name} > "), depth + 1);
        self.settle(walked, &format!("{name}: broken"), chain)
    }

    /// A decoder's own error is noted and done with; a limit or a failing store goes on up.
    fn settle(&mut self, walked: io::Result<()>, reason: &str, chain: &str) -> io::Result<()> {
        match walked {
            Err(error) if self.meter.has_failed() || refusal(&error).is_some() => Err(error),
            Err(_) => {
                self.unreadable(reason, chain);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn zip(&mut self, reader: &mut dyn Read, chain: &str, depth: usize) -> io::Result<()> {
        let mut spool = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
        copy(reader, &mut spool)?;
        spool.rewind()?;
        let mut archive = match zip::ZipArchive::new(BufReader::new(spool)) {
            Ok(archive) => archive,
            Err(_) => {
                self.unreadable("zip: broken", chain);
                return Ok(());
            }
        };
        self.label(&utf8_or_western(archive.comment()), &format!("{chain}zip"), "comment");
        for index in 0..archive.len() {
            self.zip_member(&mut archive, index, chain, depth)?;
        }
        Ok(())
    }

    fn zip_member<R: Read + Seek>(
        &mut self,
        archive: &mut zip::ZipArchive<R>,
        index: usize,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let Ok(member) = archive.by_index_raw(index) else {
            self.unreadable("zip: broken member", chain);
            return Ok(());
        };
        let name = member
            .name()
            .map_or_else(|_| utf8_or_western(member.name_raw()), |name| name.into_owned());
        let inner = format!("{chain}zip:{name} > ");
        let (encrypted, comment) = (member.encrypted(), member.comment().to_owned());
        drop(member);
        self.label(&name, &format!("{chain}zip"), &name);
        self.label(&comment, &format!("{chain}zip"), &name);
        if encrypted {
            self.unreadable("zip: encrypted member", &inner);
            return Ok(());
        }
        let (meter, limits): (&Meter, _) = (self.meter, self.limits);
        match archive.by_index(index) {
            Ok(member) => {
                let walked =
                    self.bytes(&mut Decoded::new(member, meter, limits), &inner, depth + 1);
                self.settle(walked, "zip: broken member", &inner)
            }
            Err(
                zip::result::ZipError::UnsupportedArchive(_)
                | zip::result::ZipError::CompressionMethodNotSupported(_),
            ) => {
                self.unreadable("zip: compression not supported", &inner);
                Ok(())
            }
            Err(_) => {
                self.unreadable("zip: broken member", &inner);
                Ok(())
            }
        }
    }

    fn tar(&mut self, reader: &mut dyn Read, chain: &str, depth: usize) -> io::Result<()> {
        let mut archive = tar::Archive::new(reader);
        let walked = archive.entries().and_then(|entries| {
            for entry in entries {
                self.tar_member(entry?, chain, depth)?;
            }
            Ok(())
        });
        self.settle(walked, "tar: broken", chain)
    }

    fn tar_member<R: Read>(
        &mut self,
        mut entry: tar::Entry<'_, R>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let name = utf8_or_western(&entry.path_bytes());
        let view = format!("{chain}tar");
        self.label(&name, &view, &name);
        let header = entry.header();
        let owners = [header.username_bytes(), header.groupname_bytes()];
        let mut labels: Vec<String> = owners.into_iter().flatten().map(utf8_or_western).collect();
        labels.extend(entry.link_name_bytes().map(|link| utf8_or_western(&link)));
        for label in labels {
            self.label(&label, &view, &name);
        }
        self.bytes(&mut entry, &format!("{chain}tar:{name} > "), depth + 1)
    }
}

/// Memory that an xz stream may ask for.
const XZ_BYTES_MAX: u64 = 80 << 20;

/// Window that a zstd stream may ask for: 64 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 26;

/// The rest of a stream whose head was read; an error met there comes in its place.
struct Rest<'a> {
    reader: &'a mut dyn Read,
    broken: Option<io::Error>,
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.broken.take() {
            Some(error) => Err(error),
            None => self.reader.read(buffer),
        }
    }
}

fn copy(reader: &mut dyn Read, spool: &mut dyn Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        spool.write_all(&buffer[..read])?;
    }
}

/// Whether these bytes are of a known form of packing.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    // Most are told by the first byte.
    bytes
        .first()
        .is_some_and(|first| b"\x1fP\x28\xfd7R\x04\xffLB\x78\x58\x48\x68O%".contains(first))
        && !matches!(form(bytes), Form::Text(_) | Form::Tar)
}

fn form(head: &[u8]) -> Form {
    const KNOWN: [(&[u8], Form); 18] = [
        (avro::MAGIC, Form::Avro),
        (parquet::MAGIC, Form::Parquet),
        (b"\x1f\x8b", Form::Gzip),
        (b"PK\x03\x04", Form::Zip),
        (b"PK\x05\x06", Form::Zip),
        (b"PK\x07\x08PK", Form::Zip),
        (b"\x28\xb5\x2f\xfd", Form::Zstd),
        (b"\xfd7zXZ\0", Form::Xz),
        (b"7z\xbc\xaf\x27\x1c", Form::Closed("7z: not supported")),
        (b"Rar!\x1a\x07", Form::Closed("rar: not supported")),
        (b"\x04\x22\x4d\x18", Form::Closed("lz4: not supported")),
        (b"\x1f\x9d", Form::Closed("compress: not supported")),
        (b"\xff\x06\0\0sNaPpY", Form::Closed("snappy: not supported")),
        (b"LZIP", Form::Closed("lzip: not supported")),
        (b"%PDF-", Form::Closed("pdf: not supported")),
        (b"age-encryption.org/", Form::Closed("age: encrypted")),
        (b"Salted__", Form::Closed("openssl: encrypted")),
        (b"-----BEGIN PGP MESSAGE", Form::Closed("pgp: encrypted")),
    ];
    if let Some((_, form)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return *form;
    }
    if is_bzip2(head) {
        return Form::Bzip2;
    }
    if is_zlib(head) {
        return Form::Zlib;
    }
    if is_tar(head) { Form::Tar } else { Form::Text(guess(head)) }
}

fn is_bzip2(head: &[u8]) -> bool {
    head.starts_with(b"BZh")
        && (head[4..].starts_with(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
            || head[4..].starts_with(&[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]))
}

/// Two bytes are too few to tell zlib from text: some of it must decode.
fn is_zlib(head: &[u8]) -> bool {
    let [first, second, ..] = *head else { return false };
    if first & 0x0f != 8
        || first >> 4 > 7
        || (u16::from(first) << 8 | u16::from(second)) % 31 != 0
        || second & 0x20 != 0
    {
        return false;
    }
    let mut some = [0; 64];
    matches!(flate2::read::ZlibDecoder::new(head).read(&mut some), Ok(read) if read > 0)
}

fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..512) else { return false };
    let stated =
        std::str::from_utf8(&block[148..156]).ok().map(|field| field.trim_matches(['\0', ' ']));
    let Some(Ok(stated)) = stated.map(|field| u64::from_str_radix(field, 8)) else { return false };
    let sum: u64 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
        .sum();
    sum == stated && block[0] != 0
}
