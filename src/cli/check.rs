//! `dsrd check`: reaches everything that the settings name, and says what is missing.

use serde_json::{Value, json};

use crate::app::{checking, storage};
use crate::cli::output::{CliError, End, json_line, line};
use crate::cli::show::of_storage;
use crate::config::settings::Settings;
use crate::domain::coverage::place::{Known, Looked};
use crate::domain::layout::Location;

/// Asks every part and prints a line for each, and one for each right that is missing.
///
/// # Errors
/// Something cannot even be asked; standard output went away.
pub async fn check(settings: &Settings, as_json: bool) -> Result<End, CliError> {
    let (settings, made) = storage::told(settings).await;
    let mut end = End::Done;
    for one in &made {
        // A place of which none is made is told of with its workspace, where nobody serves it.
        if one.of.is_empty() {
            end = End::Failed;
        }
        if as_json {
            let (source, why) = (one.source.as_ref().ok(), one.source.as_ref().err());
            let (workspace, of) = (&one.workspace, &one.of);
            json_line(&json!({ "part": format!("storage {workspace}"), "ok": !of.is_empty(),
                               "source": source, "made_of": of, "why": why }))?;
        } else {
            line(of_storage(one))?;
        }
    }
    for reached in checking::check(&settings).await? {
        let misses = reached.trouble.is_some() || reached.lacks.iter().any(|it| it.is_needed);
        if misses {
            end = End::Failed;
        }
        if as_json {
            let lacks = reached.lacks.iter().map(|lack| {
                json!({ "action": lack.action, "to": lack.purpose, "role": lack.role,
                        "needed": lack.is_needed })
            });
            let lacks: Vec<Value> = lacks.collect();
            let unseen = reached.unseen.iter().map(|known| {
                let place = known.place.as_ref().map(address);
                json!({ "name": known.name, "sort": known.sort, "place": place,
                        "looked": known.looked, "why": known.why })
            });
            let unseen: Vec<Value> = unseen.collect();
            let (part, trouble) = (reached.part, reached.trouble);
            let ok = !misses;
            json_line(&json!({ "part": part, "ok": ok, "error": trouble, "lacks": lacks,
                                "not_looked_at": unseen }))?;
            continue;
        }
        let part = reached.part;
        match reached.trouble {
            None if misses => line(format!("{part:<24} lacks rights"))?,
            None => line(format!("{part:<24} ok"))?,
            Some(trouble) => line(format!("{part:<24} {trouble}"))?,
        }
        for lack in reached.lacks {
            let (action, purpose, role) = (lack.action, lack.purpose, lack.role);
            let only = if lack.is_needed { "" } else { "only " };
            line(format!("  may not {action}, {only}to {purpose}; {role} grants it"))?;
        }
        for known in reached.unseen {
            line(format!("  {}", told(&known)))?;
        }
    }
    Ok(end)
}

/// A place that is not looked at, and why not.
fn told(known: &Known) -> String {
    let Known { sort, name, place, looked, why } = known;
    let sort = sort.word().replace('_', " ");
    let parts = [place.as_ref().map(address).unwrap_or_default(), why.clone()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let more = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    match looked {
        Looked::Looked => format!("looked at: {sort} {name}{more}"),
        Looked::NotConfigured | Looked::NotAsked => {
            format!("not looked at: {sort} {name}{more} is in no source")
        }
        Looked::Refused => format!("not looked at: {sort} {name}{more} lets us not in"),
        Looked::CannotBeLookedAt => format!("cannot be looked at: {sort} {name}{more}"),
    }
}

fn address(place: &Location) -> String {
    format!("{}/{}", place.account, place.container)
}
