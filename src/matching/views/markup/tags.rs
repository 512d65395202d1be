//! The text between tags, as a reader sees it: runs joined, cells and paragraphs apart.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr_iter, memmem};

use crate::matching::views::markup::elements::{Between, between, is_aside};
use crate::matching::views::spelling::reading::Reading;

/// The longest tag that is taken for one: attributes may hold a picture.
const TAG_BYTES_MAX: usize = 4 << 10;

/// The longest name of an element.
const NAME_BYTES_MAX: usize = 60;

/// Something in angle brackets.
struct Tag {
    /// Its bytes, brackets included.
    len: usize,
    /// The element, in lower case; empty for comments and sections.
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    /// An element without content.
    Whole,
    /// A comment, an instruction, or the ends of a section of character data.
    Aside,
}

/// The text without its tags; `None` where there are none.
pub fn between_tags(text: &str) -> Option<Reading> {
    let mut shown: Option<Shown> = None;
    let mut copied = 0;
    for (at, tag) in all(text) {
        let shown = shown.get_or_insert_with(|| Shown::new(text.len()));
        shown.text(text, copied..at);
        shown.tag(&tag);
        copied = at + tag.len;
    }
    let mut shown = shown?;
    shown.text(text, copied..text.len());
    shown.settle(text.len());
    Some(shown.reading)
}

/// Where tags begin and end.
pub fn signs(text: &str) -> impl Iterator<Item = usize> {
    all(text).flat_map(|(at, tag)| [at, at + tag.len])
}

/// The tags alone: what stays of a stretch whose text is replaced.
pub fn tags(text: &str) -> String {
    all(text).map(|(at, tag)| &text[at..at + tag.len]).collect()
}

fn all(text: &str) -> impl Iterator<Item = (usize, Tag)> {
    let mut next = 0;
    let closing = CLOSING.find_iter(text.as_bytes()).map(|at| (at, true));
    let opening = memchr_iter(b'<', text.as_bytes()).map(|at| (at, false));
    merged(opening, closing).filter_map(move |(at, closes)| {
        if at < next {
            return None;
        }
        let tag = if closes { Some(Tag::aside(3)) } else { tag_at(&text[at..]) }?;
        next = at + tag.len;
        Some((at, tag))
    })
}

/// The end of a section of character data.
static CLOSING: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("]]>"));

/// Two lists of places as one, in order.
fn merged(
    one: impl Iterator<Item = (usize, bool)>,
    other: impl Iterator<Item = (usize, bool)>,
) -> impl Iterator<Item = (usize, bool)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if second < first => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

impl Tag {
    fn aside(len: usize) -> Self {
        Self { len, name: String::new(), kind: Kind::Aside }
    }
}

/// The tag at the start of the text.
fn tag_at(text: &str) -> Option<Tag> {
    let bytes = text.as_bytes();
    match *bytes.get(1)? {
        b'!' if text.starts_with("<![CDATA[") => Some(Tag::aside("<![CDATA[".len())),
        b'!' if text.starts_with("<!--") => ended(bytes, b"-->").map(Tag::aside),
        b'!' => tag_end(bytes).map(Tag::aside),
        b'?' => ended(bytes, b"?>").map(Tag::aside),
        b'/' => element(bytes, 2, Kind::Close),
        b'\\' if bytes.get(2) == Some(&b'/') => element(bytes, 3, Kind::Close),
        first if first.is_ascii_alphabetic() => element(bytes, 1, Kind::Open),
        _ => None,
    }
}

fn element(bytes: &[u8], start: usize, kind: Kind) -> Option<Tag> {
    let named =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.');
    let len = bytes[start..].iter().take(NAME_BYTES_MAX).take_while(named).count();
    let name = &bytes[start..start + len];
    if !name.first()?.is_ascii_alphabetic() {
        return None;
    }
    // `<ann@contoso.com>` is no tag; `\/` ends one in JSON.
    let after = bytes.get(start + len)?;
    if !(after.is_ascii_whitespace() || matches!(after, b'>' | b'/' | b'\\')) {
        return None;
    }
    let end = tag_end(bytes)?;
    let kind = if kind == Kind::Open && bytes[..end].ends_with(b"/>") { Kind::Whole } else { kind };
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    Some(Tag { len: end, name, kind })
}

/// Where a tag ends: at the first bracket outside of quotes, or the first at all if quotes stay
/// open.
fn tag_end(bytes: &[u8]) -> Option<usize> {
    let mut quote = None;
    let mut first = None;
    for (at, byte) in bytes.iter().enumerate().take(TAG_BYTES_MAX).skip(1) {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'>') => return Some(at + 1),
            (Some(_), b'>') => first = first.or(Some(at + 1)),
            // The next tag begins: a bracket was no tag, or its quote was none.
            (_, b'<') => return first,
            _ => {}
        }
    }
    first
}

fn ended(bytes: &[u8], sign: &[u8]) -> Option<usize> {
    let near = &bytes[..bytes.len().min(TAG_BYTES_MAX)];
    memmem::find(near, sign).map(|at| at + sign.len())
}

/// Bytes of the codes before what is printed on each page: `&C` for the middle, `&12` for a size,
/// `&"Arial,Bold"` for letters, `&K01+000` for a colour (ECMA-376, 18.3.1.39).
fn codes(text: &str) -> usize {
    let mut rest = text;
    loop {
        let Some(code) = rest.strip_prefix("&amp;").or_else(|| rest.strip_prefix('&')) else {
            return text.len() - rest.len();
        };
        let digits = code.len() - code.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let quoted = code.strip_prefix('"').and_then(|font| Some(font.find('"')? + 2));
        let escaped = code.strip_prefix("&quot;").and_then(|font| Some(font.find("&quot;")? + 12));
        let len = match code.chars().next() {
            _ if digits > 0 => digits,
            Some('K') => code.len().min(7),
            Some('L' | 'C' | 'R' | 'B' | 'I' | 'U' | 'E' | 'S' | 'X' | 'Y') => 1,
            _ => match quoted.or(escaped) {
                Some(len) => len,
                None => return text.len() - rest.len(),
            },
        };
        let Some(behind) = code.get(len..) else { return text.len() - rest.len() };
        rest = behind;
    }
}

/// Whether this is what stands between two lines of a list of lines in JSON, as notebooks have it.
fn is_next_line(text: &str) -> bool {
    let break_off = text.strip_prefix("\\n").unwrap_or(text);
    let quotes = break_off.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    quotes.is_some_and(|comma| comma.trim() == ",")
}

/// A text while its tags are left out.
struct Shown {
    reading: Reading,
    /// What stands between the last text and the next.
    pending: Between,
    /// Whether a tag stood since the last text.
    after_tag: bool,
    /// Elements of unknown meaning that ended since the last text.
    closed: usize,
    /// Whether what follows is said beside the text.
    aside: bool,
    /// Whether what follows says what a run looks like.
    looks: bool,
    /// Whether what follows is printed on each page of a sheet.
    printed: bool,
}

impl Shown {
    fn new(len: usize) -> Self {
        Self {
            reading: Reading::with_capacity(len),
            pending: Between::Nothing,
            after_tag: false,
            closed: 0,
            aside: false,
            looks: false,
            printed: false,
        }
    }

    /// Adds the text between two tags. White space next to a tag counts as one space, or as what
    /// the tag is.
    fn text(&mut self, text: &str, range: Range<usize>) {
        if self.aside || range.is_empty() {
            return;
        }
        let whole = &text[range.clone()];
        let blank = |c: char| c.is_ascii_whitespace();
        let said = whole.trim_end_matches(blank);
        let said = if self.after_tag { said.trim_start_matches(blank) } else { said };
        if said.is_empty() || is_next_line(said) {
            self.pending = self.pending.max(Between::Space);
            return;
        }
        let start = if self.after_tag {
            range.start + (whole.len() - whole.trim_start_matches(blank).len())
        } else {
            range.start
        };
        if start > range.start {
            self.pending = self.pending.max(Between::Space);
        }
        self.settle(start);
        let codes = if self.printed { codes(said) } else { 0 };
        if codes > 0 {
            self.reading.replace(" ", start);
        }
        self.reading.copy(&said[codes..], start + codes);
        let is_blank_after = start + said.len() < range.end;
        self.pending = if is_blank_after { Between::Space } else { Between::Nothing };
        (self.after_tag, self.closed) = (false, 0);
    }

    fn tag(&mut self, tag: &Tag) {
        self.after_tag = true;
        if tag.name == "rpr" || tag.name.ends_with(":rpr") {
            self.looks = tag.kind == Kind::Open;
        }
        if self.looks || tag.kind == Kind::Aside {
            return;
        }
        if ["header", "footer"].iter().any(|end| tag.name.ends_with(end)) {
            self.printed = tag.kind == Kind::Open;
        }
        if is_aside(&tag.name) {
            self.aside = tag.kind == Kind::Open;
        }
        let between = between(&tag.name).unwrap_or_else(|| {
            self.closed += usize::from(tag.kind == Kind::Close);
            // The second that ends is what the fields were of.
            if self.closed > 1 { Between::Row } else { Between::Line }
        });
        self.pending = self.pending.max(between);
    }

    /// Adds what stands before the text at `at`.
    fn settle(&mut self, at: usize) {
        if self.pending != Between::Nothing {
            self.reading.replace(self.pending.sign(), at);
        }
        self.pending = Between::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        between_tags(text).map_or_else(|| text.to_owned(), |reading| reading.text)
    }

    #[test]
    fn what_a_reader_sees() {
        for (written, seen) in [
            ("<p>by <b>Ann</b> <i>Lee</i></p>", "\u{fffd}by Ann Lee\u{fffd}"),
            ("<td>ann<wbr>@contoso.com</td>", "\tann@contoso.com\t"),
            ("<tr><td>Ann</td>\n  <td>Lee</td></tr>", "\u{fffd}Ann\tLee\u{fffd}"),
            ("<first>Ann</first><last>Lee</last>", "\nAnn\nLee\n"),
            ("<a1>Ann</a1></o><o><a1>Lee</a1></o>", "\nAnn\u{fffd}Lee\u{fffd}"),
            ("Ann<br/>Lee", "Ann\nLee"),
            ("<oddHeader>&amp;Cann@x.de</oddHeader>", "\n ann@x.de\n"),
            ("<oddFooter>&L&12&\"Arial,Bold\"&KFF0000Ann</oddFooter>", "\n Ann\n"),
            ("<footer>R&amp;D by Ann</footer>", "\u{fffd}R&amp;D by Ann\u{fffd}"),
            ("<td><p>Ann</p></td><td><p>Lee</p></td>", "\tAnn\tLee\t"),
            ("<td>Ann</td>\\n\",\n  \"  <td>Lee</td>", "\tAnn\tLee\t"),
            ("<![CDATA[Ann]]> <![CDATA[Lee]]>", "Ann Lee"),
            ("An<!-- x -->n", "Ann"),
            ("<ruby>山田<rt>やまだ</rt></ruby> <ruby>太郎<rt>たろう</rt></ruby>", "山田 太郎"),
            ("<w:r><w:rPr><w:b/></w:rPr><w:t>An</w:t></w:r><w:r><w:t>n Lee</w:t></w:r>", "Ann Lee"),
            ("<si><r><t>Ann </t></r><r><rPr><sz val=\"9\"/></rPr><t>Lee</t></r></si>", {
                "\u{fffd}Ann Lee\u{fffd}"
            }),
            ("<a:r><a:t>Ann</a:t></a:r><a:r><a:t> Lee</a:t></a:r>", "Ann Lee"),
            ("<text:p>Ann<text:s/><text:span>Lee</text:span></text:p>", "\u{fffd}Ann Lee\u{fffd}"),
            (r#"<span style=\"a>b\">user</span>=<span>ann<\/span>"#, "user=ann"),
            ("<a title='x>y'>Ann</a>", "Ann"),
        ] {
            assert_eq!(shown(written), seen, "{written}");
        }
        for plain in ["a < b > c", "Ann <ann@contoso.com>, x", "<", "<b", "x<3", "->", "]]"] {
            assert!(between_tags(plain).is_none(), "{plain}");
        }
    }

    #[test]
    fn tags_stay_without_their_text() {
        assert_eq!(tags("Ann</b> <i>Lee"), "</b><i>");
        assert_eq!(tags("Ann Lee"), "");
    }

    #[test]
    fn places_lead_back() {
        let text = "<p>x <b>An</b>n</p>";
        let reading = between_tags(text).unwrap();
        let at = reading.text.find("Ann").unwrap();
        let span = reading.origin(at)..reading.origin_end(at + 3, text.len());
        assert_eq!(&text[span], "An</b>n");
    }
}
