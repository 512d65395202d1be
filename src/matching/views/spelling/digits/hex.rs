//! Runs of hexadecimal digits, as databases print bytes: `\x6d69…`, `0x6d69…`, `X'6d69…'`.

use std::ops::Range;

use crate::matching::views::spelling::digits::openings::is_promising;
use crate::matching::views::spelling::noise::is_plain;

/// Shorter runs hold no identity that is worth it: eight bytes.
pub const DIGITS_MIN: usize = 16;

/// What of these digits spells something, with what it spells, if that may be text or something
/// packed.
pub fn decoded(bytes: &[u8], run: Range<usize>) -> Option<(Range<usize>, Vec<u8>)> {
    let Range { mut start, end } = run;
    // `0x` before it is no part of it; of `x` alone the digits may be odd.
    if (end - start) % 2 == 1 {
        start += 1;
    }
    if end - start < DIGITS_MIN {
        return None;
    }
    // What is packed or encrypted tells it late, and text may stand behind numbers.
    let spelled = hex::decode(&bytes[start..end]).ok()?;
    // A number that is text by chance is so in part.
    let is_number = bytes[start..end].iter().all(u8::is_ascii_digit);
    let is_told = !is_number || spelled.iter().all(|byte| is_plain(*byte) || *byte == 0);
    (is_told && is_promising(&spelled)).then_some((start..end, spelled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_spell_bytes() {
        for (text, expected) in [
            (r"1,\x6d697261406e6f72642e6578", Some("mira@nord.ex")),
            ("0x6D697261406E6F72642E6578,", Some("mira@nord.ex")),
            ("X'6d697261406e6f72642e6578'", Some("mira@nord.ex")),
            ("6f9619ff8b86d011b42d00cf4fc964ff", None),
            ("1526765404677642287", None),
            ("5065746572205061727279", Some("Peter Parry")),
            ("37003000300034003200390031003700", Some("7\x000\x000\x004\x002\x009\x001\x007\0")),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", None),
        ] {
            let is_digit = |c: &char| c.is_ascii_hexdigit();
            let end = text.trim_end_matches(['\'', ',']).len();
            let len = text[..end].chars().rev().take_while(is_digit).count();
            let run = decoded(text.as_bytes(), end - len..end);
            assert_eq!(run.map(|run| run.1).as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn what_is_packed_or_stands_behind_numbers_is_no_noise() {
        let passphrase =
            b"\x8c\x0d\x04\x09\x03\x02\x45\x09\x65\x16\xae\x14\x23\xeb\xff\xd2\x81\x01KH";
        for head in [&b"\x1f\x9d\x90"[..], passphrase] {
            let text = hex::encode([head, &[0x90; 80]].concat());
            assert!(decoded(text.as_bytes(), 0..text.len()).is_some(), "{text}");
        }
        let text = hex::encode([&[0x90; 40][..], b"mira@nord.ex"].concat());
        assert!(decoded(text.as_bytes(), 0..text.len()).is_some());
        let noise = hex::encode([0x90; 80]);
        assert!(decoded(noise.as_bytes(), 0..noise.len()).is_none());
    }
}
