//! A stream of text rewritten window by window, with the windows of a scan.
//!
//! A part is written once it is sure what is replaced in it: windows overlap, a part ends between
//! words, and what reaches to the end of a window is looked at again in a larger one.

use std::io::{Read, Write};
use std::ops::Range;

use crate::matching::put::Put;
use crate::matching::redact::edits::{Edit, Piece, edits};
use crate::matching::redact::looks::First;
use crate::matching::redact::packing::runs::instead;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::{Rewriting, Short, clean};
use crate::matching::redact::sheet::{Sheet, begins_json};
use crate::matching::redact::syntax::document::Document;
use crate::matching::redact::syntax::lengths::{Measured, Written, has_lengths};
use crate::matching::views::markup::tags::tags;
use crate::matching::views::meter::fill;
use crate::matching::views::packing::embedded::Part;
use crate::matching::views::places::Found;
use crate::matching::views::spelling::cut::is_utf8;
use crate::matching::views::tour::{Look, Tour};
use crate::matching::views::windows::{MARGIN_BYTES, WINDOW_BYTES};
use crate::matching::views::written::tables::Tables;

/// The largest window: a longer word, or run of base64, is not rewritten.
const WINDOW_BYTES_MAX: usize = 8 << 20;

/// The longest character.
const CHARACTER_BYTES: usize = 4;

/// A window of a stream.
#[derive(Default)]
struct Window {
    bytes: Vec<u8>,
    /// Where the part begins that is answered for now.
    lead: usize,
    /// How far it has been written.
    done: usize,
    /// Bytes of the stream before the part.
    passed: u64,
    /// Whether the stream ends with it.
    last: bool,
    /// Whether the part before was a short one.
    shifted: bool,
    /// The tables before the part.
    tables: Tables,
    /// What lengths in it, or before it, measure.
    measured: Measured,
    /// Whether it is the beginning of a document that is too long to be held in whole.
    is_cut: bool,
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a stream of text.
    pub(super) fn text(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut window = Window { tables: Tables::of_rewriting(), ..Window::default() };
        let mut sheet = None;
        let mut size = WINDOW_BYTES;
        loop {
            self.meter.pace(self.limits).map_err(|refused| Stop::Read(refused.into()))?;
            window.last = !fill(reader, &mut window.bytes, size).map_err(Stop::Read)?;
            if sheet.is_none() && !window.last {
                let (document, has_lengths) = window.beginning();
                if size < WINDOW_BYTES_MAX && (document.is_some() || has_lengths) {
                    size *= 2;
                    continue;
                }
                window.is_cut = document.is_some_and(|document| document.is_strict());
            }
            let part = self.part(&window, depth, size)?;
            let seen = part.map(|part| (self.seen(&window.bytes, &part, &window.tables), part));
            let (seen, part) = match seen {
                Some((seen, part)) if window.last || !is_cut(&seen, &part, &window) => (seen, part),
                _ if size < WINDOW_BYTES_MAX => {
                    size *= 2;
                    continue;
                }
                _ => return Err(Stop::not("text: a word or run too long")),
            };
            let mut edits = edits(seen, &part, window.done)?;
            window.check(&edits)?;
            // What a document is need be known only where something is put into it.
            let sheet = sheet.get_or_insert_with(|| match window.last && !edits.is_empty() {
                true => Sheet::of_whole(&window.bytes),
                false => Sheet::new(&window.bytes),
            });
            let mut written = Written::default();
            window.done = self.apply(
                &window.bytes,
                window.done..part.end,
                &mut edits,
                sheet,
                &mut written,
                depth,
            )?;
            if window.last {
                sheet.check(&written.bytes)?;
                if window.is_whole() {
                    written.mend(&window.bytes)?;
                }
                return out.write_all(&written.bytes).map_err(Stop::Write);
            }
            out.write_all(&written.bytes).map_err(Stop::Write)?;
            window.tables.pass(&window.bytes, &part);
            sheet.moved(window.move_on(part));
            size = WINDOW_BYTES.max(window.bytes.len() + WINDOW_BYTES / 2);
        }
    }

    /// Rewrites a short text after its key.
    pub(super) fn short(&mut self, key: Option<&str>, text: &str) -> Result<Short, Stop> {
        let before = self.replaced;
        // What the name says, it says of the content.
        let around = self.key.take();
        let head = key.map_or(String::new(), |key| format!("{key}: "));
        let whole = format!("{head}{text}").into_bytes();
        let mut seen = self.seen(&whole, &(0..whole.len()), &Tables::default());
        self.key = around;
        for found in &mut seen {
            // Of what begins in the key, what stands in the text is replaced.
            found.span.start = found.span.start.max(head.len()).min(found.span.end.max(head.len()));
            found.span.end = found.span.end.max(head.len());
            found.start = found.start.max(head.len());
        }
        let mut edits = edits(seen, &(head.len()..whole.len()), head.len())?;
        let mut sheet = Sheet::new(text.as_bytes());
        sheet.skip(head.len());
        let mut written = Written::default();
        let (range, depth) = (head.len()..whole.len(), self.depth);
        self.apply(&whole, range, &mut edits, &mut sheet, &mut written, depth)?;
        let text = String::from_utf8(written.bytes).map_err(|_| Stop::not("charset: broken"))?;
        let mut replaced = self.replaced;
        replaced.erased -= before.erased;
        replaced.persons -= before.persons;
        replaced.secrets -= before.secrets;
        Ok(Short { text, replaced })
    }

    /// What is seen in a window of which this part is answered for.
    pub(super) fn seen(
        &mut self,
        window: &[u8],
        part: &Range<usize>,
        tables: &Tables,
    ) -> Vec<Found<Put>> {
        let mut tour = Tour::new(self.look, self.limits, self.meter);
        tour.tables = tables.clone();
        tour.key = self.key.clone();
        tour.spans(window, part, false)
    }

    /// The part of a window that can be answered for; `None` if that takes a larger one.
    fn part(
        &mut self,
        window: &Window,
        depth: usize,
        size: usize,
    ) -> Result<Option<Range<usize>>, Stop> {
        let bytes = &window.bytes;
        let mut limit = if window.last { bytes.len() } else { bytes.len() - MARGIN_BYTES };
        if !is_utf8(bytes) {
            let mut first = First::of(self.look);
            let mut tour = Tour::new(&mut first, self.limits, self.meter);
            let range = window.lead..limit;
            let Window { passed, last, shifted, .. } = *window;
            let part = Part { window: bytes, range, passed, last, shifted, is_unknown: true };
            limit = tour.embedded(&part, "", depth).map_err(Stop::Read)?;
            let unreadable = std::mem::take(&mut tour.unreadable);
            clean(&unreadable, &first, "binary")?;
        }
        if window.last && limit == bytes.len() {
            return Ok(Some(window.lead..limit));
        }
        let from = window.done.max(window.lead);
        if limit <= from {
            // An edit went on beyond; the next part begins after it.
            return Ok((limit > window.lead).then_some(window.lead..limit));
        }
        let word_end = bytes[from..limit].iter().rposition(parts_words).map(|at| from + at + 1);
        let whole_character =
            || (limit - CHARACTER_BYTES..limit).rev().find(|at| bytes[*at] & 0xc0 != 0x80);
        let end = match word_end {
            None if size >= WINDOW_BYTES_MAX => whole_character(),
            other => other,
        };
        Ok(end.map(|end| window.lead..end))
    }

    /// Writes the range of a window with these edits, and tells how far that went.
    fn apply(
        &mut self,
        window: &[u8],
        range: Range<usize>,
        edits: &mut [Edit],
        sheet: &mut Sheet,
        out: &mut Written,
        depth: usize,
    ) -> Result<usize, Stop> {
        let mut at = range.start;
        for index in 0..edits.len() {
            let edit = &edits[index];
            if edit.range.end <= at {
                self.replaced.count(edit.put);
                continue;
            }
            if edit.range.start < at {
                // It overlaps what was replaced at the end of the part before.
                at = edit.range.end;
                continue;
            }
            let piece = match self.within(window, edit, depth)? {
                Some(piece) => {
                    sheet.follow(window, piece.range.end)?;
                    piece
                }
                None => self.instead(window, &mut edits[index..], sheet)?,
            };
            if piece.range.start < at {
                return Err(Stop::not("text: a word or run too long"));
            }
            out.bytes.extend_from_slice(&window[at..piece.range.start]);
            out.bytes.extend_from_slice(&piece.bytes);
            at = piece.range.end;
            out.pieces.push((piece.range, piece.bytes.len()));
        }
        if at < range.end {
            out.bytes.extend_from_slice(&window[at..range.end]);
            at = range.end;
        }
        sheet.follow(window, at)?;
        Ok(at)
    }

    /// What is packed in a run of digits or in words of mail, rewritten within.
    fn within(&mut self, window: &[u8], edit: &Edit, depth: usize) -> Result<Option<Piece>, Stop> {
        if !edit.packed {
            return self.words(window, edit);
        }
        self.run(window, &edit.range, depth)
    }

    /// What stands in the place of the first of these edits.
    fn instead(
        &mut self,
        window: &[u8],
        edits: &mut [Edit],
        sheet: &mut Sheet,
    ) -> Result<Piece, Stop> {
        self.replaced.count(edits[0].put);
        if edits[0].packed {
            let (edit, piece) = instead(window, &edits[0]);
            if let Some(piece) = piece {
                return sheet.follow(window, piece.range.end).map(|()| piece);
            }
            edits[0] = edit;
            return sheet.piece(window, edits);
        }
        let piece = sheet.piece(window, edits)?;
        let edit = &edits[0];
        if edit.marked && !sheet.keeps_tags() { with_tags(window, edit, piece) } else { Ok(piece) }
    }
}

impl Window {
    /// Whether the text is one that is to be held in whole, as far as its beginning tells: a
    /// document, or one with lengths. JSON is followed as it comes.
    fn beginning(&self) -> (Option<Document>, bool) {
        let line = memchr::memrchr(b'\n', &self.bytes).map_or(0, |end| end + 1);
        let head = &self.bytes[..line];
        let document = if begins_json(head) { None } else { Document::of(head) };
        (document, has_lengths(head))
    }

    fn is_whole(&self) -> bool {
        self.last && self.passed == 0 && self.lead == 0
    }

    /// Refuses edits that would ask for more than is in the window.
    fn check(&mut self, edits: &[Edit]) -> Result<(), Stop> {
        if self.is_whole() {
            return Ok(());
        }
        let before = self.passed - self.lead as u64;
        self.measured.pass(&self.bytes, before);
        let place = |at: usize| before + at as u64;
        let is_measured =
            |edit: &Edit| self.measured.is_in(&(place(edit.range.start)..place(edit.range.end)));
        if edits.iter().any(is_measured) {
            return Err(Stop::not("text: too long for the lengths in it"));
        }
        if self.is_cut && !edits.is_empty() {
            return Err(Stop::not("text: a document too long to be held"));
        }
        Ok(())
    }

    /// Leaves the part behind but for a margin, and tells by how much the window moved.
    fn move_on(&mut self, part: Range<usize>) -> usize {
        let by = part.end.saturating_sub(MARGIN_BYTES);
        self.passed += (part.end - self.lead) as u64;
        self.shifted = part.end - self.lead < WINDOW_BYTES / 2;
        self.bytes.drain(..by);
        self.lead = part.end - by;
        self.done -= by;
        by
    }
}

/// A piece with the tags that stood in the midst of what it replaces: elements stay whole.
fn with_tags(window: &[u8], edit: &Edit, mut piece: Piece) -> Result<Piece, Stop> {
    let tags = std::str::from_utf8(&window[edit.range.clone()]).map(tags).unwrap_or_default();
    // Escaped tags are seen only where the escapes are undone.
    if tags.is_empty() || piece.range != edit.range {
        return Err(Stop::not("markup: not rewritten"));
    }
    piece.bytes.extend_from_slice(tags.as_bytes());
    Ok(piece)
}

/// Whether something reaches to where the window was cut: there may be more of it.
fn is_cut(seen: &[Found<Put>], part: &Range<usize>, window: &Window) -> bool {
    seen.iter().any(|found| {
        part.contains(&found.span.start) && found.span.end + CHARACTER_BYTES > window.bytes.len()
    })
}

/// Whether a part may end after this byte: it stands in no number, word, run of base64 or character
/// of several bytes.
fn parts_words(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || b",:;\"'<>()[]{}".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_held_is_not_edited() {
        let edit = Edit { range: 30..33, put: Put::Erased, packed: false, marked: false };
        let check = |bytes: &[u8], lead, is_cut| {
            let window = Window { bytes: bytes.to_vec(), lead, is_cut, ..Window::default() };
            let mut window = Window { passed: lead as u64, last: lead > 0, ..window };
            window.check(std::slice::from_ref(&edit)).is_ok()
        };
        let measured = b"Content-Length: 20\n\n0123456789ann";
        assert!(!check(measured, 0, false) && !check(measured, 2, false));
        let plain = b"a\n".repeat(30);
        assert!(check(&plain, 0, false) && !check(&plain, 0, true));
    }

    #[test]
    fn json_is_held_by_no_window() {
        for (head, is_held) in [
            ("{\n  \"a\": 1,\n  \"b\": [\n", false),
            ("a: 1\nb:\n", true),
            ("INSERT INTO t VALUES (1);\n", true),
        ] {
            let window = Window { bytes: head.into(), ..Window::default() };
            assert_eq!(window.beginning().0.is_some(), is_held, "{head}");
        }
    }
}
