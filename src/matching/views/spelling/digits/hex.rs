//! Runs of hexadecimal digits, as databases print bytes: `\x6d69…`, `0x6d69…`, `X'6d69…'`.

use std::ops::Range;

use crate::matching::views::spelling::digits::openings::is_promising;
use crate::matching::views::spelling::noise::is_clean;

/// Shorter runs hold no identity that is worth it: eight bytes.
pub const DIGITS_MIN: usize = 16;

/// Bytes by which it is told whether they may be text.
const SAMPLE_BYTES: usize = 16;

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
    let sample = hex::decode(&bytes[start..end.min(start + 2 * SAMPLE_BYTES)]).ok()?;
    if !may_be_text(&sample) {
        return None;
    }
    let spelled = hex::decode(&bytes[start..end]).ok()?;
    Some((start..end, spelled))
}

fn may_be_text(sample: &[u8]) -> bool {
    is_clean(sample) || is_promising(sample)
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
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", None),
        ] {
            let is_digit = |c: &char| c.is_ascii_hexdigit();
            let end = text.trim_end_matches(['\'', ',']).len();
            let len = text[..end].chars().rev().take_while(is_digit).count();
            let run = decoded(text.as_bytes(), end - len..end);
            assert_eq!(run.map(|run| run.1).as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }
}
