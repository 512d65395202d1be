//! A user in a sentence: `Currently logged in as: ann`, `Accepted publickey for ann from 10.0.0.4`,
//! `User 'ann' logged in`, `submitted by ann`.

use crate::matching::identity::users::lines::{
    ends_with_words, ends_word, line_after, line_before,
};

/// After these words stands a user.
const BEFORE_USER: [&str; 43] = [
    "user is",
    "username is",
    "login is",
    "owner is",
    "allowusers",
    "denyusers",
    "logged in as",
    "logged on as",
    "log in as",
    "login as",
    "signed in as",
    "sign in as",
    "authenticated as",
    "running as",
    "run as",
    "executed as",
    "connected as",
    "acting as",
    "by user",
    "for user",
    "as user",
    "of user",
    "to user",
    "from user",
    "with user",
    "authenticating user",
    "invalid user",
    "unknown user",
    "illegal user",
    "current user",
    "local user",
    "remote user",
    "domain user",
    "logged in user",
    "user name",
    "account name",
    "login name",
    "logon name",
    "user account",
    "user.name",
    "impersonating",
    "setenv user",
    "set -x user",
];

/// What a user does, or is told to have done.
const DOES: &str = "logged signed started submitted created deleted removed has is was does did not \
    connected disconnected authenticated from on at with ran requested failed opened closed \
    uploaded downloaded registered joined left owns cannot may must already exited cancelled \
    canceled committed pushed changed updated added lacks exceeded";

/// What is done by somebody.
const DONE: &str = "submitted started created launched owned triggered requested approved assigned \
    executed initiated modified updated uploaded deleted registered reserved locked authored \
    committed pushed merged reviewed signed reported scheduled cancelled canceled invoked run \
    maintained trained published deployed edited closed opened";

/// Whether a sentence speaks of a user by this alias.
pub fn is_spoken_of(before: &str, after: &str) -> bool {
    let quote = ['"', '\'', '`', '[', '<', '(']
        .into_iter()
        .find(|open| before.ends_with(*open) && after.starts_with(closing(*open)));
    let (lead, tail) = match quote {
        Some(open) => (&before[..before.len() - open.len_utf8()], &after[1..]),
        None => (before, after),
    };
    if quote.is_none() && !ends_word(after) {
        return false;
    }
    let line = line_before(lead);
    let bare = line.trim_end_matches([' ', '\t', ':', '=', '"', '\'']);
    if bare.len() == line.len() {
        return false;
    }
    let rest = line_after(tail);
    BEFORE_USER.iter().any(|words| ends_with_words(bare, words))
        || ends_with_words(bare, "user") && is_user_word(bare, quote.is_some(), rest)
        || ends_with_words(bare, "account") && rest.starts_with(" (")
        || ends_with_words(bare, "as") && is_entered(bare)
        || ends_with_words(bare, "hi") && rest.contains("authenticated")
        || ends_with_words(bare, "by") && is_doer(bare, rest)
        || ends_with_words(bare, "for") && is_let_in(bare, rest)
}

/// `Logged in to github.com as ann`.
fn is_entered(lead: &str) -> bool {
    ["logged in", "signed in", "authenticated", "logged on"].iter().any(|said| lead.contains(said))
}

fn closing(open: char) -> char {
    match open {
        '[' => ']',
        '<' => '>',
        '(' => ')',
        quote => quote,
    }
}

/// `User ann logged in`, `USER ann` of a Dockerfile; but not `a user story`.
fn is_user_word(lead: &str, is_quoted: bool, rest: &str) -> bool {
    let word = rest.trim_start().split([' ', '\t', '.', ',', ';']).next().unwrap_or_default();
    let earlier = lead.trim_end().strip_suffix("user").unwrap_or_default().trim_end();
    let article = earlier.rsplit(' ').next().unwrap_or_default();
    if !is_quoted && ["the", "a", "an", "each", "every", "this", "your", "our"].contains(&article) {
        return false;
    }
    let opens_line = earlier.is_empty();
    let ends_line = rest.trim_matches(['"', '\'', ' ', ',', ';']).is_empty();
    let is_instruction = opens_line && (ends_line || rest.starts_with([':', ';']));
    is_quoted
        || is_instruction
        || rest.starts_with(' ') && DOES.split_whitespace().any(|does| does == word)
        || rest.starts_with(['(', '['])
        || rest.starts_with(" (")
        || rest.starts_with(" [")
}

/// `submitted by ann`, not `by ann miller` or `an announcement by ann`.
fn is_doer(lead: &str, rest: &str) -> bool {
    const GOES_ON: [&str; 12] =
        ["at", "on", "in", "from", "via", "with", "using", "for", "to", "and", "is", "was"];
    let done = lead.trim_end().strip_suffix("by").unwrap_or_default().trim_end();
    let verb = done.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let word = rest.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let ends = rest.trim_start().is_empty() || !rest.starts_with([' ', '\t']) || word.is_empty();
    DONE.split_whitespace().any(|known| known == verb) && (ends || GOES_ON.contains(&word))
}

/// `Accepted publickey for ann from 10.0.0.4 port 5022`.
fn is_let_in(lead: &str, rest: &str) -> bool {
    const SAID: [&str; 10] = [
        "accepted",
        "failed",
        "publickey",
        "password",
        "session",
        "authentication",
        "login",
        "keyboard-interactive",
        "gssapi",
        "access granted",
    ];
    let is_from = ["from", "by", "at", "on"].iter().any(|word| {
        rest.strip_prefix(' ').is_some_and(|rest| rest.starts_with(&format!("{word} ")))
    });
    let is_ended = rest.trim().is_empty() && lead.contains("login success");
    (is_from || is_ended) && SAID.iter().any(|said| lead.contains(said))
}
