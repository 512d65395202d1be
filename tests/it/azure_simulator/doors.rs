//! Who is let in, in which version, with what right, and how often.

use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use jiff::SignedDuration;
use reqwest::Certificate;
use serde_json::{Value, json};

use crate::azure_simulator::caller::{Caller, arm};
use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::faults::Verb;
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{Seed, TENANT, sample_id};
use crate::support::azure::simulator::Simulator;

#[tokio::test]
async fn who_has_no_good_token_is_told_so() {
    let simulator = Simulator::start(plain()).await;
    let mut caller = Caller::of(&simulator);
    let data = format!("/history/v1.0{}/runs/quiet_river_0a1b2c3d4e", sample_id().path());
    let management = simulator.token("https://management.azure.com/");
    let machine_learning = simulator.token("https://ml.azure.com");
    let own = simulator.token(&simulator.base_url);
    let storage = simulator.token("https://storage.azure.com");
    let cases = [
        ("", 401, "AuthenticationFailed", 401),
        ("no token", 401, "InvalidAuthenticationToken", 401),
        (management.as_str(), 200, "", 200),
        (own.as_str(), 200, "", 200),
        (machine_learning.as_str(), 401, "InvalidAuthenticationTokenAudience", 200),
        (storage.as_str(), 401, "InvalidAuthenticationTokenAudience", 401),
    ];
    for (token, status, code, data_status) in cases {
        token.clone_into(&mut caller.token);
        let answer = caller.arm("GET", "", &Value::Null).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{token}");
        assert_eq!(answer.has("www-authenticate"), status == 401);
        let answer = caller.ask("GET", &data, &Value::Null).await;
        assert_eq!(answer.status, data_status, "{token}");
    }
    caller.token = management;
    simulator.advance(SignedDuration::from_hours(2));
    let answer = caller.arm("GET", "", &Value::Null).await;
    assert_eq!((answer.status, answer.code()), (401, "ExpiredAuthenticationToken"));
}

#[tokio::test]
async fn tokens_are_given_to_the_application_alone() {
    let simulator = Simulator::start(plain()).await;
    let client = reqwest::Client::new();
    let scope = "https://management.azure.com/.default";
    let cases = [
        (TENANT, CLIENT_ID, CLIENT_SECRET, scope, 200),
        ("elsewhere", CLIENT_ID, CLIENT_SECRET, scope, 400),
        (TENANT, "another", CLIENT_SECRET, scope, 400),
        (TENANT, CLIENT_ID, "guessed", scope, 401),
        (TENANT, CLIENT_ID, CLIENT_SECRET, "https://management.azure.com", 400),
    ];
    for (tenant, id, secret, scope, status) in cases {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", simulator.base_url);
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        form.append_pair("client_id", id).append_pair("client_secret", secret);
        form.append_pair("scope", scope);
        let answer = client.post(url).body(form.finish()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{tenant} {id} {secret} {scope}");
        let text = answer.text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["access_token"].is_string(), status == 200, "{body}");
    }
}

#[tokio::test]
async fn the_credential_of_the_rust_sdk_signs_in() {
    let simulator = Simulator::start(Seed::default()).await;
    let authority = Certificate::from_pem(simulator.ca_pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host.clone_from(&simulator.base_url);
    let client_options = ClientOptions {
        transport: Some(Transport::new(Arc::new(client))),
        cloud: Some(Arc::new(cloud.into())),
        ..ClientOptions::default()
    };
    let secret = Secret::new(CLIENT_SECRET.to_owned());
    let options = Some(ClientSecretCredentialOptions { client_options });
    let credential =
        ClientSecretCredential::new(TENANT, CLIENT_ID.to_owned(), secret, options).unwrap();
    let scope = format!("{}/.default", simulator.base_url);
    let token = credential.get_token(&[&scope], None).await.unwrap();
    let mut caller = Caller::of(&simulator);
    token.token.secret().clone_into(&mut caller.token);
    assert_eq!(caller.arm("GET", "", &Value::Null).await.status, 200);
}

#[tokio::test]
async fn versions_and_rights_are_looked_at() {
    let simulator = Simulator::start(plain()).await;
    let caller = Caller::of(&simulator);
    let path = sample_id().path();
    let none = caller.ask("GET", &path, &Value::Null).await;
    assert_eq!((none.status, none.code()), (400, "MissingApiVersionParameter"));
    for version in ["next", "2024-1-1", "1999-01-01", "2024-10-01-preview"] {
        let answer =
            caller.ask("GET", &format!("{path}?api-version={version}"), &Value::Null).await;
        let is_known = version.starts_with("2024-10");
        assert_eq!(answer.status, if is_known { 200 } else { 400 }, "{version}");
    }
    simulator.state().switches.denied.insert((Verb::Delete, Kind::Job));
    let rest = "jobs/quiet_river_0a1b2c3d4e";
    let answer = caller.arm("DELETE", rest, &Value::Null).await;
    assert_eq!((answer.status, answer.code()), (403, "AuthorizationFailed"));
    let text = answer.body["error"]["message"].as_str().unwrap();
    assert!(text.contains("Microsoft.MachineLearningServices/workspaces/jobs/delete"), "{text}");
    assert_eq!(caller.status(rest).await, 200);
}

#[tokio::test]
async fn names_are_compared_without_case() {
    let simulator = Simulator::start(plain()).await;
    let caller = Caller::of(&simulator);
    let odd = arm("Computes/Hanako-CI")
        .replace("resourceGroups/test-rg", "RESOURCEGROUPS/TEST-RG")
        .replace("Microsoft.Machine", "microsoft.machine");
    assert_eq!(caller.ask("GET", &odd, &Value::Null).await.status, 200);
    // Not those of jobs.
    assert_eq!(caller.status("jobs/QUIET_river_0a1b2c3d4e").await, 404);
    simulator.state().switches.odd_case = true;
    let answer = caller.arm("GET", "computes/hanako-ci", &Value::Null).await;
    assert!(answer.body["id"].as_str().unwrap().contains("/resourcegroups/test-rg/"));
}

#[tokio::test]
async fn buckets_run_empty_and_are_filled_again() {
    let simulator = Simulator::start(plain()).await;
    let caller = Caller::of(&simulator);
    let delete = async || caller.arm("DELETE", "codes/none", &Value::Null).await;
    let first = delete().await;
    assert_eq!(first.header("x-ms-ratelimit-remaining-subscription-deletes"), "199");
    assert_eq!(first.header("x-ms-ratelimit-remaining-subscription-global-deletes"), "2999");
    simulator.state().switches.is_throttled = true;
    for _ in 0..199 {
        assert_eq!(delete().await.status, 204);
    }
    let empty = delete().await;
    assert_eq!((empty.status, empty.code()), (429, "SubscriptionRequestsThrottled"));
    assert_eq!(empty.header("retry-after"), "1");
    assert_eq!(caller.status("").await, 200, "reads have a bucket of their own");
    simulator.advance(SignedDuration::from_secs(1));
    let statuses = [delete().await.status, delete().await.status];
    assert_eq!(statuses, [204, 204], "ten come back in a second");
}

#[tokio::test]
async fn requests_that_are_under_way_are_counted() {
    let simulator = Simulator::start(plain()).await;
    let caller = Caller::of(&simulator);
    assert_eq!((caller.status("").await, simulator.in_flight_seen_max()), (200, 1));
    simulator.state().switches.latency = Duration::from_millis(200);
    let statuses = tokio::join!(caller.status(""), caller.status("jobs"), caller.status("data"));
    assert_eq!((statuses, simulator.in_flight_seen_max()), ((200, 200, 200), 3));
}

#[tokio::test]
async fn what_was_asked_is_kept() {
    let simulator = Simulator::start(Seed::default()).await;
    let caller = Caller::of(&simulator);
    caller.arm("DELETE", "computes/hanako-ci?underlyingResourceAction=Delete", &json!({})).await;
    let requests = simulator.requests();
    let request = &requests[0];
    assert_eq!((request.method.as_str(), request.status), ("DELETE", 202));
    assert_eq!(request.meant, Some((Verb::Delete, Kind::Compute)));
    assert!(request.path.ends_with("/computes/hanako-ci"));
    assert!(request.query.ends_with("&underlyingResourceAction=Delete"));
}

fn plain() -> Seed {
    Seed { is_plain: true, ..Seed::default() }
}
