//! What a walk meets: the items page by page, with what is known of each; or what an asked source
//! holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
use crate::ports::sources::{Asked, Finds, Source, Walked};
use crate::stages::walk::ask::{Asking, ask};
use crate::stages::walk::catalogue::{Catalogue, Entry, HEAD, Keyed, Recalled};
use crate::stages::walk::listing::landmarks::{Landmarks, Ruler};
use crate::stages::walk::listing::stretches::{Begin, Stretches, Turn};
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
    let page = |way: Option<Way>| async move {
        let mut way = way?;
        let source = Arc::clone(&way.source);
        let (met, goes_on) = match source.finds() {
            Finds::Ask(asked) => (sighted(asked, &way.by.asking).await, false),
            Finds::Walk(walked) => match way.next(walked).await {
                Ok(Some(met)) => (met, true),
                Ok(None) => return None,
                Err(failure) => (vec![Err(failure.of_source(source.name()))], false),
            },
        };
        Some((met, Some(way).filter(|_| goes_on)))
    };
    stream::unfold(Some(Way::new(source, by, from)), page).flat_map(stream::iter)
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
    from: Option<String>,
    /// `None` before it is begun.
    stretches: Option<Stretches>,
    /// Of each stretch the leaf that goes on on its next page.
    carried: BTreeMap<usize, Carried>,
    /// Measures it, where it sees all of the source and that is of use.
    ruler: Option<Ruler>,
}

/// A leaf of which not all items were met.
struct Carried {
    /// Which; `None` where nobody knows.
    leaf: Option<u64>,
    /// What is known of its items.
    recalled: Recalled,
}

impl Way {
    fn new(source: Arc<dyn Source>, by: Shown, from: Option<String>) -> Self {
        let ruler = (from.is_none() && by.landmarks.is_some()).then(Ruler::default);
        Self { source, by, from, stretches: None, carried: BTreeMap::new(), ruler }
    }

    /// What is met on the next page; `None` at the end.
    async fn next(
        &mut self,
        source: &dyn Walked,
    ) -> Result<Option<Vec<Result<Met, Failure>>>, Failure> {
        let mut stretches = match self.stretches.take() {
            Some(stretches) => stretches,
            None => self.begin(source).await?,
        };
        let Some(turn) = stretches.next(source).await? else {
            if let (Some(ruler), Some(landmarks)) = (&self.ruler, &self.by.landmarks) {
                landmarks.keep(self.source.name(), self.by.asking.part, ruler.landmarks());
            }
            return Ok(None);
        };
        self.stretches = Some(stretches);
        self.meet(turn).await.map(Some)
    }

    /// Begins where it is to go on; or at the start, and where an earlier walk said, if the source
    /// can be begun there.
    async fn begin(&mut self, source: &dyn Walked) -> Result<Stretches, Failure> {
        let mut stretches = Stretches::new(self.from.as_deref())?;
        if let (Some(landmarks), Some(_)) = (&self.by.landmarks, &self.ruler) {
            let at = landmarks.of(self.source.name(), self.by.asking.part);
            if !at.is_empty() && !stretches.cut(source, &at).await? {
                landmarks.keep(self.source.name(), self.by.asking.part, Vec::new());
                self.ruler = None;
            }
        }
        Ok(stretches)
    }

    /// Puts what is known to the items of a page.
    async fn meet(&mut self, turn: Turn) -> Result<Vec<Result<Met, Failure>>, Failure> {
        let Turn { place, stretch, begin, items, in_use, is_last } = turn;
        let mut all: Vec<_> = place.map(|place| Ok(Met::Page(place))).into_iter().collect();
        let ours = self.ours(stretch, items);
        let Some(catalogue) = self.by.catalogue.clone() else {
            let listed = |item| Listed { item, keyed: None, entry: None, leaf: None };
            all.extend(ours.into_iter().map(|(_, item)| Ok(Met::Item(Box::new(listed(item))))));
            return Ok(all);
        };
        let carried = self.carried.remove(&stretch);
        let is_start = carried.is_none() && begin == Begin::Head;
        let begins = |keyed: &Option<Keyed>| keyed.as_ref().and_then(Keyed::begins);
        let begun = ours.iter().filter_map(|(keyed, _)| begins(keyed));
        let ids: Vec<u64> = begun.chain(is_start.then_some(HEAD)).collect();
        let mut leaves = catalogue.recall(&ids).await?;
        // The leaf that the items stand in; none before the first of a stretch that begins one.
        let mut open = match begin {
            Begin::Head => Some(Some(HEAD)),
            Begin::Amid => Some(None),
            Begin::Landmark => None,
        };
        if let Some(Carried { leaf, recalled }) = carried {
            open = Some(leaf);
            leaves.extend(leaf.map(|leaf| (leaf, recalled)));
        }
        for (keyed, item) in ours {
            if let Some(begun) = begins(&keyed) {
                all.extend(open.replace(Some(begun)).map(|ended| Ok(Met::Leaf(ended))));
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
                self.carried.insert(stretch, Carried { leaf, recalled });
            }
            None => {}
        }
        Ok(all)
    }

    /// Those of a page that are of this part, each with what the catalogue knows it by. All are
    /// measured.
    fn ours(&mut self, stretch: usize, items: Vec<Item>) -> Vec<(Option<Keyed>, Item)> {
        let catalogue = self.by.catalogue.as_ref();
        if let Some(ruler) = &mut self.ruler {
            ruler.turn(stretch);
        }
        let mut ours = Vec::with_capacity(items.len());
        for item in items {
            let is_ours = self.by.asking.part.holds(&item.name);
            let keyed = catalogue.filter(|_| is_ours).and_then(|known| known.keyed(&item));
            if let Some(ruler) = &mut self.ruler {
                let begins = keyed.as_ref().and_then(Keyed::begins);
                ruler.pass(stretch, &item, begins.is_some() || catalogue.is_none());
            }
            ours.extend(is_ours.then_some((keyed, item)));
        }
        ours
    }
}
