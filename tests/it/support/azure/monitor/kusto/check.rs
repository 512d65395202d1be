//! Whether a value fits: names are known, and operators get what they take. The service says so
//! before it looks at a row; what it says is in its own words only where they are known.

use crate::support::azure::monitor::kusto::fault::Fault;
use crate::support::azure::monitor::kusto::syntax::{Expr, Text};
use crate::support::azure::monitor::kusto::value::{Column, Type};

/// The type of a value over these columns.
pub fn kind(expr: &Expr, columns: &[Column]) -> Result<Type, Fault> {
    let of = |expr: &Expr| kind(expr, columns);
    match expr {
        Expr::Literal(_, kind) => Ok(*kind),
        Expr::Name(name) => {
            let column = columns.iter().find(|column| column.name == *name);
            column
                .map(|column| column.kind)
                .ok_or_else(|| Fault::unresolved("column or scalar expression", name))
        }
        Expr::Inside(it, key) => match (of(it)?, of(key)?) {
            (Type::Dynamic, Type::String | Type::Int | Type::Long) => Ok(Type::Dynamic),
            (kind, _) => Err(misfit("path", kind)),
        },
        Expr::Minus(it) => match of(it)? {
            kind if kind.is_number() || kind == Type::TimeSpan => Ok(kind),
            kind => Err(misfit("-", kind)),
        },
        Expr::Both(left, right) | Expr::Either(left, right) => {
            boolean(of(left)?)?;
            boolean(of(right)?)
        }
        Expr::Compare(_, left, right) => comparable(of(left)?, of(right)?),
        Expr::Text(text, left, right) => texts(*text, of(left)?, of(right)?),
        Expr::Among { it, list, folds, .. } => {
            let it = of(it)?;
            if *folds {
                text("in~", it)?;
            }
            for one in list {
                comparable(it, of(one)?)?;
            }
            Ok(Type::Bool)
        }
        Expr::HasAny { it, list } => {
            for one in list.iter().chain([&**it]) {
                text("has_any", of(one)?)?;
            }
            Ok(Type::Bool)
        }
        Expr::Between { it, low, high, .. } => {
            let it = of(it)?;
            comparable(it, of(low)?)?;
            // `between (datetime .. 3d)` counts from the first.
            let high = of(high)?;
            if (it, high) != (Type::DateTime, Type::TimeSpan) {
                comparable(it, high)?;
            }
            Ok(Type::Bool)
        }
        Expr::Sum(sign, left, right) => sum(*sign, of(left)?, of(right)?),
        Expr::Call(word, arguments) => {
            let kinds = arguments.iter().map(of).collect::<Result<Vec<_>, _>>()?;
            call(word, &kinds)
        }
    }
}

/// Refuses what is not true or false.
pub fn boolean(kind: Type) -> Result<Type, Fault> {
    match kind {
        Type::Bool => Ok(Type::Bool),
        kind => Err(misfit("and", kind)),
    }
}

fn misfit(what: &str, kind: Type) -> Fault {
    let text = format!("Operator '{what}' cannot be applied to a value of type {}.", kind.word());
    Fault::semantic("SEM0001", text)
}

fn comparable(left: Type, right: Type) -> Result<Type, Fault> {
    let same = left == right
        || left.is_number() && right.is_number()
        || left == Type::Dynamic
        || right == Type::Dynamic;
    if same {
        return Ok(Type::Bool);
    }
    let text = format!(
        "Cannot compare values of types {} and {}. Try adding explicit casts",
        left.word(),
        right.word()
    );
    Err(Fault::semantic("SEM0064", text))
}

fn texts(_: Text, left: Type, right: Type) -> Result<Type, Fault> {
    text("text", left)?;
    text("text", right)?;
    Ok(Type::Bool)
}

fn text(what: &str, kind: Type) -> Result<(), Fault> {
    if kind.is_text() { Ok(()) } else { Err(misfit(what, kind)) }
}

fn sum(sign: char, left: Type, right: Type) -> Result<Type, Fault> {
    match (sign, left, right) {
        ('-', Type::DateTime, Type::DateTime) => Ok(Type::TimeSpan),
        ('+' | '-', Type::DateTime, Type::TimeSpan) => Ok(Type::DateTime),
        ('+' | '-', Type::TimeSpan, Type::TimeSpan) => Ok(Type::TimeSpan),
        (_, Type::Real, right) if right.is_number() => Ok(Type::Real),
        (_, left, Type::Real) if left.is_number() => Ok(Type::Real),
        (_, left, right) if left.is_number() && right.is_number() => Ok(Type::Long),
        (_, left, _) => Err(misfit(&sign.to_string(), left)),
    }
}

fn call(word: &str, kinds: &[Type]) -> Result<Type, Fault> {
    let first = kinds.first().copied();
    let count = match word {
        "now" => 0..=1,
        "strcat" | "coalesce" => 1..=64,
        "iff" | "iif" => 3..=3,
        "column_ifexists" | "columnifexists" | "replace_string" => 2..=3,
        "substring" | "split" | "bag_has_key" => 2..=3,
        _ => 1..=1,
    };
    if !count.contains(&kinds.len()) {
        let text = format!("Function '{word}' takes another number of arguments.");
        return Err(Fault::semantic("SEM0219", text));
    }
    Ok(match word {
        "tostring" | "strcat" | "tolower" | "toupper" | "substring" => Type::String,
        "hash_sha256" => match kinds[0] {
            Type::Dynamic => return Err(misfit(word, Type::Dynamic)),
            _ => Type::String,
        },
        "isempty" | "isnotempty" | "isnull" | "isnotnull" => Type::Bool,
        "not" => boolean(kinds[0])?,
        "strlen" | "array_length" | "tolong" => Type::Long,
        "toint" => Type::Int,
        "bag_keys" | "todynamic" | "parse_json" => Type::Dynamic,
        "ago" if kinds[0] == Type::TimeSpan => Type::DateTime,
        "todatetime" | "now" => Type::DateTime,
        "iff" | "iif" => {
            boolean(kinds[0])?;
            kinds[1]
        }
        "coalesce" | "column_ifexists" | "columnifexists" => first.unwrap_or(Type::String),
        _ => return Err(Fault::semantic("SEM0260", format!("Unknown function: '{word}'."))),
    })
}
