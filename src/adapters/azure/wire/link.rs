//! Links that open one blob to whoever has them, for reading alone, or a whole container for
//! writing alone: shared access signatures.
//!
//! With an identity the signature is made by a key that the service gives out for it (a "user
//! delegation SAS"), with an account key by that one (a "service SAS"). The first is signed by
//! Microsoft's library. The second is not in it; the text that is signed is the one that Microsoft
//! documents in "Create a service SAS" for versions from 2020-12-06 on.

use azure_core::time::OffsetDateTime;
use azure_storage_blob::clients::{BlobServiceClient, BlobServiceClientOptions};
use azure_storage_blob::models::KeyInfo;
use azure_storage_sas::{SasBuilder, SasProtocol};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::adapters::azure::wire::address::{add_query, blob_url};
use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure::wire::container::{Container, in_time};
use crate::adapters::azure::wire::signing::shared_key::SharedKey;

/// Version of the service SAS: an older one, which emulators know too.
const SERVICE_SAS_VERSION: &str = "2021-12-02";

/// The service gives out keys for seven days at most (Get User Delegation Key, "Expiry").
const LIFE_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Clocks of the service may be behind ours by this much: a key that begins later begins too late.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Where the link leads to.
struct Place<'a> {
    account: String,
    container: String,
    /// Of the blob; the whole container without.
    name: Option<&'a str>,
    /// What protocols it is for: plain http where there is no other, as with emulators.
    protocol: SasProtocol,
}

/// When a link ends that is to work until then, made now.
pub fn end(now: Timestamp, until: Option<Timestamp>) -> Timestamp {
    let most = now - CLOCK_SKEW + LIFE_MAX;
    until.map_or(most, |until| until.min(most))
}

/// A link signed by a key that the service gives out.
///
/// # Errors
/// Where the service gives out none.
pub async fn delegated(
    container: &Container,
    name: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Url, Trouble> {
    let url = blob_url(container.url(), name).ok_or(Trouble::Garbled)?;
    by_delegation(container, Some(name), (now, until), url).await
}

/// A link by which whoever has it can put new blobs into the container and write what is there, and
/// can neither read, list nor delete: signed by a key that the service gives out.
///
/// # Errors
/// Where the service gives out none.
pub async fn delegated_writing(
    container: &Container,
    now: Timestamp,
    until: Timestamp,
) -> Result<Url, Trouble> {
    by_delegation(container, None, (now, until), container.url().clone()).await
}

async fn by_delegation(
    container: &Container,
    name: Option<&str>,
    (now, until): (Timestamp, Timestamp),
    mut url: Url,
) -> Result<Url, Trouble> {
    let place = Place::of(container, name).ok_or(Trouble::Garbled)?;
    let options = BlobServiceClientOptions {
        client_options: container.options(),
        ..BlobServiceClientOptions::default()
    };
    let client = BlobServiceClient::new(container.account_url(), None, Some(options));
    let client = client.map_err(|error| Trouble::of(&error))?;
    let (start, end) = (moment(now - CLOCK_SKEW), moment(until));
    let times = KeyInfo { start: Some(start), expiry: Some(end), ..KeyInfo::default() };
    let times = times.try_into().map_err(|error| Trouble::of(&error))?;
    let answer = in_time(client.get_user_delegation_key(times, None)).await?;
    let key = answer.and_then(|answer| answer.into_model());
    let key = key.map_err(|error| Trouble::of(&error))?;
    let signed = SasBuilder::new(&place.account, &key, end).map_err(|_| Trouble::Garbled)?;
    let signed = signed.protocol(place.protocol);
    let query = match name {
        Some(name) => signed.blob(&place.container, name).read().build(),
        None => signed.container(&place.container).create().write().build(),
    };
    url.set_query(Some(&query));
    Ok(url)
}

/// A link signed by the key of the account; `None` where no URL leads to the blob.
pub fn service(
    container: &Container,
    key: &SharedKey,
    name: &str,
    until: Timestamp,
) -> Option<Url> {
    let place = Place::of(container, Some(name))?;
    let url = blob_url(container.url(), name)?;
    Some(place.signed(url, key, until))
}

/// The same as [`delegated_writing`], signed by the key of the account; `None` where the URL is no
/// container's.
pub fn service_writing(container: &Container, key: &SharedKey, until: Timestamp) -> Option<Url> {
    let place = Place::of(container, None)?;
    Some(place.signed(container.url().clone(), key, until))
}

impl<'a> Place<'a> {
    /// An emulator has the account before the container in the path, Azure in the host.
    fn of(container: &Container, name: Option<&'a str>) -> Option<Self> {
        let url = container.url();
        let segments: Vec<&str> = url.path_segments()?.filter(|part| !part.is_empty()).collect();
        let (account, container) = match segments[..] {
            [container] => (url.host_str()?.split('.').next()?, container),
            [account, container] => (account, container),
            _ => return None,
        };
        let (account, container) = (account.to_owned(), container.to_owned());
        let is_safe = url.scheme() == "https";
        let protocol = if is_safe { SasProtocol::Https } else { SasProtocol::HttpsAndHttp };
        Some(Self { account, container, name, protocol })
    }

    /// What kind of place it is, and what may be done there.
    fn rights(&self) -> (&'static str, &'static str) {
        if self.name.is_some() { ("b", "r") } else { ("c", "cw") }
    }

    fn signed(&self, mut url: Url, key: &SharedKey, until: Timestamp) -> Url {
        let expiry = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let protocol = self.protocol.to_string();
        let signature = key.signature(&self.string_to_sign(&expiry));
        let (resource, permissions) = self.rights();
        for (field, value) in [
            ("sv", SERVICE_SAS_VERSION),
            ("sr", resource),
            ("sp", permissions),
            ("se", &expiry),
            ("spr", &protocol),
            ("sig", &signature),
        ] {
            add_query(&mut url, field, value);
        }
        url
    }

    fn string_to_sign(&self, expiry: &str) -> String {
        let Self { account, container, name, protocol } = self;
        let name = name.map(|name| format!("/{name}")).unwrap_or_default();
        let resource = format!("/blob/{account}/{container}{name}");
        let (kind, permissions) = self.rights();
        let (none, protocol) = (String::new(), protocol.to_string());
        // In this order: permissions, start, expiry, resource, identifier, IP, protocol, version,
        // kind of resource, snapshot, encryption scope, and five headers to answer with.
        let (sv, sr) = (SERVICE_SAS_VERSION.to_owned(), kind.to_owned());
        let mut fields =
            vec![permissions.to_owned(), none.clone(), expiry.to_owned(), resource, none.clone()];
        fields.extend([none.clone(), protocol, sv, sr]);
        fields.extend(std::iter::repeat_n(none, 7));
        fields.join("\n")
    }
}

fn moment(time: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(time.as_second()).expect("both know the years up to 9999")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;
    use crate::config::settings::{self, Credential};

    #[test]
    fn a_service_signature_is_the_one_that_microsofts_library_makes() {
        // generate_blob_sas of the Python package azure-storage-blob 12.31.1, version 2021-12-02.
        let key = Secret::new("a2V5IG9mIHRoZSBhY2NvdW50".to_owned());
        let credential =
            Credential::AccountKey { account: "myaccount".to_owned(), key: key.clone() };
        let url = Url::parse("https://myaccount.blob.core.windows.net/mycontainer").unwrap();
        let container = Container::open(&settings::Blob { url, credential }).unwrap();
        let key = SharedKey::new("myaccount", &key).unwrap();
        let until = "2026-11-30T12:00:00Z".parse().unwrap();
        let link = service(&container, &key, "r-1.zip", until).unwrap();
        let signed = "dIhr1UrHqZkPbTOLD0efT8VOOPIlsJfkmYKsTmAeeRI%3D";
        let expected = "https://myaccount.blob.core.windows.net/mycontainer/r-1.zip?sv=2021-12-02\
                        &sr=b&sp=r&se=2026-11-30T12%3A00%3A00Z&spr=https&sig=";
        assert_eq!(link.as_str(), format!("{expected}{signed}"));
    }

    #[test]
    fn a_link_ends_with_the_archive_or_after_a_week() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let week: Timestamp = "2026-11-30T11:45:00Z".parse().unwrap();
        assert_eq!(end(now, None), week);
        assert_eq!(end(now, Some(now + SignedDuration::from_hours(24 * 30))), week);
        let day = now + SignedDuration::from_hours(24);
        assert_eq!(end(now, Some(day)), day);
    }
}
