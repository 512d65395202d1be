//! `[[workspaces]]`: workspaces whose services are sources; and the identities of Entra by which
//! these and blob containers are entered.

use url::Url;

use crate::config::faults::Faults;
use crate::config::file;
use crate::config::settings::{Cloud, Credential, Workspace};

/// The credentials that are identities.
const IDENTITIES: [&str; 4] =
    ["managed_identity", "workload_identity", "client_secret", "developer_tools"];

/// What ids of what is in a group are made of, between the names; compared without case, as Azure
/// does.
const ID_WORDS: [(usize, &str); 3] =
    [(0, "subscriptions"), (2, "resourceGroups"), (4, "providers")];

const PROVIDER: &str = "Microsoft.MachineLearningServices";

/// An identity as it is written.
pub struct Identity<'a> {
    /// `tenant_id`
    pub tenant_id: Option<&'a String>,
    /// `client_id`
    pub client_id: Option<&'a String>,
    /// `client_secret`
    pub secret: Option<&'a String>,
    /// `client_secret_file`
    pub secret_file: Option<&'a String>,
}

/// How something of Azure is entered, as it is written.
pub struct Entry<'a> {
    /// `cloud`
    pub cloud: Option<&'a str>,
    /// `endpoint`
    pub endpoint: Option<&'a str>,
    /// `credential`
    pub credential: Option<&'a str>,
    /// `tenant_id`
    pub tenant_id: Option<&'a String>,
    /// `client_id`
    pub client_id: Option<&'a String>,
    /// `client_secret`
    pub secret: Option<&'a String>,
    /// `client_secret_file`
    pub secret_file: Option<&'a String>,
}

/// The same, checked.
pub struct Entered {
    /// The cloud, if its endpoint is known.
    pub cloud: Option<Cloud>,
    /// Where it is managed.
    pub endpoint: Url,
    /// How requests are authorised.
    pub credential: Credential,
}

impl Entry<'_> {
    /// Checks it; `None` where there are faults.
    pub fn read(&self, key: &str, faults: &mut Faults) -> Option<Entered> {
        let cloud = cloud(key, self, faults);
        let known = cloud.unwrap_or(Cloud::Public).endpoint();
        let endpoint = host(&format!("{key}.endpoint"), self.endpoint.unwrap_or(known), faults);
        let identity = Identity {
            tenant_id: self.tenant_id,
            client_id: self.client_id,
            secret: self.secret,
            secret_file: self.secret_file,
        };
        let word = self.credential.unwrap_or("managed_identity");
        if !is_identity(word) {
            faults.add(format!("{key}.credential is none of {}", IDENTITIES.join(", ")));
            return None;
        }
        let credential = credential(key, word, &identity, faults)?;
        Some(Entered { cloud, endpoint: endpoint?, credential })
    }
}

/// The one at `index`, under the name that was found to be one.
pub fn workspace(
    index: usize,
    name: &str,
    written: &file::Workspace,
    faults: &mut Faults,
) -> Option<Workspace> {
    let key = format!("workspaces[{index}]");
    let id = id(&key, written, faults);
    let entry = Entry {
        cloud: written.cloud.as_deref(),
        endpoint: written.endpoint.as_deref(),
        credential: written.credential.as_deref(),
        tenant_id: written.tenant_id.as_ref(),
        client_id: written.client_id.as_ref(),
        secret: written.client_secret.as_ref(),
        secret_file: written.client_secret_file.as_ref(),
    };
    let data_plane = written.data_plane.iter().enumerate();
    let data_plane: Vec<Option<Url>> = data_plane
        .map(|(number, url)| host(&format!("{key}.data_plane[{number}]"), url, faults))
        .collect();
    let Entered { cloud, endpoint, credential } = entry.read(&key, faults)?;
    let data_plane = data_plane.into_iter().collect::<Option<Vec<Url>>>()?;
    let brings_storage = match written.storage.as_deref() {
        None | Some("none") => false,
        Some("all") => true,
        Some(_) => {
            faults.add(format!("{key}.storage must be all or none"));
            return None;
        }
    };
    if brings_storage && cloud.is_none() {
        // Where its accounts are is told by nothing else, and another cloud's are strangers'.
        faults.add(format!("{key}.storage = \"all\" needs {key}.cloud"));
    }
    let (name, id) = (name.to_owned(), id?);
    Some(Workspace { name, id, endpoint, cloud, brings_storage, data_plane, credential })
}

/// Whether this is the word of an identity.
pub fn is_identity(word: &str) -> bool {
    IDENTITIES.contains(&word)
}

/// The identity of a word that is one's.
pub fn credential(
    key: &str,
    word: &str,
    written: &Identity<'_>,
    faults: &mut Faults,
) -> Option<Credential> {
    let client_id = written.client_id.cloned();
    match word {
        "managed_identity" => Some(Credential::ManagedIdentity { client_id }),
        "workload_identity" => Some(Credential::WorkloadIdentity),
        "client_secret" => {
            let at = format!("{key}.client_secret");
            let secret = faults.secret(&at, written.secret, written.secret_file);
            let given = (written.tenant_id.cloned(), client_id, secret);
            let (Some(tenant_id), Some(client_id), Some(secret)) = given else {
                faults.add(format!("{key} needs tenant_id, client_id and client_secret_file"));
                return None;
            };
            Some(Credential::ClientSecret { tenant_id, client_id, secret })
        }
        _ => Some(Credential::DeveloperTools),
    }
}

/// Its id, written whole or in its three parts.
fn id(key: &str, written: &file::Workspace, faults: &mut Faults) -> Option<String> {
    let parts = [&written.subscription, &written.group, &written.workspace];
    match (&written.id, parts) {
        (Some(id), [None, None, None]) => whole_id(key, id, faults),
        (None, [Some(subscription), Some(group), Some(workspace)]) => {
            let names = ["subscription", "group", "workspace"];
            for (name, part) in names.iter().zip([subscription, group, workspace]) {
                if !is_plain(part) {
                    faults.add(format!("{key}.{name} is no name"));
                    return None;
                }
            }
            Some(format!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/{PROVIDER}/\
                 workspaces/{workspace}"
            ))
        }
        _ => {
            faults.add(format!("{key} needs id, or subscription, group and workspace, not both"));
            None
        }
    }
}

fn whole_id(key: &str, written: &str, faults: &mut Faults) -> Option<String> {
    let id = written.trim_end_matches('/');
    let is_one = match &segments(id)[..] {
        [_, _, _, _, _, provider, kind, _] => {
            provider.eq_ignore_ascii_case(PROVIDER) && kind.eq_ignore_ascii_case("workspaces")
        }
        _ => false,
    };
    if !is_one {
        faults.add(format!(
            "{key}.id must be /subscriptions/ID/resourceGroups/GROUP/providers/\
             Microsoft.MachineLearningServices/workspaces/NAME"
        ));
        return None;
    }
    Some(id.to_owned())
}

/// The segments of an id in Azure Resource Manager that names a thing in a group, else none.
pub fn segments(id: &str) -> Vec<&str> {
    let segments: Vec<&str> = id.split('/').skip(1).collect();
    let has_words = ID_WORDS.iter().all(|(index, word)| {
        segments.get(*index).is_some_and(|segment| segment.eq_ignore_ascii_case(word))
    });
    let is_id = id.starts_with('/') && has_words && segments.iter().all(|it| is_plain(it));
    if is_id { segments } else { Vec::new() }
}

/// Whether it can stand between two slashes of an id.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-()".contains(c);
    !text.is_empty() && text.chars().all(plain) && !text.starts_with('.')
}

/// Its cloud; one that is managed at an endpoint of its own is known by nothing else.
fn cloud(key: &str, written: &Entry<'_>, faults: &mut Faults) -> Option<Cloud> {
    let Some(word) = written.cloud else {
        let at = written.endpoint.unwrap_or(Cloud::Public.endpoint());
        let at = at.trim_end_matches('/');
        return Cloud::ALL.into_iter().find(|cloud| cloud.endpoint() == at);
    };
    let known = Cloud::ALL.into_iter().find(|cloud| cloud.word() == word);
    if known.is_none() {
        faults.add(format!("{key}.cloud is none of {}", Cloud::ALL.map(Cloud::word).join(", ")));
    }
    known
}

/// Tokens go there: over https alone.
pub fn host(key: &str, written: &str, faults: &mut Faults) -> Option<Url> {
    let url = Url::parse(written).ok().filter(|url| {
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_nobodys = url.username().is_empty() && url.password().is_none();
        url.scheme() == "https" && url.host_str().is_some() && is_bare && is_nobodys
    });
    if url.is_none() {
        // Not quoted: who mixes up the fields may have put a secret here.
        faults.add(format!("{key} must be https://HOST, as {}", Cloud::Public.endpoint()));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "/subscriptions/0-1/resourceGroups/a(b)/providers/\
                      Microsoft.MachineLearningServices/workspaces/ws";

    fn built(change: impl FnOnce(&mut file::Workspace)) -> Result<Workspace, Vec<String>> {
        let mut written = file::Workspace { id: Some(ID.to_owned()), ..file::Workspace::default() };
        change(&mut written);
        let mut faults = Faults::default();
        let workspace = workspace(0, "ws", &written, &mut faults);
        workspace.filter(|_| faults.0.is_empty()).ok_or(faults.0)
    }

    #[test]
    fn a_workspace_is_its_id_and_has_a_cloud() {
        let workspace = built(|_| {}).unwrap();
        assert_eq!(workspace.endpoint.as_str(), "https://management.azure.com/");
        assert_eq!(workspace.id, ID);
        let odd = ID.replace("resourceGroups", "resourcegroups") + "/";
        let odd = odd.replace("Machine", "machine");
        let workspace = built(|written| written.id = Some(odd.clone())).unwrap();
        assert_eq!(workspace.id, odd.trim_end_matches('/'));
    }

    #[test]
    fn its_parts_are_its_id() {
        let of = |group: &str| {
            built(|written| {
                written.id = None;
                written.subscription = Some("0-1".to_owned());
                written.group = Some(group.to_owned());
                written.workspace = Some("ws".to_owned());
            })
        };
        assert_eq!(of("a(b)").unwrap().id, ID);
        for group in ["", "..", "a/b", "a?b", "a b"] {
            assert_eq!(of(group).err().unwrap(), ["workspaces[0].group is no name"], "{group}");
        }
    }

    #[test]
    fn a_cloud_tells_where_it_is_managed_and_an_endpoint_which_cloud() {
        let of = |cloud: Option<&str>, endpoint: Option<&str>| {
            let workspace = built(|written| {
                written.cloud = cloud.map(str::to_owned);
                written.endpoint = endpoint.map(str::to_owned);
            });
            workspace.map(|it| (it.cloud, it.endpoint.host_str().unwrap().to_owned())).unwrap()
        };
        let host = |cloud: Cloud| cloud.endpoint().trim_start_matches("https://").to_owned();
        assert_eq!(of(None, None), (Some(Cloud::Public), host(Cloud::Public)));
        for cloud in Cloud::ALL {
            assert_eq!(of(Some(cloud.word()), None), (Some(cloud), host(cloud)));
            assert_eq!(of(None, Some(cloud.endpoint())), (Some(cloud), host(cloud)));
        }
        let own = "https://arm.example";
        assert_eq!(of(None, Some(own)), (None, "arm.example".to_owned()));
        assert_eq!(of(Some("china"), Some(own)), (Some(Cloud::China), "arm.example".to_owned()));
    }

    #[test]
    fn what_is_no_workspace_is_told_by_its_key() {
        let ids = [
            "ws",
            "/subscriptions/0-1/resourceGroups/a",
            &format!("{ID}/models/m"),
            &ID.replace("/ws", "/.."),
            &ID.replace("/ws", "/w?s"),
            &ID.replace("workspaces", "computes"),
            &ID[1..],
            &format!("https://management.azure.com{ID}"),
        ];
        for id in ids {
            let faults = built(|written| written.id = Some(id.to_owned())).err().unwrap();
            assert!(faults[0].starts_with("workspaces[0].id must be /subscriptions/"), "{id}");
        }
        let faults = built(|written| written.id = None).err().unwrap();
        let expected = "workspaces[0] needs id, or subscription, group and workspace, not both";
        assert_eq!(faults, [expected]);
        let faults = built(|written| written.group = Some("g".to_owned())).err().unwrap();
        assert_eq!(faults, [expected]);
        for url in ["http://a", "a", "https://a/b", "https://a?sig=s3cret", "https://u:s3cret@a"] {
            let endpoint = built(|written| written.endpoint = Some(url.to_owned())).err().unwrap();
            assert!(endpoint[0].starts_with("workspaces[0].endpoint must"), "{url}");
            let listed = vec!["https://a".to_owned(), url.to_owned()];
            let listed = built(|written| written.data_plane = listed).err().unwrap();
            assert!(listed[0].starts_with("workspaces[0].data_plane[1] must"), "{url}");
            assert!(!endpoint[0].contains("s3cret") && !listed[0].contains("s3cret"), "{url}");
        }
        let faults = built(|written| written.cloud = Some("germany".to_owned())).err().unwrap();
        assert_eq!(faults, ["workspaces[0].cloud is none of public, usgov, china"]);
        let faults = built(|written| written.storage = Some("some".to_owned())).err().unwrap();
        assert_eq!(faults, ["workspaces[0].storage must be all or none"]);
        let brings = built(|written| written.storage = Some("all".to_owned())).unwrap();
        assert!(brings.brings_storage && !built(|_| {}).unwrap().brings_storage);
        for word in ["sas", "account_key", ""] {
            let faults = built(|written| written.credential = Some(word.to_owned()));
            assert!(faults.err().unwrap()[0].starts_with("workspaces[0].credential is none of"));
        }
        let faults = built(|written| written.credential = Some("client_secret".to_owned()));
        assert!(faults.err().unwrap().iter().any(|fault| fault.contains("needs tenant_id")));
    }

    #[test]
    fn a_secret_is_one() {
        let workspace = built(|written| {
            written.credential = Some("client_secret".to_owned());
            written.tenant_id = Some("t".to_owned());
            written.client_id = Some("c".to_owned());
            written.client_secret = Some("s3cret".to_owned());
        });
        assert!(!format!("{:?}", workspace.unwrap()).contains("s3cret"));
    }
}
