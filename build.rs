//! Tells the program the version of its reader: a digest of what reads, so that what another reader
//! learned of an item counts for nothing.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What reads an item and says what is kept of it, and the versions of what it reads with.
const READER: [&str; 7] = [
    "src/matching",
    "src/domain/item.rs",
    "src/domain/layout.rs",
    "src/domain/asked",
    "src/evidence/seal.rs",
    "src/stages/walk",
    "Cargo.lock",
];

fn main() -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    // What a letter is follows from the tables of the standard library.
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Command::new(rustc).arg("-vV").output()?.stdout.hash(&mut hasher);
    for root in READER {
        println!("cargo::rerun-if-changed={root}");
        for file in files(Path::new(root))? {
            file.hash(&mut hasher);
            fs::read(&file)?.hash(&mut hasher);
        }
    }
    println!("cargo::rustc-env=DSRD_READER={:016x}", hasher.finish());
    Ok(())
}

fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    if root.is_file() {
        return Ok(vec![root.to_owned()]);
    }
    let mut paths =
        fs::read_dir(root)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        all.extend(files(&path)?);
    }
    Ok(all)
}
