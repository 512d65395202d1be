//! What stands before and behind strings of two bytes a character, read as characters too: a length
//! is a digit or a letter of some far script, and would make a longer word of the string.

/// Letters of nearly all that is written in one byte, and of its neighbours.
const NEAR_MAX: char = '\u{24f}';

/// Takes out the characters that are no part of the strings beside them.
pub fn without_headers(chars: &mut [char]) {
    let is_far = |c: Option<&char>| c.is_some_and(|c| *c > NEAR_MAX && c.is_alphanumeric());
    let is_near = |c: Option<&char>| c.is_some_and(char::is_ascii_alphanumeric);
    let mut run_end = 0;
    for at in 0..chars.len() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let next = chars.get(at + 1);
        // One letter alone of a script that is none of its neighbours'.
        let is_stray = is_far(chars.get(at))
            && !is_far(before.as_ref())
            && !is_far(next)
            && (is_near(before.as_ref()) || is_near(next));
        if is_stray {
            chars[at] = char::REPLACEMENT_CHARACTER;
        } else if at >= run_end && is_text(chars[at]) {
            let len = chars[at..].iter().take_while(|c| is_text(**c)).count();
            run_end = at + len;
            // Before a string, as many characters or bytes as it has.
            let told = chars[at] as usize;
            if len > 1 && (told == len - 1 || told == 2 * (len - 1)) {
                chars[at] = char::REPLACEMENT_CHARACTER;
            }
        }
    }
}

fn is_text(c: char) -> bool {
    c <= NEAR_MAX && !c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_no_letters() {
        let long = "mira.osei@nordlicht.example";
        for (text, expected) in [
            ("\0\u{1243}Mira Osei\0", "\0\u{fffd}Mira Osei\0"),
            ("\u{3643}mira\u{2171}", "\u{fffd}mira\u{fffd}"),
            (&format!("\0\0\u{36}{long}\0"), &format!("\0\0\u{fffd}{long}\0")),
            ("\0山田Mira 様\0", "\0山田Mira 様\0"),
            ("\0Erdő\0Lefèvre", "\0Erdő\0Lefèvre"),
            ("", ""),
        ] {
            let mut chars: Vec<char> = text.chars().collect();
            without_headers(&mut chars);
            assert_eq!(chars.into_iter().collect::<String>(), *expected, "{text:?}");
        }
    }
}
