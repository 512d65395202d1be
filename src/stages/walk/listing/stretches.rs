//! A source, listed at several places at once: each stretch from a landmark to where the next one
//! began.
//!
//! Nothing here depends on what order the source has, only on that it lists in the same order from
//! wherever it is begun: a stretch ends at the first name that the listing of a later one has shown
//! on its first page, and so has listed whatever stands before that.

use std::collections::{BTreeSet, VecDeque};

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::sources::{Page, Walked};

const LISTING: &str = "listing a source at several places";

/// The stretches that are listed, in the order of the source.
pub struct Stretches {
    stretches: Vec<Stretch>,
    /// Index of the one whose turn it is.
    turn: usize,
    /// Whether the forms of the last name that was given may go on: then that one's turn lasts.
    is_amid_a_name: bool,
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
struct Stretch {
    number: usize,
    begin: Begin,
    spot: Spot,
    /// The pages from there on that were listed already.
    held: VecDeque<Page>,
    /// The last name that was given.
    last: Option<String>,
    is_done: bool,
}

/// Where a stretch goes on. It holds names, and is shown to nobody.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Spot {
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

/// A page of one stretch.
pub struct Turn {
    /// Where another walk may go on, behind all that was given before; `None` where nothing was, or
    /// where the forms of the last name go on here.
    pub place: Option<String>,
    /// Of which stretch, counted in the order of the source.
    pub stretch: usize,
    /// Where that began.
    pub begin: Begin,
    /// In the order of the source.
    pub items: Vec<Item>,
    /// Names of those whose current form somebody has open.
    pub in_use: BTreeSet<String>,
    /// Whether the stretch ends with it.
    pub is_last: bool,
}

impl Stretches {
    /// A source from where another walk stopped, else from its start.
    ///
    /// # Errors
    /// That is no place.
    pub fn new(from: Option<&str>) -> Result<Self, Failure> {
        let stretches = match from {
            None => vec![Stretch::at(0, Begin::Head, Spot::default())],
            Some(from) => {
                // Why it is none may quote it, and it holds names.
                let none = |_| Failure::permanent("going on where another walk stopped: no place");
                let spots: Vec<Spot> = serde_json::from_str(from).map_err(none)?;
                let at = |(number, spot)| Stretch::at(number, Begin::Amid, spot);
                spots.into_iter().enumerate().map(at).collect()
            }
        };
        Ok(Self { stretches, turn: 0, is_amid_a_name: false })
    }

    /// Cuts a source that is at its start at these landmarks; `false` if the source is not known to
    /// list from a name.
    ///
    /// # Errors
    /// The source's failure.
    pub async fn cut(&mut self, source: &dyn Walked, at: &[String]) -> Result<bool, Failure> {
        let mut stretches = vec![Stretch::at(0, Begin::Head, Spot::default())];
        stretches.extend(at.iter().zip(1..).map(|(first, number)| {
            let spot = Spot { first: Some(first.clone()), ..Spot::default() };
            Stretch::at(number, Begin::Landmark, spot)
        }));
        let opened = try_join_all(stretches.iter_mut().map(|one| one.open(source))).await?;
        let mut starts = stretches.iter().map(Stretch::start);
        let head = starts.next().flatten();
        // Some that do not know how to begin at a name begin at the start.
        if opened.contains(&false) || head.is_some() && starts.any(|start| start == head) {
            return Ok(false);
        }
        let mut until = BTreeSet::new();
        for stretch in stretches.iter_mut().rev() {
            stretch.spot.until.clone_from(&until);
            until.extend(stretch.held.iter().flat_map(signs));
        }
        self.stretches = stretches;
        Ok(true)
    }

    /// The next page; `None` once all is listed. Each stretch has its turn, and the pages of one
    /// turn are asked for at once; who lists at one place alone is shown a page before the next is
    /// asked for.
    ///
    /// # Errors
    /// The source's failure.
    pub async fn next(&mut self, source: &dyn Walked) -> Result<Option<Turn>, Failure> {
        if self.turn >= self.stretches.len() {
            self.stretches.retain(|stretch| !stretch.is_done);
            self.turn = 0;
        }
        // One to give, and where there are others one to tell whether they may have their turn.
        let pages = if self.stretches.len() > 1 { 2 } else { 1 };
        if self.is_amid_a_name {
            self.stretches[self.turn].fill(source, pages).await?;
        } else if self.turn == 0 {
            try_join_all(self.stretches.iter_mut().map(|one| one.fill(source, pages))).await?;
        }
        let place = self.place();
        let Some(stretch) = self.stretches.get_mut(self.turn) else { return Ok(None) };
        let is_begun = stretch.last.is_some() || self.turn > 0;
        let Some((page, goes_on)) = stretch.give() else { return Ok(None) };
        let turn = Turn {
            place: place.filter(|_| is_begun && !goes_on),
            stretch: stretch.number,
            begin: stretch.begin,
            items: page.items,
            in_use: page.in_use,
            is_last: stretch.is_done,
        };
        self.is_amid_a_name = pages > 1 && !stretch.is_done && stretch.may_go_on();
        if !self.is_amid_a_name {
            self.turn += 1;
        }
        Ok(Some(turn))
    }

    /// Where another walk may go on, behind all that was given.
    fn place(&self) -> Option<String> {
        let left = self.stretches.iter().filter(|stretch| !stretch.is_done);
        let spots: Vec<&Spot> = left.map(|stretch| &stretch.spot).collect();
        let text = serde_json::to_string(&spots).expect("names and markers are text");
        Some(text).filter(|_| !spots.is_empty())
    }
}

impl Stretch {
    fn at(number: usize, begin: Begin, spot: Spot) -> Self {
        Self { number, begin, spot, held: VecDeque::new(), last: None, is_done: false }
    }

    /// Has the first page that shows anything; `false` if it is not to be had from a name.
    async fn open(&mut self, source: &dyn Walked) -> Result<bool, Failure> {
        loop {
            let Some(page) = self.spot.page(source, None).await? else { return Ok(false) };
            match (page.items.is_empty(), page.next) {
                (true, Some(next)) => self.spot.marker = Some(next),
                (_, next) => {
                    self.held.push_back(Page { next, ..page });
                    return Ok(true);
                }
            }
        }
    }

    /// The name that it begins with.
    fn start(&self) -> Option<&str> {
        self.held.front()?.items.first().map(|item| item.name.as_str())
    }

    /// Has so many pages at hand, if there are as many.
    async fn fill(&mut self, source: &dyn Walked, pages: usize) -> Result<(), Failure> {
        while !self.is_done && self.held.len() < pages {
            let behind = self.held.back().map(|page| self.spot.end(page));
            let Some(next) = behind.map_or(Some(None), |(_, next)| next.map(Some)) else { break };
            let page = self.spot.page(source, next.as_deref()).await?;
            self.held.push_back(page.ok_or_else(|| {
                let text = "it begins at no name any more";
                // Whoever goes on there has to begin anew; whoever began there may try again.
                match self.begin {
                    Begin::Amid => Failure::permanent(LISTING).because(text),
                    Begin::Head | Begin::Landmark => Failure::transient(LISTING).because(text),
                }
            })?);
        }
        Ok(())
    }

    /// Gives the next page, up to where a later stretch began; and whether the name that was given
    /// last goes on with it.
    fn give(&mut self) -> Option<(Page, bool)> {
        let mut page = self.held.pop_front()?;
        let (end, next) = self.spot.end(&page);
        page.items.truncate(end);
        let first = page.items.first().map(|item| &item.name);
        let goes_on =
            self.last.is_some() && first.is_none_or(|first| self.last.as_ref() == Some(first));
        if let Some(last) = page.items.last() {
            self.last = Some(last.name.clone());
        }
        self.is_done = next.is_none();
        self.spot.marker = next;
        Some((page, goes_on))
    }

    /// Whether the page at hand may show more of the name that was given last.
    fn may_go_on(&self) -> bool {
        let Some(page) = self.held.front() else { return true };
        match (page.items.first(), &self.last) {
            (Some(first), Some(last)) => first.name == *last,
            (first, _) => first.is_none(),
        }
    }
}

impl Spot {
    /// A page from there on, or that of a marker behind it; `None` if the source is not known to
    /// list from a name.
    async fn page(
        &self,
        source: &dyn Walked,
        behind: Option<&str>,
    ) -> Result<Option<Page>, Failure> {
        let marker = behind.or(self.marker.as_deref());
        let page = match &self.first {
            Some(first) => source.list_from(first, marker).await?,
            None => source.list("", marker).await.map(Some)?,
        };
        match page {
            Some(page) if marker.is_some() && page.next.as_deref() == marker => {
                Err(Failure::transient(LISTING).because("a page is followed by itself"))
            }
            page => Ok(page),
        }
    }

    /// How many items of a page are before a later stretch, and where the next page is.
    fn end(&self, page: &Page) -> (usize, Option<String>) {
        match page.items.iter().position(|item| self.until.contains(&item.name)) {
            Some(end) => (end, None),
            None => (page.items.len(), page.next.clone()),
        }
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

    /// All names that a walk meets, form by form, which is stopped at these of its pages and gone
    /// on with where it last could be; before these pages these names are deleted.
    async fn walked(
        source: &Odd,
        at: &[String],
        stops: &[usize],
        deleted: &[(usize, String)],
    ) -> Vec<String> {
        let (mut stretches, mut met) = (Stretches::new(None).unwrap(), Vec::new());
        stretches.cut(source, at).await.unwrap();
        let (mut noted, mut kept) = (None, 0);
        for page in 0.. {
            for (_, name) in deleted.iter().filter(|(at, _)| *at == page) {
                source.names.lock().unwrap().remove(&from_behind(name));
            }
            if stops.contains(&page) {
                met.truncate(kept);
                stretches = Stretches::new(noted.as_deref()).unwrap();
            }
            let Some(turn) = stretches.next(source).await.unwrap() else { break };
            if let Some(place) = turn.place {
                (noted, kept) = (Some(place), met.len());
            }
            met.extend(turn.items.into_iter().map(|item| item.name));
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
            stops in prop::collection::vec(0_usize..40, 0..4),
            deleted in prop::collection::vec((0_usize..20, "[ab]{1,6}"), 0..9),
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
            let mut names = met.clone();
            names.dedup();
            let turns = names.len();
            names.sort();
            names.dedup();
            prop_assert!(!deleted.is_empty() || turns == names.len(), "a name has two turns");
            for (name, forms) in source.names.into_inner().unwrap() {
                let times = met.iter().filter(|met| **met == from_behind(&name)).count();
                prop_assert!(times >= forms, "{name}: {times} of {forms}");
                prop_assert!(!deleted.is_empty() || times == forms, "{name}: {times} of {forms}");
            }
        }
    }
}
