//! The same as tables, for programs and spreadsheets: `files.csv` and `runs.csv`. What is made a
//! text there lest it be taken for a formula, the manifest has as it is.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::archive::manifest::{ManifestFile, MaskedKind};
use crate::archive::packed::Sealed;
use crate::archive::runs::Runs;
use crate::archive::tally::masked;
use crate::domain::item::Version;
use crate::domain::tables::csv;

/// Writes the table of all files, in the order of the archive.
///
/// # Errors
/// Those of `out`.
pub fn write_files(out: &mut dyn Write, files: &Sealed<ManifestFile>) -> io::Result<()> {
    out.write_all(csv::MARK.as_bytes())?;
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
            Version::ShareSnapshot(id) => ("share_snapshot", &**id),
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
    out.write_all(csv::MARK.as_bytes())?;
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
    out.write_all(csv::row(&cells).as_bytes())
}
