//! What the operating system gives: time, randomness, and folders and files of our own.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;

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

/// The folder that a file of ours is in, readable by our own user alone where it is made here.
///
/// # Errors
/// Those of the file system.
pub fn make_private_folder(file: &Path) -> std::io::Result<()> {
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
