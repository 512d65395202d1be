//! Writes small files of every form where the targets look for them: `corpus/TARGET/NUMBER`.

use std::fs;
use std::io;
use std::path::Path;

use dsrd_fuzz::seeds::{FOLDERS, seeds};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (number, (name, file)) in seeds().into_iter().enumerate() {
        let folder = FOLDERS.iter().find(|folder| folder.name == name);
        let Some(input) = folder.and_then(|folder| folder.input(&file)) else { continue };
        fs::create_dir_all(corpus.join(name))?;
        fs::write(corpus.join(name).join(number.to_string()), input)?;
    }
    Ok(())
}
