//! What an answer must not say again: the values of a message's identities, sound or not.
//!
//! A message at fault is answered in an event that strangers read. Its keys and its id are repeated
//! there, and either may have been made of the person's name.

use std::cell::Cell;
use std::collections::HashSet;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::matching::work;
use crate::stages::message::json::Document;

/// The letters and digits of every identity's value.
#[derive(Default)]
pub struct Unspoken {
    values: Vec<String>,
    /// What stands before the sign of addresses and is made of several words, as names are.
    names: Vec<String>,
    /// Every three in a row of some value: a word that has others is in none.
    threes: HashSet<[char; 3]>,
    /// Bytes that may still be compared. A message may be all keys and values.
    left: Cell<usize>,
}

/// Fewer letters than these are in many a word.
const LETTERS_MIN: usize = 3;

/// Bytes compared for each byte of the values; then a key is not named, whatever it is.
const COMPARED_RATIO_MAX: usize = 64;

impl Unspoken {
    /// The values of all identities in a message, wherever they stand in it.
    pub fn of(document: &Document) -> Self {
        let mut values = Vec::new();
        collect(&document.value, &mut values);
        if let Some(identities) = document.value.get("subject_identities") {
            collect_bare(identities, &mut values);
        }
        document.dropped.iter().for_each(|dropped| collect_all(dropped, &mut values));
        let names = values.iter().filter_map(|value| named_before_sign(value)).collect();
        let values: Vec<String> = values.into_iter().map(squashed).collect();
        let threes = values.iter().flat_map(|value| threes(value)).collect();
        let bytes = values.iter().map(String::len).sum::<usize>();
        Self { values, names, threes, left: Cell::new(COMPARED_RATIO_MAX * bytes) }
    }

    /// Whether a word of this key, of three letters or more, is in some value.
    pub fn is_in_key(&self, key: &str) -> bool {
        let mut words = key
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| word.chars().count() >= LETTERS_MIN)
            .map(squashed);
        words.any(|word| self.is_in_value(&word))
    }

    /// Whether some value, of three letters or digits or more, is in this id, or the name that an
    /// address begins with.
    pub fn is_in_id(&self, id: &str) -> bool {
        let id = squashed(id);
        let known: HashSet<[char; 3]> = threes(&id).collect();
        let is_told = |value: &String| {
            value.len() >= LETTERS_MIN
                && value.len() <= id.len()
                && threes(value).all(|three| known.contains(&three))
                && self.may_compare(id.len()).is_none_or(|()| id.contains(value.as_str()))
        };
        self.values.iter().chain(&self.names).any(is_told)
    }

    fn is_in_value(&self, word: &str) -> bool {
        work::charge(word.len());
        threes(word).all(|three| self.threes.contains(&three))
            && self
                .values
                .iter()
                .any(|value| self.may_compare(value.len()).is_none_or(|()| value.contains(word)))
    }

    /// `None` once too much was compared: what is not known is not repeated.
    fn may_compare(&self, bytes: usize) -> Option<()> {
        work::charge(bytes);
        self.left.set(self.left.get().checked_sub(bytes)?);
        Some(())
    }
}

/// Every three characters in a row.
fn threes(text: &str) -> impl Iterator<Item = [char; 3]> {
    let next = text.chars().zip(text.chars().skip(1)).zip(text.chars().skip(2));
    next.map(|((first, second), third)| [first, second, third])
}

/// Values in their place: beside a type, or in a dictionary's entry.
fn collect<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match key.as_str() {
                    "identity_value" | "value" => collect_all(value, into),
                    _ => collect(value, into),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|one| collect(one, into)),
        _ => {}
    }
}

/// Values where a whole identity belongs.
fn collect_bare<'a>(identities: &'a Value, into: &mut Vec<&'a str>) {
    let children: Vec<&Value> = match identities {
        Value::Object(object) => object.values().collect(),
        Value::Array(list) => list.iter().collect(),
        other => vec![other],
    };
    into.extend(children.into_iter().filter_map(Value::as_str));
}

fn collect_all<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(list) => list.iter().for_each(|one| collect_all(one, into)),
        Value::Object(object) => object.values().for_each(|one| collect_all(one, into)),
        _ => {}
    }
}

/// Letters and digits alone, in lower case, accents aside: `Ann Lefèvre` is `annlefevre`.
fn squashed(text: &str) -> String {
    text.nfkd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The letters of what stands before the sign of an address, if that is of several words.
fn named_before_sign(value: &str) -> Option<String> {
    const NAME_LETTERS_MIN: usize = 6;
    let (local, _) = value.split_once('@')?;
    let is_parted = local.trim().contains(['.', '_', '-']);
    Some(squashed(local)).filter(|name| is_parted && name.len() >= NAME_LETTERS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::message::fault::Faults;
    use crate::stages::message::json;

    #[test]
    fn a_key_is_named_unless_it_may_be_the_person() {
        let array = r#"{"subject_identities": [{"identity_value": "Ann Lefèvre"}]}"#;
        let dictionary = r#"{"subject_identities": {"email": {"value": "ann.lefevre@x.io"}}}"#;
        let bare = r#"{"subject_identities": ["ann.lefevre"]}"#;
        let twice = r#"{"value": [], "value": ["Ann Lefèvre"]}"#;
        let elsewhere = r#"{"people": {"one": {"identity_value": ["Ann Lefèvre"]}}}"#;
        for message in [array, dictionary, bare, twice, elsewhere] {
            for (key, expected) in [
                ("ann", "/at"),
                ("ann_lefevre", "/at"),
                ("lefevre_note", "/at"),
                ("annlefevre", "/at"),
                ("ann7", "/at"),
                ("note_of_ann", "/at"),
                ("note", "/at/note"),
                ("shoe_size", "/at/shoe_size"),
                ("an_n", "/at/an_n"),
                ("Ann", "/at"),
                ("ann@contoso.com", "/at"),
                ("", "/at"),
            ] {
                let document = json::parse(message).unwrap();
                let faults = Faults::in_a_message_about(Unspoken::of(&document));
                assert_eq!(faults.pointer_to("/at", key), expected, "{key} in {message}");
            }
        }
    }

    #[test]
    fn an_id_is_repeated_unless_it_may_be_the_person() {
        let message = r#"{"subject_identities": [
            {"identity_value": " Ann Lefèvre "}, {"identity_value": "ann@contoso.com"},
            {"identity_value": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"},
            {"identity_value": "kim.park@contoso.com"}, {"identity_value": "q7"}]}"#;
        let unspoken = Unspoken::of(&json::parse(message).unwrap());
        for (id, expected) in [
            ("annlefevre-1", true),
            ("t-Ann.Lefevre", true),
            ("ann-contoso.com", true),
            ("6F9619FF8B86D011B42D00CF4FC964FF", true),
            ("req-kim.park-1", true),
            ("REQ_KimPark", true),
            ("spark-1", false),
            ("q7", false),
            ("a7551968-d5d6-44b2-9831-815ac9017798", false),
            ("ann", false),
        ] {
            assert_eq!(unspoken.is_in_id(id), expected, "{id}");
        }
    }
}
