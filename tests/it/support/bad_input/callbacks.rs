//! URLs that nobody is called back by.

use serde_json::json;

use crate::support::bad_input::row::{Row, good, put, set, text};

/// The one host that the daemon's settings admit.
pub const HOST: &str = "crm.example";

/// Why a schema cannot tell.
const SETTINGS: &str = "the settings decide";

const AT: &str = "/status_callback_urls";

pub fn urls() -> Vec<Row> {
    let one = |url: &str, code: &'static str| {
        let mut message = good();
        put(&mut message, AT, json!([url]));
        let shown: String = url.chars().take(40).collect();
        text(&format!("calls {shown} back"), message.to_string(), code)
            .at(&[("/status_callback_urls/0", code)])
    };
    let long = format!("https://{HOST}/{}", "x".repeat(3000));
    vec![
        set(AT, json!("https://crm.example/CANARY"), "wrong_type"),
        set(AT, json!({ "CANARY": true }), "wrong_type"),
        set(AT, json!([7]), "wrong_type").at(&[("/status_callback_urls/0", "wrong_type")]),
        set(AT, json!(vec!["https://crm.example/"; 9]), "too_many"),
        one("CANARY", "bad_url"),
        one("https://", "bad_url"),
        one("ftp://crm.example/CANARY", "not_https"),
        one("http://crm.example/CANARY", "not_https").beyond_schema(SETTINGS),
        one("https://CANARY@crm.example/", "url_has_user"),
        one("https://crm.example/#CANARY", "url_has_fragment"),
        one(&long, "too_long"),
        one("https://elsewhere.example/CANARY", "callback_not_allowed").beyond_schema(SETTINGS),
        one("https://127.0.0.1/CANARY", "callback_not_allowed").beyond_schema(SETTINGS),
        one("https://[::1]/CANARY", "callback_not_allowed").beyond_schema(SETTINGS),
        one("https://crm.example/?who=CANARY@leaky.example", "url_names_subject")
            .beyond_schema("a schema does not know whom a request is about"),
        one("https://crm.example/CANARY%40leaky.example", "url_names_subject")
            .beyond_schema("a schema does not know whom a request is about"),
    ]
}
