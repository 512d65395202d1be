//! Another program on the broker: it sends requests and reads what comes back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
    PublisherConfirm,
};
use serde_json::{Value, json};

const REQUESTS: &str = "dsr.requests";
const EVENTS: &str = "dsr.events";

/// A connection of its own, with every publish confirmed.
pub struct Producer {
    channel: Channel,
    _connection: Connection,
}

impl Producer {
    pub async fn connect(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { channel, _connection: connection }
    }

    /// Makes the queue of requests as the daemon does, so that requests can come before it.
    pub async fn declare_requests(&self) {
        let long = |text: &str| AMQPValue::LongString(text.into());
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), long("quorum"));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(50));
        arguments.insert("x-dead-letter-exchange".into(), long(""));
        arguments.insert("x-dead-letter-routing-key".into(), long("dsr.dead-letters"));
        let durable = QueueDeclareOptions::durable();
        self.channel.queue_declare(REQUESTS.into(), durable, arguments).await.unwrap();
    }

    /// Makes a queue that gets the events with this routing key.
    pub async fn listen(&self, queue: &str, key: &str) {
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let (topic, none) = (ExchangeKind::Topic, FieldTable::default());
        self.channel.exchange_declare(EVENTS.into(), topic, durable, none).await.unwrap();
        let (durable, none) = (QueueDeclareOptions::durable(), FieldTable::default());
        self.channel.queue_declare(queue.into(), durable, none).await.unwrap();
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        self.channel
            .queue_bind(queue.into(), EVENTS.into(), key.into(), options, none)
            .await
            .unwrap();
    }

    /// Sends a request and waits until the broker has it.
    pub async fn send(&self, body: &[u8]) {
        self.send_all([body]).await;
    }

    /// Sends many, and then waits until the broker has them.
    pub async fn send_all(&self, bodies: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        let mut sent = Vec::new();
        for body in bodies {
            let confirm = self.publish(body.as_ref(), FieldTable::default()).await;
            sent.push((body, confirm));
        }
        for (body, confirm) in sent {
            self.arrive(body.as_ref(), FieldTable::default(), confirm).await;
        }
    }

    /// Sends a request with these headers and waits until the broker has it.
    pub async fn send_with(&self, body: &[u8], headers: FieldTable) {
        let confirm = self.publish(body, headers.clone()).await;
        self.arrive(body, headers, confirm).await;
    }

    /// Sends again what the broker gave back or refused: a daemon that has just started may not
    /// have made the queue yet, and a quorum queue that was just made may still choose its leader.
    async fn arrive(&self, body: &[u8], headers: FieldTable, mut confirm: PublisherConfirm) {
        let begun = Instant::now();
        loop {
            match confirm.await.unwrap() {
                Confirmation::Ack(None) => return,
                Confirmation::Ack(Some(_)) | Confirmation::Nack(_) => {}
                unconfirmed @ Confirmation::NotRequested => panic!("{unconfirmed:?}"),
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the queue {REQUESTS} takes none");
            tokio::time::sleep(Duration::from_millis(50)).await;
            confirm = self.publish(body, headers.clone()).await;
        }
    }

    async fn publish(&self, body: &[u8], headers: FieldTable) -> PublisherConfirm {
        let properties = BasicProperties::default().with_delivery_mode(2).with_headers(headers);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sent =
            self.channel.basic_publish("".into(), REQUESTS.into(), options, body, properties);
        sent.await.unwrap()
    }

    /// All that a queue holds.
    pub async fn drain(&self, queue: &str) -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) = self.channel.basic_get(queue.into(), options).await.unwrap() {
            bodies.push(message.delivery.data);
        }
        bodies
    }

    /// Messages that wait in a queue.
    pub async fn depth(&self, queue: &str) -> u32 {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let declared = self.channel.queue_declare(queue.into(), passive, FieldTable::default());
        declared.await.unwrap().message_count()
    }

    pub async fn delete(&self, queue: &str) {
        let deleted = self.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
        deleted.unwrap();
    }
}

/// A request about somebody of whom nothing is held, as JSON.
pub fn request(id: &str, person: &str) -> String {
    json!({
        "regulation": "gdpr",
        "subject_request_id": id,
        "subject_request_type": "access",
        "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [
            { "identity_type": "email", "identity_value": format!("{person}@contoso.com") }
        ],
    })
    .to_string()
}

/// The ids of events by what they are about; however often one came, it came under one id.
pub fn ids(events: &[Vec<u8>]) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for event in events {
        let event: Value = serde_json::from_slice(event).unwrap();
        let (subject, id) = (event["subject"].as_str().unwrap(), event["id"].as_str().unwrap());
        let known = ids.entry(subject.to_owned()).or_insert_with(|| id.to_owned());
        assert_eq!(known, id, "{subject} was announced under two ids");
    }
    ids
}
