//! A ledger that fails for a while: no request is ended by it, and it goes on by itself.

use dsrd::adapters::sql::connecting::connect::Connections;
use dsrd::domain::failure::{Failure, FailureKind};
use serde_json::json;
use sqlx::{Connection, Executor};

use crate::support::link::{Link, State};
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Postgres;
use crate::support::program::{Home, wait_for};
use crate::support::simulation::scenario::{Scenario, request, simulate};
use crate::support::simulation::story::ending;

/// What a daemon asks of its ledger in the life of an access and an erasure.
const ASKED: [&str; 34] = [
    "open",
    "standing",
    "unanswered",
    "records",
    "sealed",
    "add_items",
    "clear_items",
    "drafted",
    "begin_items",
    "items",
    "record_outcomes",
    "claim",
    "let_go",
    "free",
    "ready",
    "sweep",
    "open_sweep",
    "swept",
    "finish_shard",
    "close_sweep",
    "keep_seen",
    "checkpoint",
    "note_checkpoint",
    "seen",
    "found_by",
    "keep",
    "find_started",
    "planned",
    "act_started",
    "acted",
    "verified",
    "unsent",
    "mark_sent",
    "tally",
];

/// More often in a row than any work has tries.
const FAILURES: usize = 12;

#[test]
fn no_failure_of_the_ledger_ends_a_request() {
    simulate(async || {
        let peace = life();
        peace.live().await;
        let expected = ending(&peace).await;
        assert!(expected.contains("r-1 (access) is completed"), "{expected}");
        assert!(expected.contains("r-2 (erasure) is completed"), "{expected}");
        for asked in ASKED {
            let scenario = life();
            // What only a person can mend, and no request is at fault for.
            scenario.wire.fail(asked, || {
                let text = "password authentication failed";
                Failure::needs_person("asking the ledger").because(text).of_the_ledger()
            });
            scenario.wire.heal_after(FAILURES);
            scenario.live().await;
            let logs = scenario.logs.text();
            assert!(logs.contains("password authentication failed"), "{asked} is not asked");
            let got = ending(&scenario).await;
            assert_eq!(expected, got, "{asked} failed {FAILURES} times\n{logs}");
        }
    });
}

/// An access, and an erasure of somebody else.
fn life() -> Scenario {
    let mut other = request("r-2", "erasure");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "zyxcanary.too@leaky.example" }]);
    let scenario = Scenario::small().paged(1).sent(request("r-1", "access")).sent(other);
    let source = scenario.source("azureml");
    source.put("too.txt", "zyxcanary.too@leaky.example hushhush-canary-secret-93");
    scenario
}

/// <https://github.com/dotnet/efcore/issues/36561>: SQLite rolls back by itself, whatever its
/// caller believes.
#[tokio::test]
async fn a_disk_that_was_full_is_written_to_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
    let connections = Connections::open(&url).await.unwrap();
    let mut write = connections.begin().await.unwrap();
    write.execute("CREATE TABLE t (v BLOB)").await.unwrap();
    write.commit().await.unwrap();
    for _ in 0..3 {
        let mut write = connections.begin().await.unwrap();
        write.execute("PRAGMA max_page_count = 10").await.unwrap();
        let full = write.execute("INSERT INTO t VALUES (zeroblob(1000000))").await.unwrap_err();
        assert!(full.to_string().contains("full"), "{full}");
        drop(write);
        // There is space again: the new connection is not bound by what the old one was told.
        let mut write = connections.begin().await.unwrap();
        write.execute("INSERT INTO t VALUES (zeroblob(1000000))").await.unwrap();
        write.commit().await.unwrap();
        assert!(connections.empty_wal().await.unwrap());
    }
}

#[tokio::test]
async fn a_server_that_ends_or_cancels_what_it_was_asked_is_asked_again() {
    let server = Postgres::start().await;
    let url = server.database("cut").await;
    let connections = Connections::open(&url).await.unwrap();
    let mut write = connections.begin().await.unwrap();
    write.execute("CREATE TABLE t (v BIGINT)").await.unwrap();
    write.commit().await.unwrap();
    let mut admin = sqlx::AnyConnection::connect(&url).await.unwrap();
    let others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'cut'";
    for ending in ["pg_terminate_backend", "pg_cancel_backend"] {
        let mut write = connections.begin().await.unwrap();
        write.execute("INSERT INTO t VALUES (1)").await.unwrap();
        let end = format!("SELECT {ending}(pid) {others}");
        let (ended, slept) = tokio::join!(
            async {
                // Once it sleeps.
                let asleep = format!("SELECT 1 {others} AND query LIKE '%pg_sleep%'");
                while admin.fetch_all(sqlx::AssertSqlSafe(asleep.clone())).await.unwrap().is_empty()
                {
                }
                admin.fetch_all(sqlx::AssertSqlSafe(end)).await
            },
            write.execute("SELECT pg_sleep(60)")
        );
        ended.unwrap();
        let failure = dsrd::adapters::sql::refusal::while_doing("writing")(slept.unwrap_err());
        assert!(failure.is_of_the_ledger() && failure.is_transient(), "{}", failure.chain());
        drop(write);
        for _ in 0..10 {
            let mut write = connections.begin().await.unwrap();
            write.execute("INSERT INTO t VALUES (2)").await.unwrap();
            write.commit().await.unwrap();
        }
    }
    let mut read = connections.read().await.unwrap();
    let rolled_back = read.fetch_all("SELECT v FROM t WHERE v = 1").await.unwrap();
    assert!(rolled_back.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_a_ledger_that_is_away_and_lives_through_cuts() {
    let server = Postgres::start().await;
    server.database("away").await;
    let link = Link::to(server.port()).await;
    link.set(State::Cut);
    let home = Home::new();
    home.put("notes.txt", "zz ann@contoso.com zz");
    let url = format!("postgres://dsrd:hunter2@127.0.0.1:{}/away", link.port);
    let settings = [("DSRD__LEDGER__URL", &*url), ("DSRD__LIMITS__RETRY_DELAY_MS_MAX", "1000")];
    let daemon = home.start(&[], &settings);
    let logged = || daemon.log();
    wait_for("the daemon to wait", || logged().contains("cannot be opened yet"));
    let line = logged().lines().find(|line| line.contains("cannot be opened")).unwrap().to_owned();
    let place = format!("connecting to the ledger at 127.0.0.1:{}/away: ", link.port);
    assert!(line.contains(&place), "{line}");
    assert!(line.matches("SSLRequest").count() <= 1, "{line}");
    assert!(!line.contains("hunter2"), "{line}");
    link.set(State::Whole);
    wait_for("the daemon to serve", || logged().contains("serving"));
    for number in 0..4 {
        let id = format!("r-{number}");
        let kind = if number == 3 { "erasure" } else { "access" };
        let request = home.request(&id, kind, &[("email", "ann@contoso.com")]);
        home.done(&["submit", request.to_str().unwrap()]);
        let failures = || logged().matches("will be tried again").count();
        let before = failures();
        link.set(State::Cut);
        wait_for("a failure", || failures() > before);
        link.set(State::Whole);
        home.wait_for_event(&id, "completed");
    }
    assert!(home.names().is_empty());
    assert!(!logged().contains("hunter2"));
    assert_eq!(daemon.end("-TERM").0, Some(0));
}

/// <https://github.com/launchbadge/sqlx/issues/67>
#[tokio::test]
async fn a_pooler_that_shares_connections_is_refused_and_one_that_does_not_is_not() {
    let server = Postgres::start().await;
    server.database("pooled").await;
    let pooler = PgBouncer::start(&server, "transaction");
    let failure = Connections::open(&pooler.url("pooled")).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert!(failure.chain().contains("pool by session"), "{}", failure.chain());
    drop(pooler);
    let pooler = PgBouncer::start(&server, "session");
    let connections = Connections::open(&pooler.url("pooled")).await.unwrap();
    connections.begin().await.unwrap().commit().await.unwrap();
}
