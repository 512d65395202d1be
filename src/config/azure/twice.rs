//! Whether one account is a source twice: as blobs and as file systems, which are the same data.

use crate::config::settings::{Blob, Location, Settings, Store};
use crate::domain::layout::{account_name, is_match};

impl Settings {
    /// A sentence for each two sources that hold the same data behind two hosts of one account.
    pub fn twice(&self) -> Vec<String> {
        let blobs = self.sources.iter().filter_map(|store| match &store.place {
            Location::Blob(blob) => Some((store, blob)),
            Location::Folder(_) | Location::Share(_) | Location::Lake(_) => None,
        });
        blobs.flat_map(|(store, blob)| self.lakes_of(blob).map(|lake| told(store, lake))).collect()
    }

    /// The sources that have file systems among these containers.
    fn lakes_of<'a>(&'a self, blob: &'a Blob) -> impl Iterator<Item = &'a Store> {
        self.sources.iter().filter(|store| match &store.place {
            Location::Lake(lake) => is_same(blob, lake),
            Location::Folder(_) | Location::Blob(_) | Location::Share(_) => false,
        })
    }
}

fn told(store: &Store, lake: &Store) -> String {
    let (blobs, lake) = (&store.name, &lake.name);
    format!(
        "the sources {blobs} and {lake} hold the same data, as blobs and as a file system: all of \
         it is read, counted and exported twice, and what is erased in one of them is told as \
         already_absent in the other; leave out {blobs}, which knows neither owners nor rights"
    )
}

fn is_same(one: &Blob, other: &Blob) -> bool {
    let account = |blob: &Blob| {
        let account = account_name(blob.url.as_str());
        // ACCOUNT-secondary: no account has a dash in its name.
        account.split('-').next().unwrap_or_default().to_lowercase()
    };
    let (name, another) = (one.container().to_lowercase(), other.container().to_lowercase());
    let lead = |name: &str| name.split('*').next().unwrap_or_default().to_owned();
    let may_both_fit = one.is_pattern() && other.is_pattern() && {
        let (lead, another) = (lead(&name), lead(&another));
        lead.starts_with(&another) || another.starts_with(&lead)
    };
    let is_met = is_match(&name, &another) || is_match(&another, &name) || may_both_fit;
    is_met && account(one) == account(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Credential;

    #[test]
    fn the_same_data_is_known_behind_both_hosts() {
        let table = [
            ("a.blob.core.windows.net/data", "a.dfs.core.windows.net/data", true),
            ("A-secondary.blob.core.windows.net/data", "a.dfs.core.windows.net/data", true),
            ("a.blob.core.windows.net/*", "a.privatelink.dfs.core.windows.net/data", true),
            ("a.blob.core.windows.net/data", "a.z12.dfs.storage.azure.net/da*", true),
            ("a.blob.core.windows.net/da*", "a.dfs.core.windows.net/data-*", true),
            ("storage.contoso.com/data", "storage.contoso.com/data", true),
            ("a.blob.core.windows.net/x*", "a.dfs.core.windows.net/data-*", false),
            ("a.blob.core.windows.net/data", "b.dfs.core.windows.net/data", false),
            ("a.blob.core.windows.net/azureml", "a.dfs.core.windows.net/data", false),
        ];
        let blob = |url: &str| {
            let url = format!("https://{url}").parse().unwrap();
            Blob { url, credential: Credential::WorkloadIdentity }
        };
        for (one, other, expected) in table {
            assert_eq!(is_same(&blob(one), &blob(other)), expected, "{one} {other}");
        }
    }
}
