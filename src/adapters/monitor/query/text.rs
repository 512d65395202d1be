//! The texts of queries: pure functions of what is asked. Of a person they have nothing but string
//! literals.

use jiff::Timestamp;

use crate::adapters::monitor::query::candidates::Candidate;
use crate::adapters::monitor::query::literal::{name, string, strings};
use crate::adapters::monitor::tables::names::Spot;
use crate::adapters::monitor::tables::table::{Column, Door, Holds, Table};

/// The column that tells whose a row is.
pub const RESOURCE: &str = "_ResourceId";

/// Columns of answers: the value, how many rows have it, from when to when, and which column of the
/// table has it.
pub const VALUE: &str = "dsrd_value";
/// See [`VALUE`].
pub const COUNT: &str = "dsrd_count";
/// See [`VALUE`].
pub const FIRST: &str = "dsrd_first";
/// See [`VALUE`].
pub const LAST: &str = "dsrd_last";
/// See [`VALUE`].
pub const COLUMN: &str = "dsrd_column";
const TABLE: &str = "dsrd_table";

/// Of whose rows there is talk: of those of these resources and of what is below them; of all rows
/// where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Their ids, in lower case.
    pub resources: Vec<String>,
}

/// From when, and until when.
pub type Window = (Timestamp, Timestamp);

impl Scope {
    /// The scope of these resources.
    pub fn of(ids: impl IntoIterator<Item = String>) -> Self {
        let mut resources: Vec<String> =
            ids.into_iter().map(|id| id.trim_end_matches('/').to_lowercase()).collect();
        resources.sort();
        resources.dedup();
        Self { resources }
    }

    /// Whether all rows are meant.
    pub fn is_all(&self) -> bool {
        self.resources.is_empty()
    }

    /// Whether rows of this resource are meant.
    pub fn admits(&self, id: &str) -> bool {
        let id = id.to_lowercase();
        let is_own = |own: &String| {
            id.strip_prefix(own.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.is_all() || self.resources.iter().any(is_own)
    }

    fn condition(&self) -> Option<String> {
        let column = name(RESOURCE);
        let one = |id: &String| {
            let below = format!("{id}/");
            format!("{column} =~ {} or {column} contains {}", string(id), string(&below))
        };
        let all: Vec<String> = self.resources.iter().map(one).collect();
        (!all.is_empty()).then(|| format!("({})", all.join(" or ")))
    }
}

/// Which of these tables have rows of ours. One that is searched says so by having any.
pub fn has_rows(tables: &[Table], scope: &Scope) -> String {
    let one = |table: &Table| {
        let from = from(table, scope, None);
        match table.plan.door() {
            Door::Query => {
                let said = string(&table.name);
                format!("{from} | take 1 | project {TABLE} = {said}")
            }
            Door::Search => format!("{from} | project {}", name(table.time)),
        }
    };
    union(tables.iter().map(one))
}

/// The columns of a table: no rows.
pub fn schema(table: &Table) -> String {
    format!("{} | take 0", name(&table.name))
}

/// Whether it can be asked without asking whose its rows are; and whether it has any, where that
/// can be told without reading all of it.
pub fn sample(table: &Table) -> String {
    let (own, time) = (name(&table.name), name(table.time));
    match table.plan.door() {
        Door::Query => format!("{own} | take 1 | project {time}"),
        Door::Search => format!("{own} | where {time} > datetime(2100-01-01) | project {time}"),
    }
}

/// From when to when there are rows of ours.
pub fn span(table: &Table, scope: &Scope) -> String {
    let time = name(table.time);
    let from = from(table, scope, None);
    format!("{from} | summarize {FIRST} = min({time}), {LAST} = max({time})")
}

/// The values that may name one of these people, column by column, and one more than so many.
pub fn values(
    table: &Table,
    columns: &[&Column],
    scope: &Scope,
    people: &[&Candidate],
    within: (Option<Window>, usize),
) -> String {
    let (window, count_max) = within;
    let time = name(table.time);
    let one = |column: &&Column| {
        let value = match column.holds {
            Holds::Text => format!("tostring({})", name(&column.name)),
            Holds::Guid | Holds::Dynamic | Holds::Number => expression(column, None),
        };
        let own = string(&column.name);
        format!(
            "dsrd_rows | where {} | summarize {COUNT} = count(), {FIRST} = min({time}), \
             {LAST} = max({time}) by {VALUE} = {value} | extend {COLUMN} = {own}",
            condition(column, people)
        )
    };
    let asked = union(columns.iter().map(one));
    let from = from(table, scope, window);
    format!("let dsrd_rows = {from};\n{asked} | take {}", count_max + 1)
}

/// Rows that may name one of these people, of a table that is searched: what columns there are, and
/// when.
pub fn found(
    table: &Table,
    columns: &[&Column],
    scope: &Scope,
    people: &[&Candidate],
    window: Option<Window>,
) -> String {
    let conditions: Vec<String> = columns.iter().map(|column| condition(column, people)).collect();
    let columns: Vec<String> = columns.iter().map(|column| name(&column.name)).collect();
    let from = from(table, scope, window);
    let (conditions, columns) = (conditions.join(" or "), columns.join(", "));
    format!("{from} | where {conditions} | project {}, {columns}", name(table.time))
}

/// The rows whose column has one of these values, and one more than so many.
pub fn rows(
    table: &Table,
    spot: &Spot,
    scope: &Scope,
    values: &[String],
    within: (Option<Window>, usize),
) -> String {
    let (window, count_max) = within;
    let whole = holding(table, spot, scope, values, window);
    match table.plan.door() {
        Door::Query => {
            let time = name(table.time);
            format!("{whole} | order by {time} asc | take {}", count_max + 1)
        }
        Door::Search => whole,
    }
}

/// Whose the rows are whose column has one of these values.
pub fn resources(table: &Table, spot: &Spot, scope: &Scope, values: &[String]) -> String {
    let whole = holding(table, spot, scope, values, None);
    format!("{whole} | distinct {}", name(RESOURCE))
}

fn holding(
    table: &Table,
    spot: &Spot,
    scope: &Scope,
    values: &[String],
    window: Option<Window>,
) -> String {
    let from = from(table, scope, window);
    let column = table.column(&spot.column);
    if column.is_some_and(|column| column.holds == Holds::Number) {
        let numbers = values.iter().filter_map(|value| value.parse().ok());
        return format!("{from} | where {}", equals(&name(&spot.column), numbers));
    }
    let value = column.map(|column| expression(column, spot.key.as_deref()));
    let value = value.unwrap_or_else(|| name(&spot.column));
    let values = strings(values.iter().map(String::as_str));
    format!("{from} | where {value} in ({values})")
}

/// The condition that a column of numbers has one of these.
fn equals(column: &str, numbers: impl Iterator<Item = i64>) -> String {
    let each: Vec<String> = numbers.map(|number| format!("{column} == {number}")).collect();
    if each.is_empty() { "false".to_owned() } else { format!("({})", each.join(" or ")) }
}

fn from(table: &Table, scope: &Scope, window: Option<Window>) -> String {
    let time = name(table.time);
    let window =
        window.map(|(from, to)| format!("{time} >= datetime({from}) and {time} < datetime({to})"));
    let conditions: Vec<String> = window.into_iter().chain(scope.condition()).collect();
    match conditions.is_empty() {
        true => name(&table.name),
        false => format!("{} | where {}", name(&table.name), conditions.join(" and ")),
    }
}

/// A column, or what a bag has under a key, as a string.
fn expression(column: &Column, key: Option<&str>) -> String {
    let own = name(&column.name);
    match (column.holds, key) {
        (Holds::Text, _) => own,
        (Holds::Dynamic, Some(key)) => format!("tostring({own}[{}])", string(key)),
        (Holds::Guid | Holds::Dynamic, _) => format!("tostring({own})"),
        // As a whole number is written, whatever sort of number holds it.
        (Holds::Number, _) => format!("tostring(tolong({own}))"),
    }
}

fn condition(column: &Column, people: &[&Candidate]) -> String {
    if column.holds == Holds::Number {
        return equals(&name(&column.name), people.iter().flat_map(|it| it.numbers()));
    }
    let value = expression(column, None);
    let each: Vec<String> = people.iter().map(|person| person.condition(&value)).collect();
    format!("({})", each.join(" or "))
}

fn union(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    match &parts[..] {
        [only] => only.clone(),
        all => format!("union ({})", all.join("), (")),
    }
}
