//! `dsrd submit` on a broker: one request into the queue, confirmed.

use std::time::Duration;

use bytes::Bytes;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use tokio::time::timeout;

use crate::adapters::amqp::announcer::PERSISTENT;
use crate::adapters::amqp::publisher::{Message, Publisher};
use crate::config::settings::Amqp;
use crate::domain::failure::Failure;
use crate::ports::messages::inbox::SIGNATURE;

/// Longest wait for the confirm: a person is waiting at a terminal.
const SUBMIT_TIME_MAX: Duration = Duration::from_secs(30);

/// Puts one request, with its signature if it has one, into the queue and returns once the broker
/// has stored it.
///
/// # Errors
/// `Transient` where the broker did not confirm in time, `NeedsPerson` where it refused.
pub async fn submit(
    settings: &Amqp,
    body: Bytes,
    message_id: &str,
    signature: Option<&str>,
) -> Result<(), Failure> {
    let publisher = Publisher::new(settings, "submit")?;
    let message_id = ShortString::try_new(message_id)
        .map_err(|error| Failure::permanent("taking the message id").because(error))?;
    let mut headers = FieldTable::default();
    if let Some(signature) = signature {
        headers.insert(SIGNATURE.into(), AMQPValue::LongString(signature.into()));
    }
    let message = Message {
        exchange: ShortString::default(),
        routing_key: publisher.topology().requests.clone(),
        body,
        properties: BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(message_id)
            .with_headers(headers),
    };
    timeout(SUBMIT_TIME_MAX, publisher.publish_personal(&message)).await.unwrap_or_else(
        |_elapsed| {
            let (place, seconds) = (publisher.places(), SUBMIT_TIME_MAX.as_secs());
            let text = "whether it has the message nobody knows: send it again, the same request \
                        twice is one";
            let doing = format!("sending to the broker at {place}: no answer within {seconds} s");
            Err(Failure::transient(doing).because(text))
        },
    )
}
