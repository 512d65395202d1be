//! What was refused, kept whole for people to look at.
//!
//! Dead letters have a publisher to themselves: one that the broker will not take must not keep
//! events from going out.

use std::sync::Arc;

use cookie_factory::gen_simple;
use lapin::BasicProperties;
use lapin::types::generation::gen_field_table;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::adapters::amqp::announcer::PERSISTENT;
use crate::adapters::amqp::publisher::{Message, Publisher};
use crate::adapters::amqp::unsettled::Held;
use crate::config::settings::Amqp;
use crate::domain::failure::Failure;
use crate::ports::system::Clock;

/// The queue of dead letters.
pub struct DeadLetters {
    publisher: Publisher,
    clock: Arc<dyn Clock>,
}

impl DeadLetters {
    /// Prepares to keep dead letters; the first one connects.
    ///
    /// # Errors
    /// `NeedsPerson` where the URL or a name is not one.
    pub fn new(settings: &Amqp, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        Ok(Self { publisher: Publisher::new(settings, "dead letters")?, clock })
    }

    /// Puts the original there, with the reason. Once this returned it is safe to take it off the
    /// queue.
    ///
    /// # Errors
    /// `Transient` where the broker would not store it, `NeedsPerson` where we may not publish.
    pub async fn keep(&self, held: &Held, reason: &str) -> Result<(), Failure> {
        let frame_bytes_max = self.publisher.frame_bytes_max().await?;
        let at_s = self.clock.now().as_second();
        let message = Message {
            exchange: ShortString::default(),
            routing_key: self.publisher.topology().dead_letters.clone(),
            body: held.body.clone(),
            properties: properties(&held.properties, reason, at_s, frame_bytes_max),
        };
        self.publisher.publish_personal(&message).await
    }

    /// Whether the broker would take a dead letter now.
    ///
    /// # Errors
    /// What keeps it from that.
    pub async fn ping(&self) -> Result<(), Failure> {
        self.publisher.ping().await
    }
}

/// The properties of the original, with the reason and the time added and without what would change
/// where it goes or how long it stays: an expiry, a user that the broker would check against ours,
/// and RabbitMQ's `CC` and `BCC`.
fn properties(
    original: &BasicProperties,
    reason: &str,
    at_s: i64,
    frame_bytes_max: usize,
) -> BasicProperties {
    let headers = headers(original.headers().as_ref(), reason, at_s, frame_bytes_max);
    let mut kept = BasicProperties::default().with_delivery_mode(PERSISTENT).with_headers(headers);
    let mut keep = |property: &Option<ShortString>,
                    with: fn(BasicProperties, ShortString) -> BasicProperties| {
        if let Some(value) = property {
            kept = with(kept.clone(), value.clone());
        }
    };
    keep(original.content_type(), BasicProperties::with_content_type);
    keep(original.content_encoding(), BasicProperties::with_content_encoding);
    keep(original.correlation_id(), BasicProperties::with_correlation_id);
    keep(original.reply_to(), BasicProperties::with_reply_to);
    keep(original.message_id(), BasicProperties::with_message_id);
    keep(original.kind(), BasicProperties::with_type);
    keep(original.app_id(), BasicProperties::with_app_id);
    if let Some(timestamp) = original.timestamp() {
        kept = kept.with_timestamp(*timestamp);
    }
    if let Some(priority) = original.priority() {
        kept = kept.with_priority(*priority);
    }
    kept
}

/// AMQP 0-9-1 puts all properties of a message in one frame (section 2.3.5.2), and a broker ends
/// the connection of whoever sends a longer one than was agreed. So the original's headers get half
/// of it, our reason a quarter, and the rest is left to the other properties. Headers that do not
/// fit are left out, and counted in `x-dsrd-headers-dropped`.
fn headers(
    original: Option<&FieldTable>,
    reason: &str,
    at_s: i64,
    frame_bytes_max: usize,
) -> FieldTable {
    let mut headers = FieldTable::default();
    let (mut room, mut dropped) = (frame_bytes_max / 2, 0);
    for (key, value) in original.into_iter().flatten() {
        if matches!(key.as_str(), "CC" | "BCC") {
            continue;
        }
        let bytes = encoded_bytes(key, value);
        if bytes > room {
            dropped += 1;
            continue;
        }
        room -= bytes;
        headers.insert(key.clone(), value.clone());
    }
    let reason = &reason[..reason.floor_char_boundary(frame_bytes_max / 4)];
    let at_s = u64::try_from(at_s).unwrap_or_default();
    headers.insert("x-dsrd-reason".into(), AMQPValue::LongString(reason.into()));
    headers.insert("x-dsrd-time".into(), AMQPValue::Timestamp(at_s));
    if dropped > 0 {
        headers.insert("x-dsrd-headers-dropped".into(), AMQPValue::LongUInt(dropped));
    }
    headers
}

/// What a header takes of a frame.
fn encoded_bytes(key: &ShortString, value: &AMQPValue) -> usize {
    let mut alone = FieldTable::default();
    alone.insert(key.clone(), value.clone());
    // What cannot be encoded could not be sent.
    gen_simple(gen_field_table(&alone), Vec::new()).map_or(usize::MAX, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: usize = 131_072;

    fn long(text: &str) -> AMQPValue {
        AMQPValue::LongString(text.into())
    }

    #[test]
    fn a_dead_letter_stays_where_it_is_put() {
        let mut headers = FieldTable::default();
        headers.insert("CC".into(), long("elsewhere"));
        headers.insert("tenant".into(), long("contoso"));
        let original = BasicProperties::default()
            .with_headers(headers)
            .with_expiration("1000".into())
            .with_user_id("ticketing".into())
            .with_reply_to("answers".into())
            .with_delivery_mode(1);

        let letter = properties(&original, "not_json", 1_700_000_000, FRAME);

        let headers = letter.headers().as_ref().unwrap().inner();
        let keys: Vec<&str> = headers.keys().map(ShortString::as_str).collect();
        assert_eq!(keys, ["tenant", "x-dsrd-reason", "x-dsrd-time"]);
        assert_eq!(headers["x-dsrd-reason"], long("not_json"));
        assert_eq!(letter.reply_to(), original.reply_to());
        assert_eq!(*letter.delivery_mode(), Some(PERSISTENT));
        assert_eq!((letter.expiration(), letter.user_id()), (&None, &None));
    }

    #[test]
    fn a_dead_letter_fits_the_frame() {
        let mut headers = FieldTable::default();
        headers.insert("tenant".into(), long("contoso"));
        headers.insert("vast".into(), long(&"x".repeat(FRAME - 100)));
        let reason = "é".repeat(FRAME);

        let kept = super::headers(Some(&headers), &reason, 0, FRAME);

        let keys: Vec<&str> = kept.inner().keys().map(ShortString::as_str).collect();
        let ours = ["tenant", "x-dsrd-headers-dropped", "x-dsrd-reason", "x-dsrd-time"];
        assert_eq!(keys, ours);
        let bytes = gen_simple(gen_field_table(&kept), Vec::new()).unwrap().len();
        assert!(bytes < FRAME * 3 / 4, "{bytes}");
    }
}
