//! Who asks the simulator, without an adapter of ours between.

use reqwest::{Certificate, Client, Method};
use serde_json::Value;

use crate::support::azure::seed::sample_id;
use crate::support::azure::simulator::Simulator;

/// A client with a token for the control plane.
pub struct Caller {
    client: Client,
    base_url: String,
    pub token: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// `null` where there is none.
    pub body: Value,
}

impl Caller {
    pub fn of(simulator: &Simulator) -> Self {
        let client = match simulator.ca_pem.as_str() {
            "" => Client::new(),
            pem => {
                let authority = Certificate::from_pem(pem.as_bytes()).unwrap();
                Client::builder().tls_certs_only([authority]).build().unwrap()
            }
        };
        let token = simulator.token("https://management.azure.com");
        Self { client, base_url: simulator.base_url.clone(), token }
    }

    /// Asks for a path, or a whole address.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let url = match path.starts_with("http") {
            true => path.to_owned(),
            false => format!("{}{path}", self.base_url),
        };
        let request = self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        let request = match self.token.as_str() {
            "" => request,
            token => request.bearer_auth(token),
        };
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.ok()?;
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Some(Answer { status, headers, body })
    }

    /// The same, of what must be answered.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, body).await.unwrap()
    }

    /// Asks for something below the sample workspace.
    pub async fn arm(&self, method: &str, rest: &str, body: &Value) -> Answer {
        self.ask(method, &arm(rest), body).await
    }

    /// The status of a GET below the sample workspace.
    pub async fn status(&self, rest: &str) -> u16 {
        self.arm("GET", rest, &Value::Null).await.status
    }

    /// Asks a service of the sample workspace's data plane.
    pub async fn data(&self, method: &str, service: &str, rest: &str, body: &Value) -> Answer {
        let path = format!("/{service}{}/{rest}", sample_id().path());
        self.ask(method, &path, body).await
    }

    /// Names, or what else stands in `field`, of a whole list, page by page; and how many pages.
    pub async fn list(&self, rest: &str, field: &str) -> (Vec<String>, usize) {
        let (mut path, mut found, mut pages) = (arm(rest), Vec::new(), 0);
        loop {
            let page = self.ask("GET", &path, &Value::Null).await;
            assert_eq!(page.status, 200, "{:?}", page.body);
            pages += 1;
            let items = page.body["value"].as_array().unwrap();
            found.extend(items.iter().map(|item| item[field].as_str().unwrap().to_owned()));
            let Some(next) = page.body["nextLink"].as_str() else { return (found, pages) };
            path = next.to_owned();
        }
    }
}

impl Answer {
    /// A header that must be there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// The code of an error of the control plane: the inner one where there is one.
    pub fn code(&self) -> &str {
        let error = &self.body["error"];
        let inner = error["additionalInfo"].as_array().into_iter().flatten();
        let inner = inner.filter(|info| info["type"] == "InnerError");
        let inner = inner.filter_map(|info| info["info"]["value"]["code"].as_str()).next();
        inner
            .or(error["innerError"]["code"].as_str())
            .or(error["code"].as_str())
            .unwrap_or_default()
    }
}

/// A path below the sample workspace, in a version of the interface.
pub fn arm(rest: &str) -> String {
    let slash = if rest.is_empty() { "" } else { "/" };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let ampersand = if query.is_empty() { "" } else { "&" };
    format!("{}{slash}{path}?api-version=2024-10-01{ampersand}{query}", sample_id().path())
}
