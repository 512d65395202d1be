//! `status_callback_urls`: whom a producer wants told by HTTP.
//!
//! No fault quotes a URL: it may hold a token.

use serde_json::Value;

use crate::domain::callbacks::rule::{CallbackRule, Forbidden};
use crate::domain::callbacks::url::{CallbackUrl, IllegalUrl};
use crate::domain::item::{Item, Version};
use crate::domain::subject::Subject;
use crate::matching::matcher::Matcher;
use crate::matching::scan::scan_head;
use crate::stages::message::fault::{Faults, Terms};
use crate::stages::message::json::BYTE_ORDER_MARK;

/// Most URLs in one request.
const URLS_MAX: usize = 8;

const AT: &str = "/status_callback_urls";

/// Reads the URLs, each of them once. Without a rule there are none to read: the ledger took them
/// over when the request was accepted, and they need not be admitted again.
pub fn read(
    value: Option<&Value>,
    subject: Option<&Subject>,
    terms: &Terms,
    faults: &mut Faults,
) -> Vec<CallbackUrl> {
    let (Some(value), Some(rule)) = (value, &terms.callbacks) else { return Vec::new() };
    let Value::Array(list) = value else {
        faults.wrong_type(AT, "a list of URLs");
        return Vec::new();
    };
    if list.len() > URLS_MAX {
        faults.add(AT, "too_many", format!("more than {URLS_MAX} callback URLs"));
        return Vec::new();
    }
    if rule.hosts.is_empty() && !list.is_empty() {
        faults.add(AT, code_of(Forbidden::Off), Forbidden::Off.to_string());
        return Vec::new();
    }
    let mut urls = Vec::new();
    for (index, one) in list.iter().enumerate() {
        let at = format!("{AT}/{index}");
        if let Some(url) = url(one, &at, rule, faults)
            && !names(subject, &url, &at, faults)
            && !urls.contains(&url)
        {
            urls.push(url);
        }
    }
    urls
}

/// The URLs that a message names, whether or not one may post there.
pub fn named(message: &[u8]) -> Vec<CallbackUrl> {
    let message = message.strip_prefix(BYTE_ORDER_MARK).unwrap_or(message);
    let message: Value = serde_json::from_slice(message).unwrap_or_default();
    let list = message["status_callback_urls"].as_array();
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| CallbackUrl::parse(text).ok()).collect()
}

fn url(value: &Value, at: &str, rule: &CallbackRule, faults: &mut Faults) -> Option<CallbackUrl> {
    let Value::String(text) = value else {
        faults.wrong_type(at, "a URL, as a string");
        return None;
    };
    let url = match CallbackUrl::parse(text) {
        Ok(url) => url,
        Err(illegal) => {
            faults.add(at, code(illegal), illegal.to_string());
            return None;
        }
    };
    match rule.check(&url) {
        Ok(()) => Some(url),
        Err(refused) => {
            faults.add(at, code_of(refused), refused.to_string());
            None
        }
    }
}

/// Whether the URL speaks of the subject. It goes through logs of proxies and servers that we know
/// nothing of. The host is the operator's choice and not looked at.
fn names(subject: Option<&Subject>, url: &CallbackUrl, at: &str, faults: &mut Faults) -> bool {
    let Some(subject) = subject else { return false };
    let item = Item::bare("", url.path(), Version::Current);
    let named = !scan_head(&item, &Matcher::new(&[subject])).is_empty();
    if named {
        let text = "the URL contains an identity of the subject, and URLs are not secret";
        faults.add(at, "url_names_subject", text);
    }
    named
}

fn code(illegal: IllegalUrl) -> &'static str {
    match illegal {
        IllegalUrl::Form => "bad_url",
        IllegalUrl::Scheme => "not_https",
        IllegalUrl::UserInfo => "url_has_user",
        IllegalUrl::Fragment => "url_has_fragment",
        IllegalUrl::Length => "too_long",
    }
}

fn code_of(refused: Forbidden) -> &'static str {
    match refused {
        Forbidden::Plain => "not_https",
        Forbidden::Off | Forbidden::Host | Forbidden::Address => "callback_not_allowed",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::callbacks::rule::CallbackHost;
    use crate::domain::subject::{Identity, IdentityFormat, IdentityType};

    fn terms(hosts: &[&str]) -> Terms {
        let hosts = hosts.iter().map(|host| CallbackHost::parse(host).unwrap()).collect();
        let private_networks = Vec::new();
        let callbacks = Some(CallbackRule { hosts, private_networks });
        Terms { callbacks, ..Terms::of_the_ledger() }
    }

    fn subject() -> Subject {
        let identity =
            |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        Subject {
            identities: vec![
                identity(IdentityType::Email, "ann.lee@contoso.com"),
                identity(IdentityType::ObjectId, "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
                identity(IdentityType::Name, "Tom Ann"),
                identity(IdentityType::ControllerCustomerId, "CUST-4711"),
            ],
        }
    }

    /// The hosts that are called back, and the faults.
    fn read_all(value: Value, terms: &Terms) -> (Vec<String>, Vec<String>) {
        let mut faults = Faults::default();
        let urls = read(Some(&value), Some(&subject()), terms, &mut faults);
        let faults = faults.into_list();
        for fault in &faults {
            assert!(!fault.message.contains("t0ken"), "{}", fault.message);
        }
        let faults = faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code));
        (urls.iter().map(|url| url.host().to_owned()).collect(), faults.collect())
    }

    #[test]
    fn each_fault_has_its_place_and_code() {
        let long = format!("https://crm.example/t0ken/{}", "x".repeat(2048));
        let table = [(json!("https://crm.example/t0ken"), "wrong_type"), (json!(7), "wrong_type")];
        for (value, code) in table {
            let faults = read_all(value, &terms(&["crm.example"])).1;
            assert_eq!(faults, [format!("/status_callback_urls {code}")]);
        }
        let table = [
            (json!(7), "wrong_type"),
            (json!("t0ken"), "bad_url"),
            (json!("http://crm.example/t0ken"), "not_https"),
            (json!("ftp://crm.example/t0ken"), "not_https"),
            (json!("https://u:t0ken@crm.example/"), "url_has_user"),
            (json!("https://crm.example/#t0ken"), "url_has_fragment"),
            (json!(long), "too_long"),
            (json!("https://evil.example/t0ken"), "callback_not_allowed"),
            (json!("https://crm.example:8443/t0ken"), "callback_not_allowed"),
            (json!("https://127.0.0.1/t0ken"), "callback_not_allowed"),
            (json!("https://crm.example/?who=ann.lee@contoso.com&k=t0ken"), "url_names_subject"),
            (json!("https://crm.example/ANN.LEE%40Contoso.com/t0ken"), "url_names_subject"),
            (json!("https://crm.example/?n=tom%20ann&k=t0ken"), "url_names_subject"),
            (json!("https://crm.example/?n=Tom+Ann&k=t0ken"), "url_names_subject"),
            (json!("https://crm.example/6F9619FF8B86D011B42D00CF4FC964FF"), "url_names_subject"),
            (json!("https://crm.example/hook/cust-4711"), "url_names_subject"),
        ];
        for (url, code) in table {
            let terms = terms(&["crm.example", "127.0.0.1"]);
            let found = read_all(json!(["https://crm.example/fine", url]), &terms);
            assert_eq!(found.1, [format!("/status_callback_urls/1 {code}")], "{url}");
            assert_eq!(found.0, ["crm.example"], "{url}");
        }
    }

    #[test]
    fn what_is_sound_is_taken_once() {
        let url = "https://crm.example/customers/annual?k=t0ken";
        let (hosts, faults) = read_all(json!([url, url]), &terms(&["crm.example"]));
        assert_eq!((hosts, faults), (vec!["crm.example".to_owned()], vec![]));
        assert_eq!(read_all(json!([]), &terms(&[])), (vec![], vec![]));
        let nine = vec!["https://crm.example/"; 9];
        let faults = read_all(json!(nine), &terms(&["crm.example"])).1;
        assert_eq!(faults, ["/status_callback_urls too_many"]);
    }

    #[test]
    fn without_listed_hosts_callbacks_are_refused_as_a_whole() {
        let urls = json!(["https://crm.example/", "https://other.example/"]);
        let faults = read_all(urls, &terms(&[])).1;
        assert_eq!(faults, ["/status_callback_urls callback_not_allowed"]);
    }

    #[test]
    fn what_was_admitted_once_is_not_looked_at_again() {
        let found = read_all(json!(["https://gone.example/", 7]), &Terms::of_the_ledger());
        assert_eq!(found, (vec![], vec![]));
    }
}
