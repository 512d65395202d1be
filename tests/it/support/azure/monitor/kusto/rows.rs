//! Rows, and how they are put together.

use serde_json::Value as Json;

use crate::support::azure::monitor::kusto::value::{Column, Type, Value};

/// Rows, and what stands in each place of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

impl Rows {
    /// Sets a column, a new one at the end.
    pub fn set(&mut self, name: &str, kind: Type, values: Vec<Value>) {
        let column = Column { name: name.to_owned(), kind };
        let place = self.columns.iter().position(|known| known.name == name);
        match place {
            Some(place) => self.columns[place] = column,
            None => self.columns.push(column),
        }
        for (row, value) in self.rows.iter_mut().zip(values) {
            match place {
                Some(place) => row[place] = value,
                None => row.push(value),
            }
        }
    }

    /// Adds other rows below: columns of one name and type are one column, of one name and two
    /// types two.
    pub fn append(&mut self, other: Self) {
        let mut places = Vec::new();
        for column in other.columns {
            let known = self.columns.iter().position(|known| *known == column);
            places.push(known.unwrap_or_else(|| {
                let is_taken = self.columns.iter().any(|known| known.name == column.name);
                let name = match is_taken {
                    true => format!("{}_{}", column.name, column.kind.word()),
                    false => column.name,
                };
                let empty = column.kind.empty();
                self.rows.iter_mut().for_each(|row| row.push(empty.clone()));
                self.columns.push(Column { name, kind: column.kind });
                self.columns.len() - 1
            }));
        }
        for row in other.rows {
            let mut whole = self.empty_row();
            for (place, value) in places.iter().zip(row) {
                whole[*place] = value;
            }
            self.rows.push(whole);
        }
    }

    fn empty_row(&self) -> Vec<Value> {
        self.columns.iter().map(|column| column.kind.empty()).collect()
    }
}

/// Each once, in order.
pub fn distinct<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<Json> {
    let mut seen = Vec::new();
    for value in values.map(Value::json) {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}
