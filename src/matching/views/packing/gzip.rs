//! Gzip (RFC 1952) member by member: what stands in the headers, and what follows the last member.
//!
//! Zeros are how tapes and blocks are filled up and mean nothing; `gunzip` passes them by as well.
//! Anything else behind a member is no part of the stream and is left for the caller.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// The longest name or comment that is read.
const WORD_BYTES_MAX: usize = 64 << 10;

/// Headers of further members of which the words are kept.
const WORDS_MAX: usize = 256;

/// What stands before a member.
#[derive(Clone, Default)]
pub struct Header {
    /// Whether other programs put something in.
    pub has_extra: bool,
    /// When the content was changed.
    pub time: u32,
    /// The system it came from.
    pub system: u8,
    /// The name of the file.
    pub name: Option<Vec<u8>>,
    /// A comment.
    pub comment: Option<Vec<u8>>,
}

/// All members as one stream.
pub struct Members<R> {
    inner: BufReader<R>,
    first: Header,
    /// Names and comments of the other members, each once, as many as are kept.
    words: Vec<Vec<u8>>,
    has_more_words: bool,
    state: State,
    inflate: Box<Decompress>,
    crc: Crc,
    /// Zeros since the last member.
    zeros: u64,
    /// What was taken for the beginning of a member and is none.
    taken: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the content of a member.
    Content,
    /// Before its check sum.
    Trailer,
    /// Behind a member.
    Between,
    /// Behind the last, at the end or at what is no member.
    End,
}

impl<R: Read> Members<R> {
    /// The members of a stream that begins with one.
    ///
    /// # Errors
    /// It does not, or cannot be read.
    pub fn open(reader: R) -> io::Result<Self> {
        let mut inner = BufReader::new(reader);
        let mut taken = Vec::new();
        let first = header(&mut inner, &mut taken)?;
        Ok(Self {
            inner,
            first,
            words: Vec::new(),
            has_more_words: false,
            state: State::Content,
            inflate: Box::new(Decompress::new(false)),
            crc: Crc::new(),
            zeros: 0,
            taken: Vec::new(),
        })
    }

    /// The header of the first member.
    pub fn first(&self) -> &Header {
        &self.first
    }

    /// Names and comments of the other members that were passed, and whether there were more.
    pub fn take_words(&mut self) -> (Vec<Vec<u8>>, bool) {
        (std::mem::take(&mut self.words), self.has_more_words)
    }

    /// Zeros behind the last member; known at the end.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// What stands behind the last member and its zeros, if anything does; known at the end.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub fn rest(&mut self) -> io::Result<Option<impl Read>> {
        let is_end = self.taken.is_empty() && self.inner.fill_buf()?.is_empty();
        let is_rest = self.state == State::End && !is_end;
        let taken = std::mem::take(&mut self.taken);
        Ok(is_rest.then(|| Cursor::new(taken).chain(&mut self.inner)))
    }

    /// Goes on to the next member, if there is one.
    fn next(&mut self) -> io::Result<State> {
        loop {
            let buffer = self.inner.fill_buf()?;
            let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
            let (all, is_end) = (zeros == buffer.len(), buffer.is_empty());
            self.zeros += zeros as u64;
            self.inner.consume(zeros);
            if is_end {
                return Ok(State::End);
            }
            if !all {
                break;
            }
        }
        let mut taken = Vec::new();
        let Ok(header) = header(&mut self.inner, &mut taken) else {
            self.taken = taken;
            return Ok(State::End);
        };
        for word in [header.name, header.comment].into_iter().flatten() {
            let is_known = self.words.contains(&word);
            self.has_more_words |= !is_known && self.words.len() == WORDS_MAX;
            if !is_known && self.words.len() < WORDS_MAX {
                self.words.push(word);
            }
        }
        self.zeros = 0;
        self.crc.reset();
        self.inflate.reset(false);
        Ok(State::Content)
    }

    fn content(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let input = self.inner.fill_buf()?;
        let is_end = input.is_empty();
        let (taken, given) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, buffer, FlushDecompress::None)?;
        self.inner.consume((self.inflate.total_in() - taken) as usize);
        let given = (self.inflate.total_out() - given) as usize;
        self.crc.update(&buffer[..given]);
        match status {
            Status::StreamEnd => self.state = State::Trailer,
            _ if is_end && given == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => {}
        }
        Ok(given)
    }

    fn check(&mut self) -> io::Result<()> {
        let mut trailer = [0; 8];
        self.inner.read_exact(&mut trailer)?;
        let [a, b, c, d, e, f, g, h] = trailer;
        let is_whole = u32::from_le_bytes([a, b, c, d]) == self.crc.sum()
            && u32::from_le_bytes([e, f, g, h]) == self.crc.amount();
        is_whole.then_some(()).ok_or_else(broken)
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Ends: each turn takes something in, or is the last.
        loop {
            match self.state {
                State::End => return Ok(0),
                State::Content => {
                    let given = self.content(buffer)?;
                    if given > 0 || buffer.is_empty() {
                        return Ok(given);
                    }
                }
                State::Trailer => {
                    self.check()?;
                    self.state = State::Between;
                }
                State::Between => self.state = self.next()?,
            }
        }
    }
}

/// Reads a header; what was read of it stands in `taken`, but for its words.
fn header(reader: &mut impl BufRead, taken: &mut Vec<u8>) -> io::Result<Header> {
    const RESERVED: u8 = 0xe0;
    reader.take(10).read_to_end(taken)?;
    let [0x1f, 0x8b, 8, flags, a, b, c, d, _, system] = *taken.as_slice() else {
        return Err(broken());
    };
    if flags & RESERVED != 0 {
        return Err(broken());
    }
    let mut header = Header { time: u32::from_le_bytes([a, b, c, d]), system, ..Header::default() };
    if flags & 4 != 0 {
        header.has_extra = true;
        let mut len = [0; 2];
        reader.read_exact(&mut len)?;
        let mut extra = reader.take(u64::from(u16::from_le_bytes(len)));
        io::copy(&mut extra, &mut io::sink())?;
    }
    if flags & 8 != 0 {
        header.name = Some(word(reader)?);
    }
    if flags & 16 != 0 {
        header.comment = Some(word(reader)?);
    }
    if flags & 2 != 0 {
        reader.read_exact(&mut [0; 2])?; // a check sum of the header
    }
    Ok(header)
}

/// Text up to its zero.
fn word(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut word = Vec::new();
    reader.take(WORD_BYTES_MAX as u64).read_until(0, &mut word)?;
    if word.pop() == Some(0) { Ok(word) } else { Err(broken()) }
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn member(text: &str) -> Vec<u8> {
        let builder = flate2::GzBuilder::new().filename(text.to_uppercase()).comment("c");
        let mut encoder = builder.write(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_follows_a_member() {
        let zeros = vec![0; 20_000];
        for (parts, text, filled, rest) in [
            (vec![member("one")], "one", 0, None),
            (vec![member("one"), member("two")], "onetwo", 0, None),
            (vec![member("one"), zeros.clone()], "one", 20_000, None),
            (vec![member("one"), zeros.clone(), member("")], "one", 0, None),
            (vec![member("one"), b"\0garbage".to_vec()], "one", 1, Some("garbage")),
            (vec![member("one"), b"\x1f\x8bx".to_vec()], "one", 0, Some("\x1f\u{fffd}x")),
        ] {
            let stream = parts.concat();
            let mut members = Members::open(stream.as_slice()).unwrap();
            let mut read = String::new();
            members.read_to_string(&mut read).unwrap();
            assert_eq!((read.as_str(), members.zeros()), (text, filled));
            let mut bytes = Vec::new();
            let told = members.rest().unwrap().map(|mut rest| {
                rest.read_to_end(&mut bytes).unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            });
            assert_eq!(told.as_deref(), rest);
        }
    }

    #[test]
    fn what_is_cut_or_changed_is_broken() {
        let whole = member("some text, and more of it");
        for len in 1..whole.len() {
            let read = Members::open(&whole[..len]).and_then(|mut members| {
                let mut all = Vec::new();
                members.read_to_end(&mut all)
            });
            assert!(read.is_err(), "{len}");
        }
        let mut changed = whole.clone();
        let last = changed.len() - 5;
        changed[last] ^= 1;
        let mut all = Vec::new();
        assert!(Members::open(changed.as_slice()).unwrap().read_to_end(&mut all).is_err());
        let mut members = Members::open(whole.as_slice()).unwrap();
        members.read_to_end(&mut all).unwrap();
        let name = members.first().name.clone();
        assert_eq!(name.as_deref(), Some(b"SOME TEXT, AND MORE OF IT".as_slice()));
        assert!(
            Members::open([&b"\x1f\x8b\x08\x08"[..], &[b'x'; 100_000]].concat().as_slice())
                .is_err()
        );
    }
}
