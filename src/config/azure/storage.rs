//! A container of blobs or a share of files, by its URL, and how it is entered.

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

/// What the host of an account has behind its name, where it serves shares of files.
const FILES: &str = "file";

/// Where a store is that is no folder.
pub fn place(key: &str, url: &str, written: &Store, faults: &mut Faults) -> Option<Location> {
    let blob = blob(key, url, written, faults)?;
    let is_share = match written.service.as_deref() {
        Some("files") => true,
        Some("blobs") => false,
        Some(_) => {
            faults.add(format!("{key}.service must be blobs or files"));
            return None;
        }
        None => blob.url.domain().and_then(|host| host.split('.').nth(1)) == Some(FILES),
    };
    if is_share && key == "exports" {
        faults.add(format!("{key}.url is that of a share: archives go to a container or a folder"));
        return None;
    }
    Some(if is_share { Location::Share(blob) } else { Location::Blob(blob) })
}

fn blob(key: &str, url: &str, written: &Store, faults: &mut Faults) -> Option<Blob> {
    let Ok(mut url) = Url::parse(url) else {
        faults.add(format!("{key}.url is neither dir:PATH nor a URL of a container or share"));
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
        faults.add(format!("{key}.url names no container or share"));
        return None;
    }
    let (above, container) = path.rsplit_once('/').unwrap_or_default();
    if above.contains('*') || (container.contains('*') && key == "exports") {
        faults.add(format!("{key}.url: only the container or share of a source can be a pattern"));
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
