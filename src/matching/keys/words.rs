//! Lists of words that are asked for again and again.

use std::collections::HashSet;
use std::sync::OnceLock;

/// Words parted by spaces, taken apart when one is first asked for.
pub struct Words {
    list: &'static str,
    words: OnceLock<HashSet<&'static str>>,
}

impl Words {
    /// Those of a list.
    pub const fn of(list: &'static str) -> Self {
        Self { list, words: OnceLock::new() }
    }

    /// Whether it has this one.
    pub fn has(&self, word: &str) -> bool {
        self.words.get_or_init(|| self.list.split(' ').collect()).contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_count() {
        static WORDS: Words = Words::of(
            "\
            a key \
            keys",
        );
        for (word, expected) in [("a", true), ("keys", true), ("ke", false), ("", false)] {
            assert_eq!(WORDS.has(word), expected, "{word}");
        }
    }
}
