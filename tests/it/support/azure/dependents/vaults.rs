//! Vaults that were deleted: looked at, and purged where that is not too early and not forbidden.

use crate::support::azure::arm::service::begin;
use crate::support::azure::dependents::service::{address, not_found};
use crate::support::azure::dependents::spot::Part;
use crate::support::azure::dependents::store::PURGED;
use crate::support::azure::entry::Call;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::Effect;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::State;
use crate::support::blob_server::wire::Reply;

/// Answers for one, by subscription and name.
pub fn answer(
    state: &mut State,
    (subscription, name): (&str, &str),
    is_purge: bool,
    call: &Call<'_>,
) -> Answer {
    let is_it = |id: &str| {
        id.split('/').nth(2).is_some_and(|it| it.eq_ignore_ascii_case(subscription))
            && id.rsplit('/').next().is_some_and(|it| it.eq_ignore_ascii_case(name))
    };
    let mut vaults = state.dependents.deleted_vaults.iter();
    let found = vaults.find(|(id, _)| is_it(id)).map(|(id, vault)| (id.clone(), vault.clone()));
    let (id, vault) = found.ok_or_else(|| not_found(Part::DeletedVault, name))?;
    if !is_purge {
        return Ok(Reply::new(200).json(&vault.answered()));
    }
    if vault.vault.document["properties"]["enablePurgeProtection"] == true {
        // The code is not recorded.
        let text = "Operation 'DeletedVaultPurge' is not allowed.";
        return Err(Refusal::gateway(405, "MethodNotAllowed", text));
    }
    if state.now < vault.deleted + state.dependents.switches.too_early {
        // terraform-provider-azurerm#10454
        let text = "The vault is being deleted.";
        return Err(Refusal::gateway(409, "Conflict", text));
    }
    let kind = Kind::Dependent(Part::DeletedVault);
    let address = address(&id);
    let effect = Effect::Delete { kind, names: vec![id, PURGED.to_owned()] };
    if state.operations.is_under_way(&address, &effect) {
        let text = "The vault is being purged.";
        return Err(Refusal::gateway(409, "Conflict", text));
    }
    let switched = state.switches.courses.get(&kind).cloned();
    let course = call.course.clone().or(switched).unwrap_or_else(|| Part::DeletedVault.course());
    Ok(begin(state, kind, &address, effect, course))
}
