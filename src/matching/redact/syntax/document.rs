//! A document that is held in whole, in a language that is known: what is put into it is written as
//! the language has it.
//!
//! What came out is cut into tokens once more, of which as many must be
//! there as before.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::memmem;

use crate::matching::put::{BEGINNINGS, Put};
use crate::matching::redact::edits::{Edit, Piece};
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::syntax::languages::code::{self, Dialect};
use crate::matching::redact::syntax::languages::{ini, signs, toml, yaml};
use crate::matching::redact::syntax::nested::{escapes_whole, nested_number};
use crate::matching::redact::syntax::tokens::{Kind, Token, word};
use crate::matching::views::markup::tags::tags;
use crate::matching::views::spelling::reading::Reading;

/// A document in a known language.
pub struct Document {
    language: Language,
    tokens: Vec<Token>,
    /// Keys with something replaced in them, by whether they are words and what they were.
    keys: HashMap<(bool, Vec<u8>), String>,
    /// All keys that hold what is put, or look so.
    taken: HashSet<String>,
    /// For each key as it would be, the last number tried.
    numbers: HashMap<String, u64>,
}

#[derive(Clone, Copy)]
enum Language {
    Yaml,
    Toml,
    Settings,
    Code(&'static Dialect),
}

impl Language {
    /// How a document begins so; `None` if that is no language, or JSON.
    fn of(text: &str, depth: usize) -> Option<(Self, Vec<Token>)> {
        let told =
            |language: Self| language.all_tokens(text, depth).map(|tokens| (language, tokens));
        let code = || signs::language(text).and_then(|dialect| told(Self::Code(dialect)));
        [Self::Yaml, Self::Toml, Self::Settings].into_iter().find_map(told).or_else(code)
    }

    fn tokens(self, text: &str) -> Option<Vec<Token>> {
        let said = text.strip_prefix(MARK).unwrap_or(text);
        let mut tokens = match self {
            Self::Yaml => yaml::tokens(said),
            Self::Toml => toml::tokens(said),
            Self::Settings => ini::tokens(said),
            Self::Code(dialect) => Some(code::tokens(said, dialect)),
        }?;
        let shift = text.len() - said.len();
        for Token { range, .. } in &mut tokens {
            *range = range.start + shift..range.end + shift;
        }
        Some(tokens)
    }

    /// The same, with those of documents that stand in the lines of others.
    fn all_tokens(self, text: &str, depth: usize) -> Option<Vec<Token>> {
        let mut all = Vec::new();
        for token in self.tokens(text)? {
            let inner = match token.kind {
                Kind::Lines if depth < NESTING_MAX => inner(&text[token.range.clone()], depth),
                _ => None,
            };
            let start = token.range.start;
            match inner {
                Some(inner) => all.extend(inner.into_iter().map(|one| Token {
                    range: one.range.start + start..one.range.end + start,
                    ..one
                })),
                None => all.push(token),
            }
        }
        Some(all)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Toml => "toml",
            Self::Settings => "ini",
            Self::Code(_) => "code",
        }
    }
}

impl Document {
    /// The document that these bytes are, if they are one.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let text = plain(bytes);
        let (language, tokens) = Language::of(&text, 0)?;
        let keys = tokens.iter().filter(|token| token.is_key);
        let beginnings = BEGINNINGS.map(|beginning| [beginning.to_owned(), word(beginning)]);
        let looks_put = |key: &&str| beginnings.iter().flatten().any(|begins| key.contains(begins));
        let taken = keys.map(|token| &text[token.range.clone()]).filter(looks_put);
        let taken = taken.map(str::to_owned).collect();
        let (keys, numbers) = (HashMap::new(), HashMap::new());
        Some(Self { language, tokens, keys, taken, numbers })
    }

    /// Whether what is put into it as into any text may make it another.
    pub fn is_strict(&self) -> bool {
        !matches!(self.language, Language::Settings)
    }

    /// What stands in the place of the first of these edits, and of those after it that the piece
    /// covers.
    ///
    /// # Errors
    /// All of it is structure.
    pub fn piece(&mut self, bytes: &[u8], edits: &[Edit]) -> Result<Piece, Stop> {
        let first = self.tokens.partition_point(|token| token.range.end <= edits[0].range.start);
        let (mut count, mut reach, mut last) = (1, edits[0].range.end, first);
        while let Some(token) = self.tokens.get(last).filter(|token| token.range.start < reach) {
            while token.is_whole()
                && let Some(edit) = edits.get(count).filter(|e| e.range.start < token.range.end)
            {
                reach = reach.max(edit.range.end);
                count += 1;
            }
            last += 1;
        }
        if let Some(piece) = self.unquoted(&edits[0], first..last) {
            return Ok(piece);
        }
        let start = match self.tokens.get(first) {
            Some(token) if token.is_whole() => token.range.start.min(edits[0].range.start),
            _ => edits[0].range.start,
        };
        let mut piece = Piece { range: start..start, bytes: Vec::new() };
        let mut is_put = false;
        for index in first..last {
            let own = parts(bytes, &self.tokens[index], &edits[..count]);
            if own.is_empty() {
                continue;
            }
            is_put = true;
            let (range, written) = self.written(bytes, index, &own);
            let at = piece.range.end.min(range.start);
            piece.range.start = piece.range.start.min(at);
            piece.bytes.extend_from_slice(&bytes[at..range.start]);
            piece.bytes.extend_from_slice(&written);
            piece.range.end = range.end;
        }
        if !is_put {
            return Err(Stop::Not(format!("{}: over its structure", self.language.name())));
        }
        if piece.range.end < reach {
            piece.bytes.extend_from_slice(&bytes[piece.range.end..reach]);
            piece.range.end = reach;
        }
        Ok(piece)
    }

    /// Something over several words of a program, which is no name and no number.
    fn unquoted(&self, edit: &Edit, within: Range<usize>) -> Option<Piece> {
        let Language::Code(dialect) = self.language else { return None };
        let tokens = self.tokens.get(within).filter(|tokens| tokens.len() > 1)?;
        let is_bare = |token: &Token| matches!(token.kind, Kind::Word | Kind::Bare(_));
        let (first, last) = (tokens.first()?, tokens.last()?);
        tokens.iter().all(is_bare).then(|| Piece {
            range: first.range.start.min(edit.range.start)..last.range.end.max(edit.range.end),
            bytes: format!("{0}{1}{0}", dialect.quote, edit.put.text()).into_bytes(),
        })
    }

    /// A token as it is to be written, and the range that this takes the place of.
    fn written(&mut self, bytes: &[u8], index: usize, own: &[Part]) -> (Range<usize>, Vec<u8>) {
        let token = self.tokens[index].clone();
        if !token.is_whole() {
            let is_escaped = token.kind == Kind::Escaped;
            if let Some((range, quote)) =
                nested_number(bytes, &own[0].range, &token.range, is_escaped)
            {
                let put = own[0].put.text();
                return (range, format!("{quote}{put}{quote}").into_bytes());
            }
            let around = own[0].range.start..own[own.len() - 1].range.end;
            let range = if is_escaped { escapes_whole(bytes, &around) } else { around };
            let written = content(bytes, range.clone(), own, &token, 1);
            return (range, written);
        }
        let whole = content(bytes, token.range.clone(), own, &token, 1);
        if !token.is_key {
            return (token.range, of_kind(whole, token.kind));
        }
        let source = (token.kind == Kind::Word, bytes[token.range.clone()].to_vec());
        if let Some(known) = self.keys.get(&source) {
            return (token.range, of_kind(known.clone().into_bytes(), token.kind));
        }
        let number = self.numbers.entry(String::from_utf8_lossy(&whole).into_owned()).or_default();
        // Ends: there are more numbers than keys.
        let key = loop {
            *number += 1;
            let key = content(bytes, token.range.clone(), own, &token, *number);
            let key = String::from_utf8_lossy(&key).into_owned();
            if self.taken.insert(key.clone()) {
                break key;
            }
        };
        self.keys.insert(source, key.clone());
        (token.range, of_kind(key.into_bytes(), token.kind))
    }

    /// Whether what was written is the same document with other words.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self, written: &[u8]) -> Result<(), Stop> {
        if matches!(self.language, Language::Code(_)) {
            // Of any text tokens can be cut.
            return Ok(());
        }
        let tokens = self.language.all_tokens(&plain(written), 0);
        let keys = |tokens: &[Token]| tokens.iter().map(|token| token.is_key).collect::<Vec<_>>();
        let is_same = tokens.is_some_and(|tokens| keys(&tokens) == keys(&self.tokens));
        let broken = || Stop::Not(format!("{}: would be another", self.language.name()));
        if is_same { Ok(()) } else { Err(broken()) }
    }
}

/// Documents in each other.
const NESTING_MAX: usize = 3;

/// The tokens of a document that is indented as a whole.
fn inner(lines: &str, depth: usize) -> Option<Vec<Token>> {
    let said = lines.lines().find(|line| !line.trim().is_empty())?;
    let indent = said.len() - said.trim_start_matches(' ').len();
    let mut reading = Reading::with_capacity(lines.len());
    let mut at = 0;
    for line in lines.split_inclusive('\n') {
        let blanks = line.bytes().take(indent).take_while(|byte| *byte == b' ').count();
        reading.copy(&line[blanks..], at + blanks);
        at += line.len();
    }
    if reading.text.starts_with(['{', '[']) {
        // JSON, or much like it.
        return None;
    }
    let (_, tokens) = Language::of(&reading.text, depth + 1)?;
    let lead_back = |token: Token| {
        let end = reading.origin_end(token.range.end, lines.len());
        Token { range: reading.origin(token.range.start)..end, ..token }
    };
    Some(tokens.into_iter().map(lead_back).collect())
}

/// Of an edit, what stands in one token.
struct Part {
    range: Range<usize>,
    put: Put,
    /// Tags that stand in the midst of it.
    tags: String,
}

/// What of these edits stands in a token and says something. Keys in the midst of what is replaced
/// say what the values are.
fn parts(bytes: &[u8], token: &Token, edits: &[Edit]) -> Vec<Part> {
    let is_within = |edit: &Edit| {
        edit.range.start < token.range.start && edit.range.end > token.range.end && token.is_key
    };
    let part = |edit: &Edit| {
        let start = edit.range.start.max(token.range.start);
        let end = edit.range.end.min(token.range.end);
        let says = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let is_part = start < end && bytes[start..end].iter().any(says) && !is_within(edit);
        let marked = || std::str::from_utf8(&bytes[start..end]).map(tags).unwrap_or_default();
        is_part.then(|| Part {
            range: start..end,
            put: edit.put,
            tags: if edit.marked { marked() } else { String::new() },
        })
    };
    edits.iter().filter_map(part).collect()
}

/// A range of a token with these parts replaced; the last of them by its number.
fn content(bytes: &[u8], range: Range<usize>, own: &[Part], token: &Token, number: u64) -> Vec<u8> {
    let mut written = Vec::new();
    let mut at = range.start;
    for (index, part) in own.iter().enumerate() {
        let is_numbered = index + 1 == own.len() && number > 1;
        let put = if is_numbered { part.put.numbered(number) } else { part.put.text() };
        let part_range = match token.kind {
            Kind::Escaped => escapes_whole(bytes, &part.range),
            // A number is replaced as a whole.
            Kind::Bare(_) if !token.is_key => range.clone(),
            _ => part.range.clone(),
        };
        written.extend_from_slice(&bytes[at.min(part_range.start)..part_range.start]);
        let spelled = match token.kind {
            Kind::Word => word(&put),
            Kind::Shell => format!("'{put}'"),
            _ => lines_kept(&bytes[part_range.clone()], &put),
        };
        written.extend_from_slice(spelled.as_bytes());
        written.extend_from_slice(part.tags.as_bytes());
        at = part_range.end;
    }
    written.extend_from_slice(&bytes[at.min(range.end)..range.end]);
    written
}

/// What is put in the place of text: as many lines as were there.
fn lines_kept(text: &[u8], put: &str) -> String {
    let Some(first) = memmem::find(text, b"\n") else { return put.to_owned() };
    // Breaks with the indents behind them; other words go.
    let mut kept = put.to_owned();
    let mut rest = &text[first..];
    while let Some(at) = memchr::memchr(b'\n', rest) {
        let blank = |byte: &u8| byte.is_ascii_whitespace();
        let len = rest[at..].iter().take_while(|byte| blank(byte)).count();
        kept.extend(rest[at..at + len].iter().map(|byte| char::from(*byte)));
        rest = &rest[at + len..];
        if !rest.is_empty() && !kept.ends_with(put) {
            kept.push_str(put);
        }
    }
    kept
}

/// The content of a token as its kind is written.
fn of_kind(content: Vec<u8>, kind: Kind) -> Vec<u8> {
    let text = || String::from_utf8_lossy(&content).into_owned();
    match kind {
        Kind::Plain { in_flow } => match std::str::from_utf8(&content) {
            Ok(content) => yaml::scalar(content, in_flow).into_bytes(),
            Err(_) => [b"'", content.as_slice(), b"'"].concat(),
        },
        Kind::Tagged => yaml::tagged(&text()).into_bytes(),
        Kind::Bare(quote) => format!("{quote}{}{quote}", text()).into_bytes(),
        Kind::Variable if content.contains(&b' ') => format!("\"{}\"", text()).into_bytes(),
        _ => content,
    }
}

/// What a byte order mark becomes.
const MARK: &str = "\0\0\0";

/// Letters in the place of characters; without vowels, so that they make no words.
const LETTERS: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";

/// The same with a letter for each byte that is no ASCII: what tells languages is ASCII. Other
/// characters get other letters, since keys are told apart by them.
fn plain(bytes: &[u8]) -> String {
    let said = bytes.strip_prefix(b"\xef\xbb\xbf");
    let mut plain = said.map_or("", |_| MARK).to_owned();
    let letter = |rest: usize| char::from(LETTERS[rest % LETTERS.len()]);
    for chunk in said.unwrap_or(bytes).utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_ascii() {
                plain.push(c);
                continue;
            }
            let mut rest = c as usize;
            for _ in 0..c.len_utf8() {
                plain.push(letter(rest));
                rest /= LETTERS.len();
            }
        }
        plain.extend(chunk.invalid().iter().map(|byte| letter(usize::from(*byte))));
    }
    plain
}
