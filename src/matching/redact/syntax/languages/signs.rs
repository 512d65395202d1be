//! By what a text is told to be a program, and in which language.

use crate::matching::redact::syntax::languages::code::{
    BRACES, Dialect, MYSQL, PYTHON, R, SHELL, SQL, strays,
};

/// The language of a program; `None` if it is none.
pub fn language(text: &str) -> Option<&'static Dialect> {
    if text.trim_start().starts_with('<') {
        return None;
    }
    if is_sql(text) {
        // In other dialects a backslash may be the last letter of a string.
        let is_escaped = || text.contains("\\'") && strays(text, &MYSQL) < strays(text, &SQL);
        let is_mysql = text.contains("ENGINE=") || is_escaped();
        return Some(if is_mysql { &MYSQL } else { &SQL });
    }
    if is_shell(text) {
        return Some(&SHELL);
    }
    [(is_line_of_python as fn(&str) -> Line, &PYTHON), (is_line_of_r, &R), (is_line_of_c, &BRACES)]
        .into_iter()
        .find(|(judge, _)| is_mostly(text, *judge))
        .map(|(_, dialect)| dialect)
}

/// What a line says of the language.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// It is of no other.
    Certain,
    /// It may be of it.
    Likely,
    /// It is of none, or of another.
    Strange,
}

/// Lines that are judged.
const LINES_MAX: usize = 2_000;

fn is_mostly(text: &str, judge: fn(&str) -> Line) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(LINES_MAX);
    // What is indented belongs to a line that is judged, or to a string.
    let outer = lines.filter(|line| !line.starts_with([' ', '\t']));
    let mut counts = [0, 0, 0];
    outer.for_each(|line| counts[judge(line.trim_end()) as usize] += 1);
    let [certain, likely, strange] = counts;
    certain > 0 && strange * 4 <= certain + likely
}

/// First words of statements, with a word that comes later in them.
const STATEMENTS: [(&str, &str); 17] = [
    ("INSERT", " INTO "),
    ("REPLACE", " INTO "),
    ("CREATE", " "),
    ("SELECT", " FROM "),
    ("UPDATE", " SET "),
    ("DELETE", " FROM "),
    ("ALTER", " "),
    ("DROP", " "),
    ("GRANT", " TO "),
    ("REVOKE", " FROM "),
    ("WITH", " AS "),
    ("COPY", " FROM "),
    ("MERGE", " INTO "),
    ("PRAGMA", ";"),
    ("BEGIN", ";"),
    ("SET", ";"),
    ("USE", ";"),
];

/// What is created, altered and dropped.
const THINGS: [&str; 12] = [
    "TABLE",
    "VIEW",
    "INDEX",
    "USER",
    "ROLE",
    "SCHEMA",
    "DATABASE",
    "TEMP",
    "TEMPORARY",
    "OR",
    "UNIQUE",
    "FUNCTION",
];

/// Whether a shell reads it, or a builder of images, line by line.
fn is_shell(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_image = lines.next().is_some_and(|line| line.starts_with("FROM "));
    first.starts_with("#!") && first.contains("sh")
        || is_image && ["\nRUN ", "\nENV ", "\nCOPY "].iter().any(|word| text.contains(word))
}

/// Whether a text is a statement of SQL, or more of them.
pub fn is_sql(text: &str) -> bool {
    let is_said =
        |line: &&str| !line.is_empty() && !line.starts_with("--") && !line.starts_with("/*");
    let mut lines = text.lines().map(str::trim);
    let Some(first) = lines.find(is_said) else { return false };
    let upper = first.to_ascii_uppercase();
    let mut words = upper.split(|c: char| !c.is_ascii_alphanumeric());
    let (word, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let head: String = text.chars().take(4000).collect::<String>().to_ascii_uppercase();
    let head = head.replace(['\n', '\r', '\t'], " ");
    let is_statement =
        STATEMENTS.iter().any(|(begins, later)| word == *begins && head.contains(later));
    let of_thing = !matches!(word, "CREATE" | "ALTER" | "DROP") || THINGS.contains(&second);
    let is_alone = !matches!(word, "PRAGMA" | "BEGIN" | "SET" | "USE") || first.ends_with(';');
    is_statement && of_thing && is_alone && (text.contains(';') || word == "SELECT")
}

fn is_line_of_python(line: &str) -> Line {
    const CERTAIN: [&str; 8] =
        ["import ", "from ", "def ", "class ", "print(", "@", "async def ", "if __name__"];
    const LIKELY: [&str; 19] = [
        "#", "if ", "elif ", "else:", "for ", "while ", "with ", "try:", "except", "finally:",
        "return", "assert ", "raise ", "pass", "del ", ")", "]", "}", "\"\"\"",
    ];
    let is_certain = CERTAIN.iter().any(|word| line.starts_with(word))
        && !line.ends_with([';', '{'])
        && (!line.starts_with("from ") || line.contains(" import "));
    match line {
        _ if is_certain => Line::Certain,
        _ if LIKELY.iter().any(|word| line.starts_with(word)) => Line::Likely,
        _ if line.ends_with([';', '{']) => Line::Strange,
        _ if is_assignment(line, &["=", "+=", "-=", "|="]) => Line::Certain,
        _ if is_call(line) => Line::Likely,
        _ => Line::Strange,
    }
}

fn is_line_of_r(line: &str) -> Line {
    match line {
        _ if line.starts_with("library(") || is_assignment(line, &["<-"]) => Line::Certain,
        _ if line.starts_with(['#', '}', ')', '{']) || is_call(line) => Line::Likely,
        _ => Line::Strange,
    }
}

fn is_line_of_c(line: &str) -> Line {
    const LIKELY: [&str; 9] = ["//", "/*", "*", "#include", "import ", "package ", "@", "}", ")"];
    match line {
        _ if LIKELY.iter().any(|word| line.starts_with(word)) => Line::Likely,
        _ if line.ends_with([';', '{']) => Line::Certain,
        _ if line.ends_with(['}', ')', ',', '(']) => Line::Likely,
        _ => Line::Strange,
    }
}

/// Whether names are given a value.
fn is_assignment(line: &str, signs: &[&str]) -> bool {
    let is_name = |word: &str| {
        let is_part = |c: char| c.is_alphanumeric() || "_.,[]'\":".contains(c);
        word.starts_with(|c: char| c.is_alphabetic() || c == '_') && word.chars().all(is_part)
    };
    let mut words = line.split_whitespace();
    let sign = words.by_ref().take(6).position(|word| signs.contains(&word));
    sign.is_some_and(|at| at > 0 && line.split_whitespace().take(at).all(is_name))
        && words.next().is_some()
}

/// Whether a function is called and nothing more is said.
fn is_call(line: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "_.".contains(c);
    let name = line.len() - line.trim_start_matches(is_part).len();
    name > 0 && line[name..].starts_with('(') && line.ends_with([')', '(', ',', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told() {
        let told = |text| language(text).map(|dialect| (dialect.quote, dialect.comments[0]));
        for (text, expected) in [
            ("INSERT INTO t VALUES (1);\n", ('\'', "--")),
            ("-- x\n\nselect *\nfrom t where id = 1", ('\'', "--")),
            ("A = 'x'\nB = 1\nprint(A)\n", ('"', "#")),
            ("#!/bin/bash\nx y", ('\'', "#")),
            ("FROM x\nUSER y\nRUN z\n", ('\'', "#")),
            ("x <- 1\nprint(x)\n", ('"', "#")),
            ("const a = 1;\nif (a) {\n  b();\n}\n", ('"', "//")),
        ] {
            assert_eq!(told(text), Some(expected), "{text}");
        }
        for text in [
            "select what you like",
            "hello\nworld",
            "2026-11-20 INFO run(1) started\n",
            "a,b,c\n1,2,3\n",
            "by Ann.\nSee (1).\n",
            "BEGIN:VCARD\nN:a;b;;;\nEND:VCARD\n",
            "Update: all is set; done",
            "1;2;3\n4;5;6\n",
        ] {
            assert!(told(text).is_none(), "{text}");
        }
    }
}
