//! From an identity to what is looked for: its folded spellings and how their ends are judged.

use sha2::{Digest, Sha256};

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType};
use crate::matching::identity::addresses::{addresses_at, invited_address};
use crate::matching::identity::boundaries::Boundary;
use crate::matching::identity::scripts::separates;
use crate::matching::views::as_read::alike::{with_plain_signs, written_plainly};
use crate::matching::views::as_read::domains::in_letters;
use crate::matching::views::spelling::fold::folded;
use crate::matching::views::spelling::spaceless::is_spaceless;

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
    let written = folded(identity.expose().trim());
    let value = folded(&written_plainly(&written));
    if identity.format == IdentityFormat::Sha256 {
        return hash(&written);
    }
    match identity.kind {
        IdentityType::Email | IdentityType::Upn => {
            let written = with_plain_signs(&written);
            address(in_letters(&written).unwrap_or(written))
        }
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

/// What an identity comes down to, however it is written: two that come down to the same name the
/// same person. An address comes down to its hash, so that it meets one that was given as a hash.
pub fn canonical(identity: &Identity) -> String {
    match sought(identity).into_iter().next() {
        Some(Sought::Address(address)) => hex::encode(Sha256::digest(address)),
        Some(Sought::Hash(hash)) => hex::encode(hash),
        Some(Sought::Text(text, _)) => format!("{} {text}", identity.kind.as_str()),
        Some(Sought::Name(mut name)) if !name.spaceless => {
            // Family name first or last.
            name.words.sort_unstable();
            format!("name {}", name.words.join(" "))
        }
        Some(Sought::Name(name)) => format!("name {}", name.words.concat()),
        None => String::new(),
    }
}

/// What can be met in a text without knowing it, by its shape alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An address.
    Address,
    /// A GUID.
    ObjectId,
    /// A passport id.
    Puid,
}

impl Shape {
    /// The canonical form of what has this shape: of its digits, or of the hash of an address.
    pub fn canonical(self, digits: &str) -> String {
        match self {
            Self::Address => digits.to_owned(),
            Self::ObjectId => format!("{} {digits}", IdentityType::ObjectId.as_str()),
            Self::Puid => format!("{} {digits}", IdentityType::Puid.as_str()),
        }
    }
}

/// Shape and canonical form of an identity that has a shape.
pub fn recognisable(identity: &Identity) -> Option<(Shape, String)> {
    let is_hex = |text: &str, len| text.len() == len && hex::decode(text).is_ok();
    let shape = match sought(identity).into_iter().next()? {
        Sought::Address(_) | Sought::Hash(_) => Shape::Address,
        Sought::Text(digits, _) => match identity.kind {
            IdentityType::ObjectId if is_hex(&digits, 32) => Shape::ObjectId,
            IdentityType::Puid if is_hex(&digits, 16) => Shape::Puid,
            _ => return None,
        },
        Sought::Name(_) => return None,
    };
    Some((shape, canonical(identity)))
}

fn address(value: String) -> Vec<Sought> {
    let invited = value.split_once("#ext#").and_then(|(local, _)| invited_address(local));
    match invited {
        Some(address) => vec![Sought::Address(address)],
        None if value.ends_with(']') && is_plain_address(&value.replace(['[', ']'], "")) => {
            vec![Sought::Address(value.replace(['[', ']'], ""))]
        }
        None if is_plain_address(&value) => vec![Sought::Address(value)],
        // Rare signs in the local part, or no address at all: the text itself, strictly ended.
        None => vec![Sought::Text(value, Boundary::Token)],
    }
}

fn is_plain_address(value: &str) -> bool {
    let is_whole = |at| addresses_at(value, at).any(|range| range == (0..value.len()));
    value.find('@').is_some_and(is_whole)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_comes_down_to_the_same() {
        use IdentityFormat::{Raw, Sha256 as Hashed};
        use IdentityType::{ControllerCustomerId, Email, Name, ObjectId, Puid, Upn, Username};
        let hash = hex::encode(Sha256::digest("ann@contoso.com"));
        let same = [
            ((Email, Raw, "Ann@Contoso.com"), (Upn, Raw, "ann@contoso.com")),
            ((Email, Raw, "ann@contoso.com"), (Email, Hashed, hash.as_str())),
            ((Email, Raw, "ann@contoso.com"), (Upn, Raw, "ann_contoso.com#EXT#@t.onmicrosoft.com")),
            ((Name, Raw, "Ann Lefèvre"), (Name, Raw, "LEFÈVRE, Ann")),
            ((Name, Raw, "山田太郎"), (Name, Raw, "山田 太郎")),
            (
                (ObjectId, Raw, "6F9619FF-8B86-D011-B42D-00CF4FC964FF"),
                (ObjectId, Raw, "{6f9619ff8b86d011b42d00cf4fc964ff}"),
            ),
            ((Puid, Raw, "1:live.com:0006BFFD8A123456"), (Puid, Raw, "0006bffd8a123456")),
        ];
        let of = |(kind, format, value): (IdentityType, IdentityFormat, &str)| {
            canonical(&Identity::new(kind, format, value.to_owned()))
        };
        for (one, other) in same {
            assert_eq!(of(one), of(other), "{} and {}", one.2, other.2);
        }
        let apart = [
            ((Email, Raw, "ann@contoso.com"), (Email, Raw, "joann@contoso.com")),
            ((Username, Raw, "1029"), (ControllerCustomerId, Raw, "1029")),
        ];
        for (one, other) in apart {
            assert_ne!(of(one), of(other), "{} and {}", one.2, other.2);
        }
    }
}
