//! A source, listed at several places at once: each stretch from a landmark to where the next one
//! began.
//!
//! Nothing here depends on what order the source has, only on that it lists in the same order from
//! wherever it is begun: a stretch ends at the first name that the listing of a later one has shown
//! on its first page, and so has listed whatever stands before that. A source that lists from its
//! start all the same shows that to the last stretch alone.

use std::collections::BTreeSet;
use std::future::ready;

use futures::future::{Either, join_all};
use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::sources::{Page, Walked};

const LISTING: &str = "listing a source at several places";

/// The stretches that are listed, in the order of the source.
pub struct Ranges {
    ranges: Vec<Range>,
}

/// Where a stretch begins, for who knows items leaf by leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At the start of the source.
    Head,
    /// At a name.
    Landmark,
    /// Where another walk stopped.
    Amid,
}

/// A stretch on its way.
struct Range {
    number: usize,
    begin: Begin,
    place: Place,
    /// The page at that place.
    held: Option<Page>,
    is_done: bool,
}

/// Where a stretch goes on. It holds names, and is shown to nobody.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Place {
    /// The landmark that it began at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    /// The marker of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    /// Names that later stretches begin with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    until: BTreeSet<String>,
}

/// Some pages of one stretch, with all forms of each of their names.
pub struct Pages {
    /// Of which stretch, counted in the order of the source.
    pub range: usize,
    /// Where that began.
    pub begin: Begin,
    /// How many.
    pub count: u64,
    /// In the order of the source.
    pub items: Vec<Item>,
    /// Names of those whose current form somebody has open.
    pub in_use: BTreeSet<String>,
    /// Whether the stretch ends with them.
    pub is_last: bool,
}

/// What comes next of all stretches.
pub struct Round {
    /// Of each stretch that is not at its end.
    pub pages: Vec<Pages>,
    /// Why nothing comes behind them, where that is not because all is listed.
    pub failure: Option<Failure>,
}

impl Ranges {
    /// A source from where another walk stopped, else from its start.
    pub fn new(from: Option<&str>) -> Self {
        let Some(from) = from else {
            return Self { ranges: vec![Range::at(0, Begin::Head, Place::default())] };
        };
        // What is none of ours was told by an earlier release: the marker of the source itself.
        let places = serde_json::from_str::<Vec<Place>>(from)
            .unwrap_or_else(|_| vec![Place { marker: Some(from.to_owned()), ..Place::default() }]);
        let at = |(number, place)| Range::at(number, Begin::Amid, place);
        Self { ranges: places.into_iter().enumerate().map(at).collect() }
    }

    /// Cuts a source that is at its start at these landmarks; `false` if the source is not known to
    /// list from a name.
    ///
    /// # Errors
    /// The source's failure.
    pub async fn cut(&mut self, source: &dyn Walked, at: &[String]) -> Result<bool, Failure> {
        let mut ranges = vec![Range::at(0, Begin::Head, Place::default())];
        ranges.extend(at.iter().zip(1..).map(|(first, number)| {
            let place = Place { first: Some(first.clone()), ..Place::default() };
            Range::at(number, Begin::Landmark, place)
        }));
        for opened in join_all(ranges.iter_mut().map(|range| range.open(source))).await {
            if !opened? {
                return Ok(false);
            }
        }
        let mut until = BTreeSet::new();
        for range in ranges.iter_mut().rev() {
            range.place.until.clone_from(&until);
            until.extend(range.held.iter().flat_map(signs));
        }
        self.ranges = ranges;
        Ok(true)
    }

    /// What comes next.
    pub async fn round(&mut self, source: &dyn Walked) -> Round {
        let taken = join_all(self.ranges.iter_mut().map(|range| range.take(source))).await;
        let (mut pages, mut failure) = (Vec::new(), None);
        for (of_range, failed) in taken {
            pages.push(of_range);
            failure = failed;
            if failure.is_some() {
                break;
            }
        }
        self.ranges.retain(|range| !range.is_done);
        Round { pages, failure }
    }

    /// Where another walk may go on, behind all that was given; `None` once all is listed.
    pub fn place(&self) -> Option<String> {
        let places: Vec<&Place> = self.ranges.iter().map(|range| &range.place).collect();
        let text = serde_json::to_string(&places).expect("names and markers are text");
        Some(text).filter(|_| !places.is_empty())
    }
}

impl Range {
    fn at(number: usize, begin: Begin, place: Place) -> Self {
        Self { number, begin, place, held: None, is_done: false }
    }

    /// Has the first page that shows anything; `false` if it is not to be had from a name.
    async fn open(&mut self, source: &dyn Walked) -> Result<bool, Failure> {
        loop {
            let place = &self.place;
            let listed = fetch(source, place.first.as_deref(), place.marker.as_deref()).await?;
            let Some(page) = listed else { return Ok(false) };
            if page.items.is_empty()
                && let Some(next) = page.next
            {
                self.place.marker = Some(next);
                continue;
            }
            self.held = Some(page);
            return Ok(true);
        }
    }

    /// Takes the next pages, up to where a name has no forms on the page behind; and why that page
    /// is not to be had.
    async fn take(&mut self, source: &dyn Walked) -> (Pages, Option<Failure>) {
        let Self { number: range, begin, .. } = *self;
        let mut pages = Pages {
            range,
            begin,
            count: 0,
            items: Vec::new(),
            in_use: BTreeSet::new(),
            is_last: false,
        };
        loop {
            let page = match self.next(source).await {
                Ok(page) => page,
                Err(failure) => return (pages, Some(failure)),
            };
            let is_clean = match (pages.items.last(), page.items.first()) {
                (Some(last), Some(first)) => last.name != first.name,
                _ => false,
            };
            if is_clean {
                self.held = Some(page);
                return (pages, None);
            }
            pages.count += 1;
            pages.items.extend(page.items);
            pages.in_use.extend(page.in_use);
            let Some(next) = page.next else {
                (self.is_done, pages.is_last) = (true, true);
                return (pages, None);
            };
            self.place.marker = Some(next);
        }
    }

    /// The page at the place where the stretch is, up to where a later one began.
    async fn next(&mut self, source: &dyn Walked) -> Result<Page, Failure> {
        let held = self.held.take();
        let place = &self.place;
        let listed = match held {
            Some(page) => Either::Left(ready(Ok(Some(page)))),
            None => Either::Right(fetch(source, place.first.as_deref(), place.marker.as_deref())),
        };
        let none = || Failure::transient(LISTING).because("it does so no more");
        let mut page = listed.await?.ok_or_else(none)?;
        let is_anothers = |item: &Item| place.until.contains(&item.name);
        if let Some(end) = page.items.iter().position(is_anothers) {
            page.items.truncate(end);
            page.next = None;
        }
        Ok(page)
    }
}

/// A page of the listing from a name, or from the start; `None` if the source is not known to list
/// from a name.
async fn fetch(
    source: &dyn Walked,
    first: Option<&str>,
    marker: Option<&str>,
) -> Result<Option<Page>, Failure> {
    match first {
        Some(first) => source.list_from(first, marker).await,
        None => source.list("", marker).await.map(Some),
    }
}

/// Names of the first page of a stretch, at which the one before it ends: the first, and others
/// ever farther behind, because all that stands side by side may be erased while it is walked.
fn signs(page: &Page) -> impl Iterator<Item = String> {
    let mut next = 0;
    let is_sign = move |(at, _): &(usize, &Item)| {
        let is_sign = *at == next;
        if is_sign {
            next = (2 * next).max(next + 1);
        }
        is_sign
    };
    page.items.iter().enumerate().filter(is_sign).map(|(_, item)| item.name.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::item::Version;
    use crate::domain::layout::Containers;
    use crate::ports::sources::{Erased, Finds, Followed, NewForm, Read, Rewritten, Source};

    /// What a source makes of a name that a listing is to begin at.
    #[derive(Clone, Copy, Debug)]
    enum Starts {
        At,
        Behind,
        FromTheStart,
        Nowhere,
    }

    /// Lists names by an order of its own: that of what they are when read from behind.
    struct Odd {
        /// Forms of each name, by what it is from behind.
        names: Mutex<BTreeMap<String, usize>>,
        page: usize,
        starts: Starts,
    }

    fn from_behind(name: &str) -> String {
        name.chars().rev().collect()
    }

    impl Odd {
        /// Forms on a page, behind those whose number the marker tells.
        fn forms(&self, first: &str, marker: Option<&str>) -> Page {
            let first = from_behind(first);
            let names = self.names.lock().unwrap();
            let (after, done) = marker.map_or((String::new(), 0), |marker| {
                let (name, done) = marker.rsplit_once(' ').unwrap();
                (name.to_owned(), done.parse().unwrap())
            });
            let forms = names.iter().filter(|(name, _)| match self.starts {
                Starts::At | Starts::Nowhere => **name >= first,
                Starts::Behind => **name > first || first.is_empty(),
                Starts::FromTheStart => true,
            });
            let forms = forms.flat_map(|(name, forms)| (0..*forms).map(move |form| (name, form)));
            let mut forms = forms.filter(|(name, form)| (*name, *form) >= (&after, done));
            let on_page: Vec<_> = forms.by_ref().take(self.page).collect();
            let next = forms.next().map(|(name, form)| format!("{name} {form}"));
            let item = |(name, _): &(&String, usize)| {
                Item::bare("odd", &from_behind(name), Version::Current)
            };
            Page { items: on_page.iter().map(item).collect(), next, ..Page::default() }
        }
    }

    #[async_trait]
    impl Source for Odd {
        fn name(&self) -> &'static str {
            "odd"
        }
        fn place(&self) -> String {
            String::new()
        }
        fn finds(&self) -> Finds<'_> {
            Finds::Walk(self)
        }
        async fn follow(&self, _: &Item, _: &str) -> Result<Followed, Failure> {
            unreachable!()
        }
        async fn unrecoverable_after(
            &self,
            _: &[String],
            _: Timestamp,
        ) -> Result<Option<Timestamp>, Failure> {
            unreachable!()
        }
        async fn ping(&self) -> Result<(), Failure> {
            Ok(())
        }
    }

    #[async_trait]
    impl Walked for Odd {
        async fn list(&self, _: &str, marker: Option<&str>) -> Result<Page, Failure> {
            Ok(self.forms("", marker))
        }
        async fn list_from(&self, first: &str, at: Option<&str>) -> Result<Option<Page>, Failure> {
            Ok(Some(self.forms(first, at)).filter(|_| !matches!(self.starts, Starts::Nowhere)))
        }
        async fn containers(&self) -> Result<Containers, Failure> {
            unreachable!()
        }
        async fn read(&self, _: &Item) -> Result<Read, Failure> {
            unreachable!()
        }
        async fn erase(&self, _: &Item) -> Result<Erased, Failure> {
            unreachable!()
        }
        async fn rewrite(&self, _: &Item, _: NewForm) -> Result<Rewritten, Failure> {
            unreachable!()
        }
        async fn erase_replaced(&self, _: &Item) -> Result<Erased, Failure> {
            unreachable!()
        }
        async fn remains(&self, _: &str) -> Result<Vec<Item>, Failure> {
            unreachable!()
        }
    }

    /// All names that a walk meets, form by form, which is stopped and gone on with after each of
    /// these rounds, before which these names are deleted.
    async fn walked(
        source: &Odd,
        at: &[String],
        stops: &[usize],
        deleted: &[(usize, String)],
    ) -> Vec<String> {
        let (mut ranges, mut met) = (Ranges::new(None), Vec::new());
        let is_cut = ranges.cut(source, at).await.unwrap();
        assert_eq!(is_cut, at.is_empty() || !matches!(source.starts, Starts::Nowhere));
        for round in 0.. {
            for (_, name) in deleted.iter().filter(|(at, _)| *at == round) {
                source.names.lock().unwrap().remove(&from_behind(name));
            }
            let Round { pages, failure } = ranges.round(source).await;
            assert!(failure.is_none());
            for pages in pages {
                let names: Vec<String> = pages.items.into_iter().map(|item| item.name).collect();
                if let Some(last) = names.last() {
                    let seen = met.iter().filter(|name| *name == last).count();
                    assert!(!deleted.is_empty() || seen == 0, "{last} in two turns");
                }
                met.extend(names);
            }
            let Some(place) = ranges.place() else { break };
            if stops.contains(&round) {
                ranges = Ranges::new(Some(&place));
            }
        }
        met
    }

    proptest! {
        /// Whatever stood through a walk is met, wherever that is cut or broken off, and once where
        /// nothing was deleted meanwhile.
        #[test]
        fn what_stands_through_a_walk_is_met(
            names in prop::collection::btree_map("[ab]{1,6}", 1_usize..4, 0..120),
            at in prop::collection::btree_set("[ab]{1,6}", 0..6),
            page in 1_usize..9,
            stops in prop::collection::vec(0_usize..9, 0..3),
            deleted in prop::collection::vec((0_usize..5, "[ab]{1,6}"), 0..9),
            starts in prop::sample::select(vec![
                Starts::At, Starts::Behind, Starts::FromTheStart, Starts::Nowhere,
            ]),
        ) {
            let names = names.iter().map(|(name, forms)| (from_behind(name), *forms)).collect();
            let source = Odd { names: Mutex::new(names), page, starts };
            let mut at: Vec<String> = at.into_iter().collect();
            at.sort_by_key(|name| from_behind(name));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let met = runtime.block_on(walked(&source, &at, &stops, &deleted));
            for (name, forms) in source.names.into_inner().unwrap() {
                let times = met.iter().filter(|met| **met == from_behind(&name)).count();
                prop_assert!(times >= forms, "{name}: {times} of {forms}");
                prop_assert!(!deleted.is_empty() || times == forms, "{name}: {times} of {forms}");
            }
        }
    }
}
