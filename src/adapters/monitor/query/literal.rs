//! Literals and names in the query language. Whatever a person is called can only be a string in
//! it: of all but plain letters nothing is written as it is.

/// A string literal that means exactly this text.
pub fn string(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// The name of a table or column.
pub fn name(text: &str) -> String {
    format!("['{}']", escaped(text))
}

/// Several string literals.
pub fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(string).collect::<Vec<_>>().join(", ")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, ' ' | '@' | '.' | '_' | '-') {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            escaped.push_str(&format!("\\u{unit:04X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a literal means, by the documentation.
    fn meant(literal: &str) -> String {
        let inner = &literal[1..literal.len() - 1];
        let (mut units, mut rest) = (Vec::new(), inner);
        while let Some(c) = rest.chars().next() {
            match rest.strip_prefix("\\u") {
                Some(code) => {
                    units.push(u16::from_str_radix(&code[..4], 16).unwrap());
                    rest = &code[4..];
                }
                None => {
                    assert!(c.is_ascii_alphanumeric() || " @._-".contains(c), "{literal}");
                    units.push(c as u16);
                    rest = &rest[1..];
                }
            }
        }
        String::from_utf16(&units).unwrap()
    }

    #[test]
    fn nothing_breaks_out() {
        let table = [
            ("ann@contoso.com", "\"ann@contoso.com\""),
            ("\"", "\"\\u0022\""),
            ("'; union", "\"\\u0027\\u003B union\""),
            ("a\\", "\"a\\u005C\""),
            ("| take 0 //", "\"\\u007C take 0 \\u002F\\u002F\""),
            ("\n\0", "\"\\u000A\\u0000\""),
            ("😀é", "\"\\uD83D\\uDE00\\u00E9\""),
        ];
        for (text, expected) in table {
            assert_eq!(string(text), expected);
        }
        assert_eq!(name("AppTraces"), "['AppTraces']");
        assert_eq!(name("a']b"), "['a\\u0027\\u005Db']");
    }

    proptest! {
        #[test]
        fn a_literal_means_its_text(text in any::<String>()) {
            prop_assert_eq!(meant(&string(&text)), text);
        }
    }
}
