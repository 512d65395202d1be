//! Keys that speak of users, so that an alias as their value names one.

/// Whether a key in lower case speaks of users.
pub fn speaks_of_users(key: &str) -> bool {
    const WORDS: [&str; 22] = [
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
        "uid",
        "assignee",
        "requester",
        "requestor",
        "principal",
        "person",
        "actor",
        "operator",
        "reviewer",
        "approver",
        "member",
        // What operated, in logs of Azure.
        "identity",
    ];
    WORDS.iter().any(|word| key.contains(word)) || key.ends_with("by") && key != "standby"
}
