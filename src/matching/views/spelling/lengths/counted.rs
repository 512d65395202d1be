//! Strings with their length before them in decimal digits: bencode (`4:user5:mosei`), netstrings
//! (`5:mosei,`) and canonical S-expressions.
//!
//! In text such a length may be any number with a colon. So all of it must be of this form.

use std::ops::Range;

/// Digits of a length.
const DIGITS_MAX: usize = 7;

/// Strings that hold strings.
const DEPTH_MAX: usize = 4;

/// Strings of what is cut off where a window ends.
const STRINGS_OF_PART_MIN: usize = 8;

/// Whether bytes may be such strings: told by the first of them.
fn may_be_counted(bytes: &[u8]) -> bool {
    let opens = bytes.iter().take(DEPTH_MAX).take_while(|byte| b"dl(".contains(byte)).count();
    header(&bytes[opens..]).is_some()
}

/// All such strings, in order; none if anything else is among them.
pub fn strings(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let is_whole = may_be_counted(bytes) && within(bytes, 0..bytes.len(), DEPTH_MAX, &mut all);
    if is_whole { all } else { Vec::new() }
}

/// How wide a length is with its colon, and what it says.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let digits = bytes.iter().take(DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
    let len = std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
    (bytes.get(digits) == Some(&b':')).then_some((digits + 1, len))
}

fn within(bytes: &[u8], range: Range<usize>, depth: usize, all: &mut Vec<Range<usize>>) -> bool {
    let mut at = range.start;
    while at < range.end {
        let rest = &bytes[at..range.end];
        match rest[0] {
            // Lists and maps, ends, and what says of which kind a string is.
            b'd' | b'l' | b'e' | b'(' | b')' | b',' | b'}' | b']' | b'~' | b'#' | b'^' | b'!'
            | b'\r' | b'\n' => at += 1,
            b'i' => {
                let number = rest[1..].iter().take(2 * DIGITS_MAX);
                let digits = number.take_while(|byte| b"-0123456789".contains(byte)).count();
                if digits == 0 || rest.get(1 + digits) != Some(&b'e') {
                    return false;
                }
                at += digits + 2;
            }
            _ => {
                let Some((width, len)) = header(rest) else { return false };
                let string = at + width..at + width + len;
                if string.end > range.end {
                    return all.len() >= STRINGS_OF_PART_MIN;
                }
                at = string.end;
                let before = all.len();
                let holds = depth > 0
                    && header(&bytes[string.clone()]).is_some()
                    && within(bytes, string.clone(), depth - 1, all);
                if !holds {
                    all.truncate(before);
                    all.push(string);
                }
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_counted() {
        for (text, expected) in [
            ("d4:user5:mosei2:idi7ee", &["user", "mosei", "id"][..]),
            ("5:mosei,3:ann,", &["mosei", "ann"]),
            ("(4:user5:mosei)", &["user", "mosei"]),
            ("14:5:mosei,3:ann,]", &["mosei", "ann"]),
            ("l5:12:34e", &["12:34"]),
            ("12:34:56 some log", &[]),
            ("5:mosei is here", &[]),
            ("d4:user5:mo", &[]),
            ("dl", &[]),
            ("", &[]),
        ] {
            let all = strings(text.as_bytes()).into_iter().map(|string| &text[string]);
            assert_eq!(all.collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
