//! A user in what is recorded of work, talk and rights: `TODO(ann)`, the lines that `git blame`
//! lists, logs of web servers and chats, owners of code, grants and rows of SQL.

use crate::matching::identity::users::lines::{ends_with_words, line_after, line_before};
use crate::matching::keys::users::speaks_of_users;

/// Whether an alias is the user of whom something is recorded here.
pub fn is_recorded(before: &str, after: &str) -> bool {
    let (line, rest) = (line_before(before), line_after(after));
    is_noted(line, rest)
        || is_blamed(line, rest)
        || is_logged(line, rest)
        || owns_code(line, rest)
        || is_granted(line, after)
        || is_inserted(before, after)
}

/// `TODO(ann)`, `\author{ann}`, `@author ann`, `committer ann <…`.
fn is_noted(line: &str, rest: &str) -> bool {
    const NOTES: [&str; 5] = ["todo(", "fixme(", "xxx(", "hack(", "note("];
    let ends = |signs: &[&str]| signs.iter().any(|sign| line.ends_with(sign));
    let is_note = || {
        let before = NOTES.iter().find_map(|note| line.strip_suffix(note));
        before.is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    rest.starts_with(')') && is_note()
        || rest.starts_with('}') && ends(&["author{", "owner{"])
        || rest.trim().is_empty() && ends(&["@author ", "@assignee ", "@owner "])
        || rest.starts_with(" <") && ["author ", "committer ", "tagger "].contains(&line)
}

/// `1f3a9c07 (ann 2026-11-20 …`, with the name of the file before the bracket if it was another.
fn is_blamed(line: &str, rest: &str) -> bool {
    let head = line.trim_start_matches('^');
    let digits = head.bytes().take_while(u8::is_ascii_hexdigit).count();
    let is_commit = digits >= 7 && head[digits..].starts_with(' ') && line.ends_with('(');
    let day = rest.trim_start().as_bytes();
    is_commit
        && rest.starts_with(' ')
        && day.len() > 10
        && day[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// What a web server, a chat, a directory and Spark log.
fn is_logged(line: &str, rest: &str) -> bool {
    let is_time = |text: &str| {
        let text = text.trim_matches([' ', '[', ']', '(', ')']);
        text.rsplit(' ').next().is_some_and(|time| {
            let digits = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
            time.contains(':')
                && digits(time.bytes().next())
                && digits(time.bytes().next_back())
                && time.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
        })
    };
    let day = rest.strip_prefix(" [").unwrap_or_default().as_bytes();
    let is_day = day.len() > 3 && day[..2].iter().all(u8::is_ascii_digit) && day[2] == b'/';
    is_day && line.ends_with(" - ")
        || rest.starts_with('>') && line.strip_suffix('<').is_some_and(is_time)
        || rest.starts_with(" [") && line.ends_with("-!- ")
        || line.ends_with(" acls to: ") && rest.trim().is_empty()
        || line.ends_with("permissions: set(") && rest.starts_with([')', ','])
}

/// `*.py @bob @ann` of a list of owners, `cc @ann`.
fn owns_code(line: &str, rest: &str) -> bool {
    let Some(earlier) = line.strip_suffix('@').filter(|earlier| earlier.ends_with(' ')) else {
        return false;
    };
    if !(rest.is_empty() || rest.starts_with([' ', ',', '.'])) {
        return false;
    }
    let mut words = earlier.split_whitespace();
    let is_pattern = !line.starts_with(' ')
        && words.next().is_some_and(|word| {
            let is_file = word.contains('.') && !word.ends_with('.');
            word.contains(['*', '/']) || is_file
        });
    let is_owner = |word: &str| word.contains('@');
    is_pattern && words.all(is_owner) && rest.split_whitespace().all(is_owner)
        || ["cc", "by", "assign", "reviewers", "thanks"]
            .iter()
            .any(|word| ends_with_words(earlier, word))
}

/// `CREATE USER ann`, `GRANT … ON x TO ann`, `OWNER TO ann`, `'ann'@'localhost'`.
fn is_granted(line: &str, after: &str) -> bool {
    const QUOTES: [char; 4] = ['"', '\'', '`', '['];
    let bare = line.trim_end_matches(QUOTES);
    let quote = &line[bare.len()..];
    let is_at = |quote: &str| {
        let host = after.strip_prefix(quote).and_then(|after| after.strip_prefix('@'));
        host.is_some_and(|host| host.starts_with(quote))
    };
    if ["'", "`"].contains(&quote) && is_at(quote) {
        return true;
    }
    let closes = after.trim_start_matches(['"', '\'', '`', ']']);
    if !(closes.is_empty() || closes.starts_with([' ', ';', ',', '\n', '\r', '@'])) {
        return false;
    }
    let statement = bare.rsplit([';', '"']).next().unwrap_or(bare).trim_start();
    let follows = |words: &str| bare.ends_with(' ') && ends_with_words(statement, words);
    ["create user", "drop user", "alter user", "create login", "owner to"]
        .iter()
        .any(|words| follows(words))
        || follows("user if exists")
        || follows("user if not exists")
        || follows("to") && statement.starts_with("grant ") && statement.contains(" on ")
        || follows("from") && statement.starts_with("revoke ") && statement.contains(" on ")
}

/// The value of a column that speaks of users: `INSERT INTO x (id, owner) VALUES (1, 'ann')`.
fn is_inserted(before: &str, after: &str) -> bool {
    let Some(quote) = before.chars().next_back().filter(|quote| "'\"".contains(*quote)) else {
        return false;
    };
    let Some(at) = before.rfind("insert into ").filter(|_| after.starts_with(quote)) else {
        return false;
    };
    let statement = &before[at..];
    let mut values = statement.match_indices("values").map(|(at, _)| statement.split_at(at));
    let Some((heads, rows)) = values.find(|(heads, _)| heads.trim_end().ends_with(')')) else {
        return false;
    };
    let Some((_, heads)) = heads.split_once('(') else { return false };
    let (mut column, mut depth, mut is_text, mut is_escaped) = (0, 0usize, false, false);
    for c in rows.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '\'' => is_text = !is_text,
            '(' if !is_text => {
                depth += 1;
                column = if depth == 1 { 0 } else { column };
            }
            ')' if !is_text => depth = depth.saturating_sub(1),
            ',' if !is_text && depth == 1 => column += 1,
            _ => {}
        }
    }
    let head = heads.trim_end().trim_end_matches(')').split(',').nth(column);
    head.is_some_and(|head| speaks_of_users(head.trim_matches([' ', '`', '"', '[', ']', '\n'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(text: &str) -> bool {
        let (before, rest) = text.split_once('«').unwrap();
        let (_, after) = rest.split_once('»').unwrap();
        is_recorded(before, after)
    }

    #[test]
    fn what_is_recorded_of_a_user() {
        for text in [
            "# todo(«ann»): x",
            "fixme(«ann») x",
            "\\author{«ann»}",
            " * @author «ann»",
            "committer «ann» <x@y.example> 1700000000 +0000",
            "1f3a9c07 («ann» 2026-11-20 09:00:00 +0000 1) x = 1",
            "^1f3a9c07 src/x.py («ann»    2026-11-20 09:00:00 +0000  12) x",
            "10.0.0.4 - «ann» [20/nov/2026:09:00:00 +0000] \"get / http/1.1\" 200 1",
            "09:00 <«ann»> hello",
            "[2026-11-20 09:00:12] <«ann»> hello",
            "09:00 -!- «ann» [x@h] has joined #c",
            "info securitymanager: changing view acls to: «ann»",
            "users  with view permissions: set(«ann»); groups",
            "* @«ann» @kofi",
            "/docs/ @kofi @«ann»",
            "fix the loader by @«ann» in #12",
            "create user «ann»;",
            "drop user if exists '«ann»';",
            "grant all on x to «ann»;",
            "revoke all on x from \"«ann»\";",
            "grant all on x to '«ann»'@'localhost';",
            "alter table x owner to «ann»;",
            "definer=`«ann»`@`localhost`",
            "insert into runs (id, owner) values (1, '«ann»');",
            "insert into metric_values (id, at, owner) values (1, now(), '«ann»');",
            "insert into runs (note, owner) values ('it\\'s, so', '«ann»');",
            "insert into `runs` (`owner`,`x, y`) values ('kofi','a, b'),\n('«ann»',2);",
        ] {
            assert!(stands(text), "{text}");
        }
        for text in [
            "depth : <«max»>",
            "footnote(«mark»)",
            " * @«beta»",
            "1. @«max»",
            "e.g. @«max»",
            "insert into runs (owner, note) values (now(), '«ann»');",
            "todo: «ann»",
            "f(«ann»)",
            "<«ann»> </ann>",
            "x <«ann»> y",
            "a - «ann» [1]",
            "@«ann»",
            "@param @«ann» x",
            "* the @«ann» decorator",
            "a grant to «ann»",
            "attributed to «ann»",
            "the owner of «ann»",
            "(«ann» 2026-11-20 09:00:00)",
            "deadbeef («ann» and kofi)",
            "insert into runs (id, model) values (1, '«ann»');",
            "insert into runs (owner, model) values ('kofi', '«ann»');",
        ] {
            assert!(!stands(text), "{text}");
        }
    }
}
