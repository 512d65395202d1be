//! From what the operator configured to how requests are authorised.
//!
//! Except for a signature in the URL, a credential is one policy that all clients of a container
//! share, and with it the token that it caches.

use std::sync::Arc;
use std::{fmt, io};

use azure_core::credentials::{Secret as TokenSecret, TokenCredential};
use azure_core::error::ErrorKind;
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};

use crate::adapters::azure::wire::signing::shared_key::SharedKey;
use crate::adapters::azure::wire::transport::retries;
use crate::adapters::silence::chain;
use crate::config::settings::Credential;
use crate::domain::failure::{Failure, told};

/// What tokens for any storage account are asked for.
const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";

/// What the SDK says of identities that it cannot use, and what that means here.
const SAID: [(&str, &str); 2] = [
    ("has not been assigned to this resource", "it is not assigned to this machine, pod or app"),
    (
        "Multiple errors were encountered",
        "nobody is signed in here by the Azure CLI (`az login`) or by azd",
    ),
];

/// How requests are authorised.
pub struct Authorisation {
    /// A query that every URL carries; secret.
    pub query: Option<String>,
    /// What signs each try of a request.
    pub policy: Option<Arc<dyn Policy>>,
}

/// The authorisation of a credential. Asks nobody yet.
///
/// # Errors
/// Where the credential is malformed, or what it relies on is not there.
pub fn authorisation(
    credential: &Credential,
    transport: &Transport,
) -> Result<Authorisation, Failure> {
    let policy: Arc<dyn Policy> = match credential {
        Credential::Sas(query) => {
            let query = query.expose().trim().trim_start_matches('?').to_owned();
            return Ok(Authorisation { query: Some(query), policy: None });
        }
        Credential::AccountKey { account, key } => Arc::new(SharedKey::new(account, key)?),
        Credential::ManagedIdentity { .. }
        | Credential::WorkloadIdentity
        | Credential::ClientSecret { .. }
        | Credential::DeveloperTools => {
            let identity = identity(credential, transport)?;
            Arc::new(BearerTokenAuthorizationPolicy::new(identity, [STORAGE_SCOPE]))
        }
    };
    Ok(Authorisation { query: None, policy: Some(policy) })
}

/// What gets tokens for an identity. Asks nobody yet.
///
/// # Errors
/// Where what it relies on is not there.
pub fn identity(
    credential: &Credential,
    transport: &Transport,
) -> Result<Arc<dyn TokenCredential>, Failure> {
    token_credential(credential, transport).map_err(|error| {
        let why = match credential {
            // Its text may quote what was configured, a secret among it.
            Credential::ClientSecret { .. } => {
                "tenant_id or client_id is malformed, or the secret is empty".to_owned()
            }
            _ => unprepared(&error.to_string()),
        };
        Failure::needs_person("preparing the configured Azure identity").because(why)
    })
}

fn token_credential(
    credential: &Credential,
    transport: &Transport,
) -> azure_core::Result<Arc<dyn TokenCredential>> {
    let transport = Some(transport.clone());
    let client_options = ClientOptions { retry: retries(), transport, ..ClientOptions::default() };
    Ok(match credential {
        Credential::ManagedIdentity { client_id } => {
            let user_assigned_id = client_id.clone().map(UserAssignedId::ClientId);
            let options = ManagedIdentityCredentialOptions { user_assigned_id, client_options };
            ManagedIdentityCredential::new(Some(options))?
        }
        Credential::WorkloadIdentity => {
            let credential_options = ClientAssertionCredentialOptions { client_options };
            let options =
                WorkloadIdentityCredentialOptions { credential_options, ..Default::default() };
            WorkloadIdentityCredential::new(Some(options))?
        }
        Credential::ClientSecret { tenant_id, client_id, secret } => {
            let secret = TokenSecret::new(secret.expose().to_owned());
            let options = Some(ClientSecretCredentialOptions { client_options });
            ClientSecretCredential::new(tenant_id, client_id.clone(), secret, options)?
        }
        Credential::DeveloperTools | Credential::Sas(_) | Credential::AccountKey { .. } => {
            DeveloperToolsCredential::new(None)?
        }
    })
}

/// Why an identity cannot be prepared, of what the SDK says: its words lead to its own options, and
/// ours are variables.
fn unprepared(said: &str) -> String {
    let variables = [
        ("no tenant ID", "AZURE_TENANT_ID"),
        ("no client id", "AZURE_CLIENT_ID"),
        ("no token file", "AZURE_FEDERATED_TOKEN_FILE"),
    ];
    match variables.iter().find(|(missing, _)| said.starts_with(missing)) {
        Some((_, name)) => {
            format!("{name} is not set: no identity is bound to the service account of this pod")
        }
        None => told(said),
    }
}

/// Why the identity provider gave no token. Holds its status, Entra's numbers for the reason
/// (`AADSTS…`) or what the system said of a file: the rest of what they say quotes what was
/// configured.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    said: String,
    /// Whether it may give one soon: it was asked too much, or is not well.
    pub passes: bool,
}

impl Refusal {
    /// What is behind an error of a credential.
    pub fn behind(error: &azure_core::Error) -> Self {
        let answered = chain(error).filter_map(|error| {
            match error.downcast_ref::<azure_core::Error>()?.kind() {
                ErrorKind::HttpResponse { status, error_code, .. } => {
                    Some((u16::from(*status), error_code.as_deref().unwrap_or_default()))
                }
                _ => None,
            }
        });
        if let Some((status, numbers)) = answered.last() {
            let numbers = numbers.split(',').filter_map(|number| number.parse::<u32>().ok());
            let numbers: String = numbers.map(|number| format!(" AADSTS{number}")).collect();
            let passes = matches!(status, 408 | 429 | 500..);
            return Self {
                said: format!("the identity provider answered {status}{numbers}"),
                passes,
            };
        }
        let of_a_file = chain(error).find_map(|error| error.downcast_ref::<io::Error>());
        if let Some(error) = of_a_file {
            let said = format!("its file cannot be read: {}", error.kind());
            return Self { said, passes: false };
        }
        let text = error.to_string();
        let known = SAID.iter().find(|(of_the_sdk, _)| text.contains(of_the_sdk));
        Self { said: known.map_or("", |(_, said)| said).to_owned(), passes: false }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no token for the configured Azure identity")?;
        if self.said.is_empty() { Ok(()) } else { write!(f, ": {}", self.said) }
    }
}

#[cfg(test)]
mod tests {
    use azure_core::http::StatusCode;

    use super::*;

    fn of_a_credential(cause: azure_core::Error) -> azure_core::Error {
        let quotes = "authentication failed: secret-7 of client-7";
        azure_core::Error::with_error(ErrorKind::Credential, cause, quotes)
    }

    fn answered(status: StatusCode, numbers: &str) -> azure_core::Error {
        let error_code = Some(numbers.to_owned()).filter(|it| !it.is_empty());
        let kind = ErrorKind::HttpResponse { status, error_code, raw_response: None };
        of_a_credential(azure_core::Error::with_message(kind, "secret-7"))
    }

    #[test]
    fn why_there_is_no_token_is_told_without_what_was_configured() {
        let lost = io::Error::from(io::ErrorKind::NotFound);
        let table = [
            (
                answered(StatusCode::Unauthorized, "7000215"),
                "the identity provider answered 401 AADSTS7000215",
                false,
            ),
            (
                answered(StatusCode::BadRequest, "1,secret-7"),
                "the identity provider answered 400 AADSTS1",
                false,
            ),
            (
                answered(StatusCode::ServiceUnavailable, ""),
                "the identity provider answered 503",
                true,
            ),
            (
                of_a_credential(azure_core::Error::new(ErrorKind::Credential, lost)),
                "its file cannot be read: entity not found",
                false,
            ),
            (
                azure_core::Error::with_message(
                    ErrorKind::Credential,
                    "The requested identity has not been assigned to this resource",
                ),
                "it is not assigned to this machine, pod or app",
                false,
            ),
        ];
        for (error, said, passes) in table {
            let refusal = Refusal::behind(&error);
            assert_eq!((refusal.said.as_str(), refusal.passes), (said, passes));
            assert!(!refusal.to_string().contains("-7"), "{refusal}");
        }
    }
}
