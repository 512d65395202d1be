//! Streams that are packed as a whole: unpacked, rewritten, and packed again in the same form.
//!
//! What was written waits in a spool, so that the size may stand before it: some readers of
//! Zstandard will not do without.

use std::io::{self, Read, Seek, Write};

use liblzma::stream::{LzmaOptions, Stream};
use liblzma::write::XzEncoder;

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::containers::codec_of;
use crate::matching::views::forms::{Form, form};
use crate::matching::views::meter::Decoded;
use crate::matching::views::packing::lz4::Lz4;
use crate::matching::views::packing::streams::Streams;
use crate::matching::views::packing::zip::{SPOOL_BYTES_MAX, copy};
use crate::matching::views::tour::Look;

/// How strongly is packed: what the programs do if nobody says.
const XZ_LEVEL: u32 = 6;

/// Bytes that tell an object of git.
const HEAD_BYTES: usize = 40;

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a stream in one of the forms of packing.
    pub(in crate::matching::redact) fn repacked(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        form: Form,
        depth: usize,
    ) -> Result<(), Stop> {
        let broken = format!("{}: broken", form.name());
        let done = self.unpacked(reader, form, depth);
        let (mut spool, size) = done.map_err(|stop| stop.of_decoder(&broken, self.meter))?;
        spool.rewind().map_err(Stop::Write)?;
        pack(form, &mut spool, size, out).map_err(Stop::Write)
    }

    /// What the stream comes to, and how long that is.
    fn unpacked(
        &mut self,
        reader: &mut dyn Read,
        form: Form,
        depth: usize,
    ) -> Result<(tempfile::SpooledTempFile, u64), Stop> {
        let mut spool = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
        match form {
            Form::Lz4 => self.decoded(Lz4::new(reader), &mut spool, depth)?,
            Form::Snappy => {
                self.decoded(snap::read::FrameDecoder::new(reader), &mut spool, depth)?;
            }
            _ => {
                let Some(codec) = codec_of(form) else { return Err(Stop::not("binary")) };
                let is_same = |head: &[u8]| self::form(head) == form;
                let bounds = (self.meter, self.limits);
                let mut streams = Streams::new(reader, codec, &is_same, bounds);
                self.decoded(&mut streams, &mut spool, depth)?;
                if !streams.is_over().map_err(Stop::Read)? {
                    return Err(Stop::Not(format!("{}: trailing bytes", form.name())));
                }
            }
        }
        let size = spool.stream_position().map_err(Stop::Write)?;
        Ok((spool, size))
    }

    fn decoded(
        &mut self,
        decoder: impl Read,
        spool: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let (meter, limits) = (self.meter, self.limits);
        let mut decoded = Decoded::new(decoder, meter, limits);
        let mut head = Vec::new();
        decoded.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(Stop::Read)?;
        if is_of_git(&head) {
            return Err(Stop::not("git: named after its content"));
        }
        self.bytes(&mut head.as_slice().chain(decoded), spool, depth + 1)
    }
}

/// Whether it is an object of git, which is called after a sum over it.
fn is_of_git(head: &[u8]) -> bool {
    let kinds: [&[u8]; 4] = [b"blob ", b"tree ", b"commit ", b"tag "];
    kinds.iter().filter_map(|kind| head.strip_prefix(*kind)).any(|rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && rest.get(digits) == Some(&0)
    })
}

fn pack(form: Form, content: &mut dyn Read, size: u64, mut out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Zlib => {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::ZlibEncoder::new(out, level);
            copy(content, &mut encoder)?;
            encoder.finish()?;
        }
        Form::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(out, bzip2::Compression::best());
            copy(content, &mut encoder)?;
            encoder.finish()?;
        }
        Form::Xz => {
            let mut encoder = XzEncoder::new(out, XZ_LEVEL);
            copy(content, &mut encoder)?;
            encoder.finish()?;
        }
        Form::Lzma => {
            let stream = Stream::new_lzma_encoder(&LzmaOptions::new_preset(XZ_LEVEL)?)?;
            let mut encoder = XzEncoder::new_stream(out, stream);
            copy(content, &mut encoder)?;
            encoder.finish()?;
        }
        Form::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(out);
            copy(content, &mut encoder)?;
            encoder.finish().map_err(io::Error::from)?;
        }
        Form::Snappy => {
            let mut encoder = snap::write::FrameEncoder::new(&mut out);
            copy(content, &mut encoder)?;
            encoder.flush()?;
        }
        _ => {
            let mut encoder = zstd::stream::write::Encoder::new(out, 0)?;
            encoder.set_pledged_src_size(Some(size))?;
            encoder.include_contentsize(true)?;
            encoder.include_checksum(true)?;
            copy(content, &mut encoder)?;
            encoder.finish()?;
        }
    }
    Ok(())
}
