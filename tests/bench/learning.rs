//! `cargo bench --bench learning`: finding a person beside finding that person and learning the
//! terms of each file in the same pass, on the same files, one core; and what is kept of it.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use corpora::{CORPORA, Corpus, Error, Person, files, worked};
use dsrd::domain::item::{Item, Version};
use dsrd::matching::identity::watch::MarkKey;
use dsrd::matching::limits::ItemLimits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::scan::{scan, scan_and_collect};
use dsrd::matching::terms::filter::{Question, TermKey, Terms};
use zeroize::Zeroizing;

mod corpora;

fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let people: Vec<Person> = (0..1000).map(Person::new).collect();
    println!(
        "{:<12}{:>13}{:>10}{:>8}{:>8}{:>16}{:>14}",
        "corpus", "finding MB/s", "learning", "ratio", "files", "bytes a filter", "read again"
    );
    // `cargo bench --bench learning -- Logs`: only that corpus.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let is_wanted = |corpus: &Corpus| wanted.is_empty() || wanted.contains(&format!("{corpus:?}"));
    for corpus in CORPORA.into_iter().filter(is_wanted) {
        let path = folder.path().join(format!("{corpus:?}"));
        corpus.generate(&path, &people)?;
        let files = files(&path)?;
        let bytes: u64 =
            files.iter().map(|file| fs::metadata(file).map_or(0, |file| file.len())).sum();
        let speed = |took: Duration| bytes as f64 / 1e6 / took.as_secs_f64();
        let found = speed(find(&files, &people[0])?);
        let (took, all) = learn(&files, &people[0])?;
        let learned = speed(took);
        let kept: usize = all.iter().map(kept).sum();
        println!(
            "{:<12}{found:>13.1}{learned:>10.1}{:>8.2}{:>8}{:>16}{:>14}",
            format!("{corpus:?}"),
            learned / found,
            files.len(),
            kept / files.len().max(1),
            read_again(&all, &people[1]),
        );
        fs::remove_dir_all(&path)?;
    }
    Ok(())
}

fn kept(terms: &Terms) -> usize {
    match terms {
        Terms::Any => 0,
        Terms::Filter(bits) => bits.len(),
    }
}

/// How many files the next person costs.
fn read_again(all: &[Terms], person: &Person) -> usize {
    let (key, subject) = (key(), person.subject());
    let question = Question::new(std::iter::once(&subject), std::iter::empty(), &key);
    let admitted =
        |(at, terms): &(usize, &Terms)| question.is_admitted_by(terms, key.salt(*at as u64));
    all.iter().enumerate().filter(admitted).count()
}

fn key() -> TermKey {
    let secret = Zeroizing::new([7; 32]);
    TermKey::new(&secret, MarkKey::new(&secret))
}

fn find(files: &[PathBuf], person: &Person) -> Result<Duration, Error> {
    let start = worked("thread-self");
    let matcher = Matcher::new(&[&person.subject()]);
    for file in files {
        scan(&item(file), &mut File::open(file)?, &matcher, &ItemLimits::default())?;
    }
    Ok(worked("thread-self") - start)
}

fn learn(files: &[PathBuf], person: &Person) -> Result<(Duration, Vec<Terms>), Error> {
    let (start, key) = (worked("thread-self"), key());
    let matcher = Matcher::new(&[&person.subject()]);
    let (mut all, limits) = (Vec::new(), ItemLimits::default());
    for (at, file) in files.iter().enumerate() {
        let (item, salt) = (item(file), key.salt(at as u64));
        let mut content = File::open(file)?;
        all.push(scan_and_collect(&item, &mut content, &matcher, &limits, &key, salt)?.1);
    }
    Ok((worked("thread-self") - start, all))
}

fn item(file: &Path) -> Item {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Item::bare("bench", &name, Version::Current)
}
