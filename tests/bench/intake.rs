//! How fast requests get from the broker into the ledger, beside a consumer that only acknowledges.
//!
//! `cargo bench --bench intake [-- --postgres]`. One RabbitMQ node; for each round both drain as
//! many requests from the same quorum queue, first one and then the other, and the ratio of the two
//! rates is what counts: the rates themselves are the machine's. The daemon is the program as it
//! runs, with all its loops: while it takes requests it also sweeps for them and announces them.

#![expect(clippy::unwrap_used, reason = "a benchmark that unwraps in vain has failed")]
#![expect(clippy::print_stdout, reason = "its answer")]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection as _, Row};

use crate::support::postgres::Postgres;
use crate::support::producer::{Producer, request};
use crate::support::rabbitmq::RabbitMq;

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../it/support"]
mod support {
    pub mod ports;
    pub mod postgres;
    pub mod producer;
    pub mod rabbitmq;
}

const REQUESTS: usize = 20_000;
const ROUNDS: usize = 3;

/// As the daemon's own default.
const PREFETCH: u16 = 512;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let postgres = match std::env::args().any(|arg| arg == "--postgres") {
            true => Some(Postgres::start().await),
            false => None,
        };
        let broker = RabbitMq::start().await;
        let mut ratios = Vec::new();
        for round in 1..=ROUNDS {
            let bare = rate(bare(&broker, round).await);
            let ours = rate(ours(&broker, postgres.as_ref(), round).await);
            println!("round {round}: bare consumer {bare:.0}/s, dsrd {ours:.0}/s accepted");
            ratios.push(ours / bare);
        }
        ratios.sort_by(f64::total_cmp);
        println!("dsrd to bare consumer, median of {ROUNDS} rounds: {:.2}", ratios[ROUNDS / 2]);
    });
}

fn rate(time: Duration) -> f64 {
    REQUESTS as f64 / time.as_secs_f64()
}

async fn fill(broker: &RabbitMq, round: usize) {
    let producer = Producer::connect(&broker.url()).await;
    producer.declare_requests().await;
    let bodies = (0..REQUESTS).map(|n| request(&format!("r-{round}-{n}"), &format!("person-{n}")));
    producer.send_all(bodies.collect::<Vec<_>>()).await;
}

/// Takes all and acknowledges each.
async fn bare(broker: &RabbitMq, round: usize) -> Duration {
    fill(broker, round).await;
    let properties = ConnectionProperties::default();
    let connection = Connection::connect(&broker.url(), properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.unwrap();
    let begun = Instant::now();
    let options = BasicConsumeOptions::default();
    let consumer =
        channel.basic_consume("dsr.requests".into(), "".into(), options, FieldTable::default());
    let mut taken = consumer.await.unwrap().take(REQUESTS);
    while let Some(delivery) = taken.next().await {
        delivery.unwrap().ack(BasicAckOptions::default()).await.unwrap();
    }
    begun.elapsed()
}

/// The daemon, from the moment that it serves until every request is in the ledger.
async fn ours(broker: &RabbitMq, postgres: Option<&Postgres>, round: usize) -> Duration {
    fill(broker, round).await;
    let folder = tempfile::tempdir().unwrap();
    let ledger = match postgres {
        Some(server) => server.database(&format!("round_{round}")).await,
        None => format!("sqlite:{}/ledger.db", folder.path().display()),
    };
    let mut daemon = daemon(folder.path(), broker, &ledger);
    install_default_drivers();
    let mut begun = None;
    let taken = loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if begun.is_none() {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
            begun = log.contains("serving").then(Instant::now);
            continue;
        }
        if accepted(&ledger).await == REQUESTS {
            break begun.unwrap().elapsed();
        }
    };
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    taken
}

async fn accepted(ledger: &str) -> usize {
    let Ok(mut connection) = AnyConnection::connect(ledger).await else { return 0 };
    let counted = sqlx::query("SELECT COUNT(*) AS count FROM requests");
    let Ok(row) = counted.fetch_one(&mut connection).await else { return 0 };
    usize::try_from(row.get::<i64, _>("count")).unwrap()
}

fn daemon(folder: &Path, broker: &RabbitMq, ledger: &str) -> std::process::Child {
    std::fs::create_dir_all(folder.join("dsrd-data/azureml")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_dsrd"))
        .args(["run", "--log-format", "json"])
        .current_dir(folder)
        .env("DSRD__QUEUE__URL", broker.url())
        .env("DSRD__LEDGER__URL", ledger)
        .env("DSRD__HTTP__LISTEN", "")
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap()
}
