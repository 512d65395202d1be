//! Base85: Ascii85, between its brackets or not, and that of RFC 1924, as Python and git have it.
//!
//! Nearly all signs are digits of it, so that any word might be such. Read is what says so: a text
//! that has nothing else, what stands between `<~` and `~>`, and what follows a word that speaks of
//! it.

use std::ops::Range;

use memchr::memchr_iter;

use crate::matching::views::spelling::digits::openings::is_promising;
use crate::matching::views::spelling::noise::is_clean;
use crate::matching::work;

/// What calls end with that speak of it: `b85decode(`, `a85decode(`.
pub const CALLS: &[&[u8]] = &[b"85decode"];

/// What is read of one.
const BYTES_MAX: usize = 1 << 20;

/// Fewer digits spell nobody.
const DIGITS_MIN: usize = 10;

/// Bytes between a word that speaks of it and the digits.
const WORD_REACH: usize = 24;

/// Digits in the order of their values, from RFC 1924.
const RFC_1924: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// No digit.
const NONE: u8 = 85;

/// The value of each byte in Ascii85, and in RFC 1924.
const VALUES: [[u8; 256]; 2] = {
    let mut values = [[NONE; 256]; 2];
    let mut at = 0;
    while at < 85 {
        values[0][b'!' as usize + at] = at as u8;
        values[1][RFC_1924[at] as usize] = at as u8;
        at += 1;
    }
    values
};

/// Every such text, with what it spells; `calls`: where calls speak of one.
pub fn texts(bytes: &[u8], calls: &[Range<usize>], found: &mut dyn FnMut(Range<usize>, Vec<u8>)) {
    // A tilde is rarer than the sign before it.
    for at in memchr_iter(b'~', bytes).filter_map(|tilde| tilde.checked_sub(1)) {
        if bytes[at] != b'<' {
            continue;
        }
        let inner = &bytes[at + 2..bytes.len().min(at + BYTES_MAX)];
        // No digit is a tilde.
        let end = memchr::memchr(b'~', inner).filter(|len| inner.get(len + 1) == Some(&b'>'));
        let Some(len) = end else { continue };
        if let Some(spelled) = decoded(&inner[..len], &VALUES[0]) {
            found(at..at + len + 4, spelled);
        }
    }
    let mut from = 0;
    for call in calls {
        // What was looked at is not looked at again: calls may stand in what others are given.
        if call.start < from {
            continue;
        }
        let Some(run) = behind(bytes, call.end) else { continue };
        from = run.end;
        work::charge(run.len());
        for values in &VALUES {
            let digits = &bytes[run.clone()];
            if let Some(spelled) = decoded(digits, values).filter(|bytes| is_promising(bytes)) {
                found(run.clone(), spelled);
            }
        }
    }
    whole(bytes, found);
}

/// The digits behind a word that speaks of them: up to the quote that they began with, or a blank.
fn behind(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &bytes[at..bytes.len().min(at + WORD_REACH)];
    let is_gap = |byte: &&u8| byte.is_ascii_whitespace() || b"(:=b,".contains(byte);
    let gap = rest.iter().take_while(is_gap).count();
    // Whatever stands behind it is a digit, an equals sign too.
    let quote = rest.get(gap).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let gap = gap + usize::from(quote.is_some());
    let start = at + gap;
    let ends = |byte: &&u8| match quote {
        Some(quote) => **byte != quote,
        None => !byte.is_ascii_whitespace(),
    };
    let len = bytes[start..].iter().take(BYTES_MAX).take_while(ends).count();
    (gap > 0 && len >= DIGITS_MIN).then_some(start..start + len)
}

/// A text that has nothing but digits, in lines.
fn whole(bytes: &[u8], found: &mut dyn FnMut(Range<usize>, Vec<u8>)) {
    let digits = bytes.trim_ascii();
    // Without a sign it is a word, a hash or base64: of twenty digits one in four is a sign.
    let is_sign = |byte: &u8| byte.is_ascii_punctuation() && !b"+/=-_".contains(byte);
    if !(DIGITS_MIN..BYTES_MAX).contains(&digits.len()) {
        return;
    }
    for values in &VALUES {
        let is_digit =
            |byte: &u8| values[usize::from(*byte)] != NONE || matches!(byte, b'z' | b'\n' | b'\r');
        // Most texts have a blank early on, and what has none is soon no number.
        if digits.iter().take(NEAR_BYTES).all(is_digit)
            && let Some(spelled) = decoded(digits, values).filter(|bytes| is_promising(bytes))
            && digits.iter().all(is_digit)
            && digits.iter().any(is_sign)
            && (are_spread(digits) || is_padded_text(&spelled))
        {
            work::charge(digits.len());
            let start = bytes.len() - bytes.trim_ascii_start().len();
            found(start..start + digits.len(), spelled);
        }
    }
}

/// Whether bytes are text, but for zeros.
fn is_padded_text(bytes: &[u8]) -> bool {
    is_clean(&bytes.iter().copied().filter(|byte| *byte != 0).collect::<Vec<u8>>())
        || bytes.iter().filter(|byte| **byte == 0).count() * 2 > bytes.len()
}

/// Whether a text has half as many different digits as noise of its length would: hashes behind an
/// address have fewer.
fn are_spread(digits: &[u8]) -> bool {
    let mut seen = [false; 256];
    digits.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let different = seen.iter().filter(|seen| **seen).count();
    // What noise lacks shrinks by one of 85 with each digit of it, and soon it lacks nothing.
    let lacking = (1..=digits.len().min(NEAR_BYTES)).fold(85.0, |lacking, _| lacking * 84.0 / 85.0);
    2.0 * different as f64 >= 85.0 - lacking
}

/// Digits that are looked at first.
const NEAR_BYTES: usize = 256;

fn decoded(digits: &[u8], values: &[u8; 256]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut group, mut count) = (0u64, 0);
    for byte in digits.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        match values[usize::from(*byte)] {
            NONE if *byte == b'z' && count == 0 => bytes.extend([0; 4]),
            NONE => return None,
            value => (group, count) = (group * 85 + u64::from(value), count + 1),
        }
        if count == 5 {
            bytes.extend_from_slice(&u32::try_from(group).ok()?.to_be_bytes());
            (group, count) = (0, 0);
        }
    }
    if count > 1 {
        (count..5).for_each(|_| group = group * 85 + 84);
        bytes.extend_from_slice(&u32::try_from(group).ok()?.to_be_bytes()[..count - 1]);
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::blocks::few::Few;

    const ASCII: &str = "@X0)5Bl[W7Df]K(5]1L\\A8GsiBQPk<G[YH.Ch4`,Dg)";

    fn all(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        let calls = Few::new(CALLS).all(text.as_bytes());
        texts(text.as_bytes(), &calls, &mut |_, bytes| {
            all.push(String::from_utf8_lossy(&bytes).into_owned());
        });
        all
    }

    #[test]
    fn texts_spell_bytes() {
        let expected = "by mira.osei@nordlicht.example now";
        let rfc: String =
            ASCII.bytes().map(|byte| char::from(RFC_1924[usize::from(byte - b'!')])).collect();
        for text in [
            format!("x <~{ASCII}~> y"),
            format!("{ASCII}\n"),
            format!("{}\n{}\n", &ASCII[..20], &ASCII[20..]),
            format!("{rfc}\n"),
            format!("x = b85decode('{rfc}')"),
        ] {
            assert!(all(&text).iter().any(|text| text == expected), "{text}: {:?}", all(&text));
        }
    }

    #[test]
    fn what_says_the_same_again_is_read() {
        let encoded = |bytes: &[u8]| {
            let mut digits = String::new();
            for four in bytes.chunks_exact(4) {
                let number = u32::from_be_bytes(four.try_into().unwrap());
                let digit = |power: u32| RFC_1924[(number / 85u32.pow(power) % 85) as usize];
                digits.extend([4, 3, 2, 1, 0].map(|power| char::from(digit(power))));
            }
            digits
        };
        for bytes in
            [b"ann@contoso.com\n".repeat(20), [&b"ann@contoso.com\0"[..], &[0; 240]].concat()]
        {
            let all = all(&encoded(&bytes));
            assert!(all.iter().any(|text| text.contains("ann@contoso.com")), "{all:?}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "<~>",
            "<~~>",
            "<~",
            "a <~ b",
            "<~x~y~>",
            "<~<~",
            "",
            "a b85 c",
            "base85",
            "some words of a text",
            "mlflow.user=mosei",
            "b85=",
            // By chance it would be packed, or text.
            "ann@contoso.com,51225f7d51bf6255d8b6b9c26b54e9eb517087db8f33d188e86fe253b1384d94",
        ] {
            assert_eq!(all(text), [""; 0], "{text}");
        }
    }
}
