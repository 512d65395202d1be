//! Every state against every event: what may happen to a request, for a lawyer to read.

use std::fmt::Write;

use dsrd::domain::state::{Archive, Counts, Decision, Event, Extension, State};
use jiff::Timestamp;

/// Columns of the grid, and what each event is about.
fn events() -> Vec<(&'static str, Event)> {
    let by = || Decision { actor: "op".to_owned(), reason: "asked for".to_owned(), signed: None };
    let policy = String::new();
    let verified = |outcomes: &[(&str, u64)]| Event::Verified {
        counts: Counts {
            seen: 9,
            found: 2,
            outcomes: outcomes.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect(),
            refusals: Vec::new(),
            ..Counts::default()
        },
        archive: None,
        logically_erased_at: None,
        unrecoverable_after: None,
        untouched: None,
        certificate: None,
    };
    let archive = Archive {
        expires: None,
        tenant_logs: None,
        name: String::new(),
        url: String::new(),
        sha256: String::new(),
        size: 1,
        files: 1,
    };
    vec![
        ("accepted", Event::Accepted),
        ("rejected", Event::Rejected { codes: vec!["missing".to_owned()] }),
        ("find started", Event::FindStarted),
        (
            "planned",
            Event::Planned {
                items: 2,
                unreadable: 0,
                seen: 9,
                policy,
                sources: Vec::new(),
                coverage: Vec::new(),
            },
        ),
        ("held", Event::Held { reason: "more than the guard admits".to_owned() }),
        ("approved", Event::Approved(by())),
        ("refused", Event::Refused(by())),
        ("cancelled", Event::Cancelled(by())),
        ("stopped", Event::Stopped(by())),
        ("retried", Event::Retried(by())),
        ("extended", Event::Extended(Extension { decision: by(), due: Timestamp::MAX })),
        ("act started", Event::ActStarted),
        (
            "wait started",
            Event::WaitStarted { pending: 1, sources: Vec::new(), until_at_most: None },
        ),
        ("acted", Event::Acted { archive: None }),
        ("acted, archive written", Event::Acted { archive: Some(archive) }),
        ("left over", Event::LeftOver { items: 1 }),
        ("verified, all clean", verified(&[("erased", 1), ("kept", 1)])),
        ("verified, some blocked", verified(&[("erased", 1), ("blocked", 1)])),
        ("verified, some unreadable", verified(&[("exported", 1), ("unreadable", 1)])),
        ("returned", Event::Returned { items: 1, sources: Vec::new() }),
        ("failed", Event::Failed { reason: "the store is away".to_owned() }),
    ]
}

fn grid() -> String {
    let mut text = String::new();
    for state in State::ALL {
        let rest = match (state.rests(), state.is_end()) {
            (true, _) => " (the end; identities are shredded)",
            (false, true) => " (the end, unless a person retries)",
            (false, false) => "",
        };
        writeln!(text, "{}{rest}", state.word()).unwrap();
        let mut refused = Vec::new();
        for (name, event) in events() {
            match state.next(&event) {
                Ok(next) => writeln!(text, "  {name:<26} -> {}", next.word()).unwrap(),
                Err(_) => refused.push(name),
            }
        }
        for (at, names) in refused.chunks(6).enumerate() {
            let lead = if at == 0 { "refuses" } else { "       " };
            writeln!(text, "  {lead} {}", names.join("; ")).unwrap();
        }
    }
    text
}

#[test]
#[expect(clippy::too_many_lines, reason = "the grid is to be read in one piece")]
fn every_state_against_every_event() {
    insta::assert_snapshot!(grid(), @r"
    received
      accepted                   -> accepted
      rejected                   -> rejected
      refuses find started; planned; held; approved; refused; cancelled
              stopped; retried; extended; act started; wait started; acted
              acted, archive written; left over; verified, all clean; verified, some blocked; verified, some unreadable; returned
              failed
    accepted
      find started               -> finding
      cancelled                  -> cancelled
      extended                   -> accepted
      failed                     -> failed
      refuses accepted; rejected; planned; held; approved; refused
              stopped; retried; act started; wait started; acted; acted, archive written
              left over; verified, all clean; verified, some blocked; verified, some unreadable; returned
    finding
      planned                    -> planned
      cancelled                  -> cancelled
      extended                   -> finding
      failed                     -> failed
      refuses accepted; rejected; find started; held; approved; refused
              stopped; retried; act started; wait started; acted; acted, archive written
              left over; verified, all clean; verified, some blocked; verified, some unreadable; returned
    planned
      held                       -> held
      cancelled                  -> cancelled
      extended                   -> planned
      act started                -> acting
      verified, all clean        -> completed
      verified, some blocked     -> partially_completed
      verified, some unreadable  -> partially_completed
      failed                     -> failed
      refuses accepted; rejected; find started; planned; approved; refused
              stopped; retried; wait started; acted; acted, archive written; left over
              returned
    held
      approved                   -> acting
      refused                    -> cancelled
      cancelled                  -> cancelled
      extended                   -> held
      refuses accepted; rejected; find started; planned; held; stopped
              retried; act started; wait started; acted; acted, archive written; left over
              verified, all clean; verified, some blocked; verified, some unreadable; returned; failed
    acting
      stopped                    -> failed
      extended                   -> acting
      wait started               -> waiting
      acted                      -> verifying
      acted, archive written     -> verifying
      failed                     -> failed
      refuses accepted; rejected; find started; planned; held; approved
              refused; cancelled; retried; act started; left over; verified, all clean
              verified, some blocked; verified, some unreadable; returned
    waiting
      stopped                    -> failed
      extended                   -> waiting
      act started                -> acting
      acted                      -> verifying
      acted, archive written     -> verifying
      left over                  -> acting
      failed                     -> failed
      refuses accepted; rejected; find started; planned; held; approved
              refused; cancelled; retried; wait started; verified, all clean; verified, some blocked
              verified, some unreadable; returned
    verifying
      stopped                    -> failed
      extended                   -> verifying
      left over                  -> acting
      verified, all clean        -> completed
      verified, some blocked     -> partially_completed
      verified, some unreadable  -> partially_completed
      failed                     -> failed
      refuses accepted; rejected; find started; planned; held; approved
              refused; cancelled; retried; act started; wait started; acted
              acted, archive written; returned
    completed (the end; identities are shredded)
      returned                   -> completed
      refuses accepted; rejected; find started; planned; held; approved
              refused; cancelled; stopped; retried; extended; act started
              wait started; acted; acted, archive written; left over; verified, all clean; verified, some blocked
              verified, some unreadable; failed
    partially_completed (the end; identities are shredded)
      returned                   -> partially_completed
      refuses accepted; rejected; find started; planned; held; approved
              refused; cancelled; stopped; retried; extended; act started
              wait started; acted; acted, archive written; left over; verified, all clean; verified, some blocked
              verified, some unreadable; failed
    failed (the end, unless a person retries)
      cancelled                  -> cancelled
      retried                    -> accepted
      extended                   -> failed
      refuses accepted; rejected; find started; planned; held; approved
              refused; stopped; act started; wait started; acted; acted, archive written
              left over; verified, all clean; verified, some blocked; verified, some unreadable; returned; failed
    cancelled (the end; identities are shredded)
      refuses accepted; rejected; find started; planned; held; approved
              refused; cancelled; stopped; retried; extended; act started
              wait started; acted; acted, archive written; left over; verified, all clean; verified, some blocked
              verified, some unreadable; returned; failed
    rejected (the end; identities are shredded)
      refuses accepted; rejected; find started; planned; held; approved
              refused; cancelled; stopped; retried; extended; act started
              wait started; acted; acted, archive written; left over; verified, all clean; verified, some blocked
              verified, some unreadable; returned; failed
    ");
}

#[test]
fn a_refusal_names_both() {
    let illegal = State::Completed.next(&Event::FindStarted).unwrap_err();
    insta::assert_snapshot!(illegal, @"a request that is Completed cannot take the event find_started");
}

#[test]
fn every_event_is_in_the_grid() {
    // One line an event of `Event::word`, so that a new one is met here too.
    let mut words: Vec<_> = events().iter().map(|(_, event)| event.word()).collect();
    words.dedup();
    let source = include_str!("../../src/domain/state.rs");
    let of_the_type = source.split("pub fn word(&self) -> &'static str").nth(1).unwrap();
    let arms = of_the_type.split("impl Counts").next().unwrap().matches("=> \"").count();
    assert_eq!(words.len(), arms);
}
