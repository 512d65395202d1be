//! `dsrd preview`: finds for one request, prints, and changes nothing.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::app;
use crate::cli::output::{self, CliError, End, input, json_line, line};
use crate::config::settings::Settings;
use crate::domain::item::{Finding, Item, Unreadable, Version};
use crate::domain::plan::Action;
use crate::worker::preview::{Met, PreviewError, Summary};

/// Most hits of one item that the plain form prints.
const HITS_PRINTED_MAX: usize = 5;

/// Previews the request in `file`.
///
/// # Errors
/// The file or the sources cannot be read.
pub async fn preview(settings: &Settings, file: &Path, as_json: bool) -> Result<End, CliError> {
    let body = input(file)?;
    let preview = app::preview(settings).await?;
    let bar = output::bar();
    bar.set_message("looking");
    let progress = Arc::default();
    let printer = RefCell::new(Printer { as_json, unreadable: Vec::new(), error: None });
    let summary = {
        let meet = |met| bar.suspend(|| printer.borrow_mut().print(met));
        let run = preview.run(&body, Arc::clone(&progress), meet);
        output::with_ticks(&bar, || progress.items(), run).await
    };
    bar.finish_and_clear();
    let printer = printer.into_inner();
    if let Some(error) = printer.error {
        return Err(error);
    }
    match summary {
        Ok(summary) => {
            printer.end(&summary)?;
            Ok(End::Done)
        }
        Err(PreviewError::Faults(faults)) => {
            for fault in faults {
                let (pointer, code, message) = (fault.pointer, fault.code, fault.message);
                if as_json {
                    json_line(&json!({ "pointer": pointer, "code": code, "message": message }))?;
                } else {
                    line(format!("{pointer:<40} {code:<24} {message}"))?;
                }
            }
            Ok(End::Faults)
        }
        Err(PreviewError::NotARequest) => Err(CliError::Usage(PreviewError::NotARequest.to_string())),
        Err(PreviewError::Failed(failure)) => Err(failure.into()),
    }
}

/// Prints what is met, and keeps what the last line needs.
struct Printer {
    as_json: bool,
    unreadable: Vec<(String, String)>,
    error: Option<CliError>,
}

impl Printer {
    fn print(&mut self, met: Met) {
        let printed = match met {
            Met::Unreadable(Unreadable { item, reason }) => {
                self.unreadable.push((name(&item), reason));
                Ok(())
            }
            Met::Finding(finding, _) if self.as_json => json_line(&as_value(&finding)),
            Met::Finding(finding, action) => plain(&finding, &action),
        };
        if let Err(error) = printed {
            self.error.get_or_insert(error);
        }
    }

    fn end(&self, summary: &Summary) -> Result<(), CliError> {
        let Summary { items, bytes, found, .. } = summary;
        if self.as_json {
            let each = self.unreadable.iter();
            let unreadable: Vec<Value> =
                each.map(|(item, reason)| json!({ "item": item, "reason": reason })).collect();
            return json_line(&json!({ "summary": {
                "items": items, "bytes": bytes, "found": found, "unreadable": unreadable,
            } }));
        }
        for (item, reason) in &self.unreadable {
            line(format!("could not read  {item:?}  {reason}"))?;
        }
        let unreadable = self.unreadable.len();
        line(format!(
            "looked at {items} items ({bytes} bytes) for this {} request: {found} speak of the \
             subject, {unreadable} could not be read; nothing was changed",
            summary.kind.word()
        ))
    }
}

fn plain(finding: &Finding, action: &Action) -> Result<(), CliError> {
    let what = match action {
        Action::Export => "export",
        Action::Delete => "delete",
        Action::Keep(_) => "keep",
        Action::List(_) => "list",
    };
    // Names come from strangers: quoted, so that they cannot drive the terminal.
    line(format!("{what:<7} {}  {:?}", finding.item.source, name(&finding.item)))?;
    for hit in finding.hits.iter().take(HITS_PRINTED_MAX) {
        line(format!("          identity {}  {:?}  {:?}", hit.identity, hit.view, hit.place))?;
    }
    match finding.hits.len().saturating_sub(HITS_PRINTED_MAX) {
        0 => Ok(()),
        more => line(format!("          and {more} more places")),
    }
}

fn as_value(finding: &Finding) -> Value {
    let hits: Vec<Value> = finding
        .hits
        .iter()
        .map(|hit| json!({ "identity": hit.identity, "view": hit.view, "place": hit.place }))
        .collect();
    let mut value = json!({ "source": finding.item.source, "item": finding.item.name });
    match &finding.item.version {
        Version::Current => {}
        Version::Snapshot(id) => value["snapshot"] = id.as_str().into(),
        Version::Previous(id) => value["version"] = id.as_str().into(),
    }
    value["hits"] = hits.into();
    value
}

/// A source that could not be listed has no item to name.
fn name(item: &Item) -> String {
    if item.name.is_empty() { format!("{}:", item.source) } else { item.name.clone() }
}
