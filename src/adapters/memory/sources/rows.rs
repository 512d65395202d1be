//! A source in memory that is asked by identity, as telemetry is: tables of rows, of which nobody
//! can read all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::adapters::memory::sources::slow::{Progress, Slow, SlowEnd};
use crate::domain::asked::subject::Subject;
use crate::domain::coverage::unanswered::Unanswered;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Unreadable, Version};
use crate::ports::sources::{
    Answers, Asked, Budget, Erased, Finds, Followed, Read, Seen, Source, Ticket,
};

/// One row: values by column.
pub type Row = BTreeMap<String, String>;

/// The column that says when a row was written, where a table has it.
const WHEN: &str = "TimeGenerated";

/// Most values that one removal takes, unless told otherwise.
const VALUES_MAX: usize = 100;

/// The source. A test keeps a reference to it and changes it while others use it as a port.
pub struct MemoryRows {
    name: String,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    rows: BTreeMap<String, Vec<Row>>,
    budget: Option<Budget>,
    slow: Option<Slow>,
    /// What was begun and is not over: what to remove, by handle.
    begun: BTreeMap<String, Removal>,
    /// What is removed once somebody has looked at the column so often.
    late: Vec<(u32, Removal)>,
    failing_calls: u32,
    removals: Vec<String>,
    values_max: Option<usize>,
    /// Tables that nobody may ask, and the word for why.
    closed: BTreeMap<String, String>,
    /// Values that answers about one item leave out, so often.
    left_out: BTreeMap<String, u32>,
    /// Values that no removal takes.
    refused: BTreeSet<String>,
    /// Values whose removal comes to nothing.
    given_up: BTreeSet<String>,
    /// Columns that have too much for who is called so.
    overflowing: Vec<(String, String)>,
    /// A row that is written once rows of that table were removed.
    written_after: Option<(String, Row)>,
}

#[derive(Clone)]
struct Removal {
    table: String,
    column: String,
    values: Vec<String>,
    slow: Slow,
}

impl MemoryRows {
    /// Without tables, under the configured `name`.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), tables: Mutex::default() }
    }

    /// Adds a row to a table.
    pub fn add(&self, table: &str, row: &[(&str, &str)]) {
        self.tables().rows.entry(table.to_owned()).or_default().push(written(row));
    }

    /// Adds a row to a table once rows of it were removed.
    pub fn add_after_removal(&self, table: &str, row: &[(&str, &str)]) {
        self.tables().written_after = Some((table.to_owned(), written(row)));
    }

    /// All rows, by table.
    pub fn all(&self) -> BTreeMap<String, Vec<Row>> {
        self.tables().rows.clone()
    }

    /// Takes so many removals in an hour from now on.
    pub fn take_an_hour(&self, removals: u32) {
        let budget = Budget { name: format!("{}/removals", self.name), per_hour: removals };
        self.tables().budget = Some(budget);
    }

    /// Takes its time with each removal from now on.
    pub fn take_time(&self, slow: Slow) {
        self.tables().slow = Some(slow);
    }

    /// Lets the next `calls` calls of the port fail transiently.
    pub fn fail_next(&self, calls: u32) {
        self.tables().failing_calls = calls;
    }

    /// Takes so many values in one removal from now on.
    pub fn take_values(&self, values_max: usize) {
        self.tables().values_max = Some(values_max);
    }

    /// Leaves a value out of the next `answers` that are given about one item, and says so.
    pub fn leave_out(&self, value: &str, answers: u32) {
        self.tables().left_out.insert(value.to_owned(), answers);
    }

    /// Takes no removal with that value.
    pub fn refuse_value(&self, value: &str) {
        self.tables().refused.insert(value.to_owned());
    }

    /// Begins removals with that value, and gives them up.
    pub fn give_up_value(&self, value: &str) {
        self.tables().given_up.insert(value.to_owned());
    }

    /// Has too much in a column for whoever is called so to tell all of it.
    pub fn overflow(&self, table: &str, column: &str, called: &str) {
        let item = self.item(table, column);
        self.tables().overflowing.push((item.name, called.to_owned()));
    }

    /// Gives nothing of a table from now on, and says why; or gives it again.
    pub fn close(&self, table: &str, why: Option<&str>) {
        let mut tables = self.tables();
        tables.closed.remove(table);
        tables.closed.extend(why.map(|why| (table.to_owned(), why.to_owned())));
    }

    /// The names of the items of which rows were to be removed, as often as that was asked.
    pub fn removals(&self) -> Vec<String> {
        self.tables().removals.clone()
    }

    /// No call leaves the tables half changed.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tables for a call of the port, unless it is told to fail.
    fn called(&self) -> Result<MutexGuard<'_, Tables>, Failure> {
        let mut tables = self.tables();
        if tables.failing_calls > 0 {
            tables.failing_calls -= 1;
            return Err(Failure::transient("asking rows in memory: told to fail"));
        }
        Ok(tables)
    }

    fn values_max_of(tables: &Tables) -> usize {
        tables.values_max.unwrap_or(VALUES_MAX)
    }

    fn item(&self, table: &str, column: &str) -> Item {
        let name = format!("{table}/{column}");
        Item { kind: Kind::Rows, ..Item::bare(&self.name, &name, Version::Current) }
    }
}

#[async_trait]
impl Source for MemoryRows {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        self.name.clone()
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Ask(self)
    }

    async fn follow(&self, _: &Item, handle: &str) -> Result<Followed, Failure> {
        let mut tables = self.called()?;
        let Tables { begun, given_up, .. } = &mut *tables;
        let Some(removal) = begun.get_mut(handle) else { return Ok(Followed::Unknown) };
        if removal.values.iter().any(|value| given_up.contains(value)) {
            return Ok(Followed::Failed("gave_up".to_owned()));
        }
        let Progress { answer, removes, is_over } = removal.slow.ask();
        let removal = removal.clone();
        if let (SlowEnd::ClaimedTooEarly(looks), Followed::Done) = (removal.slow.end, &answer) {
            tables.late.push((looks, removal.clone()));
        }
        if removes {
            tables.remove(&removal);
        }
        if is_over || removes {
            tables.begun.remove(handle);
            // To who begins anew it is done at once.
            tables.slow = None;
        }
        Ok(answer)
    }

    async fn unrecoverable_after(
        &self,
        _: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        self.called().map(|_| Some(erased_at))
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.called().map(drop)
    }
}

#[async_trait]
impl Asked for MemoryRows {
    /// Every value there is: each may name anybody, and whom it names is not for a source to say.
    async fn ask(&self, people: &[&Subject], within: Option<&Item>) -> Result<Answers, Failure> {
        let mut tables = self.called()?;
        if let Some(within) = within {
            tables.looked(&within.name);
        }
        let mut answers = Answers::default();
        let is_asked = |item: &Item| within.is_none_or(|within| within.name == item.name);
        for (table, why) in &tables.closed {
            let item = self.item(table, "*");
            if within.is_none_or(|within| within.name.starts_with(&format!("{table}/"))) {
                answers.unread.push(Unreadable { item, reason: why.clone() });
            }
        }
        for (table, rows) in &tables.rows {
            if tables.closed.contains_key(table) {
                continue;
            }
            let columns: BTreeSet<&String> = rows.iter().flat_map(BTreeMap::keys).collect();
            let items = columns.into_iter().map(|column| (column, self.item(table, column)));
            for (column, item) in items.filter(|(_, item)| is_asked(item)) {
                answers.seen.extend(seen(rows, column, &item));
            }
        }
        for (name, called) in &tables.overflowing {
            let item = Item { kind: Kind::Rows, ..Item::bare(&self.name, name, Version::Current) };
            let whose = people.iter().enumerate().filter(|(_, person)| {
                person.identities.iter().any(|identity| identity.expose() == called)
            });
            let told = |(person, _)| {
                let reason = Unanswered::TooMany.word().to_owned();
                (person, Unreadable { item: item.clone(), reason })
            };
            answers.unread_of.extend(whose.filter(|_| is_asked(&item)).map(told));
        }
        if let Some(within) = within {
            tables.leave_out(within, &mut answers);
        }
        Ok(answers)
    }

    async fn rows(&self, item: &Item, values: &[String]) -> Result<Read, Failure> {
        let tables = self.called()?;
        let Some((table, column)) = item.name.split_once('/') else { return Ok(Read::Absent) };
        let rows = tables.rows.get(table).into_iter().flatten();
        let lines: Vec<Result<Bytes, Failure>> = rows
            .filter(|row| row.get(column).is_some_and(|value| values.contains(value)))
            .map(|row| Ok(format!("{}\n", serde_json::json!(row)).into()))
            .collect();
        if lines.is_empty() {
            return Ok(Read::Absent);
        }
        Ok(Read::Bytes(stream::iter(lines).boxed()))
    }

    async fn erase_rows(&self, item: &Item, values: &[String]) -> Result<Erased, Failure> {
        let mut tables = self.called()?;
        assert!(values.len() <= Self::values_max_of(&tables), "more values than it takes");
        tables.removals.push(item.name.clone());
        if values.iter().any(|value| tables.refused.contains(value)) {
            return Err(Failure::permanent("removing rows in memory: told to refuse"));
        }
        let Some((table, column)) = item.name.split_once('/') else {
            return Ok(Erased::AlreadyAbsent);
        };
        let removal = Removal {
            table: table.to_owned(),
            column: column.to_owned(),
            values: values.to_vec(),
            slow: tables.slow.clone().unwrap_or(Slow::AT_ONCE),
        };
        if tables.slow.is_none() {
            let is_gone = tables.remove(&removal) > 0;
            return Ok(if is_gone { Erased::Done } else { Erased::AlreadyAbsent });
        }
        let handle = format!("https://tables.example/{}/{}", item.name, tables.removals.len());
        let look_in_ms = removal.slow.look_in_ms;
        tables.begun.insert(handle.clone(), removal);
        Ok(Erased::Begun(Ticket { handle, look_in_ms }))
    }

    fn budget(&self, _: &Item) -> Option<Budget> {
        self.tables().budget.clone()
    }

    fn values_max(&self) -> usize {
        Self::values_max_of(&self.tables())
    }
}

impl Tables {
    /// Somebody looks at a column.
    fn looked(&mut self, name: &str) {
        for (looks, removal) in &mut self.late {
            let is_there = name == format!("{}/{}", removal.table, removal.column);
            *looks = looks.saturating_sub(u32::from(is_there));
        }
        let (over, late) = self.late.drain(..).partition::<Vec<_>, _>(|(looks, _)| *looks == 0);
        self.late = late;
        for (_, removal) in over {
            self.remove(&removal);
        }
    }

    /// How many rows go.
    fn remove(&mut self, removal: &Removal) -> usize {
        let Removal { table, column, values, .. } = removal;
        let Some(rows) = self.rows.get_mut(table) else { return 0 };
        let before = rows.len();
        rows.retain(|row| !row.get(column).is_some_and(|value| values.contains(value)));
        let gone = before - rows.len();
        if gone > 0
            && let Some((_, row)) = self.written_after.take_if(|(named, _)| named == table)
        {
            rows.push(row);
        }
        gone
    }

    /// Takes out of an answer what is left out of it.
    fn leave_out(&mut self, within: &Item, answers: &mut Answers) {
        let Answers { seen, unread, .. } = answers;
        seen.retain(|seen| {
            let Some(left) = self.left_out.get_mut(&seen.value).filter(|left| **left > 0) else {
                return true;
            };
            *left -= 1;
            unread.push(Unreadable { item: within.clone(), reason: "partial".to_owned() });
            false
        });
    }
}

fn written(row: &[(&str, &str)]) -> Row {
    row.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

/// The values of a column, each once.
fn seen(rows: &[Row], column: &str, item: &Item) -> Vec<Seen> {
    let mut values: BTreeMap<&String, Seen> = BTreeMap::new();
    for row in rows {
        let Some(value) = row.get(column) else { continue };
        let when = row.get(WHEN).and_then(|when| when.parse::<Timestamp>().ok());
        let seen = values.entry(value).or_insert_with(|| Seen {
            item: item.clone(),
            value: value.clone(),
            rows: 0,
            first: when,
            last: when,
        });
        seen.rows += 1;
        seen.first = [seen.first, when].into_iter().flatten().min();
        seen.last = [seen.last, when].into_iter().flatten().max();
    }
    values.into_values().collect()
}
