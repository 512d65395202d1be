//! `[graph]`: Microsoft Graph, and where it is to put what it copies.

use crate::config::azure::workspaces::{Entered, Entry};
use crate::config::faults::Faults;
use crate::config::file;
use crate::config::settings::{Blob, Cloud, Credential, Exports, Graph, Location};

/// Containers have names of 3 to 63 characters, and ours end in a dash and 32 digits.
const CONTAINER_CHARS_MAX: usize = 30;

/// A day: longer would be as long as the copy may take.
const LOOK_MS_MAX: u64 = 86_400_000;

/// Builds it, beside archives that are there; `None` where it is off or has faults.
pub fn graph(
    written: &file::Graph,
    exports: Option<&Exports>,
    faults: &mut Faults,
) -> Option<Graph> {
    if written.container.is_empty() {
        return None;
    }
    let container = container(&written.container, faults);
    if written.look_ms_min > LOOK_MS_MAX {
        faults.add(format!("graph.look_ms_min must be at most {LOOK_MS_MAX}"));
    }
    let word = written.cloud.as_deref();
    let cloud = word.and_then(|word| Cloud::ALL.into_iter().find(|it| it.word() == word));
    let entry = Entry {
        cloud: word,
        endpoint: Some(
            written.endpoint.as_deref().unwrap_or(cloud.unwrap_or(Cloud::Public).graph()),
        ),
        credential: written.credential.as_deref(),
        tenant_id: written.tenant_id.as_ref(),
        client_id: written.client_id.as_ref(),
        secret: written.client_secret.as_ref(),
        secret_file: written.client_secret_file.as_ref(),
    };
    let entered = entry.read("graph", faults);
    let beside = beside(exports?, faults);
    let Entered { endpoint, credential, .. } = entered?;
    let (container, beside, look_ms_min) = (container?, beside?, written.look_ms_min);
    Some(Graph { endpoint, credential, look_ms_min, beside, container })
}

fn container(written: &str, faults: &mut Faults) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_one = written.chars().all(plain)
        && written.len() <= CONTAINER_CHARS_MAX
        && !written.starts_with('-')
        && !written.ends_with('-')
        && !written.contains("--");
    if !is_one {
        faults.add(format!(
            "graph.container must be 1 to {CONTAINER_CHARS_MAX} characters out of a-z 0-9 -, none \
             of them a dash at an end or beside another"
        ));
    }
    is_one.then(|| written.to_owned())
}

/// Where archives are, if a way in can be signed there for somebody else.
fn beside(exports: &Exports, faults: &mut Faults) -> Option<Blob> {
    let why = match &exports.place {
        Location::Folder(_) | Location::Share(_) | Location::Lake(_) => {
            "a folder is out of its reach"
        }
        Location::Blob(blob) => match blob.credential {
            Credential::Sas(_) => "a signature lets nobody make containers or sign for others",
            Credential::AccountKey { .. }
            | Credential::ManagedIdentity { .. }
            | Credential::WorkloadIdentity
            | Credential::ClientSecret { .. }
            | Credential::DeveloperTools => return Some(blob.clone()),
        },
    };
    faults.add(format!(
        "graph.container needs [exports] in a blob container, entered by an identity or an account \
         key, for Microsoft Graph to write beside it: {why}"
    ));
    None
}

#[cfg(test)]
mod tests {
    use crate::config::build;
    use crate::config::reading::layers;
    use crate::config::settings::Settings;

    fn built(written: &[(&str, &str)]) -> Result<Settings, String> {
        let named = |(key, value): &(&str, &str)| (format!("DSRD__{key}"), (*value).to_owned());
        let file = layers::read(None, written.iter().map(named)).map_err(|it| it.to_string())?;
        build::settings(&file).map_err(|it| it.to_string())
    }

    const STORE: (&str, &str) = ("EXPORTS__URL", "https://a.blob.core.windows.net/dsr-exports");

    #[test]
    fn it_is_off_until_a_container_is_named_and_has_a_host_in_each_cloud() {
        assert!(built(&[]).unwrap().graph.is_none());
        let on = ("GRAPH__CONTAINER", "dsr-tenant-logs");
        let graph = built(&[STORE, on]).unwrap().graph.unwrap();
        assert_eq!(graph.endpoint.as_str(), "https://graph.microsoft.com/");
        assert_eq!((graph.container.as_str(), graph.look_ms_min), ("dsr-tenant-logs", 60_000));
        for (key, value, expected) in [
            ("GRAPH__CLOUD", "usgov", "https://graph.microsoft.us/"),
            ("GRAPH__CLOUD", "china", "https://microsoftgraph.chinacloudapi.cn/"),
            (
                "GRAPH__ENDPOINT",
                "https://dod-graph.microsoft.us",
                "https://dod-graph.microsoft.us/",
            ),
        ] {
            let graph = built(&[STORE, on, (key, value)]).unwrap().graph.unwrap();
            assert_eq!(graph.endpoint.as_str(), expected);
        }
    }

    #[test]
    fn a_container_of_copies_is_known_by_its_whole_name() {
        let graph = built(&[STORE, ("GRAPH__CONTAINER", "azureml")]).unwrap().graph.unwrap();
        let digest = "0123456789abcdef".repeat(4);
        assert!(graph.is_copy(&graph.copy(&digest)));
        for other in [
            "azureml",
            "azureml-",
            "azureml-blobstore-0b1c2d3e-0000-4000-8000-00000000000a",
            "azureml-0b1c2d3e-0000-4000-8000-00000000000",
            "azureml-0123456789abcdef0123456789abcdef0",
            "other-0123456789abcdef0123456789abcdef",
        ] {
            assert!(!graph.is_copy(other), "{other}");
        }
    }

    #[test]
    fn what_cannot_be_is_told_by_its_key() {
        let (on, sas) = ("c", "https://a.blob.core.windows.net/c?sv=1&sig=s3cret");
        let table: [(&[(&str, &str)], &str); 8] = [
            (&[("GRAPH__CONTAINER", on)], "a folder is out of its reach"),
            (&[("EXPORTS__URL", sas), ("GRAPH__CONTAINER", on)], "a signature lets nobody"),
            (&[STORE, ("GRAPH__CONTAINER", "A")], "graph.container must be 1 to 30"),
            (&[STORE, ("GRAPH__CONTAINER", "a--b")], "graph.container must be 1 to 30"),
            (&[STORE, ("GRAPH__CONTAINER", on), ("GRAPH__CLOUD", "x")], "graph.cloud is none of"),
            (
                &[STORE, ("GRAPH__CONTAINER", on), ("GRAPH__ENDPOINT", "http://graph")],
                "graph.endpoint must be https://HOST",
            ),
            (
                &[STORE, ("GRAPH__CONTAINER", on), ("GRAPH__CREDENTIAL", "sas")],
                "graph.credential is none of",
            ),
            (
                &[STORE, ("GRAPH__CONTAINER", on), ("GRAPH__LOOK_MS_MIN", "86400001")],
                "graph.look_ms_min must be at most",
            ),
        ];
        for (written, expected) in table {
            let fault = built(written).err().unwrap();
            assert!(fault.contains(expected) && !fault.contains("s3cret"), "{fault}");
        }
    }
}
