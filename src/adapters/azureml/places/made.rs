//! The sources that a workspace makes by itself (`storage = "all"`): the containers and shares of
//! its default account, and whatever its datastores lead to.
//!
//! They are entered by the identity of the workspace, in the cloud that this is in: where a
//! datastore says that its account is elsewhere, no token of ours goes there.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use url::Url;

use crate::adapters::azureml::places::known::known;
use crate::adapters::azureml::wire::entry::Entry;
use crate::config::settings::{Blob, Graph, Location, Settings, Store, Workspace};
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::failure::Failure;
use crate::domain::layout::{account_name, is_match};

/// The container of artifacts, whose datastore the service may not show.
const ARTIFACTS: &str = "azureml";

/// What datastores say that lead to file systems of Data Lake accounts.
const LAKE: &str = "AzureDataLakeGen2";

/// What a workspace calls its own containers and shares by; whatever else there is people named.
const OWN: [&str; 4] = ["azureml", "azureml-blobstore-", "azureml-filestore-", "code-"];

/// Longest name of a source.
const NAME_CHARS_MAX: usize = 63;

/// Digits that tell names apart which would be the same.
const DIGITS: usize = 8;

/// A place that a workspace knows of, and what is made of it.
pub struct Made {
    /// What it is: `container azureml-blobstore-… of account (datastore workspaceblobstore)`.
    pub of: String,
    /// The source, or why there is none.
    pub store: Result<Box<Store>, String>,
}

/// What an account serves a place as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Blobs,
    Files,
    /// As a file system of a Data Lake account, which has owners and rights.
    Lake,
}

/// Whether it is a share, its account and its container.
type Place = (bool, String, String);

/// What leads to a place.
#[derive(Default)]
struct Named<'k> {
    datastores: Vec<&'k str>,
    /// Whether one of these says that it is a file system of a Data Lake account.
    is_lake: bool,
}

/// One place, by what its account serves it as.
struct Spot {
    service: Service,
    account: String,
    container: String,
    /// Whether it is in the default account of the workspace.
    is_own: bool,
}

/// All that this workspace makes beside what is written and what others made before.
///
/// # Errors
/// The workspace does not answer.
pub async fn made(workspace: &Workspace, settings: &Settings) -> Result<Vec<Made>, Failure> {
    let entry = Entry::open(workspace)?;
    let own = entry.account().await?;
    Ok(of(workspace, settings, &known(&entry).await?, own.as_deref().map(account_name)))
}

fn of(workspace: &Workspace, settings: &Settings, known: &[Known], own: Option<&str>) -> Vec<Made> {
    // Each place, with the datastores that lead to it.
    let mut spots: BTreeMap<Place, Named<'_>> = BTreeMap::new();
    let mut unmade = Vec::new();
    let place = |is_share, account: &str, container: &str| {
        (is_share, account.to_lowercase(), container.to_owned())
    };
    if let Some(account) = own {
        spots.insert(place(false, account, ARTIFACTS), Named::default());
    }
    for Known { sort, name, place: at, looked, why } in known {
        let is_share = *sort == PlaceSort::FileShare;
        match (sort, at) {
            (PlaceSort::Container | PlaceSort::FileShare | PlaceSort::Datastore, Some(at)) => {
                let named = spots.entry(place(is_share, &at.account, &at.container)).or_default();
                let is_datastore = *sort == PlaceSort::Datastore || *name != at.container;
                named.datastores.extend(is_datastore.then_some(name.as_str()));
                named.is_lake |= is_datastore && why == LAKE;
            }
            (PlaceSort::Datastore, None) => unmade.push(Made {
                of: format!("datastore {name}"),
                store: Err(format!("its kind cannot be read ({why})")),
            }),
            (PlaceSort::Container | PlaceSort::FileShare, None) if *looked != Looked::Looked => {
                let what = if is_share { "shares" } else { "containers" };
                let why = format!("they cannot be listed ({why})");
                unmade.push(Made { of: format!("{what} {name}"), store: Err(why) });
            }
            _ => {}
        }
    }
    let mut names: BTreeSet<String> = settings.sources.iter().map(|it| it.name.clone()).collect();
    names.extend(settings.workspaces.iter().map(|it| it.name.clone()));
    names.extend(settings.telemetry.iter().map(|it| it.name.clone()));
    let made = spots.into_iter().map(|((is_share, account, container), named)| {
        let service = match is_share {
            true => Service::Files,
            false if named.is_lake => Service::Lake,
            false => Service::Blobs,
        };
        let is_own = own.is_some_and(|own| own.eq_ignore_ascii_case(&account));
        let spot = Spot { service, account, container, is_own };
        let store = match spot.refusal(settings) {
            Some(why) => Err(why),
            None => spot
                .store(workspace, &mut names)
                .map(Box::new)
                .ok_or_else(|| "no account or container has such a name".to_owned()),
        };
        Made { of: spot.told(&named.datastores), store }
    });
    made.chain(unmade).collect()
}

impl Spot {
    fn told(&self, datastores: &[&str]) -> String {
        let sort = match self.service {
            Service::Files => "share",
            Service::Lake => "file system",
            Service::Blobs => "container",
        };
        let of = match datastores {
            [] => String::new(),
            all => format!(" (datastore {})", all.join(", ")),
        };
        format!("{sort} {} of {}{of}", self.container, self.account)
    }

    /// Why no source is made of it: it is served already, or is no place of items.
    fn refusal(&self, settings: &Settings) -> Option<String> {
        if self.container.starts_with('$') {
            return Some("the service's own".to_owned());
        }
        let is_copy = |graph: &Graph| graph.is_copy(&self.container);
        if settings.graph.as_ref().is_some_and(is_copy) {
            return Some("copies of logs are kept there".to_owned());
        }
        if self.is_in(&settings.exports.place) {
            return Some("archives are kept there".to_owned());
        }
        let served = settings.sources.iter().find(|store| self.is_in(&store.place));
        served.map(|store| format!("source {} serves it", store.name))
    }

    fn is_in(&self, place: &Location) -> bool {
        let (blob, is_share) = match place {
            Location::Folder(_) => return false,
            // The same bytes, by either interface.
            Location::Blob(blob) | Location::Lake(blob) => (blob, false),
            Location::Share(blob) => (blob, true),
        };
        is_share == (self.service == Service::Files)
            && account_name(blob.url.as_str()).eq_ignore_ascii_case(&self.account)
            && is_match(blob.container(), &self.container)
    }

    /// The source; `None` where that would lead elsewhere than to a container of an account.
    fn store(&self, workspace: &Workspace, names: &mut BTreeSet<String>) -> Option<Store> {
        let is_plain = |text: &str, more: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c);
            (3..=63).contains(&text.len()) && text.chars().all(plain)
        };
        if !is_plain(&self.account, "") || !is_plain(&self.container, "-") {
            return None;
        }
        let hosts = workspace.cloud?;
        let service = match self.service {
            Service::Files => "file",
            Service::Lake => "dfs",
            Service::Blobs => "blob",
        };
        let (account, container) = (&self.account, &self.container);
        let url = format!("https://{account}.{service}.{}/{container}", hosts.storage_hosts());
        let credential = workspace.credential.clone();
        let blob = Blob { url: Url::parse(&url).ok()?, credential };
        let place = match self.service {
            Service::Files => Location::Share(blob),
            Service::Lake => Location::Lake(blob),
            Service::Blobs => Location::Blob(blob),
        };
        let name = self.name(&workspace.name, names);
        Some(Store { name, place, layout: None })
    }

    /// A name that says whose it is and what, and that no other source has. It hangs on the place
    /// alone: rules of the policy and the ledger name sources, whatever datastores come and go.
    /// What these are called people choose, and the name stands in logs and numbers.
    fn name(&self, workspace: &str, names: &mut BTreeSet<String>) -> String {
        let is_share = self.service == Service::Files;
        let place = format!("{is_share} {} {}", self.account, self.container);
        let digest = hex::encode(Sha256::digest(place));
        let is_named_so = OWN.iter().any(|prefix| {
            let rest = self.container.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.is_empty() != prefix.ends_with('-'))
        });
        let own = match self.is_own && is_named_so && self.service != Service::Lake {
            true => format!("{workspace}-{}", self.container),
            false => format!("{workspace}-{}", &digest[..DIGITS]),
        };
        if own.len() <= NAME_CHARS_MAX && names.insert(own.clone()) {
            return own;
        }
        let head: String = own.chars().take(NAME_CHARS_MAX - DIGITS - 1).collect();
        let name = format!("{head}-{}", &digest[..DIGITS]);
        names.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::build;
    use crate::config::reading::layers;
    use crate::domain::layout::Location as Place;

    const ID: &str = "/subscriptions/0-1/resourceGroups/g/providers/\
                      Microsoft.MachineLearningServices/workspaces/ws";
    const CODE: &str = "code-391ff5ac-6576-460f-ba4d-7e03433c68b6";

    fn settings(more: &[(&str, &str)]) -> Settings {
        let written = [
            ("WORKSPACES__0__NAME", "ws"),
            ("WORKSPACES__0__ID", ID),
            ("WORKSPACES__0__CLOUD", "china"),
            ("EXPORTS__URL", "https://acct.blob.core.chinacloudapi.cn/dsr-exports"),
        ];
        let written = written.iter().chain(more);
        let named = written.map(|(key, value)| (format!("DSRD__{key}"), (*value).to_owned()));
        let file = layers::read(None, named).unwrap_or_else(|error| panic!("{error}"));
        build::settings(&file).unwrap_or_else(|error| panic!("{error}"))
    }

    fn known(sort: PlaceSort, name: &str, at: Option<(&str, &str)>) -> Known {
        let place = at.map(|(account, container)| Place {
            account: account.to_owned(),
            container: container.to_owned(),
            path: String::new(),
        });
        let looked = Looked::NotConfigured;
        Known { sort, name: name.to_owned(), place, looked, why: "OneLake".to_owned() }
    }

    fn told(settings: &Settings, known: &[Known]) -> Vec<String> {
        let made = of(&settings.workspaces[0], settings, known, Some("acct"));
        let line = |made: Made| match made.store {
            Ok(store) => {
                let (Location::Blob(blob) | Location::Share(blob) | Location::Lake(blob)) =
                    &store.place
                else {
                    panic!("a folder")
                };
                format!("{} = {} <- {}", store.name, blob.url, made.of)
            }
            Err(why) => format!("{} is none: {why}", made.of),
        };
        made.into_iter().map(line).collect()
    }

    #[test]
    fn each_place_is_one_source_and_what_is_none_is_told() {
        use PlaceSort::{Container, Datastore, FileShare, Service};
        let blobs = "azureml-blobstore-0f3a";
        let known = [
            known(Service, "run", None),
            known(Datastore, "workspaceblobstore", Some(("ACCT", blobs))),
            known(FileShare, "workspaceworkingdirectory", Some(("acct", CODE))),
            Known { why: LAKE.to_owned(), ..known(Datastore, "lake", Some(("other1", "raw"))) },
            known(Container, "raw", Some(("other1", "raw"))),
            known(Datastore, "rough", Some(("other1", "rough"))),
            known(Datastore, "fabric", None),
            known(Datastore, "odd", Some(("evil.example/x", "raw"))),
            known(Container, blobs, Some(("acct", blobs))),
            known(Container, "dsr-exports", Some(("acct", "dsr-exports"))),
            known(Container, "$logs", Some(("acct", "$logs"))),
            known(FileShare, CODE, Some(("acct", CODE))),
            known(FileShare, blobs, Some(("acct", blobs))),
            known(FileShare, "acct/*", None),
        ];
        let cloud = "core.chinacloudapi.cn";
        let expected = [
            "container $logs of acct is none: the service's own".to_owned(),
            format!("ws-azureml = https://acct.blob.{cloud}/azureml <- container azureml of acct"),
            format!(
                "ws-{blobs} = https://acct.blob.{cloud}/{blobs} <- container {blobs} of acct \
                 (datastore workspaceblobstore)"
            ),
            "container dsr-exports of acct is none: archives are kept there".to_owned(),
            "container raw of evil.example/x (datastore odd) is none: no account or container has \
             such a name"
                .to_owned(),
            format!(
                "ws-bc1a3686 = https://other1.dfs.{cloud}/raw <- file system raw of other1 \
                 (datastore lake)"
            ),
            format!(
                "ws-fa9b4ce2 = https://other1.blob.{cloud}/rough <- container rough of other1 \
                 (datastore rough)"
            ),
            format!(
                "ws-{blobs}-ea0445a8 = https://acct.file.{cloud}/{blobs} <- share {blobs} of acct"
            ),
            format!(
                "ws-{CODE} = https://acct.file.{cloud}/{CODE} <- share {CODE} \
                 of acct (datastore workspaceworkingdirectory)"
            ),
            "datastore fabric is none: its kind cannot be read (OneLake)".to_owned(),
            "shares acct/* is none: they cannot be listed (OneLake)".to_owned(),
        ];
        assert_eq!(told(&settings(&[]), &known), expected);
    }

    #[test]
    fn what_is_written_wins() {
        let known = [
            known(PlaceSort::Container, "azureml", Some(("acct", "azureml"))),
            known(PlaceSort::FileShare, CODE, Some(("acct", CODE))),
        ];
        let written = [
            ("SOURCES__0__NAME", "runs"),
            ("SOURCES__0__URL", "https://acct.blob.core.chinacloudapi.cn/azureml"),
            ("SOURCES__1__NAME", "code"),
            ("SOURCES__1__URL", "https://acct.file.core.chinacloudapi.cn/code-*"),
        ];
        let expected = [
            "container azureml of acct is none: source runs serves it".to_owned(),
            format!("share {CODE} of acct is none: source code serves it"),
        ];
        assert_eq!(told(&settings(&written), &known), expected);
        // Its name alone is no place.
        let named = [("SOURCES__0__NAME", "ws-azureml"), ("SOURCES__0__URL", "dir:x")];
        let told = told(&settings(&named), &known);
        assert!(told[0].starts_with("ws-azureml-") && told[0].contains(" <- container azureml"));
    }
}
