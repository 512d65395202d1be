//! What can be said.

use crate::support::azure::monitor::kusto::value::{Type, Value};

/// One value for each row.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Literal(Value, Type),
    Name(String),
    /// What a bag has under a key, or a list at a place.
    Inside(Box<Expr>, Box<Expr>),
    Call(String, Vec<Expr>),
    Minus(Box<Expr>),
    Both(Box<Expr>, Box<Expr>),
    Either(Box<Expr>, Box<Expr>),
    Compare(Compare, Box<Expr>, Box<Expr>),
    Text(Text, Box<Expr>, Box<Expr>),
    Among {
        it: Box<Expr>,
        list: Vec<Expr>,
        folds: bool,
        is_not: bool,
    },
    HasAny {
        it: Box<Expr>,
        list: Vec<Expr>,
    },
    Between {
        it: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        is_not: bool,
    },
    Sum(char, Box<Expr>, Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Same,
    Other,
    Less,
    LessOrSame,
    More,
    MoreOrSame,
}

/// An operator on texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    pub how: How,
    pub folds: bool,
    pub is_not: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Equals,
    Contains,
    Has,
    Starts,
    Ends,
}

/// A value, and what its column is to be called.
pub type Named = (Option<String>, Expr);

/// What is done with rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Where(Expr),
    Extend(Vec<Named>),
    Project(Vec<Named>),
    ProjectAway(Vec<String>),
    Summarize {
        made: Vec<Named>,
        by: Vec<Named>,
    },
    Order(Vec<Key>),
    Take(usize),
    Top(usize, Vec<Key>),
    Count,
    Distinct(Vec<Named>),
    /// A row for each element of this, which may be made another type.
    Expand(Named, Option<Type>),
    /// These, and those of others.
    Union(Union),
}

/// What to order by.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub by: Expr,
    pub rises: bool,
    pub nulls_first: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Union {
    /// Whether what is not there is passed over.
    pub is_fuzzy: bool,
    /// A column that says of which table a row is.
    pub source: Option<String>,
    pub parts: Vec<Query>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub from: From,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum From {
    Table(String),
    /// All tables, in a union alone.
    Every,
    Union(Union),
    Inner(Box<Query>),
    /// One row.
    Print(Vec<Named>),
}

/// A whole text: what is named at first, and the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    pub lets: Vec<(String, Let)>,
    pub query: Query,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Let {
    Value(Expr),
    Rows(Query),
}

impl Script {
    /// Names of all tables that are asked for, once each.
    pub fn tables(&self) -> Vec<String> {
        let mut found = Vec::new();
        let rows = self.lets.iter().filter_map(|(_, it)| match it {
            Let::Rows(query) => Some(query),
            Let::Value(_) => None,
        });
        for query in rows.chain([&self.query]) {
            query.tables(&mut found);
        }
        found.retain(|name| !self.lets.iter().any(|(known, _)| known == name));
        found
    }
}

impl Query {
    fn tables(&self, found: &mut Vec<String>) {
        let unions = self.steps.iter().filter_map(|step| match step {
            Step::Union(union) => Some(union),
            _ => None,
        });
        match &self.from {
            From::Table(name) if !found.contains(name) => found.push(name.clone()),
            From::Inner(query) => query.tables(found),
            From::Union(union) => union.parts.iter().for_each(|part| part.tables(found)),
            _ => {}
        }
        unions.flat_map(|union| &union.parts).for_each(|part| part.tables(found));
    }
}

impl Expr {
    /// The same with what `change` puts in the place of its parts, from above.
    #[must_use]
    pub fn map(&self, change: &dyn Fn(&Self) -> Option<Self>) -> Self {
        if let Some(changed) = change(self) {
            return changed;
        }
        let of = |expr: &Self| Box::new(expr.map(change));
        let all = |list: &[Self]| list.iter().map(|expr| expr.map(change)).collect();
        match self {
            Self::Literal(..) | Self::Name(_) => self.clone(),
            Self::Inside(it, key) => Self::Inside(of(it), of(key)),
            Self::Call(word, arguments) => Self::Call(word.clone(), all(arguments)),
            Self::Minus(it) => Self::Minus(of(it)),
            Self::Both(left, right) => Self::Both(of(left), of(right)),
            Self::Either(left, right) => Self::Either(of(left), of(right)),
            Self::Compare(compare, left, right) => Self::Compare(*compare, of(left), of(right)),
            Self::Text(text, left, right) => Self::Text(*text, of(left), of(right)),
            Self::Among { it, list, folds, is_not } => {
                Self::Among { it: of(it), list: all(list), folds: *folds, is_not: *is_not }
            }
            Self::HasAny { it, list } => Self::HasAny { it: of(it), list: all(list) },
            Self::Between { it, low, high, is_not } => {
                Self::Between { it: of(it), low: of(low), high: of(high), is_not: *is_not }
            }
            Self::Sum(sign, left, right) => Self::Sum(*sign, of(left), of(right)),
        }
    }
}
