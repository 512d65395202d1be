//! Rows of comma-separated values (RFC 4180) that a spreadsheet may open.
//!
//! A file of them begins with a byte order mark. Without it the spreadsheet that most people have
//! reads UTF-8 as its own old code page and garbles every name beyond ASCII; programs know the mark
//! (`utf-8-sig`) or see it in the name of the first column alone. A cell that a spreadsheet would
//! take for a formula is made a text by an apostrophe.

/// What a file begins with.
pub const MARK: &str = "\u{feff}";

/// One row, with the end of its line.
pub fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().copied().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let text = if is_formula(text) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Whether a spreadsheet could compute it. Some drop blanks before they look, and where people
/// write Japanese the wide forms count too.
fn is_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r', '\n'])
        || text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\t=1", "'\t=1"),
            (" =1", "' =1"),
            ("＝1", "'＝1"),
            ("\"0x8DC\"", "\"\"\"0x8DC\"\"\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
        assert_eq!(row(&["a", "", "b,c"]), "a,,\"b,c\"\r\n");
    }
}
