//! What a source says of an item beside its bytes is used: encodings are undone, properties and
//! metadata searched and scrubbed, directories taken for what they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use dsrd::adapters::azure::blob::BlobSource;
use dsrd::adapters::memory::sources::shelves::Content;
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::{Item, Kind};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::domain::plan::Planned;
use dsrd::domain::policy::rules::{Policy, Rule, Treatment, Unit};
use dsrd::matching::encoding::{Coding, Undone, encode};
use dsrd::matching::limits::ItemLimits;
use dsrd::ports::sources::{Erased, Walked};
use dsrd::stages::rewrite::redact::{Redaction, redact};
use dsrd::stages::walk::pass::{Patience, Walk};
use futures::future::join_all;

use crate::names::planned;
use crate::source_contract::{bytes_of, listing};
use crate::support::blob_server::account::Policy as Account;
use crate::support::blob_server::form::Draft;
use crate::support::blob_server::server::BlobServer;
use crate::support::simulation::leaks::{EMAIL, NAME};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, notes, request, rule, run_document, simulate,
};
use crate::support::simulation::story::check;

const AZUREML: &str = "azureml";

const CODINGS: [(&str, Coding); 5] = [
    ("gzip", Coding::Gzip),
    ("deflate", Coding::Zlib),
    ("deflate", Coding::Deflate),
    ("br", Coding::Brotli),
    ("zstd", Coding::Zstd),
];

fn encoded(coding: Coding, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(coding, &mut &*content, &mut out).unwrap();
    out
}

fn decoded(said: &str, mut stored: &[u8]) -> String {
    let mut text = String::new();
    let limits = ItemLimits::default();
    let mut undone = Undone::new(Some(said), &mut stored, &limits).unwrap();
    std::io::Read::read_to_string(&mut undone, &mut text).unwrap();
    assert_eq!(undone.trouble(), None, "{said}");
    text
}

fn content(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn start() -> (BlobServer, Arc<BlobSource>) {
    let server = BlobServer::start(Account::default()).await;
    server.create_container(AZUREML);
    let source = BlobSource::open("azureml", &server.blob(AZUREML)).unwrap();
    (server, Arc::new(source))
}

fn walk() -> Walk {
    let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    let subject = Subject {
        identities: vec![raw(IdentityType::Email, EMAIL), raw(IdentityType::Name, NAME)],
    };
    Walk::new(&[&subject], &Scenario::new().limits, Patience::Spent)
}

/// Each hit's view and place, by item.
fn places(plan: &[Planned]) -> BTreeMap<String, Vec<String>> {
    let each = plan.iter().map(|entry| {
        let hits = entry.finding.hits.iter().map(|hit| format!("{}: {}", hit.view, hit.place));
        (entry.finding.item.name.clone(), hits.collect())
    });
    each.collect()
}

async fn found(source: &Arc<BlobSource>) -> Vec<Planned> {
    planned(vec![Arc::<BlobSource>::clone(source)], Policy::default()).await
}

#[tokio::test]
async fn content_in_any_encoding_is_found_and_redacted_in_it() {
    let (server, source) = start().await;
    let text = format!("a,b\n{EMAIL},1\nbob@contoso.example,2\n");
    let long = format!("{}{text}", "1,2\n".repeat(20_000));
    let mut names = Vec::new();
    for (number, (word, coding)) in CODINGS.into_iter().enumerate() {
        for (size, text) in [("short", &text), ("long", &long)] {
            let name = format!("{number}-{word}-{size}.csv");
            let content = content(&[("content-encoding", word), ("content-type", "text/csv")]);
            let bytes = encoded(coding, text.as_bytes()).into();
            server.put_draft(AZUREML, &name, Draft { bytes, content, ..Draft::default() });
            names.push((name, word.to_owned(), text.clone()));
        }
    }
    let twice = encoded(Coding::Brotli, &encoded(Coding::Deflate, text.as_bytes()));
    let (bytes, both) = (twice.into(), content(&[("content-encoding", "deflate, br")]));
    server.put_draft(AZUREML, "twice", Draft { bytes, content: both, ..Draft::default() });
    names.push(("twice".to_owned(), "deflate, br".to_owned(), text));
    let plan = found(&source).await;
    assert_eq!(plan.len(), names.len());
    let walk = walk();
    join_all(plan.iter().map(|entry| async {
        let ended = redact(&*source, &entry.finding.item, &walk).await;
        let ended = ended.map_err(|failure| failure.chain()).unwrap();
        assert!(matches!(ended, Redaction::Done { digest: Some(_), .. }));
    }))
    .await;
    for (name, word, text) in names {
        let form = server.forms(AZUREML, &name).pop().unwrap();
        assert_eq!(form.draft.content["content-encoding"], word);
        let stored = server.get(AZUREML, &name).unwrap();
        assert_eq!(decoded(&word, &stored), text.replace(EMAIL, "[erased]"), "{name}");
    }
    assert!(found(&source).await.is_empty());
}

#[test]
fn what_is_not_encoded_as_it_is_said_to_be_is_named() {
    let scenario = Scenario::new().sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    let put = |name: &str, encoding: &str, bytes: Vec<u8>| {
        let content_encoding = Some(encoding.to_owned());
        source.put_content(
            name,
            Content { bytes: bytes.into(), content_encoding, ..Content::default() },
        );
    };
    let csv = encoded(Coding::Deflate, "a,b\n".repeat(50).as_bytes());
    put("unknown", "aes128gcm", csv.clone());
    put("broken", "deflate", csv[..csv.len() - 4].to_vec());
    put("mislabelled", "br", notes("mislabelled").into_bytes());
    put("sound", "deflate", csv);
    let text = check(scenario);
    assert!(text.starts_with("r-1 (erasure) is partially_completed"), "{text}");
    for reason in ["content encoding: unknown", "content encoding: broken"] {
        assert!(text.contains(reason), "{reason}: {text}");
    }
    assert!(text.contains("azureml holds broken, sound, unknown\n"), "{text}");
}

#[tokio::test]
async fn what_is_said_of_a_blob_is_searched_and_scrubbed() {
    let (server, source) = start().await;
    let said = [
        ("disposition", "content-disposition", "Content-Disposition"),
        ("cache", "cache-control", "Cache-Control"),
        ("language", "content-language", "Content-Language"),
        ("type", "content-type", "Content-Type"),
    ];
    for (name, header, _) in said {
        let content = content(&[(header, &format!("a; b=\"{EMAIL}\""))]);
        let bytes = Bytes::from_static(b"nothing");
        server.put_draft(AZUREML, name, Draft { bytes, content, ..Draft::default() });
    }
    let url = format!("https://a/b/Users/{}/x", EMAIL.replace('@', "%40"));
    let copied = Draft { copy_source: Some(url), ..Draft::default() };
    server.put_draft(AZUREML, "copied", copied);
    let old = Draft {
        unlistable: content(&[("my-owner", EMAIL)]),
        metadata: content(&[("team", "a")]),
        ..Draft::default()
    };
    server.put_draft(AZUREML, "unlistable", old);
    server.put_draft(AZUREML, "nobody", Draft::default());
    let plan = found(&source).await;
    let places = places(&plan);
    for (name, _, property) in said {
        assert_eq!(places[name], [format!("properties: {property}")]);
    }
    assert_eq!(places["copied"], ["properties: CopySource"]);
    assert_eq!(places["unlistable"], ["metadata: my-owner"]);
    assert_eq!(places.len(), 6);
    let walk = walk();
    for entry in &plan {
        let item = &entry.finding.item;
        let ended = redact(&*source, item, &walk).await.map_err(|f| f.chain()).unwrap();
        match item.name.as_str() {
            "unlistable" => assert!(matches!(ended, Redaction::Impossible(_))),
            name => assert!(matches!(ended, Redaction::Done { digest: None, .. }), "{name}"),
        }
    }
    for (name, header, _) in said {
        let form = server.forms(AZUREML, name).pop().unwrap();
        assert_eq!(form.draft.content[header], "a; b=\"[erased]\"");
        assert_eq!(server.get(AZUREML, name).unwrap(), b"nothing");
    }
    let left = found(&source).await;
    assert_eq!(left.len(), 1, "the one that cannot be written so");
}

#[tokio::test]
async fn directories_of_an_account_that_has_them_go_when_they_are_empty() {
    let (server, source) = start().await;
    let directory = || Draft { is_directory: true, ..Draft::default() };
    server.put_draft(AZUREML, "Users", directory());
    server.put_draft(AZUREML, "Users/ann", directory());
    server.put(AZUREML, "Users/ann/a", b"a");
    let marked = Draft { metadata: content(&[("hdi_isfolder", "true")]), ..Draft::default() };
    server.put_draft(AZUREML, "marked", marked);
    server.snapshot(AZUREML, "marked");
    let items = listing(&*source).await;
    let named = |name: &str| items.iter().find(|item| item.name == name).unwrap();
    let kinds: Vec<Kind> = items.iter().map(|item: &Item| item.kind).collect();
    let [bytes, directory] = [Kind::Bytes, Kind::Directory];
    assert_eq!(
        kinds,
        [directory, directory, bytes, directory, directory],
        "marked, and a snapshot"
    );
    assert!(bytes_of(&*source, named("Users/ann")).await.is_empty());
    let full = Erased::Blocked(Barrier::new(Block::Lock, "DirectoryIsNotEmpty"));
    assert_eq!(source.erase(named("Users/ann")).await.unwrap(), full);
    for name in ["Users/ann/a", "Users/ann", "Users", "marked"] {
        let item = items.iter().rfind(|item| item.name == name).unwrap();
        assert_eq!(source.erase(item).await.unwrap(), Erased::Done, "{name}");
    }
    assert!(listing(&*source).await.is_empty());
}

fn directory(source: &MemorySource, name: &str) {
    source.put_content(name, Content { is_directory: true, ..Content::default() });
}

#[test]
fn a_directory_goes_after_what_is_in_it_and_stays_where_something_is_left() {
    let whole = Rule { unit: Unit::Run, ..rule(Treatment::Delete) };
    let scenario = Scenario::new().ruled_by(vec![whole]).sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    let own = format!("Users/{EMAIL}");
    for name in ["Users", &own, &format!("{own}/a"), &format!("{own}/a/b"), "ExperimentRun"] {
        directory(&source, name);
    }
    for name in ["ExperimentRun/dcid.r1", "ExperimentRun/dcid.r1/outputs", "azureml", "azureml/r1"]
    {
        directory(&source, name);
    }
    source.put(&format!("{own}/a/b/c.txt"), "nothing else");
    source.put("ExperimentRun/dcid.r1/run.json", run_document());
    source.put("ExperimentRun/dcid.r1/outputs/model.pkl", "a model");
    source.put("azureml/r1/part.csv", "an output");
    let text = check(scenario);
    assert!(text.starts_with("r-1 (erasure) is completed"), "{text}");
    assert!(text.contains("azureml holds ExperimentRun, Users, azureml\n"), "{text}");
}

#[test]
fn a_directory_with_something_that_stays_is_told() {
    let kept = Rule {
        path: Some(dsrd::domain::policy::pattern::Pattern::new("**/*.tax").unwrap()),
        reason: "law".into(),
        ..rule(Treatment::Keep)
    };
    let scenario = Scenario::new().ruled_by(vec![kept]).sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    directory(&source, &format!("Users/{EMAIL}"));
    source.put(&format!("Users/{EMAIL}/2025.tax"), "kept by law");
    let text = check(scenario);
    assert!(text.starts_with("r-1 (erasure) is partially_completed"), "{text}");
    assert!(text.contains("1 blocked in azureml: lock: DirectoryIsNotEmpty"), "{text}");
}

#[test]
fn a_run_whose_document_is_encoded_goes_as_a_whole() {
    let source = MemorySource::new("azureml");
    let bytes = encoded(Coding::Brotli, run_document().as_bytes());
    let content_encoding = Some("br".to_owned());
    let document = Content { bytes: bytes.into(), content_encoding, ..Content::default() };
    source.put_content("ExperimentRun/dcid.r1/run.json", document);
    source.put("ComputeRecord/dcid.r1", "a record");
    let whole = Policy {
        rules: vec![Rule { unit: Unit::Run, ..rule(Treatment::Delete) }],
        ..Policy::default()
    };
    let plan = simulate(async || planned(vec![Arc::new(source)], whole).await);
    assert_eq!(plan.len(), 2);
}
