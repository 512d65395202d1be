//! Every text that a reader takes a text for: without what a terminal does not show, without breaks
//! within words, and in the charset that it was in before it was taken for another.

use crate::matching::blocks::signs::Signs;
use crate::matching::views::as_read::folds::{joined, joined_beside_column};
use crate::matching::views::as_read::mojibake::undone;
use crate::matching::views::as_read::terminal::{Shown, shown};
use crate::matching::views::as_read::typeset::typeset;
use crate::matching::views::spelling::reading::{Hold, Reading};

/// Readings of a text, some of them readings of others.
pub struct AsRead {
    /// Whether a reader takes the text as it stands, too.
    as_is: bool,
    spellings: Vec<Spelling>,
}

/// Readings from one text back to another, each with the length of what it was made of.
pub type Way<'a> = [(&'a Reading, usize)];

struct Spelling {
    reading: Reading,
    /// How well it is known what spells something in it.
    hold: Hold,
    /// Which spelling it is a reading of; `None` for the text.
    of: Option<usize>,
}

/// How often a text was taken for another charset and written again, at most.
const MISREAD_MAX: usize = 2;

impl AsRead {
    /// Of this text with these signs; `goes_on` tells whether something may begin before a break
    /// and go on after it.
    pub fn of(text: &str, signs: Signs, goes_on: &dyn Fn(&str, &str) -> bool) -> Self {
        let (as_is, readings) = match shown(text, signs) {
            Shown::AsIs => (true, Vec::new()),
            Shown::Only(readings) => (false, readings),
            Shown::Also(reading) => (true, vec![reading]),
        };
        let spelling = |reading| Spelling { reading, hold: Hold::Exact, of: None };
        let spellings: Vec<Spelling> = readings.into_iter().map(spelling).collect();
        let mut all = Self { as_is, spellings };
        let shown = (0..all.spellings.len()).map(Some);
        for of in as_is.then_some(None).into_iter().chain(shown).collect::<Vec<_>>() {
            let read = all.text(text, of);
            let beside = joined_beside_column(read, goes_on).map(|reading| (reading, Hold::Vague));
            let joined = joined(read, signs, goes_on).map(|reading| (reading, Hold::Exact));
            let joined = joined.into_iter().chain(beside);
            all.spellings.extend(joined.map(|(reading, hold)| Spelling { reading, hold, of }));
            if signs.has(Signs::ESCAPE) {
                let meant = typeset(all.text(text, of));
                let spelling = |reading| Spelling { reading, hold: Hold::Exact, of };
                all.spellings.extend(meant.map(spelling));
            }
            if signs.has(Signs::BEYOND_ASCII) {
                all.misread(text, of);
            }
        }
        all
    }

    fn misread(&mut self, text: &str, mut of: Option<usize>) {
        for _ in 0..MISREAD_MAX {
            let Some(reading) = undone(self.text(text, of)) else { return };
            self.spellings.push(Spelling { reading, hold: Hold::Exact, of });
            of = Some(self.spellings.len() - 1);
        }
    }

    fn text<'t>(&'t self, text: &'t str, of: Option<usize>) -> &'t str {
        of.map_or(text, |of| &self.spellings[of].reading.text)
    }

    /// Each text with the way back from it, and how well that is known.
    pub fn each(&self, text: &str, told: &mut dyn FnMut(&str, &Way<'_>, Hold)) {
        if self.as_is {
            told(text, &[], Hold::Exact);
        }
        for (index, spelling) in self.spellings.iter().enumerate() {
            let mut way = Vec::new();
            let mut at = Some(index);
            while let Some(Spelling { reading, of, .. }) = at.map(|at| &self.spellings[at]) {
                way.push((reading, self.text(text, *of).len()));
                at = *of;
            }
            told(&spelling.reading.text, &way, spelling.hold);
        }
    }
}
