//! What is left of what a workspace depended on once nobody sees it any more: vaults that their
//! service would give back. And how often it is asked who else uses things.

use std::collections::BTreeMap;

use dsrd::domain::item::Item;
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Things, Walked};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::resources::dependents::{
    LOGS, add_neighbour, all_of, found, item, lend_account, share_vault, world,
};
use crate::resources::world::World;
use crate::support::azure::dependents::sample::{ACCOUNT, VAULT, id};
use crate::support::azure::dependents::spot::Part;
use crate::support::azure::dependents::store::{DeletedVault, Resource};
use crate::support::azure::faults::Verb;
use crate::support::azure::kind::Kind;
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::State;

const DAYS: SignedDuration = SignedDuration::from_hours(90 * 24);

/// When somebody deleted it.
const AT: Timestamp = Timestamp::constant(1_772_323_200, 0);

fn vault_id() -> String {
    id(Part::Vault.type_name(), VAULT)
}

/// The vault as it stands.
fn vault(state: &mut State) -> Resource {
    state.dependents.get(&vault_id()).unwrap().clone()
}

/// The vault was deleted at that time, and can be had back.
fn bring_back(state: &mut State, vault: Resource, deleted: Timestamp) {
    state.dependents.all.remove(&vault_id().to_lowercase());
    state
        .dependents
        .deleted_vaults
        .insert(vault_id().to_lowercase(), DeletedVault { vault, deleted });
}

fn protect(state: &mut State) {
    let vault = state.dependents.get(&vault_id()).unwrap();
    vault.properties().insert("enablePurgeProtection".to_owned(), json!(true));
}

/// Case, whether it is to go for good and is protected when that is planned, what happens then,
/// whether it is left, and how long it can be had back.
type Row = (&'static str, [bool; 2], fn(&mut State, Resource), bool, Option<SignedDuration>);

const ROWS: [Row; 9] = [
    ("it stands", [true, false], |_, _| {}, true, None),
    (
        "made anew",
        [true, false],
        |state, _| {
            let made = json!({"systemData": {"createdAt": "2026-02-01T00:00:00Z"}});
            state.dependents.add(Part::Vault, &vault_id(), &made);
        },
        false,
        None,
    ),
    (
        "purged",
        [true, false],
        |state, _| drop(state.dependents.all.remove(&vault_id().to_lowercase())),
        false,
        None,
    ),
    ("deleted", [true, false], |state, vault| bring_back(state, vault, AT), true, Some(DAYS)),
    ("softly", [false, false], |state, vault| bring_back(state, vault, AT), false, Some(DAYS)),
    (
        "for fewer days",
        [true, false],
        |state, mut vault| {
            vault.properties().insert("softDeleteRetentionInDays".to_owned(), json!(7));
            bring_back(state, vault, AT);
        },
        true,
        Some(SignedDuration::from_hours(7 * 24)),
    ),
    ("protected", [true, true], |state, vault| bring_back(state, vault, AT), false, Some(DAYS)),
    (
        "protected since",
        [true, false],
        |state, _| {
            protect(state);
            let vault = vault(state);
            bring_back(state, vault, AT);
        },
        true,
        Some(DAYS),
    ),
    (
        "nobody lets us see it",
        [true, false],
        |state, vault| {
            bring_back(state, vault, AT);
            let kind = Kind::Dependent(Part::DeletedVault);
            state.switches.denied.extend([(Verb::Get, kind), (Verb::List, kind)]);
        },
        true,
        Some(DAYS),
    ),
];

/// What happens to a vault around its plan, and whether it is left.
#[tokio::test]
async fn a_vault_is_left_while_it_can_be_had_back_against_the_plan() {
    for (case, [for_good, is_protected], change, is_left, until) in ROWS {
        let world = world().await;
        if is_protected {
            protect(&mut world.simulator.state());
        }
        let planned = item(&found(&world, for_good).await, "key_vault");
        {
            let mut state = world.simulator.state();
            let vault = vault(&mut state);
            change(&mut state, vault);
        }
        assert_eq!(world.source.stands(&planned).await.unwrap(), is_left, "{case}");
        let told = world.source.recoverable_until(&planned, AT).await.unwrap();
        assert_eq!(told, until.map(|until| AT + until), "{case}");
    }
}

/// Their service took the word for good and did not keep it.
#[tokio::test]
async fn logs_that_were_kept_against_the_plan_are_told_with_their_end() {
    for (for_good, is_kept, until) in [(true, true, Some(14)), (true, false, None)] {
        let world = world().await;
        let planned = item(&found(&world, for_good).await, "log_analytics");
        {
            let mut state = world.simulator.state();
            let now = state.now;
            let logs = &mut state.monitor.workspaces;
            let key = logs.keys().find(|key| format!("{key:?}").contains(LOGS)).unwrap().clone();
            match is_kept {
                true => logs.get_mut(&key).unwrap().deleted = Some(now),
                false => drop(logs.remove(&key)),
            }
        }
        let told = world.source.recoverable_until(&planned, AT).await.unwrap();
        let until = until.map(|days| AT + SignedDuration::from_hours(days * 24));
        assert_eq!(told, until, "{is_kept}");
    }
}

/// How often each list was asked for since so many requests.
fn lists(simulator: &Simulator, since: usize) -> BTreeMap<String, usize> {
    let mut lists = BTreeMap::new();
    for request in simulator.requests().iter().skip(since) {
        let path = request.path.to_lowercase();
        let is_list = ["/workspaces", "/components", "/locks", "/permissions", "/datastores"]
            .into_iter()
            .find(|end| path.ends_with(end));
        if let Some(list) = is_list.filter(|_| request.method == "GET") {
            *lists.entry(list.to_owned()).or_default() += 1;
        }
    }
    lists
}

fn add_containers(world: &World, count: usize) {
    let account = id(Part::Account.type_name(), ACCOUNT);
    let mut state = world.simulator.state();
    for number in 0..count {
        let id = format!("{account}/blobServices/default/containers/more-{number:03}");
        state.dependents.add(Part::Container, &id, &json!({"properties": {}}));
    }
}

/// Who uses an account is asked once for all that is in it, in the plan and when it goes.
#[tokio::test]
async fn it_is_asked_once_who_uses_an_account_of_many_containers() {
    let mut asked: Vec<BTreeMap<String, usize>> = Vec::new();
    for count in [1, 40] {
        let world = world().await;
        add_neighbour(&world.simulator);
        add_containers(&world, count);
        let found = found(&world, true).await;
        let planned = world.simulator.requests().len();
        asked.push(lists(&world.simulator, 0));
        for item in all_of(&found, &["storage_container", "file_share"]) {
            let erased = world.source.erase(&item).await.unwrap();
            assert_eq!(erased, Erased::Done, "{}", item.name);
        }
        asked.push(lists(&world.simulator, planned));
    }
    assert_eq!(asked[0], asked[2], "the plan");
    // A machine that is busy may take longer than a look lasts.
    let many: usize = asked[3].values().sum();
    let few: usize = asked[1].values().sum();
    assert!(few > 0 && many <= few * 4, "{asked:?}");
}

/// Right before anything goes that stands by itself it is looked anew, however lately it was.
#[tokio::test]
async fn what_somebody_uses_since_a_moment_stays() {
    type Use = fn(&Simulator);
    let rows: [(&str, Use); 2] = [("key_vault", share_vault), ("storage_account", lend_account)];
    for (word, begin) in rows {
        let world = world().await;
        let found = found(&world, true).await;
        for item in all_of(&found, &["storage_container", "file_share"]) {
            assert_eq!(world.source.erase(&item).await.unwrap(), Erased::Done);
        }
        begin(&world.simulator);
        let one: Item = item(&found, word);
        let erased = world.source.erase(&one).await.unwrap();
        let used = Barrier::new(Block::Lock, "UsedByAnother");
        assert_eq!(erased, Erased::Blocked(used), "{word}");
    }
}
