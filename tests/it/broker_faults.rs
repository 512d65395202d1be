//! What happens to brokers and to the way to them: the daemon says so, goes on by itself
//! afterwards, and has lost nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection, Executor, SqliteConnection};
use tokio::time::sleep;

use crate::support::link::{Link, State};
use crate::support::ports::free_port;
use crate::support::producer::{Producer, ids, request};
use crate::support::program::Home;
use crate::support::rabbitmq::RabbitMq;

/// Longest wait for something that should happen: a silent network is noticed by the heartbeat.
const PATIENCE: Duration = Duration::from_secs(60);

/// The broker gives up on a delivery that is not acknowledged within three seconds.
const IMPATIENT: &str = "application:set_env(rabbit, consumer_timeout, 3000), \
                         application:set_env(rabbit, channel_tick_interval, 1000).";

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_by_itself_after_each_fault() {
    let mut broker = RabbitMq::start().await;
    broker.ctl(&["eval", IMPATIENT]).await;
    let link = Link::to(broker.port()).await;
    let daemon = Daemon::start(&link);
    daemon.is_ready(true).await;
    let serves = async |broker: &RabbitMq, id: &str| {
        let producer = Producer::connect(&broker.url()).await;
        producer.listen("accepted", "request.accepted.*").await;
        producer.send(request(id, "ann").as_bytes()).await;
        daemon.announces(&producer, id).await;
    };
    serves(&broker, "in-peace").await;

    // Short of disk: events wait, nothing is lost, and who looks is told.
    let producer = Producer::connect(&broker.url()).await;
    link.set(State::Cut);
    producer.send(request("in-alarm", "ann").as_bytes()).await;
    broker.ctl(&["set_vm_memory_high_watermark", "0.0000001"]).await;
    link.set(State::Whole);
    daemon.says("short of memory or disk").await;
    broker.ctl(&["set_vm_memory_high_watermark", "0.4"]).await;
    daemon.announces(&producer, "in-alarm").await;
    daemon.is_ready(true).await;

    // The network is cut, then falls silent.
    for (state, id) in [(State::Cut, "after-a-cut"), (State::Silent, "after-silence")] {
        link.set(state);
        producer.send(request(id, "ann").as_bytes()).await;
        daemon.is_ready(false).await;
        link.set(State::Whole);
        daemon.announces(&producer, id).await;
        daemon.is_ready(true).await;
    }

    // An administrator closes connections and deletes the queues.
    broker.ctl(&["close_all_connections", "maintenance"]).await;
    serves(&broker, "after-maintenance").await;
    let producer = Producer::connect(&broker.url()).await;
    producer.delete("dsr.requests").await;
    producer.delete("dsr.dead-letters").await;
    daemon.metric("dsrd_ready{part=\"queue\"} 1").await;
    daemon.serves_in_the_end(&producer, "after-deletion").await;

    // The ledger takes nothing for so long that the broker closes the channel.
    let mut ledger = daemon.ledger().await;
    ledger.execute("BEGIN IMMEDIATE").await.unwrap();
    let bodies: Vec<String> = (0..200).map(|n| request(&format!("waiting-{n}"), "bob")).collect();
    let producer = Producer::connect(&broker.url()).await;
    producer.send_all(&bodies).await;
    sleep(Duration::from_secs(6)).await;
    assert!(producer.depth("dsr.requests").await > 0, "what is over the prefetch waits there");
    ledger.execute("ROLLBACK").await.unwrap();
    for n in 0..200 {
        daemon.announces(&producer, &format!("waiting-{n}")).await;
    }
    assert_eq!(producer.drain("dsr.dead-letters").await.len(), 0);

    // It stops in order even while there is no broker.
    broker.kill().await;
    daemon.is_ready(false).await;
    daemon.ends_in_order();
}

/// A message that our client cannot even parse ends the connection each time it comes. It goes to
/// the dead letters once the broker has had enough, and takes none of the good ones with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_can_parse_goes_alone() {
    let broker = RabbitMq::start().await;
    let producer = Producer::connect(&broker.url()).await;
    producer.declare_requests().await;
    producer.listen("accepted", "request.accepted.*").await;
    let bodies: Vec<String> = (0..20).map(|n| request(&format!("good-{n}"), "ann")).collect();
    unreadable(&broker, &bodies.join("\n"));
    let daemon = Daemon::start(&Link::to(broker.port()).await);
    for n in 0..20 {
        daemon.announces(&producer, &format!("good-{n}")).await;
    }
    // Counted only: the test's client could not parse them either.
    let begun = Instant::now();
    while producer.depth("dsr.dead-letters").await < 2 {
        assert!(begun.elapsed() < PATIENCE, "{}", daemon.log());
        sleep(Duration::from_millis(200)).await;
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(producer.depth("dsr.dead-letters").await, 2);
    assert_eq!(producer.depth("dsr.requests").await, 0);
    daemon.ends_in_order();
}

/// Sends these, and some between them that are no AMQP.
fn unreadable(broker: &RabbitMq, bodies: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut stranger = std::process::Command::new("python3")
        .arg(root.join("it/foreign/unreadable.py"))
        .args([&broker.url(), "dsr.requests"])
        .env("PYTHONPATH", root.join("emulators/python"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("python3 is missing: apt-get install python3");
    stranger.stdin.take().unwrap().write_all(bodies.as_bytes()).unwrap();
    assert!(stranger.wait().unwrap().success(), "is pika there? run tests/run once");
}

/// Distinct requests; some come again, some under another body, and some messages are none.
const DISTINCT: usize = 5_500;
const REPEATED: usize = 3_000;
const CONFLICTING: usize = 500;
const POISON: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_messages_in_disorder_are_each_accounted_for_once() {
    let mut broker = RabbitMq::start().await;
    let producer = Producer::connect(&broker.url()).await;
    producer.declare_requests().await;
    producer.listen("accepted", "request.accepted.*").await;
    producer.listen("rejected", "request.rejected.*").await;
    let (mut bodies, mut poison) = (Vec::new(), BTreeSet::new());
    for n in 0..DISTINCT {
        bodies.push(request(&format!("r-{n}"), &format!("person-{}", n % 900)));
        if n < REPEATED {
            bodies.push(bodies.last().unwrap().clone());
        }
        if n >= DISTINCT - CONFLICTING {
            bodies.push(request(&format!("r-{n}"), "somebody-else"));
        }
    }
    for n in 0..POISON {
        let body = format!("{{\"subject_request_id\": {n}, {}", "[".repeat(n));
        poison.insert(body.clone().into_bytes());
        bodies.push(body);
    }
    assert_eq!(bodies.len(), 10_000);
    shuffle(&mut bodies);
    producer.send_all(&bodies).await;
    drop(producer);

    let link = Link::to(broker.port()).await;
    let daemon = Daemon::start(&link);
    for round in 0..4 {
        sleep(Duration::from_millis(700)).await;
        match round {
            0 => broker.restart_term().await,
            1 => link.set(State::Cut),
            2 => link.set(State::Whole),
            _ => {
                broker.kill().await;
                broker.start_again().await;
            }
        }
    }
    let producer = Producer::connect(&broker.url()).await;
    let (mut accepted, mut rejected, mut letters) = (Vec::new(), Vec::new(), BTreeSet::new());
    let begun = Instant::now();
    while ids(&accepted).len() < DISTINCT || letters.len() < POISON + CONFLICTING {
        assert!(begun.elapsed() < 3 * PATIENCE, "{} {}", ids(&accepted).len(), letters.len());
        sleep(Duration::from_millis(200)).await;
        accepted.extend(producer.drain("accepted").await);
        rejected.extend(producer.drain("rejected").await);
        letters.extend(producer.drain("dsr.dead-letters").await);
    }
    assert_eq!(producer.depth("dsr.requests").await, 0);
    let expected: BTreeSet<String> = (0..DISTINCT).map(|n| format!("r-{n}")).collect();
    assert_eq!(ids(&accepted).into_keys().collect::<BTreeSet<_>>(), expected);
    assert!(letters.is_superset(&poison));
    assert_eq!(letters.len(), POISON + CONFLICTING);
    assert_eq!(
        accounts(&mut daemon.ledger().await).await,
        [
            ("messages refused".to_owned(), (POISON + CONFLICTING) as i64),
            ("requests".to_owned(), DISTINCT as i64),
        ]
        .into()
    );
    daemon.ends_in_order();
}

/// How many accounts the ledger holds.
async fn accounts(ledger: &mut SqliteConnection) -> BTreeMap<String, i64> {
    let statement = "SELECT CASE WHEN state = 'rejected' THEN 'messages refused' \
                     ELSE 'requests' END, COUNT(*) FROM requests GROUP BY 1";
    let rows: Vec<(String, i64)> = sqlx::query_as(statement).fetch_all(ledger).await.unwrap();
    rows.into_iter().collect()
}

/// An order that has nothing to do with the one before, and is the same every time.
fn shuffle(bodies: &mut [String]) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for at in (1..bodies.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bodies.swap(at, usize::try_from(state % (at as u64 + 1)).unwrap());
    }
}

/// The program, with the broker at the other end of a network.
struct Daemon {
    home: Home,
    process: Child,
    http: u16,
    announced: Mutex<Vec<Vec<u8>>>,
}

impl Daemon {
    fn start(link: &Link) -> Self {
        let (home, http) = (Home::new(), free_port());
        home.put("notes.txt", "nothing about anybody");
        let url = format!("amqp://guest:guest@127.0.0.1:{}/%2f?heartbeat=2", link.port);
        let process = home
            .command(&["run", "--log-format", "json"])
            .env("DSRD__QUEUE__URL", url)
            .env("DSRD__QUEUE__PREFETCH", "64")
            .env("DSRD__HTTP__LISTEN", format!("127.0.0.1:{http}"))
            .stdout(Stdio::null())
            .stderr(File::create(home.path("log")).unwrap())
            .spawn()
            .unwrap();
        Self { home, process, http, announced: Mutex::default() }
    }

    fn get(&self, path: &str) -> String {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.http)) else {
            return String::new();
        };
        let asked = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let mut answer = String::new();
        // A daemon that is not up yet has no answer.
        stream.write_all(asked.as_bytes()).ok();
        stream.read_to_string(&mut answer).ok();
        answer
    }

    async fn shows(&self, what: &str, path: &str, text: &str) {
        let begun = Instant::now();
        loop {
            let answer = self.get(path);
            if answer.contains(text) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "waited for {what}:\n{answer}\n{}", self.log());
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn is_ready(&self, ready: bool) {
        self.shows("readiness", "/readyz", &format!("\"ready\":{ready}")).await;
    }

    async fn says(&self, reason: &str) {
        let begun = Instant::now();
        // It is logged once somebody asks whether all is ready.
        while !self.log().contains(reason) {
            assert!(begun.elapsed() < PATIENCE, "waited for {reason}:\n{}", self.log());
            self.get("/readyz");
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn metric(&self, line: &str) {
        self.shows("the metric", "/metrics", line).await;
    }

    /// Waits until the request is announced as accepted.
    async fn announces(&self, producer: &Producer, id: &str) {
        let begun = Instant::now();
        loop {
            let more = producer.drain("accepted").await;
            if self.has_heard(more, id) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {id}:\n{}", self.log());
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sends a request again and again, as a producer does that hears nothing: the broker may still
    /// be at deleting the queue that it was sent to, and then takes it along.
    async fn serves_in_the_end(&self, producer: &Producer, id: &str) {
        let begun = Instant::now();
        loop {
            producer.send(request(id, "ann").as_bytes()).await;
            for _ in 0..50 {
                if self.has_heard(producer.drain("accepted").await, id) {
                    return;
                }
                sleep(Duration::from_millis(100)).await;
            }
            let waiting = producer.depth("dsr.requests").await;
            let log = self.log();
            assert!(begun.elapsed() < PATIENCE, "not served, {waiting} waiting:\n{log}");
        }
    }

    fn has_heard(&self, more: Vec<Vec<u8>>, id: &str) -> bool {
        let mut announced = self.announced.lock().unwrap();
        announced.extend(more);
        ids(&announced).contains_key(id)
    }

    async fn ledger(&self) -> SqliteConnection {
        let path = self.home.path("dsrd-data/ledger.db");
        SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.home.path("log")).unwrap()
    }

    fn ends_in_order(mut self) {
        let id = self.process.id().to_string();
        std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                assert!(status.success(), "{}", self.log());
                break;
            }
            assert!(begun.elapsed() < PATIENCE / 2, "it does not stop:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        for line in self.log().lines() {
            serde_json::from_str::<Value>(line).unwrap();
            assert!(!line.contains("contoso"), "{line}");
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
