//! Keys that speak of users, so that an alias as their value names one.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// What such a key has in it.
pub const USERS: [&str; 21] = [
    "user",
    "owner",
    "alias",
    "login",
    "logon",
    "logname",
    "author",
    "account",
    "creat",
    "submitt",
    "assignee",
    "assigned",
    "requester",
    "requestor",
    "principal",
    "person",
    "operator",
    "reviewer",
    "approver",
    "member",
    // What operated, in logs of Azure.
    "identity",
];

/// The same where it is no part of another word: of a guide, of a factor.
const WHOLE: [&str; 8] = ["uid", "uids", "euid", "ruid", "suid", "auid", "actor", "actors"];

/// Every string of a binary may be a key.
static ANY: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(USERS).expect("few and short patterns"));

/// Whether a key in lower case speaks of users.
pub fn speaks_of_users(key: &str) -> bool {
    let mut parts = key.split(|c: char| !c.is_alphanumeric());
    let is_whole = parts.any(|part| WHOLE.contains(&part));
    is_whole || ANY.is_match(key) || key.ends_with("by") && key != "standby"
}
