//! What people are called in Entra: their `mailNickname`, by Microsoft Graph, and who else has the
//! same one, or an address that begins so: a workspace may call folders by either.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use azure_core::http::{Method, Request, Transport};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::pace::Paced;
use crate::adapters::azure::wire::signing::credential::identity;
use crate::adapters::azure::wire::transport::transport;
use crate::adapters::azureml::wire::line::{Line, token};
use crate::config::settings::NamesAt;
use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::domain::failure::Failure;
use crate::domain::homes::claim::{Claim, alias_of, folded};
use crate::ports::sources::Directory;

const ASKING: &str = "asking Microsoft Graph what somebody is called ([people] graph)";

/// What is asked of each user.
const FIELDS: &str = "id,mailNickname,userPrincipalName,mail";

/// Microsoft Graph, which knows the users of the tenant.
pub struct GraphNames {
    endpoint: Url,
    line: Line,
}

impl GraphNames {
    /// Prepares the way. Asks nobody yet.
    ///
    /// # Errors
    /// Where the settings are malformed, or what the identity relies on is not there.
    pub fn open(at: &NamesAt) -> Result<Self, Failure> {
        let transport = transport()?;
        Ok(Self::through(at, &identity(&at.credential, &transport)?, transport))
    }

    /// By another transport and identity.
    pub fn through(
        at: &NamesAt,
        identity: &Arc<dyn TokenCredential>,
        transport: Transport,
    ) -> Self {
        let pace: Arc<dyn Policy> = Arc::new(Paced::default());
        let policies = vec![pace, token(identity, &at.endpoint)];
        Self { endpoint: at.endpoint.clone(), line: Line::new(policies, transport) }
    }

    /// The users for whom a filter holds. Of very many of one name the first page tells enough.
    async fn users(&self, filter: &str) -> Result<Vec<Value>, Failure> {
        let mut url = self.endpoint.clone();
        url.set_path("/v1.0/users");
        add_query(&mut url, "$filter", filter);
        add_query(&mut url, "$select", FIELDS);
        let answer = self.line.read(&Request::new(url, Method::Get)).await;
        let mut answer = answer.map_err(|trouble| trouble.failure(ASKING))?;
        match (answer.status, answer.body["value"].take()) {
            (200, Value::Array(users)) => Ok(users),
            _ => {
                let (status, code) = (answer.status, answer.code.as_str());
                tracing::warn!(status, code, "Microsoft Graph does not say what people are called");
                Err(answer.failure(ASKING))
            }
        }
    }
}

#[async_trait]
impl Directory for GraphNames {
    async fn claims(&self, people: &[Subject]) -> Result<Vec<Claim>, Failure> {
        let (mut names, mut claims, mut asked) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        for identity in people.iter().flat_map(|person| &person.identities) {
            names.extend(called(identity));
            let Some(filter) = filter(identity) else { continue };
            for user in self.users(&filter).await? {
                names.extend(user["mailNickname"].as_str().map(folded));
                names.extend(user["userPrincipalName"].as_str().and_then(alias_of).map(folded));
                claims.extend(claim(&user));
                asked.extend(user["id"].as_str().map(str::to_owned));
            }
        }
        for name in names {
            let address = quoted(&format!("{name}@"));
            let same = format!(
                "mailNickname eq {} or startswith(userPrincipalName,{address})",
                quoted(&name)
            );
            for user in self.users(&same).await? {
                claims.extend(claim(&user));
                // That somebody else's folder may be called so counts, and no more than that: for
                // whoever is asked about an address alone is no proof.
                let is_other = user["id"].as_str().is_none_or(|id| !asked.contains(id));
                let address = user["userPrincipalName"].as_str().filter(|_| is_other);
                claims.extend(address.and_then(|address| Claim::by_address(address, who(&user))));
            }
        }
        Ok(claims)
    }
}

/// What folders of whom an identity names may be called.
fn called(identity: &Identity) -> Option<String> {
    match (identity.kind, identity.format) {
        (IdentityType::Username, IdentityFormat::Raw) => Some(folded(identity.expose())),
        (IdentityType::Email | IdentityType::Upn, IdentityFormat::Raw) => {
            alias_of(identity.expose()).map(folded)
        }
        _ => None,
    }
}

/// What finds the user of an identity, if that can be asked.
fn filter(identity: &Identity) -> Option<String> {
    let value = quoted(identity.expose());
    match (identity.kind, identity.format) {
        (IdentityType::ObjectId, _) => {
            let id = Uuid::try_parse(identity.expose().trim()).ok()?;
            Some(format!("id eq '{id}'"))
        }
        (IdentityType::Email | IdentityType::Upn, IdentityFormat::Raw) => {
            Some(format!("userPrincipalName eq {value} or mail eq {value}"))
        }
        _ => None,
    }
}

/// A text of a filter: it can mean nothing but itself.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn claim(user: &Value) -> Option<Claim> {
    let alias = user["mailNickname"].as_str().filter(|alias| !alias.is_empty())?.to_owned();
    Some(Claim { alias, who: who(user), account: None })
}

fn who(user: &Value) -> Subject {
    let kinds = [
        ("id", IdentityType::ObjectId),
        ("userPrincipalName", IdentityType::Upn),
        ("mail", IdentityType::Email),
    ];
    let identities = kinds.into_iter().filter_map(|(field, kind)| {
        let value = user[field].as_str().filter(|value| !value.is_empty())?;
        Some(Identity::new(kind, IdentityFormat::Raw, value.to_owned()))
    });
    Subject { identities: identities.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_identity_means_more_in_a_question_than_itself() {
        let asked =
            |kind, value: &str| filter(&Identity::new(kind, IdentityFormat::Raw, value.to_owned()));
        let odd = asked(IdentityType::Email, "o'neil' or id ne '@contoso.com").unwrap();
        let value = "'o''neil'' or id ne ''@contoso.com'";
        assert_eq!(odd, format!("userPrincipalName eq {value} or mail eq {value}"));
        let id = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
        for written in [id, &id.replace('-', ""), &format!("{{{id}}}"), &id.to_uppercase()] {
            assert_eq!(asked(IdentityType::ObjectId, written).unwrap(), format!("id eq '{id}'"));
        }
        assert_eq!(asked(IdentityType::ObjectId, "6f"), None);
        assert_eq!(asked(IdentityType::Name, "Ann"), None);
    }
}
