//! What the service answered, and what a caller does about it.
//!
//! Errors of the SDK and messages of the service are never passed on: they hold URLs and names.
//! What passes is a status and a checked error code.

use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, Headers};
use bytes::Bytes;
use serde_json::Value;
use thiserror::Error;

use crate::adapters::azure::wire::answer::plain;
use crate::adapters::azure::wire::signing::credential::Refusal;
use crate::adapters::silence::{Silence, broken};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outcome::{Barrier, Block};

/// Shortest and longest wait that the service can ask for, and what is waited when it asks for
/// none, or for nonsense.
const WAIT_MS_MIN: u64 = 1_000;
const WAIT_MS_MAX: u64 = 3_600_000;
const WAIT_MS: u64 = 10_000;

/// In codes by which the service says that something else is done with the resource just now.
const BUSY: [&str; 4] = ["InProgress", "ConflictingOperation", "Busy", "BeingDeleted"];

/// An answer, good or bad.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The service's word for what went wrong, the innermost one; empty where it gave none.
    pub code: String,
    /// The body, where it is JSON.
    pub body: Value,
    headers: Headers,
}

/// Why there is no good answer. Holds neither URL nor name.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Trouble {
    /// The service said no.
    #[error("Azure answered {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The service's error code.
        code: String,
    },
    /// Nobody answered.
    #[error(transparent)]
    Unreachable(Silence),
    /// The connection broke; by whom, as far as it is known.
    #[error("{}", broken(.0.as_ref(), "Azure"))]
    Broken(Option<Silence>),
    /// It took too long, or told us to wait too long.
    #[error("Azure took too long")]
    Late,
    /// The answer has more bytes than we read.
    #[error("Azure answered with more than is read")]
    Large,
    /// The identity provider gave no token.
    #[error("{0}")]
    NoToken(Refusal),
    /// The answer, or our request, was not what both sides agreed on.
    #[error("Azure and we do not understand each other")]
    Garbled,
}

impl Answer {
    /// Takes the parts of a response that count.
    pub fn new(status: u16, headers: Headers, body: &Bytes) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let header = headers.get_optional_str(&HeaderName::from_static("x-ms-error-code"));
        let code = if status < 400 { None } else { code(&body).or(header) };
        let code = plain(code.unwrap_or_default());
        Self { status, code, body, headers }
    }

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.get_optional_str(&HeaderName::from_static(name))
    }

    /// Whether what was asked for is not there, and the workspace is. Where Resource Manager itself
    /// says so, it is the workspace that is not there, or its group: no word about what is in it.
    pub fn is_absent(&self) -> bool {
        let is_above = self.header("x-ms-failure-cause") == Some("gateway");
        self.is_absent_there() && !is_above
    }

    /// Whether it is the workspace itself that is not there, where Resource Manager was asked for
    /// that. Where it is what the workspace is in, nobody knows.
    pub fn is_absent_itself(&self) -> bool {
        let is_above =
            matches!(self.code.as_str(), "" | "ResourceGroupNotFound" | "SubscriptionNotFound");
        self.status == 404 && !is_above
    }

    /// The same of an answer by a service of the workspace's own. It says why; a 404 that does not
    /// is that of somebody in between.
    pub fn is_absent_there(&self) -> bool {
        let code = code(&self.body).unwrap_or_default().to_ascii_lowercase();
        let is_above = ["workspace", "resourcegroup", "subscription"];
        let is_above = is_above.iter().any(|word| code.contains(word));
        self.status == 404 && !code.is_empty() && !is_above
    }

    /// Whether somebody locked it, or something above it.
    pub fn is_locked(&self) -> bool {
        self.status == 409 && self.code.ends_with("Locked")
    }

    /// What forbids a change, if that is what the answer to it says.
    pub fn barrier(&self) -> Option<Barrier> {
        let is_barrier = self.is_locked() || self.status == 403;
        is_barrier.then(|| Barrier::new(Block::Lock, &self.code))
    }

    /// Whether something else is done with it just now.
    pub fn is_busy(&self) -> bool {
        self.status == 409 && BUSY.iter().any(|word| self.code.contains(word))
    }

    /// In how many milliseconds the service wants to be asked again.
    pub fn wait_ms(&self) -> u64 {
        let seconds = self.header("retry-after").and_then(|text| text.trim().parse::<u64>().ok());
        seconds.map_or(WAIT_MS, |s| s.saturating_mul(1_000)).clamp(WAIT_MS_MIN, WAIT_MS_MAX)
    }

    /// The answer as the reason why something did not work.
    pub fn failure(&self, doing: &str) -> Failure {
        Trouble::Refused { status: self.status, code: self.code.clone() }.failure(doing)
    }
}

impl Trouble {
    /// The trouble behind an error of the SDK.
    pub fn of(error: &azure_core::Error) -> Self {
        match error.kind() {
            ErrorKind::HttpResponse { status, error_code, .. } => Self::Refused {
                status: (*status).into(),
                code: plain(error_code.as_deref().unwrap_or_default()),
            },
            ErrorKind::Connection | ErrorKind::Io => Self::silent(error),
            // Where nobody answered there either, it says nothing of who we are.
            ErrorKind::Credential if Silence::behind(error).is_some() => Self::silent(error),
            ErrorKind::Credential => Self::NoToken(Refusal::behind(error)),
            _ => Self::Garbled,
        }
    }

    /// That there is no answer.
    pub fn silent(error: &azure_core::Error) -> Self {
        match Silence::behind(error) {
            Some(silence @ Silence::Unreachable { .. }) => Self::Unreachable(silence),
            silence => Self::Broken(silence),
        }
    }

    /// The failure of `doing` something because of it.
    pub fn failure(self, doing: &str) -> Failure {
        let kind = match &self {
            Self::Unreachable(_) | Self::Broken(_) | Self::Late => FailureKind::Transient,
            Self::NoToken(refusal) if refusal.passes => FailureKind::Transient,
            Self::NoToken(_) => FailureKind::NeedsPerson,
            Self::Garbled | Self::Large => FailureKind::Permanent,
            Self::Refused { status: 404, code } if code.is_empty() => {
                // Of somebody in between, who will not stay there for ever.
                FailureKind::Transient
            }
            Self::Refused { status, .. } => match status {
                408 | 429 | 500.. => FailureKind::Transient,
                401 | 403 | 404 => FailureKind::NeedsPerson,
                409 | 412 => FailureKind::Transient,
                _ => FailureKind::Permanent,
            },
        };
        Failure::new(kind, doing).because(self)
    }
}

/// The code of an error: the front end puts its own beside one that says nothing (`UserError`).
pub fn code(body: &Value) -> Option<&str> {
    let error = &body["error"];
    let inner = error["additionalInfo"].as_array().into_iter().flatten();
    let inner = inner.filter(|info| info["type"] == "InnerError");
    let inner = inner.filter_map(|info| info["info"]["value"]["code"].as_str()).next();
    let mut innermost = &error["innerError"];
    while innermost["innerError"]["code"].is_string() {
        innermost = &innermost["innerError"];
    }
    let told = inner.or(innermost["code"].as_str()).or(error["code"].as_str());
    // Model management has no envelope.
    told.or(body["code"].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let mut all = Headers::new();
        for (name, value) in headers {
            all.insert(*name, (*value).to_owned());
        }
        Answer::new(status, all, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn waits_have_bounds() {
        let table = [
            ("15", 15_000),
            (" 2 ", 2_000),
            ("0", 1_000),
            ("99999999999", 3_600_000),
            ("18446744073709551615", 3_600_000),
            ("18446744073709551616", 10_000),
            ("-1", 10_000),
            ("Wed, 21 Oct 2099 07:28:00 GMT", 10_000),
            ("", 10_000),
        ];
        for (text, expected) in table {
            assert_eq!(answer(202, &[("retry-after", text)], "").wait_ms(), expected, "{text}");
        }
        assert_eq!(answer(202, &[], "").wait_ms(), 10_000);
    }

    #[test]
    fn of_errors_the_innermost_code_is_told_and_no_name() {
        let inner = r#"{"error":{"code":"UserError","message":"ann","additionalInfo":[
            {"type":"Time","info":{"value":"x"}},
            {"type":"InnerError","info":{"value":{"code":"JobNotInTerminalState"}}}]}}"#;
        let table = [
            (inner, "JobNotInTerminalState"),
            (r#"{"error":{"code":"ScopeLocked","message":"ann"}}"#, "ScopeLocked"),
            (r#"{"error":{"code":"ann@contoso.example"}}"#, ""),
            (r#"{"error":{"code":7}}"#, ""),
            (r#"{"code":"NotFound","message":"ann"}"#, "NotFound"),
            (
                r#"{"error":{"code":"UserError","innerError":{"code":"BadArgument",
                    "innerError":{"code":"RunNotFound","innerError":null}}}}"#,
                "RunNotFound",
            ),
            ("<html>ann</html>", ""),
            ("", ""),
        ];
        for (body, expected) in table {
            let answer = answer(409, &[], body);
            assert_eq!(answer.code, expected, "{body}");
            assert!(!answer.failure("deleting").chain().contains("ann"), "{body}");
        }
    }

    #[test]
    fn a_workspace_that_is_gone_is_no_word_about_what_was_in_it() {
        let gateway = [("x-ms-failure-cause", "gateway")];
        let not_found = r#"{"error":{"code":"ResourceNotFound"}}"#;
        assert!(!answer(404, &gateway, not_found).is_absent());
        assert!(answer(404, &[], not_found).is_absent());
        assert!(!answer(404, &[], r#"{"error":{"code":"ResourceGroupNotFound"}}"#).is_absent());
        assert!(!answer(403, &[], "").is_absent());
        assert!(!answer(404, &[], r#"{"error":{"code":"WorkspaceNotFound"}}"#).is_absent());
        // Somebody in between does not know, and goes away again.
        let silent = answer(404, &[], "<html>not found</html>");
        assert!(!silent.is_absent() && silent.failure("reading").is_transient());
        assert!(!answer(404, &[], not_found).failure("reading").is_transient());
        let table = [
            (r#"{"error":{"code":"UserError","innerError":{"code":"RunNotFoundError"}}}"#, true),
            (r#"{"code":"NotFound","statusCode":404}"#, true),
            (r#"{"error":{"code":"UserError","innerError":{"code":"WorkspaceNotFound"}}}"#, false),
            (r#"{"error":{"code":"ResourceGroupNotFound"}}"#, false),
            ("<html>Not Found</html>", false),
            ("", false),
        ];
        for (body, expected) in table {
            assert_eq!(answer(404, &[], body).is_absent_there(), expected, "{body}");
        }
    }
}
