//! Messages that look odd and are good.

use dsrd::ports::messages::inbox::Label;
use serde_json::{Value, json};

use crate::support::bad_input::row::{FIRST_ID, good, put};

/// A good message.
pub struct Good {
    /// What is odd about it.
    pub name: &'static str,
    /// The request's id.
    pub id: String,
    /// The message.
    pub body: String,
    /// Media type and coding.
    pub label: Label,
}

/// All of them; the first has [`FIRST_ID`].
pub fn all() -> Vec<Good> {
    let mut all = vec![one("nothing", |_| {}, None, None)];
    all.extend(labelled());
    all.extend(odd());
    for (number, good) in all.iter_mut().enumerate() {
        let id = format!("good-{number}");
        // Each about somebody else, so that they are served side by side.
        good.body = good.body.replace("ROW", &id).replace("CANARY", &format!("person{number}"));
        good.id = id;
    }
    assert_eq!(all[0].id, FIRST_ID);
    all.iter_mut().last().unwrap().body.insert(0, '\u{feff}');
    all
}

fn one(
    name: &'static str,
    change: impl FnOnce(&mut Value),
    content_type: Option<&str>,
    content_encoding: Option<&str>,
) -> Good {
    let mut message = good();
    change(&mut message);
    let label = Label {
        content_type: content_type.map(str::to_owned),
        content_encoding: content_encoding.map(str::to_owned),
        signature: None,
    };
    Good { name, id: String::new(), body: message.to_string(), label }
}

fn labelled() -> Vec<Good> {
    [
        ("its media type", Some("application/json"), None),
        ("a charset", Some("application/json; charset=utf-8"), None),
        ("a media type in capitals", Some("Application/JSON"), None),
        ("a media type of its own", Some("application/vnd.contoso.dsr+json;v=2"), None),
        ("no media type and a coding of none", Some(""), Some("identity")),
        ("a charset for a coding", Some("application/json"), Some("UTF-8")),
        ("a charset in another spelling", Some("text/json; charset=utf8"), Some("utf8")),
        ("a media type that ends in JSON", Some("text/x-crm+json"), Some("us-ascii")),
    ]
    .map(|(name, kind, coding)| one(name, |_| {}, kind, coding))
    .into()
}

fn odd() -> Vec<Good> {
    let about = |name, identities: Value| {
        one(name, |message| put(message, "/subject_identities", identities), None, None)
    };
    let person =
        |kind: &str, value: &str| json!({ "identity_type": kind, "identity_value": value });
    let hash = "0123456789abcdef".repeat(4);
    let later = |name, pointer: &'static str, value: Value| {
        one(name, |message| put(message, pointer, value), None, None)
    };
    vec![
        about(
            "a dictionary",
            json!({ "email": { "value": "CANARY@leaky.example", "encoding": "raw" } }),
        ),
        about(
            "a hash",
            json!([{ "identity_type": "upn", "identity_value": hash, "identity_format": "sha256" }]),
        ),
        about(
            "names of one script, and of four",
            json!([
                person("name", "Анна Каренина CANARY"),
                person("name", "山田 はなこ ハナコ CANARY"),
                person("name", "علی\u{200c}رضا"),
                person("name", "山田"),
                person("email", "анна@почта.рф"),
            ]),
        ),
        about(
            "spaces around and braces",
            json!([
                person("name", "  CANARY Smith "),
                person("object_id", "{6F9619FF-8B86-D011-B42D-00CF4FC964FF}"),
                person("puid", "MSA:0003BFFD12345678"),
                person("username", "CONTOSO\\CANARY"),
            ]),
        ),
        later("a leap second", "/submitted_time", json!("2020-12-31T23:59:60Z")),
        later(
            "small letters and a fraction",
            "/submitted_time",
            json!("2026-11-23t09:00:00.1234567+09:00"),
        ),
        later("the first day of the law", "/submitted_time", json!("2018-05-25T00:00:00+02:00")),
        later("null for extensions", "/extensions", Value::Null),
        later(
            "extensions of others",
            "/extensions",
            json!({ "other": [[[[{ "Any Key": 1.5e300 }]]]] }),
        ),
        later(
            "all options",
            "/extensions/dsrd",
            json!({
            "sources": ["run-history"], "dry_run": false, "on_erase": "delete", "language": "ja-Latn",
            "due_time": "2026-12-20T00:00:00Z" }),
        ),
        later(
            "recipients",
            "/extensions/dsrd/encrypt_to",
            json!(["age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa"]),
        ),
        later("nulls of OpenDSR", "/group_id", Value::Null),
        later("no callbacks", "/status_callback_urls", json!([])),
        all_optional("nulls of serialisers", &Value::Null),
        all_optional("empty texts of serialisers", &json!("")),
        later("a null for the extension", "/extensions", json!({ "dsrd": null })),
        later("a byte order mark", "/property_id", json!("p-1")),
    ]
}

/// As serialisers write what is not there.
fn all_optional(name: &'static str, blank: &Value) -> Good {
    let options = ["sources", "dry_run", "on_erase", "encrypt_to", "language", "due_time"];
    let options: serde_json::Map<String, Value> =
        options.map(|option| (option.to_owned(), blank.clone())).into_iter().collect();
    let change = |message: &mut Value| {
        for field in ["api_version", "property_id", "group_id", "status_callback_urls"] {
            put(message, &format!("/{field}"), blank.clone());
        }
        put(message, "/extensions/dsrd", options.into());
    };
    one(name, change, None, None)
}
