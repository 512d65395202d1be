//! Archives as a person meets them: opened by Info-ZIP, Python and 7-Zip, read back by us, tampered
//! with.

use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;

use dsrd::archive::about::About;
use dsrd::archive::check::{Checked, check};
use dsrd::archive::manifest::{Masked, MaskedKind};
use dsrd::archive::writer::{ArchiveError, ArchiveWriter, Finished};
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::{Finding, Hit, Item, Version};
use dsrd::domain::request::{Asked, Controller, RequestId, RequestKind};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

pub fn finding(name: &str, size: u64) -> Finding {
    let item = Item {
        etag: "\"0x8DC\"".into(),
        size,
        modified: Some("2026-11-01T08:00:00Z".parse().unwrap()),
        content_type: Some("text/plain".into()),
        metadata: [("owner".to_owned(), "ann".to_owned())].into(),
        ..Item::bare("run-history", name, Version::Current)
    };
    Finding {
        item,
        hits: vec![Hit { identity: 0, view: "text".into(), place: "line 3".into() }],
        digest: None,
        others: false,
    }
}

pub fn about() -> About {
    let (kind, format) = (IdentityType::Email, IdentityFormat::Raw);
    let ann = Identity::new(kind, format, "ann@contoso.com".into());
    About {
        request: RequestId::new("a7551968").unwrap(),
        kind: RequestKind::Access,
        regulation: "gdpr".into(),
        submitted: "2026-11-23T09:00:00Z".parse().unwrap(),
        searched: Some(("2026-11-24T08:01:02Z", "2026-11-24T23:59:59Z"))
            .map(|(began, ended)| (began.parse().unwrap(), ended.parse().unwrap())),
        language: Some("ja-JP".into()),
        asked: Asked::Person(Subject { identities: vec![ann] }),
        controller: Controller { name: Some("Contoso Ltd".into()), contact: None },
        program: "dsrd 0.1.0".into(),
        items_seen: 10,
        coverage: Vec::new(),
        manual_steps: Vec::new(),
    }
}

pub fn add(writer: &mut ArchiveWriter, name: &str, bytes: &[u8]) {
    writer.begin(&finding(name, bytes.len() as u64), &[]).unwrap();
    for piece in bytes.chunks(7) {
        writer.write(piece).unwrap();
    }
    writer.end().unwrap();
}

/// An archive of three whole files, one that broke off and one that could not be read.
pub fn sample() -> Vec<u8> {
    let mut writer = ArchiveWriter::new();
    let mut archive = Vec::new();
    add(&mut writer, "ExperimentRun/dcid.r1/logs/a.txt", b"ann was here\n");
    archive.extend(writer.take());
    add(&mut writer, "../山田/Ünï.csv", "name\n山田\n".repeat(1000).as_bytes());
    add(&mut writer, "empty", b"");
    let persons = Masked::new(MaskedKind::Person, 2);
    writer.begin(&finding("broken.bin", 100), std::slice::from_ref(&persons)).unwrap();
    writer.write(b"first half").unwrap();
    for masked in [persons, Masked::new(MaskedKind::Secret, 1), Masked::new(MaskedKind::Secret, 0)]
    {
        writer.add_masked(masked).unwrap();
    }
    writer.abandon("read: the source broke off").unwrap();
    writer.list_unreadable(&finding("locked", 5).item, "forbidden").unwrap();
    let Finished { tail, counts } = writer.finish(&about()).unwrap();
    archive.extend(tail);
    assert_eq!((counts.files, counts.incomplete, counts.unreadable), (4, 1, 2));
    archive
}

pub fn manifest(archive: &[u8]) -> Value {
    let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap()
}

fn run(program: &str, arguments: &[&str], archive: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(archive).output();
    let package = if program == "7z" { "p7zip-full" } else { program };
    let output =
        output.unwrap_or_else(|_| panic!("{program} is missing: apt-get install {package}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

pub fn on_disk(archive: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::with_suffix(".zip").unwrap();
    file.write_all(archive).unwrap();
    file
}

#[test]
fn others_can_open_it() {
    let file = on_disk(&sample());
    let tested = run("unzip", &["-t"], file.path());
    assert!(tested.contains("No errors detected"), "{tested}");
    let tested = run("7z", &["t", "-bd"], file.path());
    assert!(tested.contains("Everything is Ok") && !tested.contains("Warn"), "{tested}");
    let script = "import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
for i in z.infolist(): print(i.filename, i.date_time, oct(i.external_attr >> 16), i.file_size)";
    let listed = run("python3", &["-c", script], file.path());
    let expected = "\
data/run-history/ExperimentRun/dcid.r1/logs/a.txt (1980, 1, 1, 0, 0, 0) 0o100644 13
data/run-history/__/山田/Ünï.csv (1980, 1, 1, 0, 0, 0) 0o100644 12000
data/run-history/empty (1980, 1, 1, 0, 0, 0) 0o100644 0
data/run-history/broken.bin (1980, 1, 1, 0, 0, 0) 0o100644 10
files.csv";
    let (report, listed) = listed.split_once('\n').unwrap();
    assert!(report.starts_with("report.html") && listed.starts_with(expected), "{listed}");
    let names: Vec<&str> = listed.lines().map(|line| line.split(" (").next().unwrap()).collect();
    assert_eq!(names[4..], ["files.csv", "runs.csv", "manifest.json"]);
}

#[test]
fn the_manifest_maps_each_file_back() {
    let manifest = manifest(&sample());
    assert_eq!(
        manifest["files"][1],
        json!({
            "path": "data/run-history/__/山田/Ünï.csv",
            "source": "run-history",
            "item": "../山田/Ünï.csv",
            "version": {"form": "current"},
            "etag": "\"0x8DC\"",
            "last_modified": "2026-11-01T08:00:00Z",
            "sha256": "4d011055114e23a78c9a6ec8dd3d580910307b408b99bae9d7feff193fa6e182",
            "size": 12000,
            "content_type": "text/plain",
            "metadata": {"owner": "ann"},
            "places": [{"identity": 0, "view": "text", "place": "line 3"}],
            "legal_tag": "not_known",
            "masked": [],
            "complete": true,
        })
    );
    assert_eq!(manifest["files"][3]["complete"], false);
    assert_eq!(
        manifest["files"][3]["masked"],
        json!([
            {"what": "person", "count": 4, "why": "A copy must not adversely \
             affect the rights and freedoms of others."},
            {"what": "secret", "count": 1, "why": "It opens systems to whoever reads it, and \
             says nothing about the person."},
        ])
    );
    let current = json!({"form": "current"});
    assert_eq!(
        manifest["unreadable"],
        json!([
            {"source": "run-history", "item": "broken.bin", "version": current,
             "reason": "read: the source broke off"},
            {"source": "run-history", "item": "locked", "version": current, "reason": "forbidden"},
        ])
    );
    assert_eq!(
        manifest["request"],
        json!({"id": "a7551968", "type": "access", "regulation": "gdpr", "submitted_time": "2026-11-23T09:00:00Z",
               "language": "ja-JP"})
    );
    assert_eq!(manifest["controller"], json!({"name": "Contoso Ltd"}));
    assert_eq!(
        manifest["counts"],
        json!({"items_seen": 10, "files": 4, "bytes": 12023, "incomplete": 1, "masked": 1,
               "unreadable": 2, "unsearched": 0})
    );
}

#[test]
fn the_manifest_lists_the_report_and_the_tables() {
    let sample = sample();
    let manifest = manifest(&sample);
    let mut zip = ZipArchive::new(Cursor::new(&sample)).unwrap();
    let (report, tables) = (&manifest["report"], &manifest["tables"]);
    assert_eq!((&report["language"], &tables[0]["rows"]), (&json!("ja"), &json!(4)));
    for (path, listed) in
        [("report.html", report), ("files.csv", &tables[0]), ("runs.csv", &tables[1])]
    {
        let mut bytes = Vec::new();
        zip.by_name(path).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(listed["path"], path);
        assert_eq!(listed["size"], bytes.len());
        assert_eq!(listed["sha256"], hex::encode(Sha256::digest(&bytes)));
    }
}

#[test]
fn same_entries_same_bytes() {
    assert_eq!(sample(), sample());
}

#[test]
fn it_reads_back() {
    let Checked { request, program, counts } = check(Cursor::new(sample())).unwrap();
    assert_eq!((request.id.as_str(), program.as_str()), ("a7551968", "dsrd 0.1.0"));
    assert_eq!((counts.items_seen, counts.files, counts.bytes), (10, 4, 12_023));
}

#[test]
fn an_empty_archive_is_sound() {
    let finished = ArchiveWriter::new().finish(&about()).unwrap();
    let checked = check(Cursor::new(finished.tail.to_vec())).unwrap();
    assert_eq!(checked.counts.files, 0);
    assert_eq!(manifest(&finished.tail)["files"], json!([]));
}

/// Packs the sample anew after `change` has had each entry and the manifest in its hands.
fn tampered(change: impl Fn(&mut Vec<(String, Vec<u8>)>, &mut Value)) -> Vec<u8> {
    let sample = sample();
    let mut zip = ZipArchive::new(Cursor::new(&sample)).unwrap();
    let mut entries = Vec::new();
    for index in 0..zip.len() - 1 {
        let mut entry = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        entries.push((entry.name().unwrap().into_owned(), bytes));
    }
    // In the order in which they were written.
    entries.rotate_left(1);
    let mut listed = manifest(&sample);
    change(&mut entries, &mut listed);
    entries.push(("manifest.json".into(), listed.to_string().into_bytes()));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn fault(archive: Vec<u8>) -> String {
    let Err(fault) = check(Cursor::new(archive)) else { panic!("taken for sound") };
    dsrd::domain::failure::chain(&fault)
}

#[test]
fn tampering_is_found() {
    assert!(check(Cursor::new(tampered(|_, _| {}))).is_ok());
    for (what, archive) in [
        ("differs", tampered(|entries, _| entries[0].1[0] = b'A')),
        ("differs", tampered(|entries, _| entries[1].1.push(b'!'))),
        ("differs", tampered(|entries, _| entries[1].1.truncate(5))),
        ("cannot be read", tampered(|entries, _| drop(entries.remove(2)))),
        ("1 entries", tampered(|entries, _| entries.push(("data/more".into(), vec![])))),
        ("add up", tampered(|_, listed| listed["counts"]["bytes"] = json!(1))),
        ("add up", tampered(|_, listed| listed["unreadable"] = json!([]))),
        ("not of the form", tampered(|_, listed| listed["format"] = json!("other/1"))),
        ("not of the form", tampered(|_, listed| listed["files"][0]["more"] = json!(1))),
        ("not of the form", tampered(|_, listed| listed["files"][0]["sha256"] = json!("00"))),
        ("unsafe", tampered(|_, listed| listed["files"][1]["path"] = json!("data/../../x"))),
        ("unsafe", tampered(|_, listed| listed["files"][1]["path"] = json!("/data/x"))),
        ("before it", tampered(|_, listed| listed["files"][1] = listed["files"][0].clone())),
        ("files.csv is not", tampered(|entries, _| entries[4].1.push(b'!'))),
        ("runs.csv is not", tampered(|entries, _| entries[5].1[5] ^= 1)),
        ("report.html is not", tampered(|entries, _| entries[6].1.push(b' '))),
        ("report.html cannot", tampered(|entries, _| drop(entries.remove(6)))),
        ("as they are", tampered(|_, listed| listed["tables"] = json!([]))),
        ("as they are", tampered(|_, listed| listed["tables"][0]["rows"] = json!(3))),
        ("as they are", tampered(|_, listed| listed["report"]["path"] = json!("data/a"))),
        ("as they are", tampered(|_, listed| listed["report"]["sha256"] = json!("00"))),
        ("not of the form", tampered(|_, listed| drop(listed["report"].take()))),
        ("add up", tampered(|_, listed| listed["files"][3]["masked"] = json!([]))),
    ] {
        let found = fault(archive);
        assert!(found.contains(what), "{what}: {found}");
        assert!(!found.contains("山田") && !found.contains("a.txt"), "names an item: {found}");
    }
}

#[test]
fn a_second_entry_of_the_same_name_is_found() {
    let archive = tampered(|entries, _| entries.push(("data/run-history/emptx".into(), vec![])));
    let mut twice = archive.clone();
    while let Some(place) = twice.windows(5).position(|five| five == b"emptx") {
        twice[place..place + 5].copy_from_slice(b"empty");
    }
    assert!(fault(twice).contains("1 entries"));
}

#[test]
fn a_flipped_bit_or_a_cut_is_found() {
    let sample = sample();
    let directory = sample.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    for place in (0..directory).step_by(41) {
        let mut flipped = sample.clone();
        flipped[place] ^= 0x10;
        // Local headers repeat what the directory says; readers go by the directory.
        if let Ok(checked) = check(Cursor::new(flipped)) {
            assert_eq!(checked.counts.files, 4, "byte {place}");
        }
    }
    for kept in [0, 10, sample.len() / 2, sample.len() - 1] {
        assert!(check(Cursor::new(sample[..kept].to_vec())).is_err(), "{kept} bytes");
    }
}

#[test]
fn entries_are_begun_and_ended_in_turn() {
    let mut writer = ArchiveWriter::new();
    assert!(matches!(writer.end(), Err(ArchiveError::NoEntry)));
    assert!(matches!(writer.write(b"x"), Err(ArchiveError::NoEntry)));
    let masked = Masked::new(MaskedKind::Secret, 1);
    assert!(matches!(writer.add_masked(masked), Err(ArchiveError::NoEntry)));
    writer.begin(&finding("a", 1), &[]).unwrap();
    assert!(matches!(writer.begin(&finding("b", 1), &[]), Err(ArchiveError::EntryOpen)));
    assert!(matches!(writer.finish(&about()), Err(ArchiveError::EntryOpen)));
}

#[test]
fn more_than_four_gigabytes_pass_through_little_memory() {
    const PIECE: usize = 8 << 20;
    let size = (4 << 30) + (64 << 20);
    let piece = vec![b'x'; PIECE];
    let mut file = tempfile::NamedTempFile::with_suffix(".zip").unwrap();
    let mut writer = ArchiveWriter::new();
    // What a listing says of a size is not relied on.
    writer.begin(&finding("large.log", 1), &[]).unwrap();
    for _ in 0..size as usize / PIECE {
        writer.write(&piece).unwrap();
        assert!(writer.ready_bytes() < PIECE, "packed bytes pile up");
        file.write_all(&writer.take()).unwrap();
    }
    writer.end().unwrap();
    add(&mut writer, "after.txt", b"what comes after four gigabytes");
    file.write_all(&writer.finish(&about()).unwrap().tail).unwrap();
    let tested = run("unzip", &["-t"], file.path());
    assert!(tested.contains("No errors detected"), "{tested}");
    let script = "import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
large = z.getinfo('data/run-history/large.log').file_size
print(z.namelist()[0], large, z.read('data/run-history/after.txt').decode())";
    let tested = run("7z", &["t", "-bd"], file.path());
    assert!(tested.contains("Everything is Ok"), "{tested}");
    let read = run("python3", &["-c", script], file.path());
    assert_eq!(read, format!("report.html {size} what comes after four gigabytes\n"));
    assert_eq!(check(file.reopen().unwrap()).unwrap().counts.bytes, size + 31);
}

#[test]
fn more_entries_than_sixteen_bits_can_count() {
    let mut writer = ArchiveWriter::new();
    for index in 0..65_600 {
        writer.begin(&finding(&index.to_string(), 0), &[]).unwrap();
        writer.end().unwrap();
    }
    let file = on_disk(&writer.finish(&about()).unwrap().tail);
    assert_eq!(check(file.reopen().unwrap()).unwrap().counts.files, 65_600);
    let script = "import sys, zipfile
names = zipfile.ZipFile(sys.argv[1]).namelist()
print(len(names), names[0])";
    assert_eq!(run("python3", &["-c", script], file.path()), "65604 report.html\n");
}

#[test]
fn hostile_names_unpack_to_as_many_files_in_the_folder() {
    let names =
        ["a", "A", "a/b", "A/B", "../x", "x/../y", "con", "nul.txt", "caf\u{e9}", "cafe\u{301}"];
    let mut writer = ArchiveWriter::new();
    for name in names {
        add(&mut writer, name, name.as_bytes());
    }
    let file = on_disk(&writer.finish(&about()).unwrap().tail);
    let folder = tempfile::tempdir().unwrap();
    let script = "import sys, zipfile, pathlib, unicodedata
folder = pathlib.Path(sys.argv[1])
zipfile.ZipFile(sys.argv[2]).extractall(folder)
files = [str(p.relative_to(folder)) for p in folder.rglob('*') if p.is_file()]
print(len({unicodedata.normalize('NFKC', f).casefold() for f in files}))";
    let folder = folder.path().to_str().unwrap();
    assert_eq!(run("python3", &["-c", script, folder], file.path()), "14\n");
}

#[test]
fn an_entry_is_whole_whatever_its_size_was_said_to_be() {
    const EDGE: usize = 4 << 20;
    let mut writer = ArchiveWriter::new();
    let mut archive = Vec::new();
    for size in [0, 1, EDGE - 1, EDGE, EDGE + 1, 2 * EDGE] {
        writer.begin(&finding(&format!("{size}"), 7), &[]).unwrap();
        for piece in vec![b'x'; size].chunks(1 << 20) {
            writer.write(piece).unwrap();
        }
        writer.end().unwrap();
        archive.extend(writer.take());
    }
    archive.extend(writer.finish(&about()).unwrap().tail);
    let file = on_disk(&archive);
    assert_eq!(check(file.reopen().unwrap()).unwrap().counts.files, 6);
    for (program, arguments) in [("unzip", ["-tq"]), ("7z", ["t"])] {
        run(program, &arguments, file.path());
    }
}

mod anything {
    //! Whatever items are called and whatever becomes of them: each is in the archive, or listed.

    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum End {
        Whole,
        BrokenOff,
        Listed,
    }

    /// Names made of what file systems, zips and our own files make something of.
    fn name() -> impl Strategy<Value = String> {
        let pieces = vec![
            "",
            ".",
            "..",
            "/",
            "//",
            "\\",
            "a",
            "A",
            "ß",
            "SS",
            "ss",
            "e\u{301}",
            "é",
            "É",
            "ﬁ",
            "fi",
            "CON",
            "con.txt",
            "nul",
            "LPT1",
            "manifest.json",
            "Manifest.JSON",
            "report.html",
            "files.csv",
            "runs.csv",
            "data",
            "data/",
            "run-history",
            "~",
            "_",
            "__",
            " ",
            "name. ",
            "C:",
            "?",
            "*",
            "\0",
            "\n",
            "\u{202e}",
            "\u{200b}",
            "山田",
            "😀",
            ".zip",
            "long-",
            "\"",
        ];
        let piece = prop_oneof![
            12 => proptest::sample::select(pieces).prop_map(str::to_owned),
            1 => (1usize..1100).prop_map(|length| "x".repeat(length)),
            1 => (1usize..400).prop_map(|depth| "d/".repeat(depth)),
            1 => proptest::char::any().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    fn version() -> impl Strategy<Value = Version> {
        prop_oneof![
            5 => Just(Version::Current),
            1 => name().prop_map(Version::Snapshot),
            1 => name().prop_map(Version::Previous),
        ]
    }

    fn folded(path: &str) -> String {
        path.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

        #[test]
        fn each_item_is_in_it_or_listed(
            items in proptest::collection::vec(
                ((name(), version()), proptest::sample::select(vec![End::Whole, End::BrokenOff, End::Listed])),
                0..24,
            )
        ) {
            let items: BTreeMap<(String, Version), End> = items.into_iter().collect();
            let mut writer = ArchiveWriter::new();
            for ((name, version), end) in &items {
                let mut finding = finding(name, 3);
                finding.item.version = version.clone();
                if *end == End::Listed {
                    writer.list_unreadable(&finding.item, "forbidden").unwrap();
                    continue;
                }
                writer.begin(&finding, &[]).unwrap();
                writer.write(b"ann").unwrap();
                match end {
                    End::Whole => writer.end().unwrap(),
                    _ => writer.abandon("broken off").unwrap(),
                }
            }
            let archive = writer.finish(&about()).unwrap().tail;
            check(Cursor::new(&archive)).map_err(|fault| TestCaseError::fail(fault.to_string()))?;

            let manifest = manifest(&archive);
            let told = |list: &str, is: fn(&Value) -> bool| -> Vec<(String, Version)> {
                let lines = manifest[list].as_array().unwrap().iter().filter(|line| is(line));
                let mut told: Vec<_> = lines
                    .map(|line| {
                        let version = serde_json::from_value(line["version"].clone()).unwrap();
                        (line["item"].as_str().unwrap().to_owned(), version)
                    })
                    .collect();
                told.sort();
                told
            };
            let ended = |ends: &[End]| -> Vec<(String, Version)> {
                let ended = items.iter().filter(|(_, end)| ends.contains(end));
                ended.map(|(item, _)| item.clone()).collect()
            };
            prop_assert_eq!(told("files", |file| file["complete"] == true), ended(&[End::Whole]));
            prop_assert_eq!(told("files", |file| file["complete"] == false), ended(&[End::BrokenOff]));
            prop_assert_eq!(told("unreadable", |_| true), ended(&[End::BrokenOff, End::Listed]));

            let zip = ZipArchive::new(Cursor::new(&archive)).unwrap();
            let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
            prop_assert_eq!(&names[0], "report.html");
            let different: BTreeSet<String> = names.iter().map(|name| folded(name)).collect();
            prop_assert_eq!(different.len(), names.len());
            for name in &different {
                let folder = format!("{name}/");
                prop_assert!(!different.iter().any(|other| other.starts_with(&folder)), "{}", name);
            }
            let listed = manifest["files"].as_array().unwrap().len();
            prop_assert_eq!(names.iter().filter(|name| name.starts_with("data/")).count(), listed);
        }
    }
}
