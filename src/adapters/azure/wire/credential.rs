//! From what the operator configured to how requests are authorised.
//!
//! Except for a signature in the URL, a credential is one policy that all clients of a container
//! share, and with it the token that it caches.

use std::sync::Arc;

use azure_core::credentials::{Secret as TokenSecret, TokenCredential};
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_identity::{
    ClientSecretCredential, DeveloperToolsCredential, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
};

use crate::adapters::azure::wire::shared_key::SharedKey;
use crate::config::settings::Credential;
use crate::domain::failure::Failure;

/// What tokens for any storage account are asked for.
const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";

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
