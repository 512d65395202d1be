//! Where it was looked, and where not: what the sources know of, held against what others of them
//! hold.
//!
//! It is told to many and kept for good, so that a name which may speak of a person is withheld.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::try_join_all;

use crate::domain::coverage::covered::{Covered, RECORD_BYTES_MAX, WITHHELD, sorted, within};
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::coverage::tenant_logs::{ADMINISTRATOR, not_looked_at};
use crate::domain::failure::Failure;
use crate::domain::layout::{Containers, Location};
use crate::domain::request::Request;
use crate::matching::people::labels::Labels;
use crate::ports::sources::Source;

/// A place, and who tells of it or looks at it.
pub struct Told {
    /// The name of the source.
    pub source: String,
    /// The place.
    pub known: Known,
}

/// What a source holds.
pub struct Held {
    /// Its name.
    pub source: String,
    /// Its containers.
    pub containers: Containers,
    /// Whether it is asked about somebody at all.
    pub is_asked: bool,
}

/// Bytes of a word that a service says of itself.
const WORD_BYTES_MAX: usize = 64;

/// What is told of the places of a request about a person, for the record. Sources that it does not
/// name are not asked anything that it would have to wait for.
///
/// # Errors
/// The failure of a source that it names.
pub async fn coverage(
    sources: &[Arc<dyn Source>],
    request: &Request,
) -> Result<Vec<Covered>, Failure> {
    let concerns = |source: &&Arc<dyn Source>| request.concerns(source.name());
    let (asked, others): (Vec<_>, Vec<_>) =
        sources.iter().map(Arc::clone).partition(|source| concerns(&source));
    let held = held(sources, |name| request.concerns(name)).await;
    let mut told = settled(known(&asked).await?, &held);
    let of = |source: &str, sort, looked, why: &str| {
        let (source, name, why) = (source.to_owned(), source.to_owned(), why.to_owned());
        Told { source, known: Known { sort, name, place: None, looked, why } }
    };
    told.extend(others.iter().map(|it| of(it.name(), PlaceSort::Source, Looked::NotAsked, "")));
    let labels: Vec<Labels> = request.people().iter().map(Labels::new).collect();
    let told = told.into_iter().map(|told| covered(told, &labels));
    let told = told.chain([not_looked_at(ADMINISTRATOR)]).collect();
    let mut list: Vec<Covered> = Vec::new();
    for one in sorted(told) {
        match list.last_mut() {
            // Names that are withheld tell nothing apart.
            Some(last) if one.name.as_deref() == Some(WITHHELD) && is_same(last, &one) => {
                last.places = Some(last.count() + one.count());
            }
            _ => list.push(one),
        }
    }
    Ok(within(&list, RECORD_BYTES_MAX))
}

fn is_same(one: &Covered, other: &Covered) -> bool {
    Covered { places: None, ..one.clone() } == *other
}

fn covered(Told { source, known }: Told, labels: &[Labels]) -> Covered {
    let Known { sort, name, place, looked, why } = known;
    // A folder of a machine is in no account: where it lies is the operator's business alone.
    let is_told = |place: &Location| !place.account.is_empty() && !place.account.contains('/');
    let at = place.filter(is_told).map(|place| format!("{}/{}", place.account, place.container));
    let is_named = |text: &String| labels.iter().any(|it| it.may_name(text));
    // The name of a source is the operator's own, and told with everything.
    let is_own = sort == PlaceSort::Source;
    let is_withheld = !is_own && (is_named(&name) || at.as_ref().is_some_and(is_named));
    let is_word = why.len() <= WORD_BYTES_MAX
        && why.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.: ".contains(&it));
    Covered {
        at: at.filter(|_| !is_withheld),
        looked,
        name: Some(if is_withheld { WITHHELD.to_owned() } else { name }),
        places: None,
        sort,
        source: Some(source),
        why: if is_word { why } else { String::new() },
    }
}

/// What the sources hold that can be reached: another that cannot is no reason to be silent of
/// those.
pub async fn held(sources: &[Arc<dyn Source>], is_asked: impl Fn(&str) -> bool) -> Vec<Held> {
    let mut found = Vec::new();
    for source in sources {
        let Some(walked) = source.finds().walked() else { continue };
        if let Ok(containers) = walked.containers().await {
            let is_asked = is_asked(source.name());
            found.push(Held { source: source.name().to_owned(), containers, is_asked });
        }
    }
    found
}

/// The places that all of these sources know of.
///
/// # Errors
/// The failure of a source.
pub async fn known(sources: &[Arc<dyn Source>]) -> Result<Vec<Told>, Failure> {
    let asked = sources.iter().map(async |source| {
        let name = source.name();
        let places = source.places().await.map_err(|failure| failure.of_source(name))?;
        Ok::<_, Failure>(places.into_iter().map(|known| Told { source: name.to_owned(), known }))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

/// The same places, each told once, and with it who looks at those that somebody else knows of.
pub fn settled(told: Vec<Told>, held: &[Held]) -> Vec<Told> {
    let mut seen = BTreeSet::new();
    let settled = told.into_iter().filter_map(|told| settle(told, held));
    settled
        .filter(|Told { source, known }| {
            let Known { sort, name, place, .. } = known;
            // Two workspaces of one account know of the same container.
            let whose = if place.is_some() { None } else { Some(source.clone()) };
            let name = match sort {
                PlaceSort::Container if place.is_some() => String::new(),
                _ => name.clone(),
            };
            seen.insert((*sort, name, place.clone(), whose))
        })
        .collect()
}

/// `None` where another source tells of the place itself.
fn settle(told: Told, held: &[Held]) -> Option<Told> {
    let Told { source, known } = told;
    let is_open = known.looked == Looked::NotConfigured;
    // A share is no container, whatever it is called.
    let is_share = known.sort == PlaceSort::FileShare;
    let place = known.place.as_ref().filter(|_| is_open);
    let Some(by) = place.and_then(|place| holder(place, is_share, held)) else {
        return Some(Told { source, known });
    };
    if by.is_asked && (is_share || known.sort == PlaceSort::Container) {
        return None;
    }
    let looked = if by.is_asked { Looked::Looked } else { Looked::NotAsked };
    let known = Known { looked, why: String::new(), ..known };
    Some(Told { source: by.source.clone(), known })
}

/// The source that holds a place, one that is asked before others.
fn holder<'a>(place: &Location, is_share: bool, held: &'a [Held]) -> Option<&'a Held> {
    let holds = |held: &&Held| {
        held.containers.are_shares == is_share && held.containers.prefix_of(place).is_some()
    };
    let mut holders = held.iter().filter(holds);
    holders.clone().find(|held| held.is_asked).or_else(|| holders.next())
}
