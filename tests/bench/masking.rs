//! `cargo bench --bench masking`: masking everybody but one person beside finding that person, on
//! the same files, one core.
//!
//! An archive is masked for the first of the people; who else is in it is counted before. What is
//! packed is left out: it is masked as what is in it.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use corpora::{CORPORA, Corpus, Error, Person, files, worked};
use dsrd::domain::item::{Item, Version};
use dsrd::matching::limits::{ItemLimits, PeopleLimits};
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::census::census;
use dsrd::matching::people::crowd::Crowd;
use dsrd::matching::redact::looks::Masking;
use dsrd::matching::redact::rewriting::redact_named;
use dsrd::matching::scan::scan;

mod corpora;

/// Files of each corpus: masking takes longer than finding.
const FILES_MAX: usize = 24;

fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let people: Vec<Person> = (0..1000).map(Person::new).collect();
    println!("{:<12}{:>12}{:>12}{:>12}", "corpus", "finding MB/s", "masking", "ratio");
    // `cargo bench --bench masking -- Logs`: only that corpus.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let is_wanted = |corpus: &Corpus| wanted.is_empty() || wanted.contains(&format!("{corpus:?}"));
    for corpus in CORPORA.into_iter().filter(is_wanted) {
        let path = folder.path().join(format!("{corpus:?}"));
        corpus.generate(&path, &people)?;
        let files: Vec<_> = files(&path)?.into_iter().take(FILES_MAX).collect();
        let bytes: u64 =
            files.iter().map(|file| fs::metadata(file).map_or(0, |file| file.len())).sum();
        let speed = |took: Duration| bytes as f64 / 1e6 / took.as_secs_f64();
        let (found, masked) = (speed(find(&files, &people[0])?), speed(mask(&files, &people[0])?));
        let name = format!("{corpus:?}");
        println!("{name:<12}{found:>12.1}{masked:>12.1}{:>12.2}", masked / found);
        fs::remove_dir_all(&path)?;
    }
    Ok(())
}

fn find(files: &[impl AsRef<Path>], person: &Person) -> Result<Duration, Error> {
    let start = worked("thread-self");
    let matcher = Matcher::new(&[&person.subject()]);
    for file in files {
        scan(&item(), &mut File::open(file)?, &matcher, &ItemLimits::default())?;
    }
    Ok(worked("thread-self") - start)
}

/// Counts everybody and masks all but one.
fn mask(files: &[impl AsRef<Path>], person: &Person) -> Result<Duration, Error> {
    let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
    let start = worked("thread-self");
    let mut crowd = Crowd::new(&person.subject(), &people);
    for file in files {
        crowd.add(&census(&item(), &mut File::open(file)?, &limits, &people)?);
    }
    let mask = crowd.mask().ok_or("too many people")?;
    for file in files {
        // What cannot be masked is left out of an archive, and was looked at as well.
        redact_named(
            &mut Masking::of(&mask),
            "x",
            &mut File::open(file)?,
            &mut io::sink(),
            &limits,
        )
        .ok();
    }
    Ok(worked("thread-self") - start)
}

fn item() -> Item {
    Item::bare("bench", "x", Version::Current)
}
