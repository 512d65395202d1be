//! Lines that are no UTF-8, in every charset in which they may hold a letter that is sought.
//!
//! That a sought name stands there is what speaks for the charset: nothing else is asked of the
//! line, and nothing is seen in it but such names.

use std::ops::Range;

use crate::matching::views::charsets::legacy::LEGACY;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::Ends;
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::tour::{Look, Tour};
use crate::matching::work;

/// A name in a line: what, where in the bytes, and what the view is called.
pub struct Told<W> {
    /// What was seen.
    pub what: W,
    /// What of the bytes spells it; of charsets with several bytes a character, the line.
    pub span: Range<usize>,
    /// The charset.
    pub via: &'static str,
}

/// So many letters beyond ASCII are no accident, even where the line is not all of the charset.
const LETTERS_MIN: usize = 3;

impl<L: Look> Tour<'_, L> {
    /// Looks at a short text of bytes that stands beside the content.
    pub(in crate::matching::views) fn label_bytes(
        &mut self,
        bytes: &[u8],
        view: &str,
        place: &str,
    ) {
        self.label(&utf8_or_western(bytes), view, place);
        for told in names_in_lines(&mut *self.look, bytes) {
            self.see(told.what, view.to_owned(), place.to_owned());
        }
    }
}

/// All names that stand in lines of these bytes.
pub fn names_in_lines<L: Look>(look: &mut L, bytes: &[u8]) -> Vec<Told<L::What>> {
    let mut all = Vec::new();
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !line.is_ascii() && std::str::from_utf8(line).is_err() {
            look.meets_unsure();
            let charsets = look.letters().map(|letters: &Letters| letters.charsets(line));
            for index in charsets.into_iter().flatten().collect::<Vec<_>>() {
                names_in(look, line, at, index, &mut all);
            }
        }
        at += line.len();
    }
    all
}

fn names_in<L: Look>(
    look: &mut L,
    line: &[u8],
    at: usize,
    index: usize,
    all: &mut Vec<Told<L::What>>,
) {
    let (via, charset) = &LEGACY[index];
    work::charge(line.len());
    let (text, is_whole) = charset.decode(line);
    let mut may_name = false;
    if let Some(hinting) = look.hinting() {
        hinting.hint(&text, Ends::Told, &mut |_| may_name = true);
        if !may_name {
            return;
        }
    }
    let mut reading = Reading::with_capacity(text.len());
    if charset.is_single_byte() {
        for (offset, c) in text.chars().enumerate() {
            reading.replace_char(c, at + offset);
        }
    } else {
        reading.replace(&text, at);
    }
    look.look_for_names(&reading.text, &mut |what, range| {
        let beyond = reading.text[range.clone()].chars().filter(|c| !c.is_ascii()).count();
        let is_sure = is_whole && beyond > 0 || beyond >= LETTERS_MIN;
        if is_sure || beyond == 0 && is_framed(&reading.text, &range) {
            let end = reading.origin_end(range.end, at + line.len());
            all.push(Told { what, span: reading.origin(range.start)..end, via });
        }
    });
}

/// Whether lines of a table, as consoles draw it, adjoin a word: elsewhere they are letters.
fn is_framed(text: &str, range: &Range<usize>) -> bool {
    let is_line = |c: char| matches!(c, '\u{2500}'..='\u{259f}');
    text[..range.start].ends_with(is_line) || text[range.end..].starts_with(is_line)
}
