//! Lines that other programs write of users.
//!
//! Accounts of a machine, as its own list has them
//! (`kofib:x:1001:1001:Kofi Brandt,,,:/home/kofib:…`), and who wrote a line of a program, as
//! `git blame` tells it.

use memchr::{memchr_iter, memmem};

use crate::domain::asked::subject::IdentityType;
use crate::matching::people::doubts::{full_name, identifier, may_be_alias};
use crate::matching::people::named::Named;
use crate::matching::people::records::bounds::{line_end, line_start};
use crate::matching::people::records::values::{is_written_small, range_of};
use crate::matching::put::stands_at;
use crate::matching::views::spelling::cut::{ceil, floor};

/// Longest line of an account, in bytes.
const LINE_BYTES_MAX: usize = 512;

/// Fields of such a line.
const FIELDS: usize = 7;

/// Everyone who has an account in a list of them: the alias, and what the person is called.
pub fn accounts_in(text: &str, found: &mut dyn FnMut(Vec<Named>)) {
    let mut passed = 0;
    // A home folder stands in every account of a person.
    for at in memmem::find_iter(text.as_bytes(), b":/") {
        if at < passed {
            continue;
        }
        let line = line_start(text, at)..line_end(text, at);
        passed = line.end;
        let signs = memchr_iter(b':', &text.as_bytes()[line.clone()]).count();
        if line.len() > LINE_BYTES_MAX || signs + 1 != FIELDS {
            continue;
        }
        let fields: Vec<&str> = text[line].split(':').collect();
        let [alias, password, user, group, name, home, _] = fields.as_slice() else { continue };
        let is_number =
            |field: &str| !field.is_empty() && field.bytes().all(|b| b.is_ascii_digit());
        // Hashed elsewhere, locked, or here.
        let is_password = ["", "x", "*", "!", "!!"].contains(password) || password.starts_with('$');
        if !is_password || !is_number(user) || !is_number(group) || !home.starts_with('/') {
            continue;
        }
        let name = name.split(',').next().unwrap_or_default();
        let is_name = full_name(name) || is_written_small(name);
        let kinds = [(*alias, IdentityType::Username), (name, IdentityType::Name)];
        let is_told = |(value, kind): &(&str, IdentityType)| {
            let is_such = if *kind == IdentityType::Name { is_name } else { may_be_alias(value) };
            is_such && !stands_at(text, range_of(text, value).start)
        };
        // Accounts of services are called by no name.
        if is_name {
            let told = kinds.into_iter().filter(is_told);
            found(
                told.map(|(value, kind)| (identifier(kind, value), range_of(text, value)))
                    .collect(),
            );
        }
    }
}

/// Everyone who wrote a line: `1f2e3d4c (Kofi Brandt 2026-11-01 10:00:00 +0100 7) import os`.
pub fn blamed_in(text: &str, found: &mut dyn FnMut(Vec<Named>)) {
    const HASH_BYTES: std::ops::RangeInclusive<usize> = 7..=40;
    for open in memmem::find_iter(text.as_bytes(), b" (") {
        let near = &text[ceil(text, open.saturating_sub(LINE_BYTES_MAX))..open];
        let line = &near[line_start(near, near.len())..];
        let hash = line.trim_start_matches('^').split(' ').next().unwrap_or_default();
        let is_hash =
            HASH_BYTES.contains(&hash.len()) && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let inner = &text[open + 2..floor(text, open + LINE_BYTES_MAX)];
        let Some(inner) = inner.split([')', '\n']).next().filter(|_| is_hash) else { continue };
        let words: Vec<&str> = inner.split_whitespace().collect();
        let [.., date, time, zone, _number] = words.as_slice() else { continue };
        let is_time = zone.starts_with(['+', '-'])
            && time.matches(':').count() == 2
            && date.matches('-').count() == 2;
        let name = inner[..range_of(inner, date).start].trim();
        if !is_time || name.contains('@') {
            continue;
        }
        let is_name = full_name(name) || is_written_small(name);
        let range = range_of(text, name);
        if (is_name || may_be_alias(name)) && !stands_at(text, range.start) {
            let kind = if is_name { IdentityType::Name } else { IdentityType::Username };
            found(vec![(identifier(kind, name), range)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_an_account() {
        let text = "root:x:0:0:root:/root:/bin/bash\n\
            kofib:x:1001:1001:Kofi Brandt,,,:/home/kofib:/bin/bash\n\
            nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
            ok: 7:1:2:Data Lake:/x:y\ninesf:*:1002:1002:ines falk:/home/inesf:/bin/sh\n";
        let mut told = Vec::new();
        accounts_in(text, &mut |named| {
            told.push(named.into_iter().map(|(one, _)| one.value).collect::<Vec<_>>().join(", "));
        });
        assert_eq!(told, ["kofib, kofi brandt", "inesf, ines falk"]);
    }

    #[test]
    fn who_wrote_a_line() {
        let text = "^0123456 (Kofi Brandt   2026-11-01 10:00:00 +0100  7) import os\n\
            1123456a src/a.py (inesf 2026-11-01 10:00:00 +0100 12) x = f(1)\n\
            a note (Random Forest 2026-11-01 10:00:00 +0100 7)\n1123456a (Data Lake) x\n";
        let mut told = Vec::new();
        blamed_in(text, &mut |named| told.extend(named.into_iter().map(|(one, _)| one.value)));
        assert_eq!(told, ["kofi brandt", "inesf"]);
    }
}
