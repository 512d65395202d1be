//! Keys whose values have their length before them, as PHP serialises: `s:4:"user";s:5:"mosei"`.

/// What of a text stands before the length of a value that begins behind it, up to the key: all but
/// `;s:5:` and the like. `None` if it ends with no such length.
pub fn before_length(text: &str) -> Option<&str> {
    let digits = text.strip_suffix(':')?;
    let sign = digits.trim_end_matches(|c: char| c.is_ascii_digit());
    if sign.len() == digits.len() {
        return None;
    }
    sign.strip_suffix(";s:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_passed() {
        assert_eq!(before_length("{s:4:\"user\";s:5:"), Some("{s:4:\"user\""));
        for text in ["user: ", "user:", "s:5:", ";s::", "", ";s:5"] {
            assert_eq!(before_length(text), None, "{text}");
        }
    }
}
