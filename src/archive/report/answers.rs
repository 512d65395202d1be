//! The parts on what the person does not find in the files, and what they can do about it.

use std::io::{self, Write};

use crate::archive::manifest::{MANIFEST_PATH, ManifestUnreadable, ManualStep};
use crate::archive::packed::Sealed;
use crate::archive::report::html::{
    Short, Text, close_section, close_table, open_section, open_table, paragraph,
};
use crate::archive::report::texts::table::{Texts, filled};
use crate::archive::tally::Tally;

/// Lines of the table of what could not be given; the manifest has them all.
const ROWS_MAX: usize = 1_000;

/// The one system that the report knows in every language.
const PRIVACY_PORTAL: &str = "Azure Privacy portal";

/// Writes the part on what was masked.
///
/// # Errors
/// Those of `out`.
pub fn write_masked(out: &mut dyn Write, texts: &Texts, tally: &Tally) -> io::Result<()> {
    open_section(out, "masked", texts.masked)?;
    if tally.masked == 0 {
        paragraph(out, texts.masked_none)?;
        return close_section(out);
    }
    let columns = [texts.what, texts.how_often, texts.why];
    open_table(out, "masked", texts.masked_table, &columns)?;
    for (what, count, why) in [
        (texts.persons, tally.persons, texts.persons_why),
        (texts.secrets, tally.secrets, texts.secrets_why),
    ] {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td>{}</td></tr>",
            Text(what),
            texts.count(count),
            Text(why)
        )?;
    }
    close_table(out)?;
    close_section(out)
}

/// Writes the part on what could not be given.
///
/// # Errors
/// Those of `out`; an entry that cannot be unpacked.
pub fn write_unreadable(
    out: &mut dyn Write,
    texts: &Texts,
    unreadable: &Sealed<ManifestUnreadable>,
) -> io::Result<()> {
    open_section(out, "unreadable", texts.unreadable)?;
    if unreadable.count == 0 {
        paragraph(out, texts.unreadable_none)?;
        return close_section(out);
    }
    paragraph(out, texts.unreadable_intro)?;
    let columns = [texts.item, texts.place, texts.why, texts.technical];
    open_table(out, "unreadable", texts.unreadable_table, &columns)?;
    for entry in unreadable.elements().take(ROWS_MAX) {
        let entry = entry?;
        writeln!(
            out,
            "<tr><th scope=\"row\"><bdi>{}</bdi></th><td>{}</td><td>{}</td>\
             <td><code>{}</code></td></tr>",
            Short(&entry.item),
            Text(&entry.source),
            Text(texts.because(&entry.reason)),
            Short(&entry.reason)
        )?;
    }
    close_table(out)?;
    if unreadable.count > ROWS_MAX as u64 {
        let (shown, all) = (texts.count(ROWS_MAX as u64), texts.count(unreadable.count));
        let says = filled(texts.unreadable_shown, &[("shown", &shown), ("all", &all)]);
        writeln!(out, "<p><a href=\"{MANIFEST_PATH}\">{}</a></p>", Text(&says))?;
    }
    close_section(out)
}

/// Writes the part on what the search does not reach.
///
/// # Errors
/// Those of `out`.
pub fn write_beyond(out: &mut dyn Write, texts: &Texts, steps: &[ManualStep]) -> io::Result<()> {
    open_section(out, "beyond", texts.beyond)?;
    if steps.is_empty() {
        paragraph(out, texts.beyond_none)?;
        return close_section(out);
    }
    paragraph(out, texts.beyond_intro)?;
    writeln!(out, "<ul>")?;
    for step in steps {
        write!(out, "<li><strong lang=\"en\">{}</strong>{}", Text(&step.system), texts.colon)?;
        match step.system.as_str() {
            PRIVACY_PORTAL => write!(out, "{}", Text(texts.privacy_portal))?,
            _ => write!(out, "<span lang=\"en\">{}</span>", Text(&step.what))?,
        }
        if let Some(url) = step.url.as_deref().filter(|url| url.starts_with("https://")) {
            let (url, says) = (Text(url), Text(texts.page_for_it));
            write!(out, " <a href=\"{url}\" rel=\"noreferrer\">{says}</a>")?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ul>")?;
    close_section(out)
}

/// Writes the part on the person's rights.
///
/// # Errors
/// Those of `out`.
pub fn write_rights(out: &mut dyn Write, texts: &Texts) -> io::Result<()> {
    open_section(out, "rights", texts.rights)?;
    paragraph(out, texts.rights_intro)?;
    writeln!(out, "<ul>")?;
    for right in [
        texts.right_to_know,
        texts.right_to_rectify,
        texts.right_to_erase,
        texts.right_to_take,
        texts.right_in_time,
        texts.right_to_complain,
    ] {
        writeln!(out, "<li>{}</li>", Text(right))?;
    }
    writeln!(out, "</ul>")?;
    close_section(out)
}
