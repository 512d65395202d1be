//! Keys that speak of users, so that an alias as their value names one.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// What such a key has in it.
pub const USERS: [&str; 24] = [
    "user",
    "owner",
    "alias",
    "login",
    "logon",
    "logname",
    "author",
    "maintainer",
    "committer",
    "usrname",
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

/// What may speak of users, and how many words after it are asked for. Sentences have the alias at
/// once, commands and listings somewhere.
pub const SPEAKING: [(&str, usize); 43] = [
    ("logged in", 3),
    ("logged on", 3),
    ("signed in", 3),
    ("login as", 2),
    ("log in as", 2),
    ("running as", 2),
    ("run as", 2),
    ("authenticated as", 2),
    ("uid=", 6),
    ("user ", 1),
    ("account name", 1),
    ("logon name", 1),
    ("sudo ", 5),
    ("ssh ", 5),
    ("scp ", 6),
    ("rsync ", 6),
    ("sshd", 8),
    ("chown ", 4),
    ("whoami", 1),
    ("useradd", 6),
    ("adduser", 4),
    ("usermod", 6),
    ("su - ", 1),
    ("-rw", 6),
    ("drwx", 6),
    ("lrwx", 6),
    ("-r-", 6),
    ("pts/", 1),
    ("publickey for", 2),
    ("password for", 2),
    ("opened for", 2),
    ("submitted by", 1),
    ("started by", 1),
    ("created by", 1),
    ("todo(", 1),
    ("fixme(", 1),
    ("author{", 1),
    ("@author ", 1),
    ("committer ", 1),
    ("owner to ", 1),
    ("acls to: ", 1),
    ("-!- ", 1),
    ("@assignee ", 1),
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
