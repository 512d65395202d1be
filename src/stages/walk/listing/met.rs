//! What a walk meets: the items page by page, with what is known of each; or what an asked source
//! holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
use crate::ports::sources::{Asked, Finds, Source, Walked};
use crate::ports::tasks::Part;
use crate::stages::walk::ask::{Asking, ask};
use crate::stages::walk::catalogue::{Catalogue, Entry, HEAD, Keyed, Recalled};
use crate::stages::walk::listing::landmarks::{Landmarks, Ruler};
use crate::stages::walk::listing::ranges::{Begin, Pages, Ranges, Round};
use crate::stages::walk::look::Look;

/// What a walk meets next.
pub enum Met {
    /// An item as it is listed.
    Item(Box<Listed>),
    /// What an asked source holds about somebody.
    Sighted(Box<Look>),
    /// Another walk may go on from this place; no name before it has forms behind it.
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
    /// The leaf of the catalogue that it stands in; `None` where nobody knows which that is.
    pub leaf: Option<u64>,
}

/// By what the listing of a source is shown.
pub struct Shown {
    /// How a source is asked that nobody can list.
    pub asking: Asking,
    /// What is known of the items.
    pub catalogue: Option<Arc<Catalogue>>,
    /// Where listings may be begun, and where it is kept what this one learns of that.
    pub landmarks: Option<Arc<Landmarks>>,
}

/// All that a walk of a source meets, but for other parts; a listing that fails ends with its
/// failure.
pub fn listing(
    source: Arc<dyn Source>,
    by: Shown,
    from: Option<String>,
) -> impl Stream<Item = Result<Met, Failure>> {
    let round = |way: Option<Way>| async move {
        let mut way = way?;
        let source = Arc::clone(&way.source);
        match source.finds() {
            Finds::Ask(asked) => Some((sighted(asked, &way.by.asking).await, None)),
            Finds::Walk(walked) => {
                let met = way.round(walked).await;
                let goes_on = met.last().is_some_and(|met| matches!(met, Ok(Met::Page(_))));
                Some((met, Some(way).filter(|_| goes_on)))
            }
        }
    };
    stream::unfold(Some(Way::new(source, by, from.as_deref())), round).flat_map(stream::iter)
}

/// What an asked source holds.
async fn sighted(source: &dyn Asked, asking: &Asking) -> Vec<Result<Met, Failure>> {
    match ask(source, asking).await {
        Ok(looks) => looks.into_iter().map(|look| Ok(Met::Sighted(Box::new(look)))).collect(),
        Err(failure) => vec![Err(failure)],
    }
}

/// A listing on its way.
struct Way {
    source: Arc<dyn Source>,
    by: Shown,
    part: Part,
    ranges: Ranges,
    /// Of each stretch the leaf that goes on on its next page.
    open: BTreeMap<usize, Open>,
    /// Measures it, where it sees all of the source and that is of use.
    ruler: Option<Ruler>,
    /// Whether it may still be cut.
    is_whole: bool,
}

/// A leaf of which not all items were met.
struct Open {
    /// Which; `None` where nobody knows.
    leaf: Option<u64>,
    /// What is known of its items.
    recalled: Recalled,
}

impl Way {
    fn new(source: Arc<dyn Source>, by: Shown, from: Option<&str>) -> Self {
        let is_whole = from.is_none() && by.landmarks.is_some();
        let (part, ranges) = (by.asking.part, Ranges::new(from));
        let ruler = is_whole.then(Ruler::default);
        Self { source, by, part, ranges, open: BTreeMap::new(), ruler, is_whole }
    }

    /// What is met next, of all stretches.
    async fn round(&mut self, source: &dyn Walked) -> Vec<Result<Met, Failure>> {
        let mut all = Vec::new();
        let ended = self.fill(source, &mut all).await;
        if let Err(failure) = ended {
            all.push(Err(failure.of_source(self.source.name())));
        } else if let Some(place) = self.ranges.place() {
            all.push(Ok(Met::Page(place)));
        } else if let (Some(ruler), Some(landmarks)) = (&self.ruler, &self.by.landmarks) {
            landmarks.keep(self.source.name(), self.part, ruler.landmarks());
        }
        all
    }

    async fn fill(
        &mut self,
        source: &dyn Walked,
        all: &mut Vec<Result<Met, Failure>>,
    ) -> Result<(), Failure> {
        if std::mem::take(&mut self.is_whole) {
            self.cut(source).await?;
        }
        let Round { pages, failure } = self.ranges.round(source).await;
        for pages in pages {
            self.meet(pages, all).await?;
        }
        failure.map_or(Ok(()), Err)
    }

    /// Cuts the listing where an earlier walk said, if the source can be begun there.
    async fn cut(&mut self, source: &dyn Walked) -> Result<(), Failure> {
        let Some(landmarks) = &self.by.landmarks else { return Ok(()) };
        let at = landmarks.of(self.source.name(), self.part);
        if !at.is_empty() && !self.ranges.cut(source, &at).await? {
            landmarks.keep(self.source.name(), self.part, Vec::new());
            self.ruler = None;
        }
        Ok(())
    }

    /// Puts what is known to the items of some pages.
    async fn meet(
        &mut self,
        pages: Pages,
        all: &mut Vec<Result<Met, Failure>>,
    ) -> Result<(), Failure> {
        let Pages { range, begin, count, items, in_use, is_last } = pages;
        if let Some(ruler) = &mut self.ruler {
            ruler.turn(range, count);
        }
        let catalogue = self.by.catalogue.clone();
        let mut ours = Vec::new();
        for item in items {
            let is_ours = self.part.holds(&item.name);
            let keyed = catalogue.as_ref().filter(|_| is_ours).and_then(|known| known.keyed(&item));
            let begins = keyed.as_ref().and_then(Keyed::begins);
            if let Some(ruler) = &mut self.ruler {
                ruler.pass(range, &item.name, begins.is_some() || catalogue.is_none());
            }
            ours.extend(is_ours.then_some((keyed, begins, item)));
        }
        let Some(catalogue) = catalogue else {
            let listed = |item| Listed { item, keyed: None, entry: None, leaf: None };
            all.extend(ours.into_iter().map(|(_, _, item)| Ok(Met::Item(Box::new(listed(item))))));
            return Ok(());
        };
        let carried = self.open.remove(&range);
        let is_start = carried.is_none() && begin == Begin::Head;
        let begun = ours.iter().filter_map(|(_, begins, _)| *begins);
        let ids: Vec<u64> = begun.chain(is_start.then_some(HEAD)).collect();
        let mut leaves = catalogue.recall(&ids).await?;
        // The leaf that the items stand in; none before the first of a stretch that begins one.
        let mut open = is_start.then_some(Some(HEAD));
        if let Some(Open { leaf, recalled }) = carried {
            open = Some(leaf);
            leaves.extend(leaf.map(|leaf| (leaf, recalled)));
        }
        for (keyed, begins, item) in ours {
            if begins.is_some() {
                all.extend(open.replace(begins).map(|ended| Ok(Met::Leaf(ended))));
            }
            let leaf = *open.get_or_insert(None);
            // It begins its leaf all the same, so that its neighbours stay where they were.
            let is_in_use = item.version == Version::Current && in_use.contains(&item.name);
            let keyed = keyed.filter(|_| !is_in_use);
            let known = leaf.and_then(|leaf| leaves.get(&leaf));
            let entry = keyed.zip(known).and_then(|(keyed, known)| catalogue.known(keyed, known));
            all.push(Ok(Met::Item(Box::new(Listed { item, keyed, entry, leaf }))));
        }
        match open {
            Some(leaf) if is_last => all.push(Ok(Met::Leaf(leaf))),
            Some(leaf) => {
                let recalled = leaf.and_then(|leaf| leaves.remove(&leaf)).unwrap_or_default();
                self.open.insert(range, Open { leaf, recalled });
            }
            None => {}
        }
        Ok(())
    }
}
