//! What of a text is masked for an archive: everything that names other people and nothing that
//! names the subject.

use std::collections::HashMap;
use std::ops::Range;

use crate::matching::matcher::Matcher;
use crate::matching::people::doubts::full_name;
use crate::matching::people::named::Identifier;
use crate::matching::people::ranges::Ranges;
use crate::matching::people::records::everyone::everyone_in;
use crate::matching::people::who::Who;
use crate::matching::put::Put;
use crate::matching::scan::occurrences;
use crate::matching::secrets::Sought;
use crate::matching::views::as_read::folds::may_be_address;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::{Ends, Hinting};
use crate::matching::views::spelling::escapes::unescape;

/// What is masked for one request.
pub struct Mask {
    /// `None` where nobody is: no person asked.
    people: Option<People>,
    /// What is taken for a secret.
    pub secrets: Sought,
}

/// The other people of a request, to be looked for together.
struct People {
    matcher: Matcher,
    /// Who each subject of the matcher is; the first is the subject of the request.
    numbers: Vec<Who>,
    /// Whose each name is, in its canonical form.
    whose: HashMap<String, Who>,
}

impl Mask {
    /// Of these people.
    pub(super) fn new(matcher: Matcher, numbers: Vec<Who>, whose: HashMap<String, Who>) -> Self {
        let people = Some(People { matcher, numbers, whose });
        Self { people, secrets: Sought::Any }
    }

    /// Of nobody, but of these secrets.
    pub fn of_nobody(secrets: Sought) -> Self {
        Self { people: None, secrets }
    }

    /// Whether other people are masked.
    pub fn is_of_people(&self) -> bool {
        self.people.is_some()
    }

    /// Other people in a text, by number. Whoever was in no census has none.
    pub fn others_in(&self, text: &str, found: &mut dyn FnMut(Option<u32>, Range<usize>)) {
        if let Some(people) = &self.people {
            people.others_in(text, found);
        }
    }

    /// Those of them in a text who were in the census, by what they were called there.
    pub fn known_in(&self, text: &str, found: &mut dyn FnMut(u32, Range<usize>)) {
        if let Some(people) = &self.people {
            people.known_in(text, found);
        }
    }

    /// The name of what nobody could look into, without parts that look like somebody's name and
    /// are not the subject's: who it is about cannot be told.
    pub fn without_names(&self, name: &str) -> String {
        let Some(people) = &self.people else { return name.to_owned() };
        let part = |part: &str| {
            let (stem, rest) = part.split_at(part.find('.').unwrap_or(part.len()));
            let plain = unescape(stem).map_or_else(|| stem.to_owned(), |reading| reading.text);
            let words = plain.replace(['_', '+', '-', ','], " ");
            let is_shown = !full_name(&words) || people.is_of_subject(&words);
            if is_shown { part.to_owned() } else { format!("{}{rest}", Put::Removed.text()) }
        };
        name.split('/').map(part).collect::<Vec<_>>().join("/")
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

impl People {
    fn others_in(&self, text: &str, found: &mut dyn FnMut(Option<u32>, Range<usize>)) {
        let mut own: Vec<Range<usize>> = Vec::new();
        let mut others = Vec::new();
        let mut sort = |who: Option<Who>, range: Range<usize>| match who {
            Some(Who::Subject) => own.push(range),
            Some(Who::Person(number)) => others.push((Some(number), range)),
            None => others.push((None, range)),
        };
        occurrences(&self.matcher, text, &mut |owner, range| {
            sort(Some(self.numbers[owner.subject]), range);
        });
        let mut met: HashMap<Identifier, Option<Who>> = HashMap::new();
        everyone_in(text, &mut |_, named| {
            for (identifier, range) in named {
                let whose = |it: &Identifier| self.whose.get(&it.canonical()).copied();
                sort(*met.entry(identifier).or_insert_with_key(whose), range);
            }
        });
        let own = Ranges::new(own);
        for (number, range) in others {
            if let Some(range) = beside_own(text, &own, range) {
                found(number, range);
            }
        }
    }

    fn is_of_subject(&self, text: &str) -> bool {
        let mut any = false;
        occurrences(&self.matcher, text, &mut |owner, _| {
            any |= self.numbers[owner.subject] == Who::Subject;
        });
        any
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
