//! Persons named in an item: whose data is in it besides the subject's.
//!
//! Three things name a person for certain enough to be masked in an export: an address, the folder
//! of a user, and the members of a user object in a run document (`userName`, `userObjectId`, `upn`
//! …). A name in running text is not recognised: that would be guessing.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr_iter, memmem};

use crate::domain::item::Item;
use crate::matching::identity::addresses::{address_at, continues_word};
use crate::matching::limits::Limits;
use crate::matching::views::meter::Meter;
use crate::matching::views::spelling::fold::fold;
use crate::matching::views::walk::{Look, Walk};

/// A person named in an item. `Debug` is not implemented: it names somebody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    /// By what.
    pub by: NamedBy,
    /// The address, alias or value, folded.
    pub value: String,
    /// The readings that led to it, as in a hit.
    pub view: String,
    /// Where, as in a hit.
    pub place: String,
}

/// What names a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedBy {
    /// An e-mail address or user principal name.
    Address,
    /// A folder under `Users` or `home`.
    UserFolder,
    /// A member of a user object.
    UserObject,
}

/// Everyone named in an item, the subject too; sorted, at most `hits_per_item_max`.
///
/// Fails only if `content` does.
pub fn people(item: &Item, content: &mut dyn Read, limits: &Limits) -> io::Result<Vec<Person>> {
    let meter = Meter::default();
    let mut census = Census { room: limits.hits_per_item_max };
    let mut walk = Walk::new(&mut census, limits, &meter);
    walk.head(item);
    walk.content(content)?;
    let sights: BTreeSet<_> = walk.sights;
    let person = |(by, value), view, place| Person { by, value, view, place };
    Ok(sights.into_iter().map(|sight| person(sight.what, sight.view, sight.place)).collect())
}

/// Everyone named in a text, with the range that names them; the value is folded.
pub fn people_in(text: &str, named: &mut dyn FnMut(NamedBy, &str, Range<usize>)) {
    let reading = fold(text);
    let folded = reading.text.as_str();
    let mut tell = |by, range: Range<usize>| {
        let origin = reading.origin(range.start)..reading.origin_end(range.end, text.len());
        named(by, &folded[range], origin);
    };
    for at in memchr_iter(b'@', folded.as_bytes()) {
        if let Some(range) =
            address_at(folded, at).filter(|range| is_address(&folded[range.clone()]))
        {
            tell(NamedBy::Address, range);
        }
    }
    for folder in ["users", "home"] {
        for at in memmem::find_iter(folded.as_bytes(), folder) {
            if let Some(range) = alias_after(folded, at, folder.len()) {
                tell(NamedBy::UserFolder, range);
            }
        }
    }
    for key in USER_KEYS {
        for at in memmem::find_iter(folded.as_bytes(), key) {
            if let Some(range) = value_after(folded, at + key.len()) {
                tell(NamedBy::UserObject, range);
            }
        }
    }
}

/// Members of the user objects that run documents have (`createdBy`, `lastModifiedBy`,
/// `systemData`), folded and in quotes as keys are.
const USER_KEYS: [&str; 10] = [
    "\"userobjectid\"",
    "\"userpuid\"",
    "\"username\"",
    "\"upn\"",
    "\"createdby\"",
    "\"lastmodifiedby\"",
    "\"mlflow.user\"",
    "\"useremail\"",
    "\"displayname\"",
    "\"useraltsecid\"",
];

/// Folders under `Users` that belong to nobody.
const NOBODY: [&str; 6] = ["public", "default", "shared", "all", "azureuser", "runner"];

struct Census {
    room: usize,
}

impl Look for Census {
    type What = (NamedBy, String);

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Self::What, Range<usize>)) {
        people_in(text, &mut |by, value, range| seen((by, value.to_owned()), range));
    }

    fn keep(&mut self, _: &Self::What) -> bool {
        let keeps = self.room > 0;
        self.room = self.room.saturating_sub(1);
        keeps
    }
}

/// `user@host` of a shell prompt or a package version (`x@1.2`) is no address.
fn is_address(token: &str) -> bool {
    token.rsplit_once('.').is_some_and(|(rest, top)| {
        rest.contains('@') && top.len() >= 2 && top.chars().all(char::is_alphabetic)
    })
}

fn alias_after(text: &str, at: usize, len: usize) -> Option<Range<usize>> {
    let starts = at == 0 || text[..at].ends_with(['/', '\\', '"', '\'', ' ', '=', '(']);
    let rest = &text[at + len..];
    let alias = rest.trim_start_matches(['/', '\\']);
    let start = text.len() - alias.len();
    if !starts || start == at + len {
        return None;
    }
    let end = alias
        .find(|c: char| !(continues_word(c) || matches!(c, '.' | '_' | '-' | '@' | '+')))
        .unwrap_or(alias.len());
    let alias = alias[..end].trim_end_matches(['.', '-']);
    (!alias.is_empty() && !NOBODY.contains(&alias)).then(|| start..start + alias.len())
}

/// The string value of a key that ended at `at`.
fn value_after(text: &str, at: usize) -> Option<Range<usize>> {
    let value = text[at..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let start = text.len() - value.len();
    let end = value.find(['"', '\\'])?;
    (end > 0).then(|| start..start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named() {
        for (text, expected) in [
            ("mail Bob@Contoso.com, x@1.2, git@host", vec!["bob@contoso.com"]),
            ("/mnt/Users/bob.b/train.py C:\\Users\\eve\\x /home/azureuser/", vec!["bob.b", "eve"]),
            (r#"{"createdBy": {"userName": "Bob B", "userPuId": null}}"#, vec!["bob b"]),
            (r#"{"systemData": {"createdBy": "Hanako Example"}}"#, vec!["hanako example"]),
            ("/homework/users", vec![]),
        ] {
            let mut named = Vec::new();
            people_in(text, &mut |_, value, _| named.push(value.to_owned()));
            assert_eq!(named, expected, "{text}");
        }
    }
}
