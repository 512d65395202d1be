//! The second look at an export: the archive is fetched from the store again and read back whole.

use std::fs::File;
use std::io::{Seek, Write};

use futures::StreamExt;
use sha2::{Digest, Sha256};

use crate::archive::check::{self, ArchiveFault, Checked};
use crate::domain::failure::Failure;
use crate::domain::state::{Archive, Event};
use crate::ports::exports::Exports;
use crate::stages::docket::{Case, Docket};
use crate::stages::verify::counts::counts;

/// Reads the archive back and brings the request to rest, or, where the archive is not what was
/// written, back to acting.
///
/// # Errors
/// A transient failure of the store or of the ledger; permanent once `rounds_max` archives in a row
/// were damaged.
pub async fn read_back(
    docket: &Docket,
    exports: &dyn Exports,
    case: &Case,
    rounds_max: u32,
) -> Result<(), Failure> {
    let id = &case.request.id;
    let records = docket.ledger.records(id).await?;
    let archive = records.iter().rev().find_map(|record| match &record.event {
        Event::Acted { archive } => archive.clone(),
        _ => None,
    });
    let archive = archive.ok_or_else(|| Failure::permanent("finding the archive to read back"))?;
    if let Err(fault) = whole(exports, &archive).await? {
        let rounds = records.iter().filter(|r| matches!(r.event, Event::LeftOver { .. })).count();
        if rounds >= rounds_max as usize {
            // Nobody will fetch it, and it is full of personal data.
            docket.assert_ours(case).await?;
            exports.remove(&archive.name).await?;
            return Err(
                Failure::permanent("writing an archive that reads back whole").because(fault)
            );
        }
        docket.advance(case, Event::LeftOver { items: 0 }).await?;
        return Ok(());
    }
    let verified = Event::Verified {
        counts: counts(docket, case).await?,
        archive: Some(archive),
        logically_erased_at: None,
        unrecoverable_after: None,
        untouched: None,
        certificate: None,
    };
    docket.advance(case, verified).await?;
    Ok(())
}

/// Whether the stored archive has the digest that was ledgered and agrees with its own manifest.
async fn whole(exports: &dyn Exports, archive: &Archive) -> Result<Result<(), String>, Failure> {
    let Some(mut bytes) = exports.open(&archive.name).await? else {
        return Ok(Err("the archive is not in the store".into()));
    };
    // A zip is read from its end, so it needs a file; one without a name is gone with the process.
    let mut spool = tempfile::tempfile().map_err(spooling)?;
    let mut hash = Sha256::new();
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        hash.update(&chunk);
        spool.write_all(&chunk).map_err(spooling)?;
    }
    if hex::encode(hash.finalize()) != archive.sha256 {
        return Ok(Err("the archive has another digest than was written".into()));
    }
    spool.rewind().map_err(spooling)?;
    let checking = tokio::task::spawn_blocking(move || check_file(spool));
    Ok(match checking.await {
        Ok(checked) => checked.map(drop).map_err(|fault| fault.to_string()),
        Err(_) => Err("checking the archive ended abnormally".into()),
    })
}

/// Reads an archive whole and compares it with its manifest.
///
/// # Errors
/// The first fault found.
pub fn check_file(archive: File) -> Result<Checked, ArchiveFault> {
    check::check(std::io::BufReader::new(archive))
}

fn spooling(error: std::io::Error) -> Failure {
    Failure::transient("keeping an archive while it is checked").because(error)
}
