//! A key like `name` whose section speaks of users: `[user]`, `"owner": {"name": …`, `user:⏎  id: …`.

use crate::matching::identity::users::lines::last_word;
use crate::matching::keys::users::speaks_of_users;

/// Keys that say which one, and not of what.
const KEYS: [&str; 11] = [
    "name",
    "id",
    "nick",
    "nickname",
    "handle",
    "value",
    "slug",
    "key",
    "uniquename",
    "shortname",
    "sam",
];

/// Whether the value after `before` is of such a key, or an element of a list that speaks of users.
pub fn is_in_section(before: &str) -> bool {
    if let Some(rest) = before.trim_end_matches([' ', '\t']).strip_suffix('-')
        && rest.trim_end_matches([' ', '\t']).ends_with('\n')
    {
        return lists_users(rest);
    }
    if let Some(tag) = before.strip_suffix('>') {
        return is_in_element(tag);
    }
    let signed = before.trim_end_matches([' ', '\t']);
    let Some(key) = signed.strip_suffix("=>").or_else(|| signed.strip_suffix([':', '='])) else {
        return false;
    };
    let key = key.trim_end_matches([' ', '\t', '"', '\'']);
    let word = last_word(key);
    if !KEYS.contains(&word) {
        return false;
    }
    let above = &key[..key.len() - word.len()];
    is_in_object(above) || is_in_table(above) || is_below(above)
}

/// `<author><name>`.
fn is_in_element(tag: &str) -> bool {
    let Some((above, name)) = tag.rsplit_once('<') else { return false };
    let parent = above.trim_end().strip_suffix('>').and_then(|tag| tag.rsplit('<').next());
    KEYS.contains(&name)
        && parent.is_some_and(|parent| {
            speaks_of_users(parent.split_whitespace().next().unwrap_or_default())
                && !parent.starts_with('/')
        })
}

/// The innermost object that is open, by its key or by that of the list that it stands in.
fn is_in_object(above: &str) -> bool {
    let (mut depth, mut is_within) = (0, false);
    for (at, c) in above.char_indices().rev() {
        match c {
            '}' | ']' => depth += 1,
            '{' | '[' if depth > 0 => depth -= 1,
            '{' if is_within => return false,
            '{' | '[' => {
                let key = above[..at].trim_end_matches([' ', '\n', '\t', '\r']);
                if let Some(key) = key.strip_suffix([':', '=']) {
                    return speaks_of_users(last_word(key.trim_end_matches([' ', '"', '\''])));
                }
                is_within = true;
            }
            _ => {}
        }
    }
    false
}

/// The last `[section]` above.
fn is_in_table(above: &str) -> bool {
    let section = above.rsplit('\n').skip(1).find_map(|line| {
        let (lead, section) = line.trim().strip_suffix(']')?.rsplit_once('[')?;
        (lead.is_empty() || lead.ends_with('"')).then_some(section)
    });
    section.is_some_and(|section| {
        speaks_of_users(section.split([' ', '"']).next().unwrap_or_default())
    })
}

/// The line above that is indented less.
fn is_below(above: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let mut lines = above.rsplit('\n');
    let own = lines.next().map_or(0, indent);
    let parent = lines.find(|line| !line.trim().is_empty() && indent(line) < own);
    parent.is_some_and(|line| {
        line.trim_end()
            .strip_suffix(':')
            .is_some_and(|key| speaks_of_users(last_word(key.trim_matches(['"', '\'']))))
    })
}

/// `owners:⏎  - bob⏎  - ann`.
fn lists_users(above: &str) -> bool {
    let mut lines = above.trim_end_matches([' ', '\t']).trim_end_matches(['\n', '\r']).rsplit('\n');
    let head = lines.find(|line| !line.trim_start().starts_with('-'));
    head.is_some_and(|line| {
        line.trim_end()
            .strip_suffix(':')
            .is_some_and(|key| speaks_of_users(last_word(key.trim_matches(['"', '\'']))))
    })
}
