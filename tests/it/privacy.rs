//! Canaries: the person is in the archive and nowhere else, in whatever spelling.
//!
//! `flow.rs` and `crash.rs` make the same search after each of their lives; here is what they do
//! not reach, and the proof that the search finds what is there.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dsrd::adapters::azure_files::source::ShareSource;
use dsrd::adapters::azure_lake::source::LakeSource;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::config::settings::People;
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::asked::thing::{Thing, ThingKind};
use dsrd::domain::callbacks::url::CallbackUrl;
use dsrd::domain::failure::Failure;
use dsrd::domain::homes::claim::Claim;
use dsrd::domain::item::{Finding, Hit, Item, Unreadable, Version};
use dsrd::domain::plan::Planned;
use dsrd::domain::policy::action::Action;
use dsrd::domain::request::{Asked, Options, Request, RequestId, RequestKind};
use dsrd::ports::messages::inbox::Label;
use dsrd::ports::sources::{Followed, Read, Ticket, Walked};
use dsrd::stages::message::fault::Terms;
use dsrd::stages::message::read;
use dsrd::telemetry::logging::{Format, layer};
use futures::TryStreamExt;
use memchr::memmem;
use serde_json::json;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use crate::rewrite_contract::form;
use crate::support::blob_server::faults::Fault;
use crate::support::file_server::server::FileServer;
use crate::support::lake_server::server::LakeServer;
use crate::support::simulation::copies::Copies;
use crate::support::simulation::leaks::{CONTENT, CUSTOMER, EMAIL, NAME, OBJECT_ID, found};
use crate::support::simulation::scenario::{
    Lines, SOURCE, Scenario, control, correspondence, notes, request, simulate,
};
use crate::support::simulation::tripwire::{Fuse, Trip, assert_stopped};
use crate::things::about;

#[test]
fn the_search_finds_what_is_there() {
    let wide: Vec<u8> = EMAIL.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let shifted = |lead: &str| STANDARD.encode(format!("{lead}{EMAIL} and more")).into_bytes();
    let spelt = [
        format!("to: {}", EMAIL.to_uppercase()).into_bytes(),
        hex::encode(EMAIL).into_bytes(),
        wide,
        shifted(""),
        shifted("a"),
        shifted("ab"),
        format!("/{}/", OBJECT_ID.replace('-', "")).into_bytes(),
        format!("name={}", NAME.replace(' ', "%20")).into_bytes(),
        <sha2::Sha256 as sha2::Digest>::digest(EMAIL).to_vec(),
        CUSTOMER.bytes().rev().collect(),
        CONTENT.as_bytes().to_vec(),
    ];
    for (index, bytes) in spelt.iter().enumerate() {
        assert!(!found(bytes).is_empty(), "spelling {index}");
    }
    assert_eq!(found(b"nobody in particular"), Vec::<String>::new());
}

#[test]
fn the_person_is_in_the_archive() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
    });
    let mut zip =
        zip::ZipArchive::new(std::io::Cursor::new(scenario.exports.get("r-1.zip").unwrap()));
    let mut manifest = Vec::new();
    let mut entry = zip.as_mut().unwrap().by_name("manifest.json").unwrap();
    std::io::Read::read_to_end(&mut entry, &mut manifest).unwrap();
    assert!(!found(&manifest).is_empty());
}

/// While a request is under way its identities are in the ledger, and nobody can read them.
#[test]
fn nothing_can_be_read_while_a_request_is_under_way() {
    simulate(async || {
        for at in 1.. {
            let scenario = Scenario::small().sent(request("r-1", "erasure"));
            scenario.wire.set(Fuse { at, after: true, trip: Trip::Kill });
            scenario.live().await;
            if scenario.wire.blown().is_none() {
                assert_stopped(at);
                break;
            }
            scenario.assert_silent().await;
        }
    });
}

/// While rows are purged, whatever comes of it: values, handles and reasons are sealed, and nobody
/// is told of them.
#[test]
fn nothing_can_be_read_while_rows_are_purged() {
    let scenario = || {
        let mut scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
        let tables = Arc::clone(&scenario.tables[0]);
        let bag = json!({ EMAIL: CONTENT, "caller": NAME }).to_string();
        let said = format!("{CONTENT} of {EMAIL}");
        tables.add("AppEvents", &[("Properties", &bag), ("Message", &said)]);
        tables.refuse_value(&said);
        tables.take_an_hour(2);
        tables.take_time(Slow { looks: 1, look_in_ms: 1_000, end: SlowEnd::Failed });
        // Several removals are due within an hour, whichever comes first.
        scenario.tick_ms = 60_000;
        scenario
    };
    for effect in ["enrol", "note_delay", "erase_rows", "note_purge"] {
        for at in [1, 3] {
            let scenario = scenario();
            scenario.wire.count(effect);
            scenario.wire.set(Fuse { at, after: true, trip: Trip::Kill });
            simulate(async || {
                scenario.live().await;
                scenario.assert_silent().await;
                for (place, bytes) in scenario.everything_written().await {
                    let handle = memmem::find(&bytes, b"tables.example");
                    assert!(handle.is_none(), "a handle in {place} after {at} of {effect}");
                }
            });
            let is_met = at > 1 || scenario.wire.blown().is_some();
            assert!(is_met, "{effect} was never met:\n{}", scenario.logs.text());
        }
    }
}

/// Failures of every port, for every stage, with names and contents that speak of the person.
#[test]
fn nothing_is_said_of_what_failed() {
    for effect in ["create", "write", "finish", "erase", "list", "read", "announce", "settle"] {
        for failure in [
            || Failure::permanent("doing this"),
            || Failure::transient("doing this"),
            || Failure::needs_person("doing this"),
        ] {
            let scenario = Scenario::small()
                .sent(request("r-1", "access"))
                .sent(request("r-2", "erasure"))
                .sent(control("cancel", EMAIL));
            scenario.source(SOURCE).put(&format!("{EMAIL}/{CONTENT}.zip"), notes("PK\x03\x04"));
            scenario.wire.fail(effect, failure);
            scenario.wire.heal_after(40);
            // What a failed export is to give is not erased until somebody gives it up.
            let inbox = Arc::clone(&scenario.inbox);
            scenario.wire.on("failed", move || {
                inbox.push(control("cancel", "r-1").to_string(), correspondence());
            });
            simulate(async || {
                scenario.live().await;
                scenario.assert_silent().await;
            });
        }
    }
}

/// The same of who copies a tenant's logs, who is told the object id and no more.
#[test]
fn nothing_is_said_of_a_copy_that_failed() {
    for effect in ["ask", "look", "remove"] {
        for failure in [
            || Failure::permanent("doing this"),
            || Failure::transient("doing this"),
            || Failure::needs_person("doing this"),
        ] {
            let copies = Copies::after(1);
            let mut scenario = Scenario::small().with_copies(copies).sent(request("r-1", "access"));
            scenario.tick_ms = 60_000;
            scenario.keeping.archive_life_ms = 60_000;
            scenario.until_expired = true;
            scenario.wire.fail(effect, failure);
            scenario.wire.heal_after(4);
            simulate(async || {
                scenario.live().await;
                scenario.assert_silent().await;
            });
            let copies = scenario.copies.as_ref().unwrap();
            assert!(copies.asked().iter().all(|asked| asked == OBJECT_ID));
            assert_eq!(copies.containers(), Vec::<String>::new(), "{effect}");
        }
    }
}

/// What may befall a path between a listing and what is done then.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    None,
    Forbidden,
    Leased,
    Changed,
    Gone,
    /// Connections close.
    Broken,
}

const TROUBLES: [Trouble; 6] = [
    Trouble::None,
    Trouble::Forbidden,
    Trouble::Leased,
    Trouble::Changed,
    Trouble::Gone,
    Trouble::Broken,
];

/// Paths, owners, rights and properties of file systems and shares are the person's: whatever
/// befalls them, what the adapters log, answer and fail with says nothing of it.
#[tokio::test]
async fn nothing_is_said_of_what_file_systems_and_shares_hold() {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = layer(Format::Json, "trace", false, move || writer.clone()).unwrap();
    let _logging = tracing::subscriber::set_default(Registry::default().with(layer));
    for trouble in TROUBLES {
        let (lake, share) = tokio::join!(said_of_a_lake(trouble), said_of_a_share(trouble));
        for said in [lake, share] {
            assert!(said.len() > 100, "{trouble:?}: {said}");
            assert_eq!(found(said.as_bytes()), Vec::<String>::new(), "{trouble:?}: {said}");
        }
    }
    let logged = lines.text();
    assert_eq!(found(logged.as_bytes()), Vec::<String>::new(), "{logged}");
    assert!(logged.contains("soft-delete policy cannot be read"), "something is logged: {logged}");
}

async fn said_of_a_lake(trouble: Trouble) -> String {
    let (server, path) = (LakeServer::start().await, format!("Users/{EMAIL}/{CONTENT}.csv"));
    server.create("data");
    server.put_with("data", &path, NAME.as_bytes(), |node| {
        node.owner = OBJECT_ID.to_owned();
        node.acl = format!("user::rw-,user:{OBJECT_ID}:r--,group::r--,mask::r--,other::---");
        node.properties.insert("by".to_owned(), STANDARD.encode(CUSTOMER));
    });
    let source = LakeSource::open("lake", &server.lake("data")).unwrap();
    let items = source.list("", None).await.unwrap().items;
    match trouble {
        Trouble::None => {}
        Trouble::Forbidden => {
            server.alter_account(|account| account.tells_of_deleted = false);
            server.alter("data", &path, |node| node.is_forbidden = true);
        }
        Trouble::Leased => server.alter("data", &path, |node| node.lease = Some("l".to_owned())),
        Trouble::Changed => server.put("data", &path, CONTENT.as_bytes()),
        Trouble::Gone => server.alter_account(|account| account.file_systems.clear()),
        Trouble::Broken => (1..=10).for_each(|number| server.fail(number, Fault::Dropped)),
    }
    everything_said(&source, &items).await
}

async fn said_of_a_share(trouble: Trouble) -> String {
    let (server, path) = (FileServer::start().await, format!("Users/{EMAIL}/{CONTENT}.csv"));
    server.create_share("code-1");
    server.put_with("code-1", &path, NAME.as_bytes(), |file| {
        file.info.metadata.insert("by".to_owned(), CUSTOMER.to_owned());
    });
    let source = ShareSource::open("notebooks", &server.share("code-1")).unwrap();
    let items = source.list("", None).await.unwrap().items;
    match trouble {
        Trouble::None => {}
        Trouble::Forbidden => server.alter("code-1", &path, |file| file.is_forbidden = true),
        Trouble::Leased => server.alter("code-1", &path, |file| file.lease = Some("l".to_owned())),
        Trouble::Changed => server.put("code-1", &path, CONTENT.as_bytes()),
        Trouble::Gone => server.delete_share("code-1"),
        Trouble::Broken => (1..=10).for_each(|number| server.fail(number, Fault::Dropped)),
    }
    everything_said(&source, &items).await
}

/// What a source answers to all that it can be asked, printed.
async fn everything_said(source: &dyn Walked, items: &[Item]) -> String {
    fn told<T: std::fmt::Debug>(answer: Result<T, Failure>) -> String {
        answer.map_or_else(|it| format!("{} {it:?}", it.chain()), |it| format!("{it:?}"))
    }
    let mut said = vec![format!("{items:?}")];
    for item in items.iter().rev() {
        said.push(match source.read(item).await {
            Ok(Read::Bytes(bytes)) => {
                told(bytes.try_collect::<Vec<_>>().await.map(|all| all.len()))
            }
            Ok(Read::Refused(why)) => why,
            Ok(Read::Absent | Read::Changed) => "not as it was".to_owned(),
            Err(failure) => failure.chain(),
        });
        said.push(told(source.rewrite(item, form(b"new")).await));
        said.push(told(source.erase(item).await));
        said.push(told(source.remains(&item.name).await));
    }
    said.push(told(source.list("Users/", None).await));
    said.push(told(source.ping().await));
    said.push(told(source.lacks().await));
    said.push(told(source.places().await.map(|places| places.len())));
    said.push(told(source.unrecoverable_after(&[], jiff::Timestamp::UNIX_EPOCH).await));
    said.join("\n")
}

#[test]
fn nothing_can_be_printed() {
    let identity = Identity::new(IdentityType::Email, IdentityFormat::Raw, EMAIL.to_owned());
    let version = Version::Snapshot(CONTENT.to_owned());
    let item = Item {
        etag: "1".to_owned(),
        size: 3,
        modified: None,
        content_type: Some("text/plain".to_owned()),
        metadata: [("owner".to_owned(), NAME.to_owned())].into(),
        tags: [(CUSTOMER.to_owned(), OBJECT_ID.to_owned())].into(),
        ..Item::bare(SOURCE, &format!("Users/{EMAIL}/{CONTENT}"), version)
    };
    let hit = Hit { identity: 0, view: "json".to_owned(), place: format!("/{EMAIL}") };
    let finding =
        Finding { item: item.clone(), hits: vec![hit.clone()], digest: None, others: false };
    let unreadable = Unreadable { item: item.clone(), reason: format!("zip:{EMAIL}: broken") };
    let planned = Planned {
        finding: finding.clone(),
        action: Action::Delete,
        why: String::new(),
        waits_for: 0,
    };
    let listed = Planned::unreadable(unreadable.clone());
    let subject = Subject { identities: vec![identity.clone()] };
    let claim = Claim { alias: EMAIL.to_owned(), who: subject.clone(), account: None };
    let thing = Thing {
        kind: ThingKind::Compute,
        name: format!("ci-{EMAIL}"),
        output: Some(NAME.to_owned()),
        with_dependents: false,
        permanently: true,
    };
    let request = Request {
        id: RequestId::new("r-1").unwrap(),
        kind: RequestKind::Erasure,
        regulation: "gdpr".to_owned(),
        submitted: jiff::Timestamp::UNIX_EPOCH,
        asked: Asked::Person(subject.clone()),
        callbacks: vec![CallbackUrl::parse(&format!("https://crm.example/{CONTENT}")).unwrap()],
        options: Options::default(),
    };
    let printed = [
        format!("{identity:?} {identity:#?}"),
        format!("{subject:?} {subject:#?}"),
        format!("{claim:?} {:?}", People { aliases: vec![claim.clone()], graph: None }),
        format!("{request:?} {request:#?}"),
        format!("{item:?} {item:#?} {:?}", item.version),
        format!("{hit:?} {finding:?} {finding:#?}"),
        format!("{unreadable:?}"),
        format!("{planned:?} {planned:#?}"),
        format!("{listed:?}"),
        format!("{thing:?} {thing:#?} {:?}", Asked::Thing(thing.clone())),
        format!("{:?}", Ticket { handle: EMAIL.to_owned(), look_in_ms: 1 }),
        format!(
            "{:?}",
            Followed::Running { look_in_ms: 1, handle: Some(EMAIL.to_owned()), state: None }
        ),
    ];
    for text in printed {
        assert_eq!(found(text.as_bytes()), Vec::<String>::new(), "{text}");
    }
}

/// A producer may put the person where no person belongs: faults do not repeat it.
#[test]
fn faults_quote_nothing() {
    let now = Some("2026-11-23T12:00:00Z".parse().unwrap());
    let terms = Terms { now, ..Terms::of_the_ledger() };
    let mut messages = vec![EMAIL.to_owned(), json!([EMAIL]).to_string()];
    for good in [request("r-1", "erasure"), about("r-1", "delete", "model", NAME)] {
        for field in good.as_object().unwrap().keys() {
            let mut bad = good.clone();
            bad[field] = EMAIL.into();
            messages.push(bad.to_string());
            bad[field] = json!({ EMAIL: NAME, "zyxcanary.q7": [CUSTOMER] });
            messages.push(bad.to_string());
            bad[field] = json!([EMAIL, { EMAIL: NAME, "zyxcanary.q7": CUSTOMER }]);
            messages.push(bad.to_string());
        }
    }
    let good = request("r-1", "erasure");
    for field in ["Zyxwvuta", "sources", "dry_run", "on_erase", "encrypt_to", "language"] {
        let mut bad = good.clone();
        bad["extensions"] = json!({ "dsrd": { field: EMAIL, "sources": [EMAIL], EMAIL: 1 } });
        messages.push(bad.to_string());
    }
    messages.push(control(EMAIL, OBJECT_ID).to_string());
    for body in messages {
        let Err(refusal) = read::read(body.as_bytes(), &Label::default(), &terms) else { continue };
        for fault in refusal.faults {
            let text = format!("{fault:?}");
            assert_eq!(found(text.as_bytes()), Vec::<String>::new(), "{text}");
        }
    }
}
