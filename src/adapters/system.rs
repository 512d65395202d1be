//! What the operating system gives: time, randomness, the environment, and the files of keys.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::domain::failure::Failure;
use crate::ports::system::{Clock, Entropy};

/// Real time.
pub struct SystemClock;

/// The kernel's random numbers.
pub struct SystemEntropy;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_ms(&self, millis: u64) {
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("a kernel without randomness runs no daemon");
    }
}

/// The key in the file at `path`; `fresh`, written there and readable by its owner alone, where
/// there is no such file yet. `which` names the key in errors.
///
/// # Errors
/// The file cannot be read or written.
pub fn kept_key(
    path: &Path,
    which: &str,
    fresh: &Zeroizing<String>,
) -> Result<Zeroizing<String>, Failure> {
    if let Some(text) = found_key(path, which)? {
        return Ok(text);
    }
    match write_new(path, fresh.as_bytes()) {
        Ok(()) => Ok(fresh.clone()),
        // Another daemon was first: its key is the key.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let vanished = || Failure::needs_person(format!("reading the {which} file again"));
            found_key(path, which)?.ok_or_else(vanished)
        }
        Err(error) => {
            Err(Failure::needs_person(format!("writing the {which} file")).because(error))
        }
    }
}

/// The key in the file at `path`, if there is one.
///
/// # Errors
/// The file cannot be read.
pub fn found_key(path: &Path, which: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::needs_person(format!("reading the {which} file")).because(error))
        }
    }
}

/// A fresh master key: 64 hexadecimal digits.
pub fn fresh_master_key(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(&mut *key);
    hex::encode(*key).into()
}

/// Writes the whole file beside its place first, so that nobody ever reads half a key.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    make_private_folder(path)?;
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked
}

/// The folder that a file of ours is in, readable by our own user alone where it is made here.
fn make_private_folder(file: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    file.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map_or(Ok(()), |folder| builder.create(folder))
}

/// Held as long as this process serves a ledger.
pub struct Alone {
    _lock: File,
}

/// Claims a ledger file for this process; the claim ends with the process, however it ends.
///
/// Two daemons that sweep for the same requests would clear each other's plans.
///
/// # Errors
/// `NeedsPerson` where another daemon has it.
pub fn alone(ledger: &Path) -> Result<Alone, Failure> {
    let path = ledger.with_extension("lock");
    let doing = format!("claiming the ledger by {}", path.display());
    let opening = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600).open(&path)
    };
    make_private_folder(&path)
        .and_then(|()| opening())
        .map_err(|error| Failure::needs_person(doing.clone()).because(error))
        .and_then(|lock| match lock.try_lock() {
            Ok(()) => Ok(Alone { _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let text = "another daemon serves this ledger; stop it first";
                Err(Failure::needs_person(doing).because(text))
            }
            Err(TryLockError::Error(error)) => Err(Failure::needs_person(doing).because(error)),
        })
}
