//! All streams of a file, each by what it is.

use std::io::{self, Cursor, Read};

use crate::matching::views::columns::rows::Sheet;
use crate::matching::views::spelling::charset::{Charset, Wide};
use crate::matching::views::stores::ole::compound::{Compound, Entry};
use crate::matching::views::stores::ole::document::{head, text};
use crate::matching::views::stores::ole::rich::unpacked;
use crate::matching::views::stores::ole::sheet::book;
use crate::matching::views::stores::spool::Spool;
use crate::matching::views::tour::{Kind, Look, Tour, shown};

/// Bytes of a stream that is taken into memory.
const STREAM_BYTES_MAX: u64 = 32 << 20;

/// Why a document cannot be read.
const ENCRYPTED: &str = "ole: encrypted";

impl<L: Look> Tour<'_, L> {
    /// Looks into a file.
    pub(in crate::matching::views) fn ole(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let mut file = Compound::open(spool)?;
        let view = format!("{chain}ole");
        self.ole_document(&mut file, chain, depth)?;
        for name in ["Workbook", "Book"] {
            self.ole_sheet(&mut file, name, &view, chain)?;
        }
        if depth >= self.limits.depth_max {
            self.unreadable("depth limit", chain);
            return Ok(());
        }
        for entry in file.entries.clone() {
            let name = shown(&entry.name);
            self.label(&entry.name, &view, &name);
            if matches!(&*entry.name, "EncryptedPackage" | "EncryptedSummary") {
                self.unreadable(ENCRYPTED, chain);
            } else if entry.is_stream {
                self.ole_stream(&mut file, &entry, &format!("{chain}ole:{name} > "), depth)?;
            }
        }
        Ok(())
    }

    fn ole_document(
        &mut self,
        file: &mut Compound<'_, '_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let Some(document) = file.named("WordDocument", STREAM_BYTES_MAX)? else { return Ok(()) };
        let Some(head) = head(&document) else { return Ok(()) };
        if head.is_encrypted {
            self.unreadable(ENCRYPTED, chain);
            return Ok(());
        }
        let tables = file.named(head.table, STREAM_BYTES_MAX)?.unwrap_or_default();
        let Some(text) = text(&head, &document, &tables) else {
            self.unreadable("ole: broken", chain);
            return Ok(());
        };
        let chain = format!("{chain}ole:WordDocument > ");
        self.stream(&mut text.as_bytes(), &chain, Kind::Text, depth)
    }

    fn ole_sheet(
        &mut self,
        file: &mut Compound<'_, '_>,
        name: &str,
        view: &str,
        chain: &str,
    ) -> io::Result<()> {
        let Some(bytes) = file.named(name, STREAM_BYTES_MAX)? else { return Ok(()) };
        let Some(book) = book(&bytes) else {
            self.unreadable("ole: too large", chain);
            return Ok(());
        };
        if book.is_encrypted {
            self.unreadable(ENCRYPTED, chain);
        }
        let mut sheet = Sheet::new(view, name);
        for row in book.rows {
            self.sheet_row(&mut sheet, row);
        }
        self.rows(&mut sheet.rows);
        Ok(())
    }

    fn ole_stream(
        &mut self,
        file: &mut Compound<'_, '_>,
        entry: &Entry,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        // The properties of a mail say by their names what they are.
        let property = entry.name.strip_prefix("__substg1.0_").unwrap_or_default();
        let mut stream = file.stream(entry);
        if property == "10090102" && entry.len < STREAM_BYTES_MAX {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes)?;
            let text = unpacked(&bytes)?;
            self.meter.charge(text.len() as u64, self.limits)?;
            return self.bytes(&mut Cursor::new(text), chain, depth + 1);
        }
        if property.ends_with("001F") {
            let mut text = Wide::new(stream, Charset::Utf16(true));
            return self.stream(&mut text, chain, Kind::Text, depth);
        }
        self.bytes(&mut stream, chain, depth + 1)
    }
}
