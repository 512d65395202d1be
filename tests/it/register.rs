//! Requests as lists, and the register of a period: of a ledger with requests of every ending, read
//! by the program itself.

use std::process::Command;

use dsrd::adapters::sql::store::SqlLedger;
use dsrd::domain::outcome::ItemOutcome;
use dsrd::domain::state::{Counts, Decision, Event, Extension, Refusal};
use dsrd::ports::ledger::Ledger;
use serde_json::Value;

use crate::support::lives::{
    Life, decision, ended, erasure, opening, own, planned, rejection, sealed_items,
};
use crate::support::program::{Home, Ran};

/// When the first comes: 2026-01-10T00:00:00Z. Each is due a day after it came.
const FIRST: i64 = 1_768_003_200;

const HOUR: i64 = 3_600;

/// A decision as somebody writes it who wants to drive spreadsheets and terminals.
fn hostile() -> Decision {
    let reason = "=HYPERLINK(\"http://x\")\u{1b}[31m,\r\nsecond line".to_owned();
    Decision { actor: "@maria".to_owned(), reason, signed: None }
}

fn verified(outcomes: &[(&str, u64)]) -> Event {
    let outcomes = outcomes.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
    let refusals = vec![Refusal {
        source: "azureml".to_owned(),
        outcome: "kept".to_owned(),
        reason: "books".to_owned(),
        items: 1,
    }];
    Event::Verified {
        counts: Counts { seen: 9, found: 3, outcomes, refusals, ..Counts::default() },
        archive: None,
        logically_erased_at: None,
        unrecoverable_after: None,
        untouched: None,
        certificate: None,
    }
}

/// Requests of every ending, an hour apart.
async fn write(ledger: &dyn Ledger) {
    let held = || Event::Held { reason: "azureml: 3 items would be removed, over 1".to_owned() };
    let acted = || [Event::ActStarted, Event::Acted { archive: None }];
    let found = || [Event::FindStarted, planned()];
    let failed = || Event::Failed { reason: "source: azureml".to_owned() };
    let lives: [(&str, Vec<Event>); 10] = [
        ("completed", erasure().to_vec()),
        (
            "partial",
            [&found()[..], &acted(), &[verified(&[("erased", 2), ("blocked", 1)])]].concat(),
        ),
        (
            "approved",
            [
                &found()[..],
                &[held(), Event::Approved(hostile()), Event::Acted { archive: None }],
                &[verified(&[("erased", 3)])],
            ]
            .concat(),
        ),
        ("refused", [&found()[..], &[held(), Event::Refused(decision())]].concat()),
        ("cancelled", vec![Event::Cancelled(decision())]),
        ("failed", [&found()[..], &[Event::ActStarted, failed()]].concat()),
        ("stopped", [&found()[..], &[Event::ActStarted, Event::Stopped(decision())]].concat()),
        ("retried", vec![Event::FindStarted, failed(), Event::Retried(decision())]),
        ("extended", [&found()[..], &[lengthened()]].concat()),
        ("returned", erasure().to_vec()),
    ];
    for (index, (id, events)) in lives.into_iter().enumerate() {
        let at = FIRST + i64::try_from(index).unwrap() * HOUR;
        Life::begin(ledger, id, at).await.go(ledger, events).await;
    }
    let back = Event::Returned { items: 1, sources: Vec::new() };
    let mut returned = Life { last: records(ledger, "returned").await };
    // Years later.
    returned.last.at = dsrd_time(FIRST + 9_999 * HOUR);
    returned.go(ledger, [back]).await;

    let failed = records(ledger, "failed").await.id;
    let standing = ledger.standing(&failed).await.unwrap().unwrap();
    let lease = own(ledger).await;
    ledger.add_items(&lease, &failed, standing.sequence, &sealed_items(0..3)).await.unwrap();
    let done = [(0, ItemOutcome::Erased), (1, ItemOutcome::Erased)];
    ledger.record_outcomes(&own(ledger).await, &failed, &ended(&done)).await.unwrap();

    ledger.open(&[&rejection("rejected-1", FIRST + 20 * HOUR)]).await.unwrap();
    // Answered two days after it came, and so late.
    let mut late = Life::begin(ledger, "late", FIRST + 21 * HOUR).await;
    late.last.at = dsrd_time(FIRST + 69 * HOUR);
    late.go(ledger, erasure()).await;
    // Due in the far future.
    let mut open = opening("open", FIRST + 22 * HOUR);
    open.request.as_mut().unwrap().due = "2999-01-01T00:00:00Z".parse().unwrap();
    ledger.open(&[&open]).await.unwrap();
    Life::begin(ledger, "another-month", FIRST + 1_000 * HOUR).await;
}

fn lengthened() -> Event {
    let due = "2026-03-03T00:00:00Z".parse().unwrap();
    Event::Extended(Extension { decision: decision(), due })
}

async fn records(ledger: &dyn Ledger, id: &str) -> dsrd::ports::ledger::Record {
    let id = dsrd::domain::request::RequestId::new(id).unwrap();
    ledger.records(&id).await.unwrap().pop().unwrap()
}

fn dsrd_time(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).unwrap()
}

/// A home with that ledger.
fn home() -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.path("dsrd-data")).unwrap();
    let url = SqlLedger::url_of(&home.path("dsrd-data/ledger.db"));
    let work = async {
        let ledger = SqlLedger::open(&url).await.unwrap();
        write(&ledger).await;
    };
    tokio::runtime::Runtime::new().unwrap().block_on(work);
    home
}

const JANUARY: [&str; 5] = ["register", "--from", "2026-01-01", "--to", "2026-01-31"];

fn register(home: &Home, form: &[&str]) -> Ran {
    let ran = home.run(&[&JANUARY[..], form].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran
}

#[test]
fn a_register_tells_of_every_ending() {
    let home = home();
    let ran = register(&home, &["--json"]);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let text = |row: &Value, key: &str| match &row[key] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut lines = Vec::new();
    for row in told["requests"].as_array().unwrap() {
        let keys =
            ["subject_request_id", "state", "received_time", "ended_time", "days", "in_time"];
        let cells: Vec<String> = keys.iter().map(|key| text(row, key)).collect();
        let who: Vec<String> = row["decisions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|decision| format!("{} {}", text(decision, "decision"), text(decision, "actor")))
            .collect();
        let (outcomes, open) = (&row["counts"]["outcomes"], &row["counts"]["open"]);
        lines.push(format!(
            "{} | {outcomes} {open} | {} | {}",
            cells.join(" "),
            text(row, "reason"),
            who.join(", ")
        ));
    }
    insta::assert_snapshot!(lines.join("\n"));
    insta::assert_snapshot!(format!("{:#}", told["statistics"]));
    assert_eq!((&told["from"], &told["to"]), (&"2026-01-01".into(), &"2026-01-31".into()));
}

/// Python's reader of spreadsheets' files agrees on rows and columns, and no cell is a formula.
#[test]
fn a_register_is_a_table_for_spreadsheets() {
    let home = home();
    let ran = register(&home, &["--csv"]);
    home.write("register.csv", &ran.out);
    let script = "import csv, json\n\
                  rows = list(csv.DictReader(open('register.csv', encoding='utf-8-sig', newline='')))\n\
                  print(json.dumps(rows))";
    let read = Command::new("python3").args(["-c", script]).current_dir(home.path(".")).output();
    let read = Ran::of(read.unwrap());
    let rows: Value = serde_json::from_str(&read.out).unwrap_or_else(|_| panic!("{}", read.err));
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 13, "{rows:#?}");
    for row in rows {
        let cells = row.as_object().unwrap();
        assert_eq!(cells.len(), 17, "{row}");
        for cell in cells.values() {
            let cell = cell.as_str().unwrap();
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
            assert!(!cell.contains('\u{1b}'), "{cell:?}");
        }
    }
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(row("approved")["outcomes"], "erased 3");
    assert!(
        row("approved")["decisions"].as_str().unwrap().starts_with("approved by \"@maria\" at")
    );
    assert_eq!(row("late")["in_time"], "false");
    assert_eq!(row("rejected-1")["reason"], "missing");
    assert_eq!(row("open")["in_time"], "");
    insta::assert_snapshot!(ran.err.trim_end());
}

#[test]
fn a_period_is_of_whole_days_where_the_deployment_is() {
    let home = home();
    let ids = |zone: &str, from: &str, to: &str| {
        let mut command = home.command(&["register", "--from", from, "--to", to, "--json"]);
        let ran = Ran::of(command.env("DSRD__DUE__TIME_ZONE", zone).output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        told["requests"].as_array().unwrap().len()
    };
    // Thirteen come between midnight and 22 o'clock, UTC.
    for (zone, from, to, expected) in [
        ("UTC", "2026-01-10", "2026-01-10", 13),
        ("UTC", "2026-01-09", "2026-01-09", 0),
        ("UTC", "2026-01-11", "2026-12-31", 1),
        // Where it is five hours earlier, the first five belong to the day before.
        ("America/New_York", "2026-01-09", "2026-01-09", 5),
        ("America/New_York", "2026-01-10", "2026-01-10", 8),
    ] {
        assert_eq!(ids(zone, from, to), expected, "{zone} {from} {to}");
    }
    let wrong = home.run(&["register", "--from", "2026-02-01", "--to", "2026-01-01"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert_eq!(home.run(&["register", "--from", "2026-02-30", "--to", "2026-03-01"]).code, 2);
}

#[test]
fn a_list_is_filtered_and_leaves_nothing_out() {
    let home = home();
    let ids = |args: &[&str]| {
        let ran = home.run(&[&["status", "--json"], args].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        let requests = told["requests"].as_array().unwrap();
        let ids = requests.iter().map(|row| row["subject_request_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>().join(" ")
    };
    for (args, expected) in [
        (&["--state", "failed"][..], "failed stopped"),
        (&["--state", "cancelled,rejected"], "refused cancelled rejected-1"),
        (&["--state", "open"], "retried another-month extended open"),
        (&["--overdue"], "failed stopped retried another-month extended"),
        (&["--since", "2026-02-01"], "another-month"),
        (&["--since", "2026-02-01", "--state", "ended"], ""),
    ] {
        assert_eq!(ids(args), expected, "{args:?}");
    }
    assert_eq!(ids(&[]).split(' ').count(), 14);
    let lines = home.done(&["status", "--overdue"]);
    assert!(lines.lines().all(|line| line.ends_with(", overdue")), "{lines}");
    assert_eq!(home.done(&["status", "--since", "2998-01-01"]), "no such requests\n");
    assert_eq!(home.run(&["status", "--state", "lost"]).code, 2);
    assert_eq!(home.run(&["status", "open", "--overdue"]).code, 2);
}

/// More than were ever shown at once, and more than a page.
#[test]
fn a_long_list_is_whole() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("dsrd-data")).unwrap();
    let url = SqlLedger::url_of(&home.path("dsrd-data/ledger.db"));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ledger = SqlLedger::open(&url).await.unwrap();
        let openings: Vec<_> = (0..2_500).map(|n| opening(&format!("r-{n}"), FIRST)).collect();
        ledger.open(&openings.iter().collect::<Vec<_>>()).await.unwrap();
    });
    assert_eq!(home.done(&["status"]).lines().count(), 2_500);
    let ran = register(&home, &[]);
    assert_eq!(ran.out.lines().count(), 2_500);
    assert!(ran.err.starts_with("2500 requests: accepted 2500; "), "{}", ran.err);
}

/// A look in the wrong folder says so, and leaves nothing there.
#[test]
fn a_look_makes_no_ledger() {
    let home = Home::new();
    std::fs::remove_dir_all(home.path("dsrd-data")).unwrap();
    for args in [&["status"][..], &["status", "r-1"], &["approve", "r-1"], &["catalogue"], &JANUARY]
    {
        let ran = home.run(args);
        assert_eq!(ran.code, 1, "{args:?} {}", ran.out);
        assert!(ran.err.contains("there is no ledger at dsrd-data/ledger.db"), "{}", ran.err);
        assert!(!home.path("dsrd-data").exists(), "{args:?} made something");
    }
}

/// A key is made for a new ledger and never again: a new one opens nothing of what is in it.
#[test]
fn a_lost_key_is_missed_and_not_replaced() {
    for (key, word) in [("master.key", "master key"), ("signing.key", "signing key")] {
        let home = Home::new();
        let daemon = home.serve();
        assert_eq!(daemon.end("-TERM").0, Some(0));
        let (path, aside) = (home.path("dsrd-data").join(key), home.path("aside"));
        std::fs::rename(&path, &aside).unwrap();
        let ran = home.run(&["run"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains(&format!("there is no {word} in")), "{}", ran.err);
        assert!(!path.exists(), "no new {word} stands in its place");
        std::fs::rename(&aside, &path).unwrap();
        assert_eq!(home.serve().end("-TERM").0, Some(0));
    }
}
