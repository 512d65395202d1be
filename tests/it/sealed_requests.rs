//! What was accepted once stays what it was: in whichever form it is sealed, whatever the reader of
//! messages would say of it now, and for whoever asks whether it arrived.

use std::io::{Seek, Write};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use dsrd::adapters::memory::clock::MemoryClock;
use dsrd::adapters::system::SystemEntropy;
use dsrd::domain::event::{Correspondence, Envelope};
use dsrd::domain::request::{Request, RequestId};
use dsrd::domain::subject::{Identity, IdentityFormat, IdentityType};
use dsrd::evidence::seal::{MasterKey, Purpose, RequestKey};
use dsrd::ports::ledger::{Opening, SealedRequest};
use dsrd::ports::messages::inbox::Label;
use dsrd::stages::account::keys::Keys;
use dsrd::stages::account::records::Account;
use dsrd::stages::message::fault::Terms;
use dsrd::stages::message::read::{Message, read};
use dsrd::stages::verify::archive::check_with;
use dsrd::worker::status::{Plans, Sent};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::simulation::leaks::{CUSTOMER, EMAIL, NAME, OBJECT_ID};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, correspondence, notes, request, request_told, request_with, simulate,
};
use crate::support::simulation::story::{RECIPIENT, ending};

const MASTER_KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

const PASSPHRASE: &str = "correct horse battery staple";

fn accepted(body: &[u8]) -> Option<Request> {
    let now = Some("2026-11-23T12:00:00Z".parse().unwrap());
    let terms = Terms { now, ..Terms::of_the_ledger() };
    match read(body, &Label::default(), &terms) {
        Ok(Message::Request(request)) => Some(*request),
        Ok(_) | Err(_) => None,
    }
}

/// Opens the account of a request in the scenario's ledger, as `seal` changes what is written.
async fn open(
    scenario: &Scenario,
    request: &Request,
    body: &[u8],
    seal: impl FnOnce(&mut Opening),
) {
    let ledger = scenario.ledger().await;
    let clock = Arc::<MemoryClock>::clone(&scenario.clock);
    let keys = Keys::new(MASTER_KEY, Arc::new(SystemEntropy)).unwrap();
    let envelope =
        Envelope { source: "urn:dsrd:simulated".into(), controller_id: "controller".into() };
    let account = Account::new(Arc::clone(&ledger), clock, keys, envelope);
    let due = "2026-12-24T00:00:00Z".parse().unwrap();
    let mut opening = account.opening(request, body, due, &correspondence());
    seal(&mut opening);
    account.assert_key().await.unwrap();
    ledger.open(&[&opening]).await.unwrap();
}

/// What the version before sealed: the message, as it came.
fn as_before(id: &RequestId, body: &[u8]) -> SealedRequest {
    let key = RequestKey::new(id.clone(), [7; 32]);
    let wrapped_key = MasterKey::from_hex(MASTER_KEY).unwrap().wrap(&key, [8; 24]);
    SealedRequest { wrapped_key, body: key.seal(Purpose::Body, [9; 24], body) }
}

/// A workspace that is searched under every name of the person.
fn workspace() -> Scenario {
    let scenario = Scenario::small().with_source("other");
    scenario.source("other").put("elsewhere.txt", notes("elsewhere"));
    let source = scenario.source(SOURCE);
    for (name, text) in [("email", EMAIL), ("id", OBJECT_ID), ("name", NAME), ("key", CUSTOMER)] {
        source.put(&format!("{name}.txt"), format!("about {text}, among others\n"));
    }
    source.put("puid.txt", "signed in as 0003BFFD12AB34CD\n");
    source.put("user.txt", "/home/zyxwvut4711/notes\n");
    scenario
}

/// Messages of every form that the version before accepted.
fn messages() -> Vec<(&'static str, String)> {
    let one = |kind: &str, value: &str, format: &str| json!({ "identity_type": kind, "identity_value": value, "identity_format": format });
    let hash = hex::encode(Sha256::digest(EMAIL.to_lowercase()));
    let about = |kind, identities: Value| {
        let mut message = request("r-1", kind);
        message["subject_identities"] = identities;
        message
    };
    let every = json!([
        one("email", EMAIL, "raw"),
        one("upn", EMAIL, "raw"),
        one("object_id", OBJECT_ID, "raw"),
        one("puid", "0003BFFD12AB34CD", "raw"),
        one("name", &format!(" {NAME} "), "raw"),
        one("username", "zyxwvut4711", "raw"),
        one("controller_customer_id", CUSTOMER, "raw"),
    ]);
    let hashed = json!([one("email", &hash, "sha256"), one("upn", &hash, "sha256")]);
    let dictionary = json!({
        "email": { "value": EMAIL, "encoding": "raw" }, "upn": { "value": hash, "encoding": "sha256" },
        "object_id": { "value": OBJECT_ID }, "name": { "value": NAME, "encoding": "raw" },
    });
    let optional = |kind, options| request_with("r-1", kind, options);
    let passphrase = json!([{ "passphrase": PASSPHRASE }]);
    let every_option = json!({ "sources": [SOURCE], "dry_run": false, "on_erase": "redact",
                               "encrypt_to": [RECIPIENT], "language": "ja",
                               "due_time": "2026-12-20T00:00:00+09:00" });
    let mut old = about("export", dictionary.clone());
    old["regulation"] = "CCPA".into();
    old["api_version"] = "1.0".into();
    old["property_id"] = "p-1".into();
    vec![
        ("each type, to erase", about("delete", every.clone()).to_string()),
        ("each type, to export", about("portability", every).to_string()),
        ("hashes", about("erasure", hashed).to_string()),
        ("a dictionary, to erase", about("erasure", dictionary).to_string()),
        ("a dictionary of an older protocol", old.to_string()),
        ("a byte order mark", format!("\u{feff}{}", request("r-1", "access"))),
        ("one source", optional("erasure", json!({ "sources": ["other"] })).to_string()),
        ("a dry run", optional("erasure", json!({ "dry_run": true })).to_string()),
        ("redaction", optional("erasure", json!({ "on_erase": "redact" })).to_string()),
        ("a passphrase", optional("access", json!({ "encrypt_to": passphrase })).to_string()),
        ("every option", optional("access", every_option).to_string()),
        ("callbacks", request_told("r-1", "erasure", &["https://crm.example/t0ken"]).to_string()),
    ]
}

/// What became of an export whose archive opens by the passphrase alone.
fn opened_by_passphrase(scenario: &Scenario) -> String {
    let name = scenario.exports.names().into_iter().find(|name| name.contains(".zip")).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&scenario.exports.get(&name).unwrap()).unwrap();
    file.rewind().unwrap();
    let checked = check_with(file, None, Some(PASSPHRASE)).unwrap();
    format!(
        "{} with {} files",
        scenario.announcer.published().last().unwrap().name,
        checked.counts.files
    )
}

/// A ledger with open requests is taken over: they end as those do that are sealed in our form.
#[test]
fn requests_that_the_version_before_sealed_end_like_all_others() {
    for (name, body) in messages() {
        let request = accepted(body.as_bytes()).unwrap_or_else(|| panic!("{name}: not accepted"));
        let lived = |is_old: bool| {
            simulate(async || {
                let scenario = workspace();
                let seal = |opening: &mut Opening| {
                    if is_old {
                        let opened = opening.request.as_mut().unwrap();
                        opened.sealed = as_before(&request.id, body.as_bytes());
                    }
                };
                open(&scenario, &request, body.as_bytes(), seal).await;
                scenario.live().await;
                scenario.assert_silent().await;
                match name {
                    "a passphrase" => opened_by_passphrase(&scenario),
                    _ => ending(&scenario).await,
                }
            })
        };
        let ended = lived(true);
        assert!(ended.contains("completed"), "{name}: {ended}");
        assert_eq!(ended, lived(false), "{name}");
    }
}

/// A reader may have become stricter since a request was accepted.
#[test]
fn what_the_reader_would_refuse_now_is_served_as_it_was_accepted() {
    let message = request("r-1", "erasure");
    let mut request = accepted(message.to_string().as_bytes()).unwrap();
    let weak = Identity::new(IdentityType::Username, IdentityFormat::Raw, "azureuser".to_owned());
    request.subject.identities.push(weak);
    request.regulation = "banana".to_owned();
    let mut now = message;
    let weak = json!({ "identity_type": "username", "identity_value": "azureuser" });
    now["subject_identities"].as_array_mut().unwrap().push(weak);
    now["regulation"] = "banana".into();
    let body = now.to_string();
    assert!(accepted(body.as_bytes()).is_none());
    for is_old in [false, true] {
        let ended = simulate(async || {
            let scenario = Scenario::small();
            scenario.source(SOURCE).put("home.txt", "/home/azureuser/notes\n");
            let seal = |opening: &mut Opening| {
                if is_old {
                    let opened = opening.request.as_mut().unwrap();
                    opened.sealed = as_before(&request.id, body.as_bytes());
                }
            };
            open(&scenario, &request, body.as_bytes(), seal).await;
            scenario.live().await;
            assert_eq!(scenario.source(SOURCE).names(), ["ComputeRecord/dcid.r2"]);
            ending(&scenario).await
        });
        assert!(ended.contains("completed"), "{ended}");
    }
}

/// What opens under a request's key is the request of that id, or nothing is done.
#[test]
fn the_seal_of_one_request_is_none_of_another() {
    let body = request("r-1", "erasure").to_string();
    let request = accepted(body.as_bytes()).unwrap();
    let another = self::request("r-2", "erasure").to_string();
    let ended = simulate(async || {
        let scenario = Scenario::small();
        let seal = |opening: &mut Opening| {
            opening.request.as_mut().unwrap().sealed = as_before(&request.id, another.as_bytes());
        };
        open(&scenario, &request, body.as_bytes(), seal).await;
        scenario.live().await;
        assert_eq!(scenario.source(SOURCE).names().len(), 3);
        ending(&scenario).await
    });
    assert!(ended.contains("failed"), "{ended}");
}

/// Who waits for a message that it sent learns that it arrived, whatever stands in it.
#[test]
fn a_message_is_known_again_by_all_that_it_asks() {
    for (name, body) in messages() {
        let taken = simulate(async || {
            let mut scenario = Scenario::small().trusting(&["crm.example"]);
            if name == "one source" {
                scenario = scenario.with_source("other");
            }
            scenario.inbox.push(body.clone(), Correspondence::default());
            scenario.live().await;
            let plans = Plans {
                ledger: scenario.ledger().await,
                master_key: MASTER_KEY.to_owned().into(),
                clock: Arc::<MemoryClock>::clone(&scenario.clock),
                entropy: Arc::new(SystemEntropy),
            };
            let body = Bytes::from(body.clone());
            let sent = Sent { id: "r-1".to_owned(), body, signature: None, was_refused: false };
            plans.taken(&sent).await.unwrap()
        });
        assert_eq!(taken, Poll::Ready(None), "{name}");
    }
}
