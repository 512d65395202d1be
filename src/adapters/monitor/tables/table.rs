//! Tables, and what of them can be asked for a person.

use serde_json::Value;

/// How a table is paid for, and with that what can be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Everything.
    Analytics,
    /// It is searched and not purged.
    Basic,
    /// The same, more slowly.
    Auxiliary,
}

/// Whether a table takes queries, or searches alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The whole language.
    Query,
    /// One table and few operators.
    Search,
}

/// What a column that may name a person holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Text.
    Text,
    /// A GUID.
    Guid,
    /// JSON: a bag of dimensions, or a list.
    Dynamic,
    /// A number.
    Number,
}

/// A column that may name a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its plan.
    pub plan: Plan,
    /// Those of its columns that may name a person.
    pub columns: Vec<Column>,
    /// The column that says when a row was made.
    pub time: &'static str,
    /// Whether rows are kept beyond the time in which they can be asked for.
    pub is_kept_longer: bool,
}

/// Columns that say the same in all rows: the table's name, and the workspace's own id.
const SAME: [&str; 2] = ["Type", "TenantId"];

impl Plan {
    /// By which door it is asked.
    pub fn door(self) -> Door {
        match self {
            Self::Analytics => Door::Query,
            Self::Basic | Self::Auxiliary => Door::Search,
        }
    }

    /// Why its rows cannot be purged.
    pub fn barrier(self) -> Option<&'static str> {
        match self {
            Self::Analytics => None,
            Self::Basic => Some("BasicPlan"),
            Self::Auxiliary => Some("AuxiliaryPlan"),
        }
    }
}

impl Table {
    /// One as Resource Manager lists it; `None` where it has no name.
    pub fn read(listed: &Value) -> Option<Self> {
        let properties = &listed["properties"];
        let schema = &properties["schema"];
        let name = listed["name"].as_str().or(schema["name"].as_str())?.to_owned();
        let plan = match properties["plan"].as_str().unwrap_or_default() {
            plan if plan.eq_ignore_ascii_case("basic") => Plan::Basic,
            plan if plan.eq_ignore_ascii_case("auxiliary") => Plan::Auxiliary,
            _ => Plan::Analytics,
        };
        let days = |field: &str| properties[field].as_i64();
        let is_kept_longer = match (days("retentionInDays"), days("totalRetentionInDays")) {
            (Some(asked), Some(kept)) => kept > asked,
            _ => false,
        };
        let listed = ["standardColumns", "columns"].into_iter();
        let listed = listed.filter_map(|field| schema[field].as_array()).flatten();
        let text = |column: &Value, field: &str| column[field].as_str().map(str::to_owned);
        let named = listed.filter_map(|it| Some((text(it, "name")?, text(it, "type")?)));
        let columns = columns(&name, named);
        Some(Self { name, plan, columns, time: "TimeGenerated", is_kept_longer })
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Those of these columns of a table, given with the names of their types, that may name a person.
pub fn columns(table: &str, named: impl IntoIterator<Item = (String, String)>) -> Vec<Column> {
    let read = |named| Column::read(table, named);
    let mut columns: Vec<Column> = named.into_iter().filter_map(read).collect();
    columns.sort_by(|one, other| one.name.cmp(&other.name));
    columns.dedup_by(|one, other| one.name == other.name);
    columns
}

impl Column {
    fn read(table: &str, (name, kind): (String, String)) -> Option<Self> {
        let holds = match kind.to_ascii_lowercase().as_str() {
            "string" => Holds::Text,
            "guid" | "uuid" => Holds::Guid,
            "dynamic" => Holds::Dynamic,
            "int" | "long" | "real" | "double" | "decimal" if is_custom(table, &name) => {
                Holds::Number
            }
            _ => return None,
        };
        // What begins so is the service's own.
        let is_asked = !SAME.contains(&name.as_str()) && !name.starts_with('_');
        is_asked.then_some(Self { name, holds })
    }
}

/// Whether the operator made the column, who may number people in it: what has a number in a column
/// of Microsoft's own was measured or counted. Its tables and columns are told by how they end.
fn is_custom(table: &str, column: &str) -> bool {
    table.ends_with("_CL") || column.ends_with("_CF")
}
