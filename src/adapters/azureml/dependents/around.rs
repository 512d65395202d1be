//! Who else uses what a workspace depends on, as far as can be seen: the other workspaces of the
//! subscriptions concerned, other components, and locks. Where nobody lets us see that, nothing
//! goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::adapters::azureml::dependents::look::{Told, all, look};
use crate::adapters::azureml::dependents::sorts::Sort;
use crate::adapters::azureml::dependents::spot::{Spot, folded, parts, same_id};
use crate::adapters::azureml::names::own_name;
use crate::adapters::azureml::rights::granted_in;
use crate::adapters::azureml::wire::entry::{API_VERSION, Entry};
use crate::domain::dependents::dependent::{
    ACCOUNT, COMPONENT, CONTAINER, LOGS, REGISTRY, SHARE, Stay, VAULT,
};
use crate::domain::failure::Failure;

/// Why something stays: words that name nothing.
pub const SHARED: &str = "shared: something else uses it";
/// The same of a lock.
pub const LOCKED: &str = "locked";
/// The same where nobody lets us see who uses it.
pub const UNSURE: &str = "nobody can say that it is not shared";
/// The same of what a project has of its hub.
pub const OF_THE_HUB: &str = "shared: it is its hub's";
/// The same of a hub that others depend on.
pub const HAS_PROJECTS: &str = "shared: it is a hub that has projects";

const WORKSPACES: &str = "Microsoft.MachineLearningServices/workspaces";
const LOCKS_VERSION: &str = "2020-05-01";
/// What names of Log Analytics workspaces begin with that Azure makes one of for a region, for all
/// who name none.
const DEFAULT_LOGS: &str = "defaultworkspace-";

/// What was seen around lately: of an account with a thousand containers it is learned once who
/// uses it.
#[derive(Default)]
pub struct Lookout {
    seen: Mutex<Option<(Instant, Arc<Around>)>>,
}

impl Lookout {
    /// What is around, as it was at most so long ago. Whoever comes meanwhile waits for the same
    /// answers.
    ///
    /// # Errors
    /// A service does not say.
    pub async fn around(
        &self,
        entry: &Entry,
        subscriptions: BTreeSet<String>,
        age_max: Duration,
    ) -> Result<Arc<Around>, Failure> {
        let mut seen = self.seen.lock().await;
        if let Some((at, around)) = &*seen
            && at.elapsed() < age_max
            && subscriptions.iter().all(|it| around.known.contains_key(it))
        {
            return Ok(Arc::clone(around));
        }
        // It is as old as the first answer.
        let at = Instant::now();
        let around = Arc::new(Around::see(entry, subscriptions).await?);
        *seen = Some((at, Arc::clone(&around)));
        Ok(around)
    }
}

/// What is around the dependents.
pub struct Around {
    own: String,
    /// By subscription.
    known: BTreeMap<String, Known>,
    /// Where datastores of other workspaces lead, once it was asked.
    datastores: OnceCell<Vec<Stores>>,
}

/// Where the datastores of another workspace lead.
struct Stores {
    /// What the workspace is called.
    workspace: String,
    /// Into which accounts, or why nobody can say.
    accounts: Result<Vec<String>, Unseen>,
}

/// Why it is not known what is there.
struct Unseen {
    stay: Stay,
    /// Whether it may be known at once: the service did not answer.
    is_passing: bool,
}

impl Stores {
    fn may_pass(&self) -> bool {
        self.accounts.as_ref().is_err_and(|unseen| unseen.is_passing)
    }
}

/// What a subscription tells; `None` where it lets us not see that.
struct Known {
    workspaces: Option<Vec<Value>>,
    components: Option<Vec<Value>>,
    /// In what each stands, in lower case.
    locks: Option<Vec<String>>,
    /// Whether the datastores of all of them can be read.
    datastores: bool,
}

impl Around {
    /// Looks around in the workspace's own subscription, and in those.
    ///
    /// # Errors
    /// A service does not say.
    pub async fn see(
        entry: &Entry,
        subscriptions: impl IntoIterator<Item = String>,
    ) -> Result<Self, Failure> {
        let own = entry.id().to_lowercase();
        let mut all: BTreeSet<String> = subscriptions.into_iter().collect();
        all.extend(parts(&own).map(|[subscription, ..]| subscription.to_owned()));
        let mut known = BTreeMap::new();
        for subscription in all {
            let seen = Known::see(entry, &subscription).await?;
            known.insert(subscription, seen);
        }
        Ok(Self { own, known, datastores: OnceCell::new() })
    }

    /// Why the workspace itself stays, if it does.
    pub fn own_stay(&self, document: &Value) -> Option<Stay> {
        match self.lock_on(&self.own) {
            Ok(None) => {}
            Ok(Some(scope)) => return Some(locked(scope)),
            Err(stay) => return Some(stay),
        }
        let is_of_hub = |other: &&Value| {
            let hub = other["properties"]["hubResourceId"].as_str().unwrap_or_default();
            same_id(hub, &self.own)
        };
        let project = self.workspaces().find(is_of_hub).map(named);
        let told = document["properties"]["associatedWorkspaces"].as_array();
        let told = told.and_then(|ids| ids.first()?.as_str()).map(own_name);
        let project = project.or(told)?;
        let why = format!("{HAS_PROJECTS}: {project}; delete those first");
        Some(Stay { reason: HAS_PROJECTS.into(), why })
    }

    /// Why a dependent stays, if it does.
    ///
    /// # Errors
    /// A service does not say.
    pub async fn stay(&self, entry: &Entry, spot: &Spot) -> Result<Option<Stay>, Failure> {
        for id in [&self.own, &spot.id()] {
            match self.lock_on(id) {
                Ok(None) => {}
                Ok(Some(scope)) => return Ok(Some(locked(scope))),
                Err(stay) => return Ok(Some(stay)),
            }
        }
        if let Some((subscription, _)) = self.known.iter().find(|(_, it)| it.workspaces.is_none()) {
            return Ok(Some(unsure(&format!("the workspaces of {subscription} cannot be listed"))));
        }
        // A list without the one that we come from is no whole list.
        if !self.workspaces().any(|other| self.is_own(other)) {
            return Ok(Some(unsure("the list of workspaces has not even this one")));
        }
        if let Some(stay) = self.named_by_another(spot) {
            return Ok(Some(stay));
        }
        match spot.sort.word {
            ACCOUNT | CONTAINER | SHARE => self.in_a_datastore(entry, spot).await,
            LOGS => self.fed_by_another(entry, spot).await,
            _ => Ok(None),
        }
    }

    fn workspaces(&self) -> impl Iterator<Item = &Value> {
        self.known.values().flat_map(|known| known.workspaces.iter().flatten())
    }

    fn is_own(&self, other: &Value) -> bool {
        other["id"].as_str().is_some_and(|id| same_id(id, &self.own))
    }

    /// In what a lock stands that is at this, above it or in it.
    fn lock_on(&self, id: &str) -> Result<Option<&str>, Stay> {
        let subscription = parts_of(id);
        let Some(known) = self.known.get(subscription) else {
            return Err(unsure("its subscription was not asked for locks"));
        };
        let Some(locks) = &known.locks else {
            return Err(unsure(&format!("the locks of {subscription} cannot be listed")));
        };
        let holds = |above: &str, below: &str| {
            below.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let lock = locks.iter().find(|scope| holds(scope, id) || holds(id, scope));
        Ok(lock.map(String::as_str))
    }

    /// Whether another workspace names it anywhere in what it says.
    fn named_by_another(&self, spot: &Spot) -> Option<Stay> {
        let whole = spot.around().unwrap_or_else(|| spot.clone());
        let mut others = self.workspaces().filter(|other| !self.is_own(other));
        let other = others.find(|other| names(other, &whole))?;
        Some(shared(&format!("the workspace {} depends on it", named(other))))
    }

    /// Whether a datastore of another workspace leads into the account.
    async fn in_a_datastore(&self, entry: &Entry, spot: &Spot) -> Result<Option<Stay>, Failure> {
        if let Some((subscription, _)) = self.known.iter().find(|(_, known)| !known.datastores) {
            let why = format!("the datastores of {subscription} cannot be read");
            return Ok(Some(unsure(&why)));
        }
        // No failure is kept for the next that asks.
        let asked = self.datastores.get_or_try_init(async || {
            let all = self.ask(entry).await;
            if all.iter().any(Stores::may_pass) { Err(all) } else { Ok(all) }
        });
        let asked = asked.await;
        let all = match &asked {
            Ok(all) => *all,
            Err(all) => all,
        };
        for Stores { workspace, accounts } in all {
            match accounts {
                Err(unseen) => return Ok(Some(unseen.stay.clone())),
                Ok(accounts) if accounts.iter().any(|account| same_id(account, &spot.name)) => {
                    let why = format!("a datastore of the workspace {workspace} leads there");
                    return Ok(Some(shared(&why)));
                }
                Ok(_) => {}
            }
        }
        Ok(None)
    }

    /// Asks every other workspace for its datastores, up to the first that does not tell.
    async fn ask(&self, entry: &Entry) -> Vec<Stores> {
        let mut all = Vec::new();
        for other in self.workspaces().filter(|other| !self.is_own(other)) {
            let accounts = accounts_of(entry, other).await;
            let is_told = accounts.is_ok();
            all.push(Stores { workspace: named(other).to_owned(), accounts });
            if !is_told {
                break;
            }
        }
        all
    }

    /// Whether another component keeps its rows in that Log Analytics workspace.
    async fn fed_by_another(&self, entry: &Entry, spot: &Spot) -> Result<Option<Stay>, Failure> {
        if spot.name.starts_with(DEFAULT_LOGS) {
            return Ok(Some(shared("Azure made it for all of a region who name none")));
        }
        let own = self.workspaces().find(|other| self.is_own(other));
        let own = own.and_then(|own| own["properties"]["applicationInsights"].as_str());
        let own = own.unwrap_or_default();
        let component = Sort::named(COMPONENT).expect("it is in the table");
        for (subscription, known) in &self.known {
            let Some(components) = &known.components else {
                let why = format!("the components of {subscription} cannot be listed");
                return Ok(Some(unsure(&why)));
            };
            for other in components {
                let to = other["properties"]["WorkspaceResourceId"].as_str().unwrap_or_default();
                let id = other["id"].as_str().unwrap_or_default();
                if same_id(id, own) || !same_id(to, &spot.id()) {
                    continue;
                }
                // Lists lag behind.
                let stands = match Spot::of_id(component, id) {
                    Some(other) => look(entry, &other).await?.is_some(),
                    None => true,
                };
                if stands {
                    let why = format!("the component {} keeps its rows there", own_name(id));
                    return Ok(Some(shared(&why)));
                }
            }
        }
        Ok(None)
    }
}

impl Known {
    async fn see(entry: &Entry, subscription: &str) -> Result<Self, Failure> {
        let at = |provided: &str, version: &str| {
            entry.at(&format!("/subscriptions/{subscription}/providers/{provided}"), version)
        };
        // A list has only what we may read, and does not say that there is more.
        let grants = granted_in(entry, subscription).await?;
        let so = |told: Told<Vec<Value>>, right: &str| match told {
            Told::So(values) if grants.admit(right) => Some(values),
            Told::So(_) | Told::Refused => None,
        };
        let component = Sort::named(COMPONENT).expect("it is in the table");
        let workspaces = all(entry, at(WORKSPACES, API_VERSION)).await?;
        let workspaces = so(workspaces, &format!("{WORKSPACES}/read"));
        let components = all(entry, at(component.type_name, component.version)).await?;
        let components = so(components, &format!("{}/read", component.type_name));
        let locks = all(entry, at("Microsoft.Authorization/locks", LOCKS_VERSION)).await?;
        let locks = so(locks, "Microsoft.Authorization/locks/read");
        let locks = locks.map(|locks| locks.iter().map(scope_of).collect());
        let datastores = grants.admit(&format!("{WORKSPACES}/datastores/read"));
        Ok(Self { workspaces, components, locks, datastores })
    }
}

/// Into which accounts the datastores of a workspace lead, or why nobody can say.
async fn accounts_of(entry: &Entry, workspace: &Value) -> Result<Vec<String>, Unseen> {
    let unseen = |why: &str, is_passing| Err(Unseen { stay: unsure(why), is_passing });
    let id = workspace["id"].as_str().and_then(parts);
    let Some([subscription, group, type_name, own]) = id else {
        return unseen("a workspace is listed by no id", false);
    };
    if !type_name.eq_ignore_ascii_case(WORKSPACES) {
        return unseen("a workspace is listed by another's id", false);
    }
    let path = format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/{WORKSPACES}/{own}\
         /datastores"
    );
    match all(entry, entry.at(&path, API_VERSION)).await {
        Ok(Told::So(stores)) => {
            let account =
                |store: &Value| store["properties"]["accountName"].as_str().map(str::to_owned);
            Ok(stores.iter().filter_map(account).collect())
        }
        told @ (Ok(Told::Refused) | Err(_)) => {
            let name = named(workspace);
            let why = format!("the datastores of the workspace {name} cannot be read");
            unseen(&why, told.is_err())
        }
    }
}

/// Whether anything that is said anywhere names it, something in it, or an address of it.
fn names(said: &Value, spot: &Spot) -> bool {
    let (id, host) = (spot.id(), format!("//{}.", spot.name));
    let is_it = |text: &str| {
        let text = folded(text);
        let is_in =
            text.strip_prefix(&id).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_in || (matches!(spot.sort.word, ACCOUNT | VAULT | REGISTRY) && text.contains(&host))
    };
    // Ends: each part is taken out once.
    let mut left = vec![said];
    while let Some(said) = left.pop() {
        match said {
            Value::Object(fields) => {
                left.extend(fields.values());
                if fields.keys().any(|name| is_it(name)) {
                    return true;
                }
            }
            Value::Array(values) => left.extend(values),
            Value::String(text) if is_it(text) => return true,
            _ => {}
        }
    }
    false
}

/// In what a lock stands. One that does not tell stands in everything.
fn scope_of(lock: &Value) -> String {
    let id = lock["id"].as_str().unwrap_or_default().to_lowercase();
    let scope = id.rsplit_once("/providers/microsoft.authorization/locks/");
    scope.map(|(scope, _)| scope.to_owned()).unwrap_or_default()
}

fn parts_of(id: &str) -> &str {
    id.split('/').nth(2).unwrap_or_default()
}

fn named(workspace: &Value) -> &str {
    workspace["name"].as_str().or(workspace["id"].as_str().map(own_name)).unwrap_or_default()
}

fn locked(scope: &str) -> Stay {
    Stay { reason: LOCKED.into(), why: format!("locked: a lock stands on {}", own_name(scope)) }
}

fn shared(why: &str) -> Stay {
    Stay { reason: SHARED.into(), why: format!("shared: {why}") }
}

/// What stays because nobody can say more.
pub fn unsure(why: &str) -> Stay {
    Stay { reason: UNSURE.into(), why: format!("{UNSURE}: {why}") }
}
