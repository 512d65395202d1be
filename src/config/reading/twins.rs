//! A secret can be given itself or by a file (`url`, `url_file`). Whoever gives one form replaces
//! the other form of a lower layer: a `url_file` in the settings file replaces the built-in `url`.

use serde_json::Value;

use crate::config::file::{File, Store};

/// Both forms of one secret.
struct Twins<'a> {
    /// JSON Pointer to the plain form; `_file` after it is the other.
    pointer: String,
    plain: &'a mut Option<String>,
    by_file: &'a mut Option<String>,
}

/// Drops from `file` the forms that a higher layer replaced; `layers` are what was written above
/// the defaults, highest first. Two forms in one layer stay, to be refused.
pub fn settle(file: &mut File, layers: &[Value]) {
    for Twins { pointer, plain, by_file } in twins(file) {
        let forms = layers.iter().map(|layer| {
            let given = |pointer: &str| layer.pointer(pointer).is_some();
            (given(&pointer), given(&format!("{pointer}_file")))
        });
        match forms.into_iter().find(|(plain, by_file)| *plain || *by_file) {
            Some((true, false)) => *by_file = None,
            Some((false, true)) => *plain = None,
            _ => {}
        }
    }
}

fn twins(file: &mut File) -> Vec<Twins<'_>> {
    let queue = &mut file.queue;
    let ledger = &mut file.ledger;
    let mut all = vec![
        Twins::new("/queue/url", &mut queue.url, &mut queue.url_file),
        Twins::new("/ledger/url", &mut ledger.url, &mut ledger.url_file),
        Twins::new("/ledger/master_key", &mut ledger.master_key, &mut ledger.master_key_file),
    ];
    all.extend(of_store("/exports", &mut file.exports.store));
    for (index, source) in file.sources.iter_mut().enumerate() {
        all.extend(of_store(&format!("/sources/{index}"), source));
    }
    for (index, workspace) in file.workspaces.iter_mut().enumerate() {
        all.push(Twins::new(
            &format!("/workspaces/{index}/client_secret"),
            &mut workspace.client_secret,
            &mut workspace.client_secret_file,
        ));
    }
    for (index, telemetry) in file.telemetry.iter_mut().enumerate() {
        all.push(Twins::new(
            &format!("/telemetry/{index}/client_secret"),
            &mut telemetry.client_secret,
            &mut telemetry.client_secret_file,
        ));
    }
    let otlp = &mut file.otlp;
    all.push(Twins::new("/otlp/headers", &mut otlp.headers, &mut otlp.headers_file));
    let graph = &mut file.graph;
    all.push(Twins::new(
        "/graph/client_secret",
        &mut graph.client_secret,
        &mut graph.client_secret_file,
    ));
    all
}

fn of_store<'a>(at: &str, store: &'a mut Store) -> [Twins<'a>; 3] {
    let pointer = |key: &str| format!("{at}/{key}");
    [
        Twins::new(&pointer("url"), &mut store.url, &mut store.url_file),
        Twins::new(&pointer("account_key"), &mut store.account_key, &mut store.account_key_file),
        Twins::new(
            &pointer("client_secret"),
            &mut store.client_secret,
            &mut store.client_secret_file,
        ),
    ]
}

impl<'a> Twins<'a> {
    fn new(pointer: &str, plain: &'a mut Option<String>, by_file: &'a mut Option<String>) -> Self {
        Self { pointer: pointer.to_owned(), plain, by_file }
    }
}
