//! Whether an alias stands for a user. Aliases are short and often words, so it is not enough that
//! nothing adjoins: what stands before must speak of users.
//!
//! | form | example |
//! | --- | --- |
//! | folder of a user | `Users/ann/`, `C:\Users\ann`, `/home/ann`, `~ann` |
//! | account of a domain | `CONTOSO\ann` |
//! | user of a URL | `https://ann@host` |
//! | value of a key that speaks of users | `"mlflow.user": "ann"`, `owner=ann`, `--user ann` |
//! | one of a list of such values | `"owners": ["bob", "ann"]` |
//! | element that speaks of users | `<owner>ann</owner>` |
//!
//! `models/ann/`, `"model": "ann"` and a quoted "ann" in a sentence speak of no user.

use crate::matching::identity::addresses::continues_word;
use crate::matching::keys::users::speaks_of_users;

/// Bytes before an alias that are looked at: a list of aliases with its key.
pub const BEFORE_BYTES: usize = 400;

/// Whether an alias between `before` and `after` names a user; both folded.
pub fn names_a_user(before: &str, after: &str) -> bool {
    // `https://ann@host` and `ssh ann@host` are told apart by what stands before.
    if before.ends_with("://") && after.starts_with(['@', ':']) {
        return true;
    }
    let joined = |c: char| continues_word(c) || matches!(c, '-' | '_' | '@' | '+');
    let dotted = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(continues_word));
    if before.ends_with(|c: char| joined(c) || c == '.') || after.starts_with(joined) || dotted {
        return false;
    }
    is_user_folder(before) || is_account(before, after) || is_value(before, after)
}

/// The segment after a folder in which every user has one.
fn is_user_folder(before: &str) -> bool {
    const FOLDERS: [&str; 8] = [
        "user",
        "home",
        "homes",
        "home$",
        "profiles",
        "documents and settings",
        "people",
        "accounts",
    ];
    if before.ends_with('~') {
        let path = before.trim_end_matches('~');
        return path.is_empty() || path.ends_with(|c: char| !joins_path(c));
    }
    let folder = before.trim_end_matches(['/', '\\']);
    if folder.len() == before.len() || before.ends_with("</") || before.ends_with("://") {
        return false;
    }
    let segment = folder.rsplit(['/', '\\', ':', '=', '"', '\'', '(', '<', '\n', '\t']).next();
    let segment = segment.unwrap_or(folder);
    let last_word = segment.rsplit(' ').next().unwrap_or(segment);
    [segment, last_word].iter().any(|name| FOLDERS.contains(name) || name.ends_with("users"))
}

fn joins_path(c: char) -> bool {
    joins_key(c) || c == '~'
}

/// `CONTOSO\ann`; a path goes on after it, or began before the domain.
fn is_account(before: &str, after: &str) -> bool {
    let Some(domain) = before.strip_suffix('\\') else { return false };
    let rest = domain.trim_end_matches(|c: char| continues_word(c) || matches!(c, '-' | '_'));
    rest.len() < domain.len()
        && !rest.ends_with(['\\', '/', ':', '.'])
        && !after.starts_with(['\\', '/'])
}

/// The value of a key that speaks of users, or one of the values of such a key.
fn is_value(before: &str, after: &str) -> bool {
    const ENDS: [char; 12] =
        [',', ';', '&', ')', '}', ']', '|', '"', '\'', '`', '<', char::REPLACEMENT_CHARACTER];
    let ends = |c: char| c.is_whitespace() || c.is_control() || ENDS.contains(&c);
    let ended = after.is_empty() || after.starts_with(ends);
    if !ended {
        return false;
    }
    if let Some(tag) = before.strip_suffix('>').filter(|_| after.starts_with("</")) {
        let name = tag.rsplit('<').next().unwrap_or_default();
        return speaks_of_users(name.split_whitespace().next().unwrap_or_default());
    }
    let quote = ['"', '\'', '`']
        .into_iter()
        .find(|quote| before.ends_with(*quote) && after.starts_with(*quote));
    let Some(quote) = quote else {
        let key = before.trim_end_matches([' ', '\t']);
        return has_key(key) && (names_an_account(key) || !is_phrase(after));
    };
    let before = before[..before.len() - 1].trim_end();
    has_key(before) || is_listed(before, quote)
}

/// An element of a list: of one whose key speaks of users, or of arguments after `"--user"`.
fn is_listed(before: &str, quote: char) -> bool {
    if let Some(previous) = before.strip_suffix(',')
        && let Some(argument) = previous.trim_end().strip_suffix(quote)
        && has_key(argument)
    {
        return true;
    }
    let Some(open) = before.rfind('[') else { return false };
    let elements = &before[open + 1..];
    (elements.is_empty() || elements.ends_with(','))
        && !elements.contains(['{', '}', ']', ':'])
        && has_key(before[..open].trim_end())
}

/// Whether a key that speaks of users ends here, with its sign or as an option (`--user`).
fn has_key(text: &str) -> bool {
    let signed = text.strip_suffix("=>").or_else(|| text.strip_suffix(['=', ':']));
    let key = signed.unwrap_or(text).trim_end_matches([' ', '\t', '"', '\'', '`', '\\']);
    let word = last_word(key);
    speaks_of_users(word) && (signed.is_some() || word.starts_with("--"))
}

/// Whether the value of a key is never a full name: `mlflow.user`, but not `author`.
fn names_an_account(key: &str) -> bool {
    let key = key.trim_end_matches(['=', ':', '>', ' ', '\t', '"', '\'']);
    let word = last_word(key);
    word.starts_with("--")
        || ["user", "username", "login", "logname", "alias", "uid"]
            .iter()
            .any(|known| word == *known || word.ends_with(&format!(".{known}")))
}

/// The word at the end, with what joins the parts of a key.
fn last_word(text: &str) -> &str {
    text.rsplit(|c| !joins_key(c)).next().unwrap_or_default()
}

fn joins_key(c: char) -> bool {
    continues_word(c) || matches!(c, '.' | '_' | '-')
}

/// Whether a value goes on with another word, as in `author: Ann Miller`; `user=ann action=login`
/// does not.
fn is_phrase(after: &str) -> bool {
    let rest = after.trim_start_matches([' ', '\t']);
    let word = rest.split(|c| !joins_key(c)).next().unwrap_or_default();
    rest.len() < after.len()
        && word.starts_with(continues_word)
        && !rest[word.len()..].starts_with(['=', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(text: &str) -> bool {
        let (before, rest) = text.split_once("<<").unwrap();
        let (_, after) = rest.split_once(">>").unwrap();
        names_a_user(before, after)
    }

    #[test]
    fn what_speaks_of_users() {
        for text in [
            "c:\\users\\<<ann>>\\x",
            "c:\\\\users\\\\<<ann>>",
            "/home/<<ann>>",
            "see /home/<<ann>>.",
            "users/<<ann>>/retrain",
            "azureml/code/users/<<ann>>",
            "c:\\documents and settings\\<<ann>>\\x",
            "cd ~<<ann>>/x",
            "contoso\\<<ann>>",
            "\"by contoso\\<<ann>>\"",
            "\"mlflow.user\": \"<<ann>>\"",
            "'mlflow.user': '<<ann>>'",
            "\"owners\": [\"bob\",\n \"<<ann>>\"]",
            "\"args\": [\"--user\", \"<<ann>>\"]",
            "\"args\": [\"--user=<<ann>>\"]",
            "mlflow.user: <<ann>>\n",
            "user=<<ann>>&x",
            "started_by=<<ann>>",
            "https://<<ann>>@dev.azure.com",
            "--user <<ann>> x",
            "user=<<ann>> action=login",
            "mlflow.user: <<ann>> today",
            "env user=<<ann>> today",
            "user: <<ann>> - logged in",
            "<owner>\u{0}<<ann>></owner>",
        ] {
            assert!(stands(&text.replace('\u{0}', "")), "{text}");
        }
    }

    #[test]
    fn what_does_not() {
        for text in [
            "<<ann>>",
            "/home/jo<<ann>>",
            "users/<<ann>>otation",
            "so <<ann>> said",
            "user: <<ann>>@contoso.com",
            "/home/<<ann>>.smith/",
            "/home/x-<<ann>>/",
            "/home/bob/<<ann>>/",
            "models/<<ann>>/weights",
            "models\\<<ann>>\\weights",
            "the \"<<ann>>\" model",
            "{\"model\": \"<<ann>>\"}",
            "\"users\": [\"bob\"], \"models\": [\"<<ann>>\"]",
            "count=<<ann>>",
            "<b></<<ann>>>",
            "<b><<ann>></b>",
            "user <<ann>>",
            "author: <<ann>> miller wrote this",
            "maintainer=<<ann>> smith <a@b>",
        ] {
            assert!(!stands(text), "{text}");
        }
    }
}
