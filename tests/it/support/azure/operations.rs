//! Long-running operations: what was begun goes on by the simulator's clock, whether somebody looks
//! or not; who looks follows a signed link, and is given a new one each time.
//!
//! A link is some 3.4 KB long, names another region than the resource's, and is good only with its
//! signature. The status (`Azure-AsyncOperation`) says how it goes in words; the result
//! (`Location`) is 202 until the end, and then what the operation would have answered at once.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::azure::kind::Kind;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::blob_server::form::stamp;
use crate::support::blob_server::wire::{Reply, Request};

/// Bytes that pad a link to the length that was met in the field.
const CERTIFICATE_CHARS: usize = 2900;
const SIGNATURE_CHARS: usize = 340;

/// Which links an answer to a DELETE names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// It is over: 200, or 204 where there was nothing.
    AtOnce,
    /// `Azure-AsyncOperation` alone.
    AsyncOperation,
    /// `Location` alone.
    Location,
    Both,
}

/// What an answer says of the next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    Absent,
    Seconds(u64),
    /// A value that makes no sense.
    Odd(&'static str),
}

/// How an operation ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Succeeded,
    /// Nothing is done, and this is said.
    Failed {
        code: String,
        message: String,
    },
    Canceled,
    /// It does not.
    Never,
    /// It is done, and whoever looks at the operation finds none.
    Forgotten,
    /// It says that it succeeded, and the resource is still there.
    NotDone,
}

/// How an operation goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    pub shape: Shape,
    pub retry_after: RetryAfter,
    /// Until it is done, by the simulator's clock.
    pub lasts: SignedDuration,
    /// Looks that find it under way, however late they come.
    pub polls: u32,
    /// What it is called while it is under way: one word a look, the last one for the rest.
    pub words: Vec<String>,
    pub end: End,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            shape: Shape::AtOnce,
            retry_after: RetryAfter::Absent,
            lasts: SignedDuration::ZERO,
            polls: 1,
            words: vec!["InProgress".to_owned()],
            end: End::Succeeded,
        }
    }
}

impl Course {
    /// The same, lasting that long.
    #[must_use]
    pub fn lasting(self, lasts: SignedDuration) -> Self {
        Self { lasts, ..self }
    }

    fn does_something(&self) -> bool {
        matches!(self.end, End::Succeeded | End::Forgotten)
    }
}

/// What an operation does in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Delete {
        kind: Kind,
        names: Vec<String>,
    },
    /// The workspace, for good or softly.
    DeleteWorkspace {
        for_good: bool,
    },
    CancelJob(String),
    Nothing,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub kind: Kind,
    pub workspace: WorkspaceId,
    pub effect: Effect,
    pub course: Course,
    pub started: Timestamp,
    pub polls: u32,
    /// How many links were given out.
    links: u32,
    is_settled: bool,
}

/// All operations that were begun.
#[derive(Debug, Default)]
pub struct Operations {
    all: BTreeMap<String, Operation>,
    begun: u32,
    /// Whether only the newest link of an operation is good.
    pub newest_link_only: bool,
}

/// Where links lead.
pub struct Links<'a> {
    pub base_url: &'a str,
    pub region: &'a str,
}

impl Operations {
    /// Takes one in, and gives its id.
    pub fn begin(
        &mut self,
        kind: Kind,
        workspace: &WorkspaceId,
        effect: Effect,
        course: Course,
        now: Timestamp,
    ) -> String {
        self.begun += 1;
        let name = format!("operation-{}", self.begun);
        let guid = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
        let id = match kind.operations_word() {
            "mfeOperations" => format!("odidp:{guid}"),
            _ => guid.to_string(),
        };
        let operation = Operation {
            id: id.clone(),
            kind,
            workspace: workspace.clone(),
            effect,
            course,
            started: now,
            polls: 0,
            links: 0,
            is_settled: false,
        };
        self.all.insert(id.clone(), operation);
        id
    }

    /// What is due by now, each once.
    pub fn due(&mut self, now: Timestamp) -> Vec<(WorkspaceId, Effect)> {
        let is_due = |operation: &&mut Operation| {
            !operation.is_settled && now >= operation.started + operation.course.lasts
        };
        let mut due = Vec::new();
        for operation in self.all.values_mut().filter(is_due) {
            operation.is_settled = true;
            if operation.course.does_something() {
                due.push((operation.workspace.clone(), operation.effect.clone()));
            }
        }
        due
    }

    /// Whether something is under way that will do this.
    pub fn is_under_way(&self, workspace: &WorkspaceId, effect: &Effect) -> bool {
        self.all.values().any(|operation| {
            !operation.is_settled
                && operation.workspace.key() == workspace.key()
                && operation.effect == *effect
        })
    }

    /// The kind of a known operation.
    pub fn kind(&self, id: &str) -> Option<Kind> {
        self.all.get(id).map(|operation| operation.kind)
    }

    /// The links that an answer names now.
    pub fn with_links(&mut self, reply: Reply, id: &str, links: &Links<'_>) -> Reply {
        let Some(operation) = self.all.get_mut(id) else { return reply };
        operation.links += 1;
        let (status, result) = match operation.course.shape {
            Shape::AtOnce => (false, false),
            Shape::AsyncOperation => (true, false),
            Shape::Location => (false, true),
            Shape::Both => (true, true),
        };
        let reply = match status {
            true => reply.with("Azure-AsyncOperation", operation.link(links, false)),
            false => reply,
        };
        let reply = match result {
            true => reply.with("Location", operation.link(links, true)),
            false => reply,
        };
        let reply = match operation.kind.operations_word() {
            "mfeOperations" => reply.with("x-ms-async-operation-timeout", "PT30M"),
            _ => reply,
        };
        match operation.course.retry_after {
            RetryAfter::Absent => reply,
            RetryAfter::Seconds(seconds) => reply.with("Retry-After", seconds.to_string()),
            RetryAfter::Odd(text) => reply.with("Retry-After", text),
        }
    }

    /// A look at one of SDK v1, whose links are not signed: whether it is over, and how it goes.
    pub fn look(&mut self, id: &str) -> Option<(bool, &Operation)> {
        let operation = self.all.get_mut(id)?;
        operation.polls += 1;
        let is_over = operation.is_over();
        Some((is_over, operation))
    }

    /// A look at one.
    pub fn poll(
        &mut self,
        id: &str,
        is_result: bool,
        request: &Request,
        links: &Links<'_>,
        now: Timestamp,
    ) -> Answer {
        let newest_link_only = self.newest_link_only;
        let unknown = || {
            let text = format!("The operation '{id}' was not found.");
            Refusal::gateway(404, "OperationNotFound", text)
        };
        let operation = self.all.get_mut(id).ok_or_else(unknown)?;
        operation.check_link(request, newest_link_only)?;
        operation.polls += 1;
        let is_over = operation.is_over();
        if is_over && operation.course.end == End::Forgotten {
            return Err(unknown());
        }
        if is_result {
            return self.result(id, is_over, links);
        }
        let status = operation.status(is_over, now, links.region);
        let reply = Reply::new(200).json(&status);
        Ok(if is_over { reply } else { self.with_links(reply, id, links) })
    }

    fn result(&mut self, id: &str, is_over: bool, links: &Links<'_>) -> Answer {
        if !is_over {
            return Ok(self.with_links(Reply::new(202), id, links));
        }
        match self.all.get(id).map(|operation| &operation.course.end) {
            Some(End::Failed { code, message }) => Err(Refusal::gateway(400, code, message)),
            Some(End::Canceled) => {
                Err(Refusal::gateway(409, "OperationCanceled", "The operation was canceled."))
            }
            _ => Ok(Reply::new(200)),
        }
    }
}

impl Operation {
    fn is_over(&self) -> bool {
        self.is_settled && self.course.end != End::Never && self.polls > self.course.polls
    }

    fn status(&self, is_over: bool, now: Timestamp, region: &str) -> Value {
        let word = match &self.course.end {
            _ if !is_over => {
                let last = self.course.words.len().saturating_sub(1);
                let index = usize::try_from(self.polls - 1).unwrap_or(last).min(last);
                self.course.words.get(index).map_or("InProgress", String::as_str)
            }
            End::Failed { .. } => "Failed",
            End::Canceled => "Canceled",
            _ => "Succeeded",
        };
        let mut status = json!({
            "id": self.path(region, false),
            "name": self.id,
            "status": word,
            "startTime": stamp(self.started),
            "percentComplete": if is_over { 100.0 } else { 50.0 },
        });
        if is_over {
            status["endTime"] = stamp(now).into();
        }
        match &self.course.end {
            End::Failed { code, message } if is_over => {
                status["error"] = json!({"code": code, "message": message});
            }
            End::Canceled if is_over => {
                let message = "The operation was canceled.";
                status["error"] = json!({"code": "OperationCanceled", "message": message});
            }
            _ => {}
        }
        status
    }

    fn path(&self, region: &str, is_result: bool) -> String {
        let word = self.kind.operations_word();
        let end = if is_result { "Results" } else { "Status" };
        format!(
            "/subscriptions/{}/providers/{}/locations/{region}/{word}{end}/{}",
            self.workspace.subscription,
            self.kind.provider(),
            self.id
        )
    }

    fn link(&self, links: &Links<'_>, is_result: bool) -> String {
        let signed = self.signed(self.links);
        let path = self.path(links.region, is_result);
        format!("{}{path}?api-version=2024-10-01&type=async&{signed}", links.base_url)
    }

    /// Ticks, certificate, signature and hash of the `number`-th link.
    fn signed(&self, number: u32) -> String {
        let ticks = 638_700_000_000_000_000_u64 + u64::from(number);
        let certificate = noise(&format!("{}-certificate-{number}", self.id), CERTIFICATE_CHARS);
        let hash = noise(&format!("{}-hash-{number}", self.id), 43);
        format!("t={ticks}&c={certificate}&s={}&h={hash}", self.signature(number))
    }

    fn signature(&self, number: u32) -> String {
        noise(&format!("{}-signature-{number}", self.id), SIGNATURE_CHARS)
    }

    fn check_link(&self, request: &Request, newest_only: bool) -> Result<(), Refusal> {
        let first = if newest_only { self.links } else { 1 };
        let given = request.query("s").unwrap_or_default();
        if (first..=self.links).any(|number| self.signature(number) == given) {
            return Ok(());
        }
        let text = "The async operation token is missing or is not the one that was given.";
        Err(Refusal::gateway(403, "InvalidAsyncOperationToken", text))
    }
}

/// So many characters that look random, and are the same each time.
fn noise(seed: &str, chars: usize) -> String {
    let mut text = String::with_capacity(chars + 64);
    let mut round = 0;
    while text.len() < chars {
        text.push_str(&hex::encode(Sha256::digest(format!("{seed}-{round}"))));
        round += 1;
    }
    text.truncate(chars);
    text
}
