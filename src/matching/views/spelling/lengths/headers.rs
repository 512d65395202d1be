//! What stands before and behind strings of two bytes a character, read as characters too: a length
//! is a digit or a letter of some far script, and would make a longer word of the string.
//!
//! Nobody knows of such a character whether it is one. So what stands beside it is read twice, with
//! it and without.

use std::ops::Range;

/// Letters of nearly all that is written in one byte, and of its neighbours.
const NEAR_MAX: char = '\u{24f}';

/// The strings beside characters that may be no part of them, without those.
pub fn beside_headers(chars: &[char]) -> Vec<Range<usize>> {
    let headers = headers(chars);
    let is_end = |at: usize| chars[at].is_control() || chars[at] == char::REPLACEMENT_CHARACTER;
    let mut strings: Vec<Range<usize>> = Vec::new();
    for (number, at) in headers.iter().copied().enumerate() {
        let from = number.checked_sub(1).map_or(0, |before| headers[before] + 1);
        let to = headers.get(number + 1).copied().unwrap_or(chars.len());
        let before = (from..at).rev().take_while(|at| !is_end(*at)).count();
        let after = (at + 1..to).take_while(|at| !is_end(*at)).count();
        for string in [at - before..at, at + 1..at + 1 + after] {
            if !string.is_empty() && strings.last() != Some(&string) {
                strings.push(string);
            }
        }
    }
    strings
}

/// Where such characters stand.
fn headers(chars: &[char]) -> Vec<usize> {
    let is_far = |c: Option<&char>| c.is_some_and(|c| *c > NEAR_MAX && c.is_alphanumeric());
    let is_near = |c: Option<&char>| c.is_some_and(char::is_ascii_alphanumeric);
    let (mut headers, mut run_end) = (Vec::new(), 0);
    for at in 0..chars.len() {
        let before = at.checked_sub(1).map(|before| &chars[before]);
        let next = chars.get(at + 1);
        // One letter alone of a script that is none of its neighbours'.
        let is_stray = is_far(chars.get(at))
            && !is_far(before)
            && !is_far(next)
            && (is_near(before) || is_near(next));
        if is_stray {
            headers.push(at);
        } else if at >= run_end && is_text(chars[at]) {
            let len = chars[at..].iter().take_while(|c| is_text(**c)).count();
            run_end = at + len;
            // Before a string, as many characters or bytes as it has.
            let told = chars[at] as usize;
            if len > 1 && (told == len - 1 || told == 2 * (len - 1)) {
                headers.push(at);
            }
        }
    }
    headers
}

fn is_text(c: char) -> bool {
    c <= NEAR_MAX && !c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_without_their_headers_too() {
        let long = "mira.osei@nordlicht.example";
        let (headed, twice) =
            (format!("\0\0\u{36}{long}\0"), format!("{long}\u{3643}x\u{3644}{long}"));
        let table: [(&str, &[&str]); 7] = [
            ("\0\u{1243}Mira Osei\0", &["Mira Osei"]),
            ("\u{3643}mira\u{2171}", &["mira"]),
            (&headed, &[long]),
            (&twice, &[long, "x", long]),
            ("\0山田Mira 様\0", &[]),
            ("\0Erdő\0Lefèvre", &[]),
            ("", &[]),
        ];
        for (text, expected) in table {
            let chars: Vec<char> = text.chars().collect();
            let strings = beside_headers(&chars).into_iter();
            let strings: Vec<String> = strings.map(|range| chars[range].iter().collect()).collect();
            assert_eq!(strings, expected, "{text:?}");
        }
    }
}
