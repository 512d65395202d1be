//! Where it was looked, and where not: what the sources know of, held against what others of them
//! hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::try_join_all;

use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::failure::Failure;
use crate::domain::layout::{Containers, Location};
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
    let place = known.place.as_ref().filter(|_| is_open && known.sort != PlaceSort::FileShare);
    let Some(by) = place.and_then(|place| holder(place, held)) else {
        return Some(Told { source, known });
    };
    if by.is_asked && known.sort == PlaceSort::Container {
        return None;
    }
    let looked = if by.is_asked { Looked::Looked } else { Looked::NotAsked };
    let known = Known { looked, why: String::new(), ..known };
    Some(Told { source: by.source.clone(), known })
}

/// The source that holds a place, one that is asked before others.
fn holder<'a>(place: &Location, held: &'a [Held]) -> Option<&'a Held> {
    let holds = |held: &&Held| held.containers.prefix_of(place).is_some();
    let mut holders = held.iter().filter(holds);
    holders.clone().find(|held| held.is_asked).or_else(|| holders.next())
}
