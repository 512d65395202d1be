//! Where an identity ends: what may stand before and after it, by its type.
//!
//! | type | must not be part of |
//! | --- | --- |
//! | email, upn | a longer address on either side (`addresses`) |
//! | object id, puid, hash | a longer run of letters and digits |
//! | name | a longer word, or a double name (`Anne-Marie`); East Asian letters may adjoin |
//! | customer id | a longer token of letters, digits, `-` and `_` |
//! | username | as customer id and `.`, `@`, `+`; **and** it must stand for itself (see below) |
//!
//! A username must be a whole quoted string, a segment of a path, the user of a URL, or the value
//! of a key that speaks of users. It has the narrowest door because aliases are short and often
//! words: `ann` in a sentence is not a finding, `/home/ann`, `"mlflow.user": "ann"` and `user=ann`
//! are.

use crate::matching::identity::addresses::{address_at, continues_word, local_run_start};

/// How the ends of a pattern are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// An e-mail address or user principal name.
    Address,
    /// The guest form of an address, from its first letter to the end of its tenant.
    Guest,
    /// Hexadecimal digits.
    Digits,
    /// Words of a name.
    Words,
    /// A customer id.
    Token,
    /// An alias.
    Alias,
}

/// Whether `hit` stands for itself between `before` and `after`; all folded, and as much of the
/// neighbouring text as there is.
pub fn stands_alone(boundary: Boundary, before: &str, hit: &str, after: &str) -> bool {
    match boundary {
        Boundary::Address => is_whole_address(before, hit, after),
        Boundary::Guest => {
            !after.starts_with(|c: char| continues_word(c) || c == '-')
                && local_run_start(before, before.len()) == before.len()
        }
        Boundary::Digits => !before.ends_with(continues_word) && !after.starts_with(continues_word),
        Boundary::Words => stands_as_words(before, hit, after),
        Boundary::Token => !before.ends_with(is_token) && !after.starts_with(is_token),
        Boundary::Alias => stands_as_alias(before, after),
    }
}

fn is_whole_address(before: &str, hit: &str, after: &str) -> bool {
    let Some(sign) = hit.rfind('@') else { return false };
    let text = [tail(before), hit, head(after)].concat();
    let start = tail(before).len();
    address_at(&text, start + sign) == Some(start..start + hit.len())
}

/// East Asian names may adjoin anything of their own script; a reader cannot tell either.
fn stands_as_words(before: &str, hit: &str, after: &str) -> bool {
    let adjoins = |end: Option<char>, neighbour: Option<char>| {
        end.is_some_and(continues_word)
            && neighbour.is_some_and(|c| continues_word(c) || is_mark(c))
    };
    let (mut earlier, mut later) = (before.chars().rev(), after.chars());
    let (previous, next) = (earlier.next(), later.next());
    let double = |dash: Option<char>, beyond: Option<char>| {
        matches!(dash, Some('-' | '\u{2010}' | '\u{2011}'))
            && beyond.is_some_and(char::is_alphabetic)
    };
    !adjoins(hit.chars().next(), previous)
        && !adjoins(hit.chars().next_back(), next)
        && !double(previous, earlier.next())
        && !double(next, later.next())
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn is_token(c: char) -> bool {
    continues_word(c) || matches!(c, '-' | '_')
}

fn stands_as_alias(before: &str, after: &str) -> bool {
    let joined = |c: char| is_token(c) || matches!(c, '@' | '+');
    let dotted = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(continues_word));
    // `https://ann@host` and `ssh ann@host` are told apart by what stands before.
    let is_url_user = before.ends_with("://") && (after.starts_with('@') || after.starts_with(':'));
    if is_url_user {
        return true;
    }
    if before.ends_with(|c: char| joined(c) || c == '.') || after.starts_with(joined) || dotted {
        return false;
    }
    is_whole_string(before, after) || is_path_segment(before, after) || is_value(before, after)
}

fn is_whole_string(before: &str, after: &str) -> bool {
    ['"', '\'', '`'].iter().any(|quote| before.ends_with(*quote) && after.starts_with(*quote))
        || (before.ends_with('>') && after.starts_with("</"))
        || (before.trim().is_empty() && after.trim().is_empty())
}

fn is_path_segment(before: &str, after: &str) -> bool {
    let ends = |c: char| !matches!(c, '.');
    before.ends_with(['/', '\\'])
        && !before.ends_with("</")
        && (after.is_empty() || after.starts_with(ends) || after.starts_with(". "))
}

/// The value of a key that speaks of users: `mlflow.user: ann`, `owner=ann`, `--user ann`.
fn is_value(before: &str, after: &str) -> bool {
    const KEYS: [&str; 9] =
        ["user", "owner", "alias", "login", "author", "account", "creat", "submitt", "uid"];
    let ended = after.is_empty()
        || after.starts_with(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '&' | ')' | '}' | ']' | '|')
        });
    let key = before.trim_end_matches([' ', '\t']);
    let key = match key.strip_suffix(['=', ':']) {
        Some(key) => key.trim_end_matches([' ', '\t', '"', '\'']),
        None if key.len() < before.len() => key,
        None => return false,
    };
    let word = key.rsplit(|c: char| !(continues_word(c) || matches!(c, '.' | '_' | '-'))).next();
    let word = word.unwrap_or_default();
    let assigned = key.len() < before.trim_end_matches([' ', '\t']).len();
    ended && (assigned || word.starts_with("--")) && KEYS.iter().any(|known| word.contains(known))
}

fn tail(text: &str) -> &str {
    let mut start = text.len().saturating_sub(400);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

fn head(text: &str) -> &str {
    let mut end = text.len().min(400);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(boundary: Boundary, text: &str) -> bool {
        let (before, rest) = text.split_once('[').unwrap();
        let (hit, after) = rest.split_once(']').unwrap();
        stands_alone(boundary, before, hit, after)
    }

    #[test]
    fn aliases() {
        for text in [
            "c:\\users\\[ann]\\x",
            "/home/[ann]",
            "users/[ann]/retrain",
            "\"mlflow.user\": \"[ann]\"",
            "mlflow.user: [ann]\n",
            "user=[ann]&x",
            "https://[ann]@dev.azure.com",
            "[ann]",
            " [ann]\n",
            "--user [ann] x",
            "<owner>[ann]</owner>",
        ] {
            assert!(stands(Boundary::Alias, text), "{text}");
        }
        for text in [
            "jo[ann]",
            "[ann]otation",
            "so [ann] said",
            "[ann]@contoso.com",
            "/home/[ann].smith/",
            "/home/x-[ann]/",
            "x.[ann]/",
            "\"dear [ann]\"",
            "count=[ann]",
            "<b></[ann]>",
        ] {
            assert!(!stands(Boundary::Alias, text), "{text}");
        }
    }

    #[test]
    fn words() {
        for text in ["(ann lefèvre])", "[山田太郎]さん", "担当[ann lefèvre]さん", "[ann lefèvre]'s"]
        {
            let text = if text.contains('[') { text.to_owned() } else { text.replace('(', "[") };
            assert!(stands(Boundary::Words, &text), "{text}");
        }
        for text in
            ["jo[ann lefèvre]", "[ann lefèvre]s", "[ann lefèvre]-dupont", "marie-[ann lefèvre]"]
        {
            assert!(!stands(Boundary::Words, text), "{text}");
        }
    }
}
