//! The parts on what was found and on the files themselves.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;

use crate::archive::manifest::{FILES_PATH, LegalTag, ManifestCounts, ManifestFile, MaskedKind};
use crate::archive::report::contents::Contents;
use crate::archive::report::html::{
    Cell, Link, Short, Span, Table, Text, Time, close_section, open_section, open_table, paragraph,
};
use crate::archive::report::places::in_words;
use crate::archive::report::texts::table::{Texts, filled};
use crate::archive::runs::Runs;
use crate::archive::tally::masked;
use crate::domain::item::Hit;

/// Lines of the table; a browser shows no more in comfort, and the file has them all.
pub const ROWS_MAX: usize = 5_000;

/// Places named in one line; the manifest has them all.
const PLACES_MAX: usize = 3;

/// Writes the part on what was found where.
///
/// # Errors
/// Those of `out`.
pub fn write_found(out: &mut dyn Write, texts: &Texts, contents: &Contents) -> io::Result<()> {
    open_section(out, "found", texts.found)?;
    let counts = contents.counts;
    writeln!(out, "<dl>")?;
    if let Some((began, ended)) = contents.about.searched {
        let when = Span(began, ended);
        writeln!(out, "<dt>{}</dt><dd>{when} UTC</dd>", Text(texts.searched))?;
    }
    for (name, value) in [
        (texts.items_seen, texts.count(counts.items_seen)),
        (texts.files_given, texts.count(counts.files)),
        (texts.size, texts.bytes(counts.bytes)),
        (texts.runs_given, texts.count(contents.runs.count())),
        (texts.masked_files, texts.count(counts.masked)),
        (texts.not_given, texts.count(counts.unreadable)),
        (texts.not_searched, texts.count(counts.unsearched)),
    ] {
        writeln!(out, "<dt>{}</dt><dd>{value}</dd>", Text(name))?;
    }
    writeln!(out, "</dl>")?;
    if counts.files == 0 {
        paragraph(out, nothing(texts, counts))?;
        return close_section(out);
    }
    write_sources(out, texts, contents)?;
    if contents.is_of_a_thing() {
        return close_section(out);
    }
    writeln!(out, "<dl>")?;
    for tag in LegalTag::ALL {
        let (name, means) = texts.legal_tag(tag);
        writeln!(out, "<dt>{}</dt><dd>{}</dd>", Text(name), Text(means))?;
    }
    writeln!(out, "</dl>")?;
    close_section(out)
}

/// Why there is no file: what is missing may well mention the person.
fn nothing(texts: &Texts, counts: ManifestCounts) -> &'static str {
    if counts.unreadable > 0 { texts.found_not_given } else { texts.found_nothing }
}

fn write_sources(out: &mut dyn Write, texts: &Texts, contents: &Contents) -> io::Result<()> {
    let tags = if contents.is_of_a_thing() { &[] } else { &LegalTag::ALL[..] };
    let mut columns = vec![texts.place];
    columns.extend(tags.iter().map(|tag| texts.legal_tag(*tag).0));
    columns.extend([texts.all, texts.size]);
    let table = open_table(out, "found", texts.found_table, &columns)?;
    for (name, source) in &contents.tally.sources {
        let files = |tag: &LegalTag| source.files.get(tag).copied().unwrap_or_default();
        let mut cells: Vec<Cell> =
            tags.iter().map(|tag| Cell::Number(texts.count(files(tag)))).collect();
        cells.push(Cell::Number(texts.count(source.files.values().sum())));
        cells.push(Cell::Number(texts.bytes(source.bytes)));
        table.row(out, &Text(name).to_string(), &cells)?;
    }
    table.close(out)
}

/// Writes the part on the files.
///
/// # Errors
/// Those of `out`; a file that cannot be unpacked.
pub fn write_files(out: &mut dyn Write, texts: &Texts, contents: &Contents) -> io::Result<()> {
    let files = contents.files;
    open_section(out, "files", texts.files)?;
    if files.count == 0 {
        paragraph(out, nothing(texts, contents.counts))?;
        return close_section(out);
    }
    paragraph(out, texts.files_intro)?;
    let of_a_thing = contents.is_of_a_thing();
    let table = if of_a_thing {
        let columns = [texts.file, texts.size, texts.changed, texts.notes];
        open_table(out, "given", texts.files_table, &columns)?
    } else {
        let columns =
            [texts.file, texts.size, texts.changed, texts.mentions, texts.came_about, texts.notes];
        open_table(out, "files", texts.files_table, &columns)?
    };
    let mut groups: BTreeMap<Group, Vec<u8>> = BTreeMap::new();
    for file in files.elements().take(ROWS_MAX) {
        let file = file?;
        let rows = groups.entry(Group::of(&file, contents.runs)).or_default();
        write_row(rows, texts, &table, &file, of_a_thing)?;
    }
    let headed = |(group, rows): (Group, _)| (group.heading(texts, contents.runs), rows);
    table.groups(out, groups.into_iter().map(headed))?;
    table.close(out)?;
    if files.count > ROWS_MAX as u64 {
        let (shown, all) = (texts.count(ROWS_MAX as u64), texts.count(files.count));
        let says = filled(texts.files_shown, &[("shown", &shown), ("all", &all)]);
        writeln!(out, "<p><a href=\"{FILES_PATH}\">{}</a></p>", Text(&says))?;
    }
    close_section(out)
}

/// What files are shown together, in the order in which they are shown.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// A run whose document tells when it began.
    Dated(Timestamp, String),
    /// Another run.
    Run(String),
    /// What belongs to no run, of one source.
    Source(String),
}

impl Group {
    fn of(file: &ManifestFile, runs: &Runs) -> Self {
        match &file.run {
            Some(run) => match runs.get(run).and_then(|run| run.began()) {
                Some(began) => Self::Dated(began, run.clone()),
                None => Self::Run(run.clone()),
            },
            None => Self::Source(file.source.clone()),
        }
    }

    fn heading(&self, texts: &Texts, runs: &Runs) -> String {
        let of_run = |id: &str, after: String| {
            let name = runs.get(id).and_then(|run| run.name.as_deref()).unwrap_or(id);
            let (run, colon) = (Text(texts.run), texts.colon);
            format!("{run}{colon}<bdi>{}</bdi>{after}", Short(name))
        };
        match self {
            Self::Dated(began, id) => of_run(id, format!(" · {}", Time(Some(*began)))),
            Self::Run(id) => of_run(id, String::new()),
            Self::Source(source) => {
                let of_none = Text(texts.of_no_run);
                format!("{of_none}{}<bdi>{}</bdi>", texts.colon, Short(source))
            }
        }
    }
}

fn write_row(
    out: &mut dyn Write,
    texts: &Texts,
    table: &Table<'_>,
    file: &ManifestFile,
    of_a_thing: bool,
) -> io::Result<()> {
    let mut cells = vec![
        Cell::Number(texts.bytes(file.size)),
        Cell::Kept(Time(file.last_modified).to_string()),
    ];
    if !of_a_thing {
        cells.push(Cell::Plain(places(texts, file)));
        cells.push(Cell::Plain(Text(texts.legal_tag(file.legal_tag).0).to_string()));
    }
    cells.push(Cell::Plain(notes(texts, file)));
    let (path, item) = (Link(&file.path), Short(&file.item));
    table.row(out, &format!("<a href=\"{path}\"><bdi>{item}</bdi></a>"), &cells)
}

fn places(texts: &Texts, file: &ManifestFile) -> String {
    let place = |hit: &Hit| Short(&in_words(&texts.places, &hit.view, &hit.place)).to_string();
    let mut places: Vec<String> = file.places.iter().take(PLACES_MAX).map(place).collect();
    if let Some(more) = file.places.len().checked_sub(PLACES_MAX).filter(|more| *more > 0) {
        let count = texts.count(more as u64);
        places.push(Text(&filled(texts.more_mentions, &[("count", &count)])).to_string());
    }
    list(&places)
}

fn notes(texts: &Texts, file: &ManifestFile) -> String {
    let mut notes = Vec::new();
    for (what, text) in
        [(MaskedKind::Person, texts.note_persons), (MaskedKind::Secret, texts.note_secrets)]
    {
        let count = masked(file, what);
        if count > 0 {
            let note = filled(text, &[("count", &texts.count(count))]);
            notes.push(Text(&note).to_string());
        }
    }
    if !file.complete {
        notes.push(Text(texts.note_incomplete).to_string());
    }
    list(&notes)
}

/// A list of what is HTML already; nothing of an empty one.
fn list(elements: &[String]) -> String {
    if elements.is_empty() {
        return String::new();
    }
    format!("<ul><li>{}</li></ul>", elements.join("</li><li>"))
}
