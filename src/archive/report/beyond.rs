//! The parts on where was looked, where not, and what somebody has to do by hand there.

use std::io::{self, Write};

use crate::archive::about::About;
use crate::archive::manifest::{MANIFEST_PATH, ManualStep};
use crate::archive::report::html::{
    Cell, Short, Text, close_section, open_section, open_table, paragraph,
};
use crate::archive::report::texts::table::Texts;
use crate::domain::coverage::covered::Covered;
use crate::domain::coverage::portal::{PORTAL, Portal, portal};
use crate::domain::coverage::words::words;

/// Lines of the table of places; the manifest has them all.
const ROWS_MAX: usize = 1_000;

/// Writes the part on which places are known, and whether they were looked at.
///
/// # Errors
/// Those of `out`.
pub fn write_coverage(out: &mut dyn Write, texts: &Texts, places: &[Covered]) -> io::Result<()> {
    let words = words(texts.language);
    open_section(out, "coverage", words.heading)?;
    paragraph(out, words.intro)?;
    let columns = [words.sort, words.name, words.answer, words.source, texts.technical];
    let table = open_table(out, "coverage", words.table, &columns)?;
    for place in places.iter().take(ROWS_MAX) {
        let cells = [
            Cell::Plain(format!("<bdi>{}</bdi>", Short(&words.called(place)))),
            Cell::Plain(Text(words.answer(place.looked)).to_string()),
            Cell::Plain(Text(place.source.as_deref().unwrap_or_default()).to_string()),
            Cell::Plain(format!("<code>{}</code>", Text(&place.why))),
        ];
        table.row(out, &Text(words.sort(place.sort)).to_string(), &cells)?;
    }
    table.close(out)?;
    let more = places.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        let says = words.more.replace("{count}", &texts.count(more as u64));
        writeln!(out, "<p><a href=\"{MANIFEST_PATH}\">{}</a></p>", Text(&says))?;
    }
    close_section(out)
}

/// Writes the part on what the search does not reach.
///
/// # Errors
/// Those of `out`.
pub fn write_beyond(out: &mut dyn Write, texts: &Texts, about: &About) -> io::Result<()> {
    let steps = &about.manual_steps;
    open_section(out, "beyond", texts.beyond)?;
    if steps.is_empty() {
        paragraph(out, texts.beyond_none)?;
        return close_section(out);
    }
    paragraph(out, texts.beyond_intro)?;
    writeln!(out, "<ul>")?;
    for step in steps {
        write!(out, "<li><strong lang=\"en\">{}</strong>{}", Text(&step.system), texts.colon)?;
        if let Some(at) = &step.copied_to {
            write_fetching(out, portal(texts.language), at)?;
            writeln!(out, "</li>")?;
            continue;
        }
        let is_known = step.system == PORTAL;
        match is_known {
            true => write!(out, "{}", Text(texts.privacy_portal))?,
            false => write!(out, "<span lang=\"en\">{}</span>", Text(&step.what))?,
        }
        if let Some(url) = step.url.as_deref().filter(|url| url.starts_with("https://")) {
            let (url, says) = (Text(url), Text(texts.page_for_it));
            write!(out, " <a href=\"{url}\" rel=\"noreferrer\">{says}</a>")?;
        }
        if is_known {
            write_how(out, texts, about.kind.is_export(), step)?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ul>")?;
    close_section(out)
}

/// What is done with a copy that lies there.
fn write_fetching(out: &mut dyn Write, portal: &Portal, at: &str) -> io::Result<()> {
    writeln!(out, "{}\n<ol>", Text(portal.fetcher))?;
    for step in portal.fetching(at) {
        writeln!(out, "<li>{}</li>", Text(&step))?;
    }
    writeln!(out, "</ol>")
}

/// Who does it, whom to ask for, how, and how long that may take.
fn write_how(
    out: &mut dyn Write,
    texts: &Texts,
    is_export: bool,
    step: &ManualStep,
) -> io::Result<()> {
    let portal = portal(texts.language);
    if let Some(why) = &step.not_copied {
        write!(out, "\n<p>{}</p>", Text(&portal.not_copied.replace("{why}", why)))?;
    }
    write!(out, "\n<p>{}</p>", Text(portal.who))?;
    for id in &step.object_ids {
        let says = Text(portal.object_id);
        write!(out, "\n<p>{says}{}<code><bdi>{}</bdi></code></p>", texts.colon, Text(id))?;
    }
    writeln!(out, "\n<ol>")?;
    for each in portal.steps(is_export, !step.object_ids.is_empty()) {
        writeln!(out, "<li>{}</li>", Text(each))?;
    }
    writeln!(out, "</ol>\n<p>{}</p>", Text(portal.takes(is_export)))
}
