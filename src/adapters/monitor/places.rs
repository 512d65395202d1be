//! The places that telemetry knows of: tables with rows of ours, what of them is out of reach, and
//! where a workspace sends its logs beside.

use crate::adapters::azureml::names::own_name;
use crate::adapters::monitor::stores::found::Stores;
use crate::adapters::monitor::wire::way::Way;
use crate::config::settings::Of;
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::coverage::unanswered::Unanswered;
use crate::domain::failure::Failure;

/// All of them.
///
/// # Errors
/// A store does not answer.
pub async fn places(way: &Way, of: &Of, stores: &Stores) -> Result<Vec<Known>, Failure> {
    let mut known = Vec::new();
    let table = |name: String, looked, why: &str| Known {
        sort: PlaceSort::TelemetryTable,
        name,
        place: None,
        looked,
        why: why.to_owned(),
    };
    for (store, why) in &stores.found.unread {
        known.push(table(store.clone(), Looked::Refused, why));
    }
    for store in &stores.each {
        let tables = store.tables(way).await?;
        for (name, why) in &tables.unread {
            known.push(table(named(&store.name, name), Looked::Refused, why));
        }
        for one in &tables.tables {
            known.push(table(named(&store.name, &one.name), Looked::Looked, ""));
        }
        for name in &tables.unowned {
            let name = named(&store.name, name);
            known.push(table(name, Looked::CannotBeLookedAt, "no_resource"));
        }
        for name in &tables.kept_longer {
            let beyond = format!("{} (long-term)", named(&store.name, name));
            known.push(table(
                beyond,
                Looked::CannotBeLookedAt,
                Unanswered::LongTermRetention.word(),
            ));
        }
    }
    // It keeps what a program had in memory, and has no interface that could be asked.
    if let Some(component) = &stores.found.component {
        let name = format!("{}/snapshots", own_name(component));
        known.push(place(PlaceSort::Service, name, Looked::CannotBeLookedAt, "snapshot_debugger"));
    }
    // Online endpoints have settings of their own, and may send elsewhere than their workspace.
    if matches!(of, Of::Workspace { .. }) {
        let name = "diagnostic settings of endpoints".to_owned();
        known.push(place(
            PlaceSort::Service,
            name,
            Looked::CannotBeLookedAt,
            "diagnostic_settings",
        ));
    }
    for (sort, id) in &stores.found.elsewhere {
        let (sort, looked) = match *sort {
            "storage_account" => (PlaceSort::Container, Looked::NotConfigured),
            _ => (PlaceSort::Service, Looked::CannotBeLookedAt),
        };
        known.push(place(sort, own_name(id).to_owned(), looked, "diagnostic_settings"));
    }
    known.sort_by(|one, other| (one.sort, &one.name).cmp(&(other.sort, &other.name)));
    Ok(known)
}

fn place(sort: PlaceSort, name: String, looked: Looked, why: &str) -> Known {
    Known { sort, name, place: None, looked, why: why.to_owned() }
}

fn named(store: &str, table: &str) -> String {
    if table.is_empty() { store.to_owned() } else { format!("{store}/{table}") }
}
