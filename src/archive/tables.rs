//! The same as tables, for programs and spreadsheets: `files.csv` and `runs.csv` (RFC 4180).
//!
//! They begin with a byte order mark. Without it the spreadsheet that most people have reads UTF-8
//! as its own old code page and garbles every name beyond ASCII; programs know the mark
//! (`utf-8-sig`) or see it in the name of the first column alone. A cell that a spreadsheet would
//! take for a formula is made a text by an apostrophe; the manifest has it as it is.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::archive::manifest::{ManifestFile, MaskedKind};
use crate::archive::packed::Sealed;
use crate::archive::runs::Runs;
use crate::archive::tally::masked;
use crate::domain::item::Version;

const MARK: &str = "\u{feff}";

/// Writes the table of all files, in the order of the archive.
///
/// # Errors
/// Those of `out`.
pub fn write_files(out: &mut dyn Write, files: &Sealed<ManifestFile>) -> io::Result<()> {
    out.write_all(MARK.as_bytes())?;
    row(
        out,
        [
            "path",
            "source",
            "item",
            "form",
            "form_id",
            "etag",
            "last_modified",
            "size",
            "content_type",
            "sha256",
            "legal_tag",
            "places",
            "masked_persons",
            "masked_secrets",
            "complete",
        ],
    )?;
    for file in files.elements() {
        let file = file?;
        let (form, form_id) = match &file.version {
            Version::Current => ("current", ""),
            Version::Snapshot(id) => ("snapshot", &**id),
            Version::Previous(id) => ("previous", &**id),
        };
        let cells: [&str; 15] = [
            &file.path,
            &file.source,
            &file.item,
            form,
            form_id,
            &file.etag,
            &time(file.last_modified),
            &file.size.to_string(),
            file.content_type.as_deref().unwrap_or_default(),
            &file.sha256,
            file.legal_tag.word(),
            &file.places.len().to_string(),
            &masked(&file, MaskedKind::Person).to_string(),
            &masked(&file, MaskedKind::Secret).to_string(),
            &file.complete.to_string(),
        ];
        row(out, cells)?;
    }
    Ok(())
}

/// Writes the table of runs, in the order in which they began.
///
/// # Errors
/// Those of `out`.
pub fn write_runs(out: &mut dyn Write, runs: &Runs) -> io::Result<()> {
    out.write_all(MARK.as_bytes())?;
    let head = [
        "run_id",
        "name",
        "experiment",
        "status",
        "created_time",
        "start_time",
        "end_time",
        "path",
    ];
    row(out, head)?;
    for run in runs.in_order() {
        let cells: [&str; 8] = [
            &run.id,
            run.name.as_deref().unwrap_or_default(),
            run.experiment.as_deref().unwrap_or_default(),
            run.status.as_deref().unwrap_or_default(),
            &time(run.created),
            &time(run.started),
            &time(run.ended),
            &run.file,
        ];
        row(out, cells)?;
    }
    Ok(())
}

fn time(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}

fn row<const N: usize>(out: &mut dyn Write, cells: [&str; N]) -> io::Result<()> {
    for (index, text) in cells.into_iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        write!(out, "{separator}{}", cell(text))?;
    }
    out.write_all(b"\r\n")
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
    }
}
