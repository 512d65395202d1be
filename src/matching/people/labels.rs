//! Whether the name of a place may speak of a person: what is told of places is kept for good and
//! read by many.
//!
//! Items are searched with boundaries, so that who is meant is found and nobody else. Here it is
//! the other way round: a name that is withheld for nothing harms nobody. So whatever has pieces of
//! an identity in it counts, however they are joined, and whatever has the form of an address or of
//! something that belongs to one user.

use unicode_normalization::UnicodeNormalization;

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::domain::item::{Item, Version};
use crate::matching::matcher::Matcher;
use crate::matching::scan::scan_head;

/// Words beside that of one user.
const OF_PEOPLE: [&str; 16] = [
    "user", "users", "home", "homes", "people", "person", "personal", "private", "profile",
    "profiles", "owner", "member", "employee", "staff", "student", "alias",
];

/// What Azure Machine Learning has before the GUID of a workspace; another may be that of a user.
const OF_WORKSPACES: [&str; 3] = ["azureml-blobstore-", "azureml-filestore-", "code-"];

/// Letters of a piece that counts within a word; a shorter one has to be the word.
const PIECE_CHARS_MIN: usize = 5;

/// Judges names for one person.
pub struct Labels {
    matcher: Matcher,
    /// Of each identity the pieces that name somebody where all of them stand.
    pieces: Vec<Vec<String>>,
}

impl Labels {
    /// For this person.
    pub fn new(person: &Subject) -> Self {
        let raw = person.identities.iter().filter(|it| it.format == IdentityFormat::Raw);
        let pieces = raw.map(pieces).filter(|pieces| !pieces.is_empty()).collect();
        Self { matcher: Matcher::new(&[person]), pieces }
    }

    /// Whether it may.
    pub fn may_name(&self, text: &str) -> bool {
        let words = words(text);
        let joined = words.concat();
        let has = |piece: &String| {
            let is_long = piece.chars().count() >= PIECE_CHARS_MIN;
            words.contains(piece) || is_long && joined.contains(piece.as_str())
        };
        let stands = |pieces: &Vec<String>| {
            let backwards = pieces.iter().rev().map(String::as_str).collect();
            pieces.iter().all(has) || has(&pieces.concat()) || has(&backwards)
        };
        is_of_somebody(text, &words)
            || self.pieces.iter().any(stands)
            || !scan_head(&Item::bare("", text, Version::Current), &self.matcher).is_empty()
    }
}

/// An address, of a guest of the tenant too; an object of the directory; a folder, or anything
/// else, of one user.
fn is_of_somebody(text: &str, words: &[String]) -> bool {
    let lower = text.to_lowercase();
    let is_address = ["@", "%40", "#ext#"].iter().any(|mark| lower.contains(mark));
    // A container that is called `users` is nobody's, in whatever account it is.
    let is_of_people = |word: &String| OF_PEOPLE.contains(&word.as_str());
    let is_before = words.iter().rev().skip(1).any(is_of_people);
    let is_beside = text
        .split('/')
        .map(self::words)
        .any(|words| words.len() > 1 && words.iter().any(is_of_people));
    is_address || is_before || is_beside || has_guid(&lower)
}

/// Whether it has a GUID that is not a workspace's own.
fn has_guid(lower: &str) -> bool {
    let is_own = |part: &str| {
        let mut after = OF_WORKSPACES.iter().filter_map(|lead| part.strip_prefix(lead));
        after.any(is_guid)
    };
    let others = lower.split('/').filter(|part| !is_own(part));
    let mut runs = others.flat_map(|part| part.split(|c: char| !is_of_guid(c)));
    // Words before it may end in letters that are digits too.
    runs.any(|run| {
        run.char_indices().any(|(at, _)| {
            [32, 36].into_iter().any(|end| run.get(at..at + end).is_some_and(is_guid))
        })
    })
}

fn is_of_guid(c: char) -> bool {
    c.is_ascii_hexdigit() || c == '-'
}

fn is_guid(text: &str) -> bool {
    let plain = text.len() == 32 && !text.contains('-');
    let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    let is_dashed = text.len() == 36 && dashes == [8, 13, 18, 23];
    (plain || is_dashed) && text.chars().all(is_of_guid)
}

/// Of an address what stands before its `@`, of a name its words, of all else the whole.
fn pieces(identity: &Identity) -> Vec<String> {
    let value = identity.expose();
    match identity.kind {
        IdentityType::Email | IdentityType::Upn => {
            let local = value.rsplit_once('@').map_or(value, |(local, _)| local);
            words(local)
        }
        IdentityType::Name => words(value),
        IdentityType::ObjectId
        | IdentityType::Puid
        | IdentityType::Username
        | IdentityType::ControllerCustomerId => vec![words(value).concat()],
    }
}

/// Letters and digits between other marks, without case and accents.
fn words(text: &str) -> Vec<String> {
    let plain: String =
        text.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect();
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> Labels {
        let identity = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.into());
        let hashed = "9b83a6e1cfc4d8e1a5d4d4a5c9a5f31c7a1d9f1a5d4f0e4f6f6b1d2c3b4a5968";
        Labels::new(&Subject {
            identities: vec![
                identity(IdentityType::Email, "ann.lefevre@contoso.com"),
                identity(IdentityType::Name, "Ann Lefèvre"),
                identity(IdentityType::Username, "annl"),
                identity(IdentityType::ObjectId, "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
                identity(IdentityType::ControllerCustomerId, "C-770-ZYX"),
                Identity::new(IdentityType::Upn, IdentityFormat::Sha256, hashed.into()),
            ],
        })
    }

    #[test]
    fn a_name_that_may_speak_of_somebody_is_known() {
        let labels = ann();
        for name in [
            "ann.lefevre@contoso.com",
            "ann-lefevre",
            "lefevre-ann",
            "data-annlefevre-2",
            "lefevreann",
            "Lefèvre_Ann",
            "backup-annl",
            "6f9619ff8b86d011b42d00cf4fc964ff",
            "of-6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "of-c-770-zyx",
            "bob@contoso.com",
            "bob%40contoso.com",
            "bob_contoso.com#EXT#",
            "users-bob",
            "Users/bob",
            "home_bob",
            "bob-home",
            "bobs-private-data",
            "employee_4711",
            "of-0e1f2a3b-1111-2222-3333-444455556666",
            "data0e1f2a3b111122223333444455556666",
            "store/0E1F2A3B-1111-2222-3333-444455556666",
            "code-0e1f2a3b-1111-2222-3333-444455556666-bob-alias",
        ] {
            assert!(labels.may_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_everybodys_is_told() {
        let labels = ann();
        for name in [
            "",
            "users",
            "home",
            "azureml",
            "annual-report",
            "planning",
            "workspaceblobstore",
            "azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014",
            "insights-logs-amlcomputeclusterevent",
            "examplews01/code-391ff5ac-6576-460f-ba4d-7e03433c68b6",
            "examplews01/azureml-filestore-eeeeeeee-0000-4000-8000-000000000014",
            "abcdef0123456789abcdef",
            "acc/users",
            "AppTraces",
        ] {
            assert!(!labels.may_name(name), "{name}");
        }
    }
}
