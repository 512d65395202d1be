//! TOML. Whether a text is it, its parser tells; here are its keys and values.

use crate::matching::redact::syntax::languages::lines::line_end;
use crate::matching::redact::syntax::tokens::{Kind, Token};

/// The tokens of a text; `None` if it is no TOML, or says nothing.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    let table = text.parse::<toml::Table>().ok()?;
    if table.is_empty() {
        return None;
    }
    let mut scanner = Scanner { text, at: 0, tokens: Vec::new(), open: Vec::new(), is_key: true };
    while scanner.at < text.len() {
        scanner.step()?;
    }
    Some(scanner.tokens)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// Open brackets of values.
    open: Vec<u8>,
    /// Whether a key comes next.
    is_key: bool,
}

impl Scanner<'_> {
    fn step(&mut self) -> Option<()> {
        let byte = self.text.as_bytes()[self.at];
        match byte {
            b'#' => {
                let end = line_end(self.text, self.at);
                self.tokens.push(Token::new(self.at..end, Kind::Text));
                self.at = end;
                return Some(());
            }
            b'"' | b'\'' => return self.string(byte),
            b'\n' if self.open.is_empty() => self.is_key = true,
            // Of a table if a key is to come, else of a list.
            b'[' | b'{' if !self.is_key => {
                self.open.push(byte);
                self.is_key = byte == b'{';
            }
            b']' | b'}' if !self.open.is_empty() => {
                self.open.pop();
                self.is_key = false;
            }
            b'=' => self.is_key = false,
            b',' => self.is_key = self.open.last() == Some(&b'{'),
            b'.' | b'[' | b']' => {}
            _ if byte.is_ascii_whitespace() => {}
            _ => return self.bare(),
        }
        self.at += 1;
        Some(())
    }

    fn string(&mut self, quote: u8) -> Option<()> {
        let bytes = self.text.as_bytes();
        let is_long = bytes[self.at..].starts_with(&[quote; 3]);
        let width = if is_long { 3 } else { 1 };
        let start = self.at + width;
        let mut end = start;
        while !bytes.get(end..)?.starts_with(&[quote; 3][..width]) {
            end += if quote == b'"' && bytes.get(end)? == &b'\\' { 2 } else { 1 };
        }
        // Up to two quotes more may stand before those that end it.
        let more = bytes[end + width..].iter().take(2).take_while(|byte| **byte == quote).count();
        let end = if is_long { end + more } else { end };
        let kind = if quote == b'"' { Kind::Escaped } else { Kind::Text };
        self.tokens.push(Token { range: start..end, kind, is_key: self.is_key });
        self.at = end + width;
        Some(())
    }

    fn bare(&mut self) -> Option<()> {
        let rest = &self.text[self.at..line_end(self.text, self.at)];
        let ends: &[char] = if self.is_key { &['.', '=', ']'] } else { &[',', ']', '}', '#'] };
        let said = rest.find(ends).map_or(rest, |end| &rest[..end]).trim_end();
        let range = self.at..self.at + said.len();
        self.at = range.end.max(self.at + 1);
        self.tokens.push(Token { range, kind: Kind::Bare('"'), is_key: self.is_key });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values() {
        let text = "a = 1 # x\n[b.\"c d\"]\ne = [1, 'f', {g = 2, h.i = \"j\\\"\"}]\n[[k]]\n\
                    l = \"\"\"m\n\"\"\"\"\nn = 1979-05-27 07:32:00\n";
        let all = tokens(text).unwrap();
        let told = all.iter().map(|token| (&text[token.range.clone()], token.is_key));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("a", true),
                ("1", false),
                ("# x", false),
                ("b", true),
                ("c d", true),
                ("e", true),
                ("1", false),
                ("f", false),
                ("g", true),
                ("2", false),
                ("h", true),
                ("i", true),
                ("j\\\"", false),
                ("k", true),
                ("l", true),
                ("m\n\"", false),
                ("n", true),
                ("1979-05-27 07:32:00", false),
            ]
        );
        assert!(tokens("a: b").is_none() && tokens("# x").is_none());
    }
}
