//! What a terminal shows of text with control in it: colours, moves of the cursor, links and
//! titles, letters that are struck twice.
//!
//! Sequences that change how letters look are no part of any word and part no word; those that move
//! the cursor part words. The escape that begins one may be written out, as logs and JSON do, or
//! shown by a sign, or be lost. Where control may also be something else, the text is read a second
//! time with each control for a boundary.

use std::cell::{LazyCell, OnceCell};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::{memchr2_iter, memmem};

use crate::matching::blocks::signs::Signs;
use crate::matching::views::as_read::colours::marks;
use crate::matching::views::spelling::charset::has_strange;
use crate::matching::views::spelling::reading::Reading;

/// What a terminal shows of a text.
pub enum Shown {
    /// The text as it stands.
    AsIs,
    /// These texts in its place.
    Only(Vec<Reading>),
    /// This one too: it may be no text for a terminal.
    Also(Reading),
}

/// What a terminal, a chat or a game shows of this text.
pub fn shown(text: &str, signs: Signs) -> Shown {
    let mut controls = controls(text, signs);
    let shown = by_terminal(text, &mut controls);
    let marks = marks(text, signs);
    if marks.is_empty() {
        return shown;
    }
    let mark = |range| Control { range, effect: Effect::Looks };
    controls.extend(marks.into_iter().map(mark));
    controls.sort_by_key(|control| control.range.start);
    let reading = without(text, &controls, false);
    match shown {
        Shown::Only(mut readings) => {
            readings.push(reading);
            Shown::Only(readings)
        }
        Shown::AsIs | Shown::Also(_) => Shown::Also(reading),
    }
}

/// What is shown of a text with this control; of a binary, what is surely none is taken away.
fn by_terminal(text: &str, controls: &mut Vec<Control>) -> Shown {
    if controls.is_empty() {
        return Shown::AsIs;
    }
    let is_binary = |byte: &u8| *byte < 7 || (0x10..0x20).contains(byte) && *byte != 0x1b;
    if has_strange(text.as_bytes()) && text.bytes().any(|byte| is_binary(&byte)) {
        // The escape may be the length of a string.
        controls
            .retain(|control| matches!(control.effect, Effect::Looks) && is_sure(text, control));
        return match controls.as_slice() {
            [] => Shown::AsIs,
            controls => Shown::Also(without(text, controls, false)),
        };
    }
    let mut readings = vec![without(text, controls, false)];
    if controls.iter().any(|control| control.effect.is_doubtful()) {
        readings.push(without(text, controls, true));
    }
    Shown::Only(readings)
}

/// Whether this can be nothing but a sequence for colours.
fn is_sure(text: &str, control: &Control) -> bool {
    let sequence = &text[control.range.clone()];
    let numbers =
        sequence.rsplit(['[', '\u{9b}', '›']).next().unwrap_or_default().trim_end_matches('\u{f}');
    numbers.strip_suffix(['m', 'K']).is_some_and(|numbers| {
        numbers.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':'))
    })
}

/// Control at a place of a text.
struct Control {
    range: Range<usize>,
    effect: Effect,
}

#[derive(Clone)]
enum Effect {
    /// Letters look different.
    Looks,
    /// The cursor moves on in its line.
    Space,
    /// The cursor moves elsewhere.
    Move,
    /// The cursor moves back over what is then written again.
    Back,
    /// A link or a title holds this text.
    Holds(Range<usize>),
    /// Something rare; the same bytes may be a stray escape before a letter.
    Rare,
}

impl Effect {
    fn is_doubtful(&self) -> bool {
        matches!(self, Self::Back | Self::Holds(_) | Self::Rare)
    }
}

/// Bytes of a link or a title, of the numbers of a sequence, and between sequences that lost their
/// escapes, at most.
const HELD_BYTES_MAX: usize = 4 << 10;
const NUMBERS_BYTES_MAX: usize = 48;
const LOST_BYTES_MAX: usize = 400;

/// How an escape is written out or shown where it stands in text; all in small letters.
const SPELLED: [&str; 22] = [
    "\\e",
    "\\x1b",
    "\\u001b",
    "\\u{1b}",
    "\\x{1b}",
    "\\u{001b}",
    "\\u00001b",
    "\\u0000001b",
    "\\033",
    "\\33",
    "#033",
    "%1b",
    "%251b",
    "&#27;",
    "&#x1b;",
    "&#x001b;",
    "^[",
    "␛",
    "←",
    "<esc>",
    "<0x1b>",
    "<1b>",
];

/// How a link or a title ends, in the same way; a backslash follows an escape.
const ENDS: [&str; 18] = [
    "\u{7}",
    "\u{1b}\\",
    "\u{9c}",
    "\\a",
    "\\007",
    "\\x07",
    "\\u0007",
    "\\u{7}",
    "#007",
    "^g",
    "␇",
    "\\e\\",
    "\\x1b\\",
    "\\u001b\\",
    "\\033\\",
    "#033\\",
    "^[\\",
    "␛\\",
];

/// All control of a text, in order and apart.
fn controls(text: &str, signs: Signs) -> Vec<Control> {
    const RARE_SIGNS: Signs = Signs::BEYOND_ASCII.or(Signs::CARET);
    if !signs.has(Signs::CONTROL.or(Signs::BRACKET).or(RARE_SIGNS)) {
        return Vec::new();
    }
    let bytes = text.as_bytes();
    let ends = Ends { text, all: OnceCell::new() };
    let shows_escapes = LazyCell::new(|| shows_escapes(text));
    let mut all: Vec<Control> = Vec::new();
    for at in memchr2_iter(0x1b, 0x08, bytes) {
        all.extend(if bytes[at] == 0x1b {
            escape(text, at, &ends)
        } else {
            back(text, at..at + 1)
        });
    }
    let mut lost: Vec<Control> = Vec::new();
    for at in memchr2_iter(b'[', b']', bytes) {
        match spelled_before(text, at) {
            Some(start) if bytes[at] == b'[' => {
                let is_sign = !text[start..].starts_with('←') || *shows_escapes;
                all.extend(is_sign.then(|| sequence(text, start, at + 1)).flatten());
            }
            Some(start) => all.extend(held(&ends, start, at + 1)),
            None => lost.extend(without_escape(text, at)),
        }
    }
    let is_near = |one: usize, other: usize| one.abs_diff(other) <= LOST_BYTES_MAX;
    let starts: Vec<usize> = lost.iter().map(|control| control.range.start).collect();
    let has_like = |index: usize| {
        index > 0 && is_near(starts[index - 1], starts[index])
            || starts.get(index + 1).is_some_and(|next| is_near(*next, starts[index]))
    };
    let paired = lost.into_iter().enumerate().filter(|(index, _)| has_like(*index));
    all.extend(paired.map(|(_, control)| control));
    let rare = signs.has(RARE_SIGNS).then(|| RARE.find_iter(text));
    for seen in rare.into_iter().flatten() {
        all.extend(match seen.pattern().as_usize() {
            2 => shown_back(text, seen.range()),
            // A quote, or what is left of a character that was misread, may stand there as well.
            _ => sequence(text, seen.start(), seen.end())
                .filter(|control| is_sure(text, control) && control.range.len() > seen.len() + 1),
        });
    }
    all.sort_by_key(|control| control.range.start);
    all
}

/// Whether arrows before brackets are escapes as old consoles show them.
fn shows_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    memmem::find_iter(bytes, "←[").any(|at| bytes.get(at + 4).is_some_and(u8::is_ascii_digit))
}

/// What begins a sequence in one byte, that byte in Windows-1252, and a back space as it is shown.
static RARE: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(["\u{9b}", "›", "^H"]).expect("few and short patterns"));

/// A back space that is shown by two signs, if a letter is struck twice over it.
fn shown_back(text: &str, at: Range<usize>) -> Option<Control> {
    let (before, after) = (text[..at.start].chars().next_back(), text[at.end..].chars().next());
    let is_twice = before.is_some() && (before == after || before == Some('_'));
    if is_twice { back(text, at) } else { None }
}

/// Where an escape begins that is written out and ends here.
fn spelled_before(text: &str, end: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let last = *bytes.get(end.checked_sub(1)?)?;
    if !matches!(last, b'e' | b'b' | b'B' | b'E' | b'3' | b'}' | b';' | b'[' | b'>' | 0x9b | 0x90) {
        return None;
    }
    let ends = |spelled: &str| {
        end.checked_sub(spelled.len())
            .is_some_and(|start| bytes[start..end].eq_ignore_ascii_case(spelled.as_bytes()))
    };
    let spelled = SPELLED.iter().find(|spelled| ends(spelled))?;
    let start = end - spelled.len();
    let slashes = bytes[..start].iter().rev().take_while(|byte| **byte == b'\\').count();
    Some(if spelled.starts_with('\\') { start - slashes } else { start })
}

/// A control sequence that begins at `start` and whose numbers begin at `at`.
fn sequence(text: &str, start: usize, at: usize) -> Option<Control> {
    let bytes = &text.as_bytes()[at..];
    let numbers = bytes.iter().take_while(|byte| (0x30..0x40).contains(*byte)).count();
    let between = bytes[numbers..].iter().take_while(|byte| (0x20..0x30).contains(*byte)).count();
    let len = numbers + between;
    let last = bytes.get(len).filter(|last| (0x40..0x7f).contains(*last) && between < 3);
    let Some(last) = last.filter(|_| len <= NUMBERS_BYTES_MAX) else {
        return Some(Control { range: start..at, effect: Effect::Rare });
    };
    let effect = match last {
        b'C' | b'@' | b'a' => Effect::Space,
        b'A' | b'B' | b'D'..=b'J' | b'L' | b'M' | b'S' | b'T' | b'`' | b'd' | b'f' | b'e' => {
            Effect::Move
        }
        _ => Effect::Looks,
    };
    // Some terminals shift back to their first set of letters with it.
    let shift = usize::from(bytes.get(len + 1) == Some(&0x0f));
    Some(Control { range: start..at + len + 1 + shift, effect })
}

/// A sequence for colours whose escape was filtered out.
fn without_escape(text: &str, at: usize) -> Option<Control> {
    let bytes = text.as_bytes();
    if bytes[at] != b'[' || !bytes.get(at + 1)?.is_ascii_digit() {
        return None;
    }
    let numbers = bytes[at + 1..]
        .iter()
        .take(NUMBERS_BYTES_MAX)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b';')
        .count();
    let end = at + 1 + numbers;
    let is_colour = matches!(bytes.get(end), Some(b'm' | b'K'));
    is_colour.then_some(Control { range: at..end + 1, effect: Effect::Looks })
}

/// What an escape begins, raw.
fn escape(text: &str, at: usize, ends: &Ends<'_>) -> Option<Control> {
    let bytes = text.as_bytes();
    let control = |len: usize, effect| Some(Control { range: at..at + len, effect });
    match bytes.get(at + 1) {
        Some(b'[') => sequence(text, at, at + 2),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => held(ends, at, at + 2),
        // Japanese in seven bits, which has a reading of its own: its letters are none of ours.
        Some(b'$') => seven_bits(text, at),
        Some(b'(') if bytes.get(at + 2) == Some(&b'I') => seven_bits(text, at),
        Some(0x20..=0x2f) => {
            let more = bytes[at + 1..].iter().take_while(|byte| (0x20..0x30).contains(*byte));
            let more = more.take(3).count();
            let has_last = bytes.get(at + 1 + more).is_some_and(|last| (0x30..0x7f).contains(last));
            control(1 + more + usize::from(has_last), Effect::Looks)
        }
        Some(b'7' | b'8' | b'=' | b'>' | b'c' | b'\\') => control(2, Effect::Looks),
        Some(b'A'..=b'O' | b'Z' | b'n' | b'o' | b'|' | b'}' | b'~') => control(2, Effect::Rare),
        // A stray one, or none: it parts words as it is.
        _ => None,
    }
}

/// A stretch of Japanese in seven bits: nothing but its letters, up to the escape that ends it.
/// What only begins like one says what it says.
fn seven_bits(text: &str, at: usize) -> Option<Control> {
    let bytes = text.as_bytes();
    // `$B` and `$@`, `$(D`, `(I`.
    let start = at + if bytes.get(at + 2) == Some(&b'(') { 4 } else { 3 };
    let letters = bytes.get(start..)?.iter().take(HELD_BYTES_MAX);
    let end = start + letters.take_while(|byte| (0x21..0x7f).contains(*byte)).count();
    let is_ended = bytes[end..].starts_with(b"\x1b(") || bytes[end..].starts_with(b"\x1b$");
    is_ended.then_some(Control { range: at..end, effect: Effect::Move })
}

/// Where links and titles may end in a text, looked for once: any number of them may begin.
struct Ends<'t> {
    text: &'t str,
    all: OnceCell<Vec<Range<usize>>>,
}

impl Ends<'_> {
    /// The first one from `at` on.
    fn after(&self, at: usize) -> Option<&Range<usize>> {
        let all = self.all.get_or_init(|| self.find());
        let next = all.partition_point(|end| end.start < at);
        all.get(next).filter(|end| end.start <= at + HELD_BYTES_MAX)
    }

    fn find(&self) -> Vec<Range<usize>> {
        let bytes = self.text.as_bytes();
        let end_at = |at: usize| {
            let is_end = |end: &&&str| {
                let there = bytes[at..].get(..end.len());
                there.is_some_and(|there| there.eq_ignore_ascii_case(end.as_bytes()))
            };
            let end = ENDS.iter().find(is_end)?;
            let after = &bytes[at + end.len()..];
            let slashes = after.iter().take_while(|byte| **byte == b'\\').count();
            let slashes = if end.ends_with('\\') && bytes[at] != 0x1b { slashes.min(8) } else { 0 };
            Some(at..at + end.len() + slashes)
        };
        // Each end begins with one of these.
        let may_end =
            |at: &usize| matches!(bytes[*at], 0x07 | 0x1b | 0xc2 | b'\\' | b'#' | b'^' | 0xe2);
        (0..bytes.len()).filter(may_end).filter_map(end_at).collect()
    }
}

/// A link, a title or the like that begins at `start` and whose text begins at `at`.
fn held(ends: &Ends<'_>, start: usize, at: usize) -> Option<Control> {
    Some(match ends.after(at) {
        Some(end) => Control { range: start..end.end, effect: Effect::Holds(at..end.start) },
        None => Control { range: start..at, effect: Effect::Rare },
    })
}

/// A step back; under a letter that is underlined afterwards it goes nowhere.
fn back(text: &str, at: Range<usize>) -> Option<Control> {
    let is_line = text[at.end..].starts_with('_') && !text[..at.start].ends_with('_');
    Some(if is_line {
        Control { range: at.start..at.end + 1, effect: Effect::Looks }
    } else {
        Control { range: at, effect: Effect::Back }
    })
}

enum Piece {
    Kept(Range<usize>),
    Put(char, usize),
}

/// The text without its control. With `apart` everything doubtful is a boundary and goes nowhere.
fn without(text: &str, controls: &[Control], apart: bool) -> Reading {
    let mut pieces = Vec::new();
    let mut at = 0;
    for Control { range, effect } in controls {
        if range.start < at {
            continue;
        }
        pieces.push(Piece::Kept(at..range.start));
        at = range.end;
        let boundary = |at| Piece::Put(char::REPLACEMENT_CHARACTER, at);
        match effect {
            Effect::Holds(held) if apart => {
                pieces.extend([boundary(range.start), Piece::Kept(held.clone())]);
                pieces.push(boundary(held.end));
            }
            Effect::Back if apart => pieces.push(boundary(range.start)),
            Effect::Rare if apart => {
                pieces.push(boundary(range.start));
                let escape = text[range.start..].chars().next();
                at = range.start + escape.map_or(0, char::len_utf8);
            }
            Effect::Looks | Effect::Holds(_) | Effect::Rare => {}
            Effect::Space => pieces.push(Piece::Put(' ', range.start)),
            Effect::Move => pieces.push(Piece::Put('\n', range.start)),
            Effect::Back => step_back(text, &mut pieces),
        }
    }
    pieces.push(Piece::Kept(at..text.len()));
    let mut reading = Reading::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Kept(range) => reading.copy(&text[range.clone()], range.start),
            Piece::Put(c, at) => reading.replace_char(c, at),
        }
    }
    reading
}

/// Takes the last character of the line away.
fn step_back(text: &str, pieces: &mut Vec<Piece>) {
    while let Some(last) = pieces.last_mut() {
        match last {
            Piece::Kept(range) => match text[range.clone()].chars().next_back() {
                Some('\n') => return,
                Some(c) => {
                    range.end -= c.len_utf8();
                    return;
                }
                None => drop(pieces.pop()),
            },
            Piece::Put('\n', _) => return,
            Piece::Put(..) => {
                pieces.pop();
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let readings = match shown(text, Signs::of(text.as_bytes())) {
            Shown::AsIs => Vec::new(),
            Shown::Only(readings) => readings,
            Shown::Also(reading) => vec![reading],
        };
        readings.into_iter().map(|reading| reading.text).collect()
    }

    #[test]
    fn what_a_terminal_shows() {
        for (written, seen) in [
            ("by \u{1b}[32mann@x.org\u{1b}[0m", "by ann@x.org"),
            ("a\u{1b}[1;33mnn\u{1b}[m\u{f}!", "ann!"),
            ("an\u{1b}[Kn \u{1b}[38;2;1;2;3mx", "ann x"),
            ("Ann\u{1b}[1CLee\u{1b}[2;1HBob", "Ann Lee\nBob"),
            (r"\x1b[32mann\x1b[0m \033[1mann\e[0m", "ann ann"),
            (r"\\u001b[36mann\\u001b[39m \u{1B}[1mann", "ann ann"),
            ("^[[32mann^[[0m ␛[1mann ←[0m #033[31mann", "ann ann  ann"),
            ("%1B[31mann&#27;[0m", "ann"),
            ("[32mann[0m", "ann"),
            ("\u{9b}31mann\u{9b}0m ›1mann", "ann ann"),
            ("\u{1b}]8;;http://x\u{1b}\\ann\u{1b}]8;;\u{7}", "ann"),
            (r"\e]8;;http://x\e\\ann\e]8;;\a", "ann"),
            ("A\u{8}An\u{8}nn\u{8}n _\u{8}a_\u{8}n n\u{8}_", "Ann an n"),
            ("10%\u{8}\u{8}\u{8}20%", "20%"),
            ("A^HAn^Hnn^Hn", "Ann"),
            ("\u{1b}(B\u{1b}[mann\u{1b}7", "ann"),
        ] {
            assert_eq!(texts(written).first().map(String::as_str), Some(seen));
        }
        for plain in [
            "[mira]",
            "←[ann]",
            "›2 Ann Lee‹",
            "\u{9b}ann",
            "›mira‹",
            "rate(x[5m])",
            "a[0] = b[1]",
            "^[a-z]",
            "x^H",
            "[3mira",
            "] [",
            "\u{3}a\u{1b}Mann",
            "\u{0}\u{8}a",
            "\u{12}\u{1b}[\"ann\"]",
            "\u{1b}$ ann@x.org",
            "x\u{1b}$\u{fffd}ann@x.org",
            "\u{1b}$Bann\n ann@x.org",
        ] {
            assert!(texts(plain).is_empty(), "{plain}");
        }
        assert_eq!(texts("\u{3}\u{1b}[1mann"), ["\u{3}ann"]);
    }

    #[test]
    fn links_and_titles_are_read_too() {
        for written in
            ["\u{1b}]0;ann: ~\u{7}$", r"\x1b]8;;ann\x07here\x1b]8;;\x07", "\u{1b}Pann\u{1b}\\"]
        {
            let apart = |text: &str| text.contains("ann") && text.contains('\u{fffd}');
            assert!(texts(written).iter().any(|text| apart(text)), "{written}");
        }
        assert_eq!(
            texts("x\u{1b}Mira ann@x.org\u{8}"),
            ["xira ann@x.or", "x\u{fffd}Mira ann@x.org\u{fffd}"]
        );
    }
}
