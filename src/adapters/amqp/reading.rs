//! What a broker's message says beside its body, and the body of one that came by AMQP 1.0.

use bytes::Bytes;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, ShortString};

use crate::domain::event::Correspondence;
use crate::ports::messages::inbox::{Label, SIGNATURE};

/// What RabbitMQ 4 writes into `type` where the body of an AMQP 1.0 message is no plain data: the
/// body is then a section of that protocol as it is.
const AMQP_1_0: &str = "amqp-1.0";

/// Whom to answer, and by which words.
pub fn correspondence(properties: &BasicProperties) -> Correspondence {
    let traceparent = header(properties, "traceparent");
    Correspondence {
        reply_to: text(properties.reply_to()),
        correlation_id: text(properties.correlation_id()),
        traceparent: traceparent.filter(|text| is_traceparent(text)),
        message_id: text(properties.message_id()),
    }
}

/// The body, out of what AMQP 1.0 wraps around it, and what stands on it.
pub fn read(body: &Bytes, properties: &BasicProperties) -> (Bytes, Label) {
    let mut label = Label {
        content_type: text(properties.content_type()),
        content_encoding: text(properties.content_encoding()),
        signature: header(properties, SIGNATURE),
    };
    // kombu says here that it packed the body, and goes on to call its encoding utf-8.
    if let Some(packed) = header(properties, "compression").filter(|word| !word.is_empty()) {
        label.content_encoding = Some(packed);
    }
    if properties.kind().as_ref().is_none_or(|kind| kind.as_str() != AMQP_1_0) {
        return (body.clone(), label);
    }
    match value(body) {
        Some(value) => (value, label),
        // A list or a map of that protocol's own.
        None => (body.clone(), Label { content_encoding: Some(AMQP_1_0.to_owned()), ..label }),
    }
}

/// The text or bytes of an `amqp-value` section (AMQP 1.0, part 3, section 3.2.8).
fn value(section: &Bytes) -> Option<Bytes> {
    let rest = section.strip_prefix(&[0x00, 0x53, 0x77])?;
    let (kind, rest) = rest.split_first()?;
    let (length, value) = match kind {
        // vbin8 and str8-utf8; vbin32 and str32-utf8.
        0xa0 | 0xa1 => {
            let (length, value) = rest.split_first()?;
            (usize::from(*length), value)
        }
        0xb0 | 0xb1 => {
            let (length, value) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_be_bytes(*length)).ok()?, value)
        }
        _ => return None,
    };
    (value.len() == length).then(|| section.slice_ref(value))
}

/// A header that is text, also one that some libraries send as bytes; others are as good as none.
fn header(properties: &BasicProperties, name: &str) -> Option<String> {
    let bytes = match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => text.as_bytes(),
        AMQPValue::ByteArray(bytes) => bytes.as_slice(),
        AMQPValue::ShortString(text) => text.as_str().as_bytes(),
        _ => return None,
    };
    // What is no UTF-8 is there all the same, and malformed.
    Some(String::from_utf8_lossy(bytes).into_owned())
}

fn text(property: &Option<ShortString>) -> Option<String> {
    property.as_ref().map(|text| text.as_str().to_owned())
}

/// W3C Trace Context, version 00: `00-<32 hex>-<16 hex>-<2 hex>`. It is copied into events, so that
/// nothing else may pass for it.
fn is_traceparent(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let hex = |c: char| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c);
    lengths == [2, 32, 16, 2] && text.chars().all(hex)
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldTable;

    use super::*;

    #[test]
    fn only_a_traceparent_passes_for_one() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let table = [
            (good.to_owned(), true),
            (good.to_uppercase(), false),
            (format!("{good}-"), false),
            (good.replace('4', "@"), false),
            ("ann@contoso.com".to_owned(), false),
            (String::new(), false),
        ];
        for (text, expected) in table {
            assert_eq!(is_traceparent(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_value_of_amqp_1_0_is_read() {
        let long = [&[0x00, 0x53, 0x77, 0xb1, 0, 0, 1, 0][..], &[b'x'; 256]].concat();
        let table: [(&[u8], Option<&[u8]>); 8] = [
            (b"\0\x53\x77\xa1\x02{}", Some(b"{}")),
            (b"\0\x53\x77\xa0\x02{}", Some(b"{}")),
            (b"\0\x53\x77\xb0\0\0\0\x02{}", Some(b"{}")),
            (&long, Some(&[b'x'; 256])),
            (b"\0\x53\x77\xa1\x03{}", None),
            (b"\0\x53\x77\xd1\0\0\0\0", None),
            (b"\0\x53\x77", None),
            (b"{}", None),
        ];
        let properties = BasicProperties::default().with_type(AMQP_1_0.into());
        for (section, expected) in table {
            let section = Bytes::copy_from_slice(section);
            let (body, label) = read(&section, &properties);
            assert_eq!(&body[..], expected.unwrap_or(&section), "{section:?}");
            assert_eq!(label.content_encoding.is_some(), expected.is_none(), "{section:?}");
        }
        let plain = Bytes::from_static(b"\0\x53\x77\xa1\x02{}");
        assert_eq!(read(&plain, &BasicProperties::default()).0, plain, "only where it says so");
    }

    #[test]
    fn headers_of_all_libraries_are_read() {
        let with = |name: &str, value| {
            let mut headers = FieldTable::default();
            headers.insert(name.into(), value);
            read(&Bytes::new(), &BasicProperties::default().with_headers(headers)).1
        };
        for value in [
            AMQPValue::LongString("h..s".into()),
            AMQPValue::ShortString("h..s".into()),
            AMQPValue::ByteArray(b"h..s".to_vec().into()),
        ] {
            assert_eq!(with(SIGNATURE, value).signature.as_deref(), Some("h..s"));
        }
        let broken = AMQPValue::ByteArray(vec![0xff].into());
        assert_eq!(with(SIGNATURE, broken).signature.as_deref(), Some("\u{fffd}"));
        let packed = AMQPValue::LongString("application/x-gzip".into());
        let label = with("compression", packed);
        assert_eq!(label.content_encoding.as_deref(), Some("application/x-gzip"));
    }
}
