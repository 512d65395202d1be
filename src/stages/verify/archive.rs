//! The second look at an export: the archive is fetched from the store again and read back whole.
//!
//! An encrypted one is kept as it was fetched, and decrypted piece by piece as it is read: what is
//! in it does not come to rest on a disk of ours.

use std::fs::File;
use std::io::{BufReader, Read, Seek, Write};

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::archive::check::{self, ArchiveFault, Checked};
use crate::domain::failure::{Failure, chain};
use crate::domain::state::{Archive, Event};
use crate::evidence::encryption::{
    ArchiveKey, Encryption, IllegalIdentity, OpenError, is_encrypted,
};
use crate::ports::exports::Exports;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;
use crate::stages::verify::counts::counts;

/// Why an archive was not found sound.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    /// It is no whole archive.
    #[error("reading the archive back")]
    Fault(#[from] ArchiveFault),
    /// It cannot be looked into.
    #[error("opening the archive")]
    Open(#[from] OpenError),
    /// It cannot be looked into without a key.
    #[error("the archive is encrypted, and no key was given")]
    NoKey,
    /// What was given as one is no key.
    #[error("reading the file of age identities")]
    Key(#[from] IllegalIdentity),
    /// The file cannot be read.
    #[error("reading the archive's file")]
    File(#[from] std::io::Error),
}

/// Bytes hashed at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// How long what comes of an export is kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptFor {
    /// The archive; `None` for good.
    pub archive: Option<SignedDuration>,
    /// Which items are missing in it; `None` not at all.
    pub left_until: Option<Timestamp>,
}

/// Reads the archive back and brings the request to rest; or, where the archive is not what was
/// written, back to acting. From then on it is kept as long as `kept` says.
///
/// # Errors
/// A transient failure of the store or of the ledger; permanent once `rounds_max` archives in a row
/// were damaged.
pub async fn read_back(
    account: &Account,
    exports: &dyn Exports,
    case: &Case,
    rounds_max: u32,
    kept: KeptFor,
) -> Result<(), Failure> {
    let records = account.past(case).await?;
    let archive = records.iter().rev().find_map(|record| match &record.event {
        Event::Acted { archive } => archive.clone(),
        _ => None,
    });
    let archive = archive.ok_or_else(|| Failure::permanent("finding the archive to read back"))?;
    let key = case.encryption();
    if let Err(fault) = whole(exports, &archive, key).await? {
        let rounds = records.iter().filter(|r| matches!(r.event, Event::LeftOver { .. })).count();
        if rounds >= rounds_max as usize {
            // Nobody will fetch it, and it is full of personal data.
            account.assert_ours(case).await?;
            exports.remove(&archive.name).await?;
            return Err(
                Failure::permanent("writing an archive that reads back whole").because(fault)
            );
        }
        account.advance(case, Event::LeftOver { items: 0 }).await?;
        return Ok(());
    }
    // In whole seconds, so that a link can end at the same time.
    let now = Timestamp::from_second(account.clock.now().as_second())
        .expect("cutting a time to seconds keeps it in range");
    let expires = kept.archive.map(|after| now + after);
    let link = exports.link(&archive.name, now, expires).await?;
    let verified = Event::Verified {
        counts: counts(account, case, kept.left_until).await?,
        archive: Some(Archive { expires, tenant_logs: None, ..archive }),
        logically_erased_at: None,
        unrecoverable_after: None,
        untouched: None,
        certificate: None,
    };
    account.conclude(case, verified, link.as_ref()).await?;
    Ok(())
}

/// Whether the stored archive has the digest that was ledgered and agrees with its own manifest.
async fn whole(
    exports: &dyn Exports,
    archive: &Archive,
    encryption: Option<Encryption>,
) -> Result<Result<(), String>, Failure> {
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
    let checking = tokio::task::spawn_blocking(move || {
        let key = encryption.map(|encryption| encryption.key());
        check_file(spool, key.as_ref())
    });
    Ok(match checking.await {
        Ok(checked) => checked.map(drop).map_err(|unsound| chain(&unsound)),
        Err(_) => Err("checking the archive ended abnormally".into()),
    })
}

/// What stands under the name of an archive.
pub struct Standing {
    /// Hex SHA-256 of it.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Hex SHA-256 of what is in it, where it is encrypted and opens.
    pub plain: Option<String>,
}

/// Reads what stands there; `None` if there is nothing.
///
/// # Errors
/// A failure of the store or of our own disk.
pub async fn standing(
    exports: &dyn Exports,
    name: &str,
    encryption: Option<Encryption>,
) -> Result<Option<Standing>, Failure> {
    let Some(mut bytes) = exports.open(name).await? else { return Ok(None) };
    let mut spool = tempfile::tempfile().map_err(spooling)?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        hash.update(&chunk);
        size += chunk.len() as u64;
        if encryption.is_some() {
            spool.write_all(&chunk).map_err(spooling)?;
        }
    }
    let mut plain = None;
    if let Some(encryption) = encryption {
        spool.rewind().map_err(spooling)?;
        let opening = tokio::task::spawn_blocking(move || {
            let mut hash = Sha256::new();
            let mut plain = encryption.key().open(BufReader::new(spool)).ok()?;
            let mut piece = vec![0; PIECE_BYTES];
            // Ends with the file.
            loop {
                match plain.read(&mut piece).ok()? {
                    0 => return Some(hex::encode(hash.finalize())),
                    len => hash.update(&piece[..len]),
                }
            }
        });
        plain = opening.await.ok().flatten();
    }
    Ok(Some(Standing { sha256: hex::encode(hash.finalize()), size, plain }))
}

/// Reads an archive whole and compares it with its manifest; one that is encrypted, by the key.
///
/// # Errors
/// The first fault found.
fn check_file(mut archive: File, key: Option<&ArchiveKey>) -> Result<Checked, Unsound> {
    let mut start = Vec::new();
    (&archive).take(START_BYTES).read_to_end(&mut start)?;
    archive.rewind()?;
    let archive = BufReader::new(archive);
    if !is_encrypted(&start) {
        return Ok(check::check(archive)?);
    }
    let plain = key.ok_or(Unsound::NoKey)?.open(archive)?;
    Ok(check::check(BufReader::new(plain))?)
}

/// The same by a key as people have it: the text of a file of age identities, or a passphrase.
///
/// # Errors
/// The first fault found; no key where one is needed.
pub fn check_with(
    archive: File,
    identities: Option<&str>,
    passphrase: Option<&str>,
) -> Result<Checked, Unsound> {
    let key = match (identities, passphrase) {
        (Some(text), _) => Some(ArchiveKey::identities(text)?),
        (None, Some(passphrase)) => Some(ArchiveKey::passphrase(passphrase)),
        (None, None) => None,
    };
    check_file(archive, key.as_ref())
}

/// Enough to know an encrypted file by.
const START_BYTES: u64 = 64;

impl Unsound {
    /// Whether the archive is at fault, and not that we could not look.
    pub fn is_of_archive(&self) -> bool {
        matches!(self, Self::Fault(_) | Self::Open(OpenError::Damaged))
    }
}

fn spooling(error: std::io::Error) -> Failure {
    Failure::of_io("keeping an archive while it is checked", &error)
}
