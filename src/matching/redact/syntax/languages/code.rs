//! Programs and statements: strings, comments, names and numbers, in as many languages as write
//! those alike.

use crate::matching::redact::syntax::languages::lines::{line_end, next_line};
use crate::matching::redact::syntax::tokens::{Kind, Token};

/// What languages differ in.
pub struct Dialect {
    /// What begins a comment that ends with its line.
    pub comments: &'static [&'static str],
    /// What begins and ends other comments.
    pub remarks: Option<(&'static str, &'static str)>,
    /// What opens strings.
    pub quotes: &'static [u8],
    /// Whether backslashes escape in them.
    pub has_escapes: bool,
    /// Whether three quotes open a string of several lines.
    pub is_tripled: bool,
    /// Quotes of a string that takes the place of a number.
    pub quote: char,
    /// What words are.
    pub word: Kind,
}

/// Python, and what is like it.
pub const PYTHON: Dialect = Dialect {
    comments: &["#"],
    remarks: None,
    quotes: b"\"'",
    has_escapes: true,
    is_tripled: true,
    quote: '"',
    word: Kind::Word,
};

/// C, and what has its braces.
pub const BRACES: Dialect = Dialect {
    comments: &["//"],
    remarks: Some(("/*", "*/")),
    quotes: b"\"'`",
    is_tripled: false,
    ..PYTHON
};

/// R.
pub const R: Dialect = Dialect { quotes: b"\"'`", is_tripled: false, ..PYTHON };

/// SQL as the standard has it.
pub const SQL: Dialect = Dialect {
    comments: &["--"],
    remarks: Some(("/*", "*/")),
    quotes: b"\"'`",
    has_escapes: false,
    is_tripled: false,
    quote: '\'',
    word: Kind::Word,
};

/// SQL as `MySQL` has it.
pub const MYSQL: Dialect = Dialect { comments: &["--", "#"], has_escapes: true, ..SQL };

/// POSIX shells.
pub const SHELL: Dialect =
    Dialect { comments: &["#"], quotes: b"\"'", quote: '\'', word: Kind::Shell, ..R };

/// The tokens of a text in such a language.
pub fn tokens(text: &str, dialect: &Dialect) -> Vec<Token> {
    scanned(text, dialect).tokens
}

/// How many strings of a text end where none does in such a language: within a word, or never.
pub fn strays(text: &str, dialect: &Dialect) -> usize {
    scanned(text, dialect).strays
}

fn scanned<'a>(text: &'a str, dialect: &'a Dialect) -> Scanner<'a> {
    let mut scanner = Scanner { text, dialect, at: 0, tokens: Vec::new(), strays: 0 };
    while scanner.at < text.len() {
        scanner.step();
    }
    scanner
}

struct Scanner<'a> {
    text: &'a str,
    dialect: &'a Dialect,
    at: usize,
    tokens: Vec<Token>,
    strays: usize,
}

impl Scanner<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let byte = rest.as_bytes()[0];
        let dialect = self.dialect;
        let is_shell = dialect.word == Kind::Shell;
        let begins_word = self.at == 0 || self.text.as_bytes()[self.at - 1].is_ascii_whitespace();
        if dialect.comments.iter().any(|sign| rest.starts_with(sign)) && (begins_word || !is_shell)
        {
            return self.token(line_end(self.text, self.at), Kind::Text);
        }
        if let Some((open, close)) = dialect.remarks.filter(|(open, _)| rest.starts_with(open)) {
            let end = rest[open.len()..].find(close).map(|at| open.len() + at + close.len());
            return self.token(self.at + end.unwrap_or(rest.len()), Kind::Text);
        }
        if is_shell && rest.starts_with("<<") && self.here() {
            return;
        }
        match byte {
            b'$' if !is_shell && rest.starts_with("$$") => {
                let end = rest[2..].find("$$").map_or(rest.len(), |at| at + 4);
                self.token(self.at + end, Kind::Text);
            }
            quote if dialect.quotes.contains(&quote) => self.string(quote),
            _ if is_shell && !byte.is_ascii_whitespace() && !b"|&;()<>".contains(&byte) => {
                self.shell_word();
            }
            _ if byte.is_ascii_digit() => {
                let len =
                    rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"._".contains(b));
                let (start, end) = (self.at - self.sign(), self.at + len.count());
                self.tokens.push(Token::new(start..end, Kind::Bare(dialect.quote)));
                self.at = end;
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                let len =
                    rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                let is_copy = rest[..len].eq_ignore_ascii_case("copy");
                self.token(self.at + len, dialect.word);
                if is_copy && dialect.quote == '\'' {
                    self.copied();
                }
            }
            _ => self.at += 1,
        }
    }

    fn token(&mut self, end: usize, kind: Kind) {
        self.tokens.push(Token::new(self.at..end, kind));
        self.at = end;
    }

    /// The sign of the number here: what comes after another number or name is an operator.
    fn sign(&self) -> usize {
        let before = &self.text[..self.at];
        let Some(operand) = before.strip_suffix(['-', '+']) else { return 0 };
        let is_sign = operand.trim_end().ends_with(['(', '[', '{', ',', '=', ':', '<']);
        usize::from(is_sign || operand.trim_end().is_empty())
    }

    fn string(&mut self, quote: u8) {
        let bytes = self.text.as_bytes();
        let is_long = self.dialect.is_tripled && bytes[self.at..].starts_with(&[quote; 3]);
        let width = if is_long { 3 } else { 1 };
        // Over several lines go strings of SQL, of shells, and templates.
        let has_lines = is_long || self.dialect.quote == '\'' || quote == b'`';
        let is_raw = self.dialect.word == Kind::Shell && quote == b'\'';
        let has_escapes = self.dialect.has_escapes && !is_raw;
        let start = self.at + width;
        let mut end = start;
        while end < bytes.len() && !bytes[end..].starts_with(&[quote; 3][..width]) {
            if bytes[end] == b'\n' && !has_lines {
                break;
            }
            end += if has_escapes && bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        let kind = if has_escapes { Kind::Escaped } else { Kind::Text };
        self.tokens.push(Token::new(start..end, kind));
        self.at = (end + width).min(bytes.len());
        let is_stray =
            end == bytes.len() || bytes.get(self.at).is_some_and(u8::is_ascii_alphanumeric);
        self.strays += usize::from(is_stray);
    }

    fn shell_word(&mut self) {
        let bytes = self.text.as_bytes();
        let mut end = self.at;
        while end < bytes.len() {
            match bytes[end] {
                b'\\' => end += 1,
                byte if byte.is_ascii_whitespace() || b"|&;()<>\"'".contains(&byte) => break,
                _ => {}
            }
            end += 1;
        }
        self.token(end.min(bytes.len()).max(self.at + 1), Kind::Shell);
    }

    /// Lines up to a word of their own; whether they begin here.
    fn here(&mut self) -> bool {
        let line = line_end(self.text, self.at);
        let word = self.text[self.at + 2..line].trim_start_matches(['-', ' ']);
        let word = word.split(|c: char| c.is_whitespace() || ";|&)".contains(c)).next();
        let word = word.unwrap_or_default().trim_matches(['"', '\'']);
        if word.is_empty() || word.starts_with('<') {
            return false;
        }
        self.at = next_line(self.text, self.at);
        let start = self.at;
        while self.at < self.text.len()
            && self.text[self.at..line_end(self.text, self.at)].trim() != word
        {
            self.at = next_line(self.text, self.at);
        }
        self.tokens.push(Token::new(start..self.at, Kind::Text));
        self.at = line_end(self.text, self.at);
        true
    }

    /// The rows that PostgreSQL has below `COPY … FROM stdin`.
    fn copied(&mut self) {
        let line = line_end(self.text, self.at);
        let said = self.text[self.at..line].trim_end().to_ascii_lowercase();
        if !said.ends_with("from stdin;") {
            return;
        }
        let rows = next_line(self.text, line.min(self.text.len()));
        let end = self.text[rows..].find("\\.\n").map_or(self.text.len(), |at| rows + at);
        self.tokens.push(Token::new(rows..end, Kind::Text));
        self.at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_programs() {
        for (text, dialect, expected) in [
            ("a = -1.5 - 2 # 'b'\nc('d\\'e', 7)", &PYTHON, "a|-1.5|2|# 'b'|c|d\\'e|7"),
            ("x = \"\"\"a\n'b\"\"\"\ny='c", &PYTHON, "x|a\n'b|y|c"),
            ("let a = `b\nc`; // d\n/* 1\n */ f(2);", &BRACES, "let|a|b\nc|// d|/* 1\n */|f|2"),
            ("VALUES (1, 'a''b') -- 'c", &SQL, "VALUES|1|a|b|-- 'c"),
            ("COPY t (a) FROM stdin;\n1\tx\n\\.\nSELECT 2;", &SQL, "COPY|1\tx\n|SELECT|2"),
            ("a -b \"c d\" e\\ f # g\ncat <<X\nh i\nX\n", &SHELL, "a|-b|c d|e\\ f|# g|cat|h i\n"),
        ] {
            let all = tokens(text, dialect);
            let told: Vec<_> = all.iter().map(|token| &text[token.range.clone()]).collect();
            assert_eq!(told.join("|"), expected, "{text}");
        }
    }
}
