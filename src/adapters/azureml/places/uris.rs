//! Addresses of data as documents write them: by a datastore, or by a storage account.

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::domain::layout::Location;

/// What an address means.
#[derive(PartialEq, Eq)]
pub enum Meant {
    /// A path of a datastore of this workspace.
    Store {
        /// The datastore's name.
        name: String,
        /// The path in it.
        path: String,
    },
    /// A place in a storage account.
    Place(Location),
    /// A place that is in none; without what may let somebody in.
    Elsewhere(String),
}

/// Hosts of storage accounts: `ACCOUNT.SERVICE.…`.
const SERVICES: [&str; 3] = ["blob", "dfs", "file"];

/// What an address means in the workspace of that id.
pub fn read(address: &str, workspace: &str) -> Meant {
    let elsewhere = || Meant::Elsewhere(bare(address));
    let place = |place: Option<Location>| place.map_or_else(elsewhere, Meant::Place);
    let Some((scheme, rest)) = address.split_once(':') else { return elsewhere() };
    match scheme.to_ascii_lowercase().as_str() {
        "azureml" => in_a_store(rest, workspace).unwrap_or_else(elsewhere),
        "wasb" | "wasbs" | "abfs" | "abfss" => place(by_user(&bare(rest))),
        "http" | "https" => place(Url::parse(address).ok().as_ref().and_then(by_host)),
        _ => elsewhere(),
    }
}

/// An address without what may let somebody in: its query, and a password before its host.
fn bare(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = address.split_once("//") else { return address.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.split_once('@') {
        Some((user, host)) if user.contains(':') => format!("{scheme}//{host}{path}"),
        _ => address.to_owned(),
    }
}

/// `//datastores/NAME/paths/PATH`, with or without the id of the workspace before it, and without
/// `paths` where the service itself writes it.
fn in_a_store(rest: &str, workspace: &str) -> Option<Meant> {
    let rest = rest.trim_start_matches('/');
    let at = rest.to_ascii_lowercase().find("datastores/")?;
    let (above, below) = rest.split_at(at);
    let (name, path) = below["datastores/".len()..].split_once('/').unwrap_or_default();
    let is_own = above.is_empty() || is_id_of(above.trim_matches('/'), workspace);
    if name.is_empty() || !is_own {
        return None;
    }
    let path = path.strip_prefix("paths/").unwrap_or(path);
    Some(Meant::Store { name: name.to_owned(), path: path.to_owned() })
}

/// Whether it is the id of the workspace, or its short form without words of providers.
fn is_id_of(id: &str, workspace: &str) -> bool {
    let words = |id: &str| {
        let id = id.to_ascii_lowercase();
        let id = id.replace("/providers/microsoft.machinelearningservices", "");
        id.trim_matches('/').to_owned()
    };
    words(id) == words(workspace)
}

/// `//CONTAINER@ACCOUNT.blob.…/PATH`
fn by_user(rest: &str) -> Option<Location> {
    let (container, rest) = rest.trim_start_matches('/').split_once('@')?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (account, _) = host.split_once('.')?;
    Some(location(account, container, path))
}

/// `https://ACCOUNT.blob.…/CONTAINER/PATH`, or `http://IP/ACCOUNT/CONTAINER/PATH` of an emulator
fn by_host(url: &Url) -> Option<Location> {
    let path = percent_decode_str(url.path().trim_start_matches('/')).decode_utf8().ok()?;
    let (account, path) = match url.host()? {
        Host::Domain(host) => {
            let (account, rest) = host.split_once('.')?;
            let is_account = rest.split('.').next().is_some_and(|word| SERVICES.contains(&word));
            (is_account.then_some(account)?.to_owned(), path.into_owned())
        }
        Host::Ipv4(_) | Host::Ipv6(_) => {
            let (account, path) = path.split_once('/')?;
            (account.to_owned(), path.to_owned())
        }
    };
    let (container, path) = path.split_once('/').unwrap_or((&path, ""));
    (!container.is_empty()).then(|| location(&account, container, path))
}

fn location(account: &str, container: &str, path: &str) -> Location {
    let path = path.to_owned();
    Location { account: account.to_owned(), container: container.to_owned(), path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_where_data_lies() {
        let id = "/subscriptions/S/resourceGroups/g/providers/\
                  Microsoft.MachineLearningServices/workspaces/ws";
        let cases = [
            ("azureml://datastores/d/paths/a/b/".to_owned(), "store d a/b/"),
            (
                "azureml://datastores/d/ExperimentRun/dcid.r".to_owned(),
                "store d ExperimentRun/dcid.r",
            ),
            (format!("azureml:/{id}/datastores/d/paths/a"), "store d a"),
            (format!("azureml:/{}/datastores/d/paths/a", id.to_lowercase()), "store d a"),
            (
                "azureml://subscriptions/s/resourcegroups/g/workspaces/ws/datastores/d/paths/a"
                    .into(),
                "store d a",
            ),
            (
                "azureml://subscriptions/s/resourcegroups/g/workspaces/w2/datastores/d/paths/a"
                    .into(),
                "elsewhere azureml://subscriptions/s/resourcegroups/g/workspaces/w2/datastores/d/\
                 paths/a",
            ),
            ("azureml:model:1".into(), "elsewhere azureml:model:1"),
            ("azureml://datastores//paths/a".into(), "elsewhere azureml://datastores//paths/a"),
            ("wasbs://c@acc.blob.core.windows.net/a/b".into(), "acc c a/b"),
            ("abfss://fs@acc.dfs.core.windows.net".into(), "acc fs "),
            ("https://acc.blob.core.windows.net/c/a%20b?sig=s3cret".into(), "acc c a b"),
            ("https://acc.dfs.core.usgovcloudapi.net/fs/a/".into(), "acc fs a/"),
            ("http://127.0.0.1:10000/acc/c/a".into(), "acc c a"),
            ("https://files.example/c/a?sig=s3cret".into(), "elsewhere https://files.example/c/a"),
            ("https://ann:s3cret@files.example/c".into(), "elsewhere https://files.example/c"),
            ("wasbs://c@acc.blob.core.windows.net/a?sig=s3cret".into(), "acc c a"),
            (
                "https://acc.blob.core.windows.net/".into(),
                "elsewhere https://acc.blob.core.windows.net/",
            ),
            ("aml://asset/0".into(), "elsewhere aml://asset/0"),
            ("".into(), "elsewhere "),
        ];
        for (address, expected) in cases {
            let told = match read(&address, id) {
                Meant::Store { name, path } => format!("store {name} {path}"),
                Meant::Place(Location { account, container, path }) => {
                    format!("{account} {container} {path}")
                }
                Meant::Elsewhere(address) => format!("elsewhere {address}"),
            };
            assert_eq!(told, expected, "{address}");
        }
    }
}
