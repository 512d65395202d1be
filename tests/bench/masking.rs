//! `cargo bench --bench masking`: masking everybody but one person beside finding that person, on
//! the same files, one core.
//!
//! An archive is masked for the first of the people; who else is in it is counted before. What is
//! packed is left out: it is masked as what is in it. `-- Crowd` tells what people take in memory.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use corpora::{CORPORA, Corpus, Error, Person, files, worked};
use dsrd::domain::asked::subject::IdentityType;
use dsrd::domain::item::{Item, Version};
use dsrd::matching::limits::{ItemLimits, PeopleLimits};
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::census::{Census, census_among};
use dsrd::matching::people::crowd::Crowd;
use dsrd::matching::people::kin::known::Known;
use dsrd::matching::people::named::Identifier;
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
    if wanted.is_empty() || wanted.iter().any(|one| one == "Crowd") {
        println!("\n{:<12}{:>12}{:>12}", "people", "crowd MB", "with mask");
        for people in [1_000, 10_000, 33_000, 200_000] {
            crowd(people)?;
        }
    }
    Ok(())
}

/// What the people of an archive take in memory, each with an address, a name and an object id, as
/// the rows of a log name them.
fn crowd(count: usize) -> Result<(), Error> {
    // By default no more than a third of the last are told apart.
    let limits = PeopleLimits { people_max: usize::MAX, ..PeopleLimits::default() };
    let names = |number: usize| {
        let of = |kind, value: String| Identifier { kind, value };
        vec![
            of(IdentityType::Email, format!("worker{number}.mensa@fabrikam.com")),
            of(IdentityType::Name, format!("kofi{number} mensa")),
            of(IdentityType::ObjectId, format!("11111111-2222-3333-4444-{number:012}")),
        ]
    };
    let before = held()?;
    let mut crowd = Crowd::new(&Person::new(0).subject(), &limits);
    for first in (0..count).step_by(1000) {
        let groups = (first..first + 1000).map(names).collect();
        crowd.add(&Census { groups, ..Census::default() });
    }
    let of_crowd = held()?.saturating_sub(before);
    let _mask = crowd.mask().ok_or("too many people")?;
    let with_mask = held()?.saturating_sub(before);
    println!("{count:<12}{of_crowd:>12}{with_mask:>12}");
    Ok(())
}

/// Megabytes that this process holds.
fn held() -> Result<u64, Error> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no line")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? >> 10)
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
    // As for an archive, whose items are read by the same eyes.
    let known = Known::default();
    for file in files {
        crowd.add(&census_among(&known, &item(), &mut File::open(file)?, &limits, &people)?);
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
