//! What is in a storage account, and for how long it could be had back.

use serde_json::Value;

use crate::adapters::azureml::dependents::look::{Told, all, print};
use crate::adapters::azureml::dependents::sorts::Sort;
use crate::adapters::azureml::dependents::spot::Spot;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::dependents::dependent::{CONTAINER, Dependent, Fate, RECOVERABLE_DAYS, SHARE};
use crate::domain::failure::Failure;
use crate::domain::outcome::{Barrier, Block};

const ASKING: &str = "asking for what a storage account has";

/// A service of an account, and what is in it.
struct Service {
    word: &'static str,
    path: &'static str,
    /// Where it says for how long it keeps what was deleted.
    retention: &'static str,
}

const SERVICES: [Service; 2] = [
    Service {
        word: CONTAINER,
        path: "blobServices/default",
        retention: "containerDeleteRetentionPolicy",
    },
    Service { word: SHARE, path: "fileServices/default", retention: "shareDeleteRetentionPolicy" },
];

/// What is in an account of this document; `None` where we may not see that.
///
/// # Errors
/// The service does not say.
pub async fn inside(
    entry: &Entry,
    source: &str,
    (account, document): (&Spot, &Value),
) -> Result<Option<Vec<Dependent>>, Failure> {
    let mut found = Vec::new();
    for service in SERVICES {
        let sort = Sort::named(service.word).expect("it is in the table");
        let Some(policy) = policy(entry, account, &service).await? else { return Ok(None) };
        // Of accounts of blobs alone there are no shares, and the other way round.
        let Some(policy) = policy else { continue };
        let path = sort.inside.unwrap_or_default();
        let each = match all(entry, account.url_below(entry, path)).await? {
            Told::So(each) => each,
            Told::Refused => return Ok(None),
        };
        let days = &policy["properties"][service.retention];
        let days = days["days"].as_u64().filter(|_| days["enabled"] == Value::Bool(true));
        for one in each {
            let spot = account.with(sort, one["name"].as_str().unwrap_or_default());
            if spot.inside.is_none() {
                return Err(Failure::permanent(format!("{ASKING}: something has no name")));
            }
            let mut item = spot.item(source, &print(&spot, document), &account.item_name());
            if let Some(days) = days {
                item.properties.insert(RECOVERABLE_DAYS.to_owned(), days.to_string());
            }
            let hint = barrier(&one, "").map(|barrier| match barrier.block {
                Block::LegalHold => "a legal hold stands on it: it will be refused",
                Block::Immutable => "its blobs are immutable for a time: it may be refused",
                Block::Lease | Block::Lock => "somebody has a lease on it",
            });
            found.push(Dependent { item, fate: Fate::Goes(hint.unwrap_or_default().to_owned()) });
        }
    }
    Ok(Some(found))
}

/// What a service of an account says of itself; within, `None` where the account has none such.
async fn policy(
    entry: &Entry,
    account: &Spot,
    service: &Service,
) -> Result<Option<Option<Value>>, Failure> {
    let answer = entry.get(ASKING, account.url_below(entry, service.path)).await?;
    match answer.status {
        200 => Ok(Some(Some(answer.body))),
        403 => Ok(None),
        400 | 404 | 409 if answer.code.starts_with("FeatureNotSupported") => Ok(Some(None)),
        _ => Err(answer.failure(ASKING)),
    }
}

/// What stands against the removal of a container or share, as its own document says.
pub fn barrier(document: &Value, code: &str) -> Option<Barrier> {
    let properties = &document["properties"];
    let is = |field: &str| properties[field] == Value::Bool(true);
    let versions = &properties["immutableStorageWithVersioning"]["enabled"];
    let block = if is("hasLegalHold") {
        Block::LegalHold
    } else if is("hasImmutabilityPolicy") || *versions == Value::Bool(true) {
        Block::Immutable
    } else if properties["leaseStatus"].as_str().is_some_and(|it| it.eq_ignore_ascii_case("locked"))
    {
        Block::Lease
    } else {
        return None;
    };
    Some(Barrier::new(block, code))
}
