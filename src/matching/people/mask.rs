//! What of a text is masked for an archive: everything that names other people and nothing that
//! names the subject.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use unicode_normalization::char::is_combining_mark;

use crate::matching::matcher::Matcher;
use crate::matching::people::doubts::full_name;
use crate::matching::people::kin::glued::Addresses;
use crate::matching::people::kin::known::Known;
use crate::matching::people::named::Identifier;
use crate::matching::people::ranges::Ranges;
use crate::matching::people::records::everyone::everyone_in_folded;
use crate::matching::people::records::remembered::{Lent, Remembered};
use crate::matching::people::who::Who;
use crate::matching::put::{Put, Rewritten};
use crate::matching::scan::{occurrences, occurrences_folded};
use crate::matching::secrets::Sought;
use crate::matching::views::as_read::folds::may_be_address;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::{Ends, Hinting};
use crate::matching::views::spelling::escapes::unescape;
use crate::matching::views::spelling::fold::{fold, folded};

/// What is masked for one request.
pub struct Mask {
    /// `None` where nobody is: no person asked.
    people: Option<People>,
    /// What is taken for a secret.
    pub secrets: Sought,
    /// Those whom the workspace knows.
    known: Arc<Known>,
    /// The words of what the subject is called, who is known as well.
    own: HashSet<String>,
    /// What was seen and written in texts.
    pub memories: Lent<Memory>,
}

/// What is remembered from one item to the next.
#[derive(Default)]
pub struct Memory {
    /// What was seen in texts.
    pub told: Remembered<Put>,
    /// Whom they named.
    pub met: Met,
    /// What cells became.
    pub rewritten: Rewritten,
}

/// The other people of a request, to be looked for together.
struct People {
    matcher: Matcher,
    /// Who each subject of the matcher is; the first is the subject of the request.
    numbers: Vec<Who>,
    /// Whose each name is, in its canonical form.
    whose: HashMap<String, Who>,
    /// Their addresses, by which what is glued to one is told from one of its own.
    addresses: Addresses,
}

impl Mask {
    /// Of these people.
    pub(super) fn new(
        matcher: Matcher,
        numbers: Vec<Who>,
        whose: HashMap<String, Who>,
        addresses: Addresses,
    ) -> Self {
        let people = Some(People { matcher, numbers, whose, addresses });
        Self { people, ..Self::of_nobody(Sought::Any) }
    }

    /// Of nobody, but of these secrets.
    pub fn of_nobody(secrets: Sought) -> Self {
        let (known, own, memories) = (Arc::default(), HashSet::new(), Lent::default());
        Self { people: None, secrets, known, own, memories }
    }

    /// The same, which knows these people of the workspace by their names alone.
    #[must_use]
    pub fn knowing(self, known: Arc<Known>) -> Self {
        Self { known, ..self }
    }

    /// The same, of a subject who is called by these words.
    #[must_use]
    pub(super) fn called(self, own: HashSet<String>) -> Self {
        Self { own, ..self }
    }

    /// Whether other people are masked.
    pub fn is_of_people(&self) -> bool {
        self.people.is_some()
    }

    /// Other people in a text, by number. Whoever was in no census has none.
    pub fn others_in(
        &self,
        text: &str,
        met: &mut Met,
        found: &mut dyn FnMut(Option<u32>, Range<usize>),
    ) {
        if let Some(people) = &self.people {
            people.others_in(text, met, found);
        }
    }

    /// Those of them in a text who were in the census, by what they were called there.
    pub fn known_in(&self, text: &str, found: &mut dyn FnMut(u32, Range<usize>)) {
        if let Some(people) = &self.people {
            people.known_in(text, found);
        }
    }

    /// The name of what nobody could look into, without parts that look like somebody's name and
    /// are not the subject's: who it is about cannot be told. In doubt it is somebody's.
    pub fn without_names(&self, name: &str) -> String {
        let Some(people) = &self.people else { return name.to_owned() };
        let part = |part: &str| {
            let ends = [part.find('.'), part.rfind('.')].map(|dot| dot.unwrap_or(part.len()));
            let of_somebody = |end: &usize| self.may_name(people, &part[..*end]);
            match ends.iter().find(|end| of_somebody(end)) {
                Some(end) => format!("{}{}", Put::Removed.text(), &part[*end..]),
                None => part.to_owned(),
            }
        };
        name.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// Whether a part of such a name may be another person's: two words like those of names, in
    /// capitals or not, or a word of what one is called whom the workspace knows.
    fn may_name(&self, people: &People, stem: &str) -> bool {
        let plain = unescape(stem).map_or_else(|| stem.to_owned(), |reading| reading.text);
        let words = parted(&plain);
        let text = words.join(" ");
        let others = people.without_subject(&text);
        let is_own = others != text;
        let of_another = |word: &str| !self.own.contains(&folded(word));
        let is_known =
            || others.split(' ').any(|word| of_another(word) && self.known.has_word(word));
        let is_alike = || !is_own && full_name(&capitalised(&words));
        full_name(&others) || is_known() || is_alike()
    }

    /// The letters beyond ASCII of their names.
    pub fn letters(&self) -> Option<&Letters> {
        self.people.as_ref().map(|people| people.matcher.letters())
    }

    /// What tells of those of them who were in the census.
    pub fn hinting(&self) -> Option<&dyn Hinting> {
        self.people.as_ref().map(|people| &people.matcher as &dyn Hinting)
    }

    /// Whether one of them, or an address, may go on after a break in a text.
    pub fn goes_on(&self, before: &str, after: &str) -> bool {
        self.people.as_ref().is_some_and(|people| people.matcher.goes_on(before, after))
            || may_be_address(before, after)
    }
}

/// Where a part of an identifier stands in it, and whose it is, if that is known.
type Whose = (Range<usize>, Option<Who>);

/// Whom texts named before, and whose the parts of it are: the same few stand in many of them.
#[derive(Default)]
pub struct Met(HashMap<Identifier, Vec<Whose>>);

/// Identifiers that are remembered.
const MET_MAX: usize = 1 << 14;

impl People {
    fn others_in(
        &self,
        text: &str,
        Met(met): &mut Met,
        found: &mut dyn FnMut(Option<u32>, Range<usize>),
    ) {
        let mut own: Vec<Range<usize>> = Vec::new();
        let mut others = Vec::new();
        let mut sort = |who: Option<Who>, range: Range<usize>| match who {
            Some(Who::Subject) => own.push(range),
            Some(Who::Person(number)) => others.push((Some(number), range)),
            None => others.push((None, range)),
        };
        let folded = fold(text);
        occurrences_folded(&self.matcher, text, &folded, &mut |owner, range| {
            sort(Some(self.numbers[owner.subject]), range);
        });
        if met.len() > MET_MAX {
            met.clear();
        }
        everyone_in_folded(text, &folded, &mut |_, named| {
            for (identifier, range) in named {
                // What was respelled, or grew and shrank as it was folded, has its parts elsewhere.
                let is_told = text[range.clone()].eq_ignore_ascii_case(&identifier.value);
                // Cells of a binary that lie side by side are read from places within them too.
                let mut before = text[..range.start].chars().rev();
                let sign = before.next().filter(char::is_ascii);
                let is_cut =
                    |c: char| c.is_control() && c != '\n' || c == char::REPLACEMENT_CHARACTER;
                let sign = sign.filter(|_| before.next().is_some_and(is_cut));
                let end = sign.map(|sign| format!("{sign}{}", identifier.value));
                if end.is_some_and(|end| self.addresses.ends_own(&end)) {
                    continue;
                }
                let parts = met.entry(identifier).or_insert_with_key(|it| self.parts_of(it));
                for (part, who) in parts {
                    let part = range.start + part.start..range.start + part.end;
                    sort(*who, if is_told { part } else { range.clone() });
                }
            }
        });
        let own = Ranges::new(own);
        for (number, range) in others {
            if let Some(range) = beside_own(text, &own, range) {
                found(number, range);
            }
        }
    }

    /// Whose the parts of an identifier are: it is one, unless addresses are glued together in it.
    fn parts_of(&self, identifier: &Identifier) -> Vec<Whose> {
        let value = &identifier.value;
        let whose = self.whose.get(&identifier.canonical()).copied();
        let glued = self.addresses.within(value);
        if glued.is_empty() {
            return vec![(0..value.len(), whose)];
        }
        let mut parts = Vec::new();
        let mut at = 0;
        for (part, who) in glued {
            // Between them somebody may stand whom nobody knows.
            if value[at..part.start].contains('@') {
                parts.push((at..part.start, None));
            }
            at = part.end;
            parts.push((part, Some(who)));
        }
        if value[at..].contains('@') {
            parts.push((at..value.len(), None));
        }
        parts
    }

    /// The same text without what names the subject.
    fn without_subject(&self, text: &str) -> String {
        let mut own = Vec::new();
        occurrences(&self.matcher, text, &mut |owner, range| {
            if self.numbers[owner.subject] == Who::Subject {
                own.push(range);
            }
        });
        let own = Ranges::new(own);
        let left = text.char_indices().filter(|(at, c)| !own.hold(&(*at..at + c.len_utf8())));
        left.map(|(_, c)| c).collect()
    }

    fn known_in(&self, text: &str, found: &mut dyn FnMut(u32, Range<usize>)) {
        let mut any = false;
        self.matcher.hint(text, Ends::Told, &mut |_| any = true);
        if !any {
            return;
        }
        let (mut own, mut others) = (Vec::new(), Vec::new());
        occurrences(&self.matcher, text, &mut |owner, range| match self.numbers[owner.subject] {
            Who::Subject => own.push(range),
            Who::Person(number) => others.push((number, range)),
        });
        let own = Ranges::new(own);
        for (number, range) in others {
            if !own.start_at(range.start) && !own.hold(&range) {
                found(number, range);
            }
        }
    }
}

/// The words of a name: letters, as capitals part them too, without numbers.
fn parted(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        let is_letter = c.is_alphabetic() || is_combining_mark(c) || matches!(c, '\'' | '’' | '・');
        if !is_letter || was_small && c.is_uppercase() {
            words.push(String::new());
        }
        if is_letter {
            words.last_mut().expect("one was pushed").push(c);
        }
        was_small = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Words as a name has them. Initials stay out: a letter says nothing.
fn capitalised(words: &[String]) -> String {
    let capital = |word: &String| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    let long = words.iter().filter(|word| word.chars().count() > 1);
    long.map(capital).collect::<Vec<_>>().join(" ")
}

/// What of a range is another's: `Ann` may be, but not in `Ann Lefèvre` if that is the subject's;
/// and `ann@contoso.com.csv` is the subject's address where it is found to be. An address that was
/// written right behind theirs is another's.
fn beside_own(text: &str, own: &Ranges, range: Range<usize>) -> Option<Range<usize>> {
    if own.hold(&range) {
        return None;
    }
    match own.end_of(range.start) {
        Some(end) => text[end..range.end].contains('@').then_some(end..range.end),
        // A longer name with theirs in it.
        None if own.meet(&range) && !text[range.clone()].contains('@') => None,
        None => Some(range),
    }
}
