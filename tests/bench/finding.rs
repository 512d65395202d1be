//! `cargo bench --bench finding`: our finding beside `ripgrep -F -i -f`, on the same files, one
//! core.
//!
//! Corpora are generated, the same ones at every run: log files, run documents, both in encodings
//! that a search for strings cannot read, and what else a workspace holds: numbers, pickles,
//! tables, packed logs and checkpoints. Each is searched for 1, 10, 100 and 1,000 subjects; the
//! table gives throughput, and recall and false findings against what was planted. `ripgrep` takes
//! everything for text (`-a`), or it would stop at the first zero, and unpacks what is packed
//! (`-z`).

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use corpora::{CORPORA, Corpus, Error, Person, Truth, files, worked};
use dsrd::domain::asked::subject::Subject;
use dsrd::domain::item::{Item, Version};
use dsrd::matching::limits::ItemLimits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::scan::scan;

mod corpora;

const SUBJECTS: usize = 1000;

fn main() -> Result<(), Error> {
    if Command::new("rg").arg("--version").output().is_err() {
        return Err("ripgrep is missing: apt-get install ripgrep".into());
    }
    let folder = tempfile::tempdir()?;
    let people: Vec<Person> = (0..SUBJECTS).map(Person::new).collect();
    println!(
        "{:<12}{:>9}{:>12}{:>12}{:>8}   recall, false: ours / ripgrep",
        "corpus", "subjects", "ours MB/s", "rg MB/s", "ratio"
    );
    // `cargo bench --bench finding -- Logs 1`: only that corpus, only so many subjects.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let is_wanted = |word: &str, kind: fn(char) -> bool| {
        let mut words = wanted.iter().filter(|word| word.starts_with(kind)).peekable();
        words.peek().is_none() || words.any(|one| one == word)
    };
    for corpus in CORPORA {
        if !is_wanted(&format!("{corpus:?}"), char::is_alphabetic) {
            continue;
        }
        let path = folder.path().join(format!("{corpus:?}"));
        let (truth, bytes) = corpus.generate(&path, &people)?;
        for count in [1, 10, 100, SUBJECTS] {
            if !is_wanted(&count.to_string(), char::is_numeric) {
                continue;
            }
            compare(corpus, &path, &people[..count], &truth, bytes)?;
        }
        fs::remove_dir_all(&path)?;
    }
    Ok(())
}

fn compare(
    corpus: Corpus,
    path: &Path,
    people: &[Person],
    truth: &Truth,
    bytes: u64,
) -> Result<(), Error> {
    let truth: Truth =
        truth.iter().filter(|(_, subject)| *subject < people.len()).cloned().collect();
    let mut best = [Duration::MAX; 2];
    let mut scores = [String::new(), String::new()];
    for round in 0..3 {
        for (index, run) in [ours, ripgrep].into_iter().enumerate() {
            // What takes long is measured well enough by one run.
            if round > 0 && best[index] > Duration::from_secs(3) {
                continue;
            }
            let (took, found) = run(path, people)?;
            best[index] = best[index].min(took);
            scores[index] = score(&found, &truth);
        }
    }
    let speed = best.map(|took| bytes as f64 / 1e6 / took.as_secs_f64());
    println!(
        "{:<12}{:>9}{:>12.0}{:>12.0}{:>8.2}   {} / {}",
        format!("{corpus:?}"),
        people.len(),
        speed[0],
        speed[1],
        speed[0] / speed[1],
        scores[0],
        scores[1],
    );
    Ok(())
}

fn score(found: &Truth, truth: &Truth) -> String {
    let right = found.intersection(truth).count();
    format!("{:.4}, {}", right as f64 / truth.len().max(1) as f64, found.len() - right)
}

fn ours(path: &Path, people: &[Person]) -> Result<(Duration, Truth), Error> {
    let subjects: Vec<Subject> = people.iter().map(Person::subject).collect();
    let start = worked("thread-self");
    let matcher = Matcher::new(&subjects.iter().collect::<Vec<_>>());
    let mut found = Truth::new();
    for file in files(path)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let scan = scan(&item(&name), &mut File::open(&file)?, &matcher, &ItemLimits::default())?;
        found.extend(scan.hits.into_iter().map(|hit| (name.clone(), hit.subject)));
    }
    Ok((worked("thread-self") - start, found))
}

fn ripgrep(path: &Path, people: &[Person]) -> Result<(Duration, Truth), Error> {
    let patterns = path.with_extension("patterns");
    let mut owners = BTreeMap::new();
    let mut list = String::new();
    for (subject, person) in people.iter().enumerate() {
        for value in person.values() {
            list.push_str(&format!("{value}\n"));
            owners.insert(value.to_lowercase(), subject);
        }
    }
    fs::write(&patterns, list)?;
    let mut child = Command::new("rg")
        .args(["-F", "-i", "-j1", "-a", "-z", "-o", "-N", "--no-heading", "-f"])
        .arg(&patterns)
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = Vec::new();
    child.stdout.take().ok_or("no output")?.read_to_end(&mut output)?;
    // It has said all, and is not yet waited for.
    let took = worked(&child.id().to_string());
    child.wait()?;
    let mut found = Truth::new();
    for line in String::from_utf8_lossy(&output).lines() {
        if let Some((file, text)) = line.split_once(':')
            && let Some(subject) = owners.get(&text.to_lowercase())
        {
            let name = Path::new(file).file_name().unwrap_or_default();
            found.insert((name.to_string_lossy().into_owned(), *subject));
        }
    }
    Ok((took, found))
}

fn item(name: &str) -> Item {
    Item::bare("bench", name, Version::Current)
}
