//! Tokens: the login host as MSAL asks it, the check at every other door, and the two documents
//! that tell clients where everything is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::azure::refusal::{Answer, Envelope, Refusal};
use crate::support::azure::state::State;
use crate::support::blob_server::wire::{Reply, Request};

/// Object id of whoever asks.
pub const CALLER: &str = "77777777-0000-4000-8000-000000000077";
/// The application that may ask, and its secret.
pub const CLIENT_ID: &str = "66666666-0000-4000-8000-000000000066";
pub const CLIENT_SECRET: &str = "a secret of the test's own";
/// How long a token is good.
const TOKEN_TIME: SignedDuration = SignedDuration::from_hours(1);
/// What a token for the control plane may be for, beside the address it is served at.
const ARM_AUDIENCES: [&str; 3] = [
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://management.usgovcloudapi.net",
];
/// What a token for the data plane may be for as well.
const DATA_AUDIENCES: [&str; 3] =
    ["https://ml.azure.com", "https://ml.azure.us", "https://ml.azure.example"];

/// What a token for the query service has to be for: that of its workspaces or its components.
const QUERY_AUDIENCES: [&str; 6] = [
    "https://api.loganalytics.io",
    "https://api.loganalytics.azure.com",
    "https://api.loganalytics.us",
    "https://api.loganalytics.azure.cn",
    "https://api.applicationinsights.io",
    "https://api.monitor.azure.com",
];

/// A door, and with it whose tokens are good there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    ControlPlane,
    DataPlane,
    /// The query service of Azure Monitor.
    Queries,
    /// Microsoft Graph.
    Graph,
}

impl Door {
    fn takes(self, audience: &str) -> bool {
        match self {
            Self::ControlPlane => ARM_AUDIENCES.contains(&audience),
            Self::DataPlane => {
                ARM_AUDIENCES.contains(&audience) || DATA_AUDIENCES.contains(&audience)
            }
            Self::Queries => QUERY_AUDIENCES.contains(&audience),
            Self::Graph => audience == "https://graph.microsoft.com",
        }
    }

    /// Whose body a refusal has. The query service's own gateway says what Resource Manager says.
    fn envelope(self) -> Envelope {
        match self {
            Self::ControlPlane | Self::Queries | Self::Graph => Envelope::Gateway,
            Self::DataPlane => Envelope::History,
        }
    }
}

/// Answers at the login host.
pub fn answer(state: &State, request: &Request, tenant: &str, rest: &str) -> Answer {
    let base = &state.base_url;
    match (request.method.as_str(), rest.to_lowercase().as_str()) {
        ("POST", "oauth2/v2.0/token") => token(state, request, tenant),
        ("GET", "v2.0/.well-known/openid-configuration" | ".well-known/openid-configuration") => {
            let authority = format!("{base}/{tenant}");
            Ok(Reply::new(200).json(&json!({
                "token_endpoint": format!("{authority}/oauth2/v2.0/token"),
                "authorization_endpoint": format!("{authority}/oauth2/v2.0/authorize"),
                "device_authorization_endpoint": format!("{authority}/oauth2/v2.0/devicecode"),
                "issuer": format!("{authority}/v2.0"),
                "jwks_uri": format!("{authority}/discovery/v2.0/keys"),
                "response_types_supported": ["code", "id_token"],
                "subject_types_supported": ["pairwise"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "scopes_supported": ["openid"],
                "tenant_region_scope": "EU",
            })))
        }
        ("GET", "discovery/instance") => {
            let host = base.trim_start_matches("https://").trim_start_matches("http://");
            let endpoint = format!("{base}/{}/v2.0/.well-known/openid-configuration", state.tenant);
            Ok(Reply::new(200).json(&json!({
                "tenant_discovery_endpoint": endpoint,
                "api-version": "1.1",
                "metadata": [
                    {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
                ],
            })))
        }
        _ => Err(refused(404, "not_found", "AADSTS90002: there is nothing at this address.")),
    }
}

/// What `ARM_CLOUD_METADATA_URL` leads to.
pub fn cloud(state: &State) -> Reply {
    let base = &state.base_url;
    Reply::new(200).json(&json!([{
        "name": "Simulated",
        "portal": "https://portal.azure.example/",
        "resourceManager": format!("{base}/"),
        "authentication": {
            "loginEndpoint": format!("{base}/"),
            "audiences": [base],
            "tenant": state.tenant,
        },
        "suffixes": {"storage": "core.azure.example"},
    }]))
}

/// What a workspace's `discoveryUrl` leads to. Clients ask it without a token.
pub fn discovery(state: &State) -> Reply {
    let base = state.switches.discovery_host.as_ref().unwrap_or(&state.base_url);
    let services = [
        "api",
        "history",
        "experimentation",
        "modelmanagement",
        "hyperdrive",
        "pipelines",
        "inferencing",
        "studio",
        "mlflow",
        "catalog",
    ];
    let addresses = services.map(|service| (service.to_owned(), base.as_str().into()));
    Reply::new(200).json(&Value::Object(addresses.into_iter().collect()))
}

/// A token as the login host would give it.
pub fn issue(state: &State, audience: &str) -> String {
    let expiry = (state.now + TOKEN_TIME).as_second();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "aud": audience,
        "iss": format!("{}/{}/v2.0", state.base_url, state.tenant),
        "exp": expiry,
        "oid": CALLER,
        "tid": state.tenant,
        "appid": CLIENT_ID,
    });
    format!("{}.{}.c2lnbmF0dXJl", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims))
}

/// Lets in who has a good token for this door.
pub fn check(state: &State, request: &Request, door: Door) -> Result<(), Refusal> {
    let Some(header) = request.header("authorization") else {
        let text = "Authentication failed. The 'Authorization' header is missing.";
        return Err(unauthorized(state, door, "AuthenticationFailed", text));
    };
    let claims = header.strip_prefix("Bearer ").and_then(claims);
    let Some(claims) = claims else {
        let text = "The access token is invalid.";
        return Err(unauthorized(state, door, "InvalidAuthenticationToken", text));
    };
    let audience = claims["aud"].as_str().unwrap_or_default().trim_end_matches('/');
    if audience != state.base_url && !door.takes(audience) {
        let text = format!(
            "The access token has been obtained for wrong audience or resource '{audience}'. It \
             should exactly match with one of the allowed audiences."
        );
        return Err(unauthorized(state, door, "InvalidAuthenticationTokenAudience", &text));
    }
    let expiry = Timestamp::from_second(claims["exp"].as_i64().unwrap_or(0)).unwrap_or_default();
    if expiry <= state.now {
        let text = format!("The access token expiry UTC time '{expiry}' is earlier than current.");
        return Err(unauthorized(state, door, "ExpiredAuthenticationToken", &text));
    }
    Ok(())
}

fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn unauthorized(state: &State, door: Door, code: &str, text: &str) -> Refusal {
    let challenge = format!(
        "Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\", error_description=\"{text}\"",
        state.base_url, state.tenant
    );
    // The documentation of the query service has 403 for tokens that are not good there.
    let is_bad = code.starts_with("InvalidAuthenticationToken");
    let status = if door == Door::Queries && is_bad { 403 } else { 401 };
    Refusal::new(door.envelope(), status, code, text).with("WWW-Authenticate", challenge)
}

fn token(state: &State, request: &Request, tenant: &str) -> Answer {
    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| {
        form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    };
    if !tenant.eq_ignore_ascii_case(&state.tenant) {
        let text = format!("AADSTS90002: Tenant '{tenant}' not found.");
        return Err(refused(400, "invalid_request", &text));
    }
    if field("grant_type") != "client_credentials" {
        let text = "AADSTS70003: the grant type is not supported.";
        return Err(refused(400, "unsupported_grant_type", text));
    }
    if field("client_id") != CLIENT_ID {
        let text = "AADSTS700016: the application was not found in the directory.";
        return Err(refused(400, "unauthorized_client", text));
    }
    if field("client_secret") != CLIENT_SECRET {
        let text = "AADSTS7000215: Invalid client secret provided.";
        return Err(refused(401, "invalid_client", text));
    }
    let Some(audience) = field("scope").split(' ').find_map(|s| s.strip_suffix("/.default")) else {
        let text = "AADSTS1002012: the scope must end with /.default.";
        return Err(refused(400, "invalid_scope", text));
    };
    let seconds = TOKEN_TIME.as_secs();
    Ok(Reply::new(200).json(&json!({
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": issue(state, audience.trim_end_matches('/')),
    })))
}

fn refused(status: u16, code: &str, text: &str) -> Refusal {
    Refusal::new(Envelope::Entra, status, code, text)
}
