//! Whose a dependent is: the workspace that named it when the plan was made, weeks before its end
//! perhaps; or ours, as far as we have something there.

use serde_json::Value;

use crate::adapters::azureml::dependents::sorts::SORTS;
use crate::adapters::azureml::dependents::spot::{Spot, same_id};
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::workspace::{OWNER, mark};
use crate::domain::dependents::dependent::{ACCOUNT, COMPONENT, CONTAINER, LOGS, SHARE, Stay};
use crate::domain::dependents::ours::Ours;
use crate::domain::item::Item;

/// What an item says of the one that the workspace names: itself, or what it is in or about.
const NAMED: &str = "dsrd-named";
/// In which subscriptions it was asked who uses it.
const AROUND: &str = "dsrd-subscriptions";

/// Notes on an item which one its workspace names.
pub fn note_named(item: &mut Item, id: String) {
    item.properties.insert(NAMED.to_owned(), id);
}

/// Notes on an item whose it is, and where it was asked who else uses it.
pub fn note(item: &mut Item, owner: &str, subscriptions: &str) {
    item.properties.insert(OWNER.to_owned(), owner.to_owned());
    item.properties.insert(AROUND.to_owned(), subscriptions.to_owned());
}

/// Where it was asked who else uses it.
pub fn subscriptions(item: &Item) -> impl Iterator<Item = String> {
    let noted = item.properties.get(AROUND).map(String::as_str).unwrap_or_default();
    noted.split(' ').filter(|word| !word.is_empty()).map(str::to_owned)
}

/// Whether the workspace of that document is still the one, and names it still.
pub fn is_still(item: &Item, document: &Value) -> bool {
    let Some(named) = item.properties.get(NAMED) else { return false };
    let mut properties = SORTS.iter().filter_map(|sort| sort.property);
    let names = |property: &str| {
        document["properties"][property].as_str().is_some_and(|id| same_id(id, named))
    };
    let mark = mark(document);
    mark.is_some() && mark.as_ref() == item.properties.get(OWNER) && properties.any(names)
}

/// Why it stays for what we have there, if it does.
pub fn stay_of_ours<'a>(ours: &'a Ours, entry: &Entry, spot: &Spot) -> Option<&'a Stay> {
    match spot.sort.word {
        ACCOUNT | CONTAINER | SHARE => ours.in_storage(&spot.name, spot.inside.as_deref()),
        COMPONENT | LOGS => ours.in_telemetry(&spot.id(), entry.id()),
        _ => None,
    }
}
