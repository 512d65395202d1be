//! Which labels a domain may end in.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The top-level domains of the root zone that have letters alone: the Public Suffix List of 2026,
/// the part of ICANN. Those in Punycode are told by how they begin.
static TOP_LEVEL: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("top_level.txt").split_whitespace().collect());

/// Names that are kept out of the root zone, for networks of one's own and for examples.
const OF_ONES_OWN: [&str; 13] = [
    "alt",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "test",
];

/// Whether a domain may end in this label. Beyond ASCII there are too many to say no.
pub fn is_top_level(label: &str) -> bool {
    label.starts_with("xn--")
        || !label.is_ascii() && label.chars().all(char::is_alphabetic)
        || TOP_LEVEL.contains(label)
        || OF_ONES_OWN.contains(&label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(TOP_LEVEL.len() > 1300);
        assert!(OF_ONES_OWN.iter().all(|label| !TOP_LEVEL.contains(label)));
    }
}
