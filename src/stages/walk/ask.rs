//! Sources that are asked by identity instead of being walked: what they hold is looked at like
//! anything else.
//!
//! A source tells which values may name somebody. Whom they name is decided here, by the matcher
//! that reads everything else: each value is looked at like the bytes of an item.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use crate::domain::asked::subject::Subject;
use crate::domain::failure::Failure;
use crate::domain::item::{Hit, Item, Place, Unreadable};
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::{Matcher, SubjectHit};
use crate::matching::people::named::Group;
use crate::matching::scan::{self, Scan};
use crate::ports::sources::{Answers, Asked, Finds, Read, Seen, Source};
use crate::ports::tasks::Part;
use crate::stages::walk::content::{failure_in, on_a_thread, people_in};
use crate::stages::walk::look::Look;

/// Whom a source is asked about, and how values are read.
pub struct Asking {
    /// Hits refer to them by index.
    pub people: Arc<[Subject]>,
    /// Searches for all of them at once, and for those who are watched for.
    pub matcher: Arc<Matcher>,
    /// Bounds on one value.
    pub limits: ItemLimits,
    /// What of the source is looked at.
    pub part: Part,
    /// Whether it is told whom values name.
    pub learns: bool,
}

/// The view of a hit in rows.
const ROWS_VIEW: &str = "rows";

/// What an asked source holds about these people, each item once, in the order of their
/// names.
///
/// It is asked about all of them at once, and once, into however many parts sources are cut: the
/// first has it all.
///
/// # Errors
/// The source's failure, as that of the whole source.
pub async fn ask(source: &dyn Asked, with: &Asking) -> Result<Vec<Look>, Failure> {
    if with.part.number > 0 {
        return Ok(Vec::new());
    }
    let asked = source.ask(&people(with), None).await;
    let Answers { seen, unread, unread_of } =
        asked.map_err(|failure| failure.of_source(source.name()))?;
    let mut looks: BTreeMap<Place, (Look, Sums)> = BTreeMap::new();
    for Known { seen, speaks_of, met, unreadable, people } in known(seen, with).await? {
        let says_nothing = speaks_of.is_empty() && met.is_empty() && unreadable.is_empty();
        if says_nothing && people.is_empty() {
            continue;
        }
        let (look, sums) = entry(&mut looks, &seen.item);
        look.bytes += seen.value.len() as u64;
        look.met.extend(met);
        look.people.extend(people);
        look.unreadable.extend(unreadable);
        for owner in speaks_of {
            sums.entry(owner).or_default().add(&seen);
        }
    }
    for Unreadable { item, reason } in unread {
        entry(&mut looks, &item).0.unreadable.push(reason);
    }
    for (person, Unreadable { item, reason }) in unread_of {
        entry(&mut looks, &item).0.unreadable_of.entry(person).or_default().push(reason);
    }
    Ok(looks.into_values().map(|(look, sums)| told(look, sums)).collect())
}

/// The values of an item that name one of these people now. What of a value cannot be read
/// is told by the walk.
///
/// # Errors
/// The source's failure.
pub async fn values(source: &dyn Asked, item: &Item, with: &Asking) -> Result<Values, Failure> {
    let Answers { seen, mut unread, unread_of } = source.ask(&people(with), Some(item)).await?;
    let here = seen.into_iter().filter(|seen| seen.item.place() == item.place()).collect();
    unread.extend(unread_of.into_iter().map(|(_, unread)| unread));
    let unread: Vec<String> = unread.into_iter().map(|unread| unread.reason).collect();
    let known = known(here, with).await?.into_iter();
    let theirs = known.filter(|known| !known.speaks_of.is_empty());
    let mut first = BTreeMap::new();
    for Known { seen, .. } in theirs {
        let times: &mut Vec<Option<Timestamp>> = first.entry(seen.value).or_default();
        times.push(seen.first);
    }
    let first: BTreeMap<String, Option<Timestamp>> = first
        .into_iter()
        .map(|(value, times)| (value, times.into_iter().min().flatten()))
        .collect();
    Ok(Values { values: first.keys().cloned().collect(), first, unread })
}

/// What of an item is a person's.
#[derive(Default)]
pub struct Values {
    /// Each once, in a stable order.
    pub values: Vec<String>,
    /// The time of the first row of each; none where it is not known.
    pub first: BTreeMap<String, Option<Timestamp>>,
    /// Why it is not known of all of the item; stable words.
    pub unread: Vec<String>,
}

/// The bytes of an item as far as they are of whom is asked about: of an asked source the rows
/// that name the person, else all.
///
/// # Errors
/// The source's failure.
pub async fn bytes_for(source: &dyn Source, item: &Item, with: &Asking) -> Result<Read, Failure> {
    let asked = match source.finds() {
        Finds::Walk(walked) => return walked.read(item).await,
        Finds::Ask(asked) => asked,
    };
    let Values { values, unread, .. } = values(asked, item, with).await?;
    match (unread.into_iter().next(), values.is_empty()) {
        // A part of what is asked for would look like all of it.
        (Some(why), _) => Ok(Read::Refused(why)),
        (None, true) => Ok(Read::Absent),
        (None, false) => asked.rows(item, &values).await,
    }
}

fn people(with: &Asking) -> Vec<&Subject> {
    with.people.iter().collect()
}

/// A value, looked at.
struct Known {
    seen: Seen,
    /// Of whom, by number, and by which identity.
    speaks_of: BTreeSet<(usize, usize)>,
    met: Vec<usize>,
    unreadable: Vec<String>,
    people: Vec<Group>,
}

/// Looks at values as at anything else, and at each as what its column says: an alias alone is no
/// user, and one in a column of users is. Where else they stand says nothing of whom they name: the
/// name of a table is not the person's because the person's is like it.
async fn known(seen: Vec<Seen>, with: &Asking) -> Result<Vec<Known>, Failure> {
    let (matcher, limits, learns) = (Arc::clone(&with.matcher), with.limits, with.learns);
    let looking = on_a_thread(move || {
        let look = |seen: Seen| {
            let nowhere = Item { name: String::new(), ..seen.item.clone() };
            let scanned = |text: &str| {
                scan::scan(&nowhere, &mut text.as_bytes(), &matcher, &limits).map_err(failure_in)
            };
            let Scan { hits, unreadable, .. } = scanned(&seen.value)?;
            let (mut hits, mut met) = matcher.parted(hits);
            let key = seen.item.key();
            let told = json!({ key: seen.value }).to_string();
            let people = match learns {
                true => people_in(&nowhere, told.as_bytes(), &limits).map_err(failure_in)?,
                false => Vec::new(),
            };
            // A key that is the person's would be met in each of its values.
            if scanned(key)?.hits.is_empty() {
                let (in_its_column, met_there) = matcher.parted(scanned(&told)?.hits);
                hits.extend(in_its_column);
                met.extend(met_there);
            }
            let speaks_of = hits.iter().map(|hit| (hit.subject, hit.hit.identity)).collect();
            Ok(Known { seen, speaks_of, met, unreadable, people })
        };
        seen.into_iter().map(look).collect()
    });
    looking.await.unwrap_or_else(|_| Err(Failure::permanent("decoding a value of a row")))
}

/// Rows that name somebody.
#[derive(Default)]
struct Rows {
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// The rows of an item, by whom they name.
type Sums = BTreeMap<(usize, usize), Rows>;

impl Rows {
    fn add(&mut self, seen: &Seen) {
        self.count += seen.rows;
        self.first = [self.first, seen.first].into_iter().flatten().min();
        self.last = [self.last, seen.last].into_iter().flatten().max();
    }

    /// Where they are, for people.
    fn place(&self, column: &str) -> String {
        let Self { count, first, last } = self;
        match (first, last) {
            (Some(first), Some(last)) => format!("{column}: {count} rows, {first} to {last}"),
            _ => format!("{column}: {count} rows"),
        }
    }
}

fn entry<'a>(looks: &'a mut BTreeMap<Place, (Look, Sums)>, item: &Item) -> &'a mut (Look, Sums) {
    looks.entry(item.place()).or_insert_with(|| (Look::of(item.clone()), Sums::new()))
}

/// What was seen of an item.
fn told(mut look: Look, sums: Sums) -> Look {
    let column = look.item.column();
    let hit = |((subject, identity), rows): ((usize, usize), Rows)| SubjectHit {
        subject,
        hit: Hit { identity, view: ROWS_VIEW.to_owned(), place: rows.place(&column) },
    };
    look.hits = sums.into_iter().map(hit).collect();
    look.met.sort_unstable();
    look.met.dedup();
    look.unreadable.sort_unstable();
    look.unreadable.dedup();
    look
}
