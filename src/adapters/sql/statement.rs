//! Parts of statements: many rows at once, lists of states.
//!
//! A number of rows that is bound stands as `LIMIT 0 + $1` everywhere: SQLite looks at the value of
//! a plain `LIMIT $1`, and so prepares the statement anew whenever one is bound, at each call.

use std::fmt::Write as _;

use crate::domain::state::State;

/// Rows in one statement. Both databases bound its parameters, SQLite at 32766.
pub const ROWS_MAX: usize = 500;

/// Cuts rows into blocks of thirty-two and then fewer, in powers of two.
///
/// Few sizes are few statements, which are prepared once. And SQLite looks parameters up one after
/// the other, so that a long statement takes longer than its rows in short ones.
pub fn blocks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let fits = rows.len().checked_ilog2()?;
        let (block, rest) = rows.split_at(1 << fits.min(5));
        rows = rest;
        Some(block)
    })
}

/// `($n, …), ($m, …)` for so many rows of so many columns, after the parameters already taken.
pub fn places(taken: usize, rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for place in 0..rows * columns {
        let before = match (place % columns, place) {
            (0, 0) => "(",
            (0, _) => "), (",
            _ => ", ",
        };
        write!(text, "{before}${}", taken + place + 1).expect("a String takes any text");
    }
    text.push(')');
    text
}

/// The states of a request of which that holds, as a list.
pub fn states(is: impl Fn(State) -> bool) -> String {
    let words = State::ALL.into_iter().filter(|state| is(*state));
    let words: Vec<String> = words.map(|state| format!("'{}'", state.word())).collect();
    format!("({})", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_of_few_sizes() {
        let sizes = |rows: usize| blocks(&vec![(); rows]).map(<[()]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(75), [32, 32, 8, 2, 1]);
        assert!(sizes(0).is_empty());
    }

    #[test]
    fn places_are_counted_through() {
        assert_eq!(places(0, 1, 2), "($1, $2)");
        assert_eq!(places(1, 2, 3), "($2, $3, $4), ($5, $6, $7)");
    }
}
