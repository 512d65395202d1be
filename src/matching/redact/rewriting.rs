//! A stream of anything rewritten in its own format, or refused.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::matching::limits::ItemLimits;
use crate::matching::put::{Put, Replaced, Rewritten};
use crate::matching::redact::looks::First;
use crate::matching::redact::refusal::{Stop, Unredacted};
use crate::matching::views::containers::{HEAD_BYTES, Rest};
use crate::matching::views::forms::{Form, Store, form};
use crate::matching::views::meter::{Decoded, Meter, Stored};
use crate::matching::views::packing::gzip::Members;
use crate::matching::views::spelling::charset::{Charset, guess, utf8_or_western};
use crate::matching::views::tour::{Look, Tour, key_of};
use crate::matching::views::unsure::lines::names_in_lines;

/// How often a content is gone over at most: beside what was replaced something may stand that was
/// nobody's as long as another name stood there.
pub const PASSES_MAX: u32 = 3;

/// Writes what the content of an item that is called so is without what `look` sees in it. Memory
/// does not grow with its size.
///
/// Where nothing was replaced, take the original: what was packed may be packed otherwise.
///
/// # Errors
/// It cannot be rewritten, or reading or writing failed; then what was written is worthless.
pub fn redact_named<L: Look<What = Put>>(
    look: &mut L,
    name: &str,
    content: &mut dyn Read,
    out: &mut dyn Write,
    limits: &ItemLimits,
) -> Result<Replaced, Unredacted> {
    let meter = Meter::default();
    let key = key_of(name);
    let mut rewriting = Rewriting::new(look, limits, &meter, key);
    let ended = rewriting.bytes(&mut Stored::new(content, &meter, limits), out, 0);
    let (replaced, rewritten) = (rewriting.replaced, rewriting.rewritten);
    look.remember(rewritten);
    match ended {
        Ok(()) if !meter.has_failed() => Ok(replaced),
        Ok(()) => Err(Stop::not("broken").told(&meter)),
        Err(stop) => Err(stop.told(&meter)),
    }
}

/// A short text with what was replaced in it.
pub struct Short {
    /// The text as it may stay.
    pub text: String,
    /// Nothing, if the text is as it was.
    pub replaced: Replaced,
}

/// A short text beside the content: a name, or a value of metadata or tags. `key` is read before it
/// as in a scan, since it may say what the value alone does not, and stays as it is.
///
/// # Errors
/// It cannot be rewritten.
pub fn redact_short<L: Look<What = Put>>(
    look: &mut L,
    key: Option<&str>,
    text: &str,
) -> Result<Short, Unredacted> {
    let (limits, meter) = (&ItemLimits::default(), &Meter::default());
    let mut rewriting = Rewriting::new(look, limits, meter, None);
    let short = rewriting.short(key, text).map_err(|stop| stop.told(meter));
    let rewritten = rewriting.rewritten;
    look.remember(rewritten);
    short
}

/// Whether a look sees nothing in an item that is called so, and everything in it could be read.
///
/// # Errors
/// Reading failed.
pub fn is_clean<L: Look>(
    look: &mut L,
    name: &str,
    content: &mut dyn Read,
    limits: &ItemLimits,
) -> io::Result<bool> {
    Ok(purity(look, name, content, limits)? == Purity::Clean)
}

/// What a look comes to that looks through the whole of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purity {
    /// All of it could be read, and nothing was seen.
    Clean,
    /// Something was seen.
    Seen,
    /// Nothing was seen, and not all of it could be read, for these reasons.
    Unsure(Vec<String>),
}

/// What a look sees in an item that is called so: the proof of what [`redact_named`] wrote.
///
/// # Errors
/// Reading failed.
pub fn purity<L: Look>(
    look: &mut L,
    name: &str,
    content: &mut dyn Read,
    limits: &ItemLimits,
) -> io::Result<Purity> {
    let meter = Meter::default();
    let mut first = First::of(look);
    let mut tour = Tour::new(&mut first, limits, &meter);
    tour.called(name);
    tour.content(content)?;
    let unreadable: Vec<String> = std::mem::take(&mut tour.unreadable).into_iter().collect();
    Ok(match (first.any(), unreadable.is_empty()) {
        (true, _) => Purity::Seen,
        (false, true) => Purity::Clean,
        (false, false) => Purity::Unsure(unreadable),
    })
}

/// One item being rewritten.
pub struct Rewriting<'a, L> {
    pub(super) look: &'a mut L,
    pub(super) limits: &'a ItemLimits,
    pub(super) meter: &'a Meter,
    pub(super) replaced: Replaced,
    /// What the name of the item, or of the member that is rewritten, says of its content.
    pub(super) key: Option<String>,
    /// How deep the stream is in others that is rewritten, with its names.
    pub(super) depth: usize,
    /// The cells that were rewritten.
    pub(super) rewritten: Rewritten,
}

impl<'a, L: Look<What = Put>> Rewriting<'a, L> {
    fn new(look: &'a mut L, limits: &'a ItemLimits, meter: &'a Meter, key: Option<String>) -> Self {
        let (replaced, rewritten) = (Replaced::default(), look.remembered());
        Self { look, limits, meter, replaced, key, depth: 0, rewritten }
    }

    /// Rewrites a stream of anything. A decoder that panics over it has met what it cannot read.
    pub(super) fn bytes(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let around = std::mem::replace(&mut self.depth, depth);
        let rewriting = AssertUnwindSafe(|| self.any(reader, out, depth));
        let rewritten = catch_unwind(rewriting);
        self.depth = around;
        rewritten.unwrap_or_else(|_| Err(Stop::not("decoder: gave up")))
    }

    /// Rewrites the content of a member that is called so.
    pub(super) fn member_bytes(
        &mut self,
        name: &str,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let around = std::mem::replace(&mut self.key, key_of(name));
        let rewritten = self.bytes(reader, out, depth);
        self.key = around;
        rewritten
    }

    fn any(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        let broken = reader.take(HEAD_BYTES as u64).read_to_end(&mut head).err();
        let mut whole = Cursor::new(&head).chain(Rest::new(reader, broken));
        let form = form(&head);
        let opens = form.opens();
        if opens && depth >= self.limits.depth_max {
            return Err(Stop::not("depth limit"));
        }
        match form {
            // What its control words take apart is seen when it is looked at again.
            Form::Text(Charset::Bytes) | Form::Rtf => self.text(&mut whole, out, depth),
            // The first protocol is written in lines of text, and text may begin as it does.
            Form::Store(Store::Pickle) if guess(&head) == Charset::Bytes => {
                self.text(&mut whole, out, depth)
            }
            Form::Text(charset @ (Charset::Utf16(_) | Charset::Utf32(_))) => {
                let mark = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
                self.wide(&mut whole, out, charset, mark, depth)
            }
            Form::Gzip => {
                let rewritten = self.gzip(&mut whole, out, depth);
                rewritten.map_err(|stop| stop.of_decoder("gzip: broken", self.meter))
            }
            Form::Zip => self.zip(&mut whole, out, depth),
            Form::Tar => self.tar(&mut whole, out, depth),
            Form::Parquet => self.parquet(&mut whole, out, depth),
            Form::Avro => self.avro(&mut whole, out, depth),
            Form::Store(Store::Arrow) => self.arrow(&mut whole, out, depth),
            Form::Store(Store::Sqlite) => self.sqlite(&mut whole, out, depth),
            Form::Zlib
            | Form::Bzip2
            | Form::Xz
            | Form::Lzma
            | Form::Zstd
            | Form::Lz4
            | Form::Snappy => self.repacked(&mut whole, out, form, depth),
            Form::Store(Store::Numpy) | Form::Text(Charset::Binary) if Self::is_array(&head) => {
                self.array(&mut whole, out, depth)
            }
            Form::Text(Charset::Binary) if Self::is_tensors(&head) => {
                self.tensors(&mut whole, out, depth)
            }
            other => self.copy_if_clean(&mut whole, out, other.name(), depth),
        }
    }

    /// Several members become one: to a reader they are one stream, and an occurrence may lie
    /// across two. Zeros that fill up what they lie in stay.
    fn gzip(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut members = Members::open(reader).map_err(Stop::Read)?;
        let header = members.first().clone();
        // Of other programs, about blocks that are packed anew here.
        if header.has_extra {
            return Err(Stop::not("gzip: extra field"));
        }
        let mut builder =
            flate2::GzBuilder::new().mtime(header.time).operating_system(header.system);
        if let Some(name) = header.name {
            builder = builder.filename(self.label(&name)?);
        }
        if let Some(comment) = header.comment {
            builder = builder.comment(self.label(&comment)?);
        }
        let mut encoder = builder.write(&mut *out, flate2::Compression::default());
        let mut decoded = Decoded::new(&mut members, self.meter, self.limits);
        let rewritten = self.bytes(&mut decoded, &mut encoder, depth + 1);
        let finished = encoder.finish().map(|_| ());
        rewritten.and_then(|()| finished.map_err(Stop::Write))?;
        if members.rest().map_err(Stop::Read)?.is_some() {
            return Err(Stop::not("gzip: trailing bytes"));
        }
        let mut zeros = io::repeat(0).take(members.zeros());
        io::copy(&mut zeros, out).map(drop).map_err(Stop::Write)
    }

    /// Whether something is seen in a text.
    pub(super) fn sees(&mut self, text: &str) -> bool {
        let mut first = First::of(self.look);
        let mut tour = Tour::new(&mut first, self.limits, self.meter);
        let seen = tour.spans(text.as_bytes(), &(0..text.len()), false);
        !seen.is_empty() || first.any()
    }

    /// Refuses a short text with a name in a charset that it may not be in.
    pub(super) fn refuse_legacy(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let is_clean = names_in_lines(&mut *self.look, bytes).is_empty();
        if is_clean { Ok(()) } else { Err(Stop::not("charset: not rewritten")) }
    }

    /// A short text of bytes, as it may stay.
    pub(super) fn label(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Stop> {
        self.refuse_legacy(bytes)?;
        let before = self.replaced;
        let text = self.short(None, &utf8_or_western(bytes))?.text;
        Ok(if self.replaced == before { bytes.to_vec() } else { text.into_bytes() })
    }

    /// What is seen first in a stream; refuses where nothing is and not all could be read.
    pub(super) fn first_in(
        &mut self,
        reader: &mut dyn Read,
        name: &str,
        depth: usize,
    ) -> Result<Option<Put>, Stop> {
        let mut first = First::of(self.look);
        let mut tour = Tour::new(&mut first, self.limits, self.meter);
        tour.bytes(reader, "", depth).map_err(Stop::Read)?;
        let unreadable = std::mem::take(&mut tour.unreadable);
        match clean(&unreadable, &first, name) {
            Err(why) if !first.any() => Err(why),
            _ => Ok(first.what()),
        }
    }

    /// Copies what cannot be rewritten, if nothing in it need be.
    pub(super) fn copy_if_clean(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        name: &str,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut copying = Copying { reader, out, failure: None };
        let mut first = First::of(self.look);
        let mut tour = Tour::new(&mut first, self.limits, self.meter);
        let walked = tour.bytes(&mut copying, "", depth);
        let unreadable = std::mem::take(&mut tour.unreadable);
        let clean = clean(&unreadable, &first, name);
        let walked = walked.and_then(|()| io::copy(&mut copying, &mut io::sink()).map(|_| ()));
        if let Some(failure) = copying.failure.take() {
            return Err(Stop::Write(failure));
        }
        walked.map_err(Stop::Read).and(clean)
    }
}

/// Refuses where something was seen, or not all could be read.
pub(super) fn clean<L: Look>(
    unreadable: &BTreeSet<String>,
    first: &First<'_, L>,
    name: &str,
) -> Result<(), Stop> {
    if let Some(reason) = unreadable.first() {
        // What follows tells where, by the names of members.
        let reason = reason.split_once(" in ").map_or(reason.as_str(), |(reason, _)| reason);
        return Err(Stop::not(reason));
    }
    if first.any() { Err(Stop::Not(format!("{name}: not rewritten"))) } else { Ok(()) }
}

/// Copies what is read through it.
struct Copying<'a> {
    reader: &'a mut dyn Read,
    out: &'a mut dyn Write,
    failure: Option<io::Error>,
}

impl Read for Copying<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if self.failure.is_none() {
            self.failure = self.out.write_all(&buffer[..read]).err();
        }
        match &self.failure {
            Some(failure) => Err(failure.kind().into()),
            None => Ok(read),
        }
    }
}
