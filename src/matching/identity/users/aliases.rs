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
//! | key of a section that does | `[user] name = ann` (`sections`) |
//! | user of a machine | `ann@gpu-01:~$`, `ssh ann@host` (`hosts`) |
//! | argument of a command | `sudo -u ann`, `chown ann:` (`commands`) |
//! | line of a listing | `ls -l`, `id`, `ps`, `/etc/passwd` (`listings`) |
//! | sentence | `logged in as ann`, `user 'ann'` (`phrases`) |
//! | what is recorded | `TODO(ann)`, `GRANT … TO ann`, blame, logs (`recorded`) |
//!
//! `models/ann/`, `"model": "ann"` and a quoted "ann" in a sentence speak of no user.

use crate::matching::identity::users::commands::is_argument;
use crate::matching::identity::users::hosts::is_on_host;
use crate::matching::identity::users::lines::{ends_word, joins_key, last_word, line_before};
use crate::matching::identity::users::listings::is_listed_user;
use crate::matching::identity::users::phrases::is_spoken_of;
use crate::matching::identity::users::recorded::is_recorded;
use crate::matching::identity::users::sections::is_in_section;
use crate::matching::keys::lengths::before_length;
use crate::matching::keys::users::speaks_of_users;
use crate::matching::views::spelling::spaceless::continues_word;

/// Bytes beside an alias that are looked at: a list of aliases with its key.
pub const BESIDE_BYTES: usize = 400;

/// Whether an alias between `before` and `after` names a user; all folded, and no more of them than
/// is looked at.
pub fn names_a_user(before: &str, alias: &str, after: &str) -> bool {
    // A line of a listing or of a terminal may be all that a string holds.
    let line = line_before(before);
    let is_quoted = line.rfind('"').is_some_and(|quote| {
        names_one(&line[quote + 1..], alias, after.split('"').next().unwrap_or(after))
    });
    is_quoted || names_one(before, alias, after)
}

fn names_one(before: &str, alias: &str, after: &str) -> bool {
    if before.ends_with("://") && after.starts_with(['@', ':']) || is_on_host(before, after) {
        return true;
    }
    let joined = |c: char| continues_word(c) || matches!(c, '-' | '_' | '@' | '+');
    let dotted = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(continues_word));
    let is_joined = |c: char| joined(c) || c == '.';
    if after.starts_with(joined) || dotted {
        return after.starts_with('@') && is_principal(before);
    }
    if before.ends_with(is_joined) {
        return before.ends_with('@') && is_recorded(before, after);
    }
    is_user_folder(before)
        || is_account(before, after)
        || is_value(before, after)
        || is_argument(before, after)
        || is_listed_user(before, alias, after)
        || is_spoken_of(before, after)
        || is_recorded(before, after)
}

/// Whether a list of tickets tells here whose they are: `Default principal: ann@CONTOSO.COM`.
fn is_principal(before: &str) -> bool {
    line_before(before).trim_start().strip_suffix(' ') == Some("default principal:")
}

/// The segment after a folder in which every user has one.
fn is_user_folder(before: &str) -> bool {
    const FOLDERS: [&str; 9] = [
        "crontabs",
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
    if before.ends_with("/run/media/")
        || before.ends_with("/var/mail/")
        || before.ends_with("/spool/mail/")
        || before.ends_with("/spool/cron/")
    {
        return true;
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
        && (!rest.ends_with(['\\', '/', ':', '.']) || rest.ends_with("/user:"))
        && !after.starts_with(['\\', '/'])
}

/// The value of a key that speaks of users, or one of the values of such a key.
fn is_value(before: &str, after: &str) -> bool {
    if !ends_word(after) {
        return false;
    }
    if let Some(tag) = before.strip_suffix('>').filter(|_| after.starts_with("</")) {
        let name = tag.rsplit('<').next().unwrap_or_default();
        let (element, attributes) = name.split_once(' ').unwrap_or((name, ""));
        let named = attributes.trim_start().strip_prefix("name=").unwrap_or_default();
        return speaks_of_users(element) || speaks_of_users(named) || is_in_section(before);
    }
    let quote = ['"', '\'', '`']
        .into_iter()
        .find(|quote| before.ends_with(*quote) && after.starts_with(*quote));
    let Some(quote) = quote else {
        let key = before.trim_end_matches([' ', '\t']);
        let is_named = has_key(key) || is_in_section(before) || is_enumerated(before);
        return is_named && (names_an_account(key) || !is_phrase(after));
    };
    let before = before[..before.len() - 1].trim_end();
    has_key(before) || is_in_section(before) || is_listed(before, quote)
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

/// One of several values of such a key: `members: bob, ann`.
fn is_enumerated(before: &str) -> bool {
    let line = line_before(before);
    let Some(at) = line.rfind([':', '=']) else { return false };
    let values = line[at + 1..].trim_end_matches([' ', '\t']);
    let values = values.trim_start().trim_start_matches('[');
    if values.is_empty() && line.trim_end().ends_with('[') {
        return has_key(&line[..at + 1]);
    }
    let is_list = values.strip_suffix(',').is_some_and(|values| {
        values.split(',').all(|value| {
            let value = value.trim();
            !value.is_empty() && value.chars().all(joins_key)
        })
    });
    is_list && has_key(&line[..at + 1])
}

/// Whether a key that speaks of users ends here, with its sign or as an option (`--user`).
fn has_key(text: &str) -> bool {
    let arrow = text.strip_suffix("=>").or_else(|| text.strip_suffix("->"));
    let counted = before_length(text);
    let signed = counted.or(arrow).or_else(|| text.strip_suffix(['=', ':']));
    let key = signed.unwrap_or(text).trim_end_matches([' ', '\t', '"', '\'', '`', '\\', ']']);
    let word = last_word(key);
    if speaks_of_users(word) {
        return signed.is_some() || word.starts_with("--");
    }
    // `User name: `
    let earlier = key[..key.len() - word.len()].trim_end_matches(' ');
    signed.is_some()
        && ["name", "id", "alias", "handle"].contains(&word)
        && earlier.len() + word.len() < key.len()
        && speaks_of_users(last_word(earlier))
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
        let (alias, after) = rest.split_once(">>").unwrap();
        names_a_user(before, alias, after)
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
            "runas /user:contoso\\<<ann>> cmd",
            "default principal: <<ann>>@contoso.com",
            "* @<<ann>> @kofi",
            "maintainer: <<ann>>\n",
            "usrname=<<ann>>\tsrc=1",
            "loginctl show-user <<ann>>",
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
            "a user <<ann>> of this",
            "author: <<ann>> miller wrote this",
            "maintainer=<<ann>> smith <a@b>",
        ] {
            assert!(!stands(text), "{text}");
        }
    }
}
