//! Sections and settings, as Windows, Python's `configparser`, git and systemd write them; files of
//! properties and of an environment.

use crate::matching::redact::syntax::languages::lines::{line_end, next_line};
use crate::matching::redact::syntax::tokens::{Kind, Token};

/// The tokens of a text; `None` if it is not made of settings.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let (mut at, mut settings, mut sections) = (0, 0, 0);
    while at < text.len() {
        let end = line_end(text, at);
        let line = text[at..end].trim_end();
        let said = line.trim_start();
        let start = at + line.len() - said.len();
        let is_indented = start > at;
        at = next_line(text, at);
        match said.bytes().next() {
            None => {}
            Some(b'#' | b';' | b'!') => {
                tokens.push(Token::new(start..start + said.len(), Kind::Text))
            }
            Some(b'[') if !is_indented || sections > 0 => {
                let close = said.rfind(']')?;
                let name = start + 1..start + close;
                let is_quoted = said[..close].ends_with('"');
                let kind = if is_quoted { Kind::Escaped } else { Kind::Word };
                sections += 1;
                tokens.push(Token { range: name, kind, is_key: !is_quoted });
                // Git has a setting there, others a comment; a line of a log has a sentence.
                let rest = said[close + 1..].trim_start();
                let from = start + said.len() - rest.len();
                if rest.starts_with(['#', ';']) {
                    tokens.push(Token::new(from..from + rest.len(), Kind::Text));
                } else if !rest.is_empty() {
                    let (key, value) = setting(rest, true)?;
                    settings += 1;
                    tokens.push(Token::key(from + key.start..from + key.end, Kind::Word));
                    tokens.push(Token::new(from + value..from + rest.len(), Kind::Text));
                }
            }
            Some(_) => match setting(said, sections > 0) {
                Some((key, value)) => {
                    settings += 1;
                    tokens.push(Token::key(start + key.start..start + key.end, Kind::Word));
                    let is_plain = is_variable(&said[key]) && said[..value].ends_with('=');
                    let kind = if is_plain { kind_of_value(&said[value..]) } else { Kind::Text };
                    tokens.push(Token::new(start + value..start + said.len(), kind));
                }
                // More of the value before.
                None if is_indented && settings > 0 => {
                    tokens.push(Token::new(start..start + said.len(), Kind::Text));
                }
                None => return None,
            },
        }
    }
    (settings > 0).then_some(tokens)
}

/// The key of a setting, and where its value begins.
fn setting(line: &str, in_section: bool) -> Option<(std::ops::Range<usize>, usize)> {
    let sign = line.find(|c| c == '=' || in_section && c == ':')?;
    let from = if line.starts_with("export ") { "export ".len() } else { 0 };
    let key = line.get(from..sign)?.trim_end();
    let is_word =
        |c: char| in_section && c == ' ' || !c.is_whitespace() && !"\"'()[]{}<>,&?".contains(c);
    // Of base64 the end is no value.
    let is_pad = matches!(line[sign..].trim_end(), "=" | "==") && key.len() >= 16;
    if key.is_empty() || is_pad || !key.chars().all(is_word) {
        return None;
    }
    let value = sign + 1 + (line[sign + 1..].len() - line[sign + 1..].trim_start().len());
    Some((from..from + key.len(), value))
}

/// Whether a key is one of an environment.
fn is_variable(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn kind_of_value(value: &str) -> Kind {
    let is_word = !value.contains(|c: char| c.is_whitespace() || "\"'`$".contains(c));
    if is_word { Kind::Variable } else { Kind::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_settings() {
        let text = "; x\n[a b]\nc d = e\n  f\nG: h\n[user \"i\"]\n\tj = k\n";
        let all = tokens(text).unwrap();
        let told: Vec<_> = all.iter().map(|token| &text[token.range.clone()]).collect();
        assert_eq!(told, ["; x", "a b", "c d", "e", "f", "G", "h", "user \"i\"", "j", "k"]);
        let kinds = |text| tokens(text).map(|all| all.last().unwrap().kind);
        assert_eq!(kinds("export A=b\n"), Some(Kind::Variable));
        assert_eq!(kinds("A=b c\n"), Some(Kind::Text));
        let beside = "[a] b = c d\n[e] ; f\nx=y\n";
        let all = tokens(beside).unwrap();
        let told: Vec<_> = all.iter().map(|token| &beside[token.range.clone()]).collect();
        assert_eq!(told, ["a", "b", "c d", "e", "; f", "x", "y"]);
        for text in ["hello", "a b=c\n", "a: b\n", "f(x=1)\n", "", "x=y\n[INFO]  by a@b.c\n"] {
            assert!(tokens(text).is_none(), "{text}");
        }
    }
}
