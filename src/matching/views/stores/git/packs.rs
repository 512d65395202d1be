//! All objects of a pack, each as it is and not as it is told.

use std::collections::HashMap;
use std::io::{self, BufReader, Cursor, Read};
use std::rc::Rc;

use flate2::bufread::ZlibDecoder;
use memchr::memmem;

use crate::matching::views::forms::is_packed;
use crate::matching::views::meter::Decoded;
use crate::matching::views::stores::git::deltas::{VERSION_BYTES_MAX, applied};
use crate::matching::views::stores::numbers::big;
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::views::tour::{Look, Tour};
use crate::matching::work;

/// Objects of a pack.
const OBJECTS_MAX: u64 = 1 << 20;

/// Bytes of versions that are held, since others are told by them.
const HELD_BYTES_MAX: usize = 32 << 20;

/// Versions one behind the other.
const CHAIN_MAX: usize = 1 << 12;

/// Bytes on either side of a seam that are read; a short version is read whole.
const NEAR_BYTES: usize = 4 << 10;

/// Bytes before which a bundle's pack begins.
const LEAD_BYTES: usize = 1 << 20;

/// Why a version cannot be read.
const ELSEWHERE: &str = "git: the base of a version is elsewhere";

/// An object.
#[derive(Clone, Copy)]
struct Object {
    kind: u8,
    /// The object that it is told by.
    base: Option<u64>,
    /// Where it stands, packed.
    at: u64,
}

/// A pack, and what of it is held.
struct Pack<'s, 'a> {
    spool: &'s mut Spool<'a>,
    objects: HashMap<u64, Object>,
    held: HashMap<u64, Rc<Vec<u8>>>,
    held_bytes: usize,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a pack, or a bundle, which is a pack behind some lines.
    pub(in crate::matching::views) fn git(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let lead = spool.some(0, LEAD_BYTES)?;
        let start = memmem::find(&lead, b"PACK\0\0\0").ok_or_else(broken)? as u64;
        let count = big(&spool.all(start + 8, 4)?, 0, 4).unwrap_or(0);
        if count > OBJECTS_MAX {
            self.unreadable("git: too many objects", chain);
        }
        if depth >= self.limits.depth_max {
            self.unreadable("depth limit", chain);
            return Ok(());
        }
        let (objects, held) = (HashMap::new(), HashMap::new());
        let mut pack = Pack { spool, objects, held, held_bytes: 0 };
        let (mut at, mut versions) = (start + 12, Vec::new());
        for _ in 0..count.min(OBJECTS_MAX) {
            let object = pack.object(at)?;
            pack.objects.insert(at, object);
            let inner = format!("{chain}git:{} > ", object.name());
            let packed = BufReader::new(pack.spool.from(object.at));
            let mut whole = ZlibDecoder::new(packed);
            let mut decoded = Decoded::new(&mut whole, self.meter, self.limits);
            if matches!(object.kind, 1..=4) {
                self.bytes(&mut decoded, &inner, depth + 1)?;
            } else {
                versions.push(at);
            }
            // What follows begins where this one ends.
            io::copy(&mut decoded, &mut io::sink())?;
            at = object.at + whole.total_in();
        }
        for at in versions {
            self.git_version(&mut pack, at, chain, depth)?;
        }
        Ok(())
    }

    /// Looks at a version that is told by another one: where it differs.
    fn git_version(
        &mut self,
        pack: &mut Pack<'_, '_>,
        at: u64,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let object = pack.objects.get(&at).copied().ok_or_else(broken)?;
        let base = match object.base {
            Some(base) => pack.version(base)?,
            None => None,
        };
        let version = match base {
            Some(base) => applied(&base, &pack.unpacked(object.at)?),
            None => None,
        };
        let Some(version) = version else {
            self.unreadable(ELSEWHERE, chain);
            return Ok(());
        };
        work::charge(version.bytes.len());
        let inner = format!("{chain}git:version > ");
        if version.bytes.len() < NEAR_BYTES || is_packed(&version.bytes) {
            return self.bytes(&mut Cursor::new(version.bytes), &inner, depth + 1);
        }
        for part in version.news(NEAR_BYTES) {
            self.bytes(&mut Cursor::new(&version.bytes[part]), &inner, depth + 1)?;
        }
        Ok(())
    }
}

impl Pack<'_, '_> {
    /// The object that begins here.
    fn object(&mut self, at: u64) -> io::Result<Object> {
        let head = self.spool.some(at, 64)?;
        let mut bytes = head.iter().copied();
        let mut next = || bytes.next().ok_or_else(broken);
        let first = next()?;
        let kind = first >> 4 & 7;
        let (mut len, mut more) = (1, first & 0x80 != 0);
        while more {
            more = next()? & 0x80 != 0;
            len += 1;
        }
        let mut base = None;
        match kind {
            1..=4 => {}
            6 => {
                let mut byte = next()?;
                let mut back = u64::from(byte & 0x7f);
                len += 1;
                while byte & 0x80 != 0 {
                    byte = next()?;
                    back = (back + 1).checked_shl(7).ok_or_else(broken)? | u64::from(byte & 0x7f);
                    len += 1;
                }
                base = at.checked_sub(back);
            }
            // By its hash, which may be of an object in another pack.
            7 => len += 20,
            _ => return Err(broken()),
        }
        Ok(Object { kind, base, at: at + len })
    }

    /// What begins here, unpacked.
    fn unpacked(&mut self, at: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let packed = BufReader::new(self.spool.from(at));
        ZlibDecoder::new(packed).take(VERSION_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        work::charge(bytes.len());
        if bytes.len() > VERSION_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    /// The object that begins here, put together of all that it is told by.
    fn version(&mut self, at: u64) -> io::Result<Option<Rc<Vec<u8>>>> {
        let (mut deltas, mut now) = (Vec::new(), at);
        let mut bytes = loop {
            if let Some(held) = self.held.get(&now) {
                break Rc::clone(held);
            }
            let Some(object) = self.objects.get(&now).copied() else { return Ok(None) };
            match object.base {
                Some(base) if deltas.len() < CHAIN_MAX => {
                    deltas.push(object.at);
                    now = base;
                }
                Some(_) => return Ok(None),
                None if object.kind == 7 => return Ok(None),
                None => break Rc::new(self.unpacked(object.at)?),
            }
        };
        for delta in deltas.into_iter().rev() {
            let Some(version) = applied(&bytes, &self.unpacked(delta)?) else { return Ok(None) };
            work::charge(version.bytes.len());
            bytes = Rc::new(version.bytes);
        }
        if self.held_bytes + bytes.len() > HELD_BYTES_MAX {
            self.held.clear();
            self.held_bytes = 0;
        }
        self.held_bytes += bytes.len();
        self.held.insert(at, Rc::clone(&bytes));
        Ok(Some(bytes))
    }
}

impl Object {
    fn name(self) -> &'static str {
        match self.kind {
            1 => "commit",
            2 => "tree",
            3 => "blob",
            4 => "tag",
            _ => "version",
        }
    }
}
