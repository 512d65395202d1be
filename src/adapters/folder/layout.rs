//! Whether a folder is a copy of a container or of an account, told by what is in it.
//!
//! | what is there | what it is |
//! | --- | --- |
//! | `ExperimentRun/dcid.…`, and the like of `ComputeRecord`, `ArtifactZip` | a container |
//! | its own name is `azureml-blobstore-…` | that container |
//! | a folder `azureml-blobstore-…` | an account |
//! | a folder `azureml` with folders that a container `azureml` has | an account |
//! | its own name is `azureml` | that container |
//! | anything else | a container whose name is not known |
//!
//! The first that is so counts, unless the settings say what it is. It is asked anew each time: a
//! folder may be filled later. A wrong answer leaves out what belongs to a run; it takes nobody
//! else's, for then no name below is that of a run.

use std::fs;
use std::io;
use std::path::Path;

use crate::adapters::folder::path::is_absence;
use crate::domain::layout::{
    Container, Containers, FolderLayout, ORIGINS, OneContainer, is_container, is_datastore,
};

/// What the folder is, and how the names below it begin.
pub struct Laid {
    /// Where the container is in each name.
    pub container: Container,
    /// Its containers.
    pub containers: Containers,
}

/// Looks at a folder, of which the settings may say what it is.
pub fn laid(root: &Path, said: Option<FolderLayout>) -> io::Result<Laid> {
    let root = root.canonicalize()?;
    let own = root.file_name().and_then(|name| name.to_str());
    let account = |path: &Path| path.to_string_lossy().into_owned();
    let layout = match said {
        Some(layout) => layout,
        None => told(&root, own)?,
    };
    Ok(match layout {
        FolderLayout::Container => {
            let is_known = |name: &&str| said.is_some() || is_container(name);
            let name = own.filter(is_known);
            let container = name.map(|name| Container::Named(name.to_owned()));
            Laid {
                container: container.unwrap_or_default(),
                containers: Containers {
                    account: account(root.parent().unwrap_or(&root)),
                    each: vec![OneContainer::whole(name)],
                    are_shares: false,
                },
            }
        }
        FolderLayout::Containers => {
            let mut names = folders(&root)?;
            names.sort();
            let each = names.iter().map(|name| OneContainer::leading(name)).collect();
            let containers = Containers { account: account(&root), each, are_shares: false };
            Laid { container: Container::Leading, containers }
        }
    })
}

fn told(root: &Path, own: Option<&str>) -> io::Result<FolderLayout> {
    if has_runs(root)? || own.is_some_and(is_datastore) {
        return Ok(FolderLayout::Container);
    }
    let is_origin = |name: &String| ORIGINS.contains(&name.as_str());
    let is_account = folders(root)?.iter().any(|name| is_datastore(name))
        || folders(&root.join("azureml"))?.iter().any(is_origin);
    Ok(if is_account { FolderLayout::Containers } else { FolderLayout::Container })
}

/// Whether runs lie right below a folder, as they do in a container.
fn has_runs(root: &Path) -> io::Result<bool> {
    for folder in ["ExperimentRun", "ComputeRecord", "ArtifactZip/ExperimentRun"] {
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            if entry?.file_name().as_encoded_bytes().starts_with(b"dcid.") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The names of the folders in a folder; none where there is no such folder.
fn folders(path: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if is_absence(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_what_is_in_it() {
        let (history, store) = ("azureml", "azureml-blobstore-1");
        let named = |name: &str| Container::Named(name.to_owned());
        let table: [(&str, &[&str], Container); 12] = [
            ("x", &["ExperimentRun/dcid.r1"], Container::Unknown),
            ("x", &["ExperimentRun/dcid.r1", "azureml/r1/out"], Container::Unknown),
            (history, &["ExperimentRun/dcid.r1"], named(history)),
            (history, &["ExperimentRun/dcid.r1", "azureml/ExperimentRun/dcid.r2"], named(history)),
            (history, &["anything"], named(history)),
            (history, &["azureml/ExperimentRun/dcid.r1"], Container::Leading),
            (store, &["azureml/r1/out"], named(store)),
            (store, &["azureml/ExperimentRun/dcid.out"], named(store)),
            ("x", &["azureml/r1/out"], Container::Unknown),
            ("x", &["azureml/ExperimentRun/dcid.r1"], Container::Leading),
            ("x", &["azureml/LocalUpload/1"], Container::Leading),
            ("x", &["azureml-blobstore-1/azureml/r1/out"], Container::Leading),
        ];
        for (name, folders, container) in table {
            let above = tempfile::tempdir().unwrap();
            let root = above.path().join(name);
            for folder in folders {
                fs::create_dir_all(root.join(folder)).unwrap();
            }
            let laid = laid(&root, None).unwrap();
            assert_eq!(laid.container, container, "{name} with {folders:?}");
        }
    }

    #[test]
    fn the_settings_know_better() {
        let above = tempfile::tempdir().unwrap();
        let root = above.path().join("mine");
        fs::create_dir_all(root.join("ExperimentRun/dcid.r1")).unwrap();
        let container = laid(&root, Some(FolderLayout::Container)).unwrap();
        assert_eq!(container.container, Container::Named("mine".to_owned()));
        let account = laid(&root, Some(FolderLayout::Containers)).unwrap();
        assert_eq!(account.containers.each, [OneContainer::leading("ExperimentRun")]);
        assert_ne!(account.containers.account, container.containers.account);
    }
}
