//! Certificates: what an erasure ends with, and what `dsrd verify certificate` says of it.

use std::fs;
use std::path::PathBuf;

use dsrd::domain::failure::Failure;
use dsrd::domain::request::RequestId;
use dsrd::evidence::certificate::hashes::Hashes;
use dsrd::evidence::seal::MasterKey;
use serde_json::{Value, json};

use crate::support::program::Home;
use crate::support::simulation::scenario::{SOURCE, Scenario, request, request_with, simulate};
use crate::support::simulation::story::ending;

/// The certificate of `r-1` in this scenario, and its page.
fn issued(scenario: &Scenario) -> (Value, String) {
    let get = |name: &str| scenario.exports.get(name).unwrap().to_vec();
    let document = serde_json::from_slice(&get("r-1.certificate.json")).unwrap();
    (document, String::from_utf8(get("r-1.certificate.html")).unwrap())
}

#[test]
fn it_says_what_became_of_each_item() {
    let scenario = Scenario::obstructed("税法 §147");
    let scenario = scenario.sent(request_with("r-1", "erasure", json!({ "language": "ja" })));
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        // Judges the certificate by its schema, digest and signature.
        ending(&scenario).await;
    });
    let (document, html) = issued(&scenario);
    assert_eq!(document["state"], "partially_completed");
    assert_eq!(document["counts"]["seen"], 6);
    assert_eq!(
        document["counts"]["outcomes"],
        json!({ "blocked": 1, "erased": 2, "kept": 1, "unreadable": 1 })
    );
    assert_eq!(document["deployment"]["source"], "urn:dsrd:simulated");
    let searched = json!([
        { "again": { "known": 1, "seen": 3 }, "seen": 5, "source": SOURCE },
        { "again": { "known": 0, "seen": 1 }, "seen": 1, "source": "billing" },
    ]);
    assert_eq!(document["sources"], searched);
    let items = document["items"].as_array().unwrap();
    let mut told: Vec<String> = items
        .iter()
        .map(|item| format!("{} {} {}", item["action"], item["outcome"], item["detail"]))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            r#""delete" "blocked" "legal_hold""#,
            r#""delete" "erased" null"#,
            r#""delete" "erased" null"#,
            r#""keep" "kept" "税法 §147""#,
            r#""list" "unreadable" "archived""#,
        ]
    );
    let types: Vec<_> =
        document["subject"].as_array().unwrap().iter().map(|p| &p["type"]).collect();
    assert_eq!(types, ["email", "object_id", "name", "controller_customer_id"]);
    let at = |name: &str| -> jiff::Timestamp {
        document["request"][name].as_str().unwrap().parse().unwrap()
    };
    assert!(at("verified") >= at("acted"));
    for part in
        ["消去証明書", "<html lang=\"ja\">", "税法 §147", "legal_hold", "r-1.certificate.json"]
    {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
}

/// The hashes are made of what they say, and can be made again.
#[test]
fn the_operator_can_tell_an_item_again() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let listed = simulate(async || {
        let listed = scenario.source(SOURCE);
        let page = dsrd::ports::sources::Walked::list(&*listed, "", None).await.unwrap();
        scenario.live().await;
        page.items
    });
    let (document, _) = issued(&scenario);
    let master = MasterKey::from_hex(&"5a".repeat(32)).unwrap();
    let id = RequestId::new("r-1").unwrap();
    let hashes = Hashes::new(&master, &id);
    let known: Vec<String> = listed.iter().map(|item| hashes.item(item).to_string()).collect();
    let items = document["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    for item in items {
        assert!(known.iter().any(|hash| *hash == item["item"]));
    }
}

#[test]
fn a_dry_run_and_an_export_have_none() {
    let scenario = Scenario::small()
        .sent(request_with("r-1", "erasure", json!({ "dry_run": true })))
        .sent(request("r-2", "access"));
    simulate(async || scenario.live().await);
    assert_eq!(scenario.exports.names(), ["r-2.zip"]);
}

#[test]
fn a_person_of_whom_nothing_was_found_has_one_too() {
    let scenario = Scenario::new().sent(request("r-1", "erasure"));
    simulate(async || scenario.live().await);
    let (document, html) = issued(&scenario);
    assert_eq!((&document["state"], &document["items"]), (&json!("completed"), &json!([])));
    assert!(html.contains("Nothing was found that speaks of the person."));
}

/// The plan is shredded with the last record: a certificate that was not kept by then never is.
/// What becomes of one that is never taken: see `waiting`.
#[test]
fn an_erasure_waits_until_its_certificate_can_be_kept() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.wire.fail("create", || Failure::needs_person("writing an archive: no permission"));
    scenario.wire.heal_after(3);
    simulate(async || {
        scenario.live().await;
        assert!(ending(&scenario).await.contains("r-1 (erasure) is completed"));
    });
    assert!(scenario.logs.text().contains("keeping a certificate"));
}

const ANN: [(&str, &str); 1] = [("email", "ann@contoso.com")];

/// A home in which an erasure ended, and the path of its certificate.
fn erased() -> (Home, PathBuf) {
    let home = Home::new();
    home.put("a.txt", "ann@contoso.com was here");
    let daemon = home.serve();
    let file = home.request("r:1", "erasure", &ANN);
    assert_eq!(home.run(&["submit", file.to_str().unwrap(), "--wait"]).code, 0);
    let event = home.wait_for_event("r:1", "completed");
    daemon.end("-TERM");
    let path = home.path("dsrd-data/exports/r~3a1.certificate.json");
    let url = url::Url::from_file_path(&path).unwrap();
    assert_eq!(event["data"]["certificate_url"], url.as_str());
    let shown: Value = serde_json::from_str(&home.done(&["status", "r:1", "--json"])).unwrap();
    assert_eq!(shown["certificate_digest"], event["data"]["certificate_digest"]);
    (home, path)
}

#[test]
fn it_is_checked_from_the_command_line() {
    let (home, path) = erased();
    let path = path.to_str().unwrap();
    let told = home.done(&["verify", "certificate", path]);
    assert!(told.starts_with("the certificate holds: request r:1 of urn:dsrd:local is "), "{told}");
    assert!(told.contains("completed {\"erased\":1}, signed 20"), "{told}");
    assert!(told.contains("compare its id with the one that the operator hands out"), "{told}");
    let pem = home.write("public.pem", &home.done(&["config", "--public-key"]));
    let with_key = ["verify", "certificate", path, "--public-key", pem.to_str().unwrap()];
    let told = home.done(&with_key);
    assert!(told.contains("that is the key that was given"), "{told}");
    assert!(told.contains(&fs::read_to_string(&pem).unwrap()[8..51]), "the key's id: {told}");

    let other = Home::new();
    fs::write(&pem, other.done(&["config", "--public-key"])).unwrap();
    let ran = home.run(&with_key);
    assert_eq!((ran.code, ran.out.as_str()), (4, ""));
    assert!(ran.err.contains("it was signed with the key"), "{}", ran.err);
    fs::write(&pem, "no key").unwrap();
    assert_eq!(home.run(&with_key).code, 1);
    assert_eq!(home.run(&["verify", "certificate", "no.json"]).code, 1);

    let document = fs::read_to_string(path).unwrap();
    let altered = document.replace("\"outcome\":\"erased\"", "\"outcome\":\"kept\"");
    fs::write(path, altered).unwrap();
    let ran = home.run(&["verify", "certificate", path]);
    assert_eq!((ran.code, ran.out.as_str()), (4, ""));
    assert!(ran.err.contains("it was changed after it was signed"), "{}", ran.err);
}

#[test]
fn it_tells_whoever_has_the_master_key_whom_it_is_about() {
    let (home, path) = erased();
    let asked =
        |who: &str| home.run(&["verify", "certificate", path.to_str().unwrap(), "--identity", who]);
    let ran = asked("upn=Ann@Contoso.com");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("it is about the person whom this identity names"), "{}", ran.out);
    let ran = asked("email=joann@contoso.com");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("none of its identities is this one"), "{}", ran.out);
    for wrong in ["ann@contoso.com", "shoe=42"] {
        let ran = asked(wrong);
        assert_eq!(ran.code, 2);
        assert!(!ran.err.contains("contoso") && ran.err.contains("TYPE=VALUE"), "{}", ran.err);
    }
    fs::remove_file(home.path("dsrd-data/master.key")).unwrap();
    let ran = asked("email=ann@contoso.com");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("there is no master key in"), "{}", ran.err);
    assert!(!home.path("dsrd-data/master.key").exists(), "a look makes no key");
}

/// Somebody put something else there, or another try of the same request did, and the store keeps
/// it: the certificate has a name of its own, and nobody's is lost.
#[test]
fn what_is_kept_as_it_is_makes_way_for_none_and_stops_none() {
    for (name, bytes) in [
        ("r-1.certificate.json", "{}"),
        ("r-1.certificate.json", ""),
        ("r-1.certificate.html", "<html></html>"),
    ] {
        let scenario = Scenario::small().sent(request("r-1", "erasure"));
        scenario.exports.overwrite(name, bytes);
        scenario.exports.fix();
        simulate(async || {
            scenario.live().await;
            scenario.assert_silent().await;
            // Judges the certificate that the record names.
            let ended = ending(&scenario).await;
            assert!(ended.contains("r-1 (erasure) is completed"), "{name}:\n{ended}");
        });
        assert_eq!(scenario.exports.get(name).unwrap(), bytes, "{name}");
        let names = scenario.exports.names();
        let own = names.iter().filter(|name| name.starts_with("r-1.certificate-")).count();
        assert_eq!(own, 2, "{names:?}");
    }
}

/// An archive of the same request that says something else is in nobody's way but its own.
#[test]
fn an_archive_that_cannot_be_written_over_is_told() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    scenario.exports.overwrite("r-1.zip", "another");
    scenario.exports.fix();
    let ended = simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        ending(&scenario).await
    });
    assert!(ended.contains("r-1 (access) is failed"), "{ended}");
    assert!(ended.contains("the store does not let it be written over"), "{ended}");
}
