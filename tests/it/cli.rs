//! The program as its users meet it: arguments in, lines, files and exit codes out.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::schema::collect_references;
use crate::support::postgres::Postgres;
use crate::support::program::{Home, Ran, wait_for};

const ANN: [(&str, &str); 1] = [("email", "ann@contoso.com")];

#[test]
fn the_demo_works_and_works_again() {
    let home = Home::new();
    for _ in 0..2 {
        let told = home.done(&["demo"]);
        for part in [
            "1. Hanako asks what is held about her (access)",
            "churn-train_1712345678/run.json  json /createdBy/upn",
            "outcome      completed {\"exported\":5}",
            "2. Taro asks to be erased (erasure)",
            "outcome      completed {\"erased\":6,\"redacted\":1}",
            "run/churn-train_1712345678  json /systemData/createdBy",
            "10 of 10 other items have the ETag that they had",
            "0 items still speak of Taro",
            "io.dsrd.request.completed.v1",
        ] {
            assert!(told.contains(part), "{part} is missing in:\n{told}");
        }
        for (kind, ending) in [("archive", ".zip"), ("certificate", ".certificate.json")] {
            let exports = fs::read_dir(home.path("dsrd-demo/exports")).unwrap();
            let mut paths = exports.map(|file| file.unwrap().path().display().to_string());
            let path = paths.find(|path| path.ends_with(ending)).unwrap();
            assert!(home.done(&["verify", kind, &path]).contains("holds"), "{kind}");
        }
        let run = |name: &str| home.path("dsrd-demo/azureml/ExperimentRun").join(name);
        assert!(!run("dcid.rentals_1708363780_2/run.json").exists());
        assert!(!run("dcid.rentals_1708363780_2/outputs/model.pkl").exists());
        let roster = home.path("dsrd-demo/azureml/LocalUpload/0f3a9c1b/on-call.csv");
        let roster = fs::read_to_string(roster).unwrap();
        assert_eq!(roster, "week,who\n14,[erased]\n15,jiro.example@contoso.example\n");
        let decoy = fs::read_to_string(run("dcid.local_1577912881/outputs/decoy.txt")).unwrap();
        assert_eq!(decoy, "mataro.example@contoso.example\n");
    }
}

#[test]
fn what_the_demo_left_is_gone_on_with() {
    let home = Home::new();
    let told = home.done(&["demo"]);
    let (config, request) = ("dsrd-demo/dsrd.toml", "dsrd-demo/request.json");
    let by = |words: &[&str]| home.done(&[&["--config", config], words].concat());
    for words in ["status", "verify ledger", "run &"] {
        assert!(told.contains(&format!("dsrd --config {config} {words}\n")), "{words}: {told}");
    }
    assert!(told.ends_with(&format!("dsrd --config {config} submit {request} --wait\n")));
    assert!(by(&["status"]).contains("completed"));
    assert!(by(&["verify", "ledger"]).starts_with("the ledger holds: 2 requests"));
    let daemon = home.serve_with(&["--config", config]);
    assert!(by(&["submit", request, "--wait"]).contains("completed"));
    assert_eq!(daemon.end("-TERM").0, Some(0));
    assert!(by(&["verify", "ledger"]).starts_with("the ledger holds: 3 requests"));
}

#[test]
fn the_demo_removes_no_folder_of_another() {
    let home = Home::new();
    fs::create_dir(home.path("dsrd-demo")).unwrap();
    home.write("dsrd-demo/mine.txt", "keep");
    assert_eq!(home.run(&["demo"]).code, 2);
    assert!(home.path("dsrd-demo/mine.txt").exists());
}

#[test]
fn a_ledger_is_checked_and_its_first_broken_link_is_named() {
    let home = Home::new();
    home.put("a.txt", "ann@contoso.com was here");
    let daemon = home.serve();
    for id in ["r-1", "r-2"] {
        let file = home.request(id, "access", &ANN);
        assert_eq!(home.run(&["submit", file.to_str().unwrap(), "--wait"]).code, 0);
    }
    let told = home.done(&["verify", "ledger"]);
    assert!(told.starts_with("the ledger holds: 2 requests, 12 records, heads "), "{told}");
    drop(daemon);

    let path = home.path("dsrd-data/ledger.db");
    let path = path.to_str().unwrap();
    assert_eq!(home.done(&["verify", "ledger", path]), told, "of the file, without a daemon");
    alter(path, "UPDATE events SET at = at - 1 WHERE request = 'r-2' AND sequence = 3");
    let ran = home.run(&["verify", "ledger", path]);
    assert_eq!(ran.code, 4);
    assert!(
        ran.err.contains("request r-2: record 3 was changed after it was written"),
        "{}",
        ran.err
    );
    alter(path, "DELETE FROM events WHERE request = 'r-1' AND sequence = 6");
    let ran = home.run(&["verify", "ledger", path]);
    assert!(ran.err.contains("request r-1: record 6 is missing"), "the first: {}", ran.err);
    alter(path, "UPDATE events SET event = '{}' WHERE request = 'r-1' AND sequence = 1");
    let ran = home.run(&["verify", "ledger", path]);
    assert!(ran.err.contains("request r-1: reading the account"), "{}", ran.err);

    let missing = home.run(&["verify", "ledger", "no.db"]);
    assert_eq!(missing.code, 1, "nothing is said of what is not there");
    assert!(!home.path("no.db").exists(), "a look makes no ledger");
}

/// Does to a ledger what its owner could do, were they set on it.
fn alter(ledger: &str, statement: &str) {
    let url = format!("sqlite:{ledger}");
    let work = async {
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        for guard in ["events_are_not_updated", "events_are_not_deleted"] {
            let drop = format!("DROP TRIGGER IF EXISTS {guard}");
            connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
        }
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        connection.execute(statement).await.unwrap();
        connection.close().await.unwrap();
    };
    tokio::runtime::Runtime::new().unwrap().block_on(work);
}

#[test]
fn a_request_is_submitted_followed_and_shown() {
    let home = Home::new();
    home.put("a.txt", "ann@contoso.com was here");
    home.put("b.txt", "joann@contoso.com was here");
    let file = home.request("r-1", "access", &ANN);
    let _daemon = home.serve();
    let ran = home.run(&["submit", file.to_str().unwrap(), "--wait", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("r-1: completed"), "plain lines say how far it is: {}", ran.err);

    let status: Value = serde_json::from_str(&home.done(&["status", "r-1", "--json"])).unwrap();
    assert_eq!(status["state"], "completed");
    assert_eq!(status["outcome"], "completed");
    assert_eq!(status["counts"]["seen"], 2);
    assert_eq!(status["counts"]["outcomes"], json!({ "exported": 1 }));
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), status);

    let all: Value = serde_json::from_str(&home.done(&["status", "--json"])).unwrap();
    assert_eq!(all["requests"][0]["subject_request_id"], "r-1");
    assert!(home.done(&["status", "r-1"]).contains("completed"));
    assert!(home.done(&["status"]).contains("r-1"));

    let archive = home.path("dsrd-data/exports/r-1.zip");
    let archive = archive.to_str().unwrap();
    assert!(home.done(&["verify", "archive", archive]).contains("request r-1"));
    let mut bytes = fs::read(archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(archive, bytes).unwrap();
    assert_eq!(home.run(&["verify", "archive", archive]).code, 4);
}

#[test]
fn a_request_that_could_not_be_carried_out_whole_exits_3() {
    let home = Home::new();
    home.put("a.txt", "ann@contoso.com was here");
    home.put("broken.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03not deflate at all");
    let file = home.request("r-2", "erasure", &ANN);
    let _daemon = home.serve();
    let ran = home.run(&["submit", file.to_str().unwrap(), "--wait"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert_eq!(home.names(), ["broken.gz"]);
}

#[test]
fn a_faulty_request_is_submitted_and_not_waited_for() {
    let home = Home::new();
    let bad = home.write("bad.json", r#"{"subject_request_id": "r-12", "colour": "red"}"#);
    let ran = home.run(&["submit", bad.to_str().unwrap(), "--wait", "--json"]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.json_lines().iter().any(|fault| fault["pointer"] == "/colour"), "{}", ran.out);
    let _daemon = home.serve();
    let rejected = home.wait_for_event("r-12", "rejected");
    let refusals = rejected["data"]["refusals"].as_array().unwrap();
    assert_eq!(refusals, &ran.json_lines(), "the daemon finds the same");
}

#[test]
fn ids_that_the_ledger_does_not_know_are_said_to_be_unknown() {
    let home = Home::new();
    home.serve().end("-TERM");
    for args in [
        ["status", "nobody", "--json"].as_slice(),
        &["approve", "nobody"],
        &["reject", "nobody"],
        &["cancel", "nobody"],
        &["retry", "nobody"],
    ] {
        let ran = home.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{args:?}");
        assert!(ran.err.contains("there is no request nobody in the ledger"), "{}", ran.err);
    }
    assert_eq!(home.run(&["submit", "no-such-file.json"]).code, 1);
}

#[test]
fn a_preview_prints_findings_then_a_summary_and_changes_nothing() {
    let home = Home::new();
    home.put("run.json", r#"{"createdBy": {"upn": "Ann@Contoso.com", "n": "x"}}"#);
    home.put("other.txt", "nothing of hers");
    home.put("broken.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03not deflate at all");
    let file = home.request("r-3", "erasure", &ANN);
    let ran = home.run(&["preview", file.to_str().unwrap(), "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines = ran.json_lines();
    let hit = json!({ "identity": 0, "view": "json", "place": "/createdBy/upn" });
    let reason = "rule 2: Art. 17(1); what others need is kept for them without the person";
    let finding = json!({ "source": "run-history", "item": "run.json", "action": "delete",
                          "reason": reason, "hits": [hit] });
    assert_eq!(lines[0], finding);
    let summary = &lines[1]["summary"];
    assert_eq!(lines.len(), 2);
    assert_eq!((&summary["items"], &summary["found"]), (&json!(3), &json!(1)));
    assert!(summary["bytes"].as_u64().unwrap() > 60);
    assert_eq!(summary["unreadable"][0]["item"], "broken.gz");
    assert!(summary["unreadable"][0]["reason"].is_string());
    assert_eq!(home.names(), ["broken.gz", "other.txt", "run.json"]);
    assert!(!home.path("dsrd-data/ledger.db").exists(), "a preview is no matter for the ledger");

    let told = home.done(&["preview", file.to_str().unwrap()]);
    assert!(
        told.starts_with("ACTION   HITS  SOURCE  ITEM  REASON\ndelete      1  run-history"),
        "{told}"
    );
    assert!(told.contains("nothing was changed"), "{told}");
}

/// Only where they can be read: without the ledger or its key everything is.
#[test]
fn a_preview_takes_what_sweeps_learned() {
    let home = Home::new();
    home.put("run.json", r#"{"createdBy": {"upn": "Ann@Contoso.com", "n": "x"}}"#);
    for number in 0..20 {
        home.put(&format!("{number}.txt"), format!("step {number}"));
    }
    let file = home.request("r-1", "access", &ANN);
    let file = file.to_str().unwrap();
    let preview = |args: &[&str]| {
        let ran = home.run(&[&["preview", file, "--json"], args].concat());
        let lines = ran.json_lines();
        let summary = lines.last().unwrap()["summary"].clone();
        (lines[0]["item"].clone(), summary["items"].clone(), summary["known"].as_u64(), ran.err)
    };
    let (item, items, known, _) = preview(&[]);
    assert_eq!((item, items, known), (json!("run.json"), json!(21), Some(0)));
    let daemon = home.serve();
    assert_eq!(home.run(&["submit", file, "--wait"]).code, 0);
    drop(daemon);

    let (item, items, known, _) = preview(&[]);
    assert_eq!((item, items), (json!("run.json"), json!(21)));
    assert!(known >= Some(18), "{known:?}");
    assert!(home.done(&["preview", file]).contains("known from sweeps and not read again"));
    // What was changed meanwhile is read.
    home.put("3.txt", "ann@contoso.com was here");
    let (item, _, after, _) = preview(&[]);
    assert_eq!((item, after), (json!("3.txt"), known.map(|known| known - 1)));
    let key = home.path("dsrd-data/master.key");
    fs::write(&key, "0".repeat(64)).unwrap();
    assert_eq!(preview(&[]).2, Some(0), "learned under another key");
    fs::remove_file(&key).unwrap();
    let (.., known, told) = preview(&[]);
    assert!(known == Some(0) && told.contains("what sweeps learned cannot be used"), "{told}");
    assert!(!key.exists());
}

/// What does not fit into memory while it is looked through is put aside on a disk, which may be
/// full or not there: that says nothing of the item.
#[test]
fn an_item_is_not_broken_where_our_own_disk_is() {
    let home = Home::new();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("a", options).unwrap();
    zip.write_all(&b"ann@contoso.com ".repeat(400_000)).unwrap();
    home.put("a.zip", zip.finish().unwrap().into_inner());
    let file = home.request("r-1", "access", &ANN);
    let preview = |temporary: &std::path::Path| {
        let mut command = home.command(&["preview", file.to_str().unwrap()]);
        Ran::of(command.env("TMPDIR", temporary).output().unwrap())
    };
    let ran = preview(&home.path("nowhere"));
    let told = format!("{}{}", ran.out, ran.err);
    assert!(told.contains("the disk for temporary files"), "{told}");
    assert!(!told.contains("broken"), "{told}");
    assert!(preview(&std::env::temp_dir()).out.contains("a.zip"));
}

#[test]
fn a_preview_of_a_file_says_how_it_is_read_and_what_it_passed_over() {
    let home = Home::new();
    let request = home.request("r-4", "erasure", &ANN);
    let text = "by ann@contoso.com\nand xann@contoso.com\n";
    fs::write(home.path("log.txt"), text).unwrap();
    let (request, file) = (request.to_str().unwrap(), home.path("log.txt"));
    let file = file.to_str().unwrap();
    let told = home.done(&["preview", request, "--file", file]);
    let expected = "READ AS\n  text      \"the file\"\n\
        SPEAKS OF THE PERSON\n  identity 0  \"text\"  \"line 1 column 4\"\n\
        NOT TAKEN FOR THE PERSON";
    assert!(told.starts_with(expected), "{told}");
    assert!(told.contains("identity 0  all of it  \"text\"  \"line 2 column 6\""), "{told}");
    let lines = home.run(&["preview", request, "--file", file, "--json"]).json_lines();
    assert_eq!(lines[0], json!({ "stream": "", "form": "text" }));
    assert_eq!(lines.last().unwrap()["summary"]["hits"], 1);
    fs::write(home.path("page.json.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03not deflate at all")
        .unwrap();
    let told =
        home.done(&["preview", request, "--file", home.path("page.json.gz").to_str().unwrap()]);
    assert!(told.contains("COULD NOT READ\n  \"gzip: broken\"\nSPEAKS NOWHERE"), "{told}");
    assert_eq!(home.run(&["preview", request, "--file", "nowhere"]).code, 1);
    assert!(!home.path("dsrd-data/ledger.db").exists());
}

#[test]
fn a_preview_reads_standard_input() {
    let home = Home::new();
    let file = home.request("r-4", "access", &ANN);
    let mut command = home.command(&["preview", "-", "--json"]);
    let ran = Ran::of(command.stdin(fs::File::open(file).unwrap()).output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.json_lines()[0]["summary"]["found"], 0);
}

#[test]
fn a_preview_of_a_faulty_request_lists_every_fault() {
    let home = Home::new();
    let file = home.write(
        "bad.json",
        r#"{"subject_request_id": "r-5", "subject_request_type": "forget", "colour": "red",
            "submitted_time": "yesterday",
            "subject_identities": [{"identity_type": "email", "identity_value": "ann"}]}"#,
    );
    let ran = home.run(&["preview", file.to_str().unwrap(), "--json"]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    let mut pointers: Vec<String> = ran
        .json_lines()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap().to_owned())
        .collect();
    pointers.sort();
    let expected = [
        "/colour",
        "/regulation",
        "/subject_identities/0/identity_value",
        "/subject_request_type",
        "/submitted_time",
    ];
    assert_eq!(pointers, expected);
    assert!(ran.json_lines().iter().all(|fault| fault["code"].is_string()));
    let plain = home.run(&["preview", file.to_str().unwrap()]);
    assert_eq!((plain.code, plain.out.lines().count()), (5, 5));
}

#[test]
fn config_prints_what_is_in_force_without_secrets() {
    let home = Home::new();
    let key = "5ecret5ecret".repeat(6);
    let secrets = [
        ("DSRD__QUEUE__URL", "amqp://ann:5ecret-a@broker/%2f"),
        ("DSRD__LEDGER__URL", "postgres://ann:5ecret-b@db/dsrd"),
        ("DSRD__LEDGER__MASTER_KEY", key.as_str()),
        ("DSRD__EXPORTS__URL", "https://a.blob.core.windows.net/x?sv=2021-12-02&sig=5ecret-c%3D"),
        ("DSRD__SOURCES__0__URL", "https://a.blob.core.windows.net/azureml"),
        ("DSRD__SOURCES__0__ACCOUNT_KEY", "5ecret-d"),
        ("DSRD__SOURCES__1__NAME", "more"),
        ("DSRD__SOURCES__1__URL", "https://b.blob.core.windows.net/azureml"),
        ("DSRD__SOURCES__1__CREDENTIAL", "client_secret"),
        ("DSRD__SOURCES__1__TENANT_ID", "tenant"),
        ("DSRD__SOURCES__1__CLIENT_ID", "client"),
        ("DSRD__SOURCES__1__CLIENT_SECRET", "5ecret-e"),
    ];
    let ran = Ran::of(home.command(&["config"]).envs(secrets).output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!(ran.out.clone() + &ran.err).contains("5ecret"), "{}", ran.out);
    let shown: toml::Table = ran.out.parse().unwrap();
    assert_eq!(shown["queue"]["url"].as_str(), Some("amqp://ann:***@broker/%2f"));
    assert_eq!(shown["ledger"]["url"].as_str(), Some("postgres://ann:***@db/dsrd"));
    assert_eq!(shown["ledger"]["master_key"].as_str(), Some("***"));
    assert_eq!(shown["exports"]["url"].as_str(), Some("https://a.blob.core.windows.net/x?***"));
    let credential = |store: &toml::Value| store["credential"].as_str().unwrap().to_owned();
    assert_eq!(credential(&shown["exports"]), "sas");
    assert_eq!(credential(&shown["sources"][0]), "account_key");
    assert_eq!(credential(&shown["sources"][1]), "client_secret");
    assert_eq!(shown["sources"][1]["tenant_id"].as_str(), Some("tenant"));
    assert_eq!(shown["limits"]["tries_max"].as_integer(), Some(10));

    // Nor does what cannot be used show its secrets.
    for (name, value) in [
        ("DSRD__QUEUE", "amqp://ann:5ecret@broker"),
        ("DSRD__QUEUE__URL", "ampq://ann:5ecret@broker"),
        ("DSRD__EXPORTS__URL", "https://a.blob.core.windows.net/?sig=5ecret"),
    ] {
        let ran = Ran::of(home.command(&["config"]).env(name, value).output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}");
        assert!(!ran.err.contains("5ecret"), "{}", ran.err);
    }
}

#[test]
fn what_config_prints_is_a_settings_file() {
    let home = Home::new();
    let shown = home.done(&["config"]);
    home.write("shown.toml", &shown);
    assert_eq!(home.done(&["--config", "shown.toml", "config"]), shown);
}

/// `source` of events is a URI-reference: CloudEvents 1.0, "source".
#[test]
fn what_is_no_uri_is_no_source_of_events() {
    let home = Home::new();
    let run = |source: &str| {
        let mut command = home.command(&["config"]);
        Ran::of(command.env("DSRD__DEPLOYMENT__SOURCE", source).output().unwrap())
    };
    for source in ["urn:dsrd:prod", "https://privacy.contoso.com/dsrd?a=b#c", "/dsrd/prod"] {
        assert_eq!(run(source).code, 0, "{source}");
    }
    for source in [" ", "our deployment", "urn:dsrd:\u{fc}", "urn:\"x\"", "urn:<x>"] {
        let ran = run(source);
        assert!(ran.code == 2 && ran.err.contains("deployment.source"), "{source}: {}", ran.err);
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let home = Home::new();
    home.write("dsrd.toml", "[queue]\nrequest = \"x\"\n[limits]\ntries = 3\n");
    let ran = home.run(&["--config", "dsrd.toml", "run"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("queue.request (did you mean queue.requests?)"), "{}", ran.err);
    assert!(ran.err.contains("limits.tries (did you mean limits.tries_max?)"), "{}", ran.err);
    let mut command = home.command(&["run"]);
    let ran = Ran::of(command.env("DSRD__LEDGER__URI", "sqlite:x").output().unwrap());
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("ledger.uri (did you mean ledger.url?)"), "{}", ran.err);
}

#[test]
fn a_stopped_daemon_drains_and_the_next_one_goes_on() {
    for signal in ["-TERM", "-INT"] {
        let home = Home::new();
        for number in 0..400 {
            home.put(&format!("{number}.txt"), "ann@contoso.com was here");
        }
        let file = home.request("r-6", "erasure", &ANN);
        home.done(&["submit", file.to_str().unwrap()]);
        let daemon = home.serve();
        wait_for("the request", || daemon.log().contains("r-6"));
        let (code, log) = daemon.end(signal);
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("finishing what is in hand"), "{log}");
        assert!(log.lines().last().unwrap().contains("\"stopped\""), "{log}");
        let _next = home.serve();
        home.wait_for_event("r-6", "completed");
        assert_eq!(home.names(), [""; 0]);
    }
}

#[test]
fn killed_amid_an_erasure_it_comes_to_the_same_end() {
    const ITEMS: usize = 3000;
    let home = Home::new();
    for number in 0..ITEMS {
        home.put(&format!("hers-{number:04}.txt"), format!("{number} ann@contoso.com\n"));
    }
    let others: Vec<String> = (0..200).map(|number| format!("other-{number:03}.txt")).collect();
    for name in &others {
        home.put(name, format!("{name} joann@contoso.com\n"));
    }
    let file = home.request("r-7", "erasure", &ANN);
    home.done(&["submit", file.to_str().unwrap()]);
    for left_at_kill in [2600, 1500] {
        let daemon = home.serve();
        wait_for("half an erasure", || home.names().len() - others.len() < left_at_kill);
        assert_eq!(daemon.end("-KILL").0, None);
        assert!(home.names().len() > others.len(), "killed too late to show anything");
    }
    let daemon = home.serve();
    let completed = home.wait_for_event("r-7", "completed");
    let counts = &completed["data"]["counts"];
    assert_eq!(counts["found"], ITEMS);
    // What the kill left without an outcome was gone at the second try, and is still ours.
    assert_eq!(counts["outcomes"], json!({ "erased": ITEMS }));
    assert_eq!(daemon.end("-TERM").0, Some(0));

    let (_, log) = home.serve().end("-TERM");
    assert!(!log.contains("r-7"), "a request that rests is let rest: {log}");
    let ends = home.events().into_iter().filter(|event| event["data"]["outcome"].is_string());
    assert_eq!(ends.collect::<Vec<_>>(), [completed]);
    assert_eq!(home.names(), others);
    for name in &others {
        let text = fs::read_to_string(home.source().join(name)).unwrap();
        assert_eq!(text, format!("{name} joann@contoso.com\n"));
    }
}

#[test]
fn log_lines_are_json_name_the_request_and_not_the_person() {
    let home = Home::new();
    home.put("Users/ann@contoso.com/a.txt", "ann@contoso.com was here");
    home.put("b.txt", "mail ann@contoso.com");
    let good = home.request("r-8", "access", &ANN);
    let bad = home.write("bad.json", r#"{"subject_request_id": "r-9", "ann@contoso.com": 1}"#);
    let daemon = home.serve();
    home.done(&["submit", good.to_str().unwrap()]);
    assert_eq!(home.run(&["submit", bad.to_str().unwrap()]).code, 5);
    home.wait_for_event("r-8", "completed");
    home.wait_for_event("r-9", "rejected");
    let (_, log) = daemon.end("-TERM");
    assert!(!log.to_lowercase().contains("ann@"), "{log}");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let with_id = |line: &&Value| line["request.id"].is_string();
    assert!(lines.iter().filter(with_id).count() >= 6, "{log}");
    for line in &lines {
        for field in ["timestamp", "level", "message"] {
            assert!(line[field].is_string(), "{field} is missing in {line}");
        }
        let about_one = ["request.kind", "request.state"].iter().any(|key| !line[key].is_null());
        assert!(!about_one || line["request.id"].is_string(), "whose is {line}");
    }
    assert!(lines.iter().any(|line| line["request.state"] == "completed"));
}

#[test]
fn log_lines_can_be_for_people() {
    let home = Home::new();
    let daemon = home.serve_with(&["--log-format", "pretty"]);
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("INFO") && log.contains("serving"), "{log}");
    assert!(!log.contains('{') && !log.contains('\x1b'), "no terminal, no colours: {log}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new();
    for number in 0..5000 {
        home.put(&format!("{number}.txt"), "ann@contoso.com was here");
    }
    let file = home.request("r-10", "access", &ANN);
    for args in [["preview", file.to_str().unwrap(), "--json"].as_slice(), &["schema"]] {
        let mut command = home.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut reader = child.stdout.take().unwrap();
        reader.read_exact(&mut [0; 1]).unwrap();
        drop(reader);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn names_of_strangers_do_not_drive_the_terminal() {
    let home = Home::new();
    let names = [
        "a\tb \"quoted\" 'x'.txt",
        "line\nbreak.txt",
        "\x1b[2J\x1b[31mred.txt",
        "\u{202e}gpj.exe",
        "emoji \u{1f600}.txt",
        "back\\slash.txt",
        "\u{9b}31m.txt",
    ];
    for name in names {
        home.put(name, "ann@contoso.com was here");
    }
    let file = home.request("r-11", "access", &ANN);
    let file = file.to_str().unwrap();
    let ran = home.run(&["preview", file, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut items: Vec<String> = ran
        .json_lines()
        .iter()
        .filter_map(|line| Some(line["item"].as_str()?.to_owned()))
        .collect();
    items.sort();
    let mut expected = names.map(str::to_owned);
    expected.sort();
    assert_eq!(items, expected, "every name, exactly");
    let plain = home.done(&["preview", file]);
    assert!(plain.contains("emoji \u{1f600}.txt"), "{plain}");
    let drives = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!plain.contains(drives), "{plain:?}");
    assert!(!ran.out.contains(|c: char| c.is_ascii_control() && c != '\n'), "{:?}", ran.out);
}

#[test]
fn the_contract_is_built_in() {
    let home = Home::new();
    for which in ["request", "event", "manifest", "asyncapi"] {
        let text = home.done(&["schema", which]);
        let schema: Value = serde_json::from_str(&text).unwrap();
        let mark = if which == "asyncapi" { "asyncapi" } else { "$schema" };
        assert!(schema[mark].is_string(), "{which}: {text}");
    }
    assert_eq!(home.done(&["schema"]), home.done(&["schema", "request"]));
    // One file is all that a generator needs.
    let whole: Value = serde_json::from_str(&home.done(&["schema", "asyncapi"])).unwrap();
    let mut references = Vec::new();
    collect_references(&whole, &mut references);
    assert!(references.len() > 50, "{}", references.len());
    for reference in references {
        let within = reference.strip_prefix('#').and_then(|pointer| whole.pointer(pointer));
        assert!(within.is_some(), "{reference}");
    }
}

#[test]
fn help_says_what_there_is_and_how_it_ends() {
    let home = Home::new();
    let help = home.done(&["--help"]);
    for verb in [
        "run",
        "demo",
        "submit",
        "status",
        "preview",
        "approve",
        "reject",
        "cancel",
        "retry",
        "verify",
        "config",
        "schema",
        "register",
        "completions",
        "man",
        "--config",
        "--log-format",
    ] {
        assert!(help.contains(verb), "{verb} is missing in:\n{help}");
    }
    for code in 0..=5 {
        assert!(help.lines().any(|line| line.starts_with(&format!("  {code}  "))), "{help}");
    }
    for verb in ["submit", "preview", "status"] {
        assert!(home.done(&[verb, "--help"]).contains("--json"), "{verb}");
    }
    assert_eq!(home.run(&["forget"]).code, 2);
    assert_eq!(home.run(&[]).code, 2);
    assert!(home.done(&["--version"]).starts_with("dsrd "));
}

/// A daemon that could not begin is told of before it is begun.
#[test]
fn check_knows_the_keys_and_where_there_is_no_ledger_yet() {
    let home = Home::new();
    let lines = |told: &Ran| -> Vec<String> {
        told.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let fresh = home.run(&["check"]);
    assert_eq!(fresh.code, 0, "{}{}", fresh.out, fresh.err);
    assert_eq!(lines(&fresh)[..3], ["ledger ok", "master key ok", "signing key ok"]);
    assert_eq!(home.serve().end("-TERM").0, Some(0));
    assert_eq!(home.run(&["check"]).code, 0);

    let (key, away) = (home.path("dsrd-data/master.key"), home.path("away"));
    let signing = home.path("dsrd-data/signing.key");
    let faults: [(&dyn Fn(), &str); 4] = [
        (&|| fs::rename(&key, &away).unwrap(), "there is no master key in"),
        (&|| fs::write(&key, "7".repeat(64)).unwrap(), "sealed under another one"),
        (&|| fs::write(&key, "12").unwrap(), "master key"),
        (&|| fs::rename(&signing, home.path("signing")).unwrap(), "there is no signing key in"),
    ];
    for (cause, told) in faults {
        cause();
        let ran = home.run(&["check"]);
        assert!(ran.code == 1 && ran.out.contains(told), "{told}: {}{}", ran.out, ran.err);
    }
    // Wrong settings stay wrong, whoever starts the daemon again.
    let ran = home.run(&["run"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    fs::rename(&away, &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = home.run(&["run"]);
    assert_eq!(ran.code, 1, "the signing key is away: {}", ran.err);
    assert!(ran.err.contains("everybody on this machine may read"), "{}", ran.err);
}

#[tokio::test]
async fn a_database_without_a_ledger_is_no_fault() {
    let server = Postgres::start().await;
    let url = server.database("empty").await;
    let home = Home::new();
    let run = |words: &[&str]| {
        Ran::of(home.command(words).env("DSRD__LEDGER__URL", &url).output().unwrap())
    };
    let checked = run(&["check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    for words in [["status"].as_slice(), &["keys", "list"], &["verify", "ledger"]] {
        let told = run(words);
        let text = "there is no ledger in this database; the first `dsrd run` makes one";
        assert!(told.code == 1 && told.err.contains(text), "{words:?}: {}", told.err);
    }

    // Whoever may make none is told so before the first start.
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    for statement in ["REVOKE CREATE ON SCHEMA public FROM PUBLIC", "CREATE ROLE weak LOGIN"] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    let weak = url.replace("dsrd@", "weak@");
    let mut check = home.command(&["check"]);
    let checked = Ran::of(check.env("DSRD__LEDGER__URL", weak).output().unwrap());
    let told = checked.out.lines().find(|line| line.starts_with("ledger ")).unwrap();
    assert!(checked.code == 1 && told.contains("this user may make none"), "{}", checked.out);
}

/// What is sent to strangers names nobody: no request, nobody in the source, nobody in the settings.
#[test]
fn diagnostics_name_nobody() {
    let home = Home::new();
    home.write(
        "dsrd.toml",
        "[deployment]\ncontact = \"zyxcanary.dpo@contoso.com\"\n\
         [[policy]]\npath = \"Users/zyxcanary.q7/**\"\naction = \"keep\"\n\
         reason = \"zyxcanary keeps books\"\n",
    );
    home.put("Users/zyxcanary.q7/a.txt", "zyxcanary@contoso.com was here");
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    let identity = [("email", "zyxcanary@contoso.com")];
    let file = home.request("zyxcanary-1", "erasure", &identity);
    let submit = ["--config", "dsrd.toml", "submit", file.to_str().unwrap(), "--wait"];
    let ran = home.run(&submit);
    assert!([0, 3].contains(&ran.code), "{}", ran.err);
    // A broker that is away, with a password.
    let mut command = home.command(&["--config", "dsrd.toml", "diagnostics", "d.zip"]);
    command.env("DSRD__QUEUE__URL", "amqp://u:zyxcanary@127.0.0.1:1/%2f");
    for (key, value) in [
        ("ORIGIN", "https://dsrd.example"),
        ("ISSUER", "https://login.example/v2.0"),
        ("AUDIENCE", "api://dsrd"),
        ("KEYS_URL", "https://login.example/keys"),
        ("ACTORS__0", "zyxcanary.op@example.com"),
        ("GROUPS__0", "zyxcanary-group"),
    ] {
        command.env(format!("DSRD__HTTP__OPERATORS__{key}"), value);
    }
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    drop(daemon);
    let mut zip = zip::ZipArchive::new(fs::File::open(home.path("d.zip")).unwrap()).unwrap();
    let names = zip.file_names().map(|name| name.unwrap().into_owned());
    let names: Vec<String> = names.collect();
    assert_eq!(
        names.join(" "),
        "about.txt versions.json settings.toml ledger.json check.json metrics.txt"
    );
    let mut all = String::new();
    for name in names {
        zip.by_name(&name).unwrap().read_to_string(&mut all).unwrap();
    }
    assert!(!all.to_lowercase().contains("zyxcanary"), "{all}");
    for told in ["\"dsrd\": \"0.1", "action = \"keep\"", "(left out)", "127.0.0.1:1", "run-history"]
    {
        assert!(all.contains(told), "{told} is missing in {all}");
    }
    let again = home.run(&["diagnostics", "d.zip"]);
    assert_eq!(again.code, 1, "what is there is not written over: {}", again.err);
}

/// Shells take what completes our words, and manuals have a page for each verb.
#[test]
fn shells_and_manuals_know_the_verbs() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.done(&["completions", shell]);
        for word in ["register", "overdue"] {
            assert!(script.contains(word), "{word} is unknown to {shell}");
        }
    }
    let script = home.write("dsrd.bash", &home.done(&["completions", "bash"]));
    let read = std::process::Command::new("bash").arg("-n").arg(script).status().unwrap();
    assert!(read.success());
    assert!(home.done(&["man"]).contains("dsrd\\-register(1)"), "{}", home.done(&["man"]));
    let page = home.done(&["man", "status"]);
    assert!(page.contains(".TH dsrd-status 1") && page.contains("overdue"), "{page}");
    let page = home.done(&["man", "keys", "rotate"]);
    assert!(page.contains(".TH dsrd-keys-rotate 1") && page.contains("signing"), "{page}");
    for words in [["man", "nothing"].as_slice(), &["man", "keys", "status"]] {
        assert_eq!(home.run(words).code, 2, "{words:?}");
    }
}

/// A server that takes connections and says nothing is one that is waited for.
#[test]
fn a_stop_is_heard_while_the_ledger_is_waited_for() {
    let home = Home::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u:p@127.0.0.1:{}/d", server.local_addr().unwrap().port());
    for signal in ["-TERM", "-INT"] {
        let mut command = home.command(&["run"]);
        let mut daemon = command.env("DSRD__LEDGER__URL", &url).spawn().unwrap();
        let _connected = server.accept().unwrap();
        for signal in ["-HUP", signal] {
            let id = daemon.id().to_string();
            assert!(
                std::process::Command::new("kill").args([signal, &id]).status().unwrap().success()
            );
        }
        assert_eq!(daemon.wait().unwrap().code(), Some(0), "{signal}");
    }
}

/// What starts a daemon asks whether it is alive, and kills one that is not.
#[test]
fn it_is_alive_while_the_ledger_is_waited_for() {
    let home = Home::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u:p@127.0.0.1:{}/d", server.local_addr().unwrap().port());
    let port = crate::support::ports::free_port();
    let mut command = home.command(&["run"]);
    command.env("DSRD__LEDGER__URL", &url);
    command.env("DSRD__HTTP__LISTEN", format!("127.0.0.1:{port}"));
    let mut daemon = command.spawn().unwrap();
    let _connected = server.accept().unwrap();
    let asked = |path: &str| {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    wait_for("the page", || asked("/healthz").is_some());
    let alive = asked("/healthz").unwrap();
    assert!(alive.starts_with("HTTP/1.1 200") && alive.ends_with("alive\n"), "{alive}");
    let ready = asked("/readyz").unwrap();
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    let told: Value = serde_json::from_str(ready.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((&told["ready"], &told["checks"][0]["name"]), (&json!(false), &json!("ledger")));
    assert!(asked("/").unwrap().starts_with("HTTP/1.1 503"));
    let numbers = asked("/metrics").unwrap();
    assert!(numbers.contains("\ndsrd_ready{part=\"ledger\"} 0\n"), "{numbers}");
    assert!(numbers.contains("dsrd_build_info") && !numbers.contains("dsrd_requests"), "{numbers}");
    let id = daemon.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
}

/// The request of that id ended well, and this is another.
#[test]
fn another_question_under_a_known_id_is_told_to_be_refused() {
    let home = Home::new();
    home.put("a.txt", "ann@contoso.com was here");
    let _daemon = home.serve();
    let submit = |kind: &str, person: &str| {
        let file = home.request("r-1", kind, &[("email", person)]);
        home.run(&["submit", file.to_str().unwrap(), "--wait", "--json"])
    };
    assert_eq!(submit("access", "ann@contoso.com").code, 0);
    assert_eq!(submit("access", "ann@contoso.com").code, 0, "the same again");
    for _ in 0..2 {
        for (kind, person) in [("erasure", "ann@contoso.com"), ("access", "bob@contoso.com")] {
            let ran = submit(kind, person);
            assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
            let told: Value = serde_json::from_str(&ran.out).unwrap();
            assert_eq!(
                (&told["state"], &told["faults"]),
                (&json!("rejected"), &json!(["conflict"]))
            );
        }
    }
    assert_eq!(submit("access", "ann@contoso.com").code, 0);
}

#[test]
fn a_hangup_changes_nothing() {
    let home = Home::new();
    let daemon = home.serve();
    daemon.signal("-HUP");
    let file = home.request("r-1", "access", &[("email", "ann@contoso.com")]);
    home.run(&["submit", file.to_str().unwrap()]);
    home.wait_for_event("r-1", "completed");
    // A decision that cannot hold is not sent.
    let ran = home.run(&["approve", "r-1"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("r-1 is completed"), "{}", ran.err);
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("SIGHUP changes nothing"), "{log}");
}

#[test]
fn what_holds_people_is_for_our_own_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    // All folders are of the daemon's making, but that of the source.
    fs::remove_dir_all(home.path("dsrd-data")).unwrap();
    let daemon = home.serve();
    home.put("a.txt", "ann@contoso.com was here");
    for (id, kind) in [("r-1", "access"), ("bad id", "access")] {
        let file = home.request(id, kind, &[("email", "ann@contoso.com")]);
        home.run(&["submit", file.to_str().unwrap()]);
    }
    home.wait_for_event("r-1", "completed");
    daemon.end("-TERM");
    let mut folders = vec![home.path("dsrd-data")];
    while let Some(folder) = folders.pop() {
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path == home.source() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
}

#[test]
fn a_list_of_brokers_is_understood_or_refused_and_never_shown() {
    let home = Home::new();
    let config = |url: &str| {
        let mut command = home.command(&["config"]);
        Ran::of(command.env("DSRD__QUEUE__URL", url).output().unwrap())
    };
    for url in [
        "amqp://u:hunter2@a/%2f;amqp://u:hunter2@b/%2f",
        "amqp://u:hunter2@a/%2f,amqps://u:hunter2@b/%2f",
        "amqp://u:hunter2@a/%2f amqp://u:hunter2@b/%2f",
    ] {
        let ran = config(url);
        assert_eq!(ran.code, 0, "{url}: {}", ran.err);
        assert!(ran.out.contains("@a/%2f ") && ran.out.contains("@b/%2f"), "{}", ran.out);
        assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    }
    for url in [
        "amqp://u:hunter2@a,b/%2f",
        "amqp://u:hunter2@a/%2f;svc:hunter2@b/",
        "amqp://u:hunter2@a/%2f|amqp://svc:hunter2@b/%2f",
        "amqp://u:hunter2@a/%2f%3Bamqp:%2F%2Fsvc:hunter2%40b",
    ] {
        let ran = config(url);
        assert_eq!(ran.code, 2, "{url}: {}", ran.out);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
    home.write("bad.toml", "[callbacks]\nhosts = [\"crm.example\", \"169.254.169.254\"]\n");
    assert_eq!(home.run(&["--config", "bad.toml", "config"]).code, 2);
}

#[test]
fn what_no_sweep_has_read_is_learned_by_hand() {
    let home = Home::new();
    for number in 0..20 {
        home.put(&format!("{number}.txt"), "ann@contoso.com was here");
    }
    let learn = ["catalogue", "learn", "--json"];
    let told: Value = serde_json::from_str(&home.done(&learn)).unwrap();
    let source = &told["source"];
    assert_eq!(told["items"], 20);
    assert_eq!(
        (&told["known"], &told["read"], &told["unreadable"]),
        (&json!(0), &json!(20), &json!(0))
    );
    let told: Value = serde_json::from_str(&home.done(&learn)).unwrap();
    assert_eq!((&told["known"], &told["read"], &told["bytes"]), (&json!(20), &json!(0), &json!(0)));
    let shown: Value = serde_json::from_str(&home.done(&["catalogue", "--json"])).unwrap();
    assert_eq!(
        (&shown["source"], &shown["items"], &shown["configured"]),
        (source, &json!(20), &json!(true))
    );
    assert!(home.done(&["catalogue", "learn"]).contains("0 items were read"));

    let daemon = home.serve();
    let ran = home.run(&learn);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("another daemon serves this ledger"), "{}", ran.err);
    drop(daemon);
    let ledger = home.path("dsrd-data/ledger.db");
    alter(ledger.to_str().unwrap(), "UPDATE catalogue SET source = 'former'");
    let told = home.done(&["catalogue"]);
    assert!(told.contains("former is in the settings no more"), "{told}");
}
