//! What Resource Manager lists of storage accounts: their containers and shares, by name.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::azure::arm::paging;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::State;
use crate::support::blob_server::wire::Request;

/// One of the two lists of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredList {
    pub account: String,
    /// `containers` or `shares`.
    pub collection: String,
}

/// What there is, by account and list; no account where nothing was put.
pub type Stored = BTreeMap<StoredList, Vec<String>>;

impl StoredList {
    /// `…/storageAccounts/{account}/{blob,file}Services/default/{containers,shares}`, from the
    /// provider on.
    pub fn of(words: &[String]) -> Option<Self> {
        let [provider, accounts, account, service, default, collection] = words else {
            return None;
        };
        let is = |word: &str, expected: &str| word.eq_ignore_ascii_case(expected);
        let fixed = is(provider, "Microsoft.Storage") && is(accounts, "storageAccounts");
        let list = (is(service, "blobServices") && is(collection, "containers"))
            || (is(service, "fileServices") && is(collection, "shares"));
        let (account, collection) = (account.to_lowercase(), collection.to_lowercase());
        (fixed && list && is(default, "default")).then_some(Self { account, collection })
    }

    /// The action of who lists it.
    pub fn action(&self) -> String {
        let service = if self.collection == "shares" { "fileServices" } else { "blobServices" };
        format!("Microsoft.Storage/storageAccounts/{service}/{}/read", self.collection)
    }
}

pub fn answer(state: &State, list: &StoredList, request: &Request) -> Answer {
    let Some(names) = state.stored.get(list) else {
        let text = format!("The Resource '{}' was not found.", list.account);
        return Err(Refusal::gateway(404, "ResourceNotFound", text));
    };
    paging::answer(state, request, "$skipToken", |from| {
        let names = names.iter().map(|name| (name.clone(), json!({"name": name})));
        let mut names: Vec<_> = names.collect();
        names.sort_by(|one, other| one.0.cmp(&other.0));
        names.into_iter().filter(move |(name, _)| match &from {
            std::ops::Bound::Excluded(last) => name > last,
            std::ops::Bound::Included(first) => name >= first,
            std::ops::Bound::Unbounded => true,
        })
    })
}
