//! A walk that was broken off goes on with the page that it had come to, as long as that page still
//! means something; and whatever it does, nobody is missed and nothing is counted twice.

use std::sync::Arc;

use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::domain::layout::Container;

use crate::support::simulation::scenario::{SOURCE, Scenario, notes, patient, request, simulate};
use crate::support::simulation::story::ending;
use crate::support::simulation::tripwire::{Fuse, Trip};

/// Names in the source; every other one speaks of the person.
const NAMES: usize = 12;
/// Names on a page.
const PAGE: usize = 3;

fn life(kind: &str) -> Scenario {
    let scenario = patient(Scenario::new().sent(request("r-1", kind)));
    let source = scenario.source(SOURCE);
    for name in 0..NAMES {
        let text = if name % 2 == 0 { notes("of her") } else { "nothing\n".to_owned() };
        source.put(&format!("n{name:02}.txt"), text);
    }
    scenario.paged(PAGE)
}

/// Kills the daemon once it has noted so many pages.
async fn killed_after(pages: usize, scenario: &Scenario) {
    scenario.wire.count("note_checkpoint");
    scenario.wire.set(Fuse { at: pages, after: true, trip: Trip::Kill });
    scenario.live().await;
    assert_eq!(scenario.wire.blown(), Some("note_checkpoint"));
    scenario.wire.mend();
    scenario.inbox.take_back();
}

/// How many items the last daemon looked at in its sweeps.
fn looked_at(scenario: &Scenario) -> u64 {
    let metrics = scenario.metrics.lock().unwrap();
    let line = metrics.last().unwrap().lines().find(|l| l.starts_with("dsrd_sweep_items_total "));
    line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn it_goes_on_with_the_page_that_it_had_come_to() {
    simulate(async || {
        let peace = life("access");
        peace.live().await;
        let expected = ending(&peace).await;
        assert!(expected.contains(r#""seen":12,"found":6"#), "{expected}");
        assert_eq!(looked_at(&peace), NAMES as u64);
        for pages in 1..NAMES / PAGE {
            let scenario = life("access");
            killed_after(pages, &scenario).await;
            scenario.live().await;
            assert_eq!(expected, ending(&scenario).await, "{pages} pages");
            assert_eq!(looked_at(&scenario), (NAMES - pages * PAGE) as u64, "{pages} pages");
        }
    });
}

/// What makes the pages before the break mean something else, and how much is then looked at.
#[test]
fn it_begins_anew_where_the_pages_before_mean_nothing_any_more() {
    simulate(async || {
        type Change = fn(Scenario) -> Scenario;
        let changes: [(&str, Change, u64); 5] = [
            ("nothing", |scenario| scenario, 6),
            ("59 minutes", |scenario| waiting(scenario, 59), 6),
            ("61 minutes", |scenario| waiting(scenario, 61), 12),
            ("another policy", |scenario| scenario.keeping("billing", "tax law"), 12),
            ("another place", moved, 12),
        ];
        for (change, changed, expected) in changes {
            let scenario = life("access");
            killed_after(2, &scenario).await;
            let scenario = changed(scenario);
            scenario.live().await;
            assert_eq!(looked_at(&scenario), expected, "{change}");
            let ending = ending(&scenario).await;
            assert!(ending.contains(r#""seen":12,"found":6"#), "{change}: {ending}");
        }
    });
}

/// Of so many names, on so many pages, that the second look of a life begins at several places.
fn wide() -> Scenario {
    let scenario = patient(Scenario::new().sent(request("r-1", "erasure")));
    let source = scenario.source(SOURCE);
    for name in 0..300 {
        let text = if name % 50 == 7 { notes("of her") } else { "nothing\n".to_owned() };
        source.put(&format!("n{name:03}.txt"), text);
    }
    scenario.paged(12)
}

/// The listing of the second look is broken off with some stretches far and others hardly begun.
#[test]
fn a_second_look_from_several_places_goes_on_at_each() {
    simulate(async || {
        let peace = wide();
        peace.live().await;
        let expected = ending(&peace).await;
        assert!(expected.contains(r#""outcomes":{"erased":6}"#), "{expected}");
        let begun = peace.wire.looks("list_from");
        assert!(begun > 4, "{begun} pages were listed from a name");
        let mut gone_on = 0;
        for (effect, after) in [("note_checkpoint", true), ("keep_leaves", false)] {
            for at in 1.. {
                let scenario = wide();
                scenario.wire.count(effect);
                scenario.wire.set(Fuse { at, after, trip: Trip::Kill });
                scenario.live().await;
                if scenario.wire.blown().is_none() {
                    break;
                }
                scenario.wire.mend();
                scenario.inbox.take_back();
                let before = scenario.wire.looks("list_from");
                scenario.live().await;
                gone_on += usize::from(before > 0 && scenario.wire.looks("list_from") > before);
                assert_eq!(expected, ending(&scenario).await, "{effect}, {at}, after: {after}");
            }
        }
        assert!(gone_on > 2, "{gone_on} second looks were gone on with at several places");
    });
}

fn waiting(scenario: Scenario, minutes: u64) -> Scenario {
    scenario.clock.advance_ms(minutes * 60_000);
    scenario
}

/// The source is configured to be elsewhere, where the same items are.
fn moved(mut scenario: Scenario) -> Scenario {
    let before = scenario.source(SOURCE);
    let after = MemorySource::new(SOURCE).laid_out(Container::Named("elsewhere".to_owned()));
    for name in before.names() {
        after.put(&name, before.get(&name).unwrap());
    }
    scenario.sources = vec![Arc::new(after)];
    scenario.paged(PAGE)
}

/// The second look is drawn from both halves: what came back before the break, and behind it.
#[test]
fn a_second_look_that_was_broken_off_proves_as_much() {
    simulate(async || {
        let peace = life("erasure");
        peace.live().await;
        let expected = ending(&peace).await;
        assert!(expected.contains(r#""outcomes":{"erased":6}"#), "{expected}");
        for effect in ["note_checkpoint", "keep_seen", "finish_shard", "add_items"] {
            for after in [false, true] {
                for at in 1.. {
                    let scenario = life("erasure");
                    scenario.wire.count(effect);
                    scenario.wire.set(Fuse { at, after, trip: Trip::Kill });
                    scenario.live().await;
                    if scenario.wire.blown().is_none() {
                        assert!(at > 2, "{effect} is met at the find and at the second look");
                        break;
                    }
                    scenario.wire.mend();
                    scenario.inbox.take_back();
                    scenario.live().await;
                    let got = ending(&scenario).await;
                    assert_eq!(expected, got, "{effect}, {at}, after: {after}");
                }
            }
        }
    });
}
