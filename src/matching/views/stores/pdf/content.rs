//! The text that the operators of a page show.
//!
//! Where one shown string ends and the next one begins is told by places alone. Words may be set
//! one by one, and a word in pieces; so there are two readings, with and without a space there.

use std::collections::HashMap;
use std::rc::Rc;

use crate::matching::views::stores::pdf::fonts::{Font, TEXT_BYTES_MAX};
use crate::matching::views::stores::pdf::objects::{Dict, Object, Reader};
use crate::matching::views::stores::pdf::strings::text;
use crate::matching::work;

/// Fonts by the names that a page has for them.
pub type Fonts = HashMap<String, Rc<Font>>;

/// Operands that are kept.
const OPERANDS_MAX: usize = 1 << 16;

/// Marked stretches, one in the other.
const MARKS_MAX: usize = 256;

/// How far back to the right a string is moved, in thousandths of its size, to make a space.
const SPACE: f64 = 180.0;

/// The two readings of a page.
#[derive(Debug, Default, PartialEq)]
pub struct Shown {
    /// With a space between strings of a line.
    pub apart: String,
    /// With none.
    pub together: String,
    /// Codes of fonts that do not say what they spell.
    pub unknown: usize,
    /// Whether there is more than may be held.
    pub is_cut: bool,
}

/// What a page shows.
pub fn shown(content: &[u8], fonts: &Fonts) -> Shown {
    let (shown, marks) = (Shown::default(), Vec::new());
    let mut page = Page { fonts, font: None, shown, line: 0.0, leading: 0.0, marks };
    let mut reader = Reader::new(content, 0);
    let mut operands = Vec::new();
    work::charge(content.len());
    while page.shown.apart.len() < TEXT_BYTES_MAX {
        match reader.read() {
            Some(Object::Word(word)) if word == "ID" => {
                // The bytes of a picture.
                let end = reader
                    .rest()
                    .windows(3)
                    .position(|three| three.starts_with(b"EI") && three[2].is_ascii_whitespace());
                reader.at += end.unwrap_or(reader.rest().len());
                operands.clear();
            }
            Some(Object::Word(word)) => {
                page.operate(&word, &operands);
                operands.clear();
            }
            Some(object) if operands.len() < OPERANDS_MAX => operands.push(object),
            Some(_) => {}
            None if reader.rest().is_empty() => break,
            None => reader.at += 1,
        }
    }
    page.shown.is_cut = !reader.rest().is_empty();
    page.shown
}

struct Page<'f> {
    fonts: &'f Fonts,
    font: Option<Rc<Font>>,
    shown: Shown,
    /// Where the line stands, as far as it was moved.
    line: f64,
    leading: f64,
    /// Stretches that are marked, and whether what each spells was told.
    marks: Vec<bool>,
}

impl Page<'_> {
    fn operate(&mut self, word: &str, operands: &[Object]) {
        let number = |at: usize| match operands.get(at) {
            Some(Object::Number(number)) => *number,
            _ => 0.0,
        };
        match word {
            "Tf" => {
                let name = operands.first().and_then(Object::name);
                self.font = name.and_then(|name| self.fonts.get(name)).map(Rc::clone);
            }
            "TL" => self.leading = number(0),
            "Td" | "TD" => self.go(number(1)),
            "Tm" => {
                let by = number(5) - self.line;
                self.go(by);
            }
            "T*" => self.go(-self.leading.abs().max(1.0)),
            "BT" => (self.line, self.shown) = (0.0, std::mem::take(&mut self.shown).broken()),
            "ET" => self.shown.space(),
            "Tj" => self.show(operands),
            "TJ" => self.show(operands.first().map_or(&[], Object::list)),
            "'" | "\"" => {
                self.go(-1.0);
                self.show(operands.last().map_or(&[], std::slice::from_ref));
            }
            "BDC" | "BMC" => self.mark(operands.last().and_then(Object::dict)),
            "EMC" => drop(self.marks.pop()),
            _ => {}
        }
    }

    /// Moves the line up or down, or along.
    fn go(&mut self, by: f64) {
        self.line += by;
        if by.abs() > 0.01 {
            self.shown.end_line();
        } else {
            self.shown.space();
        }
    }

    fn show(&mut self, strings: &[Object]) {
        if self.marks.contains(&true) {
            return;
        }
        for object in strings {
            if self.shown.apart.len() >= TEXT_BYTES_MAX {
                return;
            }
            match object {
                Object::Text(bytes) => {
                    let usual = Font::default();
                    let font = self.font.as_deref().unwrap_or(&usual);
                    let (text, unknown) = font.text(bytes);
                    self.shown.unknown += unknown;
                    self.shown.push(&text);
                }
                Object::Number(back) if *back < -SPACE => self.shown.push(" "),
                _ => {}
            }
        }
    }

    /// Begins a stretch, which may spell in truth something else than its glyphs do.
    fn mark(&mut self, properties: Option<&Dict>) {
        let actual = match properties.and_then(|of| of.get("ActualText")) {
            Some(Object::Text(bytes)) => Some(text(bytes)),
            _ => None,
        };
        if self.marks.len() < MARKS_MAX {
            self.marks.push(actual.is_some());
        }
        if let Some(actual) = actual {
            self.shown.push(&actual);
        }
    }
}

impl Shown {
    fn push(&mut self, text: &str) {
        self.apart.push_str(text);
        self.together.push_str(text);
    }

    fn space(&mut self) {
        if !self.apart.ends_with([' ', '\n']) && !self.apart.is_empty() {
            self.apart.push(' ');
        }
    }

    fn end_line(&mut self) {
        for text in [&mut self.apart, &mut self.together] {
            if !text.ends_with('\n') && !text.is_empty() {
                text.push('\n');
            }
        }
    }

    /// Where a text begins anew, anywhere on the page.
    fn broken(mut self) -> Self {
        self.space();
        self
    }
}
