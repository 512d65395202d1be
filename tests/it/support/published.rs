//! The published interface of a service of ours, as `tests/openapi/reduce.py` cuts it out: what is
//! asked and answered is held against it.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde_json::Value;

use crate::support::serving::Shape;

/// Headers of every request and answer, which no operation lists.
const COMMON: [&str; 4] = ["x-ms-client-request-id", "x-ms-date", "x-ms-error-code", "server"];

/// What is published, and where our knowledge is better.
pub struct Published {
    pub specification: &'static str,
    /// Codes that are in no list of the interface.
    pub unlisted: &'static [&'static str],
    /// Parameters that an operation takes and does not list.
    pub unlisted_queries: &'static [&'static str],
    /// Headers that have a default since it was published.
    pub no_longer_needed: &'static [&'static str],
    /// Headers of answers that are said of what has them alone, or not at all by us.
    pub is_optional: fn(&str) -> bool,
}

impl Published {
    /// Every shape is one of the published interface.
    pub fn judge<O: Debug>(
        &self,
        shapes: &BTreeSet<Shape<O>>,
        id: impl Fn(&Shape<O>) -> &'static str,
    ) {
        let specification: Value = serde_json::from_str(self.specification).unwrap();
        let mut faults = Vec::new();
        for shape in shapes {
            let id = id(shape);
            let operation = &specification["operations"][id];
            let mut fault = |text: String| faults.push(format!("{id}: {text}"));
            if operation.is_null() {
                fault(format!("is not published: {shape:?}"));
                continue;
            }
            self.judge_request(operation, shape, &mut fault);
            self.judge_answer(&specification, operation, shape, &mut fault);
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    fn judge_request<O>(
        &self,
        operation: &Value,
        shape: &Shape<O>,
        fault: &mut impl FnMut(String),
    ) {
        let [queries, headers, needed] =
            ["queries", "headers", "needed"].map(|list| words(&operation[list]));
        // The URL of a signature is in none.
        let is_known = |name: &str| {
            queries.contains(&name)
                || matches!(name, "sig" | "sv")
                || self.unlisted_queries.contains(&name)
        };
        for name in shape.queries.iter().filter(|name| !is_known(name)) {
            fault(format!("has no parameter {name}"));
        }
        let of_azure = shape.headers.iter().filter(|name| name.starts_with("x-ms-"));
        for name in of_azure.map(|name| plain(name)) {
            if !headers.contains(&name) && !COMMON.contains(&name) {
                fault(format!("has no header {name}"));
            }
        }
        let is_said = |name: &str| {
            self.no_longer_needed.contains(&name) || shape.headers.iter().any(|it| it == name)
        };
        for name in needed.iter().filter(|name| !is_said(name)) {
            fault(format!("needs the header {name}"));
        }
    }

    fn judge_answer<O>(
        &self,
        specification: &Value,
        operation: &Value,
        shape: &Shape<O>,
        fault: &mut impl FnMut(String),
    ) {
        let status = shape.status.to_string();
        let answer = &operation["answers"][if shape.status < 300 { &status } else { "default" }];
        if answer.is_null() {
            return fault(format!("never answers {status}"));
        }
        let known = words(answer);
        let answered: Vec<&str> = shape.answered.iter().map(|name| plain(name)).collect();
        for name in answered.iter().filter(|name| name.starts_with("x-ms-")) {
            let is_common =
                COMMON.contains(name) || ["x-ms-request-id", "x-ms-version"].contains(name);
            if !known.contains(name) && !is_common {
                fault(format!("answers no {name} with {status}"));
            }
        }
        let is_missing = |name: &&&str| !(self.is_optional)(name) && !answered.contains(name);
        for name in known.iter().filter(is_missing) {
            fault(format!("answers {name} with {status}, and we do not"));
        }
        if let Some(code) = &shape.code {
            let codes = words(&specification["codes"]);
            if !codes.contains(&code.as_str()) && !self.unlisted.contains(&code.as_str()) {
                fault(format!("answers no code {code}"));
            }
        }
    }
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Metadata has names of its own.
fn plain(header: &str) -> &str {
    if header.starts_with("x-ms-meta-") { "x-ms-meta" } else { header }
}
