//! The names of the columns, out of the statement that made a table.

/// The columns in the order in which they are stored; none if that cannot be told.
pub fn columns(statement: &str) -> Vec<String> {
    let Some(list) = behind_bracket(statement) else { return Vec::new() };
    let constraints = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
    let (mut columns, mut keys) = (Vec::new(), Vec::new());
    for part in parts(list) {
        let Some((word, is_quoted)) = first_word(part) else { continue };
        let is_key = part.to_ascii_uppercase().contains("PRIMARY KEY");
        if !is_quoted && constraints.contains(&word.to_ascii_uppercase().as_str()) {
            let list = behind_bracket(part).filter(|_| is_key);
            keys.extend(list.into_iter().flat_map(parts).filter_map(first_word).map(|key| key.0));
            continue;
        }
        keys.extend(is_key.then(|| word.clone()));
        columns.push(word);
    }
    if statement.to_ascii_uppercase().contains("WITHOUT ROWID") {
        // Those of the key are stored first there.
        let place = |column: &String| keys.iter().position(|key| key.eq_ignore_ascii_case(column));
        columns.sort_by_key(|column| place(column).unwrap_or(usize::MAX));
    }
    columns
}

/// What stands behind the first bracket.
fn behind_bracket(statement: &str) -> Option<&str> {
    unquoted(statement).find(|(_, c)| *c == '(').map(|(at, _)| &statement[at + 1..])
}

/// What stands between commas, up to the bracket that ends it.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut from, mut open) = (Vec::new(), 0, 0usize);
    for (at, c) in unquoted(list) {
        match c {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ',' | ')' if open == 0 => {
                parts.push(&list[from..at]);
                from = at + 1;
                if c == ')' {
                    break;
                }
            }
            _ => {}
        }
    }
    parts
}

/// The characters that do not stand in quotes.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    text.char_indices().filter(move |(_, c)| {
        let was = quote;
        quote = match (quote, c) {
            (Some(end), c) if *c == end => None,
            (Some(end), _) => Some(end),
            (None, '"' | '\'' | '`') => Some(*c),
            (None, '[') => Some(']'),
            (None, _) => None,
        };
        was.is_none() && quote.is_none()
    })
}

/// The word that a part begins with, and whether it is quoted.
fn first_word(part: &str) -> Option<(String, bool)> {
    let part = part.trim_start();
    let end = match part.chars().next()? {
        quote @ ('"' | '\'' | '`') => quote,
        '[' => ']',
        _ => {
            let word = part.split(|c: char| c.is_whitespace() || c == '(').next()?;
            return (!word.is_empty()).then(|| (word.to_owned(), false));
        }
    };
    part[1..].split(end).next().map(|word| (word.to_owned(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_by_their_statement() {
        for (statement, expected) in [
            ("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)", vec!["id", "email"]),
            (
                "CREATE TABLE \"a(b\" (\"user, name\" VARCHAR(32) DEFAULT 'x,y)', [of] TEXT, \
                 `it` DECIMAL(3, 2), PRIMARY KEY (of, it), FOREIGN KEY(it) REFERENCES c(d))",
                vec!["user, name", "of", "it"],
            ),
            ("CREATE TABLE t(a,b,\nCONSTRAINT c UNIQUE (a))", vec!["a", "b"]),
            ("CREATE TABLE t(a, b TEXT PRIMARY KEY) WITHOUT ROWID", vec!["b", "a"]),
            (
                "CREATE TABLE t(a, b, \"c\", CONSTRAINT k PRIMARY KEY (\"c\" DESC, B)) without rowid",
                vec!["c", "b", "a"],
            ),
            ("CREATE VIRTUAL TABLE x", vec![]),
            ("CREATE TABLE t(a, b", vec!["a"]),
        ] {
            assert_eq!(columns(statement), expected, "{statement}");
        }
    }
}
