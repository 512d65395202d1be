//! All members of an archive.

use std::io::{self, Read};

use crate::matching::limits::ItemLimits;
use crate::matching::views::meter::{Decoded, Meter};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::sevenzip::folders::{Closed, unpacking};
use crate::matching::views::stores::sevenzip::header::{Bytes, Folder, Header, header, streams};
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::views::tour::{Look, Tour, shown};

/// Bytes of a header, packed or not.
const HEADER_BYTES_MAX: u64 = 16 << 20;

/// Where the first packed stream may begin.
const START: u64 = 32;

impl<L: Look> Tour<'_, L> {
    /// Looks into an archive.
    pub(in crate::matching::views) fn sevenzip(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let (meter, limits): (&Meter, &ItemLimits) = (self.meter, self.limits);
        let header = match read_header(spool, meter, limits)? {
            Ok(header) => header,
            Err(closed) => {
                self.unreadable(reason(closed), chain);
                return Ok(());
            }
        };
        let view = format!("{chain}7z");
        for name in &header.names {
            self.label(name, &view, &shown(name));
        }
        if depth >= limits.depth_max {
            self.unreadable("depth limit", chain);
            return Ok(());
        }
        let is_empty = |index: usize| header.empty.get(index).copied().unwrap_or(false);
        let full = header.names.iter().enumerate().filter(|(index, _)| !is_empty(*index));
        let mut names = full.map(|(_, name)| name.as_str());
        let mut at = START.saturating_add(header.streams.start);
        let mut packed = header.streams.packed.iter();
        for folder in &header.streams.folders {
            let len: u64 = packed.by_ref().take(folder.takes).sum();
            let stream = Box::new(spool.part(at, len));
            at = at.saturating_add(len);
            let names: Vec<&str> = names.by_ref().take(folder.members.len()).collect();
            match unpacking(folder, stream)? {
                Ok(mut reader) => {
                    self.sevenzip_folder(&mut reader, folder, &names, (chain, depth))?
                }
                Err(closed) => self.unreadable(reason(closed), chain),
            }
        }
        Ok(())
    }

    fn sevenzip_folder(
        &mut self,
        reader: &mut dyn Read,
        folder: &Folder,
        names: &[&str],
        (chain, depth): (&str, usize),
    ) -> io::Result<()> {
        let mut decoded = Decoded::new(reader, self.meter, self.limits);
        for (index, len) in folder.members.iter().enumerate() {
            let name = shown(names.get(index).copied().unwrap_or_default());
            let inner = format!("{chain}7z:{name} > ");
            let mut member = (&mut decoded).take(*len);
            self.bytes(&mut member, &inner, depth + 1)?;
            // The next one begins where this one ends.
            io::copy(&mut member, &mut io::sink())?;
            if member.limit() > 0 {
                return Err(broken());
            }
        }
        Ok(())
    }
}

fn reason(closed: Closed) -> &'static str {
    match closed {
        Closed::Encrypted => "7z: encrypted",
        Closed::Unknown => "7z: compression not supported",
        Closed::TooLarge => "7z: memory limit",
    }
}

fn read_header(
    spool: &mut Spool<'_>,
    meter: &Meter,
    limits: &ItemLimits,
) -> io::Result<Result<Header, Closed>> {
    let head = spool.all(0, START as usize)?;
    let number = |at| little(&head, at, 8).unwrap_or(0);
    let (at, len) = (START.saturating_add(number(12)), number(20));
    if len == 0 {
        return Ok(Ok(Header::default()));
    }
    if len > HEADER_BYTES_MAX {
        return Ok(Err(Closed::TooLarge));
    }
    let bytes = spool.all(at, len as usize)?;
    let mut bytes = Bytes { rest: &bytes };
    let is_packed = bytes.byte() == Some(0x17);
    if !is_packed {
        return Ok(Ok(header(&mut bytes).ok_or_else(broken)?));
    }
    let packed = streams(&mut bytes).ok_or_else(broken)?;
    let folder = packed.folders.first().ok_or_else(broken)?;
    let packed_len = packed.packed.iter().take(folder.takes).sum();
    let stream = Box::new(spool.part(START.saturating_add(packed.start), packed_len));
    let reader = match unpacking(folder, stream)? {
        Ok(reader) => reader,
        Err(closed) => return Ok(Err(closed)),
    };
    if folder.len > HEADER_BYTES_MAX {
        return Ok(Err(Closed::TooLarge));
    }
    let mut unpacked = Vec::new();
    Decoded::new(reader, meter, limits).take(folder.len).read_to_end(&mut unpacked)?;
    let rest = unpacked.strip_prefix(&[1]).ok_or_else(broken)?;
    Ok(Ok(header(&mut Bytes { rest }).ok_or_else(broken)?))
}
