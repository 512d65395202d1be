//! Keys of the two parts of a name: `givenName` and `sn`, `first_name` and `last_name`, 名 and 姓.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Match};

/// A part of a name that has a field of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What a person is called by.
    Given,
    /// What a family is called by.
    Family,
    /// One of the two, if another key says which: `name` beside `surname`.
    Either,
}

impl Part {
    /// Whether a value with this key may be this part, where the other part has that key.
    pub fn fits(self, part: Self, other: Self) -> bool {
        self == part || self == Self::Either && other != Self::Either
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Given => Self::Family,
            Self::Family => Self::Given,
            Self::Either => Self::Either,
        }
    }
}

/// Long enough to be told wherever they stand in a key.
const GIVEN_WITHIN: &str = "givenname firstname forename christianname firstnm vorname rufname \
    prenom prénom voornaam fornavn förnamn etunimi imię křestní keresztnév primernombre";
const FAMILY_WITHIN: &str = "familyname lastname surname secondname lastnm nachname familienname \
    zuname nomdefamille apellido cognome sobrenome apelido achternaam efternavn efternamn \
    etternavn sukunimi keyname nazwisko příjmení vezetéknév familynm";

/// Words that are a part of a key, and no more than a part of a word.
const GIVEN_WORDS: &str = "given first fname firstn gname nombre imie imię jméno jmeno gn \
    fornamn etunimi mei 名 名前 имя ім'я όνομα 이름";
const FAMILY_WORDS: &str = "family last lname surname sn apellidos apelidos prijmeni sei 姓 氏 \
    苗字 名字 фамилия прізвище επώνυμο 성";

/// The same, to be looked up: binaries have many strings that may be keys.
struct Tables {
    within: AhoCorasick,
    /// How many of those within are of given names.
    given: usize,
    words: HashMap<&'static str, Part>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let within = || GIVEN_WITHIN.split_whitespace().chain(FAMILY_WITHIN.split_whitespace());
    let of = |part, words: &'static str| words.split_whitespace().map(move |word| (word, part));
    // What is both is a given name.
    let words = of(Part::Family, FAMILY_WORDS).chain(of(Part::Given, GIVEN_WORDS));
    Tables {
        within: AhoCorasick::new(within()).expect("few and short patterns"),
        given: GIVEN_WITHIN.split_whitespace().count(),
        words: words.collect(),
    }
});

/// Which part of a name the value of this key is, if the key says so; in lower case.
pub fn part_of(key: &str) -> Option<Part> {
    let bare: String = key.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut words = key.split(|c: char| !(c.is_alphanumeric() || c == '\'')).rev();
    if ["name", "nom", "nome", "nazwa"].contains(&bare.as_str()) {
        return Some(Part::Either);
    }
    let last = words.find(|word| !word.is_empty() && !is_general(word))?;
    let within = |seen: Match| match seen.pattern().as_usize() < TABLES.given {
        true => Part::Given,
        false => Part::Family,
    };
    let parts = TABLES.within.find_overlapping_iter(&bare).map(within);
    let parts = parts.chain(TABLES.words.get(last).copied());
    parts.min_by_key(|part| *part != Part::Given)
}

/// What says of which thing a key is, and not which part: `first_name_latin`, `names.first`.
fn is_general(word: &str) -> bool {
    ["name", "names", "kana", "kanji", "latin", "en", "text", "value"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        assert_eq!(part_of("name"), Some(Part::Either));
        for key in [
            "givenname",
            "first_name",
            "first-name",
            "first name",
            "user.first",
            "fname",
            "vorname",
            "names.given",
            "contact_firstname",
            "名",
            "prénom",
            "owner.given_name",
        ] {
            assert_eq!(part_of(key), Some(Part::Given), "{key}");
        }
        for key in [
            "surname",
            "sn",
            "last_name",
            "familyname",
            "lname",
            "nachname",
            "姓",
            "name.family",
            "last",
            "apellido1",
            "last_name_kana",
        ] {
            assert_eq!(part_of(key), Some(Part::Family), "{key}");
        }
        for key in ["", "last_seen", "first_run", "last_modified", "filename", "city", "isn"] {
            assert_eq!(part_of(key), None, "{key}");
        }
    }
}
