//! The parts on what the person does not find in the files, and what they can do about it.

use std::io::{self, Write};

use crate::archive::manifest::{MANIFEST_PATH, ManifestUnreadable, ManifestUnsearched};
use crate::archive::packed::Sealed;
use crate::archive::report::contents::Contents;
use crate::archive::report::html::{
    Cell, Short, Text, close_section, open_section, open_table, paragraph,
};
use crate::archive::report::texts::table::{Texts, filled};
use crate::domain::policy::declared::Declared;
use crate::domain::regulation::words::Words;

/// Lines of the table of what could not be given; the manifest has them all.
const ROWS_MAX: usize = 1_000;

/// Writes the part on what was masked.
///
/// # Errors
/// Those of `out`.
pub fn write_masked(
    out: &mut dyn Write,
    texts: &Texts,
    law: &Words,
    contents: &Contents,
) -> io::Result<()> {
    let tally = contents.tally;
    open_section(out, "masked", texts.masked)?;
    if tally.masked == 0 {
        paragraph(out, texts.masked_none)?;
        return close_section(out);
    }
    let columns = [texts.what, texts.how_often, texts.why];
    let table = open_table(out, "masked", texts.masked_table, &columns)?;
    for (what, count, why, cited) in [
        (texts.persons, tally.persons, texts.persons_why, law.others),
        (texts.secrets, tally.secrets, texts.secrets_why, law.security),
    ] {
        if what == texts.persons && contents.is_of_a_thing() {
            continue;
        }
        let cited = if cited.is_empty() { String::new() } else { format!(" ({cited})") };
        let why = Cell::Plain(format!("{}{}", Text(why), Text(&cited)));
        table.row(out, &Text(what).to_string(), &[Cell::Number(texts.count(count)), why])?;
    }
    table.close(out)?;
    close_section(out)
}

/// Writes the part on what is missing.
///
/// # Errors
/// Those of `out`; an entry that cannot be unpacked.
pub fn write_missing(out: &mut dyn Write, texts: &Texts, contents: &Contents) -> io::Result<()> {
    let (unreadable, unsearched) = (contents.unreadable, contents.unsearched);
    open_section(out, "unreadable", texts.unreadable)?;
    if unreadable.count == 0 {
        paragraph(out, texts.unreadable_none)?;
    } else {
        write_unreadable(out, texts, unreadable)?;
    }
    if !unsearched.is_empty() {
        write_unsearched(out, texts, unsearched)?;
    }
    close_section(out)
}

fn write_unreadable(
    out: &mut dyn Write,
    texts: &Texts,
    unreadable: &Sealed<ManifestUnreadable>,
) -> io::Result<()> {
    paragraph(out, texts.unreadable_intro)?;
    let columns = [texts.item, texts.place, texts.why, texts.technical];
    let table = open_table(out, "unreadable", texts.unreadable_table, &columns)?;
    for entry in unreadable.elements().take(ROWS_MAX) {
        let entry = entry?;
        let cells = [
            Cell::Plain(Text(&entry.source).to_string()),
            Cell::Plain(Text(texts.because(&entry.reason)).to_string()),
            Cell::Plain(format!("<code>{}</code>", Short(&entry.reason))),
        ];
        table.row(out, &format!("<bdi>{}</bdi>", Short(&entry.item)), &cells)?;
    }
    table.close(out)?;
    if unreadable.count > ROWS_MAX as u64 {
        let (shown, all) = (texts.count(ROWS_MAX as u64), texts.count(unreadable.count));
        let says = filled(texts.unreadable_shown, &[("shown", &shown), ("all", &all)]);
        writeln!(out, "<p><a href=\"{MANIFEST_PATH}\">{}</a></p>", Text(&says))?;
    }
    Ok(())
}

/// One line for a source and a reason, however many items that are.
fn write_unsearched(
    out: &mut dyn Write,
    texts: &Texts,
    unsearched: &[ManifestUnsearched],
) -> io::Result<()> {
    paragraph(out, texts.unsearched_intro)?;
    let columns = [texts.place, texts.how_many, texts.why, texts.technical];
    let table = open_table(out, "unsearched", texts.unsearched_table, &columns)?;
    for group in unsearched.iter().take(ROWS_MAX) {
        let why = match &group.declared {
            None => texts.because(&group.reason).to_owned(),
            Some(Declared { reason: why, on, .. }) => filled(
                texts.declared,
                &[("reason", &group.reason), ("on", &on.to_string()), ("why", why)],
            ),
        };
        let cells = [
            Cell::Number(texts.count(group.items)),
            Cell::Plain(Text(&why).to_string()),
            Cell::Plain(format!("<code>{}</code>", Short(&group.reason))),
        ];
        table.row(out, &Text(&group.source).to_string(), &cells)?;
    }
    table.close(out)
}

/// Writes the part on the person's rights.
///
/// # Errors
/// Those of `out`.
pub fn write_rights(out: &mut dyn Write, texts: &Texts, law: &Words) -> io::Result<()> {
    open_section(out, "rights", texts.rights)?;
    paragraph(out, &filled(texts.rights_intro, &[("law", law.law)]))?;
    writeln!(out, "<ul>")?;
    for right in law.rights {
        writeln!(out, "<li>{}</li>", Text(right))?;
    }
    writeln!(out, "</ul>")?;
    close_section(out)
}
