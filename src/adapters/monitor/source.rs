//! Telemetry as a source: asked by identity, exported as rows, erased by purges.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::FutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::adapters::azure::wire::lately::Lately;
use crate::adapters::monitor::look::people::Asking;
use crate::adapters::monitor::look::rows::{self, Place};
use crate::adapters::monitor::look::told::Told;
use crate::adapters::monitor::query::call::shut;
use crate::adapters::monitor::query::candidates::Candidate;
use crate::adapters::monitor::stores::found::{self, Stores};
use crate::adapters::monitor::stores::store::Store;
use crate::adapters::monitor::tables::names::Spot;
use crate::adapters::monitor::tables::table::Table;
use crate::adapters::monitor::wire::way::Way;
use crate::adapters::monitor::{places, purge, rights};
use crate::config::settings::{Of, Telemetry};
use crate::domain::asked::subject::Subject;
use crate::domain::coverage::place::Known;
use crate::domain::coverage::unanswered::Unanswered;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::sources::{Answers, Asked, Budget, Erased, Finds, Followed, Lack, Read, Source};

/// How long what was found is taken for true: a sweep.
const KNOWN_TIME: Duration = Duration::from_secs(60);
/// Tables asked at a time; the pace of queries decides how many of them.
const TABLES_AT_A_TIME: usize = 4;

/// The source.
pub struct TelemetrySource {
    name: String,
    of: Of,
    way: Arc<Way>,
    found: Lately<Stores>,
    /// Ids of stores, by their names here.
    ids: Mutex<BTreeMap<String, String>>,
}

impl TelemetrySource {
    /// The telemetry under its configured name. Asks nobody yet.
    ///
    /// # Errors
    /// Where its identity cannot be prepared.
    pub fn open(telemetry: &Telemetry) -> Result<Self, Failure> {
        Ok(Self::within(telemetry, Way::open(telemetry)?))
    }

    /// Telemetry to which the way is known.
    pub fn within(telemetry: &Telemetry, way: Way) -> Self {
        Self {
            name: telemetry.name.clone(),
            of: telemetry.of.clone(),
            way: Arc::new(way),
            found: Lately::of(KNOWN_TIME),
            ids: Mutex::default(),
        }
    }

    /// The stores, as they were lately. One that was known keeps what is known of its tables.
    async fn stores(&self) -> Result<Arc<Stores>, Failure> {
        let learn = async |before: Option<Arc<Stores>>| {
            let mut found = found::stores(&self.way, &self.of).await?;
            let known = before.as_ref().map_or(&[][..], |stores| &stores.each);
            let again = |store: Store| {
                let known = known.iter().find(|known| known.is_same(&store));
                known.map_or_else(|| Arc::new(store), Arc::clone)
            };
            let each: Vec<Arc<Store>> = found.stores.drain(..).map(again).collect();
            let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
            for store in &each {
                ids.insert(store.name.clone(), store.id.to_lowercase());
            }
            Ok(Stores { each, found })
        };
        self.found.get(learn).await
    }

    /// Where an item's rows are; `None` where there are none any more.
    async fn place_of(&self, item: &Item) -> Result<Option<Place>, Failure> {
        let Some(spot) = Spot::of(&item.name) else { return Ok(None) };
        let stores = self.stores().await?;
        let store = store_of(&stores, &spot)?;
        let tables = store.tables(&self.way).await?;
        let is_it = |(table, _): &&(String, String)| table.is_empty() || *table == spot.table;
        if let Some((_, why)) = tables.unread.iter().find(is_it) {
            let failure = Failure::needs_person("looking for rows: their table cannot be asked");
            return Err(failure.because(why.clone()));
        }
        let table = tables.tables.iter().find(|table| table.name == spot.table);
        let (way, store) = (Arc::clone(&self.way), Arc::clone(store));
        Ok(table.map(|table| Place { way, store, table: table.clone(), spot }))
    }

    /// Asks one store.
    async fn ask_store(
        &self,
        store: &Store,
        people: &[(usize, Candidate)],
        within: Option<&Spot>,
    ) -> Result<Told, Failure> {
        let known = store.tables(&self.way).await?;
        let mut told = Told::default();
        // What is told of no table in particular is told of all of them.
        let is_meant =
            |table: &str| table.is_empty() || within.is_none_or(|spot| spot.table == table);
        for (table, why) in known.unread.iter().filter(|(table, _)| is_meant(table)) {
            let table = Some(table.as_str()).filter(|table| !table.is_empty());
            told.unread(&store.name, table, None, why);
        }
        let tables: Vec<&Table> = known.tables.iter().filter(|it| is_meant(&it.name)).collect();
        if within.is_none() {
            for table in &known.kept_longer {
                told.unread(&store.name, Some(table), None, Unanswered::LongTermRetention.word());
            }
        }
        let each = tables.into_iter();
        let each = each.map(|table| self.ask_table(store, table, people, within).boxed());
        let each: Vec<_> = each.collect();
        let each = stream::iter(each).buffered(TABLES_AT_A_TIME).try_collect::<Vec<Told>>().await;
        match (each, store.is_found) {
            (Err(failure), true) => {
                let why = shut(&failure).ok_or(failure)?;
                told.unread(&store.name, None, None, why.word());
            }
            (each, _) => each?.into_iter().for_each(|one| told.join(one)),
        }
        Ok(told)
    }

    async fn ask_table(
        &self,
        store: &Store,
        table: &Table,
        people: &[(usize, Candidate)],
        within: Option<&Spot>,
    ) -> Result<Told, Failure> {
        let columns = table.columns.iter();
        let columns = columns.filter(|it| within.is_none_or(|spot| spot.column == it.name));
        Asking { way: &self.way, store, table }.people(people, columns.collect()).await
    }
}

/// The store of rows that were seen before. That it is not found does not say that they are gone: a
/// setting, a link, a right or a name may have changed.
fn store_of<'a>(stores: &'a Stores, spot: &Spot) -> Result<&'a Arc<Store>, Failure> {
    let store = stores.each.iter().find(|store| store.name == spot.store);
    store.ok_or_else(|| {
        let doing = "looking for rows: their store is not found again";
        let told = stores.found.unread.iter().find(|(name, _)| *name == spot.store);
        let failure = Failure::needs_person(doing);
        match told {
            Some((_, why)) => failure.because(why.clone()),
            None => failure,
        }
    })
}

#[async_trait]
impl Source for TelemetrySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        self.way.place(self.of.id())
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Ask(self)
    }

    async fn follow(&self, _: &Item, handle: &str) -> Result<Followed, Failure> {
        purge::follow(&self.way, handle).await
    }

    /// What is purged can be had back by nobody; it is gone when no query shows it.
    async fn unrecoverable_after(
        &self,
        _: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        Ok(Some(erased_at))
    }

    async fn ping(&self) -> Result<(), Failure> {
        for store in &self.stores().await?.each {
            store.tables(&self.way).await?;
        }
        Ok(())
    }

    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        rights::lacks(&self.way, &self.of, &*self.stores().await?).await
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        places::places(&self.way, &self.of, &*self.stores().await?).await
    }
}

#[async_trait]
impl Asked for TelemetrySource {
    async fn ask(&self, people: &[&Subject], within: Option<&Item>) -> Result<Answers, Failure> {
        let candidates = people.iter().map(|person| Candidate::of(person)).enumerate();
        let candidates: Vec<(usize, Candidate)> =
            candidates.filter(|(_, candidate)| !candidate.is_empty()).collect();
        let spot = within.map(|item| Spot::of(&item.name));
        // What stands for a whole table or store has no rows of its own.
        let Some(spot) = spot.as_ref().map_or(Some(None), |spot| spot.as_ref().map(Some)) else {
            return Ok(Answers::default());
        };
        let stores = self.stores().await?;
        let mut told = Told::default();
        if let Some(spot) = spot {
            told.join(self.ask_store(store_of(&stores, spot)?, &candidates, Some(spot)).await?);
            return Ok(told.finish(&self.name, Some(spot)));
        }
        for (store, why) in &stores.found.unread {
            told.unread(store, None, None, why);
        }
        for store in &stores.each {
            told.join(self.ask_store(store, &candidates, None).await?);
        }
        Ok(told.finish(&self.name, None))
    }

    async fn rows(&self, item: &Item, values: &[String]) -> Result<Read, Failure> {
        match self.place_of(item).await? {
            Some(place) => rows::read(place, values).await,
            None => Ok(Read::Absent),
        }
    }

    async fn erase_rows(&self, item: &Item, values: &[String]) -> Result<Erased, Failure> {
        match self.place_of(item).await? {
            Some(place) if !values.is_empty() => purge::erase(&place, values).await,
            _ => Ok(Erased::AlreadyAbsent),
        }
    }

    async fn settled(&self, item: &Item, values: &[String]) -> Result<Option<Erased>, Failure> {
        match self.place_of(item).await? {
            Some(place) => purge::settled(&place, values).await,
            None => Ok(Some(Erased::AlreadyAbsent)),
        }
    }

    /// That of the store, whichever sources ask of it.
    fn budget(&self, item: &Item) -> Option<Budget> {
        let store = item.name.split('/').next().unwrap_or_default();
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let own = format!("{}/{store}", self.name);
        let name = ids.get(store).unwrap_or(&own);
        Some(Budget { name: format!("purge {name}"), per_hour: purge::PER_HOUR })
    }

    fn values_max(&self) -> usize {
        purge::VALUES_MAX
    }

    fn values_bytes_max(&self) -> usize {
        purge::VALUES_BYTES_MAX
    }
}
