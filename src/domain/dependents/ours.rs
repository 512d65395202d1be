//! What of ours may lie in what a workspace depends on, and does not go with it: archives with
//! their certificates, and what rules of the policy keep.
//!
//! Settings say by URL where containers are, and there are many for one: of blobs and of file
//! systems, for one's own network, for the second region, under a name of the operator's own. Of
//! Azure's hosts the name tells the account. Any other may lead to any account, and then the
//! container alone is compared: what is in doubt stays.

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::domain::dependents::dependent::Stay;
use crate::domain::layout::is_match;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ours {
    /// What asks first decides what is said.
    pub claims: Vec<Claim>,
}

/// Something of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where it is.
    pub ground: Ground,
    /// Why what holds it stays.
    pub stay: Stay,
}

/// Where something of ours is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// In a container that is made whenever it is needed: its account stays in any case.
    Archives(Url),
    /// In a container, or in all whose names match.
    Container(Url),
    /// In the telemetry that this is the id of, or of the workspace that this is the id of.
    Telemetry(String),
}

impl Ours {
    /// Why a storage account stays, or a container or share in it; all names in lower case.
    pub fn in_storage(&self, account: &str, inside: Option<&str>) -> Option<&Stay> {
        let holds = |claim: &&Claim| match (&claim.ground, inside) {
            (Ground::Archives(url), None) => is_of(url, account),
            (Ground::Archives(url) | Ground::Container(url), Some(inside)) => {
                whose(url, account) != Whose::Others && is_in(url, inside)
            }
            (Ground::Container(_), None) | (Ground::Telemetry(_), _) => false,
        };
        self.claims.iter().find(holds).map(|claim| &claim.stay)
    }

    /// Why telemetry of this id stays, found for the workspace of the other.
    pub fn in_telemetry(&self, id: &str, workspace: &str) -> Option<&Stay> {
        let is_it = |told: &str, id: &str| {
            told.trim_end_matches('/').to_lowercase() == id.trim_end_matches('/').to_lowercase()
        };
        let holds = |claim: &&Claim| match &claim.ground {
            Ground::Telemetry(told) => is_it(told, id) || is_it(told, workspace),
            Ground::Archives(_) | Ground::Container(_) => false,
        };
        self.claims.iter().find(holds).map(|claim| &claim.stay)
    }
}

/// Whether a URL is for sure that of something in this account.
pub fn is_of(url: &Url, account: &str) -> bool {
    whose(url, account) == Whose::Its
}

/// Whose blobs have a URL, as far as that tells.
#[derive(PartialEq, Eq)]
enum Whose {
    /// The account's.
    Its,
    /// Those of another account.
    Others,
    /// Nobody can say.
    Unknown,
}

/// What Azure's hosts have between the account and the domain of the cloud.
const SERVICES: [&str; 4] = ["blob", "dfs", "file", "web"];
const CLOUDS: [&str; 2] = ["core", "storage"];

fn whose(url: &Url, account: &str) -> Whose {
    let folders: Vec<String> = segments(url).collect();
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    // ACCOUNT-secondary, ACCOUNT-ipv6: no account has a dash in its name.
    let is_named = labels.first().and_then(|label| label.split('-').next()) == Some(account);
    let is_below = folders.len() > 1 && folders[0] == account;
    if is_named || is_below {
        return Whose::Its;
    }
    let is_of_azure = labels
        .windows(2)
        .skip(1)
        .any(|pair| SERVICES.contains(&pair[0]) && CLOUDS.contains(&pair[1]));
    // As emulators have it: the account is the first folder.
    let has_account = folders.len() > 1 && (labels.len() == 1 || !is_domain(url));
    if is_of_azure || has_account { Whose::Others } else { Whose::Unknown }
}

fn is_domain(url: &Url) -> bool {
    matches!(url.host(), Some(Host::Domain(_)))
}

/// Whether a URL is that of a container of this name, or its pattern fits it.
fn is_in(url: &Url, container: &str) -> bool {
    segments(url).any(|segment| is_match(&segment, container))
}

fn segments(url: &Url) -> impl Iterator<Item = String> {
    let segments = url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty());
    segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stay(reason: &'static str) -> Stay {
        Stay { reason: reason.into(), why: String::new() }
    }

    /// Every form of a URL that operators write, against an account with three containers.
    #[test]
    fn what_is_ours_is_known_by_every_address() {
        // url, the container that it is in, and whether the account is named
        let table = [
            ("https://acct.blob.core.windows.net/dsr-exports", Some("dsr-exports"), true),
            ("https://ACCT.BLOB.core.windows.net/DSR-Exports/", Some("dsr-exports"), true),
            ("https://acct.blob.core.windows.net./dsr-exports", Some("dsr-exports"), true),
            (
                "https://acct.blob.core.windows.net/dsr-exports?sv=1&sig=x",
                Some("dsr-exports"),
                true,
            ),
            ("https://acct.blob.core.windows.net:443/dsr%2Dexports", Some("dsr-exports"), true),
            ("https://acct.dfs.core.windows.net/dsr-exports", Some("dsr-exports"), true),
            (
                "https://acct.privatelink.blob.core.windows.net/dsr-exports",
                Some("dsr-exports"),
                true,
            ),
            ("https://acct-secondary.blob.core.windows.net/dsr-exports", Some("dsr-exports"), true),
            ("https://acct.z12.blob.storage.azure.net/dsr-exports", Some("dsr-exports"), true),
            ("https://acct.blob.core.chinacloudapi.cn/dsr-exports", Some("dsr-exports"), true),
            ("https://acct.blob.local.azurestack.external/dsr-exports", Some("dsr-exports"), true),
            ("http://127.0.0.1:10000/acct/dsr-exports", Some("dsr-exports"), true),
            ("http://localhost:10000/acct/dsr-exports", Some("dsr-exports"), true),
            ("http://azurite.svc.cluster.local:10000/acct/dsr-exports", Some("dsr-exports"), true),
            ("https://archives.contoso.com/dsr-exports", Some("dsr-exports"), false),
            ("https://10.0.0.5/dsr-exports", Some("dsr-exports"), false),
            ("https://acct.blob.core.windows.net/later", None, true),
            ("https://archives.contoso.com/later", None, false),
            ("https://other.blob.core.windows.net/dsr-exports", None, false),
            ("https://acct2.dfs.core.windows.net/dsr-exports", None, false),
            ("http://127.0.0.1:10000/devstoreaccount1/dsr-exports", None, false),
            ("https://acct.blob.core.windows.net/$root", Some("$root"), true),
        ];
        for (url, container, is_named) in table {
            let claim = |ground: fn(Url) -> Ground| Ours {
                claims: vec![Claim { ground: ground(url.parse().unwrap()), stay: stay("it") }],
            };
            let (archives, held) = (claim(Ground::Archives), claim(Ground::Container));
            for inside in ["azureml", "dsr-exports", "$root"] {
                let expected = container == Some(inside);
                for ours in [&archives, &held] {
                    let stays = ours.in_storage("acct", Some(inside)).is_some();
                    assert_eq!(stays, expected, "{url} {inside}");
                }
            }
            assert_eq!(archives.in_storage("acct", None).is_some(), is_named, "{url}");
            // What a rule keeps and is not there keeps nothing.
            assert!(held.in_storage("acct", None).is_none(), "{url}");
            assert!(archives.in_telemetry("acct", "acct").is_none());
        }
    }

    #[test]
    fn a_pattern_holds_each_container_that_it_fits() {
        let url = "https://acct.blob.core.windows.net/azureml-*".parse().unwrap();
        let claims = vec![Claim { ground: Ground::Container(url), stay: stay("tax law") }];
        let ours = Ours { claims };
        let stays = |account: &str, container: &str| {
            ours.in_storage(account, Some(container)).map(|stay| stay.reason.to_string())
        };
        assert_eq!(stays("acct", "azureml-blobstore-1").as_deref(), Some("tax law"));
        for (account, container) in [("acct", "azureml"), ("acct2", "azureml-blobstore-1")] {
            assert_eq!(stays(account, container), None, "{account} {container}");
        }
    }

    #[test]
    fn telemetry_is_known_by_its_id_and_by_its_workspace() {
        let logs = "/subscriptions/s/resourceGroups/g/providers/\
                    Microsoft.OperationalInsights/workspaces/l";
        let own = "/subscriptions/s/resourceGroups/g/providers/\
                   Microsoft.MachineLearningServices/workspaces/w";
        for (told, expected) in [
            (logs.to_uppercase() + "/", true),
            (own.to_lowercase(), true),
            (format!("{logs}2"), false),
            (String::new(), false),
        ] {
            let claims = vec![Claim { ground: Ground::Telemetry(told.clone()), stay: stay("x") }];
            let ours = Ours { claims };
            assert_eq!(ours.in_telemetry(logs, own).is_some(), expected, "{told}");
            assert!(
                ours.in_storage("l", None).is_none() && ours.in_storage("l", Some("w")).is_none()
            );
        }
    }
}
