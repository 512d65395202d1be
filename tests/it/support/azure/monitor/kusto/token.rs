//! Words, literals and signs. Strings are `"…"` and `'…'` with escapes, `@"…"` with doubled quotes,
//! both with `h` before them to keep them out of traces, and ```` ``` ```` or `~~~` over lines.

use jiff::SignedDuration;

use crate::support::azure::monitor::kusto::fault::Fault;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Name(String),
    Text(String),
    Long(i64),
    Real(f64),
    Span(SignedDuration),
    /// A typed literal such as `datetime(2025-01-01)`: the type, and what stands in it.
    Typed(String, String),
    Sign(&'static str),
    End,
}

/// A token, and where it begins and ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub token: Token,
    pub at: usize,
    pub end: usize,
}

/// Longer ones first.
const SIGNS: [&str; 28] = [
    "..", ":", "==", "=~", "!=", "!~", "<=", ">=", "<>", "=>", "|", ";", ",", "(", ")", "[", "]",
    "{", "}", ".", "=", "<", ">", "+", "-", "*", "/", "%",
];
const TYPED: [&str; 11] = [
    "datetime", "date", "timespan", "time", "guid", "long", "int", "real", "double", "decimal",
    "bool",
];
/// Words with signs in them.
const JOINED: [&str; 8] = [
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "mv-expand",
    "mv-apply",
    "parse-where",
    "make-series",
];
const TILDED: [&str; 2] = ["in", "has_any"];
const DENIED: [&str; 12] = [
    "in",
    "contains",
    "contains_cs",
    "has",
    "has_cs",
    "startswith",
    "startswith_cs",
    "endswith",
    "endswith_cs",
    "between",
    "hasprefix",
    "hassuffix",
];

pub fn tokens(text: &str) -> Result<Vec<Placed>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        at = skip(text, at);
        let (token, end) = match text[at..].chars().next() {
            None => (Token::End, at),
            Some(first) => one(text, at, first)?,
        };
        let is_end = token == Token::End;
        found.push(Placed { token, at, end });
        if is_end {
            return Ok(found);
        }
        at = end;
    }
}

/// Where white space and comments end.
fn skip(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if !trimmed.starts_with("//") {
            return at;
        }
        at += trimmed.find('\n').unwrap_or(trimmed.len());
    }
}

fn one(text: &str, at: usize, first: char) -> Result<(Token, usize), Fault> {
    if let Some(found) = string(text, at)? {
        return Ok(found);
    }
    if first.is_ascii_digit() {
        return number(text, at);
    }
    if first == '!' {
        let word = word(&text[at + 1..]);
        if DENIED.contains(&word) {
            let mut name = format!("!{word}");
            if word == "in" && text[at + 3..].starts_with('~') {
                name.push('~');
            }
            let end = at + name.len();
            return Ok((Token::Name(name), end));
        }
    }
    if first == '_' || first == '$' || first.is_alphabetic() {
        return Ok(name(text, at));
    }
    let sign = SIGNS.iter().find(|sign| text[at..].starts_with(**sign));
    match sign {
        Some(sign) => Ok((Token::Sign(sign), at + sign.len())),
        None => Err(Fault::syntax(text, at, &first.to_string())),
    }
}

fn word(text: &str) -> &str {
    let is_part = |sign: char| sign == '_' || sign == '$' || sign.is_alphanumeric();
    &text[..text.find(|sign| !is_part(sign)).unwrap_or(text.len())]
}

fn name(text: &str, at: usize) -> (Token, usize) {
    let rest = &text[at..];
    if let Some(joined) = JOINED
        .iter()
        .find(|joined| rest.strip_prefix(**joined).is_some_and(|after| word(after).is_empty()))
    {
        return (Token::Name((*joined).to_owned()), at + joined.len());
    }
    let word = word(rest);
    let end = at + word.len();
    if TILDED.contains(&word) && text[end..].starts_with('~') {
        return (Token::Name(format!("{word}~")), end + 1);
    }
    let open = skip(text, end);
    if TYPED.contains(&word)
        && let Some(inside) = text[open..].strip_prefix('(')
        && let Some(close) = inside.find(')')
    {
        let held = inside[..close].trim().trim_matches(['"', '\'']).to_owned();
        return (Token::Typed(word.to_owned(), held), open + 1 + close + 1);
    }
    (Token::Name(word.to_owned()), end)
}

fn number(text: &str, at: usize) -> Result<(Token, usize), Fault> {
    let rest = &text[at..];
    let refused = || Fault::syntax(text, at, word(rest));
    if let Some(digits) = rest.strip_prefix("0x") {
        let digits = word(digits);
        let value = i64::from_str_radix(digits, 16).map_err(|_| refused())?;
        return Ok((Token::Long(value), at + 2 + digits.len()));
    }
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut length = digits(rest);
    let is_real = rest[length..].starts_with('.') && digits(&rest[length + 1..]) > 0;
    if is_real {
        length += 1 + digits(&rest[length + 1..]);
    }
    let unit = word(&rest[length..]);
    let seconds = match unit {
        "" => None,
        "d" => Some(86_400.0),
        "h" => Some(3600.0),
        "m" => Some(60.0),
        "s" => Some(1.0),
        "ms" => Some(0.001),
        "microsecond" => Some(0.000_001),
        "tick" => Some(0.000_000_1),
        _ => return Err(refused()),
    };
    let end = at + length + unit.len();
    let held = &rest[..length];
    let token = match (seconds, is_real) {
        (Some(seconds), _) => {
            let many: f64 = held.parse().map_err(|_| refused())?;
            Token::Span(SignedDuration::from_secs_f64(many * seconds))
        }
        (None, true) => Token::Real(held.parse().map_err(|_| refused())?),
        (None, false) => Token::Long(held.parse().map_err(|_| refused())?),
    };
    Ok((token, end))
}

/// A string that begins here, where one does.
fn string(text: &str, at: usize) -> Result<Option<(Token, usize)>, Fault> {
    let mut from = at + usize::from(text[at..].starts_with(['h', 'H']));
    for fence in ["```", "~~~"] {
        if let Some(inside) = text[from..].strip_prefix(fence) {
            let length = inside.find(fence).ok_or_else(|| Fault::syntax(text, at, fence))?;
            let held = inside[..length].to_owned();
            return Ok(Some((Token::Text(held), from + 2 * fence.len() + length)));
        }
    }
    let is_verbatim = text[from..].starts_with('@');
    from += usize::from(is_verbatim);
    let Some(quote) = text[from..].chars().next().filter(|sign| ['"', '\''].contains(sign)) else {
        return Ok(None);
    };
    let (held, end) = match is_verbatim {
        true => verbatim(&text[from + 1..], quote),
        false => escaped(&text[from + 1..], quote),
    }
    .ok_or_else(|| Fault::syntax(text, at, &quote.to_string()))?;
    Ok(Some((Token::Text(held), from + 1 + end)))
}

fn verbatim(text: &str, quote: char) -> Option<(String, usize)> {
    let mut held = String::new();
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\n' | '\r' => return None,
            _ if sign == quote && signs.peek().is_some_and(|(_, next)| *next == quote) => {
                signs.next();
                held.push(quote);
            }
            _ if sign == quote => return Some((held, at + 1)),
            _ => held.push(sign),
        }
    }
    None
}

/// `None` where it does not end on its line, or has an escape that is none.
fn escaped(text: &str, quote: char) -> Option<(String, usize)> {
    // Escapes stand for UTF-16, two of which may be one sign.
    let mut held: Vec<u16> = Vec::new();
    let mut at = 0;
    loop {
        let sign = text[at..].chars().next()?;
        at += sign.len_utf8();
        match sign {
            '\n' | '\r' => return None,
            '\\' => {
                let (units, length) = escape(&text[at..])?;
                held.extend(units);
                at += length;
            }
            _ if sign == quote => return Some((String::from_utf16_lossy(&held), at)),
            _ => held.extend(sign.encode_utf16(&mut [0; 2]).iter()),
        }
    }
}

/// What stands behind a backslash, and how much of it.
fn escape(text: &str) -> Option<(Vec<u16>, usize)> {
    let sign = text.chars().next()?;
    let plain = |unit: u16| Some((vec![unit], 1));
    let hex = |count: usize| {
        let digits = text.get(1..=count)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    };
    match sign {
        '\\' | '"' | '\'' => plain(u16::try_from(u32::from(sign)).ok()?),
        'a' => plain(7),
        'b' => plain(8),
        't' => plain(9),
        'n' => plain(10),
        'v' => plain(11),
        'f' => plain(12),
        'r' => plain(13),
        'x' => Some((vec![u16::try_from(hex(2)?).ok()?], 3)),
        'u' => Some((vec![u16::try_from(hex(4)?).ok()?], 5)),
        'U' => {
            let sign = char::from_u32(hex(8)?)?;
            Some((sign.encode_utf16(&mut [0; 2]).to_vec(), 9))
        }
        '0'..='7' => {
            let digits: String =
                text.chars().take(3).take_while(|digit| ('0'..='7').contains(digit)).collect();
            Some((vec![u16::from_str_radix(&digits, 8).ok()?], digits.len()))
        }
        _ => None,
    }
}
