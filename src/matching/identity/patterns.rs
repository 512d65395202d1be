//! From an identity to what is looked for: its folded spellings and how their ends are judged.

use crate::domain::subject::{Identity, IdentityFormat, IdentityType};
use crate::matching::identity::addresses::{invited_address, is_spaceless};
use crate::matching::identity::boundaries::Boundary;
use crate::matching::views::spelling::fold::folded;

/// One thing to look for in folded text.
pub enum Sought {
    /// The `@`-sign leads to it: an address, whole.
    Address(String),
    /// Sixty-four hexadecimal digits: the hash of an address; its own text is a pattern too.
    Hash([u8; 32]),
    /// This text, ended as said.
    Text(String, Boundary),
    /// A person's name.
    Name(Name),
}

/// The words of a name, folded.
#[derive(Clone)]
pub struct Name {
    /// In the order given, family name last where the writer had `Family, Given`.
    pub words: Vec<String>,
    /// Which of them is searched for; the others are looked for around it.
    pub anchor: usize,
    /// Whether the words are of a script that needs no space between them, and have two orders.
    pub spaceless: bool,
}

/// Everything that stands for this identity.
pub fn sought(identity: &Identity) -> Vec<Sought> {
    let value = folded(identity.expose().trim());
    if identity.format == IdentityFormat::Sha256 {
        return hash(&value);
    }
    match identity.kind {
        IdentityType::Email | IdentityType::Upn => address(value),
        IdentityType::ObjectId => object_id(&value),
        IdentityType::Puid => {
            let digits = value.rsplit(':').next().unwrap_or(&value).to_owned();
            vec![Sought::Text(digits, Boundary::Digits)]
        }
        IdentityType::Name => name(&value),
        IdentityType::Username => vec![Sought::Text(value, Boundary::Alias)],
        IdentityType::ControllerCustomerId => vec![Sought::Text(value, Boundary::Token)],
    }
}

fn address(value: String) -> Vec<Sought> {
    let invited = value.split_once("#ext#").and_then(|(local, _)| invited_address(local));
    match invited {
        Some(address) => vec![Sought::Address(address)],
        None if is_plain_address(&value) => vec![Sought::Address(value)],
        // Rare signs in the local part, or no address at all: the text itself, strictly ended.
        None => vec![Sought::Text(value, Boundary::Token)],
    }
}

fn is_plain_address(value: &str) -> bool {
    value
        .find('@')
        .is_some_and(|at| super::addresses::address_at(value, at) == Some(0..value.len()))
}

fn hash(value: &str) -> Vec<Sought> {
    let mut bytes = [0; 32];
    let text = Sought::Text(value.to_owned(), Boundary::Digits);
    match hex::decode_to_slice(value, &mut bytes) {
        Ok(()) => vec![Sought::Hash(bytes), text],
        Err(_) => vec![text],
    }
}

fn object_id(value: &str) -> Vec<Sought> {
    let digits: String = value.chars().filter(char::is_ascii_hexdigit).collect();
    if digits.len() != 32 {
        return vec![Sought::Text(value.to_owned(), Boundary::Token)];
    }
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    let dashed = parts.join("-");
    vec![Sought::Text(digits, Boundary::Digits), Sought::Text(dashed, Boundary::Digits)]
}

fn name(value: &str) -> Vec<Sought> {
    let ordered = match value.split_once([',', '、']) {
        Some((family, given)) => format!("{given} {family}"),
        None => value.to_owned(),
    };
    let words: Vec<String> =
        ordered.split(separates).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let Some(anchor) = (0..words.len()).max_by_key(|index| words[*index].len()) else {
        return Vec::new();
    };
    let spaceless = words.iter().all(|word| word.chars().all(is_spaceless));
    let mut names = Vec::new();
    if let ([word], true) = (words.as_slice(), spaceless) {
        names.extend(splits(word));
    }
    names.insert(0, Sought::Name(Name { words, anchor, spaceless }));
    names
}

/// A name written in one piece, cut at each place where the given name may start.
fn splits(word: &str) -> Vec<Sought> {
    let cuts: Vec<usize> = word.char_indices().map(|(at, _)| at).skip(1).collect();
    if !(2..=5).contains(&cuts.len()) {
        return Vec::new();
    }
    let cut_at = |cut: usize| {
        let (family, given) = word.split_at(cut);
        let anchor = usize::from(given.len() > family.len());
        let words = vec![family.to_owned(), given.to_owned()];
        Sought::Name(Name { words, anchor, spaceless: true })
    };
    cuts.into_iter().map(cut_at).collect()
}

/// What may part the words of a name; a plus is a space in a URL's query.
pub fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '+' | '・')
}
