//! Domains beyond ASCII, which are written in letters or as `xn--…`.

use idna::punycode;

use crate::matching::views::spelling::fold::folded;

/// What a label begins with that stands for another one.
const PREFIX: &str = "xn--";

/// A folded address with its domain in letters; `None` where it has no other.
pub fn in_letters(address: &str) -> Option<String> {
    if !address.contains(PREFIX) {
        return None;
    }
    let (local, domain) = address.split_once('@')?;
    let label = |label: &str| {
        let letters = label.strip_prefix(PREFIX).and_then(punycode::decode_to_string);
        let letters = letters.filter(|letters| !letters.is_empty());
        letters.map_or_else(|| label.to_owned(), |letters| folded(&letters))
    };
    let domain: Vec<String> = domain.split('.').map(label).collect();
    let written = format!("{local}@{}", domain.join("."));
    (written != address).then_some(written)
}

/// A folded address with its domain as machines write it; `None` where it has no other.
pub fn in_ascii(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    if domain.is_ascii() {
        return None;
    }
    let label = |label: &str| match punycode::encode_str(label) {
        Some(ascii) if !label.is_ascii() => format!("{PREFIX}{ascii}"),
        _ => label.to_owned(),
    };
    let domain: Vec<String> = domain.split('.').map(label).collect();
    Some(format!("{local}@{}", domain.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for (letters, ascii) in [
            ("mira@bücher.example", "mira@xn--bcher-kva.example"),
            ("иван@почта.рф", "иван@xn--80a1acny.xn--p1ai"),
            ("ann@mail.例え.jp", "ann@mail.xn--r8jz45g.jp"),
        ] {
            assert_eq!(in_letters(ascii).as_deref(), Some(letters));
            assert_eq!(in_ascii(letters).as_deref(), Some(ascii));
        }
        assert_eq!(in_letters("ann@xn--strae-oqa.de").as_deref(), Some("ann@strasse.de"));
        for plain in ["ann@contoso.com", "xn--x", "ann@xn--.com", "é@contoso.com"] {
            assert_eq!((in_letters(plain), in_ascii(plain)), (None, None));
        }
    }
}
