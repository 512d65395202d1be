//! The report as the person meets it: unpacked, opened in a browser, printed; valid, accessible, in
//! four languages, and with names in it that would rather be programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dsrd::archive::about::About;
use dsrd::archive::manifest::{ManualStep, Masked, MaskedKind};
use dsrd::archive::writer::ArchiveWriter;
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::coverage::covered::{Covered, WITHHELD};
use dsrd::domain::coverage::place::{Looked, PlaceSort};
use dsrd::domain::item::Hit;
use dsrd::domain::request::{Asked, Controller, RequestKind};
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::archive::{about, add, finding, manifest, on_disk};
use crate::support::chromium;
use crate::support::contract::{MANIFEST, faults};

const LANGUAGES: [&str; 4] = ["en", "de", "fr", "ja"];

/// Names that try to be markup, script, formula, another name or nothing at all.
const HOSTILE: [&str; 10] = [
    "</script><script>attacked = true</script>",
    "<img src=x onerror=attacked=true>.csv",
    "\" onmouseover=\"attacked=true\" x=\"",
    "javascript:attacked=true",
    "photo\u{202e}gpj.exe",
    "nul\u{0}\u{7f}\u{85}\u{fffe}.txt",
    "=HYPERLINK(\"https://evil.example\")",
    "100% #1?.txt",
    "🧑\u{200d}🔬 山田/Ünï & <b>.csv",
    "a\r\nb\tc",
];

#[test]
fn it_is_fit_for_everybody_in_every_language() {
    for language in LANGUAGES {
        let folder = unpacked(&full(language, RequestKind::Access));
        let seen = seen(folder.path(), 1200);
        assert_eq!(seen["violations"], json!([]), "{language}");
        assert_eq!(seen["overflow"], 0, "{language} is wider than the window");
        assert_eq!(seen["colliding"], 0, "{language}: texts of the picture lie on each other");
        assert_eq!(seen["language"], language);
        assert_eq!(seen["headings"][0], "H1");
        assert!(seen["marks"].as_u64().unwrap() > 5, "{language}: {}", seen["marks"]);
    }
    // As on a telephone: nothing is to be moved sideways.
    for language in LANGUAGES {
        let folder = unpacked(&full(language, RequestKind::Access));
        let seen = seen(folder.path(), 500);
        assert_eq!((&seen["overflow"], &seen["wider"]), (&json!(0), &json!(0)), "{language}");
    }
}

#[test]
fn it_is_valid_html() {
    let folder = tempfile::tempdir().unwrap();
    let mut pages = Vec::new();
    for language in LANGUAGES {
        pages.push((format!("{language}.html"), full(language, RequestKind::Portability)));
    }
    pages.push(("empty.html".into(), ArchiveWriter::new().finish(&about()).unwrap().tail.to_vec()));
    for (name, archive) in &pages {
        fs::write(folder.path().join(name), entry(archive, "report.html")).unwrap();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let output = Command::new("node")
        .arg(root.join("it/foreign/html.cjs"))
        .arg(root.join("emulators/node_modules"))
        .args(pages.iter().map(|(name, _)| folder.path().join(name)))
        .output()
        .expect("node is missing: apt-get install nodejs");
    let faults = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{faults}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn hostile_names_stay_names() {
    let long = "long ".repeat(200);
    let mut writer = ArchiveWriter::new();
    for name in HOSTILE.into_iter().chain([long.as_str()]) {
        let mut finding = finding(name, 1);
        finding.hits = vec![Hit { identity: 0, view: name.into(), place: name.into() }];
        writer.begin(&finding, &[]).unwrap();
        let run = json!({"runId": name, "displayName": name, "experimentName": name,
                         "status": name, "startTimeUtc": "2026-01-01T00:00:00Z"});
        writer.write(run.to_string().as_bytes()).unwrap();
        writer.end().unwrap();
        writer.list_unreadable(&finding.item, &format!("forbidden: {name}")).unwrap();
    }
    let step = |url: &str| ManualStep {
        system: HOSTILE[0].into(),
        what: HOSTILE[1].into(),
        url: Some(url.into()),
        ..ManualStep::default()
    };
    let name = Identity::new(IdentityType::Name, IdentityFormat::Raw, HOSTILE[0].into());
    let about = About {
        asked: Asked::Person(Subject { identities: vec![name] }),
        controller: Controller {
            name: Some(HOSTILE[1].into()),
            contact: Some(format!("https://a.example/{}", HOSTILE[2].replace(' ', ""))),
        },
        coverage: HOSTILE
            .iter()
            .map(|name| Covered {
                at: Some((*name).into()),
                name: Some((*name).into()),
                source: Some((*name).into()),
                why: (*name).into(),
                ..places().remove(0)
            })
            .collect(),
        manual_steps: vec![step("https://a.example/\"'><x"), step("javascript:attacked=true")],
        ..about()
    };
    let archive = writer.finish(&about).unwrap().tail;
    let folder = unpacked(&archive);
    let seen = seen(folder.path(), 1200);
    for what in ["scripts", "loading", "handlers", "overflow"] {
        assert_eq!(seen[what], 0, "{what}");
    }
    assert_eq!(seen["attacked"], false);
    assert_eq!(seen["rows"], HOSTILE.len() + 1);
    let text = seen["text"].as_str().unwrap();
    for shown in
        [HOSTILE[0], HOSTILE[1], "photo\u{fffd}gpj.exe", "100% #1?.txt", "🧑\u{200d}🔬 山田"]
    {
        assert!(text.contains(shown), "{shown} is not shown");
    }
    let here = format!("file://{}/", folder.path().display());
    let links = seen["links"].as_array().unwrap().iter().map(|link| link.as_str().unwrap());
    let outside: BTreeSet<&str> = links.filter(|link| !link.starts_with(&here)).collect();
    let host = |link: &&str| link.starts_with("https://a.example/");
    assert!(outside.iter().all(host), "{outside:?}");
}

#[test]
fn every_link_leads_to_a_file_of_the_archive() {
    let folder = unpacked(&full("en", RequestKind::Access));
    let seen = seen(folder.path(), 1200);
    let mut found = BTreeSet::new();
    for link in seen["links"].as_array().unwrap() {
        let link = url::Url::parse(link.as_str().unwrap()).unwrap();
        if link.scheme() == "file" && link.fragment().is_none() {
            let path = link.to_file_path().unwrap();
            assert!(path.is_file(), "{} is not there", path.display());
            found.insert(path);
        }
    }
    let files = manifest_of(folder.path())["files"].as_array().unwrap().len();
    assert_eq!(found.len(), files);
}

#[test]
fn it_tells_the_person_what_there_is() {
    let archive = full("de", RequestKind::Access);
    assert_eq!(faults(MANIFEST, &manifest(&archive)), [""; 0]);
    let seen = seen(unpacked(&archive).path(), 1200);
    let text = seen["text"].as_str().unwrap();
    for told in [
        "Kopie Ihrer personenbezogenen Daten",
        "E-Mail-Adresse: ann@contoso.com",
        "Name: Ann Lefèvre",
        "2026-11-23 09:00 UTC",
        "2026-11-24 08:01 – 2026-11-24 23:59 UTC",
        "Lauf: hanako-quiet-river · 2024-04-05 19:34",
        "Lauf: train-on-local",
        "Außerhalb von Läufen: run-history",
        "Contoso Ltd",
        "privacy@contoso.com",
        "churn-prediction",
        "hanako-quiet-river",
        "Feld createdBy › upn",
        "Andere Personen verdeckt: 3",
        "Schlüssel entfernt: 2",
        "die in diesem Format nicht verdeckt werden können",
        "Wo gesucht wurde, und wo nicht",
        "nein: diese Suche ist dafür nicht eingerichtet",
        "the-datastore (examplews01/azureml)",
        "(Name zurückgehalten)",
        "12 Orte",
        "Azure Privacy portal",
        "Objekt-ID des Benutzers: 6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        "Stunden oder Tage",
        "Artikel 77",
        "dsrd 0.1.0",
    ] {
        assert!(text.contains(told), "{told:?} is not told");
    }
}

#[test]
fn files_stand_under_the_run_that_they_belong_to() {
    let mut writer = ArchiveWriter::new();
    let mut of_run = |name: &str, run: Option<Value>| {
        add(&mut writer, name, run.unwrap_or_else(|| json!("ann")).to_string().as_bytes());
    };
    let dated = |id: &str, name: &str, day: &str| Some(run(id, name, "e", "Completed", [day, ""]));
    of_run("notes.txt", None);
    of_run("ExperimentRun/dcid.a/logs/1.txt", None);
    of_run("ExperimentRun/dcid.b/run.json", dated("b", "late", "2024-06-02T08:00:00Z"));
    of_run("ExperimentRun/dcid.c/1.txt", None);
    of_run("ExperimentRun/dcid.a/run.json", dated("a", "early & <b>", "2024-06-01T07:30:00Z"));
    of_run("ExperimentRun/dcid.d/run.json", Some(json!({"runId": "d", "displayName": "dateless"})));
    of_run("ArtifactZip/ExperimentRun/dcid.b.zip", None);
    let archive = writer.finish(&of_ann("en", RequestKind::Access)).unwrap().tail;
    assert_eq!(faults(MANIFEST, &manifest(&archive)), [""; 0]);
    let seen = seen(unpacked(&archive).path(), 1200);
    assert_eq!(seen["violations"], json!([]));
    let table = seen["files"].as_array().unwrap().iter().map(|row| row.as_str().unwrap());
    assert_eq!(
        table.collect::<Vec<_>>(),
        [
            "Run: early & <b> · 2024-06-01 07:30",
            "ExperimentRun/dcid.a/logs/1.txt",
            "ExperimentRun/dcid.a/run.json",
            "Run: late · 2024-06-02 08:00",
            "ExperimentRun/dcid.b/run.json",
            "ArtifactZip/ExperimentRun/dcid.b.zip",
            "Run: c",
            "ExperimentRun/dcid.c/1.txt",
            "Run: dateless",
            "ExperimentRun/dcid.d/run.json",
            "Outside any run: run-history",
            "notes.txt",
        ]
    );
}

#[test]
fn it_may_do_nothing_and_needs_nothing() {
    let archive = full("en", RequestKind::Access);
    let page = String::from_utf8(entry(&archive, "report.html")).unwrap();
    assert!(
        page.contains("Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-")
    );
    for banned in ["<script", "<link", "<img", "@import", "url(", "<iframe", "http://"] {
        assert!(!page.contains(banned), "{banned}");
    }
    // The browser applies the style sheet, so its digest is the one that the policy names.
    let folder = unpacked(&archive);
    let with = chromium::picture(&folder.path().join("report.html"), 800, 600);
    let bare = page.replace("style-src 'sha256-", "style-src 'sha256-x");
    fs::write(folder.path().join("bare.html"), bare).unwrap();
    assert_ne!(with, chromium::picture(&folder.path().join("bare.html"), 800, 600));
}

#[test]
fn it_can_be_seen_and_printed() {
    for language in LANGUAGES {
        let folder = unpacked(&full(language, RequestKind::Access));
        let page = folder.path().join("report.html");
        let picture = chromium::picture(&page, 1200, 4000);
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 100_000, "{}", picture.len());
        let paper = chromium::printed(&page);
        assert!(paper.starts_with(b"%PDF") && paper.len() > 30_000, "{}", paper.len());
        keep(language, &[("png", &picture), ("pdf", &paper)]);
    }
}

#[test]
fn many_files_are_shown_in_part_and_listed_whole() {
    let mut writer = ArchiveWriter::new();
    for index in 0..5_003 {
        add(&mut writer, &format!("logs/{index}.txt"), b"ann");
    }
    let archive = writer.finish(&about()).unwrap().tail;
    let page = String::from_utf8(entry(&archive, "report.html")).unwrap();
    assert_eq!(page.matches("data/run-history/logs/").count(), 5_000);
    assert!(page.contains("5,003個のファイルのうち、最初の5,000個です"));
    let table = String::from_utf8(entry(&archive, "files.csv")).unwrap();
    assert_eq!(table.lines().count(), 5_004);
}

#[test]
fn many_runs_make_no_larger_a_picture() {
    let mut writer = ArchiveWriter::new();
    let run = |index: usize| {
        json!({"runId": format!("r{index}"), "experimentName": format!("e{}", index % 40),
               "status": if index.is_multiple_of(3) { "Failed" } else { "Completed" },
               "startTimeUtc": format!("20{:02}-0{}-1{}T0{}:00:00Z", index % 20 + 5, index % 9 + 1,
                                       index % 10, index % 7)})
    };
    let runs: Vec<Value> = (0..9_000).map(run).collect();
    add(&mut writer, "runs.json", json!({ "value": runs }).to_string().as_bytes());
    let archive = writer.finish(&about()).unwrap().tail;
    let page = entry(&archive, "report.html");
    assert!(page.len() < 1_500_000, "{}", page.len());
    assert_eq!(String::from_utf8(entry(&archive, "runs.csv")).unwrap().lines().count(), 9_001);
    let folder = unpacked(&archive);
    let seen = seen(folder.path(), 1200);
    assert_eq!((&seen["colliding"], &seen["violations"]), (&json!(0), &json!([])));
}

#[test]
fn the_tables_are_read_by_others() {
    let file = on_disk(&full("ja", RequestKind::Portability));
    let script = "import sys, csv, io, zipfile
z = zipfile.ZipFile(sys.argv[1])
for name in ('files.csv', 'runs.csv'):
    text = z.read(name).decode('utf-8-sig')
    rows = list(csv.reader(io.StringIO(text, newline='')))
    assert all(len(row) == len(rows[0]) for row in rows), name
    assert not any(c[:1] in '=+-@' for row in rows for c in row if c), name
    print(name, len(rows), rows[0][0], rows[1][0])";
    let output = Command::new("python3").args(["-c", script]).arg(file.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut lines = told.lines();
    let files = lines.next().unwrap();
    assert!(files.starts_with("files.csv ") && files.contains("path data/run-history/"), "{files}");
    assert_eq!(lines.next().unwrap(), "runs.csv 9 run_id train-on-local_1577912881_5c24aa28");
}

/// An archive with everything in it that an archive can have.
fn full(language: &str, kind: RequestKind) -> Vec<u8> {
    let mut writer = ArchiveWriter::new();
    add_runs(&mut writer);
    add_others(&mut writer);
    writer.finish(&of_ann(language, kind)).unwrap().tail.to_vec()
}

fn add_runs(writer: &mut ArchiveWriter) {
    let examples: [(&str, Value); 3] = [
        (
            "ExperimentRun/dcid.churn-train_1712345678/run.json",
            run(
                "churn-train_1712345678",
                "hanako-quiet-river",
                "churn-prediction",
                "Completed",
                ["2024-04-05T19:34:49.4440000+00:00", "2024-04-05T21:38:01.9990000Z"],
            ),
        ),
        (
            "ExperimentRun/dcid.train-on-local/run.json",
            run(
                "train-on-local_1577912881_5c24aa28",
                "local",
                "train-on-local",
                "Failed",
                ["2023-11-01T13:08:05+00:00", "2023-11-01T13:09:11+00:00"],
            ),
        ),
        (
            "ExperimentRun/pages/1.json",
            json!({"value": (0..6).map(|n| run(
                &format!("AutoML_{n}"), &format!("automl child {n}"),
                "需要予測 — 店舗別・商品カテゴリ別の週次予測", "Completed",
                [&format!("2024-0{}-10T08:00:00Z", n + 1), &format!("2024-0{}-14T08:00:00Z", n + 1)],
            )).collect::<Vec<_>>()}),
        ),
    ];
    for (name, document) in examples {
        let mut finding = finding(name, 0);
        finding.item.content_type = Some("application/json".into());
        finding.hits = vec![
            Hit { identity: 0, view: "json".into(), place: "/createdBy/upn".into() },
            Hit { identity: 0, view: "json".into(), place: "/tags/owner".into() },
            Hit { identity: 1, view: "json".into(), place: "/createdBy/userName".into() },
            Hit { identity: 1, view: "name".into(), place: "name".into() },
        ];
        let masked = [Masked::new(MaskedKind::Person, 3), Masked::new(MaskedKind::Secret, 2)];
        writer.begin(&finding, &masked).unwrap();
        writer.write(document.to_string().as_bytes()).unwrap();
        writer.end().unwrap();
    }
}

fn add_others(writer: &mut ArchiveWriter) {
    add(writer, "LocalUpload/0f3a/customers.csv", &b"ann@contoso.com,1\n".repeat(90_000));
    add(writer, "azureml/churn-train/outputs/predictions.csv", b"ann@contoso.com,0.7\n");
    for name in HOSTILE {
        add(writer, name, b"ann");
    }
    add(writer, &format!("Users/ann/{}.ipynb", "very long name ".repeat(60)), b"ann");
    writer.begin(&finding("ExperimentRun/dcid.r9/logs/70_driver_log.txt", 9), &[]).unwrap();
    writer.write(b"ann").unwrap();
    writer.abandon("read: the source broke off").unwrap();
    for (name, reason) in [
        ("ExperimentRun/dcid.r9/outputs/team.parquet", "others: cannot be masked in this format"),
        ("LocalUpload/7/private.zip", "zip: encrypted member in zip:notes.txt"),
        ("ComputeRecord/dcid.r9", "archived: BlobArchived"),
    ] {
        writer.list_unreadable(&finding(name, 1).item, reason).unwrap();
    }
}

fn of_ann(language: &str, kind: RequestKind) -> About {
    let identity = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.into());
    let hashed = Identity::new(IdentityType::Upn, IdentityFormat::Sha256, "a0".repeat(32));
    About {
        kind,
        language: Some(language.into()),
        asked: Asked::Person(Subject {
            identities: vec![
                identity(IdentityType::Email, "ann@contoso.com"),
                identity(IdentityType::Name, "Ann Lefèvre"),
                identity(IdentityType::ObjectId, "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
                hashed,
            ],
        }),
        controller: Controller {
            name: Some("Contoso Ltd, 1 Example Street, London".into()),
            contact: Some("privacy@contoso.com".into()),
        },
        items_seen: 123_456,
        manual_steps: vec![ManualStep {
            system: "Azure Privacy portal".into(),
            what: "Ask there.".into(),
            url: Some("https://portal.azure.com/#blade/Microsoft_Azure_Policy".into()),
            object_ids: vec!["6f9619ff-8b86-d011-b42d-00cf4fc964ff".into()],
            ..ManualStep::default()
        }],
        coverage: places(),
        ..about()
    }
}

/// A place of every sort and every answer.
fn places() -> Vec<Covered> {
    let answers = Looked::ALL.into_iter().cycle();
    let place = |(sort, looked): (PlaceSort, Looked)| Covered {
        at: (sort == PlaceSort::Datastore).then(|| "examplews01/azureml".to_owned()),
        looked,
        name: match sort {
            PlaceSort::Container => Some(WITHHELD.to_owned()),
            PlaceSort::TelemetryTable => None,
            _ => Some(format!("the-{}", sort.word())),
        },
        places: (sort == PlaceSort::TelemetryTable).then_some(12),
        sort,
        source: Some("workspace".to_owned()),
        why: if looked == Looked::Refused { "forbidden".to_owned() } else { String::new() },
    };
    PlaceSort::ALL.into_iter().zip(answers).map(place).collect()
}

fn run(id: &str, name: &str, experiment: &str, status: &str, times: [&str; 2]) -> Value {
    json!({"runId": id, "displayName": name, "experimentName": experiment, "status": status,
           "startTimeUtc": times[0], "endTimeUtc": times[1],
           "createdBy": {"userName": "Ann Lefèvre", "upn": "ann@contoso.com"}})
}

fn unpacked(archive: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ZipArchive::new(std::io::Cursor::new(archive)).unwrap().extract(folder.path()).unwrap();
    folder
}

fn entry(archive: &[u8], name: &str) -> Vec<u8> {
    let mut zip = ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    let mut bytes = Vec::new();
    std::io::copy(&mut zip.by_name(name).unwrap(), &mut bytes).unwrap();
    bytes
}

fn manifest_of(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

/// What a script sees that is put into the page, which itself allows none.
fn seen(folder: &Path, width: u32) -> Value {
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let axe = tests.join("emulators/node_modules/axe-core/axe.min.js");
    assert!(axe.is_file(), "axe-core is missing: run tests/run once");
    let script = |path: PathBuf| format!("<script src=\"file://{}\"></script>", path.display());
    let scripts = format!("{}{}", script(axe), script(tests.join("it/foreign/look.js")));
    let page = page.replacen("Content-Security-Policy", "none", 1);
    fs::write(
        folder.join("looked-at.html"),
        page.replacen("<style>", &format!("{scripts}<style>"), 1),
    )
    .unwrap();
    let dom = chromium::dump(&folder.join("looked-at.html"), width);
    let seen =
        dom.split("<pre id=\"seen\">").nth(1).expect("the page was not looked at to its end");
    let seen = seen.split('<').next().unwrap();
    let seen = percent_encoding::percent_decode_str(seen).decode_utf8().unwrap();
    serde_json::from_str(&seen).unwrap()
}

/// Where `DSRD_TEST_KEEP` names a folder, what a person can look at is kept there.
fn keep(name: &str, files: &[(&str, &[u8])]) {
    if let Some(folder) = std::env::var_os("DSRD_TEST_KEEP").map(PathBuf::from) {
        for (extension, bytes) in files {
            fs::write(folder.join(format!("report-{name}.{extension}")), bytes).unwrap();
        }
    }
}
