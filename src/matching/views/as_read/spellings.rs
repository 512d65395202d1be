//! Every text that a reader takes a text for: without what a terminal does not show.

use crate::matching::views::as_read::terminal::{Shown, shown};
use crate::matching::views::spelling::reading::Reading;

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
    /// Which spelling it is a reading of; `None` for the text.
    of: Option<usize>,
}

impl AsRead {
    /// Of this text.
    pub fn of(text: &str) -> Self {
        let (as_is, readings) = match shown(text) {
            Shown::AsIs => (true, Vec::new()),
            Shown::Only(readings) => (false, readings),
            Shown::Also(reading) => (true, vec![reading]),
        };
        let spelling = |reading| Spelling { reading, of: None };
        Self { as_is, spellings: readings.into_iter().map(spelling).collect() }
    }

    /// Each text with the way back from it.
    pub fn each(&self, text: &str, told: &mut dyn FnMut(&str, &Way<'_>)) {
        if self.as_is {
            told(text, &[]);
        }
        for (index, spelling) in self.spellings.iter().enumerate() {
            let mut way = Vec::new();
            let mut at = Some(index);
            while let Some(Spelling { reading, of }) = at.map(|at| &self.spellings[at]) {
                way.push((
                    reading,
                    of.map_or(text.len(), |of| self.spellings[of].reading.text.len()),
                ));
                at = *of;
            }
            told(&spelling.reading.text, &way);
        }
    }
}
