//! The structure of a text while it is rewritten: where JSON is to stay JSON, and lines lines.
//!
//! Whether a text is JSON is known for certain only at its end. Until something stands in it that
//! no JSON has, it is taken for JSON; the worst of that is a pair of quotes too many.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use memchr::{memchr, memmem};

use crate::matching::put::{BEGINNINGS, Put};
use crate::matching::redact::edits::{Edit, Piece};
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::syntax::document::Document;
use crate::matching::redact::syntax::nested::{escapes_whole, nested_number, string_around};
use crate::matching::redact::syntax::office;
use crate::matching::views::json::{Json, Shape, Standing, string_end, unquoted};

/// Keys of one object that are remembered: those in which something was replaced.
const KEYS_MAX: usize = 1 << 20;

/// Bytes behind a bare word that are looked at to tell whether the text is JSON.
const AHEAD_BYTES: usize = 256;

/// Follows a text.
pub struct Sheet {
    /// What it is, where that is known of the whole.
    document: Option<Document>,
    json: Option<Json>,
    keys: HashMap<u64, Keys>,
    /// How many objects may be in `keys` before those that are closed are looked for.
    keys_max: usize,
    /// How far the window has been followed.
    at: usize,
    quotes: Quotes,
    /// The heads of a table's columns; `None` behind them.
    heads: Option<Heads>,
}

/// The first line of a text, which may head columns.
#[derive(Default)]
struct Heads {
    /// Where it ends, once that was looked for; 0 if it heads none.
    end: Option<usize>,
    /// How often what is put is a whole cell of it.
    numbers: HashMap<Put, u64>,
}

/// Quotes of the line that is being written.
#[derive(Default)]
struct Quotes {
    /// How far the window has been counted.
    at: usize,
    is_open: bool,
}

/// Keys of an object that hold what was put somewhere.
#[derive(Default)]
struct Keys {
    /// Each with whether it is stored like that.
    taken: HashMap<String, bool>,
    /// For each key as it would be, the last number tried.
    numbers: HashMap<String, u64>,
}

impl Sheet {
    /// For a text that starts like this.
    pub fn new(head: &[u8]) -> Self {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
        let json = matches!(first, Some(b'{' | b'[' | b'"')).then(Json::default);
        Self {
            document: None,
            json,
            keys: HashMap::new(),
            keys_max: 0,
            at: 0,
            quotes: Quotes::default(),
            heads: Some(Heads::default()),
        }
    }

    /// For a text that is all there.
    pub fn of_whole(text: &[u8]) -> Self {
        let document = if is_json(text) { None } else { Document::of(text) };
        let json = document.is_none().then(|| Self::new(text).json).flatten();
        Self { document, json, ..Self::new(&[]) }
    }

    /// Whether what was written of a whole text may stand.
    ///
    /// # Errors
    /// It would be read otherwise.
    pub fn check(&self, written: &[u8]) -> Result<(), Stop> {
        self.document.as_ref().map_or(Ok(()), |document| document.check(written))
    }

    /// Whether what is put among tags is put with them.
    pub fn keeps_tags(&self) -> bool {
        self.document.is_some()
    }

    /// What stands before the text in its window is no part of it.
    pub fn skip(&mut self, bytes: usize) {
        self.at = bytes;
    }

    /// The window was moved on by so many bytes.
    pub fn moved(&mut self, by: usize) {
        self.at -= by;
        self.heads = None;
        self.quotes.at = self.quotes.at.saturating_sub(by);
    }

    /// Follows the window up to here.
    ///
    /// # Errors
    /// A key now equals one in which something was replaced.
    pub fn follow(&mut self, window: &[u8], to: usize) -> Result<(), Stop> {
        if self.json.is_some() && self.at < to {
            for at in literals(window, self.at..to) {
                self.step(window, at);
                self.literal(window)?;
            }
        }
        self.step(window, to);
        Ok(())
    }

    /// What stands in the place of the first of these edits, and of those after it that the piece
    /// covers. Follows the window to its end.
    ///
    /// # Errors
    /// The structure would not survive it.
    pub fn piece(&mut self, window: &[u8], edits: &[Edit]) -> Result<Piece, Stop> {
        let edit = &edits[0];
        if let Some(document) = &mut self.document {
            return document.piece(window, edits);
        }
        self.follow(window, edit.range.start)?;
        let Some(json) = &self.json else { return Ok(self.text(window, edit)) };
        let (standing, token) = json.standing();
        let piece = match standing {
            Standing::Key(object) => self.key(window, edits, object)?,
            Standing::Text => string(window, edit),
            Standing::Word | Standing::Between => return self.word(window, edit),
        };
        self.step(window, piece.range.end);
        match &self.json {
            Some(json) if json.standing() != (standing, token) => {
                Err(Stop::not("json: over several values"))
            }
            _ => Ok(piece),
        }
    }

    /// A number or another bare word becomes a string; what is none is no JSON after all.
    fn word(&mut self, window: &[u8], edit: &Edit) -> Result<Piece, Stop> {
        let range = word_around(window, &edit.range);
        let end = range.as_ref().map_or(edit.range.end, |word| word.end);
        // What follows tells: `[12345] logged in` is no JSON.
        let ahead = window.len().min(end + AHEAD_BYTES);
        let admits = |json: &Json| json.admits(&window[self.at..ahead]);
        if !self.json.as_ref().is_some_and(admits) {
            self.json = None;
        }
        if self.json.is_none() {
            return Ok(self.text(window, edit));
        }
        self.step(window, end);
        match (&self.json, range) {
            (None, _) => Ok(self.text(window, edit)),
            (Some(_), None) => Err(Stop::not("json: over several values")),
            (Some(_), Some(range)) => {
                Ok(Piece { range, bytes: format!("\"{}\"", edit.put.text()).into_bytes() })
            }
        }
    }

    /// A key, with all that is replaced in it; numbered if the object has such a key already.
    fn key(&mut self, window: &[u8], edits: &[Edit], object: u64) -> Result<Piece, Stop> {
        let Some(json) = &self.json else { return Err(Stop::not("json: broken")) };
        let first = escapes_whole(window, &edits[0].range);
        let end =
            edits[0].range.start + string_end(&window[edits[0].range.start..], json.is_escaped());
        if end == window.len() || json.is_key_cut() {
            return Err(Stop::not("json: key too long"));
        }
        let own: Vec<&Edit> = edits.iter().take_while(|edit| edit.range.start < end).collect();
        let back = edits[0].range.start - first.start;
        let before = json.key()[..json.key().len() - back.min(json.key().len())].to_vec();
        let render = |number: u64| {
            let mut bytes = Vec::new();
            let mut at = first.start;
            for (index, edit) in own.iter().enumerate() {
                let range = escapes_whole(window, &edit.range);
                bytes.extend_from_slice(&window[at.min(range.start)..range.start]);
                let last = index + 1 == own.len();
                let text =
                    if last && number > 1 { edit.put.numbered(number) } else { edit.put.text() };
                bytes.extend_from_slice(text.as_bytes());
                at = range.end;
            }
            bytes.extend_from_slice(&window[at.min(end)..end]);
            bytes
        };
        let keys = keys_of(&mut self.keys, &mut self.keys_max, json, object);
        if keys.taken.len() >= KEYS_MAX {
            return Err(Stop::not("json: too many keys"));
        }
        let whole = |bytes: &[u8]| unquoted(&[&before, bytes].concat());
        let number = keys.numbers.entry(whole(&render(1))).or_default();
        // Ends: there are more numbers than keys.
        let bytes = loop {
            *number += 1;
            let bytes = render(*number);
            if let Entry::Vacant(vacant) = keys.taken.entry(whole(&bytes)) {
                vacant.insert(false);
                break bytes;
            }
        };
        Ok(Piece { range: first.start..end, bytes })
    }

    /// A key that holds what might be put somewhere, as it is stored.
    fn literal(&mut self, window: &[u8]) -> Result<(), Stop> {
        let Some(json) = &self.json else { return Ok(()) };
        let (Standing::Key(object), _) = json.standing() else { return Ok(()) };
        if json.is_key_cut() {
            return Err(Stop::not("json: key too long"));
        }
        let rest = &window[self.at..];
        let rest = &rest[..string_end(rest, json.is_escaped())];
        let key = unquoted(&[json.key(), rest].concat());
        let keys = keys_of(&mut self.keys, &mut self.keys_max, json, object);
        // What is stored twice stays as it is.
        let stored = *keys.taken.entry(key).or_insert(true);
        let bearable = stored && keys.taken.len() <= KEYS_MAX;
        if bearable { Ok(()) } else { Err(Stop::not("json: keys would be equal")) }
    }

    /// Text that is no JSON: lines stay lines, and cells cells.
    fn text(&mut self, window: &[u8], edit: &Edit) -> Piece {
        if let Some(piece) = office::piece(window, edit) {
            return piece;
        }
        let range = edit.range.clone();
        let put = self.head(window, edit).into_bytes();
        self.quotes.pass(window, range.start);
        let commas = !self.quotes.is_open;
        let parts = |byte: &u8| matches!(byte, b'\r' | b'\n' | b'\t') || commas && *byte == b',';
        if edit.put == Put::Removed || !window[range.clone()].iter().any(parts) {
            return Piece { range, bytes: put };
        }
        let is_gap = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        let mut bytes = Vec::new();
        for part in window[range.clone()].chunk_by(|one, other| is_gap(one) == is_gap(other)) {
            if part.iter().any(parts) {
                bytes.extend_from_slice(part);
            } else if !part.iter().all(is_gap) && !bytes.ends_with(&put) {
                bytes.extend_from_slice(&put);
            }
        }
        Piece { range, bytes }
    }

    /// What is put, numbered where it heads more than one column of a table.
    fn head(&mut self, window: &[u8], edit: &Edit) -> String {
        let Some(heads) = &mut self.heads else { return edit.put.text() };
        if edit.range.end > *heads.end.get_or_insert_with(|| head_end(window)) {
            self.heads = None;
            return edit.put.text();
        }
        let (before, after) = (&window[..edit.range.start], &window[edit.range.end..]);
        let parts = |byte: Option<&u8>| byte.is_some_and(|byte| b",;|\t\"".contains(byte));
        let begins = before.is_empty() || parts(before.last());
        let ends = parts(after.first()) || after.first().is_some_and(|byte| b"\r\n".contains(byte));
        let is_alone = before.is_empty() && !parts(after.first());
        if !begins || !ends || is_alone {
            return edit.put.text();
        }
        let number = heads.numbers.entry(edit.put).or_default();
        *number += 1;
        if *number > 1 { edit.put.numbered(*number) } else { edit.put.text() }
    }

    fn step(&mut self, window: &[u8], to: usize) {
        if self.at >= to {
            return;
        }
        self.quotes.pass(window, to);
        if let Some(json) = &mut self.json
            && json.follow(&window[self.at..to]).is_none()
        {
            self.json = None;
        }
        self.at = to;
    }
}

/// Where the first line ends, if it heads others: rows stand below it, and none of its cells is a
/// number; else 0.
fn head_end(window: &[u8]) -> usize {
    let end = memchr(b'\n', window).filter(|end| end + 1 < window.len()).unwrap_or(0);
    let mut cells = window[..end].split(|byte| b",;|\t".contains(byte)).map(<[u8]>::trim_ascii);
    let is_number = |cell: &[u8]| !cell.is_empty() && cell.iter().all(u8::is_ascii_digit);
    if cells.any(is_number) { 0 } else { end }
}

/// Whether a text is JSON as far as it is there.
pub fn begins_json(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    Sheet::new(head).json.is_some_and(|mut json| json.follow(head).is_some())
}

/// Whether a text is JSON, as far as that can be told.
fn is_json(text: &[u8]) -> bool {
    let mut json = Json::default();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    json.follow(text).is_some() && json.end().is_some_and(|shape| shape != Shape::Text)
}

/// The keys of an object. Those of objects that have ended are let go now and then: to ask each
/// time would take as long as the document is deep.
fn keys_of<'k>(
    keys: &'k mut HashMap<u64, Keys>,
    keys_max: &mut usize,
    json: &Json,
    object: u64,
) -> &'k mut Keys {
    if keys.len() > *keys_max {
        keys.retain(|object, _| json.is_open(*object));
        *keys_max = 2 * keys.len() + 16;
    }
    keys.entry(object).or_default()
}

impl Quotes {
    /// Counts the window up to here. The line may be as long as the window, and whether a quote is
    /// open is asked at many places in it.
    fn pass(&mut self, window: &[u8], to: usize) {
        let Some(passed) = window.get(self.at..to) else { return };
        let line = memchr::memrchr(b'\n', passed).map(|end| end + 1);
        let quotes = memchr::memchr_iter(b'"', &passed[line.unwrap_or(0)..]).count();
        let before = line.is_none() && self.is_open;
        (self.at, self.is_open) = (to, before != (quotes % 2 == 1));
    }
}

/// Within a string. A bare number of a JSON text in the string becomes a string of that text.
fn string(window: &[u8], edit: &Edit) -> Piece {
    let put = edit.put.text();
    let around = string_around(window, &edit.range);
    match nested_number(window, &edit.range, &around, true) {
        Some((range, quote)) => Piece { range, bytes: format!("{quote}{put}{quote}").into_bytes() },
        None => Piece { range: escapes_whole(window, &edit.range), bytes: put.into_bytes() },
    }
}

/// The bare word that this range belongs to.
fn word_around(window: &[u8], range: &Range<usize>) -> Option<Range<usize>> {
    let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let all = window[range.clone()].iter().take_while(is_word).count() == range.len();
    let before = window[..range.start].iter().rev().take_while(is_word).count();
    let after = window[range.end..].iter().take_while(is_word).count();
    all.then(|| range.start - before..range.end + after)
}

/// Where something stands that looks like what is put, in order.
fn literals(window: &[u8], range: Range<usize>) -> Vec<usize> {
    let mut all: Vec<usize> = BEGINNINGS
        .iter()
        .flat_map(|beginning| memmem::find_iter(&window[range.start..], beginning))
        .map(|at| range.start + at)
        .filter(|at| range.contains(at))
        .collect();
    all.sort_unstable();
    all
}
