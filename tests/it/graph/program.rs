//! The program over its folder queue, its archives in a blob emulator: killed while Microsoft Graph
//! is at it, and nobody learns of the person or of the way in.

use std::fs;

use jiff::SignedDuration;
use serde_json::Value;

use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::graph::write_all;
use crate::support::azure::seed::{HANAKO, Seed, TENANT, person};
use crate::support::azure::simulator::Simulator;
use crate::support::azurite::{ACCOUNT, Azurite};
use crate::support::program::{Daemon, Home, wait_for};

fn started(home: &Home, simulator: &Simulator) -> Daemon {
    let authority = home.path("ca.pem").display().to_string();
    let variables = [
        ("SSL_CERT_FILE", authority.as_str()),
        ("AZURE_AUTHORITY_HOST", simulator.base_url.as_str()),
        ("DSRD_LOG", "trace"),
    ];
    let daemon = home.start(&["--config", "dsrd.toml"], &variables);
    wait_for("the daemon to serve", || daemon.log().contains("serving"));
    daemon
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_waits_for_the_copy_and_says_where_it_is() {
    let azurite = Azurite::start_in_memory().await;
    let simulator = Simulator::start(Seed::default()).await;
    let object_id = person(HANAKO)["userObjectId"].as_str().unwrap().to_owned();
    simulator.state().graph.users.push(object_id.clone());
    let home = Home::new();
    home.put("notes.txt", format!("ask {HANAKO}"));
    home.write("ca.pem", &simulator.ca_pem);
    home.write("secret", CLIENT_SECRET);
    let settings = format!(
        "[exports]\nurl = \"{}\"\n\
         [graph]\ncontainer = \"dsr-tenant-logs\"\nendpoint = \"{}\"\nlook_ms_min = 0\n\
         credential = \"client_secret\"\ntenant_id = \"{TENANT}\"\nclient_id = \"{CLIENT_ID}\"\n\
         client_secret_file = \"secret\"\n",
        azurite.container_url("dsr-exports"),
        simulator.base_url
    );
    home.write("dsrd.toml", &settings);
    let mut daemon = started(&home, &simulator);
    let mut logs = Vec::new();
    let identities = [("email", HANAKO), ("object_id", object_id.as_str())];
    let draft = home.request("r-1", "access", &identities);
    fs::rename(draft, home.path("dsrd-data/queue/incoming/r-1.json")).unwrap();
    wait_for("a copy to be asked for", || !simulator.state().graph.copies.is_empty());
    daemon.kill();
    logs.push(daemon.log());
    simulator.advance(SignedDuration::from_secs(1));
    daemon = started(&home, &simulator);
    write_all(&simulator).await;
    // What was asked for in vain by who was killed may be asked for once more.
    let ended = {
        let mut found = None;
        for _ in 0..1_200 {
            write_all(&simulator).await;
            found = home.events().into_iter().find(|event| {
                let kind = event["type"].as_str().unwrap();
                kind.ends_with("completed.v1") || kind.ends_with("failed.v1")
            });
            if found.is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        found.unwrap_or_else(|| panic!("waited in vain:\n{}", daemon.log()))
    };
    assert_eq!(ended["type"], "io.dsrd.request.completed.v1", "{ended:#}");
    let step = &ended["data"]["manual_steps"][0];
    let at = step["copied_to"].as_str().unwrap();
    let container = at.strip_prefix(&format!("{ACCOUNT}/")).unwrap();
    assert_eq!(azurite.names(container).await, ["activity.json"]);
    assert!(simulator.state().graph.copies.len() <= 2);
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    logs.push(log);
    let told: Vec<String> = home.events().iter().map(Value::to_string).chain(logs).collect();
    let ledger = ["ledger.db", "ledger.db-wal"].map(|name| home.path("dsrd-data").join(name));
    let ledger = ledger.map(|path| fs::read(path).unwrap_or_default()).concat();
    let told = told.concat().to_lowercase().into_bytes();
    for canary in [HANAKO, object_id.as_str(), "sig=", "storagelocation"] {
        for (place, bytes) in [("what is told", &told), ("the ledger", &ledger)] {
            let found = memchr::memmem::find(bytes, canary.to_lowercase().as_bytes());
            assert!(found.is_none(), "{canary} in {place}");
        }
    }
}
