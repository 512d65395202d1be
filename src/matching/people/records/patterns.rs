//! Names in the lines of addresses, where nothing but the sentence joins them: `Kofi Brandt joined
//! as k@x.org`.
//!
//! It does if the address spells the name, or if the same words stand between other names and other
//! addresses.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::domain::asked::subject::IdentityType;
use crate::matching::identity::names::neighbours::is_name_like;
use crate::matching::people::doubts::{full_name, identifier};
use crate::matching::people::named::Named;
use crate::matching::people::records::near::{around, spells};
use crate::matching::people::records::values::range_of;

/// Bytes between a name and an address, at most.
const BETWEEN_BYTES_MAX: usize = 60;

/// A name, and whose it may be.
struct Candidate<'a> {
    address: &'a Named,
    name: Range<usize>,
    /// What stands between the two, and which of them comes first.
    between: (bool, &'a str),
}

/// Names that belong to these addresses, each with its address.
pub fn patterned<'a>(text: &'a str, addresses: &'a [Named], tell: &mut dyn FnMut(&Named, Named)) {
    let mut all: Vec<Candidate<'a>> = Vec::new();
    for address in addresses {
        let line = around(text, &address.1);
        let before = last_run(&text[line.start..address.1.start]);
        let after = first_run(&text[address.1.end..line.end]);
        for (is_first, run) in [(true, before), (false, after)] {
            let Some(run) = run.filter(|run| full_name(run)) else { continue };
            let name = range_of(text, run);
            let between = match is_first {
                true => &text[name.end..address.1.start],
                false => &text[address.1.end..name.start],
            };
            if between.len() <= BETWEEN_BYTES_MAX {
                all.push(Candidate { address, name, between: (is_first, between) });
            }
        }
    }
    let mut patterns: HashMap<(bool, &str), HashSet<&str>> = HashMap::new();
    for candidate in &all {
        patterns.entry(candidate.between).or_default().insert(&text[candidate.name.clone()]);
    }
    for Candidate { address, name, between } in all {
        let words = &text[name.clone()];
        let local = address.0.value.split('@').next().unwrap_or_default();
        if patterns[&between].len() > 1 || spells(local, words) {
            tell(address, (identifier(IdentityType::Name, words), name));
        }
    }
}

/// A word of a line, without the signs around it.
struct Word<'a> {
    bare: &'a str,
    /// Whether a sign parts it from the word before.
    begins: bool,
    /// Whether no sign parts it from the word after.
    is_open: bool,
}

impl<'a> Word<'a> {
    fn of(word: &'a str) -> Self {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let begins = word.len() > bare.len() && !word.starts_with(bare);
        Self { bare, begins, is_open: word.ends_with(bare) }
    }

    fn is_name_like(&self) -> bool {
        is_name_like(self.bare, false)
    }
}

/// The first run of words that are written like names, if it begins near the start of a line.
fn first_run(line: &str) -> Option<&str> {
    let mut run: Option<Range<usize>> = None;
    let mut is_open = false;
    for word in line.split([' ', '\t']).map(Word::of) {
        let range = range_of(line, word.bare);
        match &mut run {
            None if range.start > BETWEEN_BYTES_MAX => return None,
            None if word.is_name_like() => run = Some(range),
            None => {}
            Some(run) if is_open && !word.begins && word.is_name_like() => run.end = range.end,
            Some(_) => break,
        }
        is_open = word.is_open;
    }
    run.map(|run| &line[run])
}

/// The last run of words that are written like names, if it ends near the end of a line.
fn last_run(line: &str) -> Option<&str> {
    let mut run: Option<Range<usize>> = None;
    let mut begins = false;
    for word in line.rsplit([' ', '\t']).map(Word::of) {
        let range = range_of(line, word.bare);
        match &mut run {
            None if line.len() - range.end > BETWEEN_BYTES_MAX => return None,
            None if word.is_name_like() => run = Some(range),
            None => continue,
            Some(run) if word.is_open && !begins && word.is_name_like() => run.start = range.start,
            Some(_) => break,
        }
        begins = word.begins;
    }
    run.map(|run| &line[run])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_sentence_joins() {
        for (text, expected) in [
            ("Ann Rask joined as a@x.org\nBo Ek joined as b@x.org", vec!["ann rask", "bo ek"]),
            ("Kofi Brandt, of old, is kofi@x.org.", vec!["kofi brandt"]),
            ("kofi@x.org, signed: Kofi Brandt.", vec!["kofi brandt"]),
            ("Data Ready for a@x.org", vec![]),
            ("Bo Ek joined as k@x.org", vec![]),
        ] {
            let mail = |(at, _)| {
                let range: Range<usize> = at - 1..at + 6;
                let start = text[..at].rfind([' ', '\n']).map_or(0, |gap| gap + 1);
                let range = start..range.end;
                (identifier(IdentityType::Email, &text[range.clone()]), range)
            };
            let addresses: Vec<Named> = text.match_indices('@').map(mail).collect();
            let mut told = Vec::new();
            patterned(text, &addresses, &mut |_, (name, _)| told.push(name.value));
            assert_eq!(told, expected, "{text}");
        }
    }

    /// All runs of words that are written like names.
    fn runs(line: &str) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut is_open = false;
        for word in line.split([' ', '\t']).map(Word::of) {
            if !word.is_name_like() {
                is_open = false;
                continue;
            }
            let range = range_of(line, word.bare);
            match runs.last_mut().filter(|_| is_open && !word.begins) {
                Some(run) => run.end = range.end,
                None => runs.push(range),
            }
            is_open = word.is_open;
        }
        runs
    }

    #[test]
    fn the_runs_beside_an_address_are_those_of_the_line() {
        let words =
            ["Ann", "Rask,", "(Bo", "ek", "", "-", "Ek)", "joined", "é", "\u{fffd}X", "a.b"];
        let mut state = 1usize;
        for _ in 0..20_000 {
            let mut line = String::new();
            for _ in 0..state % 9 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                line.push_str(words[(state >> 33) % words.len()]);
                line.push_str([" ", "\t", " ", ""][(state >> 50) % 4]);
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let all = runs(&line);
            let near = |run: &&Range<usize>, between: usize| {
                (between <= BETWEEN_BYTES_MAX).then(|| &line[(*run).clone()])
            };
            let first = all.first().and_then(|run| near(&run, run.start));
            let last = all.last().and_then(|run| near(&run, line.len() - run.end));
            assert_eq!((first_run(&line), last_run(&line)), (first, last), "{line}");
        }
    }
}
