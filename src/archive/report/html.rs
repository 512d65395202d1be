//! Text made safe to stand in the page, and the few shapes the page is made of.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Any text as content or as the value of an attribute in double quotes. What could end either is
/// escaped; what cannot be seen or turns the direction of what follows is shown as `�`, so that no
/// name looks like another.
pub struct Text<'a>(pub &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(' ')?,
                c if is_deceptive(c) => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Joiners stay: they are part of many scripts and of emoji.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fdd0}'..='\u{fdef}' | '\u{fff9}'..='\u{fffb}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// A name that is shown in part if it is very long: its beginning and its end. The manifest and the
/// tables have it whole.
pub struct Short<'a>(pub &'a str);

/// Characters of a name that are shown.
const SHOWN_CHARS_MAX: usize = 160;

impl Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0;
        let at = |index: usize| whole.char_indices().nth(index).map(|(at, _)| at);
        let from_end = |index: usize| whole.char_indices().nth_back(index).map(|(at, _)| at);
        match (at(SHOWN_CHARS_MAX), at(SHOWN_CHARS_MAX / 2), from_end(SHOWN_CHARS_MAX / 2 - 1)) {
            (Some(_), Some(head), Some(tail)) => {
                write!(f, "{} … {}", Text(&whole[..head]), Text(&whole[tail..]))
            }
            _ => write!(f, "{}", Text(whole)),
        }
    }
}

/// What stands in a link as it is; all else is percent-encoded.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A link to a file of the archive. Its name begins with `data/`, so it cannot be taken for one
/// with a scheme or a host.
pub struct Link<'a>(pub &'a str);

impl Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", utf8_percent_encode(self.0, PLAIN))
    }
}

/// A point in time, to the minute; a dash where there is none.
pub struct Time(pub Option<Timestamp>);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => {
                let time = TimeZone::UTC.to_datetime(time);
                let machine = time.strftime("%Y-%m-%dT%H:%MZ");
                let people = time.strftime("%Y-%m-%d %H:%M");
                write!(f, "<time datetime=\"{machine}\">{people}</time>")
            }
            None => f.write_str("–"),
        }
    }
}

/// From one point in time to another, told once where both are of the same minute.
pub struct Span(pub Timestamp, pub Timestamp);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (began, ended) = (Time(Some(self.0)).to_string(), Time(Some(self.1)).to_string());
        f.write_str(&began)?;
        if began == ended { Ok(()) } else { write!(f, " – {ended}") }
    }
}

/// Opens a section under its heading. Sections are landmarks by their headings.
///
/// # Errors
/// Those of `out`.
pub fn open_section(out: &mut dyn Write, id: &str, heading: &str) -> io::Result<()> {
    let heading = Text(heading);
    writeln!(out, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>")
}

/// Closes it.
///
/// # Errors
/// Those of `out`.
pub fn close_section(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</section>")
}

/// A paragraph.
///
/// # Errors
/// Those of `out`.
pub fn paragraph(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "<p>{}</p>", Text(text))
}

/// Opens a table under its caption, with a head of these columns. Where it is wider than the window
/// it scrolls by itself, for which it can be reached by the keyboard; what can be reached needs a
/// name.
///
/// # Errors
/// Those of `out`.
pub fn open_table<'t>(
    out: &mut dyn Write,
    id: &str,
    caption: &str,
    columns: &[&'t str],
) -> io::Result<Table<'t>> {
    writeln!(
        out,
        "<div class=\"wide\" role=\"group\" aria-labelledby=\"{id}-table\" tabindex=\"0\">\n\
         <table class=\"{id}\">\n<caption id=\"{id}-table\">{}</caption>\n<thead><tr>",
        Text(caption)
    )?;
    for column in columns {
        write!(out, "<th scope=\"col\">{}</th>", Text(column))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    Ok(Table { columns: columns.to_vec() })
}

/// A table that is open.
pub struct Table<'t> {
    columns: Vec<&'t str>,
}

/// What stands in a cell, as HTML.
pub enum Cell {
    /// Text.
    Plain(String),
    /// A number.
    Number(String),
    /// What stands in one line.
    Kept(String),
}

impl Table<'_> {
    /// Writes a row, by what heads it and its other cells. Each says whose it is: on a narrow
    /// screen they stand below one another, where the head of the table is not seen.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn row(&self, out: &mut dyn Write, head: &str, cells: &[Cell]) -> io::Result<()> {
        write!(out, "<tr><th scope=\"row\">{head}</th>")?;
        for (column, cell) in self.columns.iter().skip(1).zip(cells) {
            let (class, html) = match cell {
                Cell::Plain(html) => ("", html),
                Cell::Number(html) => (" class=\"number\"", html),
                Cell::Kept(html) => (" class=\"kept\"", html),
            };
            write!(out, "<td{class} data-head=\"{}\">{html}</td>", Text(column))?;
        }
        writeln!(out, "</tr>")
    }

    /// Writes the rows of some groups, each under its heading; all of it HTML.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn groups(
        &self,
        out: &mut dyn Write,
        groups: impl Iterator<Item = (String, Vec<u8>)>,
    ) -> io::Result<()> {
        for (index, (heading, rows)) in groups.enumerate() {
            if index > 0 {
                writeln!(out, "</tbody>\n<tbody>")?;
            }
            let columns = self.columns.len();
            write!(out, "<tr class=\"group\">")?;
            writeln!(out, "<th scope=\"rowgroup\" colspan=\"{columns}\">{heading}</th></tr>")?;
            out.write_all(&rows)?;
        }
        Ok(())
    }

    /// Closes it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn close(self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "</tbody>\n</table>\n</div>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        for (text, safe) in [
            ("</script><b>", "&lt;/script&gt;&lt;b&gt;"),
            ("\" onload='x'", "&quot; onload=&#39;x&#39;"),
            ("&amp;", "&amp;amp;"),
            ("gpj\u{202e}exe\u{2066}\u{200f}", "gpj�exe��"),
            ("a\0b\u{85}c\u{fffe}d\u{1ffff}", "a�b�c�d�"),
            ("two\nlines", "two lines"),
            ("山田 👩\u{200d}🔬 é", "山田 👩\u{200d}🔬 é"),
        ] {
            assert_eq!(Text(text).to_string(), safe, "{text:?}");
        }
    }

    #[test]
    fn long_names_show_their_ends() {
        let (long, fits) = (format!("{}b", "ü".repeat(160)), "ü".repeat(160));
        assert_eq!(Short(&fits).to_string(), fits);
        let shown = format!("{} … {}b", "ü".repeat(80), "ü".repeat(79));
        assert_eq!(Short(&long).to_string(), shown);
    }

    #[test]
    fn links_lead_to_files_and_nowhere_else() {
        for (path, link) in [
            ("data/runs/a b.txt", "data/runs/a%20b.txt"),
            ("data/runs/100%#x&y;'z", "data/runs/100%25%23x%26y%3B%27z"),
            ("data/runs/山田", "data/runs/%E5%B1%B1%E7%94%B0"),
        ] {
            assert_eq!(Link(path).to_string(), link);
        }
    }
}
