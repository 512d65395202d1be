//! What a workspace depends on and what may go with it: its storage, vault, registry and telemetry,
//! with what is in them.
//!
//! They are items like others, named `SORT/SUBSCRIPTION/GROUP/NAME`. What is known of one beside
//! its name stands among its properties, under the names of this page.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use crate::domain::item::Item;

/// Of which item it is a part: the name of that one.
pub const PARENT: &str = "dsrd-parent";
/// For how many days its service can give it back.
pub const RECOVERABLE_DAYS: &str = "dsrd-recoverable-days";
/// Until when its service can give it back, where it says that.
pub const RECOVERABLE_UNTIL: &str = "dsrd-recoverable-until";

/// A container of blobs.
pub const CONTAINER: &str = "storage_container";
/// A file share.
pub const SHARE: &str = "file_share";
/// A storage account.
pub const ACCOUNT: &str = "storage_account";
/// A key vault.
pub const VAULT: &str = "key_vault";
/// A container registry.
pub const REGISTRY: &str = "container_registry";
/// A component of Application Insights.
pub const COMPONENT: &str = "application_insights";
/// A smart detector's alert rule.
pub const RULE: &str = "alert_rule";
/// A Log Analytics workspace.
pub const LOGS: &str = "log_analytics";
/// What stands for all dependents of a workspace that cannot be asked for them any more.
pub const UNKNOWN: &str = "dependents";

/// Sorts, and how many steps of a plan go before each: what is in something goes before it, and
/// the workspace goes after all of them.
const SORTS: [(&str, u16); 9] = [
    (CONTAINER, 0),
    (SHARE, 0),
    (RULE, 0),
    (UNKNOWN, 0),
    (ACCOUNT, 1),
    (VAULT, 1),
    (REGISTRY, 1),
    (COMPONENT, 1),
    (LOGS, 2),
];

/// One of them.
pub struct Dependent {
    /// What it is.
    pub item: Item,
    /// What is to become of it.
    pub fate: Fate,
}

/// What is to become of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes. A hint for people who look at the plan, or nothing.
    Goes(String),
    /// It stays.
    Stays(Stay),
    /// Nobody can look whether there is any: a stable word.
    Unread(&'static str),
}

/// Why something stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stay {
    /// A reason that names nothing, or the words of a rule: it leaves the building.
    pub reason: Cow<'static, str>,
    /// The same with names, for people who look at the plan.
    pub why: String,
}

/// What a workspace depends on, and whether it may go itself.
#[derive(Default)]
pub struct Dependents {
    /// Why the workspace stays, if it does.
    pub own: Option<Stay>,
    /// What it depends on.
    pub each: Vec<Dependent>,
}

/// Whether an item is one.
pub fn is_one(name: &str) -> bool {
    steps(name).is_some()
}

/// How many steps of a plan go before it; none where it is no dependent.
pub fn waits_for(name: &str) -> u16 {
    steps(name).unwrap_or_default()
}

fn steps(name: &str) -> Option<u16> {
    let (word, _) = name.split_once('/')?;
    SORTS.iter().find(|(sort, _)| *sort == word).map(|(_, steps)| *steps)
}

/// The name of the item that it is a part of.
pub fn parent(item: &Item) -> Option<&str> {
    item.properties.get(PARENT).map(String::as_str)
}

/// Until when a service can give it back that lost it at that time; `None` where it cannot.
pub fn recoverable_until(item: &Item, erased_at: Timestamp) -> Option<Timestamp> {
    let told = item.properties.get(RECOVERABLE_UNTIL).and_then(|text| text.parse().ok());
    let days = item.properties.get(RECOVERABLE_DAYS).and_then(|text| text.parse::<u16>().ok());
    let counted = days.map(|days| erased_at + SignedDuration::from_hours(i64::from(days) * 24));
    told.max(counted)
}

/// What waits for nothing that stays: where a part of something stays, that stays too. The items
/// that have to, each with the part for which it does.
pub fn bound<'a>(kept: &[&'a Item], going: &[&'a Item]) -> Vec<(&'a Item, &'a Item)> {
    let (mut kept, mut bound) = (kept.to_vec(), Vec::new());
    // Ends: each round takes one more of those that go.
    while let Some(part) = kept.pop() {
        for item in going {
            let holds = parent(part) == Some(item.name.as_str()) && item.source == part.source;
            let is_known = bound.iter().any(|(known, _): &(&Item, &Item)| known.name == item.name);
            if holds && is_one(&item.name) && !is_known {
                bound.push((*item, part));
                kept.push(item);
            }
        }
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::item::Version;

    fn item(name: &str, parent: &str) -> Item {
        let mut item = Item::bare("ws", name, Version::Current);
        if !parent.is_empty() {
            item.properties.insert(PARENT.to_owned(), parent.to_owned());
        }
        item
    }

    #[test]
    fn what_holds_something_that_stays_stays() {
        let (account, logs) = ("storage_account/s/g/a", "log_analytics/s/g/l");
        let (component, workspace) = ("application_insights/s/g/c", "workspace/w");
        let kept = item("storage_container/s/g/a/c", account);
        let rule = item("alert_rule/s/g/r", component);
        let going = [
            item(account, workspace),
            item(component, logs),
            item(logs, workspace),
            item(workspace, ""),
            item("key_vault/s/g/v", workspace),
        ];
        let going: Vec<&Item> = going.iter().collect();
        let names = |kept: &[&Item]| -> Vec<String> {
            bound(kept, &going).into_iter().map(|(item, _)| item.name.clone()).collect()
        };
        assert_eq!(names(&[&kept]), [account]);
        assert_eq!(names(&[&rule]), [component, logs]);
        assert!(names(&[going[4]]).is_empty(), "the workspace goes without it");
        assert!(names(&[]).is_empty());
    }

    #[test]
    fn how_long_it_can_be_had_back_is_the_later_of_both() {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let table = [
            ("", "", None),
            ("14", "", Some("2026-01-15T00:00:00Z")),
            ("", "2026-02-01T00:00:00Z", Some("2026-02-01T00:00:00Z")),
            ("90", "2026-02-01T00:00:00Z", Some("2026-04-01T00:00:00Z")),
            ("x", "y", None),
        ];
        for (days, until, expected) in table {
            let mut item = item("key_vault/s/g/v", "");
            for (name, text) in [(RECOVERABLE_DAYS, days), (RECOVERABLE_UNTIL, until)] {
                if !text.is_empty() {
                    item.properties.insert(name.to_owned(), text.to_owned());
                }
            }
            let expected = expected.map(|text: &str| text.parse().unwrap());
            assert_eq!(recoverable_until(&item, at), expected, "{days} {until}");
        }
    }
}
