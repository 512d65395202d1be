//! What a walk meets, in the order of the source: its items page by page, with what is known of
//! each; or what an asked source holds.

use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
use crate::ports::sources::{Asked, Finds, Page, Source};
use crate::ports::tasks::Part;
use crate::stages::walk::ask::{Asking, ask};
use crate::stages::walk::catalogue::{Catalogue, Entry, HEAD, Keyed, Recalled};
use crate::stages::walk::look::Look;

/// What a walk meets next.
pub enum Met {
    /// An item as it is listed.
    Item(Box<Listed>),
    /// What an asked source holds about somebody.
    Sighted(Box<Look>),
    /// A page ends, and no name with it has forms on the next one too.
    Page(String),
    /// A leaf of the catalogue ends; of which nobody knows where it began, if it has no id.
    Leaf(Option<u64>),
}

/// An item, and what is known of it.
pub struct Listed {
    /// As the source lists it.
    pub item: Item,
    /// What the catalogue knows it by, where it is kept there.
    pub keyed: Option<Keyed>,
    /// What is known of it, if it is as it was.
    pub entry: Option<Entry>,
}

/// Where a listing is.
struct At {
    source: Arc<dyn Source>,
    marker: Option<String>,
    last: Option<String>,
    /// The leaf that goes on on the next page; `None` where nobody knows which it is.
    leaf: Option<u64>,
    /// What is known of its items.
    recalled: Recalled,
}

/// All that a walk of a source meets, but for other parts; a listing that fails ends with its
/// failure.
pub fn listing(
    source: Arc<dyn Source>,
    asking: Asking,
    catalogue: Option<Arc<Catalogue>>,
    from: Option<String>,
) -> impl Stream<Item = Result<Met, Failure>> {
    let leaf = from.is_none().then_some(HEAD);
    let start = Some(At { source, marker: from, last: None, leaf, recalled: Recalled::new() });
    let asking = Arc::new(asking);
    let page = move |at: Option<At>| {
        let (asking, catalogue) = (Arc::clone(&asking), catalogue.clone());
        async move {
            let at = at?;
            let source = Arc::clone(&at.source);
            let listed = match source.finds() {
                Finds::Walk(walked) => walked.list("", at.marker.as_deref()).await,
                Finds::Ask(asked) => return Some((sighted(asked, &asking).await, None)),
            };
            let met = match listed {
                Ok(page) => met(page, at, asking.part, catalogue.as_deref()).await,
                Err(failure) => Err(failure.of_source(source.name())),
            };
            Some(met.unwrap_or_else(|failure| (vec![Err(failure)], None)))
        }
    };
    stream::unfold(start, page).flat_map(stream::iter)
}

/// What an asked source holds.
async fn sighted(source: &dyn Asked, asking: &Asking) -> Vec<Result<Met, Failure>> {
    match ask(source, asking).await {
        Ok(looks) => looks.into_iter().map(|look| Ok(Met::Sighted(Box::new(look)))).collect(),
        Err(failure) => vec![Err(failure)],
    }
}

/// What is met on a page of a listing, and where it goes on.
async fn met(
    page: Page,
    at: At,
    part: Part,
    catalogue: Option<&Catalogue>,
) -> Result<(Vec<Result<Met, Failure>>, Option<At>), Failure> {
    let At { source, marker, last, mut leaf, recalled } = at;
    let Page { items, next, in_use } = page;
    let mut all = Vec::new();
    if let (Some(marker), Some(last), Some(first)) = (marker, &last, items.first())
        && *last != first.name
    {
        all.push(Ok(Met::Page(marker)));
    }
    let last = items.last().map(|item| item.name.clone()).or(last);
    let ours = items.into_iter().filter(|item| part.holds(&item.name));
    let Some(catalogue) = catalogue else {
        let listed = |item| Listed { item, keyed: None, entry: None };
        all.extend(ours.map(|item| Ok(Met::Item(Box::new(listed(item))))));
        let recalled = Recalled::new();
        return Ok((all, next.map(|m| At { source, marker: Some(m), last, leaf, recalled })));
    };
    let ours: Vec<_> = ours.map(|item| (catalogue.keyed(&item), item)).collect();
    let begun = ours.iter().filter_map(|(keyed, _)| keyed.as_ref().and_then(Keyed::begins));
    let is_start = leaf == Some(HEAD) && recalled.is_empty();
    let ids: Vec<u64> = begun.chain(is_start.then_some(HEAD)).collect();
    let mut leaves = catalogue.recall(&ids).await?;
    leaves.extend(leaf.filter(|_| !is_start).map(|leaf| (leaf, recalled)));
    for (keyed, item) in ours {
        if let Some(begun) = keyed.as_ref().and_then(Keyed::begins) {
            all.push(Ok(Met::Leaf(leaf)));
            leaf = Some(begun);
        }
        // It begins its leaf all the same, so that its neighbours stay where they were.
        let is_in_use = item.version == Version::Current && in_use.contains(&item.name);
        let keyed = keyed.filter(|_| !is_in_use);
        let known = leaf.and_then(|leaf| leaves.get(&leaf));
        let entry = keyed.zip(known).and_then(|(keyed, known)| catalogue.known(keyed, known));
        all.push(Ok(Met::Item(Box::new(Listed { item, keyed, entry }))));
    }
    let Some(marker) = next else {
        all.push(Ok(Met::Leaf(leaf)));
        return Ok((all, None));
    };
    let recalled = leaf.and_then(|leaf| leaves.remove(&leaf)).unwrap_or_default();
    Ok((all, Some(At { source, marker: Some(marker), last, leaf, recalled })))
}
