//! Memory stays below 150 MB whatever an item decodes to, and however it is looked at: each item is
//! looked at by a process of its own, which tells the most memory that it had.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;

use dsrd::domain::item::Item;
use dsrd::matching::explain::explain;
use dsrd::matching::limits::{ItemLimits, PeopleLimits};
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::census::census;
use dsrd::matching::people::crowd::Crowd;
use dsrd::matching::redact::looks::{Erasing, Masking};
use dsrd::matching::redact::rewriting::{purity, redact_named};
use dsrd::matching::scan::scan;

use crate::matching::{ann, item};
use crate::support::sample::is_everything_tried;

/// A way of looking at an item: what it comes to.
type Way = (&'static str, fn(&Path) -> String);

const WAYS: [Way; 5] = [
    ("find", |path| {
        let matcher = Matcher::new(&[&ann()]);
        let scan = scan(&named(path), &mut open(path), &matcher, &wide()).unwrap();
        format!("{} {:?}", scan.hits.len(), scan.unreadable)
    }),
    ("explain", |path| {
        let open = || Ok(Box::new(open(path)) as Box<dyn Read>);
        let told = explain(&named(path), &open, &ann(), &wide()).unwrap();
        format!("{} {:?}", told.hits.len(), told.unreadable)
    }),
    ("erase", |path| {
        let matcher = Matcher::new(&[&ann()]);
        let mut look = Erasing(&matcher);
        let name = named(path).name;
        let done = redact_named(&mut look, &name, &mut open(path), &mut io::sink(), &wide());
        done.map_or_else(|error| error.to_string(), |done| format!("{}", done.places()))
    }),
    ("census", |path| {
        let people = PeopleLimits::default();
        let census = census(&named(path), &mut open(path), &wide(), &people).unwrap();
        format!("{} {}", census.groups.len(), census.overflowed)
    }),
    ("mask", |path| {
        let mut crowd = Crowd::new(&ann(), &PeopleLimits::default());
        let kofi = b"{\"upn\": \"kofi@contoso.com\", \"name\": \"Kofi Brandt\"}";
        let (people, limits) = (PeopleLimits::default(), wide());
        crowd.add(&census(&item("x"), &mut kofi.as_slice(), &limits, &people).unwrap());
        let mask = crowd.mask().unwrap();
        let name = named(path).name;
        let mut look = Masking::of(&mask);
        let done = redact_named(&mut look, &name, &mut open(path), &mut io::sink(), &limits);
        let done = done.map_or_else(|error| error.to_string(), |_| "done".to_owned());
        let pure = purity(&mut Masking::of(&mask), &name, &mut open(path), &limits).unwrap();
        format!("{done} {pure:?}")
    }),
];

fn named(path: &Path) -> Item {
    item(&path.file_name().unwrap().to_string_lossy())
}

fn open(path: &Path) -> File {
    File::open(path).unwrap()
}

/// So wide that nothing else ends the work.
fn wide() -> ItemLimits {
    ItemLimits { decoded_ratio_max: u64::MAX, ..ItemLimits::default() }
}

/// The most memory that this process had, in megabytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

/// What an item decodes to, in bytes: more than it may take in memory.
const DECODED_BYTES: usize = 152 << 20;

/// The most memory that a process may have had, in megabytes.
const PEAK_MB_MAX: u64 = 150;

/// Something that repeats, before whatever ends it.
type Content = (&'static str, &'static [u8], &'static [u8]);

const CONTENTS: [Content; 14] = [
    (
        "lines",
        b"2026-11-01 step 12 loss 0.5 by nobody, of the usual kind\n",
        b"by ann@contoso.com\n",
    ),
    ("one line", b"abc def ", b" ann@contoso.com"),
    ("one word", b"a", b" ann@contoso.com"),
    ("zeros", b"\0", b"ann@contoso.com"),
    ("a line of JSON", b"{\"k\":\"v\",\"n\":12.5},", b"{\"mail\":\"ann@contoso.com\"}]"),
    ("a string of JSON", b"step\\n\\u00e8 of ", b" ann@contoso.com\""),
    ("JSON in JSON", b"[", b"\"ann@contoso.com\""),
    ("lines of JSON", b"{\"user\":\"kofi\"}\n", b"{\"mail\":\"ann@contoso.com\"}\n"),
    ("UTF-16", b"o\0f\0 \0t\0h\0e\0\n\0", b"a\0n\0n\0@\0c\0o\0n\0t\0o\0s\0o\0.\0c\0o\0m\0"),
    ("Latin-1", b"caf\xe9 der Gr\xfc\xdfe und so weiter\n", b"by ann@contoso.com\n"),
    ("base64", b"b2YgdGhlIHVzdWFsIGtpbmQg", b"YW5uQGNvbnRvc28uY29t"),
    ("a cell", b"Kofi, or so\n", b"ann@contoso.com\",x\n"),
    ("markup", b"<tr><td>kofi</td><td>12</td></tr>", b"<tr><td>ann@contoso.com</td></tr>"),
    ("four bytes a character", b"o\0\0\0f\0\0\0\0\0\0\0", b"a\0\0\0n\0\0\0n\0\0\0"),
];

/// Packs what is written into a file.
type Packing = fn(File, Content);

/// What it is packed in; small, since it repeats.
const PACKINGS: [(&str, Packing); 6] = [
    ("x", |file, content| fill(BufWriter::new(file), content)),
    ("x.gz", |file, content| {
        fill(flate2::write::GzEncoder::new(file, flate2::Compression::fast()), content);
    }),
    ("x.bz2", |file, content| {
        fill(bzip2::write::BzEncoder::new(file, bzip2::Compression::fast()), content)
    }),
    ("x.xz", |file, content| fill(liblzma::write::XzEncoder::new(file, 1), content)),
    ("x.zst", |file, content| {
        fill(zstd::stream::write::Encoder::new(file, 1).unwrap().auto_finish(), content);
    }),
    ("x.zip", |file, content| {
        let mut zip = zip::ZipWriter::new(file);
        zip.start_file("x", zip::write::SimpleFileOptions::default()).unwrap();
        fill(&mut zip, content);
        zip.finish().unwrap();
    }),
];

fn fill(mut out: impl Write, (_, part, end): Content) {
    let some = part.repeat((64 << 10) / part.len());
    for _ in 0..DECODED_BYTES / some.len() + 1 {
        out.write_all(&some).unwrap();
    }
    out.write_all(end).unwrap();
    out.flush().unwrap();
}

/// The variable by which a process is told how to look at which file.
const OF: &str = "DSRD_MEMORY_OF";

/// Each content in each packing in each way; without the variable for everything, the first.
#[test]
#[expect(clippy::disallowed_methods, reason = "of the test, not of the program")]
fn no_item_takes_much() {
    if let Ok(of) = std::env::var(OF) {
        let (way, path) = of.split_once(' ').unwrap();
        let (_, look) = WAYS.iter().find(|(name, _)| *name == way).unwrap();
        let came = look(Path::new(path));
        assert!(peak() < PEAK_MB_MAX, "{} MB for {came}", peak());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let all = is_everything_tried();
    let (contents, packings) =
        if all { (&CONTENTS[..], &PACKINGS[..]) } else { (&CONTENTS[..1], &PACKINGS[1..2]) };
    let mut faults = Vec::new();
    for (content, (name, pack)) in
        contents.iter().flat_map(|one| packings.iter().map(move |two| (one, two)))
    {
        let path = folder.path().join(name);
        pack(File::create(&path).unwrap(), *content);
        for (way, _) in if all { &WAYS[..] } else { &WAYS[..1] } {
            let of = format!("{way} {}", path.display());
            let mut looking = Command::new(std::env::current_exe().unwrap());
            looking.args(["memory::no_item_takes_much", "--exact", "--nocapture"]).env(OF, &of);
            let looked = looking.output().unwrap();
            if !looked.status.success() {
                let told = String::from_utf8_lossy(&looked.stderr).into_owned();
                faults.push(format!("{way} {} {name}: {told}", content.0));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
