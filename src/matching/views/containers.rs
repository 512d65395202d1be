//! Containers opened: what a stream is packed in is known by its first bytes, never by its name.
//!
//! A decoder that breaks is noted and what it gave before counts; a limit ends the whole item,
//! since what is still to come cannot be trusted to be smaller; a decoder that panics costs the
//! innermost stream that it was in.

use std::io::{self, Cursor, Read};

use crate::matching::views::charsets::ebcdic::Ebcdic;
use crate::matching::views::forms::{Form, Store, form, is_packed};
use crate::matching::views::markup::rtf::Rtf;
use crate::matching::views::meter::{Decoded, Meter, is_over_memory, refusal};
use crate::matching::views::packing::gzip::Members;
use crate::matching::views::packing::lz4::Lz4;
use crate::matching::views::packing::streams::Codec;
use crate::matching::views::packing::unsigned::blocks::{Block, UNPACKED_MAX};
use crate::matching::views::packing::unsigned::streams::{
    BROTLI_BUFFER_BYTES, begins_brotli, unpacked,
};
use crate::matching::views::spelling::charset::{Charset, Wide};
use crate::matching::views::tour::{Kind, Look, Tour, is_brotli, key_of};

/// Bytes looked at to tell what a stream is.
pub const HEAD_BYTES: usize = 4 << 10;

/// Bytes read at once with them: a short stream is asked no more.
const LEAD_BYTES: usize = 16 << 10;

/// So few bytes may be text of several bytes a character by chance.
const FEW_BYTES: usize = 256;

impl<L: Look> Tour<'_, L> {
    /// Looks into a stream of anything.
    pub fn bytes(&mut self, reader: &mut dyn Read, chain: &str, depth: usize) -> io::Result<()> {
        let around = std::mem::replace(&mut self.level, depth);
        let key = self.key.clone();
        if let Some(member) = member_of(chain) {
            self.key = key_of(member);
            self.is_brotli = is_brotli(member);
        }
        let walked = self.guarded(chain, |tour| tour.any(reader, chain, depth));
        (self.level, self.key) = (around, key);
        walked.unwrap_or(Ok(()))
    }

    fn any(&mut self, reader: &mut dyn Read, chain: &str, depth: usize) -> io::Result<()> {
        let mut lead = Vec::with_capacity(LEAD_BYTES);
        let broken = reader.take(LEAD_BYTES as u64).read_to_end(&mut lead).err();
        let goes_on = lead.len() == LEAD_BYTES;
        let head = &lead[..lead.len().min(HEAD_BYTES)];
        let rest = Rest { reader: goes_on.then_some(reader), broken };
        let mut whole = Cursor::new(&lead).chain(rest);
        let form = form(head);
        let is_brotli = std::mem::take(&mut self.is_brotli) && begins_brotli(head);
        if is_brotli && depth < self.limits.depth_max {
            self.met(chain, "brotli");
            let decoder = brotli::Decompressor::new(whole, BROTLI_BUFFER_BYTES);
            return self.packed_stream(decoder, "brotli", chain, depth);
        }
        self.met(chain, form.name());
        let opens = form.opens();
        if opens && depth >= self.limits.depth_max {
            self.unreadable("depth limit", chain);
            return Ok(());
        }
        if let Some(block) = block_of(form, head).filter(|_| depth < self.limits.depth_max) {
            return self.block((block, form), &mut whole, chain, depth);
        }
        // So few bytes have many shapes.
        if lead.len() <= FEW_BYTES && is_recoded(form) {
            self.guids_alone(&lead, chain);
        }
        match form {
            Form::Gzip => self.gzip(&mut whole, chain, depth),
            Form::Zlib => self.streams_of(&mut whole, Codec::Zlib, chain, depth),
            Form::Bzip2 => self.streams_of(&mut whole, Codec::Bzip2, chain, depth),
            Form::Xz => self.streams_of(&mut whole, Codec::Xz, chain, depth),
            Form::Lzma => self.streams_of(&mut whole, Codec::Lzma, chain, depth),
            Form::Zstd => self.streams_of(&mut whole, Codec::Zstd, chain, depth),
            Form::Lz4 => self.packed_stream(Lz4::new(whole), "lz4", chain, depth),
            Form::Snappy => {
                self.packed_stream(snap::read::FrameDecoder::new(whole), "snappy", chain, depth)
            }
            Form::Zip => self.zip(&mut whole, chain, depth),
            Form::Tar => self.tar(&mut whole, chain, depth),
            Form::Avro => self.avro(&mut whole, chain),
            Form::Parquet => self.parquet(&mut whole, chain),
            Form::Store(Store::Pickle) => self.pickled_stream(&mut whole, chain, depth),
            Form::Store(store) => self.store(store, &mut whole, chain, depth),
            Form::Rtf => {
                let mut text = Rtf::new(whole);
                self.stream(&mut text, &format!("{chain}rtf > "), Kind::Text, depth)
            }
            Form::Closed(reason) => {
                self.unreadable(reason, chain);
                self.stream(&mut whole, chain, Kind::Opaque, depth)
            }
            Form::Media => self.stream(&mut whole, chain, Kind::Dense, depth),
            Form::Text(Charset::Bytes | Charset::Binary)
                if head.len() < HEAD_BYTES && self.unsigned(head, chain, depth)? =>
            {
                Ok(())
            }
            Form::Text(Charset::Bytes) => self.stream(&mut whole, chain, Kind::Text, depth),
            Form::Text(Charset::Binary) => self.stream(&mut whole, chain, Kind::Binary, depth),
            Form::Text(charset @ (Charset::Utf16(_) | Charset::Utf32(_))) => {
                let name = if matches!(charset, Charset::Utf16(_)) { "utf-16" } else { "utf-32" };
                let mut text = Wide::new(whole, charset);
                self.stream(&mut text, &format!("{chain}{name} > "), Kind::Text, depth)
            }
            Form::Text(Charset::Ebcdic) => {
                let mut text = Ebcdic::new(whole);
                self.stream(&mut text, &format!("{chain}ebcdic > "), Kind::Text, depth)
            }
        }
    }

    /// Looks into what is a block by its head; if it is none as a whole, at its bytes.
    fn block(
        &mut self,
        (block, form): (Block, Form),
        reader: &mut dyn Read,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let kind = if form == Form::Text(Charset::Binary) { Kind::Binary } else { Kind::Text };
        let mut bytes = Vec::new();
        let broken = reader.take(UNPACKED_MAX as u64).read_to_end(&mut bytes).err();
        let unpacked = if bytes.len() < UNPACKED_MAX { block.unpacked(&bytes) } else { None };
        let Some(unpacked) = unpacked.filter(|_| broken.is_none()) else {
            let mut whole = Cursor::new(bytes).chain(Rest::new(reader, broken));
            return self.stream(&mut whole, chain, kind, depth);
        };
        let (meter, limits): (&Meter, _) = (self.meter, self.limits);
        let mut unpacked = Decoded::new(unpacked.as_slice(), meter, limits);
        self.bytes(&mut unpacked, &format!("{chain}{} > ", block.name()), depth + 1)
    }

    /// Looks into a short stream that is packed without saying so; whether it is.
    fn unsigned(&mut self, bytes: &[u8], chain: &str, depth: usize) -> io::Result<bool> {
        let Some((name, unpacked)) = unpacked(bytes) else { return Ok(false) };
        let (meter, limits): (&Meter, _) = (self.meter, self.limits);
        let mut unpacked = Decoded::new(unpacked.as_slice(), meter, limits);
        self.bytes(&mut unpacked, &format!("{chain}{name} > "), depth + 1).map(|()| true)
    }

    /// What is seen in bytes that came from base64, if they are packed; `None` if they are not.
    pub(super) fn packed(&mut self, bytes: &[u8], nested: usize) -> Option<Vec<(L::What, String)>> {
        if !is_packed(bytes) {
            return None;
        }
        // From here on as deep as it lies in fact: base64 in gzip in base64 has an end too.
        let depth = self.level + nested + 1;
        let hash = self.packed.hash(bytes, depth);
        if let Some(seen) = self.packed.seen(hash) {
            return Some(seen);
        }
        let sights = std::mem::take(&mut self.sights);
        let ended = self.bytes(&mut Cursor::new(bytes), "base64 > ", depth);
        if let Err(error) = ended {
            let reason = refusal(&error).map_or("base64: broken", |refused| refused.0);
            self.unreadable(reason, "");
        }
        let seen = std::mem::replace(&mut self.sights, sights);
        let inner = |view: String| view.trim_start_matches("base64 > ").to_owned();
        let seen: Vec<_> = seen.into_iter().map(|sight| (sight.what, inner(sight.view))).collect();
        self.packed.keep(hash, &seen);
        Some(seen)
    }

    fn streams_of(
        &mut self,
        reader: &mut dyn Read,
        codec: Codec,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let is_same = |head: &[u8]| codec_of(form(head)) == Some(codec);
        self.streams(reader, codec, &is_same, chain, depth)
    }

    pub(super) fn packed_stream(
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
    pub(super) fn settle(
        &mut self,
        walked: io::Result<()>,
        reason: &str,
        chain: &str,
    ) -> io::Result<()> {
        match walked {
            Err(error) if self.meter.has_failed() || refusal(&error).is_some() => Err(error),
            Err(error) => {
                self.unreadable(&reason_of(&error, reason), chain);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Looks into gzip, and at what stands beside its content.
    fn gzip(&mut self, reader: &mut dyn Read, chain: &str, depth: usize) -> io::Result<()> {
        let mut members = match Members::open(reader) {
            Ok(members) => members,
            Err(error) => return self.settle(Err(error), "gzip: broken", chain),
        };
        let view = format!("{chain}gzip");
        let first = members.first().clone();
        for word in [first.name, first.comment].into_iter().flatten() {
            self.label_bytes(&word, &view, "name");
        }
        self.packed_stream(&mut members, "gzip", chain, depth)?;
        let (words, has_more) = members.take_words();
        for word in words {
            self.label_bytes(&word, &view, "name");
        }
        if has_more {
            self.unreadable("gzip: too many names", chain);
        }
        if let Some(mut rest) = members.rest()? {
            self.bytes(&mut rest, &format!("{chain}gzip tail > "), depth + 1)?;
        }
        Ok(())
    }
}

/// Whether a stream is read in another charset as a whole.
fn is_recoded(form: Form) -> bool {
    matches!(form, Form::Text(charset) if !matches!(charset, Charset::Bytes | Charset::Binary))
}

/// The block without a frame that a stream may be which has no other form.
fn block_of(form: Form, head: &[u8]) -> Option<Block> {
    let is_unknown = matches!(form, Form::Text(Charset::Bytes | Charset::Binary));
    if is_unknown { Block::of(head, head.len() < HEAD_BYTES) } else { None }
}

/// The form of packing of one stream that a form is.
pub fn codec_of(form: Form) -> Option<Codec> {
    match form {
        Form::Zlib => Some(Codec::Zlib),
        Form::Bzip2 => Some(Codec::Bzip2),
        Form::Xz => Some(Codec::Xz),
        Form::Lzma => Some(Codec::Lzma),
        Form::Zstd => Some(Codec::Zstd),
        _ => None,
    }
}

/// The name of the member that a chain leads to, if it leads to one.
fn member_of(chain: &str) -> Option<&str> {
    let last = chain.strip_suffix(" > ")?.rsplit(" > ").next()?;
    last.strip_prefix("zip:").or_else(|| last.strip_prefix("tar:"))
}

/// Why a decoder ended, where `reason` is that it broke: it may want more memory than it may have.
pub fn reason_of(error: &io::Error, reason: &str) -> String {
    match reason.split_once(':') {
        Some((name, _)) if is_over_memory(error) => format!("{name}: memory limit"),
        _ => reason.to_owned(),
    }
}

/// The rest of a stream whose head was read; an error met there comes in its place.
pub struct Rest<'a> {
    /// None where the head was all.
    reader: Option<&'a mut dyn Read>,
    broken: Option<io::Error>,
}

impl<'a> Rest<'a> {
    /// Of this reader, of whose head this error was the end.
    pub fn new(reader: &'a mut dyn Read, broken: Option<io::Error>) -> Self {
        Self { reader: Some(reader), broken }
    }
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.broken.take(), &mut self.reader) {
            (Some(error), _) => Err(error),
            (None, Some(reader)) => reader.read(buffer),
            (None, None) => Ok(0),
        }
    }
}
