//! YAML whose documents are mappings and sequences: its scalars, or that it is none.
//!
//! Stricter than the language: what is taken for it is written with quotes where a list would be
//! read otherwise, and those should not come into a log.

use std::collections::HashSet;
use std::ops::Range;

use crate::matching::redact::syntax::languages::flow;
use crate::matching::redact::syntax::languages::lines::{
    is_blank, kind_of, line_end, next_line, quoted,
};
use crate::matching::redact::syntax::tokens::{Kind, Token};

/// Longest key in a line of its own, in bytes.
const KEY_BYTES_MAX: usize = 1 << 10;

/// Collections in each other.
const NESTING_MAX: usize = 200;

/// The tokens of a text; `None` if it is no YAML, or nothing but a scalar.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    whole(text).or_else(|| before_text(text))
}

/// What stands between two rules before a text, and the text.
fn before_text(text: &str) -> Option<Vec<Token>> {
    let from = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"))?;
    let start = text.len() - from.len();
    let end = start + from.find("\n---")? + 1;
    let mut tokens = whole(&text[..end])?;
    tokens.push(Token::new(end..text.len(), Kind::Text));
    Some(tokens)
}

fn whole(text: &str) -> Option<Vec<Token>> {
    let mut scanner = Scanner { text, awaits: true, ..Scanner::default() };
    scanner.lines()?;
    (scanner.entries > 0).then_some(scanner.tokens)
}

/// A plain scalar with other words in it, as it may be written.
pub fn scalar(content: &str, in_flow: bool) -> String {
    let is_list = content.starts_with(['[', '{']);
    let is_cut = in_flow && content.contains(['[', ']', '{', '}', ',']);
    match is_list || is_cut {
        // What is JSON but for a comma stays so.
        true if in_flow && !content.contains(['"', '\\']) => format!("\"{content}\""),
        true => format!("'{}'", content.replace('\'', "''")),
        false => content.into(),
    }
}

#[derive(Default)]
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// Open collections, outermost first.
    open: Vec<Level<'a>>,
    /// Whether a collection may begin: its key, or its dash, has no value yet.
    awaits: bool,
    entries: usize,
}

/// A collection in block style.
struct Level<'a> {
    column: usize,
    is_map: bool,
    keys: HashSet<&'a str>,
}

impl<'a> Scanner<'a> {
    fn lines(&mut self) -> Option<()> {
        while self.at < self.text.len() {
            let line = &self.text[self.at..line_end(self.text, self.at)];
            let indent = line.len() - line.trim_start_matches(' ').len();
            let rest = line[indent..].trim_end();
            match rest.bytes().next() {
                None => self.at = next_line(self.text, self.at),
                Some(b'#') => self.comment(self.at + indent),
                Some(b'\t') => return None,
                Some(b'%') if self.entries == 0 => self.at = next_line(self.text, self.at),
                _ if rest == "..." || rest == "---" || rest.starts_with("--- #") => {
                    self.open.clear();
                    self.awaits = true;
                    match rest.find('#') {
                        Some(sign) => self.comment(self.at + indent + sign),
                        None => self.at = next_line(self.text, self.at),
                    }
                }
                _ => self.entry(indent)?,
            }
        }
        Some(())
    }

    fn comment(&mut self, at: usize) {
        self.tokens.push(Token::new(at..line_end(self.text, at), Kind::Text));
        self.at = next_line(self.text, at);
    }

    /// A line that begins in this column.
    fn entry(&mut self, indent: usize) -> Option<()> {
        let start = self.at;
        self.at += indent;
        while self.rest().starts_with('-') && is_blank(self.text, self.at + 1) {
            let column = self.at - start;
            self.enter(column, false)?;
            self.awaits = true;
            self.at += 1;
            if self.ends_line() {
                return Some(());
            }
            if !self.is_key_ahead() && !(self.rest().starts_with("- ")) {
                return self.value(Some(column));
            }
        }
        let column = self.at - start;
        if self.is_key_ahead() {
            return self.key(column);
        }
        if self.rest().starts_with("? ") {
            return self.written_out(column);
        }
        match self.open.last().map(|level| level.column) {
            // The value of the key or dash in a line above.
            Some(above) if self.awaits && above < column => self.value(Some(above)),
            None if self.awaits && self.rest().starts_with(['{', '[']) => {
                self.entries += 1;
                self.value(None)
            }
            _ => None,
        }
    }

    /// Whether a key stands in the rest of the line.
    fn is_key_ahead(&self) -> bool {
        self.key_at(self.at).is_some()
    }

    /// The key that begins here, and where its colon stands.
    fn key_at(&self, at: usize) -> Option<(Token, usize)> {
        let line = at..line_end(self.text, at);
        let (token, end) = match self.text.as_bytes().get(at)? {
            quote @ (b'"' | b'\'') => {
                let (inner, end) = quoted(self.text, at, *quote)?;
                (Token::key(inner, kind_of(*quote)), end)
            }
            first if b"[]{},#&*!|>%@`".contains(first) => return None,
            b'?' if is_blank(self.text, at + 1) => return None,
            _ => {
                let colon = colon(self.text, line.clone())?;
                let key = self.text[at..colon].trim_end();
                (Token::key(at..at + key.len(), Kind::Plain { in_flow: false }), colon)
            }
        };
        let colon =
            end + self.text[end..line.end.max(end)].bytes().take_while(|b| *b == b' ').count();
        let is_key = colon < line.end && is_colon(self.text, colon);
        (is_key && !self.text[token.range.clone()].contains(" #")).then_some((token, colon))
    }

    fn key(&mut self, column: usize) -> Option<()> {
        let (token, colon) = self.key_at(self.at)?;
        self.enter(column, true)?;
        let name = &self.text[token.range.clone()];
        let is_first = self.entries == 1;
        if is_first && is_of_mail(name) {
            return None;
        }
        // What repeats its keys is a log.
        if !self.open.last_mut()?.keys.insert(name) && name != "<<" {
            return None;
        }
        self.tokens.push(token);
        self.awaits = true;
        self.at = colon + 1;
        if self.ends_line() { Some(()) } else { self.value(Some(column)) }
    }

    /// A key in a line of its own, and the line of its value: `? key`, `: value`.
    fn written_out(&mut self, column: usize) -> Option<()> {
        self.enter(column, true)?;
        self.at += 2;
        let tokens = self.tokens.len();
        self.value(Some(column))?;
        // A collection may be a key too.
        let [key] = &self.tokens[tokens..] else { return None };
        let key = Some(key.clone()).filter(|key| key.range.len() <= KEY_BYTES_MAX)?;
        if !self.open.last_mut()?.keys.insert(&self.text[key.range.clone()]) {
            return None;
        }
        self.tokens[tokens] = Token::key(key.range, key.kind);
        let line = &self.text[self.at..line_end(self.text, self.at)];
        let sign = line.len() - line.trim_start_matches(' ').len();
        if sign != column || !line[sign..].starts_with(": ") {
            return None;
        }
        self.at += sign + 2;
        self.value(Some(column))
    }

    /// Enters the collection that has an entry in this column.
    fn enter(&mut self, column: usize, is_map: bool) -> Option<()> {
        self.entries += 1;
        let depth = self.open.len();
        while self.open.last().is_some_and(|level| level.column > column) {
            self.open.pop();
        }
        let awaits = std::mem::take(&mut self.awaits) && self.open.len() == depth;
        let level = || Level { column, is_map, keys: HashSet::new() };
        match self.open.last() {
            None if awaits => self.open.push(level()),
            None => return None,
            Some(top) if top.column == column && top.is_map == is_map => {}
            // A sequence may stand in the column of the key whose value it is.
            Some(top) if top.column == column && top.is_map && awaits => self.open.push(level()),
            Some(top) if top.column == column && is_map => {
                self.open.pop();
                self.open.last().filter(|top| top.column == column && top.is_map)?;
            }
            Some(top) if top.column < column && awaits => self.open.push(level()),
            _ => return None,
        }
        (self.open.len() <= NESTING_MAX).then_some(())
    }

    /// A value that begins in this line, of an entry in this column.
    fn value(&mut self, column: Option<usize>) -> Option<()> {
        let mut typed = None;
        while let Some(sign @ (b'&' | b'!')) = self.rest().bytes().next() {
            let word = self.word();
            let tag = &self.text[word.clone()];
            if TYPES.contains(&tag) {
                typed = Some(word.start);
            }
            if sign == b'&' {
                // Names that are told apart, as keys are.
                self.tokens.push(Token::key(word.start + 1..word.end, Kind::Word));
            }
            self.at = word.end;
            if self.ends_line() {
                return Some(());
            }
        }
        self.awaits = false;
        match self.rest().bytes().next()? {
            quote @ (b'"' | b'\'') => {
                let (inner, end) = quoted(self.text, self.at, quote)?;
                self.tokens.push(Token::new(inner, kind_of(quote)));
                self.at = end;
            }
            b'[' | b'{' => self.at = flow::collection(self.text, self.at, &mut self.tokens)?,
            b'|' | b'>' => return self.block(column),
            b'*' => {
                let word = self.word();
                self.tokens.push(Token::key(word.start + 1..word.end, Kind::Word));
                self.at = word.end;
            }
            b'%' | b'@' | b'`' | b',' | b']' | b'}' => return None,
            b'-' | b'?' | b':' if is_blank(self.text, self.at + 1) => return None,
            _ => self.plain(column)?,
        }
        if let Some((start, token)) = typed.zip(self.tokens.last_mut()) {
            *token = Token::new(start..self.at, Kind::Tagged);
        }
        self.ends_line().then_some(())
    }

    /// A plain scalar, over as many lines as stand deeper than its entry.
    fn plain(&mut self, column: Option<usize>) -> Option<()> {
        let start = self.at;
        let mut end = self.plain_line(start)?;
        let mut next = next_line(self.text, end);
        let is_cut = !self.text[end..line_end(self.text, end)].trim().is_empty();
        while next < self.text.len() && !is_cut {
            let line = &self.text[next..line_end(self.text, next)];
            let said = line.trim_start_matches([' ', '\t']);
            let indent = line.len() - said.len();
            if said.trim().is_empty() {
                next = next_line(self.text, next);
                continue;
            }
            if column.is_some_and(|column| indent <= column) || said.starts_with('#') {
                break;
            }
            end = self.plain_line(next + indent)?;
            next = next_line(self.text, end);
        }
        self.tokens.push(Token::new(start..end, Kind::Plain { in_flow: false }));
        self.at = end;
        Some(())
    }

    /// Where the plain words of a line end; `None` if a key stands in it.
    fn plain_line(&self, at: usize) -> Option<usize> {
        let line = &self.text[at..line_end(self.text, at)];
        let said = line.find(" #").map_or(line, |comment| &line[..comment]).trim_end();
        let has_key = colon(self.text, at..at + said.len()).is_some() || said.ends_with(':');
        (!has_key).then_some(at + said.len())
    }

    /// Lines that stand for themselves.
    fn block(&mut self, column: Option<usize>) -> Option<()> {
        let head = self.text[self.at + 1..line_end(self.text, self.at)].trim_end();
        let signs = head.split(" #").next().unwrap_or_default().trim_end();
        if !signs.bytes().all(|byte| b"+-123456789".contains(&byte)) {
            return None;
        }
        self.at = next_line(self.text, self.at);
        let start = self.at;
        while self.at < self.text.len() {
            let line = &self.text[self.at..line_end(self.text, self.at)];
            let indent = line.len() - line.trim_start_matches(' ').len();
            if !line.trim().is_empty() && column.is_some_and(|column| indent <= column) {
                break;
            }
            self.at = next_line(self.text, self.at);
        }
        self.tokens.push(Token::new(start..self.at, Kind::Lines));
        Some(())
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn word(&self) -> Range<usize> {
        let len = self.rest().bytes().take_while(|byte| !byte.is_ascii_whitespace()).count();
        self.at..self.at + len
    }

    /// Passes by blanks; whether nothing but a comment is left of the line, which is passed too.
    fn ends_line(&mut self) -> bool {
        let end = line_end(self.text, self.at);
        let blanks = self.text[self.at..end].bytes().take_while(|b| matches!(b, b' ' | b'\t'));
        let said = self.at + blanks.count();
        let is_apart = said > self.at;
        match self.text[said..end].trim_end() {
            "" => self.at = next_line(self.text, self.at),
            rest if rest.starts_with('#') && is_apart => self.comment(said),
            _ => {
                self.at = said;
                return false;
            }
        }
        true
    }
}

/// Tags of what is no text.
const TYPES: [&str; 4] = ["!!int", "!!float", "!!bool", "!!timestamp"];

/// A value behind its tag with other words in it, as it may be written.
pub fn tagged(content: &str) -> String {
    let (_, value) = content.split_once(' ').unwrap_or(("", content));
    format!("!!str {}", scalar(value.trim_start(), false))
}

/// What mail has before its text, which others read than YAML's readers.
fn is_of_mail(key: &str) -> bool {
    const KEYS: [&str; 13] = [
        "From",
        "To",
        "Cc",
        "Bcc",
        "Subject",
        "Date",
        "Received",
        "Return-Path",
        "Reply-To",
        "Message-ID",
        "Delivered-To",
        "MIME-Version",
        "Sender",
    ];
    KEYS.contains(&key) || key.starts_with("X-")
}

/// The first colon in a range that ends a key.
fn colon(text: &str, range: Range<usize>) -> Option<usize> {
    memchr::memchr_iter(b':', &text.as_bytes()[range.clone()])
        .map(|at| range.start + at)
        .find(|at| is_colon(text, *at))
}

fn is_colon(text: &str, at: usize) -> bool {
    text.as_bytes()[at] == b':' && is_blank(text, at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars(text: &str) -> Option<Vec<&str>> {
        tokens(text).map(|all| all.into_iter().map(|token| &text[token.range]).collect())
    }

    #[test]
    fn scalars_of_documents() {
        for (text, expected) in [
            ("a: b c\nd: 3 # e\n", vec!["a", "b c", "d", "3", "# e"]),
            ("a:\n- b\n- c: d\n  e: f\ng: h", vec!["a", "b", "c", "d", "e", "f", "g", "h"]),
            ("a:\n  - - b\n    - c\n", vec!["a", "b", "c"]),
            ("a: {b: c, \"d\": [e, 'f']}\n", vec!["a", "b", "c", "d", "e", "f"]),
            ("a: |-\n  b: c\n\n  d\ne: f", vec!["a", "  b: c\n\n  d\n", "e", "f"]),
            ("a: b\n  c\n\n  d\ne: 'f\n  g'", vec!["a", "b\n  c\n\n  d", "e", "f\n  g"]),
            ("--- # x\na: &b c\n---\na: *b\n", vec!["# x", "a", "b", "c", "a", "b"]),
            ("%YAML 1.1\n---\n\"a b\": !!str c\r\nd: e\r\n", vec!["a b", "c", "d", "e"]),
            ("a: http://x:80/y\nb: 12:30:00\n", vec!["a", "http://x:80/y", "b", "12:30:00"]),
            ("- a\n-\n  b: c\n", vec!["a", "b", "c"]),
            ("---\na: b\n---\n# c\nd\n", vec!["a", "b", "---\n# c\nd\n"]),
            ("a:\n    b\n    c\nd:\n- [e,\n   f]\n", vec!["a", "b\n    c", "d", "e", "f"]),
            ("? a\n: b\n? 'c'\n: d\n", vec!["a", "b", "c", "d"]),
            ("x:\n  ? a\n  : b\n  c: d\n", vec!["x", "a", "b", "c", "d"]),
            ("{a: 'b\n  c', d: e}\n", vec!["a", "b\n  c", "d", "e"]),
            ("a: !!int \"1\"\nb: !!x c\n", vec!["a", "!!int \"1\"", "b", "c"]),
        ] {
            assert_eq!(scalars(text).as_deref(), Some(expected.as_slice()), "{text}");
        }
        for text in [
            "hello",
            "a: b: c",
            "a: b\nhello\n",
            "INFO: a\nINFO: b\n",
            "From: a\nTo: b\n",
            "a:\n\tb: c",
            "a: [b\n",
            "a: 'b\n",
            "a: b\n  c: d\n",
            "a: @b\n",
            "[a]\nb = c\n",
            "a = b\nc = d",
            "a: {b: c]\n",
            "  a: b\n c: d\n",
            "",
        ] {
            assert_eq!(scalars(text), None, "{text}");
        }
    }
}
