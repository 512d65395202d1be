//! Names that addresses spell.

use crate::domain::asked::subject::IdentityType;
use crate::matching::people::doubts::is_technical;
use crate::matching::people::named::Identifier;

/// The name that the local part of an address spells: `kofi.brandt@…` is Kofi Brandt's.
pub fn spelled_by(identifier: &Identifier) -> Option<Identifier> {
    const WORD_CHARS_MIN: usize = 3;
    let (local, _) = identifier.value.split_once('@')?;
    let parts: Vec<&str> = local.split(['.', '_', '-']).collect();
    let is_word = |word: &&str| {
        word.chars().count() >= WORD_CHARS_MIN && word.chars().all(char::is_alphabetic)
    };
    let is_name = parts.len() == 2 && parts.iter().all(is_word) && !is_technical(local);
    let value = parts.join(" ");
    is_name.then_some(Identifier { kind: IdentityType::Name, value })
}
