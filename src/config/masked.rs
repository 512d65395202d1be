//! The settings in force, fit to be shown: as the operator would write them, every secret masked.

use crate::config::file::{self, File};
use crate::config::secret::broker_urls;
use crate::config::settings::{Credential, Location, Settings};

/// Stands where a secret was.
const MASK: &str = "***";

/// Parts of a query's text that tell of a secret in it: `sig` of a shared access signature,
/// `password` of a PostgreSQL URL.
const TELLTALES: [&str; 5] = ["sig", "pass", "secret", "token", "key"];

/// What `settings` was built from, without its secrets, with the credentials that were chosen.
pub fn masked(mut file: File, settings: &Settings) -> File {
    mask_brokers(&mut file.queue.url);
    mask_url(&mut file.ledger.url);
    mask(&mut file.ledger.master_key);
    mask_store(&mut file.exports.store, &settings.exports.place);
    for (written, store) in file.sources.iter_mut().zip(&settings.sources) {
        mask_store(written, &store.place);
    }
    for (written, workspace) in file.workspaces.iter_mut().zip(&settings.workspaces) {
        mask(&mut written.client_secret);
        written.credential = Some(word(&workspace.credential).to_owned());
    }
    for (written, telemetry) in file.telemetry.iter_mut().zip(&settings.telemetry) {
        mask(&mut written.client_secret);
        written.credential = Some(word(&telemetry.credential).to_owned());
    }
    mask(&mut file.graph.client_secret);
    mask(&mut file.people.client_secret);
    if let Some(names) = &settings.people.graph {
        file.people.credential = Some(word(&names.credential).to_owned());
    }
    mask(&mut file.otlp.headers);
    if let Some(graph) = &settings.graph {
        file.graph.credential = Some(word(&graph.credential).to_owned());
    }
    file
}

fn mask_store(written: &mut file::Store, place: &Location) {
    mask_url(&mut written.url);
    mask(&mut written.account_key);
    mask(&mut written.client_secret);
    if let Location::Blob(blob) | Location::Share(blob) | Location::Lake(blob) = place {
        written.credential = Some(word(&blob.credential).to_owned());
    }
}

fn mask(secret: &mut Option<String>) {
    if let Some(secret) = secret {
        MASK.clone_into(secret);
    }
}

fn mask_url(url: &mut Option<String>) {
    if let Some(url) = url {
        *url = without_secrets(url);
    }
}

/// Several URLs of a broker, or a folder.
fn mask_brokers(urls: &mut Option<String>) {
    if let Some(urls) = urls.as_mut().filter(|urls| !urls.starts_with("dir:")) {
        let masked: Vec<String> = broker_urls(urls).into_iter().map(without_secrets).collect();
        *urls = masked.join(" ");
    }
}

/// Hides the password and, where it may hold a secret, the query. A URL that could be read in two
/// ways is hidden as a whole: URL parsers differ on raw `@`, `/` and `?` in a password.
fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once(':') else { return MASK.to_owned() };
    if matches!(scheme, "dir" | "sqlite") {
        return url.to_owned();
    }
    let rest = rest.trim_start_matches('/');
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if tail.contains('@') {
        return format!("{scheme}://{MASK}");
    }
    let authority = match authority.rsplit_once('@') {
        None => authority.to_owned(),
        Some((user, host)) => match user.split_once(':') {
            None => format!("{user}@{host}"),
            Some((user, _)) => format!("{user}:{MASK}@{host}"),
        },
    };
    let (path, query) = tail.split_at(tail.find(['?', '#']).unwrap_or(tail.len()));
    let telling = query.to_lowercase();
    let query = if TELLTALES.iter().any(|word| telling.contains(word)) { "?***" } else { query };
    format!("{scheme}://{authority}{path}{query}")
}

/// The word that the operator would write for it.
fn word(credential: &Credential) -> &'static str {
    match credential {
        Credential::Sas(_) => "sas",
        Credential::AccountKey { .. } => "account_key",
        Credential::ManagedIdentity { .. } => "managed_identity",
        Credential::WorkloadIdentity => "workload_identity",
        Credential::ClientSecret { .. } => "client_secret",
        Credential::DeveloperTools => "developer_tools",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::build;
    use crate::config::reading::layers;

    #[test]
    fn workspaces_show_how_they_are_entered_and_not_with_what() {
        let id = "/subscriptions/s/resourceGroups/g/providers/\
                  Microsoft.MachineLearningServices/workspaces/w";
        let written = [("NAME", "ws"), ("ID", id), ("CREDENTIAL", "client_secret")];
        let secret = [("TENANT_ID", "t"), ("CLIENT_ID", "c"), ("CLIENT_SECRET", "s3cret")];
        let variables = written.into_iter().chain(secret).chain([("ENDPOINT", "https://a")]);
        let named = |(key, value)| (format!("DSRD__WORKSPACES__0__{key}"), String::from(value));
        let file = layers::read(None, variables.map(named)).unwrap();
        let settings = build::settings(&file).unwrap();
        let shown = serde_json::to_value(masked(file, &settings)).unwrap();
        assert_eq!(shown["workspaces"][0]["client_secret"], "***");
        assert_eq!(shown["workspaces"][0]["credential"], "client_secret");
        assert!(!format!("{shown} {settings:?}").contains("s3cret"));
    }

    #[test]
    fn urls_lose_their_secrets_and_nothing_else() {
        let table = [
            ("dir:dsrd-data/queue", "dir:dsrd-data/queue"),
            ("sqlite:dsrd-data/ledger.db", "sqlite:dsrd-data/ledger.db"),
            ("amqp://broker:5672/%2f?heartbeat=10", "amqp://broker:5672/%2f?heartbeat=10"),
            ("amqp://ann:s3cret@broker/%2f", "amqp://ann:***@broker/%2f"),
            ("amqps://ann@broker", "amqps://ann@broker"),
            ("postgres://ann:s3:c@ret@db/dsrd", "postgres://ann:***@db/dsrd"),
            ("postgres://ann:s3/cret@db/dsrd", "postgres://***"),
            ("postgres://ann:s3#cret@db/dsrd", "postgres://***"),
            ("postgres://db/dsrd?user=ann&password=s3cret", "postgres://db/dsrd?***"),
            ("postgres://db/dsrd?user=ann&password=s3@cret", "postgres://***"),
            ("https://a.blob.core.windows.net/c", "https://a.blob.core.windows.net/c"),
            (
                "https://a.blob.core.windows.net/c?sv=2021-12-02&sig=s3cret%3D",
                "https://a.blob.core.windows.net/c?***",
            ),
            ("https:a.blob.core.windows.net/c#SIG=s3cret", "https://a.blob.core.windows.net/c?***"),
            ("s3cret", "***"),
        ];
        for (url, expected) in table {
            assert_eq!(without_secrets(url), expected);
        }
    }
}
