//! Runs of hexadecimal digits, as databases print bytes: `\x6d69…`, `0x6d69…`, `X'6d69…'`.

use std::ops::Range;

use crate::matching::views::spelling::digits::openings::is_promising;
use crate::matching::views::spelling::noise::is_clean;

/// Shorter runs hold no identity that is worth it: eight bytes.
const DIGITS_MIN: usize = 16;

/// Bytes by which it is told whether they may be text.
const SAMPLE_BYTES: usize = 16;

/// The run of digits around this place, with what it spells, if that may be text or something
/// packed; nothing before `done`.
pub fn around(bytes: &[u8], at: usize, done: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let is_digit = |byte: &&u8| byte.is_ascii_hexdigit();
    let before = bytes[done..at].iter().rev().take_while(is_digit).count();
    let end = at + bytes[at..].iter().take_while(is_digit).count();
    let mut start = at - before;
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

/// Whether all of the eight bytes here may belong to a run.
pub fn may_belong(bytes: &[u8], at: usize) -> bool {
    bytes[at..].first_chunk::<8>().is_some_and(|word| word.iter().all(u8::is_ascii_hexdigit))
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
            let at = text.len() - 9;
            let run = around(text.as_bytes(), at, 0);
            assert_eq!(run.map(|run| run.1).as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }
}
