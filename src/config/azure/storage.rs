//! A container of blobs, a share of files or a file system, by its URL, and how it is entered.

use url::Url;

use crate::config::azure::workspaces::{self, Identity};
use crate::config::faults::Faults;
use crate::config::file::Store;
use crate::config::secret::Secret;
use crate::config::settings::{Blob, Credential, Location};

/// The emulators' account and its published key (Azurite's README: "Default Storage Account").
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// What an account is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Blobs,
    Files,
    Lake,
}

/// What stands for each in the host of an account.
const LABELS: [(&str, Service); 3] =
    [("blob", Service::Blobs), ("file", Service::Files), ("dfs", Service::Lake)];

/// Where a store is that is no folder.
pub fn place(key: &str, url: &str, written: &Store, faults: &mut Faults) -> Option<Location> {
    let blob = blob(key, url, written, faults)?;
    let service = match written.service.as_deref() {
        Some("blobs") => Service::Blobs,
        Some("files") => Service::Files,
        Some("lake") => Service::Lake,
        Some(_) => {
            faults.add(format!("{key}.service must be blobs, files or lake"));
            return None;
        }
        None => blob.url.domain().map_or(Service::Blobs, service),
    };
    if service != Service::Blobs && key == "exports" {
        let text = "is that of a share or a file system: archives go to a container or a folder";
        faults.add(format!("{key}.url {text}"));
        return None;
    }
    Some(match service {
        Service::Blobs => Location::Blob(blob),
        Service::Files => Location::Share(blob),
        Service::Lake => Location::Lake(blob),
    })
}

/// What a host serves: `ACCOUNT.file.core.windows.net`, `ACCOUNT.privatelink.file.…`,
/// `ACCOUNT.z12.file.storage.azure.net`. One that does not tell serves blobs.
fn service(host: &str) -> Service {
    let told = |label| LABELS.iter().find(|(word, _)| *word == label).map(|(_, service)| *service);
    host.split('.').skip(1).find_map(told).unwrap_or(Service::Blobs)
}

fn blob(key: &str, url: &str, written: &Store, faults: &mut Faults) -> Option<Blob> {
    let Ok(mut url) = Url::parse(url) else {
        let text = "is neither dir:PATH nor a URL of a container, share or file system";
        faults.add(format!("{key}.url {text}"));
        return None;
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        faults.add(format!("{key}.url must begin with dir:, https:// or (emulators) http://"));
        return None;
    }
    let signature = url.query().map(|query| Secret::new(query.to_owned()));
    url.set_query(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    if path.len() < 2 {
        faults.add(format!("{key}.url names no container, share or file system"));
        return None;
    }
    let (above, container) = path.rsplit_once('/').unwrap_or_default();
    if above.contains('*') || (container.contains('*') && key == "exports") {
        let text = "only the container, share or file system of a source can be a pattern";
        faults.add(format!("{key}.url: {text}"));
        return None;
    }
    let credential = match (signature, written.credential.as_deref()) {
        (Some(signature), None | Some("sas")) => Some(Credential::Sas(signature)),
        (None, None) if is_emulator(&url) => account_key(key, &url, written, faults),
        (None, None) if written.account_key.is_some() || written.account_key_file.is_some() => {
            account_key(key, &url, written, faults)
        }
        (None, word) => named(key, word.unwrap_or("managed_identity"), &url, written, faults),
        (Some(_), Some(_)) => {
            faults
                .add(format!("{key}.url carries a signature and {key}.credential says otherwise"));
            None
        }
    }?;
    Some(Blob { url, credential })
}

fn named(
    key: &str,
    word: &str,
    url: &Url,
    written: &Store,
    faults: &mut Faults,
) -> Option<Credential> {
    match word {
        "account_key" => account_key(key, url, written, faults),
        "sas" => {
            faults.add(format!("{key}.url carries no signature; put the URL in {key}.url_file"));
            None
        }
        word if workspaces::is_identity(word) => {
            let identity = Identity {
                tenant_id: written.tenant_id.as_ref(),
                client_id: written.client_id.as_ref(),
                secret: written.client_secret.as_ref(),
                secret_file: written.client_secret_file.as_ref(),
            };
            workspaces::credential(key, word, &identity, faults)
        }
        _ => {
            faults.add(format!(
                "{key}.credential is none of sas, account_key, managed_identity, \
                 workload_identity, client_secret, developer_tools"
            ));
            None
        }
    }
}

/// An emulator has the account as the first segment of the path, Azure as the first label of the
/// host (Azurite's README: "URL").
fn account_key(key: &str, url: &Url, written: &Store, faults: &mut Faults) -> Option<Credential> {
    let account = match url.domain() {
        Some(domain) if domain.contains('.') => domain.split('.').next()?.to_owned(),
        _ => url.path_segments()?.next()?.to_owned(),
    };
    let given = faults.secret(
        &format!("{key}.account_key"),
        written.account_key.as_ref(),
        written.account_key_file.as_ref(),
    );
    let emulator = || is_emulator(url).then(|| Secret::new(EMULATOR_KEY.to_owned()));
    let Some(secret) = given.or_else(emulator) else {
        faults.add(format!("{key}.account_key_file is missing"));
        return None;
    };
    Some(Credential::AccountKey { account, key: secret })
}

fn is_emulator(url: &Url) -> bool {
    url.path_segments().and_then(|mut segments| segments.next()) == Some(EMULATOR_ACCOUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_tells_what_it_serves() {
        let table = [
            ("a.blob.core.windows.net", Service::Blobs),
            ("a.file.core.windows.net", Service::Files),
            ("a.privatelink.file.core.windows.net", Service::Files),
            ("a.z12.file.storage.azure.net", Service::Files),
            ("a.file.core.chinacloudapi.cn", Service::Files),
            ("a.dfs.core.windows.net", Service::Lake),
            ("a-secondary.dfs.core.windows.net", Service::Lake),
            ("a.privatelink.dfs.core.windows.net", Service::Lake),
            ("a.z12.dfs.storage.azure.net", Service::Lake),
            ("a.dfs.core.usgovcloudapi.net", Service::Lake),
            ("a.dfs.core.chinacloudapi.cn", Service::Lake),
            ("a.z5.blob.storage.azure.net", Service::Blobs),
            ("dfs.blob.core.windows.net", Service::Blobs),
            ("file.dfs.core.windows.net", Service::Lake),
            ("storage.contoso.com", Service::Blobs),
            ("dfs", Service::Blobs),
        ];
        for (host, expected) in table {
            assert_eq!(service(host), expected, "{host}");
        }
    }
}
