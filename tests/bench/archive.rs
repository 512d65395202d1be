//! What it takes to write archives that are large in each way: one item of 20 GB, then 200,000
//! items. Prints the time, the size and the most memory that the process had until then.

#![expect(clippy::print_stdout, reason = "figures for a person to read")]
#![expect(clippy::unwrap_used, reason = "a bench that unwraps in vain has failed")]

use std::time::Instant;

use dsrd::archive::about::About;
use dsrd::archive::manifest::{Masked, MaskedKind};
use dsrd::archive::writer::ArchiveWriter;
use dsrd::domain::asked::subject::Subject;
use dsrd::domain::item::{Finding, Hit, Item, Version};
use dsrd::domain::request::{Asked, Controller, RequestId, RequestKind};

const PIECE: usize = 1 << 20;
const LARGE_BYTES: u64 = 20_000_000_000;
const MANY: usize = 200_000;

fn main() {
    measured("one item of 20 GB", |writer, sent| {
        let lines =
            (0..PIECE / 64).map(|n| format!("2024-04-05 INFO step {n:>9} loss 0.{n:0>30}\n"));
        let mut piece: Vec<u8> = lines.collect::<String>().into_bytes();
        piece.resize(PIECE, b'x');
        // Its listing says that it is small.
        writer.begin(&finding(0), &[]).unwrap();
        for _ in 0..LARGE_BYTES / PIECE as u64 {
            writer.write(&piece).unwrap();
            *sent += writer.take().len() as u64;
        }
        writer.end().unwrap();
    });
    measured("200,000 items", |writer, sent| {
        for index in 0..MANY {
            let masked = [Masked::new(MaskedKind::Person, 2)];
            writer.begin(&finding(index), &masked[..usize::from(index % 3 == 0)]).unwrap();
            let run =
                format!("{{\"runId\":\"run{index}\",\"startTimeUtc\":\"2024-01-01T00:00:00Z\"}}");
            writer.write(run.as_bytes()).unwrap();
            writer.end().unwrap();
            *sent += writer.take().len() as u64;
        }
    });
}

fn measured(what: &str, fill: impl FnOnce(&mut ArchiveWriter, &mut u64)) {
    let begun = Instant::now();
    let (mut writer, mut sent) = (ArchiveWriter::new(), 0);
    fill(&mut writer, &mut sent);
    let finished = writer.finish(&about()).unwrap();
    sent += finished.tail.len() as u64;
    println!(
        "{what}: {:.1} s, {} files of {} bytes, {sent} bytes packed, {} of them last; peak {}",
        begun.elapsed().as_secs_f64(),
        finished.counts.files,
        finished.counts.bytes,
        finished.tail.len(),
        peak()
    );
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap_or("unknown").trim().to_owned()
}

fn finding(index: usize) -> Finding {
    let hash = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let name = format!("ExperimentRun/dcid.churn-train_{hash:016x}/outputs/part-{index:06}.json");
    let item = Item {
        etag: format!("\"0x{hash:016X}\""),
        size: 100,
        modified: "2026-11-01T08:00:00Z".parse().ok(),
        content_type: Some("application/json".into()),
        ..Item::bare("run-history", &name, Version::Current)
    };
    let hit = |place: &str| Hit { identity: 0, view: "json".into(), place: place.into() };
    let hits = vec![hit("/createdBy/upn"), hit("/runId")];
    Finding { item, hits, digest: None, others: false }
}

fn about() -> About {
    About {
        request: RequestId::new("bench").unwrap(),
        kind: RequestKind::Access,
        regulation: "gdpr".into(),
        submitted: "2026-11-23T09:00:00Z".parse().unwrap(),
        searched: None,
        language: None,
        asked: Asked::Person(Subject { identities: Vec::new() }),
        controller: Controller::default(),
        program: "dsrd".into(),
        items_seen: MANY as u64,
        coverage: Vec::new(),
        manual_steps: Vec::new(),
    }
}
