//! The files of keys. One is made for a ledger that is new, and never again: a new one would open
//! nothing of what the old one sealed, and nobody would look for that any more.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::adapters::system::make_private_folder;
use crate::config::settings::Ledger;
use crate::domain::failure::Failure;
use crate::ports::system::Entropy;

/// One of our keys, in a file.
#[derive(Clone, Copy)]
pub struct KeyFile<'a> {
    /// Where.
    pub path: &'a Path,
    /// What errors call the key.
    pub which: &'static str,
    /// The setting that names the file.
    pub setting: &'static str,
    /// What can be done where it is lost for good.
    pub lost: &'static str,
}

/// The signing key there.
pub fn signing(path: &Path) -> KeyFile<'_> {
    KeyFile {
        path,
        which: "signing key",
        setting: "[deployment] signing_key_file",
        lost: "where it is lost, `dsrd config --public-key` makes another one, and whoever checks \
               certificates needs both",
    }
}

/// The master key there.
pub fn master(path: &Path) -> KeyFile<'_> {
    KeyFile {
        path,
        which: "master key",
        setting: "[ledger] master_key_file",
        lost: "nothing else opens it",
    }
}

/// The master key that the settings give or name, which is not made here.
///
/// # Errors
/// Its file cannot be read, or is not there.
pub fn master_key(ledger: &Ledger) -> Result<Zeroizing<String>, Failure> {
    let missing = || Failure::needs_person(master(&ledger.master_key_file).missing());
    configured(ledger)?.ok_or_else(missing)
}

/// The same; `None` where there is none yet.
///
/// # Errors
/// Its file cannot be read.
pub fn configured(ledger: &Ledger) -> Result<Option<Zeroizing<String>>, Failure> {
    match &ledger.master_key {
        Some(key) => Ok(Some(key.expose().to_owned().into())),
        None => master(&ledger.master_key_file).found(),
    }
}

impl KeyFile<'_> {
    /// The key of a ledger: `fresh`, written there and readable by its owner alone, where there is
    /// no such file yet and the ledger is new.
    ///
    /// # Errors
    /// The file cannot be read or written; it is missing, and the ledger was begun with another.
    pub fn kept(
        &self,
        is_new: bool,
        fresh: &Zeroizing<String>,
    ) -> Result<Zeroizing<String>, Failure> {
        if let Some(text) = self.found()? {
            return Ok(text);
        }
        if !is_new {
            return Err(self.must_come_back());
        }
        self.made(fresh)
    }

    /// Whether it need not be there: it is made for a ledger that is new, and for none else.
    ///
    /// # Errors
    /// It must come back.
    pub fn need_not_be(&self, is_new: bool) -> Result<(), Failure> {
        if is_new { Ok(()) } else { Err(self.must_come_back()) }
    }

    /// What to say where it is another one than the ledger's.
    pub fn is_another(&self) -> Failure {
        let text = "the ledger is sealed under another one";
        Failure::needs_person(self.doing("comparing")).because(text)
    }

    /// What to say where it is not there, and the ledger was begun with one.
    pub fn must_come_back(&self) -> Failure {
        let text = "the ledger was begun with one, which must be brought back";
        Failure::needs_person(format!("{}; {text}: {}", self.missing(), self.lost))
    }

    /// The key in the file; `fresh` where there is no such file yet.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn made(&self, fresh: &Zeroizing<String>) -> Result<Zeroizing<String>, Failure> {
        if let Some(text) = self.found()? {
            return Ok(text);
        }
        match write_new(self.path, fresh.as_bytes()) {
            Ok(()) => Ok(fresh.clone()),
            // Another daemon was first: its key is the key.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.found()?.ok_or_else(|| Failure::needs_person(self.missing()))
            }
            Err(error) => Err(Failure::needs_person(self.doing("writing")).because(error)),
        }
    }

    /// Where the key is written that is to take the place of this one.
    pub fn next(&self) -> PathBuf {
        beside(self.path, "next")
    }

    /// Puts the key at [`KeyFile::next`] in the place of this one, at once: there is no time at
    /// which there is none.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn succeed(&self) -> Result<(), Failure> {
        let refused = |error| Failure::needs_person(self.doing("replacing")).because(error);
        fs::rename(self.next(), self.path).map_err(refused)?;
        sync_folder(self.path).map_err(refused)
    }

    /// Keeps the key beside its file as well, under the first number that is free, and gives the
    /// place; one that is kept already stays where it is. Where this cannot be done, such as of a
    /// file that is mounted by itself, it could not be replaced either.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn keep(&self) -> Result<PathBuf, Failure> {
        let refused = |error| Failure::needs_person(self.doing("keeping")).because(error);
        let present = fs::read(self.path).map(Zeroizing::new).map_err(refused)?;
        for number in 1_u32.. {
            let kept = beside(self.path, &number.to_string());
            match fs::hard_link(self.path, &kept) {
                Ok(()) => return sync_folder(self.path).map(|()| kept).map_err(refused),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    if fs::read(&kept).map(Zeroizing::new).is_ok_and(|known| known == present) {
                        return Ok(kept);
                    }
                }
                Err(error) => return Err(refused(error)),
            }
        }
        Err(refused(ErrorKind::AlreadyExists.into()))
    }

    /// The key in the file, if there is one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn found(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        match fs::read_to_string(self.path) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::needs_person(self.doing("reading")).because(error)),
        }
    }

    fn doing(&self, doing: &str) -> String {
        let Self { path, which, setting, .. } = self;
        format!("{doing} the {which} file {} ({setting})", path.display())
    }

    /// What to say where it is not there.
    pub fn missing(&self) -> String {
        let Self { path, which, setting, .. } = self;
        format!("there is no {which} in {} ({setting})", path.display())
    }
}

/// A fresh master key: 64 hexadecimal digits.
pub fn fresh_master_key(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(&mut *key);
    hex::encode(*key).into()
}

/// What was linked or renamed there is there after a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(ending);
    name.into()
}

/// Writes the whole file beside its place first, so that nobody ever reads half a key.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_private_folder(path)?;
    let draft = beside(path, &format!("draft-{}", Uuid::new_v4()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked?;
    // Whatever is sealed under it from now on may outlast a power cut.
    sync_folder(path)
}
