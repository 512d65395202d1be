//! Canaries: strings that stand for the person, and the search for them in every spelling that a
//! careless line of code could give them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use dsrd::adapters::http::operators::desk::Offer;
use dsrd::adapters::http::pages::counter::Counter;
use dsrd::adapters::http::pages::overview::{Overview, page};
use dsrd::adapters::http::pages::request::{self, Told};
use dsrd::adapters::memory::exports::SIGNATURE;
use dsrd::adapters::system::{SystemClock, SystemEntropy};
use dsrd::domain::state::State;
use dsrd::ports::plans::HeldPlans;
use dsrd::worker::status::{Plans, Status};
use jiff::Timestamp;
use memchr::memmem;
use sha2::{Digest, Sha256};

use crate::support::simulation::scenario::{MASTER_KEY, Scenario};

/// The address of every simulated subject.
pub const EMAIL: &str = "zyxcanary.q7@leaky.example";
/// Their Entra object.
pub const OBJECT_ID: &str = "c0ffee00-1dea-4bad-8ace-0ddba11feed5";
/// Their name.
pub const NAME: &str = "Zyxwvuta Canarybird";
/// The key under which the controller knows them.
pub const CUSTOMER: &str = "CNRY-770-ZYX";
/// Stands in every item that speaks of them.
pub const CONTENT: &str = "hushhush-canary-secret-93";

/// Pieces that are enough to know the person by.
const PIECES: [&str; 8] = [
    "zyxcanary",
    "leaky.example",
    OBJECT_ID,
    "c0ffee001dea4bad8ace0ddba11feed5",
    "zyxwvuta",
    "canarybird",
    CUSTOMER,
    CONTENT,
];

/// The person in one spelling.
struct Spelling {
    text: &'static str,
    is: &'static str,
}

/// What is sought: as it stands, and without case.
struct Sought {
    finder: AhoCorasick,
    spellings: Vec<Spelling>,
}

static SOUGHT: LazyLock<[Sought; 2]> = LazyLock::new(|| {
    let (folded, exact): (Vec<_>, Vec<_>) =
        spellings().into_iter().partition(|(_, is, _)| matches!(*is, "text" | "hex" | "sha256"));
    [folded, exact].map(|spellings| {
        let needles: Vec<&Vec<u8>> = spellings.iter().map(|(.., needle)| needle).collect();
        // Megabytes are searched after each of thousands of lives.
        let finder = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(needles);
        let finder = finder.unwrap();
        let spellings = spellings.iter().map(|(text, is, _)| Spelling { text, is }).collect();
        Sought { finder, spellings }
    })
});

/// What of the person stands in these bytes: each piece with its spelling.
pub fn found(bytes: &[u8]) -> Vec<String> {
    let lower = bytes.to_ascii_lowercase();
    let mut found = BTreeSet::new();
    for (sought, bytes) in SOUGHT.iter().zip([&lower, bytes]) {
        for hit in sought.finder.find_overlapping_iter(bytes) {
            let Spelling { text, is } = sought.spellings[hit.pattern()];
            found.insert(format!("{text} as {is}"));
        }
    }
    found.into_iter().collect()
}

impl Scenario {
    /// The person is in the archives and, where something was left, in the sources; nowhere else.
    pub async fn assert_silent(&self) {
        let shown = self.everything_shown().await;
        for (place, bytes) in self.everything_kept().iter().chain(&shown) {
            assert_eq!(found(bytes), Vec::<String>::new(), "in {place}");
        }
        // A link that opens an archive is in events and in what keeps them, the ledger's outbox.
        let mut told = shown;
        told.push(("the log".to_owned(), self.logs.text().into_bytes()));
        told.push(("the metrics".to_owned(), self.metrics.lock().unwrap().concat().into()));
        let events = self.announcer.published();
        told.push(("an event that is printed".to_owned(), format!("{events:?}").into_bytes()));
        for (place, bytes) in told {
            for secret in ["sig=", SIGNATURE] {
                assert!(memmem::find(&bytes, secret.as_bytes()).is_none(), "a link in {place}");
            }
        }
    }

    /// Every byte that left the daemon, except into archives and dead letters.
    pub async fn everything_written(&self) -> Vec<(String, Vec<u8>)> {
        let mut places = self.everything_kept();
        places.extend(self.everything_shown().await);
        places
    }

    /// The log, files, events and what else stays.
    fn everything_kept(&self) -> Vec<(String, Vec<u8>)> {
        let mut places = vec![("the log".to_owned(), self.logs.text().into_bytes())];
        let metrics = self.metrics.lock().unwrap().concat();
        places.push(("the metrics".to_owned(), metrics.into_bytes()));
        let spans = self.spans.lock().unwrap().concat();
        places.push(("the spans".to_owned(), spans));
        for file in std::fs::read_dir(self.path()).unwrap() {
            let path = file.unwrap().path();
            // A daemon that died may still be closing the files beside the ledger.
            if let Ok(bytes) = std::fs::read(&path) {
                places.push((path.display().to_string(), bytes));
            }
        }
        for event in self.announcer.published() {
            let text = format!("{event:?} {}", event.body);
            places.push((format!("event {}", event.id), text.into_bytes()));
        }
        for letter in self.inbox.dead_letters() {
            places.push(("the reason of a dead letter".to_owned(), letter.reason.into_bytes()));
        }
        for name in self.exports.names() {
            if name.contains(".certificate") {
                places.push((name.clone(), self.exports.get(&name).unwrap().to_vec()));
            }
            places.push(("the name of an archive".to_owned(), name.into_bytes()));
        }
        places
    }

    /// What `status` and the page show.
    async fn everything_shown(&self) -> Vec<(String, Vec<u8>)> {
        let ledger = self.ledger().await;
        let standings = ledger.standings(&State::ALL, u32::MAX).await.unwrap();
        let status = Status { ledger: Arc::clone(&ledger) };
        let mut shown = Vec::new();
        let mut each = |told| {
            shown.push(serde_json::to_string(&told).unwrap());
            ControlFlow::Continue(())
        };
        status.list(&State::ALL, false, None, &mut each).await.unwrap();
        status.register(Timestamp::MIN..Timestamp::MAX, &mut each).await.unwrap();
        for standing in &standings {
            let described = status.describe(&standing.id).await.unwrap();
            shown.push(serde_json::to_string(&described).unwrap());
            shown.push(format!("{standing:?}"));
            shown.push(format!("{:?}", ledger.records(&standing.id).await.unwrap()));
        }
        let plans = Plans {
            ledger: Arc::clone(&ledger),
            master_key: MASTER_KEY.repeat(32).into(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        let mut trees = BTreeMap::new();
        for standing in &standings {
            // What rests has none; a person's never has.
            let tree = plans.tree(standing).await.unwrap_or_default();
            trees.insert(standing.id.clone(), tree.clone());
            let described = plans.describe(&standing.id).await.unwrap().unwrap();
            let (now, id) = (Timestamp::UNIX_EPOCH, standing.id.clone());
            let actor = "operator".to_owned();
            let offer = Offer { actor, decisions: vec!["approve"], seal: "1.2.3".to_owned() };
            let (counter, reason) = (Counter::Open(offer), String::new());
            let told = Told { now, id, described, tree, counter, denied: Vec::new(), reason };
            shown.push(request::page(&told, Some(true)));
        }
        let overview = Overview {
            trees,
            now: Timestamp::UNIX_EPOCH,
            held: standings.clone(),
            running: standings.clone(),
            ended: standings,
            left: Default::default(),
            census: ledger.census().await.unwrap(),
            backlog: 0,
            waiting: Default::default(),
            overdue: 0,
            down: Vec::new(),
            parts: vec![("queue".to_owned(), None), ("source runs".to_owned(), Some("late"))],
            obstacles: ledger.obstacles(u32::MAX).await.unwrap().into_iter().collect(),
            daemons: ledger.daemons().await.unwrap(),
            answered: Vec::new(),
            in_time: Some(1.0),
        };
        let answered = ledger.answered(Timestamp::UNIX_EPOCH, u32::MAX).await.unwrap();
        shown.push(format!("{answered:?}"));
        shown.push(page(&overview, true));
        shown.into_iter().map(|text| ("what is shown".to_owned(), text.into_bytes())).collect()
    }
}

fn spellings() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut all = Vec::new();
    for piece in PIECES {
        let lower = piece.to_ascii_lowercase();
        all.push((piece, "text", lower.clone().into_bytes()));
        all.push((piece, "hex", hex::encode(&lower).into_bytes()));
        for text in [piece.to_owned(), lower, piece.to_ascii_uppercase()] {
            let wide: Vec<u16> = text.encode_utf16().collect();
            all.push((piece, "utf-16le", wide.iter().flat_map(|c| c.to_le_bytes()).collect()));
            all.push((piece, "utf-16be", wide.iter().flat_map(|c| c.to_be_bytes()).collect()));
            all.push((piece, "reversed", text.bytes().rev().collect()));
            for skipped in 0..3 {
                all.push((piece, "base64", inner_base64(&STANDARD, &text, skipped)));
                all.push((piece, "base64url", inner_base64(&URL_SAFE, &text, skipped)));
            }
        }
    }
    for identity in [EMAIL, OBJECT_ID, NAME, CUSTOMER] {
        for text in [identity.to_owned(), identity.to_ascii_lowercase()] {
            let digest = Sha256::digest(text.as_bytes());
            all.push((identity, "sha256", hex::encode(digest).into_bytes()));
            all.push((identity, "sha256 bytes", digest.to_vec()));
        }
    }
    all
}

/// The characters that stand for `text` alone where `skipped` bytes of its first group are others'.
fn inner_base64(engine: &impl Engine, text: &str, skipped: usize) -> Vec<u8> {
    let mut bytes = vec![0; skipped];
    bytes.extend_from_slice(text.as_bytes());
    let whole = bytes.len() / 3 * 4;
    let encoded = engine.encode(&bytes).into_bytes();
    let first = if skipped == 0 { 0 } else { 4 };
    encoded[first..whole].to_vec()
}
