//! What stands on a message beside its body.

use crate::support::bad_input::row::{Row, good, text};

/// Why a schema cannot tell.
const BODY: &str = "a schema sees the body alone";

pub fn labels() -> Vec<Row> {
    let kind = |media: &str| {
        let mut row =
            text(&format!("the content type {media}"), good().to_string(), "content_type");
        row.label.content_type = Some(media.to_owned());
        row.beyond_schema(BODY)
    };
    let coding = |coding: &str| {
        let mut row =
            text(&format!("the content encoding {coding}"), good().to_string(), "content_encoding");
        row.label.content_encoding = Some(coding.to_owned());
        row.beyond_schema(BODY)
    };
    let mut both =
        kind("text/html; charset=utf-8").at(&[("", "content_type"), ("", "content_encoding")]);
    both.label.content_encoding = Some("br".to_owned());
    vec![
        kind("text/xml"),
        kind("text/plain"),
        kind("application/xml"),
        kind("application/octet-stream"),
        kind("application/x-java-serialized-object"),
        kind("application/jsonl"),
        kind("json"),
        kind("image/svg+xml"),
        kind("application/json\r\nx: y").named("a content type of two lines"),
        kind("+json"),
        kind("text/+json"),
        coding("gzip"),
        coding("application/x-gzip"),
        coding("utf-16"),
        coding("amqp-1.0"),
        coding("deflate"),
        coding("base64"),
        coding("aes128gcm"),
        both,
    ]
}

/// Properties that aim at the daemon rather than at a queue of the producer's.
pub fn hostile() -> Vec<Row> {
    let long = "x".repeat(255);
    let sent = |name: &str| text(name, format!("no JSON, and {name}"), "not_json");
    let reply = |name: &str, queue: &str| {
        let mut row = sent(name);
        queue.clone_into(&mut row.reply_to);
        row
    };
    let correlated = |name: &str, id: &str| {
        let mut row = sent(name);
        row.correlation_id = Some(id.to_owned());
        row
    };
    let mut identified = sent("a message id of two lines");
    identified.message_id = Some("m\r\nx: y".to_owned());
    let mut long_id = sent("a message id of 255 bytes");
    long_id.message_id = Some(long.clone());
    vec![
        reply("a reply to our own queue", "dsr.requests"),
        reply("a reply to the dead letters", "dsr.dead-letters"),
        reply("a reply to a queue that is not there", "nobody"),
        reply("a reply to two lines", "a\r\nb"),
        reply("a reply to a path", "../../answers"),
        reply("a forged direct reply", "amq.rabbitmq.reply-to.g1h2AA5yZXBseUAxMjM.x"),
        reply("a reply to 255 bytes", &long),
        reply("a reply to nothing", ""),
        correlated("a correlation id of two lines", "c\r\nx: y"),
        correlated("a correlation id with an escape", "c\u{1b}[2J"),
        correlated("a correlation id of crabs", &"🦀".repeat(60)),
        correlated("a correlation id with a NUL", "c\0d"),
        reply("a reply to a NUL", "a\0b"),
        reply("a reply by an address of AMQP 1.0", "/queues/no%2Fbody"),
        identified,
        long_id,
    ]
}
