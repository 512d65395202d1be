//! The part on the person's runs: the picture, and the same in words.

use std::io::{self, Write};

use crate::archive::manifest::RUNS_PATH;
use crate::archive::report::html::{
    Link, Text, Time, close_section, close_table, open_section, open_table, paragraph,
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
    open_table(out, "runs", texts.runs_table, &columns)?;
    for run in all.iter().take(ROWS_MAX) {
        write_row(out, run)?;
    }
    close_table(out)?;
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

fn write_row(out: &mut dyn Write, run: &Run) -> io::Result<()> {
    let text = |text: &Option<String>| match text {
        Some(text) => format!("<bdi>{}</bdi>", Text(text)),
        None => "–".to_owned(),
    };
    let name = run.name.as_deref().unwrap_or(&run.id);
    writeln!(
        out,
        "<tr><th scope=\"row\"><a href=\"{}\"><bdi>{}</bdi></a></th><td>{}</td><td>{}</td>\
         <td class=\"kept\">{}</td><td class=\"kept\">{}</td></tr>",
        Link(&run.file),
        Text(name),
        text(&run.experiment),
        text(&run.status),
        Time(run.began()),
        Time(run.ended)
    )
}
