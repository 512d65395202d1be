//! Events to the topic exchange, and to whoever asked to be answered.

use async_trait::async_trait;
use bytes::Bytes;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use percent_encoding::percent_decode_str;

use crate::adapters::amqp::connection::ANSWER_TIME_MAX;
use crate::adapters::amqp::publisher::{Message, Publisher, Taken};
use crate::config::settings::Amqp;
use crate::domain::event::{Announcement, TYPE_PREFIX};
use crate::domain::failure::Failure;
use crate::ports::messages::announcer::{Announced, Announcer};

/// Media type of an event in structured mode.
const CONTENT_TYPE: &str = "application/cloudevents+json; charset=UTF-8";
/// AMQP's word for "write it to disk".
pub const PERSISTENT: u8 = 2;

/// Names that RabbitMQ gives to replies without a queue. It ends the connection of whoever
/// publishes to a forged one, so that a single message could keep every event from going out.
const DIRECT_REPLY: &str = "amq.rabbitmq.reply-to";

/// Announces on a broker.
pub struct AmqpAnnouncer {
    publisher: Publisher,
}

impl AmqpAnnouncer {
    /// Prepares to announce; the first event connects.
    ///
    /// # Errors
    /// `NeedsPerson` where the URL or a name is not one.
    pub fn new(settings: &Amqp) -> Result<Self, Failure> {
        Ok(Self { publisher: Publisher::new(settings, "events")? })
    }

    fn event(&self, announcement: &Announcement) -> Message {
        let event_type = announcement.event_type();
        let routing_key = event_type.strip_prefix(TYPE_PREFIX).unwrap_or(&event_type);
        Message {
            exchange: self.publisher.topology().events.clone(),
            routing_key: routing_key.into(),
            body: Bytes::from(announcement.body.clone()),
            properties: properties(announcement, &event_type),
        }
    }

    /// The same event for the queue that the producer named. Our own queues are no answer: an event
    /// among the requests would be refused as bad input.
    fn reply(&self, announcement: &Announcement, event: &Message) -> Option<Message> {
        let reply_to = announcement.correspondence.reply_to.as_deref();
        let reply_to = reply_to.filter(|reply_to| !reply_to.is_empty())?;
        let queue = ShortString::try_new(queue_in(reply_to)).ok();
        let topology = self.publisher.topology();
        let is_any = |name: &ShortString| {
            let is_ours = *name == topology.requests || *name == topology.dead_letters;
            !is_ours && !name.as_str().is_empty() && !name.as_str().starts_with(DIRECT_REPLY)
        };
        let Some(queue) = queue.filter(is_any) else {
            if announcement.sequence == 1 {
                let id = announcement.request.as_str();
                tracing::warn!(request.id = id, "reply_to names no queue that events may go to");
            }
            return None;
        };
        Some(Message {
            exchange: ShortString::default(),
            routing_key: queue,
            body: event.body.clone(),
            properties: event.properties.clone(),
        })
    }
}

#[async_trait]
impl Announcer for AmqpAnnouncer {
    /// `Unroutable` only where neither the exchange nor the reply queue took it. A reply is best
    /// effort: queues of producers come and go.
    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Failure> {
        let event = self.event(announcement);
        let reply = self.reply(announcement, &event);
        // A queue of a producer may never confirm; the event is told all the same.
        let replying = async {
            match &reply {
                Some(reply) => self.publisher.publish_within(ANSWER_TIME_MAX, reply).await,
                None => Ok(None),
            }
        };
        let (event, reply) = tokio::join!(self.publisher.publish(&event), replying);
        match (event?, reply) {
            (Taken::Routed, _) | (_, Ok(Some(Taken::Routed))) => Ok(Announced::Confirmed),
            (Taken::Unroutable, _) => Ok(Announced::Unroutable),
        }
    }

    /// A broker that hands out requests may still be too short of memory or disk to take events. It
    /// blocks only connections that publish, so that this one has to be asked.
    async fn ping(&self) -> Result<(), Failure> {
        self.publisher.ping().await
    }
}

/// The queue that an address of AMQP 1.0 names, `/queues/NAME` with the name percent-encoded, or in
/// the older form of RabbitMQ's plugin `/queue/NAME`; else the address is the name.
fn queue_in(reply_to: &str) -> String {
    if let Some(name) = reply_to.strip_prefix("/queues/") {
        return percent_decode_str(name).decode_utf8_lossy().into_owned();
    }
    let older = ["/amq/queue/", "/queue/"];
    let name = older.into_iter().find_map(|start| reply_to.strip_prefix(start));
    name.unwrap_or(reply_to).to_owned()
}

fn properties(announcement: &Announcement, event_type: &str) -> BasicProperties {
    let mut properties = BasicProperties::default()
        .with_content_type(CONTENT_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(announcement.id.to_string().into())
        .with_type(event_type.into());
    let to = &announcement.correspondence;
    if let Some(id) = to.correlation_id.as_deref().and_then(|id| ShortString::try_new(id).ok()) {
        properties = properties.with_correlation_id(id);
    }
    if let Some(traceparent) = &to.traceparent {
        let mut headers = FieldTable::default();
        headers.insert("traceparent".into(), AMQPValue::LongString(traceparent.as_str().into()));
        properties = properties.with_headers(headers);
    }
    properties
}
