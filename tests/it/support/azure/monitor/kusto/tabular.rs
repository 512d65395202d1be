//! Rows from rows.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::support::azure::monitor::kusto::check::{boolean, kind};
use crate::support::azure::monitor::kusto::fault::Fault;
use crate::support::azure::monitor::kusto::rows::{Rows, distinct};
use crate::support::azure::monitor::kusto::scalar::Row;
use crate::support::azure::monitor::kusto::syntax::{
    Expr, From, Key, Let, Named, Query, Script, Step, Union,
};
use crate::support::azure::monitor::kusto::text::{Reading, order};
use crate::support::azure::monitor::kusto::value::{Column, Type, Value};

/// What a query is asked of.
pub struct World<'a> {
    /// Names of all tables.
    pub names: &'a [String],
    /// A table by its name, where there is one.
    pub table: &'a dyn Fn(&str) -> Option<Rows>,
    pub now: Timestamp,
    pub reading: Reading,
}

/// Carries a whole text out.
pub fn run(script: &Script, world: &World<'_>) -> Result<Rows, Fault> {
    let mut runner = Runner { world, values: BTreeMap::new(), rows: BTreeMap::new() };
    for (name, it) in &script.lets {
        match it {
            Let::Value(Expr::Name(table)) if !runner.values.contains_key(table) => {
                let rows = runner.table(table)?;
                runner.rows.insert(name.clone(), rows);
            }
            Let::Value(expr) => {
                let expr = runner.known(expr);
                let made = (runner.row(&[], &[]).value(&expr), kind(&expr, &[])?);
                runner.values.insert(name.clone(), made);
            }
            Let::Rows(query) => {
                let rows = runner.query(query)?;
                runner.rows.insert(name.clone(), rows);
            }
        }
    }
    runner.query(&script.query)
}

struct Runner<'a> {
    world: &'a World<'a>,
    values: BTreeMap<String, (Value, Type)>,
    rows: BTreeMap<String, Rows>,
}

impl Runner<'_> {
    fn row<'b>(&self, columns: &'b [Column], values: &'b [Value]) -> Row<'b> {
        let World { now, reading, .. } = *self.world;
        Row { columns, values, now, reading }
    }

    fn table(&self, name: &str) -> Result<Rows, Fault> {
        let known = self.rows.get(name).cloned();
        let found = known.or_else(|| (self.world.table)(name));
        found.ok_or_else(|| Fault::unresolved("table or column expression", name))
    }

    fn query(&self, query: &Query) -> Result<Rows, Fault> {
        let mut rows = match &query.from {
            From::Table(name) => self.table(name)?,
            From::Every => return Err(Fault::unresolved("table or column expression", "*")),
            From::Inner(query) => self.query(query)?,
            From::Union(union) => self.union(None, union)?,
            From::Print(made) => {
                let one = Rows { columns: Vec::new(), rows: vec![Vec::new()] };
                self.project(one, made)?
            }
        };
        for step in &query.steps {
            rows = self.step(rows, step)?;
        }
        Ok(rows)
    }

    fn step(&self, mut rows: Rows, step: &Step) -> Result<Rows, Fault> {
        match step {
            Step::Where(expr) => {
                let expr = if_exists(&self.known(expr), &rows.columns);
                boolean(kind(&expr, &rows.columns)?)?;
                let columns = rows.columns.clone();
                rows.rows.retain(|values| self.row(&columns, values).is(&expr));
                Ok(rows)
            }
            Step::Extend(made) => self.extend(rows, made),
            Step::Project(made) => self.project(rows, made),
            Step::ProjectAway(names) => {
                let kept: Vec<Named> = rows
                    .columns
                    .iter()
                    .filter(|column| !names.contains(&column.name))
                    .map(|column| (None, Expr::Name(column.name.clone())))
                    .collect();
                self.project(rows, &kept)
            }
            Step::Summarize { made, by } => self.summarize(&rows, made, by),
            Step::Order(keys) => self.order(rows, keys),
            Step::Take(count) => {
                rows.rows.truncate(*count);
                Ok(rows)
            }
            Step::Top(count, keys) => {
                let mut rows = self.order(rows, keys)?;
                rows.rows.truncate(*count);
                Ok(rows)
            }
            Step::Count => {
                let made = vec![(Some("Count".to_owned()), call("count", Vec::new()))];
                self.summarize(&rows, &made, &[])
            }
            Step::Distinct(columns) => self.summarize(&rows, &[], columns),
            Step::Expand(made, kind) => self.expand(rows, made, kind.unwrap_or(Type::Dynamic)),
            Step::Union(union) => self.union(Some(rows), union),
        }
    }

    /// The expression with what `let` named in it, and with columns that may be missing settled.
    fn known(&self, expr: &Expr) -> Expr {
        expr.map(&|expr| match expr {
            Expr::Name(name) => {
                let known = self.values.get(name);
                known.map(|(value, kind)| Expr::Literal(value.clone(), *kind))
            }
            _ => None,
        })
    }

    fn values(&self, rows: &Rows, expr: &Expr) -> Result<(Type, Vec<Value>), Fault> {
        let expr = if_exists(&self.known(expr), &rows.columns);
        let kind = kind(&expr, &rows.columns)?;
        let values = rows.rows.iter().map(|row| self.row(&rows.columns, row).value(&expr));
        Ok((kind, values.collect()))
    }

    fn extend(&self, mut rows: Rows, made: &[Named]) -> Result<Rows, Fault> {
        let before = rows.clone();
        for (at, (name, expr)) in made.iter().enumerate() {
            let name = name.clone().unwrap_or_else(|| named(expr, at));
            let (kind, values) = self.values(&before, expr)?;
            rows.set(&name, kind, values);
        }
        Ok(rows)
    }

    fn project(&self, rows: Rows, made: &[Named]) -> Result<Rows, Fault> {
        let mut projected = Rows { columns: Vec::new(), rows: vec![Vec::new(); rows.rows.len()] };
        for (at, (name, expr)) in made.iter().enumerate() {
            let name = name.clone().unwrap_or_else(|| named(expr, at));
            let (kind, values) = self.values(&rows, expr)?;
            if projected.columns.iter().any(|column| column.name == name) {
                let text = format!("project: a column named '{name}' is there already");
                return Err(Fault::semantic("SEM0001", text));
            }
            projected.set(&name, kind, values);
        }
        Ok(projected)
    }

    fn order(&self, rows: Rows, keys: &[Key]) -> Result<Rows, Fault> {
        let mut by = Vec::new();
        for key in keys {
            let (kind, values) = self.values(&rows, &key.by)?;
            if kind == Type::Dynamic {
                return Err(Fault::semantic("SEM0001", "order: a key cannot be dynamic"));
            }
            by.push(values);
        }
        let mut places: Vec<usize> = (0..rows.rows.len()).collect();
        places.sort_by(|left, right| {
            let mut orders = keys.iter().zip(&by).map(|(key, values)| {
                let (left, right) = (&values[*left], &values[*right]);
                let first = if key.nulls_first { Ordering::Less } else { Ordering::Greater };
                match (left == &Value::Null, right == &Value::Null) {
                    (true, true) => Ordering::Equal,
                    (true, false) => first,
                    (false, true) => first.reverse(),
                    _ => {
                        let order = order(left, right).unwrap_or(Ordering::Equal);
                        if key.rises { order } else { order.reverse() }
                    }
                }
            });
            orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        let sorted = places.into_iter().map(|place| rows.rows[place].clone()).collect();
        Ok(Rows { columns: rows.columns, rows: sorted })
    }

    fn expand(&self, rows: Rows, (name, expr): &Named, to: Type) -> Result<Rows, Fault> {
        let name = name.clone().unwrap_or_else(|| named(expr, 0));
        let (kind, values) = self.values(&rows, expr)?;
        if kind != Type::Dynamic {
            return Err(Fault::semantic(
                "SEM0001",
                "mv-expand: expanded expression must be dynamic",
            ));
        }
        let mut whole = rows.clone();
        whole.set(&name, to, values.clone());
        let place = whole.columns.iter().position(|column| column.name == name).unwrap_or(0);
        let mut expanded = Vec::new();
        for (row, value) in whole.rows.iter().zip(values) {
            let elements = match value {
                Value::Dynamic(Json::Array(list)) => list,
                Value::Dynamic(Json::Object(bag)) => {
                    bag.into_iter().map(|(key, value)| serde_json::json!({key: value})).collect()
                }
                Value::Null => Vec::new(),
                other => vec![other.json()],
            };
            for element in elements {
                let mut row = row.clone();
                row[place] = to.take(&element);
                expanded.push(row);
            }
        }
        Ok(Rows { columns: whole.columns, rows: expanded })
    }

    /// Columns of one name and type are one column; of one name and two types, two.
    fn union(&self, before: Option<Rows>, union: &Union) -> Result<Rows, Fault> {
        let mut parts: Vec<(String, Rows)> = Vec::new();
        parts.extend(before.map(|rows| ("union_arg0".to_owned(), rows)));
        for (at, part) in union.parts.iter().enumerate() {
            if part.from == From::Every {
                for name in self.world.names {
                    parts.push((name.clone(), self.table(name)?));
                }
                continue;
            }
            let name = match &part.from {
                From::Table(name) => name.clone(),
                _ => format!("union_arg{at}"),
            };
            match self.query(part) {
                Err(Fault::Semantic { code: "SEM0100", .. }) if union.is_fuzzy => {}
                rows => parts.push((name, rows?)),
            }
        }
        if parts.is_empty() {
            let text = "union: none of the tables could be resolved";
            return Err(Fault::semantic("SEM0100", text));
        }
        let mut whole = Rows::default();
        for (source, mut rows) in parts {
            if let Some(name) = &union.source {
                let values = vec![Value::String(source); rows.rows.len()];
                rows.set(name, Type::String, values);
            }
            whole.append(rows);
        }
        Ok(whole)
    }

    fn summarize(&self, rows: &Rows, made: &[Named], by: &[Named]) -> Result<Rows, Fault> {
        let mut keys = Rows { columns: Vec::new(), rows: vec![Vec::new(); rows.rows.len()] };
        for (at, (name, expr)) in by.iter().enumerate() {
            let name = name.clone().unwrap_or_else(|| named(expr, at));
            let (kind, values) = self.values(rows, expr)?;
            if kind == Type::Dynamic {
                let text = format!(
                    "Summarize group key '{name}' is of a 'dynamic' type. Please use an explicit \
                     cast as grouping by a 'dynamic' type is not supported."
                );
                return Err(Fault::semantic("SEM0080", text));
            }
            keys.set(&name, kind, values);
        }
        // In the order in which they are first met.
        let (mut groups, mut known) = (Vec::<(Vec<Value>, Vec<usize>)>::new(), BTreeMap::new());
        for (place, key) in keys.rows.iter().enumerate() {
            let group = *known.entry(format!("{key:?}")).or_insert_with(|| {
                groups.push((key.clone(), Vec::new()));
                groups.len() - 1
            });
            groups[group].1.push(place);
        }
        if by.is_empty() && groups.is_empty() {
            groups.push((Vec::new(), Vec::new()));
        }
        let mut whole = Rows {
            columns: keys.columns,
            rows: groups.iter().map(|(key, _)| key.clone()).collect(),
        };
        for (name, expr) in made {
            let (default, kind, values) = self.aggregate(rows, &groups, expr)?;
            whole.set(name.as_deref().unwrap_or(&default), kind, values);
        }
        Ok(whole)
    }

    /// What is made of each group: what it is called, and its values.
    fn aggregate(
        &self,
        rows: &Rows,
        groups: &[(Vec<Value>, Vec<usize>)],
        expr: &Expr,
    ) -> Result<(String, Type, Vec<Value>), Fault> {
        let Expr::Call(word, arguments) = expr else {
            return Err(Fault::semantic("SEM0001", "summarize takes aggregates alone"));
        };
        let argument = arguments.first();
        let (kind, values) = match argument {
            Some(argument) => self.values(rows, argument)?,
            None if word == "count" => (Type::Long, vec![Value::Null; rows.rows.len()]),
            None => return Err(Fault::semantic("SEM0219", format!("{word} takes an argument"))),
        };
        let is_min = word == "min";
        let kind = match word.as_str() {
            "count" | "countif" | "dcount" => Type::Long,
            "min" | "max" | "any" | "take_any" => kind,
            "make_set" | "make_list" => Type::Dynamic,
            _ => return Err(Fault::semantic("SEM0260", format!("Unknown function: '{word}'."))),
        };
        let long = |count: usize| i64::try_from(count).map_or(Value::Null, Value::Long);
        let made = groups.iter().map(|(_, places)| {
            let own = || places.iter().map(|place| &values[*place]);
            let some = || own().filter(|value| !value.text().is_empty());
            match word.as_str() {
                "count" => long(places.len()),
                "countif" => long(own().filter(|value| **value == Value::Bool(true)).count()),
                "dcount" => long(distinct(some()).len()),
                "make_set" => Value::Dynamic(distinct(some()).into()),
                "make_list" => Value::Dynamic(some().map(Value::json).collect::<Vec<_>>().into()),
                "min" | "max" => some()
                    .reduce(|best, one| {
                        let is_less = order(one, best).is_some_and(Ordering::is_lt);
                        if is_less == is_min { one } else { best }
                    })
                    .cloned()
                    .unwrap_or(Value::Null),
                _ => some().next().cloned().unwrap_or(Value::Null),
            }
        });
        let default = match argument {
            Some(Expr::Name(name)) => format!("{word}_{name}"),
            _ => format!("{word}_"),
        };
        Ok((default, kind, made.collect()))
    }
}

fn call(word: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Call(word.to_owned(), arguments)
}

/// `column_ifexists(name, default)` is the column where there is one.
fn if_exists(expr: &Expr, columns: &[Column]) -> Expr {
    expr.map(&|expr| match expr {
        Expr::Call(word, arguments) if word.starts_with("column") && arguments.len() == 2 => {
            let Expr::Literal(Value::String(name), _) = &arguments[0] else { return None };
            match columns.iter().any(|column| column.name == *name) {
                true => Some(Expr::Name(name.clone())),
                false => Some(arguments[1].clone()),
            }
        }
        _ => None,
    })
}

/// What a column without a name is called.
fn named(expr: &Expr, at: usize) -> String {
    match expr {
        Expr::Name(name) => name.clone(),
        Expr::Inside(it, key) => match &**key {
            Expr::Literal(Value::String(key), _) => format!("{}_{key}", named(it, at)),
            Expr::Literal(Value::Long(place), _) => format!("{}_{place}", named(it, at)),
            _ => format!("Column{}", at + 1),
        },
        // `tostring(x)` keeps the name of x.
        Expr::Call(word, arguments) if word.starts_with("to") && arguments.len() == 1 => {
            named(&arguments[0], at)
        }
        _ => format!("Column{}", at + 1),
    }
}
