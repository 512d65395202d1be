//! Colours that chats, games and consoles write into text: `\x0304ann\x03` of IRC, `§aann§r` of
//! Minecraft, `[bold red]ann[/]` of Rich and forums, `#[fg=red]ann` of tmux.
//!
//! Each of them may be text as well, so what is read without them is read beside the text.

use std::ops::Range;

use memchr::{memchr_iter, memmem};

use crate::matching::blocks::signs::Signs;

/// Longest mark in brackets.
const MARK_BYTES_MAX: usize = 48;

/// The marks of a text, in order.
pub fn marks(text: &str, signs: Signs) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    if signs.has(Signs::CONTROL) {
        all.extend(of_chats(text.as_bytes()));
    }
    if signs.has(Signs::BEYOND_ASCII) {
        all.extend(of_games(text));
    }
    if signs.has(Signs::BRACKET) {
        all.extend(of_consoles(text));
    }
    all.sort_by_key(|mark| mark.start);
    all
}

/// The control characters of chats, if there are no others and one of them sets a colour, or all
/// stand in pairs.
fn of_chats(bytes: &[u8]) -> Vec<Range<usize>> {
    let is_mark = |byte: u8| matches!(byte, 2 | 3 | 0xf | 0x11 | 0x16 | 0x1d | 0x1e | 0x1f);
    let is_other = |byte: u8| byte < 9 || (0xe..0x20).contains(&byte) && byte != 0x1b;
    if bytes.iter().any(|byte| is_other(*byte) && !is_mark(*byte)) {
        return Vec::new();
    }
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mark_at = |at: usize| {
        let mut end = at + 1;
        if bytes[at] == 3 {
            end = digits(end);
            if end > at + 1 && bytes.get(end) == Some(&b',') && digits(end + 1) > end + 1 {
                end = digits(end + 1);
            }
        }
        at..end
    };
    let all: Vec<_> = (0..bytes.len()).filter(|at| is_mark(bytes[*at])).map(mark_at).collect();
    let is_coloured = all.iter().any(|mark| mark.len() > 1);
    let is_paired =
        (0..0x20).all(|sign| all.iter().filter(|mark| bytes[mark.start] == sign).count() % 2 == 0);
    if is_coloured || is_paired { all } else { Vec::new() }
}

/// `§a`, with no blank between.
fn of_games(text: &str) -> impl Iterator<Item = Range<usize>> {
    memmem::find_iter(text.as_bytes(), "§").filter_map(|at| {
        let code = text.as_bytes().get(at + 2)?.to_ascii_lowercase();
        (code.is_ascii_hexdigit() || matches!(code, b'k'..=b'o' | b'r' | b'x'))
            .then_some(at..at + 3)
    })
}

/// `#[fg=red]`; `[bold red]` and `[/]`, if one of them is closed.
fn of_consoles(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let is_closed = memmem::find_iter(bytes, "[/").any(|at| style_at(bytes, at).is_some());
    let mark_at = |at: usize| match at.checked_sub(1).map(|before| bytes[before]) {
        Some(b'#') if is_of_tmux(bytes, at) => style_at(bytes, at).map(|mark| at - 1..mark.end),
        Some(b'\\') => None,
        _ => style_at(bytes, at).filter(|_| is_closed),
    };
    memchr_iter(b'[', bytes).filter_map(mark_at).collect()
}

fn is_of_tmux(bytes: &[u8], at: usize) -> bool {
    ["fg=", "bg=", "default", "bold", "nobold", "none", "dim", "underscore", "italics", "reverse"]
        .iter()
        .any(|sign| bytes[at + 1..].starts_with(sign.as_bytes()))
}

/// A style in brackets that begins here.
fn style_at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let inner = &bytes[at + 1..];
    let len = inner.iter().take(MARK_BYTES_MAX).position(|byte| *byte == b']')?;
    let style = &inner[..len];
    let name = style.strip_prefix(b"/").unwrap_or(style);
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b" _#=,.-".contains(byte);
    let opens = name.first().is_none_or(|first| first.is_ascii_alphabetic() || *first == b'#');
    (len > 0 && opens && name.iter().all(is_part)).then_some(at..at + len + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str) -> String {
        let (mut left, mut at) = (String::new(), 0);
        for mark in marks(text, Signs::of(text.as_bytes())) {
            left += &text[at..mark.start];
            at = mark.end;
        }
        left + &text[at..]
    }

    #[test]
    fn what_is_read_without_colours() {
        for (written, seen) in [
            ("\u{3}04ann@x.org\u{3} hi", "ann@x.org hi"),
            ("<\u{3}4,12an\u{3}07n\u{f}>", "<ann>"),
            ("\u{2}Ann\u{2} \u{1d}Lee\u{1d}", "Ann Lee"),
            ("§aAnn§r §bLee§l!", "Ann Lee!"),
            ("[bold red]Ann[/] [green]Lee[/green]", "Ann Lee"),
            ("[b]Ann[/b] [color=#ff0000]Lee[/color]", "Ann Lee"),
            ("#[fg=red]an#[bold]n#[default]", "ann"),
        ] {
            assert_eq!(without(written), seen);
        }
        for plain in [
            "§ 5 Abs. 2",
            "[mira] a[0] [x](y)",
            "\u{3}mira\u{4}",
            "\u{2}mira",
            "#[derive(Debug)]",
            "[/",
            "#[",
            "[",
            "§",
        ] {
            assert_eq!(without(plain), plain);
        }
    }
}
