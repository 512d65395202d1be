//! What there is, by id, and what can be one way or another.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::support::azure::dependents::spot::Part;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::Effect;
use crate::support::blob_server::form::stamp;

/// Everything.
#[derive(Default)]
pub struct Store {
    /// By id in lower case.
    pub all: BTreeMap<String, Resource>,
    /// Vaults that were deleted, by their id in lower case.
    pub deleted_vaults: BTreeMap<String, DeletedVault>,
    pub deleted_accounts: Vec<(String, Timestamp)>,
    pub switches: Switches,
}

/// See the module.
#[derive(Default)]
pub struct Switches {
    /// How long after a vault was deleted it is too early to purge it.
    pub too_early: SignedDuration,
}

/// Something.
#[derive(Clone, Debug)]
pub struct Resource {
    pub part: Part,
    /// As it was written.
    pub id: String,
    /// What is answered beside `id`, `name` and `type`.
    pub document: Map<String, Value>,
}

/// A vault that was deleted.
#[derive(Clone, Debug)]
pub struct DeletedVault {
    pub vault: Resource,
    pub deleted: Timestamp,
}

/// What an effect that ends a deleted vault has for its name.
pub const PURGED: &str = "purged";

impl Store {
    /// Puts something there.
    pub fn add(&mut self, part: Part, id: &str, document: &Value) -> &mut Resource {
        let document = document.as_object().cloned().unwrap_or_default();
        let resource = Resource { part, id: id.to_owned(), document };
        self.all.entry(id.to_lowercase()).insert_entry(resource).into_mut()
    }

    /// Puts a lock there.
    pub fn lock(&mut self, scope: &str, level: &str) {
        let id = format!("{scope}/providers/Microsoft.Authorization/locks/hold");
        self.add(Part::Lock, &id, &json!({"properties": {"level": level}}));
    }

    pub fn get(&mut self, id: &str) -> Option<&mut Resource> {
        self.all.get_mut(&id.to_lowercase())
    }

    /// In what a lock stands that forbids the end of what has this id: at it, above it, or in it.
    pub fn locked(&self, id: &str) -> Option<&str> {
        let id = id.to_lowercase();
        let holds = |above: &str, below: &str| {
            below.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let locks = self.all.values().filter(|it| it.part == Part::Lock);
        let mut scopes = locks.filter_map(Resource::lock_scope);
        scopes.find(|scope| {
            let scope = scope.to_lowercase();
            holds(&scope, &id) || holds(&id, &scope)
        })
    }

    /// Does what an operation ends in; whether it was one of these.
    pub fn carry_out(&mut self, effect: &Effect, now: Timestamp) -> bool {
        let Effect::Delete { kind: Kind::Dependent(part), names } = effect else { return false };
        let [id, rest @ ..] = &names[..] else { return true };
        if rest.iter().any(|word| word == PURGED) {
            self.deleted_vaults.remove(id);
            return true;
        }
        let below = format!("{id}/");
        let Some(gone) = self.all.remove(id) else { return true };
        self.all.retain(|other, _| !other.starts_with(&below));
        match part {
            Part::Vault => {
                let vault = DeletedVault { vault: gone, deleted: now };
                self.deleted_vaults.insert(id.clone(), vault);
            }
            Part::Account => self.deleted_accounts.push((gone.id, now)),
            _ => {}
        }
        true
    }
}

impl Resource {
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    /// What it says of itself, to be changed.
    pub fn properties(&mut self) -> &mut Map<String, Value> {
        let properties = self.document.entry("properties").or_insert_with(|| json!({}));
        properties.as_object_mut().unwrap()
    }

    /// As it is answered.
    pub fn answered(&self, is_odd: bool) -> Value {
        let id = if is_odd { odd(&self.id) } else { self.id.clone() };
        let mut document = json!({"id": id, "name": self.name(), "type": self.part.type_name()});
        document.as_object_mut().unwrap().extend(self.document.clone());
        document
    }

    fn lock_scope(&self) -> Option<&str> {
        let (scope, _) = self.id.split_once("/providers/Microsoft.Authorization/locks/")?;
        Some(scope)
    }
}

impl DeletedVault {
    /// As it is answered.
    pub fn answered(&self) -> Value {
        let Self { vault, deleted } = self;
        let properties = &vault.document["properties"];
        let days = properties["softDeleteRetentionInDays"].as_i64().unwrap_or(90);
        let location = vault.document["location"].as_str().unwrap_or("westeurope");
        let until = *deleted + SignedDuration::from_hours(days * 24);
        let subscription = vault.id.split('/').nth(2).unwrap_or_default();
        let name = vault.name();
        json!({
            "id": format!(
                "/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/\
                 deletedVaults/{name}"
            ),
            "name": name,
            "type": "Microsoft.KeyVault/deletedVaults",
            "properties": {
                "vaultId": vault.id,
                "location": location,
                "tags": {},
                "deletionDate": stamp(*deleted),
                "scheduledPurgeDate": stamp(until),
                "purgeProtectionEnabled": properties["enablePurgeProtection"],
            },
        })
    }
}

/// Ids as they are met in the field.
fn odd(id: &str) -> String {
    id.replace("resourceGroups", "resourcegroups").replace("Microsoft.", "MICROSOFT.")
}
