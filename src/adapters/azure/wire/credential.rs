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
use azure_identity::{
    ClientSecretCredential, DeveloperToolsCredential, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
};

use crate::adapters::azure::wire::shared_key::SharedKey;
use crate::adapters::silence::chain;
use crate::config::settings::Credential;
use crate::domain::failure::Failure;

/// What tokens for any storage account are asked for.
const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";

/// What the SDK says where the service for managed identities knows the identity, but not here.
const UNASSIGNED: &str = "has not been assigned to this resource";

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
pub fn authorisation(credential: &Credential) -> Result<Authorisation, Failure> {
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
            Arc::new(BearerTokenAuthorizationPolicy::new(identity(credential)?, [STORAGE_SCOPE]))
        }
    };
    Ok(Authorisation { query: None, policy: Some(policy) })
}

/// What gets tokens for an identity. Asks nobody yet.
///
/// # Errors
/// Where what it relies on is not there.
pub fn identity(credential: &Credential) -> Result<Arc<dyn TokenCredential>, Failure> {
    // The cause is left out: its text may quote what was configured, a secret among it.
    token_credential(credential)
        .map_err(|_| Failure::needs_person("preparing the configured Azure identity"))
}

fn token_credential(credential: &Credential) -> azure_core::Result<Arc<dyn TokenCredential>> {
    Ok(match credential {
        Credential::ManagedIdentity { client_id } => {
            let user_assigned_id = client_id.clone().map(UserAssignedId::ClientId);
            let options =
                ManagedIdentityCredentialOptions { user_assigned_id, ..Default::default() };
            ManagedIdentityCredential::new(Some(options))?
        }
        Credential::WorkloadIdentity => WorkloadIdentityCredential::new(None)?,
        Credential::ClientSecret { tenant_id, client_id, secret } => {
            let secret = TokenSecret::new(secret.expose().to_owned());
            ClientSecretCredential::new(tenant_id, client_id.clone(), secret, None)?
        }
        Credential::DeveloperTools | Credential::Sas(_) | Credential::AccountKey { .. } => {
            DeveloperToolsCredential::new(None)?
        }
    })
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
            return Self { said: format!("Entra answered {status}{numbers}"), passes };
        }
        let of_a_file = chain(error).find_map(|error| error.downcast_ref::<io::Error>());
        if let Some(error) = of_a_file {
            let said = format!("its file cannot be read: {}", error.kind());
            return Self { said, passes: false };
        }
        if error.to_string().contains(UNASSIGNED) {
            let said = "it is not assigned to this machine, pod or app".to_owned();
            return Self { said, passes: false };
        }
        Self::default()
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
                "Entra answered 401 AADSTS7000215",
                false,
            ),
            (answered(StatusCode::BadRequest, "1,secret-7"), "Entra answered 400 AADSTS1", false),
            (answered(StatusCode::ServiceUnavailable, ""), "Entra answered 503", true),
            (
                of_a_credential(azure_core::Error::new(ErrorKind::Credential, lost)),
                "its file cannot be read: entity not found",
                false,
            ),
            (
                azure_core::Error::with_message(
                    ErrorKind::Credential,
                    format!("The requested identity {UNASSIGNED}"),
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
