//! Microsoft Graph: `exportPersonalData` and its data policy operations, and users by a filter, as
//! the pages of v1.0 have them. What a copy writes and when is the test's business: nobody publishes it.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::support::azure::entry::Call;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::State;
use crate::support::blob_server::wire::Reply;

/// Who may ask for what, and what was begun.
pub struct Graph {
    /// Whether the application has `User.Export.All`.
    pub is_allowed: bool,
    /// Object ids of the tenant's users.
    pub users: Vec<String>,
    /// The same with what they are called; what is asked for them is answered by equality alone.
    pub people: Vec<Value>,
    /// A host that links to operations lead to: nobody should follow.
    pub link_host: Option<String>,
    pub copies: Vec<Copy>,
}

/// One copy.
#[derive(Clone, Debug)]
pub struct Copy {
    pub id: String,
    pub user: String,
    /// Where it is to be written, with what lets it in.
    pub to: Url,
    /// `notStarted`, `running`, `complete` or `failed`.
    pub status: String,
}

impl Default for Graph {
    fn default() -> Self {
        Self {
            is_allowed: true,
            users: Vec::new(),
            people: Vec::new(),
            link_host: None,
            copies: Vec::new(),
        }
    }
}

/// Answers one request.
pub fn answer(state: &mut State, words: &[String], call: &Call<'_>) -> Answer {
    if !state.graph.is_allowed {
        let text = "Insufficient privileges to complete the operation.";
        return Err(Refusal::gateway(403, "Authorization_RequestDenied", text));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (call.request.method.as_str(), &words[..]) {
        ("POST", ["users", user, "exportPersonalData"]) => begin(state, user, call),
        ("GET", ["dataPolicyOperations", id]) => {
            let copies = &state.graph.copies;
            let copy = copies.iter().find(|copy| copy.id == *id).ok_or_else(|| absent(id))?;
            Ok(Reply::new(200).json(&told(copy)))
        }
        ("GET", ["users"]) => {
            let filter = call.request.query("$filter").unwrap_or_default();
            let value = people(&state.graph.people, filter)?;
            Ok(Reply::new(200).json(&json!({ "value": value })))
        }
        _ => Err(Refusal::gateway(400, "BadRequest", "Resource not found for the segment.")),
    }
}

/// `FIELD eq 'VALUE'` or `startswith(FIELD,'VALUE')`, one or more with `or` between.
fn people(people: &[Value], filter: &str) -> Result<Vec<Value>, Refusal> {
    let terms: Option<Vec<(&str, String, bool)>> = filter
        .split(" or ")
        .map(|term| {
            let begins = term.strip_prefix("startswith(").and_then(|rest| rest.strip_suffix(')'));
            let (field, value) = match begins {
                Some(parts) => parts.split_once(',')?,
                None => term.split_once(" eq ")?,
            };
            let value = value.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
            Some((field, value.to_lowercase(), begins.is_some()))
        })
        .collect();
    let bad = || Refusal::gateway(400, "Request_UnsupportedQuery", "Invalid filter clause.");
    let terms = terms.ok_or_else(bad)?;
    let is_meant = |person: &&Value| {
        terms.iter().any(|(field, value, begins)| {
            let has = person[*field].as_str().map(str::to_lowercase);
            has.is_some_and(|has| has == *value || *begins && has.starts_with(value.as_str()))
        })
    };
    Ok(people.iter().filter(is_meant).cloned().collect())
}

fn begin(state: &mut State, user: &str, call: &Call<'_>) -> Answer {
    if !state.graph.users.iter().any(|known| known.eq_ignore_ascii_case(user)) {
        return Err(absent(user));
    }
    let body: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
    let to = body["storageLocation"].as_str().and_then(|url| Url::parse(url).ok());
    let Some(to) = to.filter(|url| url.query().is_some()) else {
        let text = "The storage location is not a shared access signature URL.";
        return Err(Refusal::gateway(400, "BadRequest", text));
    };
    let id = Uuid::new_v4().to_string();
    let host = state.graph.link_host.as_ref().unwrap_or(&state.base_url);
    let link = format!("{host}/v1.0/dataPolicyOperations/{id}");
    let status = "notStarted".to_owned();
    state.graph.copies.push(Copy { id, user: user.to_owned(), to, status });
    Ok(Reply::new(202).with("Location", link).with("Retry-After", "1"))
}

fn told(copy: &Copy) -> Value {
    json!({
        "id": copy.id, "status": copy.status, "userId": copy.user, "progress": 0,
        "storageLocation": copy.to.as_str(), "submittedDateTime": "2026-11-23T12:00:00Z",
        "completedDateTime": null,
    })
}

fn absent(name: &str) -> Refusal {
    let text = format!("Resource '{name}' does not exist.");
    let mut refusal = Refusal::gateway(404, "Request_ResourceNotFound", text);
    refusal.headers.clear();
    refusal
}

/// Writes what was begun to where it is to go, with nothing but what was given for that, and says
/// that it is complete. Insists on what was given: it is for writing alone.
pub async fn write_all(simulator: &Simulator) {
    let copies = simulator.state().graph.copies.clone();
    for copy in copies.iter().filter(|copy| copy.status != "complete") {
        assert_eq!(put(&copy.to, "activity.json", &copy.user).await, StatusCode::CREATED);
        for (method, name) in
            [(Method::GET, ""), (Method::GET, "activity.json"), (Method::DELETE, "activity.json")]
        {
            let mut url = below(&copy.to, name);
            if name.is_empty() {
                url.query_pairs_mut()
                    .append_pair("restype", "container")
                    .append_pair("comp", "list");
            }
            let sent = Client::new().request(method.clone(), url).send().await.unwrap();
            assert_eq!(sent.status(), StatusCode::FORBIDDEN, "{method} {name}");
        }
        end(simulator, &copy.id, "complete");
    }
}

/// Puts a blob there.
pub async fn put(to: &Url, name: &str, text: &str) -> StatusCode {
    let request = Client::new().put(below(to, name)).header("x-ms-blob-type", "BlockBlob");
    request.body(text.to_owned()).send().await.unwrap().status()
}

/// Says how a copy stands.
pub fn end(simulator: &Simulator, id: &str, status: &str) {
    let mut state = simulator.state();
    let copy = state.graph.copies.iter_mut().find(|copy| copy.id == id).unwrap();
    status.clone_into(&mut copy.status);
}

fn below(container: &Url, name: &str) -> Url {
    let mut url = container.clone();
    if !name.is_empty() {
        url.path_segments_mut().unwrap().push(name);
    }
    url
}
