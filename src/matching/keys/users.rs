//! Keys that speak of users, so that an alias as their value names one.

/// Whether a key in lower case speaks of users.
pub fn speaks_of_users(key: &str) -> bool {
    const WORDS: [&str; 21] = [
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
    // Parts of other words: of a guide, of a factor.
    const WHOLE: [&str; 8] = ["uid", "uids", "euid", "ruid", "suid", "auid", "actor", "actors"];
    let mut parts = key.split(|c: char| !c.is_alphanumeric());
    let is_whole = parts.any(|part| WHOLE.contains(&part));
    is_whole
        || WORDS.iter().any(|word| key.contains(word))
        || key.ends_with("by") && key != "standby"
}
