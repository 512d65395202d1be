//! Bad input, one table of it: read on its own, sent to a real broker, and dropped into a folder.
//! Each message is answered with exactly its faults and kept byte for byte, nothing of the person
//! is repeated, and good messages in between are served.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use dsrd::domain::callbacks::rule::{CallbackHost, CallbackRule};
use dsrd::matching::identity::weakness::{COMMON, IDENTITY_CHARS_MAX};
use dsrd::stages::message::fault::Terms;
use dsrd::stages::message::identities::{ARRAY_FIELDS, DICTIONARY_FIELDS};
use dsrd::stages::message::options::extension::OPTION_FIELDS;
use dsrd::stages::message::options::recipients::{
    PASSPHRASE_CHARS_MAX, PASSPHRASE_CHARS_MIN, PASSPHRASE_FIELDS, RECIPIENTS_MAX,
};
use dsrd::stages::message::read::{self, CONTROL_FIELDS, REQUEST_FIELDS};
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind};
use serde_json::Value;
use tokio::time::timeout;

use futures::StreamExt;

use crate::support::bad_input::callbacks;
use crate::support::bad_input::good::{self, Good};
use crate::support::bad_input::row::{ANSWERS, Row, rows};
use crate::support::contract::{EVENT, REQUEST, assert_event, codes, parsed, request_faults};
use crate::support::linters::root;
use crate::support::program::{Daemon, Home, wait_for};
use crate::support::rabbitmq::RabbitMq;

/// Longer than the daemon needs for the whole table.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whom the daemons of this file may call back.
const CALLBACKS: &str = "[callbacks]\nhosts = [\"crm.example\"]\n";

/// Codes of messages that nobody vouches for; `signed` has them.
const UNTRUSTED: [&str; 7] = [
    "signature_missing",
    "signature_malformed",
    "signature_key_unknown",
    "signature_wrong",
    "signature_expired",
    "signature_early",
    "signature_stale",
];

/// The settings of the daemon that the other tests of this file start.
fn terms() -> Terms {
    Terms {
        message_bytes_max: 1 << 20,
        identities_max: 64,
        identity_chars_min: 3,
        sources: Some(vec!["run-history".to_owned()]),
        things: Some(Vec::new()),
        callbacks: Some(CallbackRule {
            hosts: vec![CallbackHost::parse(callbacks::HOST).unwrap()],
            private_networks: Vec::new(),
        }),
        now: Some("2026-11-23T10:00:00Z".parse().unwrap()),
        trust: None,
    }
}

#[test]
fn each_message_has_exactly_its_faults() {
    let rows = rows();
    assert!(rows.len() >= 150, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows.iter().filter(|row| !row.is_of_ledger) {
        let found = match read::read(&row.body(), &row.label, &terms()) {
            Ok(_) => Vec::new(),
            Err(refusal) => refusal.faults,
        };
        let told: Vec<(String, &str)> =
            found.iter().map(|fault| (fault.pointer.clone(), fault.code)).collect();
        if told != row.faults {
            wrong.push(format!("{}: {told:?} instead of {:?}", row.name, row.faults));
        }
        assert!(!names(&format!("{found:?}"), row), "{}: {found:?}", row.name);
    }
    assert!(wrong.is_empty(), "{:#?}", wrong);
    for good in good::all() {
        let read = read::read(good.body.as_bytes(), &good.label, &terms());
        assert!(read.is_ok(), "{}: {:?}", good.name, read.err());
    }
}

#[test]
fn the_schema_refuses_what_the_program_refuses() {
    let mut wrong = Vec::new();
    for row in rows() {
        let body = row.body();
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
        // What is no JSON has no schema.
        let Ok(message) = serde_json::from_slice(body) else { continue };
        let is_refused = !request_faults(&message).is_empty();
        if is_refused == row.beyond_schema.is_some() {
            let why = row.beyond_schema.unwrap_or("no reason is given");
            wrong.push(format!("{}: refused {is_refused}, {why}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for good in good::all() {
        let message = parsed(good.body.trim_start_matches('\u{feff}'));
        assert_eq!(request_faults(&message), [""; 0], "{}", good.name);
    }
}

/// What the schema lists is what the program lists.
/// What `docs/codes.md` says of each code.
fn meanings() -> BTreeMap<String, String> {
    let page = fs::read_to_string(root().join("docs/codes.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.map(|(code, row)| (code.to_owned(), row.split(" | ").next().unwrap().to_owned())).collect()
}

#[test]
fn the_schema_and_the_program_have_the_same_fields_words_and_codes() {
    let schema = parsed(REQUEST);
    let set = |words: &[&str]| -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    };
    let fields = |pointer: &str| -> BTreeSet<String> {
        schema.pointer(pointer).unwrap()["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(fields("/$defs/subject_request"), set(&REQUEST_FIELDS));
    assert_eq!(fields("/$defs/control"), set(&CONTROL_FIELDS));
    assert_eq!(fields("/$defs/options"), set(&OPTION_FIELDS));
    let encrypt_to = "/$defs/options/properties/encrypt_to";
    let passphrase = format!("{encrypt_to}/oneOf/1/items");
    assert_eq!(fields(&passphrase), set(&PASSPHRASE_FIELDS));
    let number = |at: &str| schema.pointer(at).unwrap().as_u64().unwrap() as usize;
    assert_eq!(number(&format!("{encrypt_to}/maxItems")), RECIPIENTS_MAX);
    let passphrase = format!("{passphrase}/properties/passphrase");
    assert_eq!(number(&format!("{passphrase}/minLength")), PASSPHRASE_CHARS_MIN);
    assert_eq!(number(&format!("{passphrase}/maxLength")), PASSPHRASE_CHARS_MAX);
    assert_eq!(fields("/$defs/identity_list/items"), set(&ARRAY_FIELDS));
    assert_eq!(fields("/$defs/hashable_entry"), set(&DICTIONARY_FIELDS));
    let words: BTreeSet<String> =
        serde_json::from_value(schema["$defs"]["words"]["not"]["enum"].clone()).unwrap();
    assert_eq!(words, set(&COMMON));
    assert_eq!(schema["$defs"]["words"]["maxLength"], IDENTITY_CHARS_MAX);

    let told: BTreeSet<String> = rows()
        .iter()
        .flat_map(|row| row.faults.iter().map(|(_, code)| *code))
        .chain(UNTRUSTED)
        // What the ledger will never hold: no message is known to be that by itself.
        .chain(["not_storable"])
        .map(str::to_owned)
        .collect();
    assert_eq!(told, codes().iter().cloned().collect(), "codes of the table and of the contract");
    assert_eq!(
        told,
        meanings().keys().cloned().collect(),
        "codes of the table and of docs/codes.md"
    );
    for (code, meaning) in meanings() {
        let told = format!("{code}: {}", meaning.replace('`', ""));
        assert!(EVENT.contains(&told), "the event schema does not say: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_full_of_bad_input_is_answered_and_the_good_is_served() {
    let (rows, good) = (rows(), good::all());
    let rabbit = RabbitMq::start().await;
    let home = Home::new();
    home.put("run.json", "nobody is in here");
    home.write("dsrd.toml", &format!("[queue]\nurl = \"{}\"\n{CALLBACKS}", rabbit.url()));
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    let producer = Producer::connect(&rabbit.url()).await;
    let (mut events, mut answers) = producer.listen().await;
    let mut letters = producer.letters().await;
    producer.send_all(&rows, &good).await;

    let heard = heard(&mut events, &rows, &good, &daemon).await;
    for row in &rows {
        let event = heard.get(&row.correlation()).unwrap_or_else(|| panic!("{}", row.name));
        assert_rejected(row, event);
    }
    let answered: BTreeSet<String> = collect(&mut answers, rows.len(), |_, properties| {
        properties.correlation_id().as_ref().unwrap().to_string()
    })
    .await
    .into_iter()
    .collect();
    for row in rows.iter().filter(|row| row.reply_to == ANSWERS) {
        assert!(answered.contains(&row.correlation()), "{} was not answered", row.name);
    }

    let kept: BTreeMap<String, (Vec<u8>, FieldTable)> =
        collect(&mut letters, rows.len(), |body, properties| {
            let id = properties.correlation_id().as_ref().unwrap().to_string();
            (id, (body.to_vec(), properties.headers().clone().unwrap()))
        })
        .await
        .into_iter()
        .collect();
    assert_eq!(kept.len(), rows.len(), "a dead letter each, and no other:\n{}", daemon.log());
    for row in &rows {
        let (body, headers) = &kept[&row.correlation()];
        assert!(*body == row.body(), "{} was changed", row.name);
        let reason = AMQPValue::LongString(row.reason().into());
        assert_eq!(headers.inner()["x-dsrd-reason"], reason, "{}", row.name);
        assert!(!names(&format!("{headers:?}"), row), "{}: {headers:?}", row.name);
    }
    assert_eq!(producer.depth("dsr.requests").await, 0, "nothing comes back to us");
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert_silent(&log, &rows);
}

/// The events of the rows by correlation id, once every good request is completed too.
async fn heard(
    events: &mut Consumer,
    rows: &[Row],
    good: &[Good],
    daemon: &Daemon,
) -> BTreeMap<String, Value> {
    let mut open: BTreeSet<String> = good.iter().map(|good| good.id.clone()).collect();
    let mut heard = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE;
    while !open.is_empty() || heard.len() < rows.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(delivery) = timeout(left, events.next()).await else {
            let silent = rows.iter().filter(|row| !heard.contains_key(&row.correlation()));
            let silent: Vec<&str> = silent.map(|row| row.name.as_str()).collect();
            panic!("not completed: {open:?}; not answered: {silent:?}\n{}", daemon.log());
        };
        let delivery = delivery.unwrap().unwrap();
        let event: Value = serde_json::from_slice(&delivery.data).unwrap();
        assert_event(&event);
        match event["type"].as_str().unwrap() {
            "io.dsrd.request.rejected.v1" => {
                let id = delivery.properties.correlation_id().as_ref().unwrap().to_string();
                heard.insert(id, event);
            }
            "io.dsrd.request.completed.v1" => {
                open.remove(event["subject"].as_str().unwrap());
            }
            _ => {}
        }
    }
    heard
}

#[test]
fn a_folder_full_of_bad_input_is_answered_and_the_good_is_served() {
    // What stands beside a body is of AMQP.
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.label == Default::default()).collect();
    let home = Home::new();
    home.put("run.json", "nobody is in here");
    home.write("dsrd.toml", CALLBACKS);
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    let queue = home.path("dsrd-data/queue");
    let incoming = queue.join("incoming");
    let good = good::all();
    fs::write(incoming.join("good"), &good[0].body).unwrap();
    home.wait_for_event(&good[0].id, "accepted");
    let unfinished = ["..x", ".json", "a.tmp", "b.json.part", "...."];
    for name in unfinished {
        fs::write(incoming.join(name), "{}").unwrap();
    }
    let between = &good[1..=rows.len().div_ceil(40)];
    for (rows, next) in rows.chunks(40).zip(between) {
        for row in rows {
            fs::write(incoming.join(hostile_name(row.number)), row.body()).unwrap();
        }
        fs::write(incoming.join(&next.id), &next.body).unwrap();
    }
    wait_for("the folder to be emptied", || count(&incoming) == unfinished.len());
    for next in between {
        home.wait_for_event(&next.id, "completed");
    }

    let kept = kept(&queue.join("rejected"));
    assert_eq!(kept.values().map(Vec::len).sum::<usize>(), rows.len(), "a file each");
    for row in &rows {
        let reasons = kept.get(&row.body()).unwrap_or_else(|| panic!("{} is gone", row.name));
        assert!(reasons.contains(&row.reason()), "{}: {reasons:?}", row.name);
    }
    let told = || home.events().iter().filter(|e| e["data"]["outcome"] == "rejected").count();
    wait_for("every message to be answered", || told() == rows.len());
    for event in home.events() {
        assert_event(&event);
        assert_silent(&event.to_string(), &rows);
    }
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert_silent(&log, &rows);
}

/// A name that careless programs stumble over.
fn hostile_name(number: usize) -> String {
    let name = match number % 12 {
        0 => format!("tab\there {number}"),
        1 => format!("\"quoted\" 'name' {number}"),
        2 => format!("🦀 {number}"),
        3 => format!("{number:n>255}"),
        4 => format!("{number}..x"),
        5 => format!("dot at the end {number}."),
        6 => format!("line\nbreak {number}"),
        7 => format!("-rf {number} *"),
        8 => format!("%2e%2e%2f {number}"),
        9 => format!("\u{1b}[2J {number}"),
        10 => format!("a.tmp.{number} "),
        _ => format!("{number}.reason.txt"),
    };
    assert!(name.len() <= 255);
    name
}

/// Body to reason of every file that was refused; bodies may be the same.
fn kept(rejected: &std::path::Path) -> BTreeMap<Vec<u8>, Vec<String>> {
    let mut kept: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(rejected).unwrap() {
        let path = entry.unwrap().path();
        let mut reason = path.clone().into_os_string();
        reason.push(".reason.txt");
        // A reason has none of its own.
        let Ok(reason) = fs::read(reason) else {
            assert!(path.as_os_str().as_bytes().ends_with(b".reason.txt"), "{path:?}");
            continue;
        };
        let reason = String::from_utf8(reason).unwrap().trim_end().to_owned();
        kept.entry(fs::read(path).unwrap()).or_default().push(reason);
    }
    kept
}

fn count(folder: &std::path::Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn assert_rejected(row: &Row, event: &Value) {
    let refusals = event["data"]["refusals"].as_array().unwrap();
    let word = |refusal: &Value, key: &str| refusal[key].as_str().unwrap().to_owned();
    let told: Vec<(String, String)> =
        refusals.iter().map(|one| (word(one, "pointer"), word(one, "code"))).collect();
    let expected: Vec<(String, String)> =
        row.faults.iter().map(|(at, code)| (at.clone(), (*code).to_owned())).collect();
    assert_eq!(told, expected, "{}", row.name);
    let text = event.to_string();
    assert!(text.len() <= 64 * 1024, "{}: {} bytes", row.name, text.len());
    assert!(!names(&text, row), "{}: {text}", row.name);
}

/// Whether a text says what only the message may say.
fn names(text: &str, row: &Row) -> bool {
    text.to_lowercase().contains(&row.canary()) || text.contains("leaky")
}

fn assert_silent(text: &str, rows: &[Row]) {
    let lower = text.to_lowercase();
    if lower.contains("canary") {
        let of: Vec<&str> = rows
            .iter()
            .filter(|row| lower.contains(&row.canary()))
            .map(|r| r.name.as_str())
            .collect();
        panic!("it names the person of {of:?}:\n{text}");
    }
}

/// The next messages of a queue, as many as there must be.
async fn collect<T>(
    from: &mut Consumer,
    most: usize,
    mut take: impl FnMut(&[u8], &BasicProperties) -> T,
) -> Vec<T> {
    let mut taken = Vec::new();
    let quiet = Duration::from_secs(2);
    while taken.len() < most {
        let Ok(delivery) = timeout(quiet, from.next()).await else { break };
        let delivery = delivery.unwrap().unwrap();
        taken.push(take(&delivery.data, &delivery.properties));
    }
    taken
}

/// A ticketing system with a grudge.
struct Producer {
    channel: Channel,
    connection: Connection,
}

impl Producer {
    async fn connect(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let producer = Self { channel: connection.create_channel().await.unwrap(), connection };
        let deadline = Instant::now() + PATIENCE;
        while producer.try_depth("dsr.requests").await.is_none() || !producer.hears().await {
            assert!(Instant::now() < deadline, "the daemon did not declare queue and exchange");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        producer
    }

    /// Whether the exchange of events is there; who asks for one that is not loses the channel.
    async fn hears(&self) -> bool {
        let channel = self.connection.create_channel().await.unwrap();
        let passive = ExchangeDeclareOptions { passive: true, ..Default::default() };
        let topic = ExchangeKind::Topic;
        channel
            .exchange_declare("dsr.events".into(), topic, passive, FieldTable::default())
            .await
            .is_ok()
    }

    /// All events from the exchange, and what comes to the reply queue.
    async fn listen(&self) -> (Consumer, Consumer) {
        let (table, durable) = (FieldTable::default, QueueDeclareOptions::durable());
        for queue in ["listener", ANSWERS] {
            self.channel.queue_declare(queue.into(), durable, table()).await.unwrap();
        }
        let passive = ExchangeDeclareOptions { passive: true, ..Default::default() };
        let topic = ExchangeKind::Topic;
        self.channel.exchange_declare("dsr.events".into(), topic, passive, table()).await.unwrap();
        let (options, key) = (QueueBindOptions::default(), "request.#");
        self.channel
            .queue_bind("listener".into(), "dsr.events".into(), key.into(), options, table())
            .await
            .unwrap();
        (self.consume("listener").await, self.consume(ANSWERS).await)
    }

    async fn letters(&self) -> Consumer {
        self.consume("dsr.dead-letters").await
    }

    async fn consume(&self, queue: &str) -> Consumer {
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let consumed = self.channel.basic_consume(
            queue.into(),
            format!("of-{queue}").into(),
            options,
            FieldTable::default(),
        );
        consumed.await.unwrap()
    }

    /// The bad ones at once, a good one first, last, and now and then.
    async fn send_all(&self, rows: &[Row], good: &[Good]) {
        let mut good = good.iter();
        self.send_good(good.next().unwrap()).await;
        for row in rows {
            let properties = BasicProperties::default()
                .with_correlation_id(row.correlation().into())
                .with_reply_to(row.reply_to.clone().into())
                .with_message_id(
                    row.message_id.clone().unwrap_or_else(|| row.correlation()).into(),
                );
            let label = &row.label;
            self.send(&row.body(), labelled(properties, label)).await;
            if row.number % 20 == 19
                && let Some(next) = good.next()
            {
                self.send_good(next).await;
            }
        }
        for rest in good {
            self.send_good(rest).await;
        }
    }

    async fn send_good(&self, good: &Good) {
        self.send(good.body.as_bytes(), labelled(BasicProperties::default(), &good.label)).await;
    }

    async fn send(&self, body: &[u8], properties: BasicProperties) {
        let options = BasicPublishOptions::default();
        let sent =
            self.channel.basic_publish("".into(), "dsr.requests".into(), options, body, properties);
        sent.await.unwrap();
    }

    async fn depth(&self, queue: &str) -> u32 {
        self.try_depth(queue).await.unwrap()
    }

    /// On a channel of its own, which does not outlive the answer that there is no such queue.
    async fn try_depth(&self, queue: &str) -> Option<u32> {
        let channel = self.connection.create_channel().await.unwrap();
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        let declared = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
        declared.ok().map(|queue| queue.message_count())
    }
}

fn labelled(
    mut properties: BasicProperties,
    label: &dsrd::ports::messages::inbox::Label,
) -> BasicProperties {
    if let Some(kind) = &label.content_type {
        properties = properties.with_content_type(kind.clone().into());
    }
    if let Some(coding) = &label.content_encoding {
        properties = properties.with_content_encoding(coding.clone().into());
    }
    properties
}
