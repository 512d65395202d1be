//! Asking a table for people.
//!
//! What is too much for one question, or is answered in part, is asked in halves: of the people,
//! then of the columns, then of the time. What stays so is told.

use jiff::Timestamp;
use serde_json::{Number, Value};

use crate::adapters::monitor::look::told::{Rows as Seen, Told};
use crate::adapters::monitor::look::volume::Volume;
use crate::adapters::monitor::look::windows;
use crate::adapters::monitor::query::call::{Answered, Rows, ask};
use crate::adapters::monitor::query::candidates::Candidate;
use crate::adapters::monitor::query::text::{
    COLUMN, COUNT, FIRST, LAST, VALUE, Window, found, values,
};
use crate::adapters::monitor::stores::store::Store;
use crate::adapters::monitor::tables::names::Spot;
use crate::adapters::monitor::tables::table::{Column, Door, Holds, Table};
use crate::adapters::monitor::wire::way::Way;
use crate::domain::coverage::unanswered::Unanswered;
use crate::domain::failure::Failure;

/// Bytes of a query.
const QUERY_BYTES_MAX: usize = 100_000;
/// Values in an answer.
const ANSWER_VALUES_MAX: usize = 5_000;

/// A table of a store, to be asked.
pub struct Asking<'a> {
    /// The way there.
    pub way: &'a Way,
    /// The store.
    pub store: &'a Store,
    /// The table.
    pub table: &'a Table,
}

/// One question.
#[derive(Clone)]
struct Question<'a> {
    /// By their numbers.
    people: Vec<(usize, Candidate)>,
    columns: Vec<&'a Column>,
    window: Option<Window>,
    /// Whether it asks for less than all that may name somebody, since that was too much.
    is_narrowed: bool,
}

/// The columns that may name these people: most have no number for a name.
fn asked<'c>(columns: Vec<&'c Column>, people: &[(usize, Candidate)]) -> Vec<&'c Column> {
    let has_numbers = people.iter().any(|(_, person)| person.numbers().next().is_some());
    let is_asked = |column: &&Column| column.holds != Holds::Number || has_numbers;
    columns.into_iter().filter(is_asked).collect()
}

impl<'a> Asking<'a> {
    /// Asks it for these people, by their numbers, in these columns.
    ///
    /// # Errors
    /// The store does not answer, or does not let us in where it was configured.
    pub async fn people(
        &self,
        people: &[(usize, Candidate)],
        columns: Vec<&'a Column>,
    ) -> Result<Told, Failure> {
        let mut told = Told::default();
        let columns = asked(columns, people);
        if people.is_empty() || columns.is_empty() {
            return Ok(told);
        }
        let (mut whole_span, mut volume) = (None, Volume::default());
        let mut open = begun(people, &columns);
        while let Some(question) = open.pop() {
            let whom = question.whom();
            if whom.is_none() && volume.is_spent(None) {
                open.extend(question.apart());
                continue;
            }
            if volume.is_spent(whom) || question.has_too_much(&volume) {
                self.give_up(question, Unanswered::TooMany, &mut told, &mut open);
                continue;
            }
            if question.is_long(self) {
                match question.halved() {
                    Some(halves) => open.extend(halves),
                    None => self.give_up(question, Unanswered::TooMany, &mut told, &mut open),
                }
                continue;
            }
            volume.ask(whom);
            let (rows, short) = match ask(
                self.way,
                &self.store.address,
                self.door(),
                &question.text(self),
            )
            .await?
            {
                Answered::Whole(rows) if Volume::is_too_large(whom, rows.bytes()) => {
                    (rows, Some(Unanswered::TooMany))
                }
                Answered::Whole(rows) if rows.rows.len() <= ANSWER_VALUES_MAX => (rows, None),
                Answered::Whole(rows) if self.door() == Door::Search => (rows, None),
                Answered::Whole(rows) => (rows, Some(Unanswered::TooMany)),
                Answered::Part(rows) => (rows, Some(Unanswered::Partial)),
                Answered::TooMuch(why) => (Rows::default(), Some(why)),
                Answered::Refused { status, code } => {
                    self.refused(status, &code, &question, &mut told)?;
                    continue;
                }
            };
            let Some(why) = short else {
                self.take(&question, rows, (&mut told, &mut volume))?;
                continue;
            };
            let mut halves = question.halved();
            if halves.is_none() {
                if whole_span.is_none() {
                    let whole = windows::whole(self.way, self.store, self.table).await?;
                    whole_span = Some(whole);
                    volume.ask(whom);
                }
                halves = question.halved_in_time(whole_span.flatten());
            }
            match halves {
                Some(halves) => open.extend(halves),
                None => {
                    self.take(&question, rows, (&mut told, &mut volume))?;
                    self.give_up(question, why, &mut told, &mut open);
                }
            }
        }
        Ok(told)
    }

    fn door(&self) -> Door {
        self.table.plan.door()
    }

    fn spot(&self, column: &Column) -> Spot {
        Spot::new(&self.store.name, self.table, &column.name)
    }

    /// Tells that a question has no whole answer, and asks for less where there is less.
    fn give_up(
        &self,
        question: Question<'a>,
        why: Unanswered,
        told: &mut Told,
        open: &mut Vec<Question<'a>>,
    ) {
        for column in &question.columns {
            let whose = question.people.iter().map(|(person, _)| *person);
            told.unread_of(whose, self.spot(column), why.word());
        }
        let narrowed =
            question.people.iter().filter_map(|(it, person)| Some((*it, person.narrowed()?)));
        let narrowed: Vec<(usize, Candidate)> = narrowed.collect();
        if !narrowed.is_empty() && !question.is_narrowed {
            open.push(Question { people: narrowed, is_narrowed: true, ..question });
        }
    }

    fn refused(
        &self,
        status: u16,
        code: &str,
        question: &Question<'_>,
        told: &mut Told,
    ) -> Result<(), Failure> {
        if matches!(status, 401 | 403) {
            self.store.let_in(code)?;
        }
        let why = Unanswered::refused(status).coded(code);
        for column in &question.columns {
            told.unread(&self.store.name, Some(&self.table.name), Some(&column.name), &why);
        }
        Ok(())
    }

    fn take(
        &self,
        question: &Question<'_>,
        rows: Rows,
        (told, volume): (&mut Told, &mut Volume),
    ) -> Result<(), Failure> {
        let strange = || Failure::permanent("asking telemetry: the answer has other columns");
        let people: Vec<&Candidate> = question.people.iter().map(|(_, person)| person).collect();
        let whom = question.whom();
        let mut add = |column: &Column, value: String, seen: Seen| {
            volume.add(whom, &column.name, value.len());
            let spot = self.spot(column);
            match column.holds {
                Holds::Dynamic => told.add_bag(&spot, value, seen, &people),
                Holds::Text | Holds::Guid | Holds::Number => told.add(spot, value, seen),
            }
        };
        if rows.rows.is_empty() {
            return Ok(());
        }
        if self.door() == Door::Query {
            let at = |name| rows.column(name).ok_or_else(strange);
            let [value, count, first, last, column] =
                [at(VALUE)?, at(COUNT)?, at(FIRST)?, at(LAST)?, at(COLUMN)?];
            for row in &rows.rows {
                let column = question.columns.iter().find(|it| row[column] == it.name.as_str());
                let (Some(column), Some(text)) = (column, row[value].as_str()) else { continue };
                let count = row[count].as_u64().unwrap_or(1);
                let seen = Seen { count, first: time(&row[first]), last: time(&row[last]) };
                add(column, text.to_owned(), seen);
            }
            return Ok(());
        }
        let when = rows.column(self.table.time);
        for column in &question.columns {
            let at = rows.column(&column.name).ok_or_else(strange)?;
            for row in &rows.rows {
                let value = match &row[at] {
                    Value::String(text) => text.clone(),
                    Value::Null => continue,
                    Value::Number(number) => whole(number),
                    other => other.to_string(),
                };
                if people.iter().any(|person| person.admits(&value)) {
                    let time = when.and_then(|when| time(&row[when]));
                    add(column, value, Seen { count: 1, first: time, last: time });
                }
            }
        }
        Ok(())
    }
}

/// The questions to begin with. Who is known by a hash is asked for apart: every address may be
/// theirs, and what is too much of that is no word about others.
fn begun<'a>(people: &[(usize, Candidate)], columns: &[&'a Column]) -> Vec<Question<'a>> {
    let numbered = people.iter().cloned();
    let (hashed, plain): (Vec<_>, Vec<_>) =
        numbered.partition(|(_, person)| person.narrowed().is_some());
    let of =
        |people| Question { people, columns: columns.to_vec(), window: None, is_narrowed: false };
    [hashed, plain].into_iter().filter(|people| !people.is_empty()).map(of).collect()
}

impl<'a> Question<'a> {
    /// For whom it is alone.
    fn whom(&self) -> Option<usize> {
        match &self.people[..] {
            [(person, _)] => Some(*person),
            _ => None,
        }
    }

    /// The same of each person alone.
    fn apart(self) -> impl Iterator<Item = Self> {
        let rest = Self { people: Vec::new(), ..self };
        self.people.into_iter().map(move |person| Self { people: vec![person], ..rest.clone() })
    }

    fn has_too_much(&self, volume: &Volume) -> bool {
        let whom = self.whom();
        let is_one = !self.is_narrowed && self.columns.len() == 1;
        is_one && self.columns.iter().any(|column| volume.is_too_much(whom, &column.name))
    }

    fn text(&self, asking: &Asking<'_>) -> String {
        let people: Vec<&Candidate> = self.people.iter().map(|(_, person)| person).collect();
        let (table, scope) = (asking.table, &asking.store.scope);
        match asking.door() {
            Door::Query => {
                values(table, &self.columns, scope, &people, (self.window, ANSWER_VALUES_MAX))
            }
            Door::Search => found(table, &self.columns, scope, &people, self.window),
        }
    }

    fn is_long(&self, asking: &Asking<'_>) -> bool {
        self.text(asking).len() > QUERY_BYTES_MAX
    }

    /// Of half the people, or in half of the columns.
    fn halved(&self) -> Option<[Self; 2]> {
        if self.people.len() > 1 {
            let (one, other) = self.people.split_at(self.people.len() / 2);
            let of =
                |people: &[(usize, Candidate)]| Self { people: people.to_vec(), ..self.clone() };
            return Some([of(other), of(one)]);
        }
        let (one, other) = self.columns.split_at(self.columns.len() / 2);
        let of = |columns: &[&'a Column]| Self { columns: columns.to_vec(), ..self.clone() };
        (!one.is_empty()).then(|| [of(other), of(one)])
    }

    /// Of half of the time.
    fn halved_in_time(&self, whole: Option<Window>) -> Option<[Self; 2]> {
        let halves = windows::halves(self.window.or(whole)?)?;
        Some(halves.map(|window| Self { window: Some(window), ..self.clone() }))
    }
}

/// A number as it is told, without a fraction where it has none.
fn whole(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
