//! The part on the person's runs: the picture, and the same in words.

use std::io::{self, Write};

use crate::archive::manifest::RUNS_PATH;
use crate::archive::report::html::{
    Cell, Link, Table, Text, Time, close_section, open_section, open_table, paragraph,
};
use crate::archive::report::texts::table::{Texts, filled};
use crate::archive::report::timeline;
use crate::archive::runs::{Run, Runs};

/// Lines of the table; the file has them all.
const ROWS_MAX: usize = 100;

/// Writes the part.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, texts: &Texts, runs: &Runs) -> io::Result<()> {
    open_section(out, "runs", texts.runs)?;
    let all = runs.in_order();
    if all.is_empty() {
        paragraph(out, texts.runs_none)?;
        return close_section(out);
    }
    paragraph(out, texts.runs_intro)?;
    timeline::write(out, texts, &all)?;
    let count = texts.count(runs.count());
    let columns = [texts.run, texts.experiment, texts.status, texts.began, texts.ended];
    let table = open_table(out, "runs", texts.runs_table, &columns)?;
    for run in all.iter().take(ROWS_MAX) {
        write_row(out, &table, run)?;
    }
    table.close(out)?;
    if all.len() > ROWS_MAX {
        let shown = texts.count(ROWS_MAX as u64);
        let says = filled(texts.runs_shown, &[("shown", &shown), ("all", &count)]);
        writeln!(out, "<p><a href=\"{RUNS_PATH}\">{}</a></p>", Text(&says))?;
    }
    if runs.more {
        paragraph(out, &filled(texts.runs_kept, &[("all", &count)]))?;
    }
    close_section(out)
}

fn write_row(out: &mut dyn Write, table: &Table<'_>, run: &Run) -> io::Result<()> {
    let text = |text: &Option<String>| match text {
        Some(text) => format!("<bdi>{}</bdi>", Text(text)),
        None => "–".to_owned(),
    };
    let name = run.name.as_deref().unwrap_or(&run.id);
    let cells = [
        Cell::Plain(text(&run.experiment)),
        Cell::Plain(text(&run.status)),
        Cell::Kept(Time(run.began()).to_string()),
        Cell::Kept(Time(run.ended).to_string()),
    ];
    let head = format!("<a href=\"{}\"><bdi>{}</bdi></a>", Link(&run.file), Text(name));
    table.row(out, &head, &cells)
}
