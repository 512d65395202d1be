//! How fast one person is found and erased among many small blobs, beside a Python script with
//! Microsoft's own library and 16 threads that does the same (`blobs.py`).
//!
//! `cargo bench --bench blobs`. Each side gets a fresh blob server of the tests, a process of its
//! own on the same machine, with the same 50,000 run documents, one in a hundred of them about the
//! person. Each lists and reads everything, deletes what speaks of her under its `ETag`, and reads
//! everything again. What counts is the ratio of the two in one run. CPU is the client's alone.
//! Takes some ten minutes, nearly all of them the script's.

#![expect(clippy::unwrap_used, reason = "a benchmark that unwraps in vain has failed")]
#![expect(clippy::print_stdout, reason = "its answer")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use dsrd::adapters::azure::blob::BlobSource;
use dsrd::config::reading::layers;
use dsrd::config::secret::Secret;
use dsrd::config::settings::{Blob, Credential};
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::Item;
use dsrd::domain::policy::limits::Limits;
use dsrd::ports::sources::{Erased, Source, Walked};
use dsrd::stages::walk::pass::{Patience, Walk, walk};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::support::blob_server::account::Policy;
use crate::support::blob_server::server::{ACCOUNT, BlobServer};

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../it/support"]
mod support {
    pub mod blob_server;
    pub mod serving;
    pub mod ports;
}

const BLOBS: usize = 50_000;
/// One in so many speaks of the person.
const HITS_EVERY: usize = 100;
const CONTAINER: &str = "azureml";
const PERSON: &str = "ann@contoso.com";
/// What the script needs.
const PYTHON_LIBRARY: &str = "azure-storage-blob==12.27.1";

fn main() {
    let mut args = std::env::args().skip(1);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match args.next().as_deref() {
        Some("--serve") => runtime.block_on(serve()),
        Some("--ours") => runtime.block_on(ours(&args.next().unwrap())),
        _ => compare(),
    }
}

/// The server: says its URL, and how much it was asked whenever a line comes.
async fn serve() {
    let server = BlobServer::start(Policy::default()).await;
    server.create_container(CONTAINER);
    for n in 0..BLOBS {
        let name = format!("ExperimentRun/dcid.run{n:06}/run.json");
        server.put(CONTAINER, &name, document(n).as_bytes());
    }
    println!("{}", server.blob(CONTAINER).url);
    tokio::task::spawn_blocking(move || {
        for _ in std::io::stdin().lines() {
            println!("{}", server.requests());
        }
    });
    std::future::pending::<()>().await;
}

/// About 2 KiB, as run history writes it.
fn document(n: usize) -> String {
    let upn = match n.is_multiple_of(HITS_EVERY) {
        true => PERSON.to_owned(),
        false => format!("user{n}@contoso.com"),
    };
    let line = |k: usize| format!("step {k}: loss {:.4}, accuracy {:.4}", 1.0 / (k + 1) as f64, k);
    let lines: Vec<String> = (0..45).map(line).collect();
    json!({
        "runId": format!("run{n}"), "status": "Completed",
        "createdBy": { "userObjectId": format!("{n:032x}"), "upn": upn },
        "tags": { "log": lines },
    })
    .to_string()
}

/// Our side, through the adapter and the walk that the daemon uses.
async fn ours(url: &str) {
    let key = Secret::new("a2V5".to_owned());
    let credential = Credential::AccountKey { account: ACCOUNT.to_owned(), key };
    let blob = Blob { url: url.parse().unwrap(), credential };
    let blobs = Arc::new(BlobSource::open("azureml", &blob).unwrap());
    let source: Arc<dyn Source> = Arc::<BlobSource>::clone(&blobs);
    let begun = Instant::now();
    let hits = find(&source).await;
    let found = begun.elapsed();
    let count = hits.len();
    let concurrency = limits().act_concurrency_max;
    let erase = |item: Item| {
        let blobs = Arc::clone(&blobs);
        async move { blobs.erase(&item).await }
    };
    let ends: Vec<Erased> =
        stream::iter(hits).map(erase).buffer_unordered(concurrency).try_collect().await.unwrap();
    assert!(ends.iter().all(|end| *end == Erased::Done));
    let erased = begun.elapsed();
    assert!(find(&source).await.is_empty());
    let verified = begun.elapsed();
    let seconds = [found, erased - found, verified - erased].map(|time| time.as_secs_f64());
    println!("{}", json!({ "hits": count, "seconds": seconds, "cpu_s": cpu_seconds() }));
}

fn limits() -> Limits {
    layers::read(None, []).unwrap().limits
}

async fn find(source: &Arc<dyn Source>) -> Vec<Item> {
    let identity = Identity::new(IdentityType::Email, IdentityFormat::Raw, PERSON.to_owned());
    let subject = Subject { identities: vec![identity] };
    let walked =
        walk(vec![(Arc::clone(source), Walk::new(&[&subject], &limits(), Patience::Left))]);
    walked.map_ok(|look| look.item).try_collect().await.unwrap()
}

/// User and system time of this process, by `proc(5)`; a tick is 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u64>().unwrap();
    (ticks(11) + ticks(12)) as f64 / 100.0
}

/// Both sides, and what is to be said of them.
fn compare() {
    let itself = std::env::current_exe().unwrap();
    let library = library();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/blobs.py");
    let mut python = Command::new("python3");
    python.arg(script).env("PYTHONPATH", library);
    let mut dsrd = Command::new(&itself);
    dsrd.arg("--ours");
    let theirs = side("python, 16 threads", &itself, &mut python);
    let ours = side("dsrd", &itself, &mut dsrd);
    println!("dsrd to python: {:.1} times the blobs per second", ours / theirs);
}

/// Runs one side on a fresh server; its blobs per second over find, erase and verify.
fn side(name: &str, itself: &Path, client: &mut Command) -> f64 {
    let mut server = Served::start(itself);
    let ran = client.arg(&server.url).stderr(Stdio::inherit()).output().unwrap();
    assert!(ran.status.success(), "{name} failed");
    let said: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(said["hits"], BLOBS.div_ceil(HITS_EVERY));
    let seconds: Vec<f64> = serde_json::from_value(said["seconds"].clone()).unwrap();
    let looks = (2 * BLOBS) as f64;
    let (cpu, requests) = (said["cpu_s"].as_f64().unwrap(), server.requests());
    let rate = looks / seconds.iter().sum::<f64>();
    println!(
        "{name}: find {:.1} s, erase {:.1} s, verify {:.1} s; {rate:.0} blobs looked at in a second, \
         {:.0} us of CPU each, {requests} requests",
        seconds[0],
        seconds[1],
        seconds[2],
        cpu / looks * 1e6,
    );
    rate
}

struct Served {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Served {
    fn start(itself: &Path) -> Self {
        let mut child = Command::new(itself)
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let asks = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let url = line(&mut answers);
        Self { child, asks, answers, url }
    }

    fn requests(&mut self) -> u64 {
        self.asks.write_all(b"\n").unwrap();
        line(&mut self.answers).parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Where the script's library is; fetched when it is not there yet.
fn library() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-python");
    if !folder.join("azure/storage/blob").is_dir() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(&folder).arg(PYTHON_LIBRARY);
        assert!(pip.status().unwrap().success(), "pip does not install {PYTHON_LIBRARY}");
    }
    folder
}
