//! The program, to which Microsoft Graph and a table say what people are called: her folders go,
//! those in doubt stay, and nobody learns of her. What compute instances say.

use std::fs;
use std::path::Path;

use dsrd::ports::sources::Source;
use serde_json::{Value, json};

use crate::resources::world::World;
use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::seed::{HANAKO, JIRO, Seed, TENANT, person, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;
use crate::support::program::{Daemon, Home, wait_for};

/// A notebook that names nobody.
const QUIET: &str = "{\"cells\":[]}";

fn user(upn: &str, nickname: &str) -> Value {
    json!({
        "id": person(upn)["userObjectId"], "mailNickname": nickname, "userPrincipalName": upn,
        "mail": null,
    })
}

fn settings(simulator: &Simulator, more: &str) -> String {
    let entry = format!(
        "endpoint = \"{}\"\ncredential = \"client_secret\"\ntenant_id = \"{TENANT}\"\n\
         client_id = \"{CLIENT_ID}\"\nclient_secret_file = \"secret\"\n",
        simulator.base_url
    );
    format!(
        "[[sources]]\nname = \"notebooks\"\nurl = \"dir:dsrd-data/azureml\"\n\
         [[policy]]\npath = \"Users/**\"\naction = \"delete\"\nunit = \"user_folder\"\n\
         [[workspaces]]\nname = \"workspace\"\nid = \"{}\"\ntelemetry = false\n{entry}\
         [people]\ngraph = true\n{more}{entry}",
        sample_id().path()
    )
}

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

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path().display().to_string()),
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_go_by_what_microsoft_graph_and_a_table_call_people() {
    let simulator = Simulator::start(Seed::default()).await;
    // Two are called the same, and one of them is the other's folder by the operator's table.
    let people = [user(HANAKO, "hana"), user(JIRO, "jiro"), user("j2@contoso.example", "jiro")];
    simulator.state().graph.people.extend(people);
    let home = Home::new();
    home.write("ca.pem", &simulator.ca_pem);
    home.write("secret", CLIENT_SECRET);
    home.write(
        "aliases.csv",
        &format!("alias,email\nHanako-Old,{HANAKO}\nshared,{HANAKO}\nshared,{JIRO}\n"),
    );
    home.write("dsrd.toml", &settings(&simulator, "aliases = \"aliases.csv\"\n"));
    let local = HANAKO.split('@').next().unwrap();
    for alias in [local, "hana", "Hanako-Old", "shared", "jiro", "hanako"] {
        home.put(&format!("Users/{alias}/train.ipynb"), QUIET);
    }
    home.put("Users/jiro/review.txt", format!("ask {HANAKO}"));
    let daemon = started(&home, &simulator);
    let id = person(HANAKO)["userObjectId"].as_str().unwrap().to_owned();
    let draft = home.request("r-1", "erasure", &[("object_id", &id), ("email", HANAKO)]);
    let mut message: Value = serde_json::from_slice(&fs::read(&draft).unwrap()).unwrap();
    // The workspace tells of her; what it keeps is another request's.
    message["extensions"] = json!({ "dsrd": { "sources": ["notebooks"] } });
    fs::write(home.path("dsrd-data/queue/incoming/r-1.json"), message.to_string()).unwrap();
    let ended = || {
        home.events().into_iter().find(|event| {
            let kind = event["type"].as_str().unwrap();
            kind.ends_with("completed.v1") || kind.ends_with("failed.v1")
        })
    };
    wait_for("the end", || ended().is_some());
    let ended = ended().unwrap();
    assert_eq!(ended["type"], "io.dsrd.request.partially_completed.v1", "{ended:#}");
    let root = home.path("dsrd-data/azureml/Users");
    let mut left: Vec<String> = files(&root)
        .into_iter()
        .map(|path| path.trim_start_matches(&*root.display().to_string()).to_owned())
        .collect();
    left.sort();
    // What the workspace says is of its own account, and this folder is in none.
    let of_workspace = format!("/{local}/train.ipynb");
    let expected = [
        &of_workspace,
        "/hanako/train.ipynb",
        "/jiro/review.txt",
        "/jiro/train.ipynb",
        "/shared/train.ipynb",
    ];
    assert_eq!(left, expected);
    let review = fs::read_to_string(root.join("jiro/review.txt")).unwrap();
    assert!(!review.contains(HANAKO), "{review}");
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    let told: String = home.events().iter().map(Value::to_string).chain([log]).collect();
    let told = told.to_lowercase();
    for canary in [HANAKO, JIRO, local, &id, "hanako-old", "mailnickname eq"] {
        assert!(!told.contains(&canary.to_lowercase()), "{canary} in what is told");
    }
}

/// A compute instance says by which address somebody signs in who made it.
#[tokio::test]
async fn a_workspace_tells_who_made_its_instances() {
    let world = World::new(Switches::default()).await;
    let directory = world.source.directory().unwrap();
    let claims = directory.claims(&[]).await.unwrap();
    let shown: Vec<(&str, Vec<&str>)> = claims
        .iter()
        .map(|claim| {
            let of = claim.who.identities.iter();
            (claim.alias.as_str(), of.map(|identity| identity.expose()).collect())
        })
        .collect();
    let id = person(HANAKO)["userObjectId"].as_str().unwrap().to_owned();
    assert_eq!(shown, [("hanako.example", vec![HANAKO, &id])], "clusters are nobody's desk");
}

/// A table with faults starts nothing; each is told by its line, and quotes nobody.
#[test]
fn a_table_of_aliases_with_faults_is_refused_by_line() {
    let home = Home::new();
    home.write("aliases.csv", "alias,email\nann,secretann\nbob\n");
    home.write("dsrd.toml", "[people]\naliases = \"aliases.csv\"\n");
    let ran = home.run(&["config", "--config", "dsrd.toml"]);
    assert_ne!(ran.code, 0);
    let told = format!("{}{}", ran.out, ran.err);
    assert!(told.contains("people.aliases line 2: its email has another form"), "{told}");
    assert!(told.contains("people.aliases line 3: it has 1 fields"), "{told}");
    assert!(!told.contains("secretann"), "{told}");
}
