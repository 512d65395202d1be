//! What each of `[[sources]]` is opened as.

use std::sync::Arc;

use crate::adapters::azure::blob::BlobSource;
use crate::adapters::azure::containers::BlobContainers;
use crate::adapters::azure_files::shares::Shares;
use crate::adapters::azure_files::source::ShareSource;
use crate::adapters::folder::source::FolderSource;
use crate::config::settings::{Location, Settings, Store};
use crate::domain::failure::Failure;
use crate::ports::sources::Source;

/// Opens one of them. Asks nobody yet.
///
/// # Errors
/// Where its settings are malformed, or what it relies on is not there.
pub fn open(store: &Store, settings: &Settings) -> Result<Arc<dyn Source>, Failure> {
    let Store { name, place, layout } = store;
    Ok(match place {
        Location::Folder(path) => Arc::new(FolderSource::open(name, path).laid_out(*layout)),
        Location::Blob(blob) if blob.is_pattern() => {
            let archives = match &settings.exports.place {
                Location::Blob(archives) => Some(&archives.url),
                Location::Folder(_) | Location::Share(_) => None,
            };
            let copies = settings.graph.as_ref();
            Arc::new(BlobContainers::open(name, blob, archives, copies)?)
        }
        Location::Blob(blob) => Arc::new(BlobSource::open(name, blob)?),
        Location::Share(share) if share.is_pattern() => Arc::new(Shares::open(name, share)?),
        Location::Share(share) => Arc::new(ShareSource::open(name, share)?),
    })
}
