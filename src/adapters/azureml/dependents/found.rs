//! What a workspace depends on, as its document tells, each with what is to become of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::adapters::azureml::dependents::around::{Around, OF_THE_HUB, SHARED, unsure};
use crate::adapters::azureml::dependents::inside::inside;
use crate::adapters::azureml::dependents::look::{Seen, Told, all, ask, print};
use crate::adapters::azureml::dependents::owner;
use crate::adapters::azureml::dependents::sorts::{SORTS, Sort};
use crate::adapters::azureml::dependents::spot::{Spot, same_id, unknown};
use crate::adapters::azureml::dependents::vault;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::workspace::{FOR_GOOD, mark};
use crate::domain::dependents::dependent::{
    ACCOUNT, COMPONENT, CONTAINER, Dependent, Dependents, Fate, LOGS, PARENT, RECOVERABLE_DAYS,
    RECOVERABLE_UNTIL, RULE, Stay, VAULT, waits_for,
};
use crate::domain::dependents::ours::Ours;
use crate::domain::failure::Failure;
use crate::domain::item::Item;

/// How long deleted accounts and Log Analytics workspaces can be had back, as their documentation
/// says.
const DAYS: &str = "14";

/// Why nobody can say what the workspace depended on.
const GONE: &str = "workspace_gone";
/// Why nobody can say where the rows of a component were.
const COMPONENT_GONE: &str = "component_gone";
const STRANGE_ID: &str = "id_not_understood";
const FORBIDDEN: &str = "forbidden";
/// What people are to know of each that goes.
const OTHERS: &str =
    "no other workspace uses it; other applications cannot be seen: make sure of it";

/// The workspace, and how it is to be deleted.
pub struct Asked<'a> {
    /// The source's name.
    pub source: &'a str,
    /// Its item's name.
    pub workspace: &'a str,
    /// Whether nothing of it may be left that could be had back.
    pub for_good: bool,
    /// What of ours stays.
    pub ours: &'a Ours,
}

/// Finds them; `document` is the workspace's own, where somebody sees it.
///
/// # Errors
/// A service does not say.
pub async fn found(
    entry: &Entry,
    asked: &Asked<'_>,
    document: Option<&Value>,
) -> Result<Dependents, Failure> {
    let Some(document) = document else {
        // It may have had some: the second look at one that we deleted has a plan to tell it.
        let item = unknown(asked.source, "all", asked.workspace);
        let each = vec![Dependent { item, fate: Fate::Unread(GONE) }];
        return Ok(Dependents { own: None, each });
    };
    let mut finding = Finding { entry, asked, found: Vec::new() };
    finding.by_properties(&document["properties"]).await?;
    let Finding { found, .. } = finding;
    let spots = found.iter().filter_map(|one| Spot::of(&one.item.name));
    let subscriptions: BTreeSet<String> = spots.map(|spot| spot.subscription).collect();
    let around = Around::see(entry, subscriptions.clone()).await?;
    let owner = mark(document);
    let subscriptions = subscriptions.into_iter().collect::<Vec<_>>().join(" ");
    let own = around.own_stay(document);
    let is_project = document["kind"].as_str().is_some_and(|it| it.eq_ignore_ascii_case("project"))
        || document["properties"]["hubResourceId"].as_str().is_some_and(|it| !it.is_empty());
    let of_hub = is_project.then(|| Stay { reason: OF_THE_HUB.into(), why: OF_THE_HUB.to_owned() });
    let nameless = || unsure("the workspace does not tell which one it is");
    let all_stay = own.clone().or(of_hub).or_else(|| owner.is_none().then(nameless));
    let mut each = Vec::new();
    for Dependent { mut item, fate } in found {
        owner::note(&mut item, owner.as_deref().unwrap_or_default(), &subscriptions);
        let stay = match (&fate, &all_stay, Spot::of(&item.name)) {
            (Fate::Goes(_), Some(stay), _) => Some(stay.clone()),
            (Fate::Goes(_), None, Some(spot)) => {
                match owner::stay_of_ours(asked.ours, entry, &spot) {
                    Some(stay) => Some(stay.clone()),
                    None => around.stay(entry, &spot).await?,
                }
            }
            _ => None,
        };
        let fate = match (stay, fate) {
            (Some(stay), _) => Fate::Stays(stay),
            (None, Fate::Goes(hint)) if hint.is_empty() && waits_for(&item.name) > 0 => {
                Fate::Goes(OTHERS.to_owned())
            }
            (None, fate) => fate,
        };
        each.push(Dependent { item, fate });
    }
    Ok(Dependents { own, each })
}

struct Finding<'a> {
    entry: &'a Entry,
    asked: &'a Asked<'a>,
    found: Vec<Dependent>,
}

impl Finding<'_> {
    async fn by_properties(&mut self, properties: &Value) -> Result<(), Failure> {
        for sort in &SORTS {
            let Some(property) = sort.property else { continue };
            let id = properties[property].as_str().unwrap_or_default();
            match (id, Spot::of_id(sort, id)) {
                ("", _) => {}
                (_, Some(spot)) => {
                    let before = self.found.len();
                    self.add(&spot).await?;
                    for one in &mut self.found[before..] {
                        owner::note_named(&mut one.item, spot.id());
                    }
                }
                (_, None) => self.unread(sort.word, self.asked.workspace, STRANGE_ID),
            }
        }
        Ok(())
    }

    fn unread(&mut self, what: &str, parent: &str, word: &'static str) {
        let item = unknown(self.asked.source, what, parent);
        self.found.push(Dependent { item, fate: Fate::Unread(word) });
    }

    /// Adds one that the workspace names, and what is in it and about it.
    async fn add(&mut self, spot: &Spot) -> Result<(), Failure> {
        let Some(seen) = self.seen(spot).await? else { return Ok(()) };
        let mut item = self.item(spot, seen.as_ref());
        let mut fate = Fate::Goes(String::new());
        match (spot.sort.word, &seen) {
            (ACCOUNT, Some(seen)) => match self.inside(spot, &seen.value).await? {
                Some(parts) => self.found.extend(parts),
                None => {
                    self.unread(CONTAINER, &item.name, FORBIDDEN);
                    fate = Fate::Stays(unsure("what is in it cannot be listed"));
                }
            },
            (VAULT, Some(seen)) => fate = of_vault(seen, &mut item, self.asked.for_good),
            (VAULT, None) => self.of_deleted_vault(spot, &mut item).await?,
            (COMPONENT, _) => {
                self.rules(spot, &item.name).await?;
                self.logs(seen.as_ref(), &mut item).await?;
            }
            _ => {}
        }
        self.found.push(Dependent { item, fate });
        Ok(())
    }

    async fn inside(
        &self,
        account: &Spot,
        document: &Value,
    ) -> Result<Option<Vec<Dependent>>, Failure> {
        inside(self.entry, self.asked.source, (account, document)).await
    }

    /// What is seen of one; `None` where it was noted that we may not see it.
    async fn seen(&mut self, spot: &Spot) -> Result<Option<Option<Seen>>, Failure> {
        match ask(self.entry, spot).await? {
            Told::So(seen) => Ok(Some(seen)),
            Told::Refused => {
                let item = self.item(spot, None);
                let fate = Fate::Stays(unsure("it cannot be read"));
                self.found.push(Dependent { item, fate });
                Ok(None)
            }
        }
    }

    fn item(&self, spot: &Spot, seen: Option<&Seen>) -> Item {
        let print = seen.map(|seen| seen.print.as_str()).unwrap_or_default();
        let mut item = spot.item(self.asked.source, print, self.asked.workspace);
        if self.asked.for_good {
            item.properties.insert(FOR_GOOD.to_owned(), "true".to_owned());
        }
        // Of one that is gone nobody knows since when.
        let is_soft = !self.asked.for_good || seen.is_none();
        if spot.sort.word == ACCOUNT || (spot.sort.word == LOGS && is_soft) {
            item.properties.insert(RECOVERABLE_DAYS.to_owned(), DAYS.to_owned());
        }
        item
    }

    /// A vault that somebody deleted before.
    async fn of_deleted_vault(&self, spot: &Spot, item: &mut Item) -> Result<(), Failure> {
        let Told::So(Some(vault)) = vault::deleted(self.entry, spot, item).await? else {
            return Ok(());
        };
        let properties = &vault["properties"];
        if let (true, Some(until)) = (
            vault::is_protected(properties) || !self.asked.for_good,
            properties["scheduledPurgeDate"].as_str(),
        ) {
            item.properties.insert(RECOVERABLE_UNTIL.to_owned(), until.to_owned());
        }
        Ok(())
    }

    /// The rules of the smart detector that are about a component: they stay behind where nobody
    /// removes them (provider-upjet-azure#370).
    async fn rules(&mut self, component: &Spot, parent: &str) -> Result<(), Failure> {
        let sort = Sort::named(RULE).expect("it is in the table");
        let path =
            format!("/subscriptions/{}/providers/{}", component.subscription, sort.type_name);
        let rules = match all(self.entry, self.entry.at(&path, sort.version)).await? {
            Told::So(rules) => rules,
            Told::Refused => {
                self.unread(RULE, parent, FORBIDDEN);
                return Ok(());
            }
        };
        for rule in rules {
            let scopes = rule["properties"]["scope"].as_array().into_iter().flatten();
            let scopes: Vec<&str> = scopes.filter_map(Value::as_str).collect();
            let is_own = |id: &&str| same_id(id, &component.id());
            let (id, name) = (text(&rule, "id"), text(&rule, "name"));
            let Some(spot) = Spot::of_id(sort, id) else { continue };
            let usual = format!("failure anomalies - {}", component.name);
            let is_named =
                scopes.is_empty() && name.to_lowercase() == usual && spot.group == component.group;
            if !is_named && !scopes.iter().any(is_own) {
                continue;
            }
            let fate = match scopes.iter().all(is_own) {
                true => Fate::Goes(String::new()),
                false => Fate::Stays(Stay {
                    reason: SHARED.into(),
                    why: "shared: it is about another component too".to_owned(),
                }),
            };
            let print = print(&spot, &rule);
            let item = spot.item(self.asked.source, &print, parent);
            self.found.push(Dependent { item, fate });
        }
        Ok(())
    }

    /// Where a component keeps its rows. It is a part of that.
    async fn logs(&mut self, seen: Option<&Seen>, component: &mut Item) -> Result<(), Failure> {
        let Some(seen) = seen else {
            self.unread(LOGS, self.asked.workspace, COMPONENT_GONE);
            return Ok(());
        };
        let sort = Sort::named(LOGS).expect("it is in the table");
        let id = text(&seen.value["properties"], "WorkspaceResourceId");
        if id.is_empty() {
            return Ok(());
        }
        let Some(spot) = Spot::of_id(sort, id) else {
            self.unread(LOGS, self.asked.workspace, STRANGE_ID);
            return Ok(());
        };
        component.properties.insert(PARENT.to_owned(), spot.item_name());
        let Some(seen) = self.seen(&spot).await? else { return Ok(()) };
        let item = self.item(&spot, seen.as_ref());
        let hint = "the component keeps its rows there, and no other component does; nobody tells \
                    what else sends logs there: make sure of it";
        self.found.push(Dependent { item, fate: Fate::Goes(hint.to_owned()) });
        Ok(())
    }
}

/// How long a vault can be had back that is deleted.
fn of_vault(seen: &Seen, item: &mut Item, for_good: bool) -> Fate {
    let properties = &seen.value["properties"];
    let is_protected = vault::is_protected(properties);
    if let Some(region) = seen.value["location"].as_str() {
        item.properties.insert(vault::REGION.to_owned(), region.to_owned());
    }
    if is_protected || !for_good {
        let days = properties["softDeleteRetentionInDays"].as_u64().unwrap_or(90);
        item.properties.insert(RECOVERABLE_DAYS.to_owned(), days.to_string());
    }
    let hint = "it is protected from being purged, and can be had back until its time is over";
    Fate::Goes(if is_protected { hint.to_owned() } else { String::new() })
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
