//! Members of a tar, each rewritten in its order, with all that is said of it.
//!
//! A member in which nothing is replaced stays as it is, byte for byte, with its header.

use std::io::{Read, Seek, Write};

use crate::matching::put::Put;
use crate::matching::redact::packing::headers::{
    FIELDS, KIND, LINK, NAME, Note, POSIX_KEYS, Said, broken, pad, padding, record, write_size,
    write_sum,
};
use crate::matching::redact::packing::zipped::Names;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::packing::tar::{
    self, Block, NOTE_BYTES_MAX, block_or_less, checked_size,
};
use crate::matching::views::packing::zip::{SPOOL_BYTES_MAX, copy};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::tour::Look;

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a tar.
    pub(in crate::matching::redact) fn tar(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut notes: Vec<Note> = Vec::new();
        let mut names = Names::default();
        loop {
            self.meter.pace(self.limits).map_err(|refused| Stop::Read(refused.into()))?;
            let bytes = block_or_less(reader).map_err(Stop::Read)?;
            if bytes.iter().all(|byte| *byte == 0) {
                out.write_all(&bytes).map_err(Stop::Write)?;
                if bytes.is_empty() {
                    return if notes.is_empty() { Ok(()) } else { Err(broken()) };
                }
                continue;
            }
            let block = Block::try_from(bytes.as_slice()).map_err(|_| broken())?;
            let Some(size) = checked_size(&block) else {
                return Err(Stop::not("tar: trailing bytes"));
            };
            match block[KIND] {
                b'L' | b'K' | b'x' | b'X' if size <= NOTE_BYTES_MAX => {
                    let text = content(reader, size)?;
                    notes.push(Note { block, text });
                }
                b'g' if size <= NOTE_BYTES_MAX => {
                    let mut note = Note { block, text: content(reader, size)? };
                    let said = self.said(&block, &[])?;
                    self.note(&mut note, &said, None)?;
                    note.write(out)?;
                }
                b'L' | b'K' | b'x' | b'X' | b'g' => return Err(Stop::not("tar: name too long")),
                _ => {
                    let notes = std::mem::take(&mut notes);
                    self.tar_member(reader, out, (block, notes), &mut names, depth)?;
                }
            }
        }
    }

    fn tar_member(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        (mut block, mut notes): (Block, Vec<Note>),
        names: &mut Names,
        depth: usize,
    ) -> Result<(), Stop> {
        let extended = extensions(reader, &block)?;
        let size = stated_size(&block, &notes)?;
        let stored = spooled(reader, size)?;
        let (mut stored, mut written) = (stored, tempfile::spooled_tempfile(SPOOL_BYTES_MAX));
        stored.rewind().map_err(Stop::Write)?;
        let mut said = self.said(&block, &notes)?;
        let name = utf8_or_western(&said[NAME].stored);
        let beside = self.replaced;
        self.member_bytes(&name, &mut stored, &mut written, depth + 1)?;
        let is_rewritten = self.replaced != beside;
        let is_sparse = block[KIND] == b'S' || notes.iter().any(Note::is_sparse);
        if is_rewritten && is_sparse {
            return Err(Stop::not("tar: sparse file"));
        }
        let content = if is_rewritten { &mut written } else { &mut stored };
        let new_size = content.stream_position().map_err(Stop::Write)?;
        let renamed = names.renamed(&said[NAME].stored, &said[NAME].anew);
        said[NAME].anew = renamed.ok_or_else(|| Stop::not("tar: members of one name"))?;
        if block[KIND] == b'1' {
            // A hard link is to a member before it.
            if let Some(now) = names.now(&said[LINK].stored) {
                said[LINK].anew = now.to_vec();
            }
        }
        for note in &mut notes {
            self.note(note, &said, Some(new_size))?;
        }
        let header = block;
        self.fields(&mut block, &said)?;
        if is_rewritten {
            write_size(&mut block, new_size);
        }
        if block != header {
            write_sum(&mut block);
        }
        for note in &notes {
            note.write(out)?;
        }
        out.write_all(&block).map_err(Stop::Write)?;
        out.write_all(&extended).map_err(Stop::Write)?;
        content.rewind().map_err(Stop::Write)?;
        copy(content, out).map_err(Stop::Write)?;
        pad(out, new_size)
    }

    /// What is said of a member beside its content, and what is to be said.
    fn said(&mut self, block: &Block, notes: &[Note]) -> Result<Vec<Said>, Stop> {
        let mut said = Vec::with_capacity(FIELDS.len());
        for field in &FIELDS {
            let noted = notes.iter().rev().find_map(|note| note.says(field));
            let is_noted = noted.is_some();
            let stored = noted.unwrap_or_else(|| field.of(block));
            let anew = match field.key {
                "path" => self.label(&stored)?,
                // Whose a file is: an alias alone says that of nobody.
                key @ "uname" => self.value(key, &stored)?,
                key if is_noted => self.value(key, &stored)?,
                _ => self.label(&stored)?,
            };
            said.push(Said { stored, anew, is_noted });
        }
        Ok(said)
    }

    /// Rewrites the fields of a header of which this is said, or of a note's own header.
    fn fields(&mut self, block: &mut Block, said: &[Said]) -> Result<(), Stop> {
        for (field, said) in FIELDS.iter().zip(said) {
            let own = field.of(block);
            // What was cut may say less than it tells.
            let anew = match own == said.stored || said.is_changed() {
                true => said.anew.clone(),
                false => self.label(&own)?,
            };
            if !own.is_empty() && anew != own {
                field.write(block, &anew, said.is_noted)?;
            }
        }
        Ok(())
    }

    /// Rewrites what a note says; `size` is what it is to say of the member's.
    fn note(&mut self, note: &mut Note, said: &[Said], size: Option<u64>) -> Result<(), Stop> {
        let (mut text, mut is_changed) = (Vec::new(), false);
        if let Some(field) = FIELDS.iter().find(|field| field.kind == note.block[KIND]) {
            let stored = tar::field(&note.text);
            text = [self.anew(field.key, stored, said)?, vec![0]].concat();
            is_changed = text[..text.len() - 1] != *stored;
        } else {
            for (key, value) in note.records() {
                let name = utf8_or_western(key);
                let anew = match size.filter(|_| key == b"size") {
                    Some(size) => size.to_string().into_bytes(),
                    None => self.anew(&name, value, said)?,
                };
                let is_usual = POSIX_KEYS.contains(&name.as_str());
                let key_anew = if is_usual { key.to_vec() } else { self.label(key)? };
                is_changed |= anew != value || key_anew != key;
                text.extend(record(&key_anew, &anew));
            }
        }
        let header = note.block;
        if is_changed {
            write_size(&mut note.block, text.len() as u64);
            note.text = text;
        }
        self.fields(&mut note.block, said)?;
        if note.block != header {
            write_sum(&mut note.block);
        }
        Ok(())
    }

    /// What is to be said where a note says this of its key.
    fn anew(&mut self, key: &str, value: &[u8], said: &[Said]) -> Result<Vec<u8>, Stop> {
        let mut all = FIELDS.iter().zip(said);
        match all.find(|(field, said)| field.key == key && said.stored == value) {
            Some((_, said)) => Ok(said.anew.clone()),
            None => self.value(key, value),
        }
    }

    fn value(&mut self, key: &str, value: &[u8]) -> Result<Vec<u8>, Stop> {
        self.refuse_legacy(value)?;
        let Ok(text) = std::str::from_utf8(value) else { return Ok(value.to_vec()) };
        let key = if key == "uname" { "user" } else { key };
        Ok(self.short(Some(key), text)?.text.into_bytes())
    }
}

/// The size of a member as its notes or its header state it; a hard link has nothing of its own.
fn stated_size(block: &Block, notes: &[Note]) -> Result<u64, Stop> {
    let mut records = notes.iter().flat_map(Note::records);
    let noted = records.rfind(|(key, _)| *key == b"size");
    let noted = noted.and_then(|(_, size)| std::str::from_utf8(size).ok()?.parse().ok());
    match block[KIND] {
        b'1' => Ok(0),
        _ => noted.or_else(|| checked_size(block)).ok_or_else(broken),
    }
}

/// Headers that go on for a sparse file.
fn extensions(reader: &mut dyn Read, block: &Block) -> Result<Vec<u8>, Stop> {
    let mut all = Vec::new();
    let mut goes_on = block[KIND] == b'S' && block[482] != 0;
    while goes_on {
        let more = block_or_less(reader).map_err(Stop::Read)?;
        let more = Block::try_from(more.as_slice()).map_err(|_| broken())?;
        goes_on = more[504] != 0;
        all.extend_from_slice(&more);
    }
    Ok(all)
}

fn content(reader: &mut dyn Read, size: u64) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    reader.take(size).read_to_end(&mut bytes).map_err(Stop::Read)?;
    if bytes.len() as u64 != size {
        return Err(broken());
    }
    skip_padding(reader, size)?;
    Ok(bytes)
}

fn spooled(reader: &mut dyn Read, size: u64) -> Result<tempfile::SpooledTempFile, Stop> {
    let mut spool = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
    let mut content = reader.take(size);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = content.read(&mut buffer).map_err(Stop::Read)?;
        if read == 0 {
            break;
        }
        spool.write_all(&buffer[..read]).map_err(Stop::Write)?;
    }
    if content.limit() > 0 {
        return Err(broken());
    }
    skip_padding(reader, size)?;
    Ok(spool)
}

fn skip_padding(reader: &mut dyn Read, size: u64) -> Result<(), Stop> {
    let mut padding = reader.take(padding(size));
    std::io::copy(&mut padding, &mut std::io::sink()).map(drop).map_err(Stop::Read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::redact::tests::erased;

    const WHO: &str = "ann@contoso.com";

    fn header(kind: u8, name: &str, magic: &[u8], size: usize) -> Block {
        let mut block = [0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[257..257 + magic.len()].copy_from_slice(magic);
        block[KIND] = kind;
        write_size(&mut block, size as u64);
        write_sum(&mut block);
        block
    }

    fn with(block: Block, text: &[u8]) -> Vec<u8> {
        let mut all = [&block[..], text].concat();
        pad(&mut all, text.len() as u64).unwrap();
        all
    }

    fn rewritten(parts: &[Vec<u8>]) -> Vec<Block> {
        let out = erased(&[parts.concat(), vec![0; 1024]].concat()).unwrap();
        out.chunks(512).map(|block| block.try_into().unwrap()).collect()
    }

    const POSIX: &[u8] = b"ustar\x0000";
    const GNU: &[u8] = b"ustar  \0";

    #[test]
    fn headers_say_no_more_than_notes() {
        let folder = "d".repeat(88);
        let long = format!("{folder}/{WHO}.txt");
        let cut = &long[..100];
        let anew = format!("{folder}/[erased].txt");
        let own = header(b'0', cut, GNU, 0);
        let link = with(
            header(b'L', "././@LongLink", GNU, long.len() + 1),
            &[long.as_bytes(), b"\0"].concat(),
        );
        let blocks = rewritten(&[link, own.to_vec()]);
        assert_eq!(tar::field(&blocks[1]), anew.as_bytes());
        assert_eq!(tar::field(&blocks[2][..100]), &anew.as_bytes()[..100]);
        assert!(checked_size(&blocks[2]).is_some());

        let text = [record(b"path", long.as_bytes()), record(b"X.a/ann@contoso.com", b"1")];
        let text = text.concat();
        let pax = header(b'x', &format!("PaxHeaders/{}", &WHO[..11]), POSIX, text.len());
        let blocks = rewritten(&[with(pax, &text), header(b'0', cut, POSIX, 0).to_vec()]);
        let expected = [record(b"path", anew.as_bytes()), record(b"X.a/[erased]", b"1")];
        let expected = expected.concat();
        assert_eq!(tar::field(&blocks[0]), b"././@PaxHeader");
        assert_eq!(&blocks[1][..expected.len()], expected);
        assert_eq!(tar::name_in(&blocks[2]), anew.as_bytes());
    }

    #[test]
    fn times_of_gnu_are_no_name() {
        for (magic, kept) in [(GNU, &b"14000000000"[..]), (POSIX, b"")] {
            let mut block = header(b'0', WHO, magic, 0);
            block[345..356].copy_from_slice(b"14000000000");
            write_sum(&mut block);
            let blocks = rewritten(&[block.to_vec()]);
            assert_eq!(tar::field(&blocks[0][345..500]), kept);
            let name = tar::name_in(&blocks[0]);
            assert!(name.ends_with(b"[erased]"), "{}", String::from_utf8_lossy(&name));
        }
    }

    #[test]
    fn no_two_members_become_one() {
        let noted = |name: &str| {
            let text = record(b"path", name.as_bytes());
            let note = with(header(b'x', "x", POSIX, text.len()), &text);
            [note, header(b'0', "y", POSIX, 0).to_vec()].concat()
        };
        let mut hard = header(b'1', "z", POSIX, 0);
        hard[157..157 + 15].copy_from_slice(b"ANN@contoso.com");
        write_sum(&mut hard);
        let all = [noted(WHO), noted("ANN@contoso.com"), noted(WHO), hard.to_vec()];
        let blocks = rewritten(&all);
        let names = [1, 4, 7].map(|at| tar::records(tar::field(&blocks[at]))[0].1.to_vec());
        assert_eq!(names, [&b"[erased]"[..], b"[erased] 2", b"[erased]"].map(<[u8]>::to_vec));
        assert_eq!(tar::field(&blocks[9][157..257]), names[1]);
    }

    #[test]
    fn notes_in_notes_end() {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        let mut inner = WHO.as_bytes().to_vec();
        for _ in 0..300 {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            packed.write_all(&inner).unwrap();
            let digits = engine.encode(packed.finish().unwrap());
            let text = [record(b"comment", digits.as_bytes()), record(b"x", WHO.as_bytes())];
            let note = with(header(b'x', "x", POSIX, text.concat().len()), &text.concat());
            inner = [note, header(b'0', "y", POSIX, 0).to_vec(), vec![0; 1024]].concat();
        }
        let out = erased(&inner).unwrap();
        assert!(memchr::memmem::find(&out, WHO.as_bytes()).is_none());
    }
}
