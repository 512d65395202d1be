//! What a caller branches on when something did not work: exactly as many kinds as there are
//! branches. What people read is the chain of sources beneath it.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use jiff::Timestamp;

/// Why an effect could not be had, and what may be done about it.
#[derive(Debug)]
pub struct Failure {
    /// Which branch the caller takes.
    pub kind: FailureKind,
    doing: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    of_the_ledger: bool,
    blame: Option<Blame>,
}

/// What is at fault where it is not the one thing at hand: whatever is done there next fails too,
/// so that nothing is said of an item by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blame {
    /// A whole source, by its name: it cannot be reached, or does not let us in.
    Source(String),
    /// The disk on which we put bytes aside.
    OwnDisk,
}

/// The three branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// May work when tried again as it is.
    Transient,
    /// Will not work however often it is tried.
    Permanent,
    /// Will work once a person changed something: a permission, a setting, a hold.
    NeedsPerson,
}

impl Failure {
    /// A failure of `kind` while `doing` something: lower case, what to what, no personal data.
    pub fn new(kind: FailureKind, doing: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), source: None, blame: None, of_the_ledger: false }
    }

    /// A failure that may pass.
    pub fn transient(doing: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, doing)
    }

    /// A failure that will stay.
    pub fn permanent(doing: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, doing)
    }

    /// A failure that a person can mend.
    pub fn needs_person(doing: impl Into<String>) -> Self {
        Self::new(FailureKind::NeedsPerson, doing)
    }

    /// Adds the cause, which must itself be free of personal data and secrets.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds what a peer said as the cause: it is not ours, and may repeat what we told it.
    #[must_use]
    pub fn because_told(self, said: impl fmt::Display) -> Self {
        self.because(told(&said.to_string()))
    }

    /// What the operating system, or a decoder, answered. What our own disk cannot do now it may do
    /// later; bytes that a decoder does not take stay as they are. Of the error its kind alone is
    /// told: its text may hold a path.
    pub fn of_io(doing: impl Into<String>, error: &io::Error) -> Self {
        let stays = matches!(
            error.kind(),
            ErrorKind::InvalidData
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidFilename
                | ErrorKind::Other
                | ErrorKind::UnexpectedEof
                | ErrorKind::Unsupported
                | ErrorKind::WriteZero
        );
        match (stays, error.kind()) {
            (true, kind) => Self::permanent(doing).because(kind.to_string()),
            (false, kind) => {
                let is_full = matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
                let is = if is_full { " is full" } else { "" };
                let why = format!("the disk for temporary files{is}: {kind}");
                Self { blame: Some(Blame::OwnDisk), ..Self::transient(doing) }.because(why)
            }
        }
    }

    /// Blames the whole source of that name.
    #[must_use]
    pub fn of_source(self, name: &str) -> Self {
        Self { blame: Some(Blame::Source(name.to_owned())), ..self }
    }

    /// What is to blame, where it is more than the one thing at hand.
    pub fn blame(&self) -> Option<&Blame> {
        self.blame.as_ref()
    }

    /// The source that is to blame as a whole.
    pub fn blamed_source(&self) -> Option<&str> {
        match &self.blame {
            Some(Blame::Source(name)) => Some(name),
            Some(Blame::OwnDisk) | None => None,
        }
    }

    /// The same once more, for somebody who cannot have the original.
    #[must_use]
    pub fn retold(&self, doing: impl Into<String>) -> Self {
        Self { blame: self.blame.clone(), ..Self::new(self.kind, doing).because(self.chain()) }
    }

    /// Says that the ledger itself failed, whatever it was asked: a disk is full, a server is away,
    /// a login is refused.
    #[must_use]
    pub fn of_the_ledger(mut self) -> Self {
        self.of_the_ledger = true;
        self
    }

    /// Whether the ledger itself failed. That tells nothing of a request: none is ended by it, and
    /// none of its tries is spent.
    pub fn is_of_the_ledger(&self) -> bool {
        self.of_the_ledger
    }

    /// Whether nobody needs to do anything about it, but wait.
    pub fn passes_by_itself(&self) -> bool {
        self.kind == FailureKind::Transient
    }

    /// Whether trying again as it is makes sense. It does where the ledger failed, also where a
    /// person must mend that first: without a ledger nothing else can be done, and an end could not
    /// even be written down.
    pub fn is_transient(&self) -> bool {
        self.kind == FailureKind::Transient || self.of_the_ledger
    }

    /// The whole chain in one line, outermost first, for the one place that logs it.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

impl Failure {
    /// The same for who waits for the request that it ended: a stable word, what to do, and what
    /// did not work.
    pub fn ending(&self) -> String {
        if let Some(name) = self.blamed_source() {
            let then = "see that it can be entered, then dsrd retry";
            return format!("source_shut; {then}: the source {name}: {}", self.chain());
        }
        let (word, then) = match self.kind {
            FailureKind::Transient => ("tries_spent", "see that it works again, then dsrd retry"),
            FailureKind::Permanent => ("permanent", "mend the cause, then dsrd retry"),
            FailureKind::NeedsPerson => ("needs_person", "change what is named, then dsrd retry"),
        };
        format!("{word}; {then}: {}", self.chain())
    }
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Transient, Self::Permanent, Self::NeedsPerson];

    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::NeedsPerson => "needs_person",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The last failure of a request that is tried again: told to people while it lasts, and no part of
/// the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The source that is to blame as a whole, if one is.
    pub source: Option<String>,
    /// Whether it may pass by itself.
    pub kind: FailureKind,
    /// What did not work, and why; free of personal data, as all failures are.
    pub reason: String,
    /// Since when the request has not gone on.
    pub since: Timestamp,
}

impl Obstacle {
    /// What a failure is to a request that has not gone on since then.
    pub fn new(failure: &Failure, since: Timestamp) -> Self {
        let source = failure.blamed_source().map(str::to_owned);
        Self { source, kind: failure.kind, reason: failure.chain(), since }
    }

    /// What is waited for, in a few words.
    pub fn what(&self) -> String {
        match (&self.source, self.kind) {
            (Some(source), FailureKind::NeedsPerson) => {
                format!("the source {source} does not let us in: somebody must mend that")
            }
            (Some(source), FailureKind::Transient | FailureKind::Permanent) => {
                format!("the source {source} cannot be entered")
            }
            (None, FailureKind::NeedsPerson) => "somebody must mend the cause".to_owned(),
            (None, FailureKind::Transient | FailureKind::Permanent) => {
                "did not work and is tried again".to_owned()
            }
        }
    }
}

/// The messages of an error and of all its sources, joined by `: `. Many libraries repeat the
/// source in the message; that is said once.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = error.source();
    }
    text
}

/// Longest text of a peer that is repeated, in characters.
const TOLD_CHARS_MAX: usize = 300;

/// Stands where a secret may have been.
const MASK: &str = "***";

/// Names of values that are secret, or parts of such names.
const TELLTALES: [&str; 7] = ["pass", "pwd", "secret", "token", "sig", "key", "auth"];

/// Shortest run of letters and digits that can only be a key or a signature.
const RANDOM_CHARS_MIN: usize = 40;

/// What a peer said, fit for logs and pages: in one line, cut, and without what may be a secret.
///
/// Those are what stands before the last `@` of a word that has a `:` there, as in URLs; values of
/// names such as `password` and `sig`; and long runs as keys are.
pub fn told(text: &str) -> String {
    let (mut words, mut is_secret) = (Vec::new(), false);
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        // `Bearer`, `Basic`, `password:` and the like tell of the word behind them.
        words.push(if is_secret { MASK.to_owned() } else { without_secrets(word) });
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
        is_secret = matches!(bare.as_str(), "bearer" | "basic" | "sharedkey")
            || word.ends_with([':', '=']) && is_telling(&bare);
    }
    let text = words.join(" ");
    match text.char_indices().nth(TOLD_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLTALES.iter().any(|telltale| name.contains(telltale))
}

fn without_secrets(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let is_escaped_url = lower.contains("%3a%2f%2f") && lower.contains("%40");
    let (before, after) = match word.rsplit_once('@') {
        Some((before, after)) if before.contains(':') => (MASK.to_owned() + "@", after),
        _ if is_escaped_url => return MASK.to_owned(),
        _ => (String::new(), word),
    };
    let mut masked = before;
    // Names and values, each with what stands between it and the next.
    let ends = |c: char| matches!(c, '&' | ';' | ',' | '?' | '{' | '}' | '(' | ')' | '<' | '>');
    for part in after.split_inclusive(ends) {
        let value = part.trim_end_matches(ends);
        match value.split_once(['=', ':']) {
            Some((name, secret)) if is_telling(name) && !secret.is_empty() => {
                let end = &part[value.len()..];
                masked.push_str(&value[..=name.len()]);
                masked.push_str(MASK);
                masked.push_str(end);
            }
            _ if is_random(value) => masked.push_str(MASK),
            _ => masked.push_str(part),
        }
    }
    masked
}

/// Whether there is a run that is too long and too mixed for a word of people.
fn is_random(text: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-');
    text.split(|c| !is_of_key(c)).any(|run| {
        run.len() >= RANDOM_CHARS_MIN
            && run.contains(|c: char| c.is_ascii_digit())
            && run.contains(|c: char| c.is_ascii_alphabetic())
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_peers_say_holds_no_secret() {
        for text in [
            "NOT_ALLOWED - vhost /;amqp://svc:5ecret@h2/%2f not found",
            "NOT_ALLOWED - vhost '/,amqps://svc:5ecret@h2,amqp://b:5ecret@h3' not found",
            "vhost %2F;amqp%3A%2F%2Fsvc%3A5ecret%40h2 not found",
            "amqp://svc:5e@cr:et5ecret@h2/",
            "postgres://dsrd:5ecret@db:5432/dsrd?sslmode=on",
            "unknown value: postgres://db/dsrd?user=a&password=5ecret&x=1",
            "https://a.blob.core.windows.net/c?sv=2021&se=2026&sig=5ecret%3D&sp=r",
            "AccountName=a;AccountKey=5ecret==;EndpointSuffix=core.windows.net",
            "{\"password\":\"5ecret\",\"user\":\"a\"}",
            "password: 5ecret",
            "Authorization: Bearer 5ecret",
            "bearer 5ecret.5ecret.5ecret",
            "SharedKey a:5ecret",
            "SharedAccessSignature=5ecret",
            "key 5ecretAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA was refused",
        ] {
            assert!(!told(text).contains("5ecret"), "{text}: {}", told(text));
        }
    }

    #[test]
    fn what_peers_say_stays_readable() {
        for text in [
            "NOT_FOUND - no queue 'dsr.requests' in vhost '/'",
            "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.",
            "database \"dsrd\" does not exist",
            "(code: 13) database or disk is full",
            "connection to 10.1.2.3:5672 refused (os error 111)",
            "the storage service answered 403 AuthorizationPermissionMismatch",
        ] {
            assert_eq!(told(text), text);
        }
        assert_eq!(told("a\u{1b}[2J\n\tb"), "a [2J b");
        assert_eq!(told(&"é ".repeat(1000)).chars().count(), TOLD_CHARS_MAX + 1);
    }

    #[test]
    fn what_the_disk_cannot_do_now_it_may_do_later() {
        use ErrorKind::{
            Interrupted, InvalidData, NotFound, OutOfMemory, PermissionDenied, QuotaExceeded,
            ReadOnlyFilesystem, StorageFull, TimedOut, UnexpectedEof, Unsupported,
        };
        let disk = [
            StorageFull,
            QuotaExceeded,
            Interrupted,
            TimedOut,
            OutOfMemory,
            NotFound,
            PermissionDenied,
            ReadOnlyFilesystem,
        ];
        let passing = disk.map(io::Error::from);
        // Too many open files, here and in the system; an error of the device.
        let uncategorised = [24, 23, 5].map(io::Error::from_raw_os_error);
        for error in passing.into_iter().chain(uncategorised) {
            let failure = Failure::of_io("reading", &error);
            let told = (failure.kind, failure.blame());
            assert_eq!(told, (FailureKind::Transient, Some(&Blame::OwnDisk)), "{error}");
        }
        let broken = [InvalidData, UnexpectedEof, Unsupported].map(io::Error::from);
        for error in broken.into_iter().chain([io::Error::other("bad block")]) {
            let failure = Failure::of_io("reading", &error);
            assert_eq!((failure.kind, failure.blame()), (FailureKind::Permanent, None), "{error}");
        }
    }

    #[test]
    fn nothing_is_said_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("reaching the server: {0}")]
        struct Repeating(#[source] io::Error);
        let failure =
            Failure::transient("asking").because(Repeating(io::Error::other("connection refused")));
        assert_eq!(failure.chain(), "asking: reaching the server: connection refused");
        let failure = Failure::transient("asking").because(io::Error::other("refused"));
        assert_eq!(failure.chain(), "asking: refused");
    }

    #[test]
    fn a_failure_of_the_ledger_is_never_the_last_word() {
        for kind in [FailureKind::Transient, FailureKind::Permanent, FailureKind::NeedsPerson] {
            let failure = Failure::new(kind, "writing");
            assert_eq!(failure.is_transient(), kind == FailureKind::Transient);
            assert!(failure.of_the_ledger().is_transient());
        }
    }
}
