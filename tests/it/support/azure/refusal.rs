//! What the services say when they refuse: one refusal, and the five envelopes it may come in.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::blob_server::form::stamp;
use crate::support::blob_server::wire::Reply;

/// An answer, or why there is none.
pub type Answer = Result<Reply, Refusal>;

/// Whose body an error has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// Resource Manager itself.
    Gateway,
    /// The control plane's front end, which says more in `additionalInfo`.
    FrontEnd,
    /// Run history, artifacts and datasets.
    History,
    /// Models and web services of SDK v1.
    ModelManagement,
    /// Tokens.
    Entra,
    /// The query service of Azure Monitor, whose `details` are each inside the one before.
    Query,
    /// No body at all.
    Nothing,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
    pub headers: Vec<(String, String)>,
    pub envelope: Envelope,
    /// `details`, codes and messages.
    pub details: Vec<(String, String)>,
}

impl Refusal {
    pub fn new(envelope: Envelope, status: u16, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { status, code, message, headers: Vec::new(), envelope, details: Vec::new() }
    }

    /// By Resource Manager.
    pub fn gateway(status: u16, code: &str, message: impl Into<String>) -> Self {
        let refusal = Self::new(Envelope::Gateway, status, code, message);
        match status {
            404 => refusal.with("x-ms-failure-cause", "gateway"),
            _ => refusal,
        }
    }

    /// By the control plane's front end.
    pub fn front_end(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::new(Envelope::FrontEnd, status, code, message)
    }

    /// By run history and its like.
    pub fn history(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::new(Envelope::History, status, code, message)
    }

    /// By the services of SDK v1.
    pub fn model_management(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::new(Envelope::ModelManagement, status, code, message)
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With one more of its `details`.
    #[must_use]
    pub fn because(mut self, code: &str, message: &str) -> Self {
        self.details.push((code.to_owned(), message.to_owned()));
        self
    }

    /// As it is sent.
    pub fn reply(&self, now: Timestamp) -> Reply {
        let mut reply = Reply::new(self.status);
        reply.headers.clone_from(&self.headers);
        if self.envelope == Envelope::Nothing {
            return reply;
        }
        let reply = match self.envelope {
            Envelope::Gateway => reply.with("x-ms-error-code", &self.code),
            _ => reply,
        };
        reply.json(&self.body(now))
    }

    fn body(&self, now: Timestamp) -> Value {
        let (code, message) = (&self.code, &self.message);
        let details: Vec<Value> = self.details.iter().map(|(c, m)| detail(c, m)).collect();
        match self.envelope {
            Envelope::Gateway if details.is_empty() => {
                json!({"error": {"code": code, "message": message}})
            }
            Envelope::Gateway => {
                json!({"error": {"code": code, "message": message, "details": details}})
            }
            Envelope::FrontEnd => json!({"error": {
                "code": "UserError",
                "message": message,
                "details": details,
                "additionalInfo": [
                    info("ComponentName", &json!({"value": "managementfrontend"})),
                    info("Environment", &json!({"value": "westeurope"})),
                    info("Time", &json!({"value": stamp(now)})),
                    info("InnerError", &json!({"value": {"code": code, "innerError": null}})),
                ],
            }}),
            Envelope::History => json!({
                "error": {
                    "code": "UserError",
                    "severity": null,
                    "message": message,
                    "target": null,
                    "details": details,
                    "innerError": {"code": code, "innerError": null},
                },
                "correlation": {"operation": "1f6f0d4f2c", "request": "2d5b8e6a70"},
                "environment": "westeurope",
                "location": "westeurope",
                "time": stamp(now),
                "componentName": "run-history",
            }),
            Envelope::ModelManagement => json!({
                "code": code,
                "statusCode": self.status,
                "message": message,
                "details": details,
            }),
            Envelope::Entra => json!({
                "error": code,
                "error_description": message,
                "error_codes": [],
                "timestamp": stamp(now),
            }),
            Envelope::Query => {
                let inner =
                    self.details.iter().rev().fold(Value::Null, |inner, (code, message)| {
                        let mut outer = detail(code, message);
                        if !inner.is_null() {
                            outer["innererror"] = inner;
                        }
                        outer
                    });
                let mut error = detail(code, message);
                error["correlationId"] = "3c1d5f7e-0000-4000-8000-000000000029".into();
                if !inner.is_null() {
                    error["innererror"] = inner;
                }
                json!({"error": error})
            }
            Envelope::Nothing => Value::Null,
        }
    }
}

fn detail(code: &str, message: &str) -> Value {
    json!({"code": code, "message": message})
}

fn info(kind: &str, value: &Value) -> Value {
    json!({"type": kind, "info": value})
}
