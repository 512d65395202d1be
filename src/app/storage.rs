//! What workspaces make sources of by themselves: asked before anything is opened, so that from
//! there on these are sources as if they were written.

use std::error::Error;
use std::time::Duration;

use tokio::time::sleep;

use crate::adapters::azureml::places::made::{self, Made};
use crate::config::settings::{Settings, Workspace};

/// How long after it a workspace is asked again that did not answer.
const PAUSE: Duration = Duration::from_secs(5);

/// What became of one place.
pub struct Line {
    /// The workspace.
    pub workspace: String,
    /// What it is; empty where the workspace does not tell.
    pub of: String,
    /// The name of the source, or why there is none.
    pub source: Result<String, String>,
}

/// Why a workspace does not tell; for people to read.
type Untold = Box<dyn Error + Send + Sync>;

/// The settings with the sources that workspaces make. `is_patient`: waits for a workspace that
/// does not answer for now.
///
/// # Errors
/// A workspace does not let us in, or is none.
pub async fn completed(settings: &Settings, is_patient: bool) -> Result<Settings, Untold> {
    let mut all = settings.clone();
    for workspace in bringing(settings) {
        let made = loop {
            match made::made(workspace, &all).await {
                Err(failure) if is_patient && failure.passes_by_itself() => {
                    let (source, error) = (workspace.name.as_str(), failure.chain());
                    let text = "the storage of a workspace is not known yet; will be asked again";
                    tracing::warn!(source, error, "{text}");
                    sleep(PAUSE).await;
                }
                made => break made.map_err(|failure| failure.of_source(&workspace.name))?,
            }
        };
        add(&mut all, made);
    }
    Ok(all)
}

/// The same, of as many workspaces as answer at once; and what became of each place.
pub async fn told(settings: &Settings) -> (Settings, Vec<Line>) {
    let (mut all, mut lines) = (settings.clone(), Vec::new());
    for workspace in bringing(settings) {
        let name = &workspace.name;
        let line = |of: String, source| Line { workspace: name.clone(), of, source };
        match made::made(workspace, &all).await {
            Ok(made) => {
                lines.extend(made.iter().map(|made| {
                    let source = made.store.as_ref().map(|store| store.name.clone());
                    line(made.of.clone(), source.map_err(Clone::clone))
                }));
                add(&mut all, made);
            }
            Err(failure) => lines.push(line(String::new(), Err(failure.chain()))),
        }
    }
    (all, lines)
}

fn bringing(settings: &Settings) -> impl Iterator<Item = &Workspace> {
    settings.workspaces.iter().filter(|workspace| workspace.brings_storage)
}

fn add(settings: &mut Settings, made: Vec<Made>) {
    settings.sources.extend(made.into_iter().filter_map(|made| Some(*made.store.ok()?)));
}
