//! Where an identity ends: what may stand before and after it, by its type.
//!
//! | type | must not be part of |
//! | --- | --- |
//! | email, upn | a longer address on either side (`addresses`) |
//! | object id, puid, hash | a longer run of letters and digits |
//! | name | a longer word, or a double name (`Anne-Marie`); letters of `scripts` may adjoin |
//! | customer id | a longer token of letters, digits, `-` and `_` |
//! | username | as customer id and `.`, `@`, `+`; **and** it must name a user (`aliases`) |

use crate::matching::identity::addresses::{addresses_at, local_run_start};
use crate::matching::identity::domains::goes_on;
use crate::matching::identity::scripts::{stands_apart, stands_turned};
use crate::matching::identity::users::aliases::{BESIDE_BYTES, names_a_user};
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::spaceless::{continues_word, is_local};

/// How the ends of a pattern are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// An e-mail address or user principal name.
    Address,
    /// The guest form of an address, from its first letter to the end of its tenant.
    Guest,
    /// An address that another one spells: `list+ann=contoso.com@…`.
    Respelled,
    /// Hexadecimal digits.
    Digits,
    /// Words of a name.
    Words,
    /// Words of a name, family name first: they may be the last of one name and the first of
    /// another.
    Turned,
    /// Words of a name that a sign joins: `mira_osei`.
    Slug,
    /// The same, family name first.
    TurnedSlug,
    /// Words of a name, a family name in capitals first.
    Shouted,
    /// Words of a name in two cells that adjoin.
    Cells,
    /// The same, family name first.
    TurnedCells,
    /// Parts of a name that what stands around them says to be such.
    Parted,
    /// A customer id.
    Token,
    /// An alias.
    Alias,
}

/// Whether `hit` stands for itself between `before` and `after`; all folded, and as much of the
/// neighbouring text as there is.
pub fn stands_alone(boundary: Boundary, before: &str, hit: &str, after: &str) -> bool {
    match boundary {
        Boundary::Address => is_whole_address(before, hit, after),
        Boundary::Guest => {
            !after.starts_with(|c: char| continues_word(c) || c == '-')
                && local_run_start(before, before.len()) == before.len()
        }
        Boundary::Digits | Boundary::Respelled => {
            !before.ends_with(continues_word) && !after.starts_with(continues_word)
        }
        Boundary::Words
        | Boundary::Shouted
        | Boundary::Cells
        | Boundary::TurnedCells
        | Boundary::Parted => stands_as_words(before, hit, after),
        Boundary::Slug | Boundary::TurnedSlug => stands_as_slug(before, hit, after),
        Boundary::Turned => {
            stands_as_words(before, hit, after) && stands_turned(before, hit, after)
        }
        Boundary::Token => !before.ends_with(is_token) && !after.starts_with(is_token),
        Boundary::Alias => names_a_user(tail(before), hit, head(after)),
    }
}

fn is_whole_address(before: &str, hit: &str, after: &str) -> bool {
    let Some(sign) = hit.rfind('@') else { return false };
    let text = [tail(before), hit, head(after)].concat();
    let start = tail(before).len();
    addresses_at(&text, start + sign).any(|range| range == (start..start + hit.len()))
        && !goes_on_in_binary(after)
}

/// Characters behind a domain in which a binary shows itself.
const NEAR_CHARS: usize = 32;

/// Whether an address before this is the head of a longer one in a binary, to which what stands
/// next to it is glued.
pub fn goes_on_in_binary(after: &str) -> bool {
    // Control characters that no text has, and bytes that are none of it.
    let is_sign = |c: char| match c {
        ..'\u{7}' | '\u{b}' | char::REPLACEMENT_CHARACTER => true,
        '\u{e}'..'\u{20}' => c != '\u{1b}',
        _ => false,
    };
    let run = after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
    goes_on(after) && run.is_some_and(|run| after[run..].chars().take(NEAR_CHARS).any(is_sign))
}

fn stands_as_words(before: &str, hit: &str, after: &str) -> bool {
    let (mut earlier, mut later) = (before.chars().rev(), after.chars());
    let (previous, next) = (earlier.next(), later.next());
    let double = |dash: Option<char>, beyond: Option<char>| {
        matches!(dash, Some('-' | '\u{2010}' | '\u{2011}'))
            && beyond.is_some_and(char::is_alphabetic)
    };
    is_whole_word(before, hit, after)
        && !double(previous, earlier.next())
        && !double(next, later.next())
}

/// As words, but that a dash goes on with the slug and not with the name.
fn stands_as_slug(before: &str, hit: &str, after: &str) -> bool {
    is_whole_word(before, hit, after) && !before.ends_with('@')
}

fn is_whole_word(before: &str, hit: &str, after: &str) -> bool {
    let adjoins = |end: Option<char>, neighbour: Option<char>| {
        end.is_some_and(continues_word)
            && neighbour.is_some_and(|c| continues_word(c) || is_mark(c))
    };
    !begins_address(after)
        && !adjoins(hit.chars().next(), before.chars().next_back())
        && !adjoins(hit.chars().next_back(), after.chars().next())
        && stands_apart(before, hit, after)
}

/// Whether the word goes on to an address: `Lefèvre, ann+x@contoso.com` names no Ann Lefèvre.
fn begins_address(after: &str) -> bool {
    head(after).trim_start_matches(is_local).starts_with('@')
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn is_token(c: char) -> bool {
    continues_word(c) || matches!(c, '-' | '_')
}

fn tail(text: &str) -> &str {
    &text[ceil(text, text.len().saturating_sub(BESIDE_BYTES))..]
}

fn head(text: &str) -> &str {
    &text[..floor(text, BESIDE_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(boundary: Boundary, text: &str) -> bool {
        let (before, rest) = text.split_once('[').unwrap();
        let (hit, after) = rest.split_once(']').unwrap();
        stands_alone(boundary, before, hit, after)
    }

    #[test]
    fn addresses_in_binaries() {
        for text in ["\0[ann@contoso.com].orgbob\0", "[ann@contoso.com].orgu\u{5}given"] {
            assert!(!stands(Boundary::Address, text), "{text}");
        }
        for text in
            ["\0[ann@contoso.com].joblib\0", "see [ann@contoso.com].netcdf4", "[ann@contoso.com]"]
        {
            assert!(stands(Boundary::Address, text), "{text}");
        }
    }

    #[test]
    fn words() {
        for text in ["(ann lefèvre])", "[山田太郎]さん", "担当[ann lefèvre]さん", "[ann lefèvre]'s"]
        {
            let text = if text.contains('[') { text.to_owned() } else { text.replace('(', "[") };
            assert!(stands(Boundary::Words, &text), "{text}");
        }
        for text in
            ["jo[ann lefèvre]", "[ann lefèvre]s", "[ann lefèvre]-dupont", "marie-[ann lefèvre]"]
        {
            assert!(!stands(Boundary::Words, text), "{text}");
        }
    }
}
