//! What many erasures cost that come at once: sweeps, CPU and memory of the daemon.
//!
//! `cargo bench --bench many [-- REQUESTS]`, by default 2,000. They wait on a RabbitMQ node when
//! the daemon starts, with its defaults, a ledger in a file and a folder of 200 small items, each
//! of which speaks of its share of the people. `DSRD_BENCH_PROGRAM=PATH` measures another build.
//! CPU and memory are the daemon's alone; how long it took is the machine's.

#![expect(clippy::unwrap_used, reason = "a benchmark that unwraps in vain has failed")]
#![expect(clippy::print_stdout, reason = "its answer")]

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection, Row};

use crate::support::producer::Producer;
use crate::support::rabbitmq::RabbitMq;

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../it/support"]
mod support {
    pub mod ports;
    pub mod producer;
    pub mod rabbitmq;
}

const ITEMS: usize = 200;

/// The program to measure.
const PROGRAM: &str = "DSRD_BENCH_PROGRAM";

fn main() {
    let count = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(2_000);
    tokio::runtime::Runtime::new().unwrap().block_on(measure(count));
}

async fn measure(count: usize) {
    let broker = RabbitMq::start().await;
    let producer = Producer::connect(&broker.url()).await;
    producer.declare_requests().await;
    producer.listen("heard", "#").await;
    producer.send_all((0..count).map(|n| erasure(n).to_string())).await;
    let folder = tempfile::tempdir().unwrap();
    fill(&folder.path().join("dsrd-data/azureml"), count);
    let (mut daemon, begun) = (start(folder.path(), &broker), Instant::now());
    let ledger = format!("sqlite:{}/dsrd-data/ledger.db", folder.path().display());
    let mut accepted = None;
    install_default_drivers();
    let by_state = loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(daemon.try_wait().unwrap().is_none(), "the daemon ended");
        let by_state = states(&ledger).await;
        let total: usize = by_state.iter().map(|(_, count)| count).sum();
        if total == count && accepted.is_none() {
            accepted = Some(begun.elapsed());
        }
        if total == count && by_state.iter().all(|(state, _)| ENDS.contains(&state.as_str())) {
            break by_state;
        }
    };
    let took = begun.elapsed();
    let (cpu, memory) = (cpu_seconds(daemon.id()), peak_mb(daemon.id()));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    println!(
        "{count} erasures: {} to find, {} second looks, {cpu:.1} s of CPU, {memory} MB of memory, \
         accepted in {:.1} s, at rest in {:.1} s, {} MB of ledger, {by_state:?}",
        sweeps(&log, "find"),
        sweeps(&log, "verify"),
        accepted.unwrap_or(took).as_secs_f64(),
        took.as_secs_f64(),
        folder.path().join("dsrd-data/ledger.db").metadata().unwrap().len() >> 20,
    );
}

const ENDS: [&str; 4] = ["completed", "partially_completed", "failed", "rejected"];

fn address(person: usize) -> String {
    format!("person-{person}@contoso.com")
}

fn erasure(n: usize) -> Value {
    json!({
        "regulation": "gdpr",
        "subject_request_id": format!("r-{n}"),
        "subject_request_type": "erasure",
        "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [
            { "identity_type": "email", "identity_value": address(n), "identity_format": "raw" },
        ],
    })
}

/// Each item speaks of every so-manieth person.
fn fill(folder: &Path, people: usize) {
    std::fs::create_dir_all(folder).unwrap();
    for item in 0..ITEMS {
        let lines = (item..people).step_by(ITEMS).map(|n| format!("started by {}\n", address(n)));
        let text: String = lines.chain([format!("step {item}: loss 0.5\n")]).collect();
        std::fs::write(folder.join(format!("run-{item}.txt")), text).unwrap();
    }
}

fn start(folder: &Path, broker: &RabbitMq) -> Child {
    let own = env!("CARGO_BIN_EXE_dsrd");
    #[expect(clippy::disallowed_methods, reason = "a benchmark has no settings")]
    let program = std::env::var(PROGRAM).unwrap_or_else(|_| own.to_owned());
    Command::new(program)
        .args(["run", "--log-format", "json"])
        .current_dir(folder)
        .env("DSRD__QUEUE__URL", broker.url())
        .env("DSRD__HTTP__LISTEN", "")
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap()
}

/// How many requests are in each state.
async fn states(ledger: &str) -> Vec<(String, usize)> {
    let Ok(mut connection) = AnyConnection::connect(ledger).await else { return Vec::new() };
    let counted = sqlx::query("SELECT state, COUNT(*) AS count FROM requests GROUP BY state");
    let Ok(rows) = counted.fetch_all(&mut connection).await else { return Vec::new() };
    let count = |count: i64| usize::try_from(count).unwrap();
    rows.iter().map(|row| (row.get("state"), count(row.get("count")))).collect()
}

fn sweeps(log: &str, purpose: &str) -> usize {
    let told = format!("\"sweep.purpose\":\"{purpose}\"");
    let of = |line: &&str| line.contains("\"message\":\"swept\"") && line.contains(&told);
    log.lines().filter(of).count()
}

/// User and system time of a process, by `proc(5)`; a tick is 10 ms.
fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u64>().unwrap();
    (ticks(11) + ticks(12)) as f64 / 100.0
}

fn peak_mb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}
