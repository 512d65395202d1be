//! Opens what the settings name: every source, and the place of archives.

use std::sync::Arc;

use crate::adapters::aliases::AliasTable;
use crate::adapters::azure::blob::BlobSource;
use crate::adapters::azure::containers::BlobContainers;
use crate::adapters::azure::exports::BlobExports;
use crate::adapters::azure_files::shares::Shares;
use crate::adapters::azure_files::source::ShareSource;
use crate::adapters::azure_lake::file_systems::FileSystems;
use crate::adapters::azure_lake::source::LakeSource;
use crate::adapters::azureml::source::WorkspaceSource;
use crate::adapters::folder::exports::FolderExports;
use crate::adapters::folder::source::FolderSource;
use crate::adapters::graph::names::GraphNames;
use crate::adapters::monitor::source::TelemetrySource;
use crate::config::settings::{Location, Settings, Store};
use crate::domain::failure::Failure;
use crate::ports::exports::Exports;
use crate::ports::sources::{Directory, Source};

/// Opens all sources, in the order of the settings. Asks nobody yet.
///
/// # Errors
/// Where settings are malformed, or what one relies on is not there.
pub fn sources(settings: &Settings) -> Result<Vec<Arc<dyn Source>>, Failure> {
    let mut sources = Vec::new();
    for one in &settings.sources {
        sources.push(store(one, settings).map_err(opening(&one.name))?);
    }
    for workspace in &settings.workspaces {
        let opened = WorkspaceSource::open(workspace, settings.ours());
        sources.push(Arc::new(opened.map_err(opening(&workspace.name))?));
    }
    for telemetry in &settings.telemetry {
        let opened = TelemetrySource::open(telemetry);
        sources.push(Arc::new(opened.map_err(opening(&telemetry.name))?));
    }
    Ok(sources)
}

/// Names the source that cannot be opened: many may be configured alike.
fn opening(name: &str) -> impl FnOnce(Failure) -> Failure {
    move |failure| failure.retold(format!("opening source {name}"))
}

fn store(store: &Store, settings: &Settings) -> Result<Arc<dyn Source>, Failure> {
    let Store { name, place, layout } = store;
    Ok(match place {
        Location::Folder(path) => Arc::new(FolderSource::open(name, path).laid_out(*layout)),
        Location::Blob(blob) if blob.is_pattern() => {
            let archives = match &settings.exports.place {
                Location::Blob(archives) => Some(&archives.url),
                Location::Folder(_) | Location::Share(_) | Location::Lake(_) => None,
            };
            let copies = settings.graph.as_ref();
            Arc::new(BlobContainers::open(name, blob, archives, copies)?)
        }
        Location::Blob(blob) => Arc::new(BlobSource::open(name, blob)?),
        Location::Share(share) if share.is_pattern() => Arc::new(Shares::open(name, share)?),
        Location::Share(share) => Arc::new(ShareSource::open(name, share)?),
        Location::Lake(lake) if lake.is_pattern() => Arc::new(FileSystems::open(name, lake)?),
        Location::Lake(lake) => Arc::new(LakeSource::open(name, lake)?),
    })
}

/// Who knows people beside the sources. Asks nobody yet.
///
/// # Errors
/// As [`sources`].
pub fn directories(settings: &Settings) -> Result<Vec<Arc<dyn Directory>>, Failure> {
    let mut all: Vec<Arc<dyn Directory>> = Vec::new();
    if !settings.people.aliases.is_empty() {
        all.push(Arc::new(AliasTable(settings.people.aliases.clone())));
    }
    if let Some(graph) = &settings.people.graph {
        let opened = GraphNames::open(graph);
        all.push(Arc::new(opened.map_err(|failure| failure.retold("opening [people] graph"))?));
    }
    Ok(all)
}

/// Opens the place of archives. Asks nobody yet.
///
/// # Errors
/// As [`sources`].
pub fn exports(settings: &Settings) -> Result<Arc<dyn Exports>, Failure> {
    Ok(match &settings.exports.place {
        Location::Folder(path) => Arc::new(FolderExports::open(path)?),
        Location::Blob(blob) => {
            let opened = BlobExports::open(blob, settings.exports.links);
            Arc::new(opened.map_err(|failure| failure.retold("opening [exports]"))?)
        }
        Location::Share(_) | Location::Lake(_) => {
            return Err(Failure::needs_person(
                "neither a share nor a file system takes archives ([exports] url)",
            ));
        }
    })
}
