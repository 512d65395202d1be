//! Where tokens may go: the configured endpoint, hosts of the same cloud's services, and hosts that
//! the operator listed; over https alone. What a service says of where it is can be anything.

use url::Url;

use crate::config::settings;

/// The hosts of a workspace.
pub struct Hosts {
    /// Where its cloud is managed.
    pub endpoint: Url,
    suffixes: &'static [&'static str],
    listed: Vec<Url>,
    /// What the hosts of storage accounts in its cloud end in.
    pub storage: &'static str,
}

impl Hosts {
    /// Those that the settings tell of.
    pub fn of(workspace: &settings::Workspace) -> Self {
        Self {
            endpoint: workspace.endpoint.clone(),
            suffixes: workspace.cloud.map_or(&[], settings::Cloud::service_hosts),
            listed: workspace.data_plane.clone(),
            storage: workspace.cloud.unwrap_or(settings::Cloud::Public).storage_hosts(),
        }
    }

    /// A link that a service gave, if it leads to one of them.
    pub fn own(&self, link: &str) -> Option<Url> {
        let url = Url::parse(link).ok()?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        let is_given = [&self.endpoint].into_iter().chain(&self.listed);
        let is_given = is_given.into_iter().any(|own| own.origin() == url.origin());
        (!has_user && (is_given || self.is_of_the_cloud(&url))).then_some(url)
    }

    fn is_of_the_cloud(&self, url: &Url) -> bool {
        let is_usual = url.scheme() == "https" && url.port_or_known_default() == Some(443);
        let ends = |host: &str| {
            self.suffixes
                .iter()
                .any(|suffix| host.strip_suffix(suffix).is_some_and(|region| !region.is_empty()))
        };
        is_usual && url.domain().is_some_and(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::{Cloud, Credential, Workspace};

    fn hosts(endpoint: &str, cloud: Option<Cloud>, listed: &[&str]) -> Hosts {
        Hosts::of(&Workspace {
            name: "ws".to_owned(),
            id: "/subscriptions/s/resourceGroups/g".to_owned(),
            endpoint: Url::parse(endpoint).unwrap(),
            cloud,
            brings_storage: false,
            data_plane: listed.iter().map(|url| Url::parse(url).unwrap()).collect(),
            credential: Credential::ManagedIdentity { client_id: None },
        })
    }

    #[test]
    fn tokens_go_to_the_configured_cloud_alone() {
        let public = hosts("https://management.azure.com", Some(Cloud::Public), &[]);
        let own = [
            "https://management.azure.com/subscriptions/x?t=1",
            "https://MANAGEMENT.azure.com:443/a",
            "https://westeurope.api.azureml.ms",
            "https://0a1b.workspace.westeurope.api.azureml.ms/history",
            "https://WestEurope.Experiments.azureml.net/discovery",
        ];
        for link in own {
            assert!(public.own(link).is_some(), "{link}");
        }
        let strange = [
            "http://management.azure.com/a",
            "https://management.azure.com.evil.example/a",
            "https://management.azure.com@evil.example/a",
            "https://evil@management.azure.com/a",
            "https://management.azure.com:444/a",
            "//management.azure.com/a",
            "/subscriptions/x",
            "",
            "http://westeurope.api.azureml.ms",
            "https://westeurope.api.azureml.ms:8443",
            "https://ann@westeurope.api.azureml.ms",
            "https://api.azureml.ms",
            "https://.api.azureml.ms",
            "https://evilapi.azureml.ms",
            "https://westeurope.api.azureml.ms.evil.example",
            // Anybody's own machine.
            "https://ann-ci.westeurope.instances.azureml.ms",
            "https://usgovvirginia.api.ml.azure.us",
        ];
        for link in strange {
            assert!(public.own(link).is_none(), "{link}");
        }
        let gov = hosts("https://management.usgovcloudapi.net", Some(Cloud::UsGov), &[]);
        assert!(gov.own("https://usgovvirginia.api.ml.azure.us").is_some());
        assert!(gov.own("https://westeurope.api.azureml.ms").is_none());
    }

    #[test]
    fn an_endpoint_of_its_own_knows_itself_and_what_is_listed() {
        let own = hosts("https://arm.example", None, &["https://api.example:8443"]);
        for (link, expected) in [
            ("https://arm.example/discovery", true),
            ("https://api.example:8443/history", true),
            ("https://api.example/history", false),
            ("https://westeurope.api.azureml.ms", false),
        ] {
            assert_eq!(own.own(link).is_some(), expected, "{link}");
        }
    }
}
