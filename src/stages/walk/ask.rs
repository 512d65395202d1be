//! Sources that are asked by identity instead of being walked: what they hold is looked at like
//! anything else.

use std::collections::BTreeMap;

use crate::domain::asked::subject::Subject;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Place};
use crate::matching::matcher::SubjectHit;
use crate::ports::sources::{Asked, Finds, Read, Sighting, Source};
use crate::ports::tasks::Part;
use crate::stages::walk::look::Look;

/// What an asked source holds about these people, each item once, in the order of their names.
///
/// It is asked about all of them at once, and once, into however many parts sources are cut: the
/// first has it all.
///
/// # Errors
/// The source's failure, as that of the whole source.
pub async fn ask(source: &dyn Asked, people: &[Subject], part: Part) -> Result<Vec<Look>, Failure> {
    if part.number > 0 {
        return Ok(Vec::new());
    }
    let people: Vec<&Subject> = people.iter().collect();
    let sightings = source.ask(&people).await;
    let sightings = sightings.map_err(|failure| failure.of_source(source.name()))?;
    let mut looks: BTreeMap<Place, Look> = BTreeMap::new();
    for Sighting { person, item, hits } in sightings {
        let look = looks.entry(item.place()).or_insert_with(|| silent(item));
        look.hits.extend(hits.into_iter().map(|hit| SubjectHit { subject: person, hit }));
    }
    Ok(looks.into_values().collect())
}

/// The bytes of an item as far as they are this person's: of an asked source the rows that name the
/// person, else all.
///
/// # Errors
/// The source's failure.
pub async fn bytes_for(
    source: &dyn Source,
    item: &Item,
    person: Option<&Subject>,
) -> Result<Read, Failure> {
    match (source.finds(), person) {
        (Finds::Walk(walked), _) => walked.read(item).await,
        (Finds::Ask(asked), Some(person)) => asked.rows(item, person).await,
        (Finds::Ask(_), None) => Ok(Read::Absent),
    }
}

fn silent(item: Item) -> Look {
    Look {
        item,
        hits: Vec::new(),
        met: Vec::new(),
        unreadable: Vec::new(),
        digest: None,
        others: Vec::new(),
        bytes: 0,
    }
}
