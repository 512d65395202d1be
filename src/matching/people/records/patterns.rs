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
        let before = runs(&text[line.start..address.1.start], usize::MAX).pop();
        let after = runs(&text[address.1.end..line.end], 1).pop();
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

/// Runs of words that are written like names, as many as are asked for.
fn runs(line: &str, most: usize) -> Vec<&str> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut is_open = false;
    for word in line.split([' ', '\t']) {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let range = range_of(line, bare);
        let begins = word.len() > bare.len() && !word.starts_with(bare);
        if !is_name_like(bare, false) {
            is_open = false;
            continue;
        }
        if runs.len() == most && (!is_open || begins) {
            break;
        }
        match runs.last_mut().filter(|_| is_open && !begins) {
            Some(run) => run.end = range.end,
            None => runs.push(range),
        }
        is_open = word.ends_with(bare);
    }
    runs.into_iter().map(|run| &line[run]).collect()
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
}
