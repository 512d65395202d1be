//! `dsrd preview`: finds for one request, prints, and changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::app::{self, Beside};
use crate::cli::output::{self, CliError, End, input, json_line, line};
use crate::config::settings::Settings;
use crate::domain::dependents::dependent::{RECOVERABLE_DAYS, RECOVERABLE_UNTIL, parent};
use crate::domain::dependents::tree::{Branch, is_in_one, tree};
use crate::domain::item::{Item, Unreadable, Version};
use crate::domain::plan::{Planned, without_place};

/// Most hits of one item that the plain form prints.
const HITS_PRINTED_MAX: usize = 5;

/// Previews the request in `file`.
///
/// # Errors
/// The file or the sources cannot be read.
pub async fn preview(settings: &Settings, file: &Path, as_json: bool) -> Result<End, CliError> {
    let body = input(file)?;
    let preview = app::preview(settings, Beside::default()).await?;
    let bar = output::bar();
    bar.set_message("looking");
    let meter = Arc::default();
    let mut printed = Ok(());
    let gone = Notify::new();
    let mut unread = Vec::new();
    let looked = {
        let mut table = Table::new(as_json);
        let print = |planned: Planned| {
            if printed.is_ok() {
                printed = bar.suspend(|| table.row(&planned));
                if printed.is_err() {
                    gone.notify_one();
                }
            }
        };
        let keep = |unreadable: Unreadable| unread.push(unreadable);
        let run = preview.run(&body, Arc::clone(&meter), print, keep);
        let looked = tokio::select! {
            looked = output::with_ticks(&bar, || meter.items(), run) => Some(looked?),
            // Nobody reads what would be found.
            () = gone.notified() => None,
        };
        if printed.is_ok() {
            printed = bar.suspend(|| table.end());
        }
        looked
    };
    bar.finish_and_clear();
    printed?;
    match looked.expect("an end without an answer comes from a line that was not printed") {
        Ok(summary) => {
            let of_a_thing = summary.kind.is_about_a_thing();
            let (items, known) = (summary.items, summary.known);
            let (bytes, found) = (summary.bytes, summary.found);
            let totals = Totals { of_a_thing, items, known, bytes, found };
            totals.print(&unread, as_json)?;
            Ok(End::Done)
        }
        Err(faults) => {
            for fault in faults {
                output::fault(&fault.pointer, fault.code, &fault.message, as_json)?;
            }
            Ok(End::Faults)
        }
    }
}

/// The last line.
struct Totals {
    of_a_thing: bool,
    items: u64,
    known: u64,
    bytes: u64,
    found: u64,
}

impl Totals {
    fn print(&self, unread: &[Unreadable], as_json: bool) -> Result<(), CliError> {
        let Self { of_a_thing, items, known, bytes, found } = self;
        if as_json {
            let each = unread.iter();
            let unreadable: Vec<Value> = each
                .map(|Unreadable { item, reason }| json!({ "item": name(item), "reason": reason }))
                .collect();
            return json_line(&json!({ "summary": {
                "items": items, "known": known, "bytes": bytes, "found": found,
                "unreadable": unreadable,
            } }));
        }
        for ((source, reason), unread) in grouped(unread) {
            match unread.as_slice() {
                [one] => line(format!("could not read  {one:?}  {reason}"))?,
                many => {
                    let count = many.len();
                    line(format!("could not read  {count} items of {source}  {reason}"))?;
                }
            }
        }
        if *of_a_thing {
            return line(format!(
                "looked up {items} items that the request names, or that belong to it; nothing was \
                 changed"
            ));
        }
        let unread = unread.len();
        let known = match known {
            0 => String::new(),
            known => format!(", {known} known from sweeps and not read again"),
        };
        line(format!(
            "looked at {items} items ({bytes} bytes{known}): {found} speak of the subject, \
             {unread} could not be read whole; nothing was changed"
        ))
    }
}

/// One line for a source and a form, however many items; `--json` lists them all.
fn grouped(unread: &[Unreadable]) -> BTreeMap<(&str, &str), Vec<String>> {
    let mut grouped: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for Unreadable { item, reason } in unread {
        let kind = (item.source.as_str(), without_place(reason));
        grouped.entry(kind).or_default().push(name(item));
    }
    grouped
}

/// A plan as a table, or as one JSON object a line.
pub struct Table {
    as_json: bool,
    is_begun: bool,
    /// What stands in a tree, which is printed whole.
    tree: Vec<Planned>,
}

impl Table {
    /// A table without rows.
    pub fn new(as_json: bool) -> Self {
        Self { as_json, is_begun: false, tree: Vec::new() }
    }

    /// Prints one more item of the plan.
    ///
    /// # Errors
    /// Standard output went away.
    pub fn row(&mut self, planned: &Planned) -> Result<(), CliError> {
        if self.as_json {
            return json_line(&value(planned));
        }
        if is_in_one(&planned.finding.item) {
            self.tree.push(planned.clone());
            return Ok(());
        }
        if !std::mem::replace(&mut self.is_begun, true) {
            line(format!("{:<7} {:>5}  SOURCE  ITEM  REASON", "ACTION", "HITS"))?;
        }
        plain(planned)
    }

    /// Prints what was kept for the end: what depends on a workspace below it.
    ///
    /// # Errors
    /// Standard output went away.
    pub fn end(&mut self) -> Result<(), CliError> {
        for Branch { lead, action, name, why, recoverable } in tree(&self.tree) {
            let back = match recoverable.as_str() {
                "" => String::new(),
                for_how_long => format!("  (can be had back: {for_how_long})"),
            };
            line(format!("{action:<7} {lead}{name:?}  {why}{back}"))?;
        }
        Ok(())
    }
}

/// One line, and where the item speaks of the person.
fn plain(planned: &Planned) -> Result<(), CliError> {
    let Planned { finding, action, why, .. } = planned;
    let (word, hits) = (action.word().word(), finding.hits.len());
    let mut row = format!("{word:<7} {hits:>5}  {}", finding.item.source);
    // Names come from strangers: quoted, so that they cannot drive the terminal.
    row.push_str(&format!("  {:?}", name(&finding.item)));
    match why.as_str() {
        "" => {}
        why => row.push_str(&format!("  {why}")),
    }
    line(row)?;
    for hit in finding.hits.iter().take(HITS_PRINTED_MAX) {
        line(format!("          identity {}  {:?}  {:?}", hit.identity, hit.view, hit.place))?;
    }
    match finding.hits.len().saturating_sub(HITS_PRINTED_MAX) {
        0 => Ok(()),
        more => line(format!("          and {more} more places")),
    }
}

fn value(planned: &Planned) -> Value {
    let Planned { finding, action, why, .. } = planned;
    let hits: Vec<Value> = finding
        .hits
        .iter()
        .map(|hit| json!({ "identity": hit.identity, "view": hit.view, "place": hit.place }))
        .collect();
    let mut shown = json!({ "source": finding.item.source, "item": finding.item.name });
    match &finding.item.version {
        Version::Current => {}
        Version::Snapshot(id) => shown["snapshot"] = id.as_str().into(),
        Version::Previous(id) => shown["version"] = id.as_str().into(),
        Version::ShareSnapshot(id) => shown["share_snapshot"] = id.as_str().into(),
    }
    if let Some(parent) = parent(&finding.item) {
        shown["parent"] = parent.into();
    }
    for (field, name) in
        [("recoverable_days", RECOVERABLE_DAYS), ("recoverable_until", RECOVERABLE_UNTIL)]
    {
        if let Some(text) = finding.item.properties.get(name) {
            shown[field] = text.as_str().into();
        }
    }
    shown["action"] = action.word().word().into();
    shown["reason"] = why.as_str().into();
    shown["hits"] = hits.into();
    shown
}

/// A source that could not be listed has no item to name.
fn name(item: &Item) -> String {
    if item.name.is_empty() { format!("{}:", item.source) } else { item.name.clone() }
}
