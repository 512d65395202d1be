//! Addresses that nothing parts from what stands beside them: in the records of a binary one value
//! follows the other, and a line may end in the midst of what looks like one word with the next.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::matching::people::kin::words::words;
use crate::matching::people::who::Who;
use crate::matching::views::spelling::top_level::is_top_level;

/// Addresses of people, to be known again in what they are glued to. `Debug` is not implemented: it
/// names people.
#[derive(Default)]
pub struct Addresses {
    /// Whose each is, by what stands behind its sign, then by what stands before it.
    by_domain: HashMap<String, HashMap<String, Who>>,
    /// Words of names of the subject, with which the value before one may end.
    words: HashSet<String>,
}

impl Addresses {
    /// Takes in what somebody is called by, folded.
    pub fn add(&mut self, value: &str, who: Who) {
        match value.split_once('@') {
            // Of several that are glued each is known by itself, if it is.
            Some((_, domain)) if domain.contains('@') => {}
            Some((local, domain)) => {
                let locals = self.by_domain.entry(domain.to_owned()).or_default();
                locals.entry(local.to_owned()).or_insert(who);
            }
            // Anybody else's may begin an address that is another's: Jo's that of `joann@…`.
            None if who == Who::Subject => self.words.extend(words(value)),
            None => {}
        }
    }

    /// The same without those that hold others: they were met glued, and nobody has them.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let all = self.by_domain.iter().flat_map(|(domain, locals)| {
            locals.keys().map(move |local| (local.clone(), domain.clone()))
        });
        let is_glued = |(local, domain): &(String, String)| {
            !self.within(&format!("{local}@{domain}")).is_empty()
        };
        for (local, domain) in all.filter(is_glued).collect::<Vec<_>>() {
            if let Some(locals) = self.by_domain.get_mut(&domain) {
                locals.remove(&local);
            }
        }
        self
    }

    /// Which of them this folded value holds, with where; nothing if it may be an address of its
    /// own: `joann@contoso.com` is not Ann's.
    pub fn within(&self, value: &str) -> Vec<(Range<usize>, Who)> {
        let mut parts: Vec<(Range<usize>, Who)> = Vec::new();
        for (at, _) in value.match_indices('@') {
            let from = parts.last().map_or(0, |(part, _)| part.end);
            if from <= at
                && let Some(part) = self.at(value, from, at)
            {
                parts.push(part);
            }
        }
        parts
    }

    /// Whether this folded text is the end of an address of the subject, from a sign that parts it.
    pub fn ends_own(&self, text: &str) -> bool {
        let Some((local, domain)) = text.split_once('@') else { return false };
        let locals = self.by_domain.get(domain).into_iter().flatten();
        local.starts_with(['.', '_', '-', '+'])
            && locals.filter(|(_, who)| **who == Who::Subject).any(|(own, _)| own.ends_with(local))
    }

    /// The one that has its sign here, the longest of several.
    fn at(&self, value: &str, from: usize, at: usize) -> Option<(Range<usize>, Who)> {
        let rest = &value[at + 1..];
        let ends = rest.char_indices().map(|(end, c)| end + c.len_utf8()).take(DOMAIN_CHARS_MAX);
        let known = ends.filter_map(|len| Some((len, self.by_domain.get(&rest[..len])?)));
        known.collect::<Vec<_>>().into_iter().rev().find_map(|(len, locals)| {
            let after = &rest[len..];
            let is_free_after = after.is_empty() || is_no_domain(rest, len);
            let starts = value[from..at].char_indices().map(|(start, _)| from + start);
            let is_free = |start: usize, who: Who| {
                let before = &value[from..start];
                let is_all = before.is_empty() && after.is_empty() && from == 0;
                let is_free_before = before.is_empty()
                    || self.may_end(before)
                    // Whose it is then is all the same: it is not shown.
                    || who != Who::Subject && !after.is_empty();
                is_free_before && is_free_after && !is_all
            };
            let mut found = starts
                .filter_map(|start| Some((start, *locals.get(&value[start..at])?)))
                .filter(|(start, who)| is_free(*start, *who));
            found.next().map(|(start, who)| (start..at + 1 + len, who))
        })
    }

    /// Whether a value that stands before an address may end so.
    fn may_end(&self, before: &str) -> bool {
        let last = before.rsplit(['.', '_', '-']).next().unwrap_or(before);
        before.bytes().all(|byte| byte.is_ascii_digit())
            || self.words.contains(last)
            || self.ends_with_words(before)
    }

    /// Whether nothing but words of the subject stands before an address, or two of them: the cells
    /// of one record.
    fn ends_with_words(&self, before: &str) -> bool {
        let before = words(before).pop().unwrap_or_default();
        let (mut rest, mut count) = (before.as_str(), 0);
        let last = |rest: &str| {
            let ends = self.words.iter().filter(|word| rest.ends_with(word.as_str()));
            ends.map(String::len).max()
        };
        while let Some(len) = last(rest).filter(|len| *len > 0) {
            rest = &rest[..rest.len() - len];
            count += 1;
        }
        count > 1 || count > 0 && rest.is_empty()
    }
}

/// Longest domain that is looked at.
const DOMAIN_CHARS_MAX: usize = 255;

/// Whether a domain of this length cannot go on with what stands behind it.
fn is_no_domain(text: &str, len: usize) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let end = text[len..].find(|c| !goes_on(c)).map_or(text.len(), |more| len + more);
    let top = text[..end].trim_end_matches(['.', '-']).rsplit('.').next().unwrap_or_default();
    text[end..].starts_with('@')
        || text[len..].starts_with(char::is_alphanumeric) && !is_top_level(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_is_glued_to() {
        let mut addresses = Addresses::default();
        for (value, who) in [
            ("ann@contoso.com", Who::Subject),
            ("ann lef\u{e8}vre", Who::Subject),
            ("kofi.brandt@contoso.com", Who::Person(2)),
            ("joann@fabrikam.com", Who::Person(3)),
            ("ann@fabrikam.com", Who::Subject),
            ("jo brandt", Who::Person(6)),
            // Those that were met so are in there too.
            ("ann@contoso.comto", Who::Person(4)),
            ("lefevreann@contoso.com", Who::Person(5)),
        ] {
            addresses.add(value, who);
        }
        addresses.add("ann.lefevre@contoso.com", Who::Subject);
        let addresses = addresses.settled();
        for (text, expected) in [
            (".lefevre@contoso.com", true),
            ("lefevre@contoso.com", false),
            (".fevre@contoso.com", false),
            (".lefevre@contoso.org", false),
            (".brandt@contoso.com", false),
        ] {
            assert_eq!(addresses.ends_own(text), expected, "{text}");
        }
        for (value, expected) in [
            // A value that stands in the next cell, or line.
            ("ann@contoso.comto", vec!["ann@contoso.com 1"]),
            ("lefevreann@contoso.comx1note", vec!["ann@contoso.com 1"]),
            ("lefevreann@contoso.com", vec!["ann@contoso.com 1"]),
            ("17ann@contoso.com", vec!["ann@contoso.com 1"]),
            ("annlefevreann@contoso.com", vec!["ann@contoso.com 1"]),
            ("7annlefevreann@contoso.com", vec!["ann@contoso.com 1"]),
            ("cuannlef\u{e8}vreann@contoso.com6f9619ff-8b86-d0", vec!["ann@contoso.com 1"]),
            ("kofi.brandt@contoso.comk21", vec!["kofi.brandt@contoso.com 2"]),
            ("x.kofi.brandt@contoso.comk21", vec!["kofi.brandt@contoso.com 2"]),
            (
                "ann@contoso.comkofi.brandt@contoso.com",
                vec!["ann@contoso.com 1", "kofi.brandt@contoso.com 2"],
            ),
            // The longest that is known.
            ("joann@fabrikam.comto", vec!["joann@fabrikam.com 3"]),
            // Of their own.
            ("ann@contoso.com", vec![]),
            ("joann@contoso.com", vec![]),
            ("j2ann@contoso.com", vec![]),
            ("joann@contoso.comto", vec![]),
            ("ann@contoso.com.au", vec![]),
            ("ann@contoso.community", vec![]),
            ("ann@contoso.comto.org", vec![]),
            ("bob@contoso.com", vec![]),
        ] {
            let told: Vec<String> = addresses
                .within(value)
                .into_iter()
                .map(|(range, who)| match who {
                    Who::Subject => format!("{} 1", &value[range]),
                    Who::Person(number) => format!("{} {number}", &value[range]),
                })
                .collect();
            assert_eq!(told, expected, "{value}");
        }
    }
}
