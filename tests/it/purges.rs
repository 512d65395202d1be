//! Purges for a crowd: how many calls they take, in which hours, and what is left. The stages are
//! driven by hand, since what is between them takes no part in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use dsrd::adapters::memory::sources::rows::MemoryRows;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::domain::asked::subject::Subject;
use dsrd::domain::item::{Finding, Item, Kind, Version};
use dsrd::domain::plan::Planned;
use dsrd::domain::request::RequestId;
use dsrd::domain::state::{Event, State};
use dsrd::ports::kept::purges::Gathered;
use dsrd::ports::messages::inbox::Inbox;
use dsrd::ports::system::Clock;
use dsrd::ports::tasks::Lease;
use dsrd::stages::act::erase::erase;
use dsrd::stages::act::follow::{Following, follow};
use dsrd::stages::act::purge::{Purging, purge};
use dsrd::stages::intake::intake;
use dsrd::stages::walk::pass::{Patience, Walk};
use dsrd::worker::world::World;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::simulation::scenario::{Scenario, TABLES, correspondence, request, simulate};

const PERSONS: usize = 500;
/// Tables with rows of theirs.
const PLACES: usize = 20;
/// Values that the service takes in a call.
const VALUES_MAX: usize = 10;
const PER_HOUR: u32 = 50;
const GATHER_MS: u64 = 900_000;
const DAY_MS: u64 = 86_400_000;
/// Ten years: nobody else works here.
const LEASE_MS: u64 = 3_650 * DAY_MS;

/// A ledger with requests that wait for their rows to be removed.
struct Crowd<'a> {
    scenario: &'a Scenario,
    world: World,
    lease: Lease,
}

fn address(number: usize) -> String {
    format!("person{number}@example.org")
}

fn table(number: usize) -> String {
    format!("Table{}", number % PLACES)
}

fn id(number: usize) -> RequestId {
    RequestId::new(&format!("r-{number}")).unwrap()
}

impl<'a> Crowd<'a> {
    async fn enrolled(scenario: &'a Scenario) -> Self {
        let world = scenario.world().await;
        let lease = world.account.ledger.claim("test", LEASE_MS).await.unwrap().unwrap();
        let mut deliveries = Vec::new();
        for number in 0..PERSONS {
            let identity = json!([{ "identity_type": "email", "identity_value": address(number) }]);
            let mut erasure = request(id(number).as_str(), "erasure");
            erasure["subject_identities"] = identity;
            scenario.inbox.push(erasure.to_string(), correspondence());
            deliveries.push(scenario.inbox.receive().await.unwrap());
        }
        let (calendar, terms) = (&world.mandate.calendar, world.terms());
        let taking = Box::pin(intake(&world.account, calendar, &terms, &deliveries)).await;
        assert!(taking.failure.is_none());
        let crowd = Self { scenario, world, lease };
        for number in 0..PERSONS {
            Box::pin(crowd.enrol(number)).await;
        }
        crowd
    }

    /// Brings a request to where it waits for its row to be removed.
    async fn enrol(&self, number: usize) {
        let World { account, mandate, sources, .. } = &self.world;
        let standing = account.ledger.standing(&id(number)).await.unwrap().unwrap();
        let begun = account.append(&standing, Event::FindStarted, Some(&self.lease)).await;
        let mut case = account.load(&begun.unwrap().unwrap(), &self.lease).await.unwrap();
        let name = format!("{}/UserId", table(number));
        let item = Item { kind: Kind::Rows, ..Item::bare(TABLES, &name, Version::Current) };
        let finding = Finding { item, hits: Vec::new(), digest: None, others: false };
        let planned = Planned::new(&case.request, &mandate.policy, finding);
        assert!(account.add_items(&case, 0, &[planned]).await.unwrap());
        let planned = Event::Planned {
            items: 1,
            unreadable: 0,
            seen: 1,
            policy: String::new(),
            sources: Vec::new(),
            coverage: Vec::new(),
        };
        for event in [planned, Event::ActStarted] {
            case.standing = account.advance(&case, event).await.unwrap().unwrap();
        }
        let walk = self.walk(case.request.people());
        let by = (&mandate.limits, &self.world.hands, Vec::new());
        Box::pin(erase(account, sources, &case, by, &walk)).await.unwrap();
    }

    fn walk(&self, people: &[Subject]) -> Walk {
        let people: Vec<&Subject> = people.iter().collect();
        Walk::new(&people, &self.world.mandate.limits, Patience::Spent)
    }

    /// Works on purges whenever one is due, until none goes on; gives when each call was made.
    async fn purge(&self) -> Vec<Timestamp> {
        let (World { account, mandate, sources, .. }, clock) = (&self.world, &self.scenario.clock);
        let with = Purging { sources, limits: &mandate.limits, lease: &self.lease };
        let (mut calls, mut waits) = (Vec::new(), BTreeMap::<String, Timestamp>::new());
        clock.advance_ms(GATHER_MS);
        loop {
            let when = Gathered { for_ms: GATHER_MS, members: u64::MAX };
            let due = account.ledger.due_purges(when, u32::MAX).await.unwrap();
            if due.is_empty() {
                return calls;
            }
            let now = clock.now();
            for one in &due {
                if waits.get(&one.id).is_some_and(|at| *at > now) {
                    continue;
                }
                let next =
                    Box::pin(purge(account, one, &with)).await.map_err(|failure| failure.chain());
                calls.resize(self.scenario.tables[0].removals().len(), now);
                if let Some(ms) = next.unwrap() {
                    let wait = SignedDuration::from_millis(i64::try_from(ms).unwrap());
                    waits.insert(one.id.clone(), now + wait);
                }
            }
            if let Some(next) = waits.values().filter(|at| **at > now).min() {
                clock.set(*next);
            }
        }
    }

    /// Lets a request look by itself at what became of its row; gives where it stands then.
    async fn look(&self, number: usize) -> State {
        let World { account, mandate, sources, .. } = &self.world;
        let standing = account.ledger.standing(&id(number)).await.unwrap().unwrap();
        let case = account.load(&standing, &self.lease).await.unwrap();
        let walk = self.walk(case.request.people());
        let with = Following {
            sources,
            concurrency: 1,
            ticket_age_max: mandate.limits.service_age_max(),
            rounds_max: 2,
            walk: &walk,
        };
        let looked = Box::pin(follow(account, &case, &with)).await;
        looked.map_err(|failure| failure.chain()).unwrap();
        account.ledger.standing(&id(number)).await.unwrap().unwrap().state
    }
}

/// Hundreds of people who are erased at once, by a service that takes fifty calls an hour and a month
/// for each: as many calls as their values need, and in no hour more than it takes.
#[test]
fn a_crowd_is_purged_within_the_hourly_budget() {
    let mut scenario = Scenario::new();
    let rows = Arc::new(MemoryRows::new(TABLES));
    for number in 0..PERSONS {
        rows.add(&table(number), &[("UserId", &address(number)), ("Url", "/score")]);
    }
    rows.add(&table(0), &[("UserId", "somebody.else@example.org")]);
    rows.take_an_hour(PER_HOUR);
    rows.take_values(VALUES_MAX);
    rows.take_time(Slow { looks: 30, look_in_ms: DAY_MS, end: SlowEnd::Done });
    scenario.tables.push(Arc::clone(&rows));
    let (calls, days, states) = simulate(async || {
        let crowd = Box::pin(Crowd::enrolled(&scenario)).await;
        let begun = scenario.clock.now();
        let calls = Box::pin(crowd.purge()).await;
        let days = scenario.clock.now().duration_since(begun).as_hours() / 24;
        let mut states = Vec::new();
        for number in (0..PERSONS).step_by(50) {
            states.push(Box::pin(crowd.look(number)).await);
        }
        (calls, days, states)
    });
    let needed: usize = (0..PLACES)
        .map(|place| (place..PERSONS).step_by(PLACES).count().div_ceil(VALUES_MAX))
        .sum();
    assert_eq!(calls.len(), needed, "one for each {VALUES_MAX} values of a place");
    let hour = SignedDuration::from_hours(1);
    let in_an_hour = |first: &Timestamp| {
        calls.iter().filter(|call| *call >= first && call.duration_since(*first) < hour).count()
    };
    let most = calls.iter().map(in_an_hour).max();
    assert_eq!(most, Some(PER_HOUR as usize), "the budget is used, and kept");
    assert!((30..33).contains(&days), "{days}");
    assert!(states.iter().all(|state| *state == State::Verifying), "{states:?}");
    let left: usize = rows.all().values().map(Vec::len).sum();
    assert_eq!(left, 1, "that of somebody else");
}
