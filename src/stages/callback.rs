//! What is posted to a callback URL: an announcement in the binary mode of the `CloudEvents` HTTP
//! binding, its body the status of `OpenDSR`'s callbacks.

use bytes::Bytes;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::domain::failure::Failure;
use crate::ports::ledger::Callback;
use crate::ports::messages::callbacks::Letter;
use crate::ports::messages::inbox::SIGNATURE;
use crate::stages::signing::Signer;

/// Version of `OpenDSR` whose callbacks these are.
const API_VERSION: &str = "2.0";

/// What may not stand in a header as it is (HTTP binding 1.0, section 3.1.3.2); all that is not
/// ASCII is encoded too.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// The announcement for its URL, signed at `now`; all else is the same at every try.
///
/// # Errors
/// `Permanent` for an announcement that is none of ours.
pub fn letter(callback: &Callback, signer: &Signer, now: Timestamp) -> Result<Letter, Failure> {
    let doing = "reading an announcement for its callback";
    // The error would quote the announcement.
    let mut event: Map<String, Value> =
        serde_json::from_str(&callback.event).map_err(|_| Failure::permanent(doing))?;
    let Some(Value::Object(data)) = event.remove("data") else {
        return Err(Failure::permanent(doing).because("it has no data"));
    };
    let mut headers = Vec::new();
    for (name, value) in &event {
        let Value::String(value) = value else { continue };
        let value = utf8_percent_encode(value, ENCODED).to_string();
        headers.push(match name.as_str() {
            "datacontenttype" => ("content-type".to_owned(), value),
            _ => (format!("ce-{name}"), value),
        });
    }
    let mut body = Map::new();
    body.insert("api_version".into(), API_VERSION.into());
    body.extend(data);
    body.insert("status_callback_url".into(), callback.url.expose().into());
    let body = Bytes::from(Value::Object(body).to_string());
    headers.push((SIGNATURE.to_owned(), signer.sign(&body, now)));
    Ok(Letter { headers, body })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::callbacks::url::CallbackUrl;
    use crate::domain::request::RequestId;
    use crate::evidence::signature::{Detached, SigningKey};
    use crate::ports::ledger::CallbackId;

    fn signer() -> Signer {
        Signer::new(&SigningKey::from_seed(&[7; 32]).to_pem()).map_err(|f| f.chain()).unwrap()
    }

    fn letter_of(event: &str) -> Result<Letter, Failure> {
        let request = RequestId::new("r-1").unwrap();
        let callback = Callback {
            id: CallbackId { request, sequence: 1, number: 0 },
            url: CallbackUrl::parse("https://crm.example/hook?k=t0ken").unwrap(),
            event: event.to_owned(),
            tries: 0,
            failing_ms: 0,
        };
        letter(&callback, &signer(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn attributes_become_headers_and_data_the_body() {
        let event = json!({
            "specversion": "1.0",
            "id": "e-1",
            "datacontenttype": "application/json",
            "correlationid": "5% of \"Ü\"",
            "data": { "subject_request_id": "r-1", "request_status": "pending" },
        });
        let mut letter = letter_of(&event.to_string()).map_err(|f| f.chain()).unwrap();
        let (name, signature) = letter.headers.pop().unwrap();
        let headers: Vec<_> = letter.headers.iter().map(|(n, v)| format!("{n}: {v}")).collect();
        assert_eq!(
            headers,
            [
                "ce-specversion: 1.0",
                "ce-id: e-1",
                "content-type: application/json",
                "ce-correlationid: 5%25%20of%20%22%C3%9C%22",
            ]
        );
        let body = concat!(
            r#"{"api_version":"2.0","subject_request_id":"r-1","request_status":"pending","#,
            r#""status_callback_url":"https://crm.example/hook?k=t0ken"}"#
        );
        assert_eq!((&letter.body[..], name.as_str()), (body.as_bytes(), SIGNATURE));
        let signature = Detached::parse(&signature).unwrap();
        assert_eq!(signature.key_id, signer().key_id());
        assert_eq!(signature.verify(body.as_bytes(), &signer().public()), Ok(()));
    }

    #[test]
    fn what_is_no_announcement_is_not_quoted() {
        for event in ["t0ken", "{\"data\":\"t0ken\"}", "[\"t0ken\"]"] {
            let failure = letter_of(event).err().unwrap();
            assert!(!failure.chain().contains("t0ken"), "{}", failure.chain());
        }
    }
}
