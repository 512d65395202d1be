//! What the first person costs among many blobs, and what the next: by requests, CPU and memory.
//!
//! `cargo bench --bench catalogue [-- BLOBS...]`, by default 6,000 small blobs and then a million
//! tiny ones. A blob server of the tests, in a process of its own on the same machine, serves them;
//! the walk, the adapter and a ledger in a file are those of the daemon. One in a thousand speaks of
//! the first person and as many of the second. CPU is the client's alone, memory its peak so far.
//! `-- --ledger ITEMS` keeps and recalls so many items in the ledger alone, a hundred words each.
//! `-- --listing MS` lists a million, of which nothing is read, where each answer takes so long:
//! first in sequence, and then at several places at once.

#![expect(clippy::unwrap_used, reason = "a benchmark that unwraps in vain has failed")]
#![expect(clippy::print_stdout, reason = "its answer")]

use std::io::{BufRead, BufReader, Write};
use std::pin::pin;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dsrd::adapters::azure::blob::BlobSource;
use dsrd::adapters::sql::store::SqlLedger;
use dsrd::adapters::system::{SystemClock, SystemEntropy};
use dsrd::config::reading::layers;
use dsrd::config::secret::Secret;
use dsrd::config::settings::{Blob, Credential};
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::event::Envelope;
use dsrd::ports::kept::catalogue::{Leaf, Shelf};
use dsrd::ports::sources::Source;
use dsrd::ports::tasks::{Lease, Part};
use dsrd::stages::account::keys::Keys;
use dsrd::stages::account::records::Account;
use dsrd::stages::walk::catalogue::Catalogue;
use dsrd::stages::walk::listing::landmarks::Landmarks;
use dsrd::stages::walk::listing::met::{Met, Shown, listing};
use dsrd::stages::walk::pass::{Patience, Step, Walk, walk_source};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::support::blob_server::account::Policy;
use crate::support::blob_server::container::Generated;
use crate::support::blob_server::server::{ACCOUNT, BlobServer};

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../it/support"]
mod support {
    pub mod blob_server;
    pub mod serving;
    pub mod ports;
}

const CONTAINER: &str = "azureml";
/// One in so many speaks of a person who is looked for.
const HITS_EVERY: usize = 1_000;
/// One in so many is written anew between two people.
const CHANGED_EVERY: usize = 100;
/// Blobs that are listed alone.
const MANY: usize = 1_000_000;
/// More blobs than these are tiny: the server makes each when it is asked.
const SMALL_MAX: usize = 100_000;
const PEOPLE: [&str; 3] = ["ann@contoso.com", "ben@contoso.com", "eve@contoso.com"];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match args[..] {
        ["--serve", blobs] => runtime.block_on(serve(blobs.parse().unwrap())),
        ["--listing", ms] => runtime.block_on(list(Duration::from_millis(ms.parse().unwrap()))),
        ["--ledger", items] => runtime.block_on(keep(items.parse().unwrap())),
        [] => ["6000", "1000000"].iter().for_each(|blobs| runtime.block_on(compare(blobs))),
        _ => args.iter().for_each(|blobs| runtime.block_on(compare(blobs))),
    }
}

/// The server: says its URL; a line `changes` writes some blobs anew, and each line is answered by
/// how much was asked of it.
async fn serve(blobs: usize) {
    let server = Arc::new(BlobServer::start(Policy::default()).await);
    let bytes = if blobs > SMALL_MAX { tiny } else { small };
    server.generate_container(CONTAINER, Generated { count: blobs, name, bytes });
    println!("{}", server.blob(CONTAINER).url);
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            if line.unwrap() == "changes" {
                for n in (0..blobs).step_by(CHANGED_EVERY) {
                    server.put(CONTAINER, &name(n), format!("{}\n", document(n, 1)).as_bytes());
                }
            }
            println!("{}", server.requests());
        }
    });
    std::future::pending::<()>().await;
}

fn name(n: usize) -> String {
    format!("ExperimentRun/dcid.run{n:08}/user_logs/std_log.txt")
}

/// About 2 KiB.
fn small(n: usize) -> Vec<u8> {
    document(n, 45).into_bytes()
}

fn tiny(n: usize) -> Vec<u8> {
    document(n, 1).into_bytes()
}

/// What a run wrote.
fn document(n: usize, lines: usize) -> String {
    let who = match n % HITS_EVERY {
        rest @ 7..=9 => PEOPLE[rest - 7].to_owned(),
        _ => format!("user{n}@contoso.com"),
    };
    let line = |k: usize| format!("step {k}: loss {:.4} of {n}", 1.0 / (k + 1) as f64);
    format!("started by {who}\n{}", (0..lines).map(line).collect::<Vec<_>>().join("\n"))
}

async fn list(latency: Duration) {
    let server = BlobServer::start(Policy::default()).await;
    server.generate_container(CONTAINER, Generated { count: MANY, name, bytes: tiny });
    server.slow_down(latency);
    let daemon = Daemon::open(server.blob(CONTAINER).url.as_str()).await;
    for how in ["in sequence", "at several places"] {
        let (begun, mut items) = (Instant::now(), 0);
        let limits = layers::read(None, []).unwrap().limits;
        let asking = Walk::new(&[], &limits, Patience::Left).asking();
        let landmarks = Some(Arc::clone(&daemon.landmarks));
        let by = Shown { asking, catalogue: None, landmarks };
        let mut met = pin!(listing(Arc::clone(&daemon.source), by, None));
        while let Some(met) = met.next().await {
            items += u64::from(matches!(met.unwrap(), Met::Item(_)));
        }
        println!("  {items} blobs {how}: {:.1} s", begun.elapsed().as_secs_f64());
    }
}

/// One person after the other.
async fn compare(blobs: &str) {
    let mut server = Served::start(blobs);
    let daemon = Daemon::open(&server.url).await;
    println!("{blobs} blobs:");
    let steps = [
        ("the first person", PEOPLE[0], ""),
        ("the next", PEOPLE[1], ""),
        ("one more, 1 % changed", PEOPLE[2], "changes"),
    ];
    for (step, person, before) in steps {
        let asked = server.say(before);
        let (cpu, begun) = (cpu_seconds(), Instant::now());
        let (hits, read, known) = daemon.look_for(person).await;
        println!(
            "  {step:<24}{:>8.2} s of CPU {:>8.1} s {:>9} requests {read:>9} read {known:>9} known \
             {hits:>6} hits {:>6} MB of memory",
            cpu_seconds() - cpu,
            begun.elapsed().as_secs_f64(),
            server.say("") - asked,
            peak_mb(),
        );
    }
}

/// What the daemon is made of, as far as it walks.
struct Daemon {
    account: Account,
    source: Arc<dyn Source>,
    lease: Lease,
    landmarks: Arc<Landmarks>,
    _folder: TempDir,
}

impl Daemon {
    async fn open(url: &str) -> Self {
        let key = Secret::new("a2V5".to_owned());
        let credential = Credential::AccountKey { account: ACCOUNT.to_owned(), key };
        let blob = Blob { url: url.parse().unwrap(), credential };
        let (account, folder) = account().await;
        let lease = account.ledger.claim("bench", 86_400_000).await.unwrap().unwrap();
        let source = Arc::new(BlobSource::open("azureml", &blob).unwrap());
        Self { account, source, lease, landmarks: Arc::default(), _folder: folder }
    }

    /// Walks for a person; hits, items read and items known.
    async fn look_for(&self, person: &str) -> (u64, u64, u64) {
        let value = person.to_owned();
        let identity = Identity::new(IdentityType::Email, IdentityFormat::Raw, value);
        let subject = Subject { identities: vec![identity] };
        let limits = layers::read(None, []).unwrap().limits;
        let mut walk = Walk::new(&[&subject], &limits, Patience::Left);
        let (sought, age) = ((&[&subject][..], Vec::new()), SignedDuration::from_hours(720));
        let source = self.source.as_ref();
        let known = Catalogue::new(&self.account, source, Part::WHOLE, sought, &walk.limits, age);
        let known = Arc::new(known);
        walk.catalogue = Some(Arc::clone(&known));
        walk.landmarks = Some(Arc::clone(&self.landmarks));
        let (meter, mut hits) = (Arc::clone(&walk.meter), 0);
        let mut steps = pin!(walk_source(Arc::clone(&self.source), walk, None));
        while let Some(step) = steps.next().await {
            match step.unwrap() {
                Step::Look(look) => hits += u64::from(!look.hits.is_empty()),
                Step::Page(_) => known.flush(&self.lease).await.unwrap(),
            }
        }
        known.flush(&self.lease).await.unwrap();
        known.weed(&self.lease).await.unwrap();
        (hits, meter.items() - meter.known(), meter.known())
    }
}

async fn account() -> (Account, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = SqlLedger::url_of(&folder.path().join("ledger.db"));
    let ledger = Arc::new(SqlLedger::open(&url).await.unwrap());
    let keys = Keys::new(&"5a".repeat(32), Arc::new(SystemEntropy)).unwrap();
    let envelope =
        Envelope { source: "urn:dsrd:bench".to_owned(), controller_id: "bench".to_owned() };
    let account = Account::new(ledger, Arc::new(SystemClock), keys, envelope);
    account.assert_key().await.unwrap();
    (account, folder)
}

/// The ledger's side alone.
async fn keep(items: u64) {
    const OF_LEAF: u64 = 64;
    const OF_PAGE: u64 = 78;
    let (account, folder) = account().await;
    let lease = account.ledger.claim("bench", 86_400_000).await.unwrap().unwrap();
    let shelf = Shelf { source: "azureml".to_owned(), part: Part::WHOLE };
    let leaf = |id: u64| Leaf {
        id: id.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        terms: "5a".repeat(32),
        // 24 bytes, and ten bits a word.
        entries: vec![0x5a; (OF_LEAF * (24 + 125)) as usize],
        items: OF_LEAF,
        open: 1,
        oldest: Timestamp::UNIX_EPOCH,
    };
    let leaves: Vec<u64> = (0..items.div_ceil(OF_LEAF)).collect();
    let (cpu, begun) = (cpu_seconds(), Instant::now());
    for page in leaves.chunks(OF_PAGE as usize) {
        let page: Vec<Leaf> = page.iter().map(|id| leaf(*id)).collect();
        account.ledger.keep_leaves(&lease, &shelf, &page).await.unwrap();
    }
    let (kept_cpu, kept) = (cpu_seconds() - cpu, begun.elapsed());
    let (cpu, begun) = (cpu_seconds(), Instant::now());
    for page in leaves.chunks(OF_PAGE as usize) {
        let ids: Vec<u64> = page.iter().map(|id| leaf(*id).id).collect();
        assert_eq!(account.ledger.leaves(&shelf, &ids).await.unwrap().len(), ids.len());
    }
    let file = folder.path().join("ledger.db").metadata().unwrap().len();
    println!(
        "{items} items in the ledger: {} MB; kept in {kept_cpu:.1} s of CPU ({:.1} s), recalled in \
         {:.1} s of CPU ({:.1} s); {} MB of memory",
        file >> 20,
        kept.as_secs_f64(),
        cpu_seconds() - cpu,
        begun.elapsed().as_secs_f64(),
        peak_mb(),
    );
}

/// User and system time of this process, by `proc(5)`; a tick is 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u64>().unwrap();
    (ticks(11) + ticks(12)) as f64 / 100.0
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

struct Served {
    child: Child,
    says: ChildStdin,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Served {
    fn start(blobs: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--serve", blobs])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let url = line(&mut answers);
        Self { child, says, answers, url }
    }

    /// Says it, and hears how much was asked by then.
    fn say(&mut self, what: &str) -> u64 {
        writeln!(self.says, "{what}").unwrap();
        line(&mut self.answers).parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn line(answers: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}
