//! The objects of a file. They are found where they stand, not by the table at its end, which may
//! be broken and leads to no earlier versions of what was changed.

use std::collections::HashMap;
use std::io;

use memchr::memmem;

use crate::matching::views::stores::pdf::filters::{STREAM_BYTES_MAX, undo};
use crate::matching::views::stores::pdf::locks::Key;
use crate::matching::views::stores::pdf::objects::{Dict, Object, Reader, is_space};
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::work;

/// Bytes looked through for signs at once, and those of them that the next look begins with.
const PART_BYTES: usize = 1 << 20;
const MARGIN_BYTES: usize = 64;

/// Objects of a file.
const OBJECTS_MAX: usize = 1 << 19;

/// Bytes of an object but for its stream.
const OBJECT_BYTES_MAX: usize = 4 << 20;

/// Bytes of streams with objects that are held unpacked.
const HELD_BYTES_MAX: usize = 16 << 20;

/// What tells how a file is encrypted.
const LOCK: &[u8] = b"/Encrypt";

/// Such signs that are looked at: each version of a file has one.
const LOCKS_MAX: usize = 64;

/// References that are followed to one object.
const STEPS_MAX: usize = 16;

/// A file.
pub struct File<'s, 'a> {
    spool: &'s mut Spool<'a>,
    /// Where objects stand, in order, each with its number.
    pub starts: Vec<(u32, u64)>,
    objects: HashMap<u32, Place>,
    held: HashMap<u64, Vec<u8>>,
    held_bytes: usize,
    /// Whether a stream of objects is being opened: what tells of it does not stand in another one
    /// (ISO 32000-1, 7.5.7).
    is_opening: bool,
    /// What opens strings and streams that are encrypted.
    key: Option<Key>,
    /// Whether they are, and nothing opens them.
    pub is_locked: bool,
}

/// Where an object stands.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// In the file.
    Here(u64),
    /// In the stream that stands in the file.
    In(u64, usize),
}

/// A stream.
pub struct Stream {
    /// What is said of it.
    pub dict: Dict,
    /// Where its bytes are.
    pub at: u64,
    /// How many.
    pub len: u64,
    /// Number and generation of the object that it is.
    pub id: (u32, u16),
}

impl<'s, 'a> File<'s, 'a> {
    /// Of these bytes.
    ///
    /// # Errors
    /// They cannot be read, or have too many objects.
    pub fn open(spool: &'s mut Spool<'a>) -> io::Result<Self> {
        let mut file = Self {
            spool,
            starts: Vec::new(),
            objects: HashMap::new(),
            held: HashMap::new(),
            held_bytes: 0,
            is_opening: false,
            key: None,
            is_locked: false,
        };
        let (mut at, mut locks, mut id) = (0, Vec::new(), Vec::new());
        while at < file.spool.size() {
            let part = file.spool.some(at, PART_BYTES + MARGIN_BYTES)?;
            for found in memmem::find_iter(&part, b"obj") {
                let Some((start, number)) = head(&part, found) else { continue };
                // What begins before the margin was found in the part before.
                let ours = MARGIN_BYTES / 2..PART_BYTES + MARGIN_BYTES / 2;
                if at == 0 || ours.contains(&start) {
                    file.starts.push((number, at + start as u64));
                }
            }
            if file.starts.len() > OBJECTS_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            for found in memmem::find_iter(&part, LOCK) {
                let lock = file.read(at + (found + LOCK.len()) as u64)?.0;
                locks.extend(lock.filter(|_| locks.len() < LOCKS_MAX));
            }
            for found in memmem::find_iter(&part, b"/ID").take(LOCKS_MAX) {
                if let Some(Object::List(list)) = file.read(at + found as u64 + 3)?.0
                    && let Some(Object::Text(first)) = list.into_iter().next()
                {
                    id = first;
                }
            }
            at += PART_BYTES as u64;
        }
        file.starts.sort_unstable_by_key(|(_, at)| *at);
        file.starts.dedup_by_key(|(_, at)| *at);
        for (number, at) in file.starts.clone() {
            file.objects.insert(number, Place::Here(at));
        }
        for lock in locks {
            // The key is no object that it opens, and a word in a text is no lock.
            if let Some(Object::Dict(dict)) = file.resolve(Some(&lock))?
                && dict.contains_key("Filter")
            {
                file.key = file.key.take().or_else(|| Key::open(&dict, &id));
                file.is_locked = file.key.is_none();
            }
        }
        for (number, at) in file.starts.clone() {
            file.objects.insert(number, Place::Here(at));
            file.list(at)?;
        }
        Ok(file)
    }

    /// Takes note of the objects in a stream, if it is one of objects.
    fn list(&mut self, at: u64) -> io::Result<()> {
        let Some(stream) = self.stream(at)? else { return Ok(()) };
        if stream.dict.get("Type").and_then(Object::name) != Some("ObjStm") {
            return Ok(());
        }
        for (number, start) in self.inside(at)? {
            self.objects.insert(number, Place::In(at, start));
        }
        Ok(())
    }

    /// The objects in a stream of objects, with where they begin there.
    pub fn inside(&mut self, at: u64) -> io::Result<Vec<(u32, usize)>> {
        let Some(stream) = self.stream(at)? else { return Ok(Vec::new()) };
        let first = stream.dict.get("First").and_then(Object::count).unwrap_or(0);
        let count = stream.dict.get("N").and_then(Object::count).unwrap_or(0);
        if first == 0 || count == 0 {
            return Ok(Vec::new());
        }
        let Some(bytes) = self.hold(at)? else { return Ok(Vec::new()) };
        let mut reader = Reader::new(&bytes[..first.min(bytes.len())], 0);
        let mut all = Vec::new();
        for _ in 0..count.min(OBJECTS_MAX) {
            let mut next = || reader.read()?.count();
            let (Some(number), Some(offset)) = (next(), next()) else { break };
            all.push((number as u32, first.saturating_add(offset)));
        }
        Ok(all)
    }

    /// A stream of objects unpacked; it is kept, since they are asked for one by one.
    fn hold(&mut self, at: u64) -> io::Result<Option<&[u8]>> {
        if !self.held.contains_key(&at) {
            if std::mem::replace(&mut self.is_opening, true) {
                return Ok(None);
            }
            let stream = self.stream(at);
            self.is_opening = false;
            let Some(stream) = stream? else { return Ok(None) };
            let bytes = self.unpacked(&stream).unwrap_or_default();
            if self.held_bytes + bytes.len() > HELD_BYTES_MAX {
                self.held.clear();
                self.held_bytes = 0;
            }
            self.held_bytes += bytes.len();
            self.held.insert(at, bytes);
        }
        Ok(self.held.get(&at).map(Vec::as_slice))
    }

    /// The object at a place.
    pub fn at(&mut self, place: Place) -> io::Result<Option<Object>> {
        match place {
            Place::Here(at) => {
                let (body, id) = self.body(at)?;
                let object = self.read(body)?.0;
                Ok(object.map(|object| match &self.key {
                    Some(key) => key.object(object, id),
                    None => object,
                }))
            }
            Place::In(stream, start) => {
                let bytes = self.hold(stream)?;
                Ok(bytes.and_then(|bytes| Reader::new(bytes, start).read()))
            }
        }
    }

    /// The object itself, if this is a reference to one.
    pub fn resolve(&mut self, object: Option<&Object>) -> io::Result<Option<Object>> {
        let mut object = object.cloned();
        for _ in 0..STEPS_MAX {
            let Some(Object::Reference(number)) = object else { return Ok(object) };
            let Some(place) = self.objects.get(&number).copied() else { return Ok(None) };
            object = self.at(place)?;
        }
        Ok(None)
    }

    /// The stream of this number, if it is one.
    pub fn numbered(&mut self, object: &Object) -> io::Result<Option<(u64, Stream)>> {
        let Object::Reference(number) = object else { return Ok(None) };
        match self.objects.get(number).copied() {
            Some(Place::Here(at)) => Ok(self.stream(at)?.map(|stream| (at, stream))),
            _ => Ok(None),
        }
    }

    /// The stream that is the object which begins here, if it is one.
    pub fn stream(&mut self, at: u64) -> io::Result<Option<Stream>> {
        let (body, id) = self.body(at)?;
        let (Some(Object::Dict(mut dict)), end) = self.read(body)? else { return Ok(None) };
        let next = self.spool.some(end, 64)?;
        let spaces = next.iter().take_while(|byte| is_space(**byte)).count();
        let Some(rest) = next[spaces..].strip_prefix(b"stream") else { return Ok(None) };
        let line = if rest.starts_with(b"\r\n") { 2 } else { usize::from(!rest.is_empty()) };
        let start = end + (spaces + 6 + line) as u64;
        for key in ["Length", "Filter", "DecodeParms"] {
            if let Some(value) = self.resolve(dict.get(key))? {
                dict.insert(key.to_owned(), value);
            }
        }
        let stated = dict.get("Length").and_then(Object::count).map(|len| len as u64);
        let len = match stated {
            Some(len) if self.ends(start.saturating_add(len))? => len,
            _ => self.distance(start)?,
        };
        Ok(Some(Stream { dict, at: start, len, id }))
    }

    /// What a stream was before its filters.
    pub fn unpacked(&mut self, stream: &Stream) -> io::Result<Vec<u8>> {
        if stream.len > STREAM_BYTES_MAX as u64 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = self.spool.some(stream.at, stream.len as usize)?;
        if let Some(key) = &self.key {
            bytes = key.stream(bytes, &stream.dict, stream.id);
        }
        let bytes = undo(bytes, &stream.dict)?;
        work::charge(bytes.len());
        Ok(bytes)
    }

    /// Where an object begins behind its number and generation, and these.
    fn body(&mut self, at: u64) -> io::Result<(u64, (u32, u16))> {
        let head = self.spool.some(at, 64)?;
        let lead = memmem::find(&head, b"obj").ok_or_else(broken)?;
        let told = String::from_utf8_lossy(&head[..lead]);
        let mut numbers = told.split_ascii_whitespace();
        let number = numbers.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let generation = numbers.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Ok((at + lead as u64 + 3, (number, generation)))
    }

    /// The object that begins here, and where it ends.
    fn read(&mut self, at: u64) -> io::Result<(Option<Object>, u64)> {
        let mut len = 1 << 10;
        loop {
            let bytes = self.spool.some(at, len)?;
            let mut reader = Reader::new(&bytes, 0);
            let object = reader.read();
            if !reader.is_short && reader.at < bytes.len() || bytes.len() < len {
                return Ok((object, at + reader.at as u64));
            }
            len *= 8;
            if len > OBJECT_BYTES_MAX {
                return Ok((None, at));
            }
        }
    }

    /// Whether a stream ends here.
    fn ends(&mut self, at: u64) -> io::Result<bool> {
        let next = self.spool.some(at, 16)?;
        let spaces = next.iter().take_while(|byte| is_space(**byte)).count();
        Ok(next[spaces..].starts_with(b"endstream"))
    }

    /// How far the next end of a stream is.
    fn distance(&mut self, start: u64) -> io::Result<u64> {
        let mut at = start;
        while at < self.spool.size() {
            let part = self.spool.some(at, PART_BYTES + MARGIN_BYTES)?;
            if let Some(found) = memmem::find(&part, b"endstream") {
                return Ok(at + found as u64 - start);
            }
            at += PART_BYTES as u64;
        }
        Ok(self.spool.size() - start)
    }
}

/// Where the head of an object begins whose word stands here, and its number.
fn head(bytes: &[u8], word: usize) -> Option<(usize, u32)> {
    let back = |at: usize, is: fn(u8) -> bool| {
        bytes[..at].iter().rposition(|byte| !is(*byte)).map_or(0, |before| before + 1)
    };
    let digit = |byte: u8| byte.is_ascii_digit();
    let generation = back(back(word, is_space), digit);
    let gap = back(generation, is_space);
    let start = back(gap, digit);
    let is_head = generation < word && gap < generation && start < gap && gap - start <= 10;
    let number = std::str::from_utf8(&bytes[start..gap]).ok()?.parse().ok()?;
    is_head.then_some((start, number))
}
