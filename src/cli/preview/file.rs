//! `dsrd preview REQUEST --file PATH`: how one file is read, and where it speaks of the person.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

use serde_json::{Value, json};

use crate::app::{self, Beside};
use crate::cli::output::{self, CliError, End, input, json_line, line};
use crate::config::settings::Settings;
use crate::domain::explained::{Explained, Passed};
use crate::domain::item::{Hit, Item, Version};

/// Explains `file` for the request in `request`. Changes nothing.
///
/// # Errors
/// Either cannot be read.
pub async fn explain(
    settings: &Settings,
    request: &Path,
    file: &Path,
    as_json: bool,
) -> Result<End, CliError> {
    let body = input(request)?;
    let preview = app::preview(&settings.without_storage(), Beside::default()).await?;
    let item = Item::bare("file", &name(file), Version::Current);
    let open = || File::open(file).map(|file| Box::new(file) as Box<dyn Read>);
    let unread = |error: io::Error| CliError::Input(file.display().to_string(), error);
    match preview.file(&body, &item, &open).map_err(unread)? {
        Ok(explained) if as_json => json(&explained),
        Ok(explained) => plain(&explained),
        Err(faults) => {
            for fault in faults {
                output::fault(&fault.pointer, fault.code, &fault.message, as_json)?;
            }
            Ok(End::Faults)
        }
    }
}

/// The name that the item is taken to have: the path as it was written, since folders may say whose
/// it is; of one that leads from elsewhere, the last part.
fn name(file: &Path) -> String {
    let is_plain = file.components().all(|part| matches!(part, Component::Normal(_)));
    let named = if is_plain { file.as_os_str() } else { file.file_name().unwrap_or_default() };
    named.to_string_lossy().into_owned()
}

fn plain(explained: &Explained) -> Result<End, CliError> {
    line("READ AS")?;
    for (way, form) in &explained.streams {
        let way = way.trim_end_matches(" > ");
        line(format!("  {form:<9} {:?}", if way.is_empty() { "the file" } else { way }))?;
    }
    if !explained.unreadable.is_empty() {
        line("COULD NOT READ")?;
    }
    for reason in &explained.unreadable {
        line(format!("  {reason:?}"))?;
    }
    line(if explained.hits.is_empty() {
        "SPEAKS NOWHERE OF THE PERSON"
    } else {
        "SPEAKS OF THE PERSON"
    })?;
    for Hit { identity, view, place } in &explained.hits {
        line(format!("  identity {identity}  {view:?}  {place:?}"))?;
    }
    if !explained.passed.is_empty() {
        line(
            "NOT TAKEN FOR THE PERSON (part of a longer word, no word beside it that speaks of \
             users, or one word of a name)",
        )?;
    }
    for Passed { identity, is_whole, view, place } in &explained.passed {
        let what = if *is_whole { "all of it" } else { "a word of it" };
        line(format!("  identity {identity}  {what}  {view:?}  {place:?}"))?;
    }
    Ok(End::Done)
}

fn json(explained: &Explained) -> Result<End, CliError> {
    for (way, form) in &explained.streams {
        json_line(&json!({ "stream": way.trim_end_matches(" > "), "form": form }))?;
    }
    let place = |identity: &usize, view: &str, place: &str| -> Value {
        json!({ "identity": identity, "view": view, "place": place })
    };
    for hit in &explained.hits {
        json_line(&json!({ "hit": place(&hit.identity, &hit.view, &hit.place) }))?;
    }
    for passed in &explained.passed {
        let at = place(&passed.identity, &passed.view, &passed.place);
        json_line(&json!({ "passed": at, "whole": passed.is_whole }))?;
    }
    json_line(&json!({ "summary": {
        "hits": explained.hits.len(),
        "passed": explained.passed.len(),
        "unreadable": explained.unreadable,
    } }))?;
    Ok(End::Done)
}
