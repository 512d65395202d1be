//! Containers opened: what a stream is packed in is known by its first bytes, never by its name.
//!
//! A decoder that breaks is noted and what it gave before counts; a limit ends the whole item,
//! since what is still to come cannot be trusted to be smaller. Zip needs to seek and goes through
//! a spool that lies in memory while it is small and in an unlinked file beyond that.

use std::io::{self, BufReader, Cursor, Read, Seek, Write};

use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use crate::matching::views::forms::{Form, form, is_packed};
use crate::matching::views::meter::{Decoded, Meter, refusal};
use crate::matching::views::spelling::charset::{Charset, Wide, utf8_or_western};
use crate::matching::views::walk::{Look, Walk};
use crate::matching::views::windows::Kind;

/// Bytes looked at to tell what a stream is.
pub const HEAD_BYTES: usize = 4 << 10;

/// Bytes of a zip that are held in memory; beyond, it lies in a file.
pub const SPOOL_BYTES_MAX: usize = 4 << 20;

impl<L: Look> Walk<'_, L> {
    /// Looks into a stream of anything.
    pub fn bytes(&mut self, reader: &mut dyn Read, chain: &str, depth: usize) -> io::Result<()> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        let broken = reader.take(HEAD_BYTES as u64).read_to_end(&mut head).err();
        let mut whole = Cursor::new(&head).chain(Rest::new(reader, broken));
        let form = form(&head);
        let opens = !matches!(form, Form::Text(_) | Form::Closed(_) | Form::Media);
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
                let stream = Stream::new_stream_decoder(XZ_BYTES_MAX, CONCATENATED)?;
                self.packed_stream(XzDecoder::new_stream(whole, stream), "xz", chain, depth)
            }
            Form::Lzma => {
                let stream = Stream::new_lzma_decoder(XZ_BYTES_MAX)?;
                self.packed_stream(XzDecoder::new_stream(whole, stream), "lzma", chain, depth)
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
                self.stream(&mut whole, chain, Kind::Opaque, depth)
            }
            Form::Media => self.stream(&mut whole, chain, Kind::Opaque, depth),
            Form::Text(Charset::Bytes) => self.stream(&mut whole, chain, Kind::Text, depth),
            Form::Text(Charset::Binary) => self.stream(&mut whole, chain, Kind::Binary, depth),
            Form::Text(charset @ Charset::Utf16(_)) => {
                let mut text = Wide::new(whole, charset);
                self.stream(&mut text, &format!("{chain}utf-16 > "), Kind::Text, depth)
            }
            Form::Text(charset @ Charset::Utf32(_)) => {
                let mut text = Wide::new(whole, charset);
                self.stream(&mut text, &format!("{chain}utf-32 > "), Kind::Text, depth)
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
pub struct Rest<'a> {
    reader: &'a mut dyn Read,
    broken: Option<io::Error>,
}

impl<'a> Rest<'a> {
    /// Of this reader, of whose head this error was the end.
    pub fn new(reader: &'a mut dyn Read, broken: Option<io::Error>) -> Self {
        Self { reader, broken }
    }
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.broken.take() {
            Some(error) => Err(error),
            None => self.reader.read(buffer),
        }
    }
}

/// Copies all that is left of a stream.
pub fn copy(reader: &mut dyn Read, spool: &mut dyn Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        spool.write_all(&buffer[..read])?;
    }
}
