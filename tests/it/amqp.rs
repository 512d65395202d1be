//! A real broker as the door: what a ticketing system and an operator see of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dsrd::adapters::amqp::announcer::AmqpAnnouncer;
use dsrd::adapters::amqp::inbox::AmqpInbox;
use dsrd::adapters::amqp::submit::submit;
use dsrd::config::secret::Secret;
use dsrd::config::settings::{Amqp, Tls};
use dsrd::domain::event::{Announcement, Content, Correspondence, Envelope};
use dsrd::domain::failure::FailureKind;
use dsrd::domain::request::RequestId;
use dsrd::ports::messages::announcer::{Announced, Announcer};
use dsrd::ports::messages::inbox::{Delivery, Inbox, Settlement};
use dsrd::ports::system::Clock;
use jiff::Timestamp;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::time::timeout;

use crate::support::ports::free_port;
use crate::support::rabbitmq::RabbitMq;

const MESSAGE_BYTES_MAX: usize = 1000;
/// Longer than any reconnection takes.
const PATIENCE: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_millis(700);
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_request_comes_in_and_its_events_go_out() {
    let rabbit = RabbitMq::start().await;
    let door = Door::open(&rabbit.url());
    door.inbox.ping().await.unwrap();
    let producer = Producer::connect(&rabbit.url()).await;
    let correspondence = requests_come_in(&door, &producer, &settings(&rabbit.url())).await;
    events_go_out(&door, &producer, &correspondence).await;
    unroutable_ones_are_told_apart(&door).await;
}

async fn requests_come_in(door: &Door, producer: &Producer, settings: &Amqp) -> Correspondence {
    // With everything that a producer may say.
    producer.declare("copies").await;
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString(TRACEPARENT.into()));
    headers.insert("CC".into(), AMQPValue::FieldArray(vec![long("copies")].into()));
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_message_id("m-1".into())
        .with_correlation_id("ticket-7".into())
        .with_reply_to("answers".into())
        .with_expiration("600000".into())
        .with_headers(headers);
    producer.publish(b"good", properties.clone()).await;
    let delivery = door.receive().await;
    assert_eq!(delivery.body, "good");
    assert_eq!(delivery.label.content_type.as_deref(), Some("application/json"));
    let correspondence = Correspondence {
        reply_to: Some("answers".to_owned()),
        correlation_id: Some("ticket-7".to_owned()),
        traceparent: Some(TRACEPARENT.to_owned()),
        message_id: Some("m-1".to_owned()),
    };
    assert_eq!(delivery.correspondence, correspondence);
    door.inbox.settle(delivery, Settlement::Taken).await.unwrap();

    // Refused: whole, with the reason, and the broker sends it nowhere else.
    let whole = vec![b'x'; MESSAGE_BYTES_MAX * 200];
    producer.publish(&whole, properties).await;
    let delivery = door.receive().await;
    assert_eq!(delivery.body.len(), MESSAGE_BYTES_MAX + 1);
    door.inbox.settle(delivery, Settlement::Refused("too_large".to_owned())).await.unwrap();
    let (body, letter) = producer.get("dsr.dead-letters").await.unwrap();
    assert_eq!(body, whole);
    let headers = letter.headers().clone().unwrap();
    assert_eq!(headers.inner()["x-dsrd-reason"], long("too_large"));
    assert_eq!(headers.inner()["x-dsrd-time"], AMQPValue::Timestamp(1_800_000_000));
    assert_eq!(letter.message_id().as_ref().unwrap().as_str(), "m-1");
    assert_eq!(producer.depth("copies").await, 2, "the producer's own copies");

    // Returned: comes again, and neither of the others does.
    submit(settings, Bytes::from_static(b"later"), "m-2", None).await.unwrap();
    let delivery = door.receive().await;
    door.inbox.settle(delivery, Settlement::Returned).await.unwrap();
    let delivery = door.receive().await;
    assert_eq!(delivery.body, "later");
    assert_eq!(delivery.correspondence.message_id.as_deref(), Some("m-2"));
    door.inbox.settle(delivery, Settlement::Taken).await.unwrap();
    assert!(timeout(QUIET, door.inbox.receive()).await.is_err());
    assert_eq!(producer.depth("dsr.requests").await, 0);

    correspondence
}

async fn events_go_out(door: &Door, producer: &Producer, to: &Correspondence) {
    // Nobody listens, then the producer's queue only, then a bound queue as well.
    let event = announcement("completed", to);
    assert_eq!(door.announce(&event).await, Announced::Unroutable);
    producer.declare("answers").await;
    assert_eq!(door.announce(&event).await, Announced::Confirmed);
    producer.declare("listener").await;
    producer.bind("listener", "request.completed.*").await;
    assert_eq!(door.announce(&event).await, Announced::Confirmed);
    for queue in ["answers", "answers", "listener"] {
        let (body, properties) = producer.get(queue).await.unwrap();
        assert_eq!(body, event.body.as_bytes());
        let expected = BasicProperties::default()
            .with_content_type("application/cloudevents+json; charset=UTF-8".into())
            .with_delivery_mode(2)
            .with_message_id(event.id.to_string().into())
            .with_correlation_id("ticket-7".into())
            .with_type("io.dsrd.request.completed.v1".into())
            .with_headers(table("traceparent", TRACEPARENT));
        assert_eq!(properties, expected);
    }
}

async fn unroutable_ones_are_told_apart(door: &Door) {
    let events: Vec<Announcement> = (0..400)
        .map(|n| if n % 7 == 0 { "progressed" } else { "completed" })
        .map(|name| announcement(name, &Correspondence::default()))
        .collect();
    let announced =
        futures::future::join_all(events.iter().map(|event| door.announce(event))).await;
    for (event, announced) in events.iter().zip(announced) {
        let expected = match event.name.as_str() {
            "completed" => Announced::Confirmed,
            _ => Announced::Unroutable,
        };
        assert_eq!(announced, expected, "{}", event.name);
    }
}

#[tokio::test]
async fn the_broker_goes_and_comes_and_nothing_is_lost() {
    let mut rabbit = RabbitMq::start().await;
    let door = Door::open(&rabbit.url());
    let settings = settings(&rabbit.url());
    let request = |n| submit(&settings, Bytes::from(format!("request {n}")), "m", None);

    // In order, and while somebody waits for a request.
    let (delivery, ()) = tokio::join!(door.receive(), async {
        timeout(QUIET, std::future::pending::<()>()).await.unwrap_err();
        rabbit.restart_term().await;
        request(0).await.unwrap();
    });
    assert_eq!(delivery.body, "request 0");

    // At once, while one request is settled, one is not, two wait, and an event goes out.
    for n in 1..4 {
        request(n).await.unwrap();
    }
    // After the end of a connection one is taken at a time.
    door.inbox.settle(delivery, Settlement::Taken).await.unwrap();
    let unsettled = door.receive().await;
    assert_eq!(unsettled.body, "request 1");
    rabbit.kill().await;
    assert!(door.inbox.ping().await.is_err());
    door.inbox.settle(unsettled, Settlement::Taken).await.unwrap();
    let event = announcement("completed", &Correspondence::default());
    let (announced, ()) = tokio::join!(door.announce(&event), rabbit.start_again());
    assert_eq!(announced, Announced::Unroutable);
    // In whatever order: they come again. And request 0 with them, where the broker died before it
    // had written the acknowledgement down.
    let mut open = std::collections::BTreeSet::from(["request 1", "request 2", "request 3"]);
    while !open.is_empty() {
        let delivery = door.receive().await;
        let body = String::from_utf8(delivery.body.to_vec()).unwrap();
        assert!(open.remove(&*body) || body == "request 0", "{body}");
        door.inbox.settle(delivery, Settlement::Taken).await.unwrap();
    }
    door.inbox.ping().await.unwrap();

    // Deleted under our feet: made again.
    let producer = Producer::connect(&rabbit.url()).await;
    producer.delete("dsr.requests").await;
    producer.delete("dsr.dead-letters").await;
    let (delivery, submitted) = tokio::join!(door.receive(), request(9));
    submitted.unwrap();
    assert_eq!(delivery.body, "request 9");
    door.inbox.settle(delivery, Settlement::Refused("bad".to_owned())).await.unwrap();
    assert_eq!(producer.get("dsr.dead-letters").await.unwrap().0, b"request 9");
}

#[tokio::test]
async fn what_a_person_must_mend_is_said_and_secrets_are_not() {
    let rabbit = RabbitMq::start().await;
    let producer = Producer::connect(&rabbit.url()).await;

    producer.declare("dsr.requests").await;
    let door = Door::open(&rabbit.url());
    let failure = timeout(PATIENCE, door.inbox.receive()).await.unwrap().err().unwrap();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert_eq!(
        failure.to_string(),
        "declaring the queue dsr.requests: it exists with other arguments; delete it once it is \
         empty, give another name in [queue] requests, or set [queue] declare to false to take it \
         as it is"
    );
    assert!(failure.chain().contains("PRECONDITION_FAILED"), "{}", failure.chain());
    producer.delete("dsr.requests").await;
    assert!(timeout(QUIET, door.inbox.receive()).await.is_err(), "mended: it waits again");

    let wrong = rabbit.url().replace("guest:guest", "guest:Sesame123");
    let failure =
        timeout(PATIENCE, Door::open(&wrong).inbox.receive()).await.unwrap().err().unwrap();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert!(!failure.chain().contains("Sesame123"), "{}", failure.chain());

    let failure = AmqpAnnouncer::new(&settings("http://guest:Sesame123@host")).err().unwrap();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert!(!failure.chain().contains("Sesame123"), "{}", failure.chain());
}

#[tokio::test]
async fn a_broker_is_believed_and_believes_us_by_certificates() {
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (broker, ours) = (authority.vouches_for("localhost"), authority.vouches_for("dsrd"));
    let write = |name: &str, pem: &str| {
        std::fs::write(folder.path().join(name), pem).unwrap();
    };
    write("ca.pem", &authority.pem());
    write("cert.pem", &broker.0);
    write("key.pem", &broker.1);
    let configuration = format!(
        "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {0}/ca.pem\n\
         ssl_options.certfile = {0}/cert.pem\nssl_options.keyfile = {0}/key.pem\n\
         ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n",
        folder.path().display()
    );
    let _rabbit = RabbitMq::start_with(&configuration).await;
    let url = |port: u16| Secret::new(format!("amqps://guest:guest@localhost:{port}/%2f"));

    let mut settings = settings("");
    // The first node is down.
    settings.urls = vec![url(free_port()), url(port)];
    settings.tls = Tls {
        ca: Some(authority.pem()),
        client: Some((ours.0.clone(), Secret::new(ours.1.clone()))),
    };
    let door = Door::with(&settings);
    door.inbox.ping().await.map_err(|failure| failure.chain()).unwrap();
    submit(&settings, Bytes::from_static(b"in private"), "m-1", None).await.unwrap();
    assert_eq!(door.receive().await.body, "in private");

    // Neither a broker that nobody vouches for, nor us without a certificate.
    let stranger = Authority::new();
    let trusting_another = Tls { ca: Some(stranger.pem()), ..settings.tls.clone() };
    let without_our_own = Tls { client: None, ..settings.tls.clone() };
    for tls in [trusting_another, without_our_own] {
        settings.tls = tls;
        assert!(Door::with(&settings).inbox.ping().await.is_err());
    }
}

/// Somebody who vouches for others.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = named("authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and private key.
    fn vouches_for(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = named(name);
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// A certificate under its own name: one that bears its issuer's would pass for self-signed.
fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

#[tokio::test]
async fn what_is_not_declared_must_be_there() {
    let rabbit = RabbitMq::start().await;
    let mut settings = settings(&rabbit.url());
    settings.declare = false;
    let door = Door::with(&settings);
    let failure = timeout(PATIENCE, door.inbox.receive()).await.unwrap().err().unwrap();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert_eq!(
        failure.to_string(),
        "looking for the queue dsr.dead-letters: it is not there; make it, correct [queue] \
         dead_letters, or set [queue] declare to true"
    );
    // Of whatever sort the administrator made them.
    let producer = Producer::connect(&rabbit.url()).await;
    producer.declare("dsr.requests").await;
    producer.declare("dsr.dead-letters").await;
    let exchange = producer.channel.exchange_declare(
        "dsr.events".into(),
        lapin::ExchangeKind::Topic,
        ExchangeDeclareOptions::default(),
        FieldTable::default(),
    );
    exchange.await.unwrap();
    submit(&settings, Bytes::from_static(b"there"), "m-1", None).await.unwrap();
    assert_eq!(door.receive().await.body, "there");
}

/// Headers that fill the broker's frame leave no room for ours.
#[tokio::test]
async fn a_dead_letter_with_vast_headers_is_kept_and_keeps_nothing_else() {
    let rabbit = RabbitMq::start().await;
    let door = Door::open(&rabbit.url());
    door.inbox.ping().await.unwrap();
    let producer = Producer::connect(&rabbit.url()).await;
    let headers = table("vast", &"x".repeat(131_072 - 100));
    let properties = BasicProperties::default().with_headers(headers);
    producer.publish(b"rubbish", properties).await;

    let delivery = door.receive().await;
    let refused = Settlement::Refused("not_json".to_owned());
    timeout(PATIENCE, door.inbox.settle(delivery, refused)).await.unwrap().unwrap();

    let (body, letter) = producer.get("dsr.dead-letters").await.unwrap();
    assert_eq!(body, b"rubbish");
    let headers = letter.headers().clone().unwrap();
    assert_eq!(headers.inner()["x-dsrd-reason"], long("not_json"));
    assert_eq!(headers.inner()["x-dsrd-headers-dropped"], AMQPValue::LongUInt(1));
    assert_eq!(producer.depth("dsr.requests").await, 0);
}

/// Both adapters, as the daemon holds them.
struct Door {
    inbox: AmqpInbox,
    announcer: AmqpAnnouncer,
}

impl Door {
    fn open(url: &str) -> Self {
        Self::with(&settings(url))
    }

    fn with(settings: &Amqp) -> Self {
        let inbox = AmqpInbox::new(settings, Arc::new(StoodStill), MESSAGE_BYTES_MAX);
        Self { inbox: inbox.unwrap(), announcer: AmqpAnnouncer::new(settings).unwrap() }
    }

    async fn receive(&self) -> Delivery {
        timeout(PATIENCE, self.inbox.receive()).await.unwrap().unwrap()
    }

    async fn announce(&self, event: &Announcement) -> Announced {
        timeout(PATIENCE, self.announcer.announce(event)).await.unwrap().unwrap()
    }
}

fn settings(url: &str) -> Amqp {
    Amqp {
        urls: vec![Secret::new(url.to_owned())],
        tls: Tls::default(),
        declare: true,
        requests: "dsr.requests".to_owned(),
        dead_letters: "dsr.dead-letters".to_owned(),
        events: "dsr.events".to_owned(),
        prefetch: 16,
    }
}

fn announcement(name: &str, to: &Correspondence) -> Announcement {
    let envelope = Envelope { source: "urn:test".to_owned(), controller_id: "c".to_owned() };
    let request = RequestId::new("r-1").unwrap();
    let content = Content {
        request: &request,
        subject: &request,
        sequence: 3,
        name,
        at: Timestamp::UNIX_EPOCH,
        kind: None,
        regulation: None,
        due: None,
        details: serde_json::Map::new(),
    };
    envelope.announce(content, to)
}

struct StoodStill;

#[async_trait]
impl Clock for StoodStill {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    async fn sleep_ms(&self, _millis: u64) {}
}

/// Another program on the broker.
struct Producer {
    channel: Channel,
    _connection: Connection,
}

impl Producer {
    async fn connect(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        Self { channel: connection.create_channel().await.unwrap(), _connection: connection }
    }

    async fn publish(&self, body: &[u8], properties: BasicProperties) {
        let options = BasicPublishOptions::default();
        let sent =
            self.channel.basic_publish("".into(), "dsr.requests".into(), options, body, properties);
        sent.await.unwrap().await.unwrap();
    }

    async fn declare(&self, queue: &str) {
        let options = QueueDeclareOptions::durable();
        self.channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    }

    async fn bind(&self, queue: &str, key: &str) {
        let (options, exchange) = (QueueBindOptions::default(), "dsr.events");
        let arguments = FieldTable::default();
        self.channel
            .queue_bind(queue.into(), exchange.into(), key.into(), options, arguments)
            .await
            .unwrap();
    }

    async fn delete(&self, queue: &str) {
        let deleted = self.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
        deleted.unwrap();
    }

    async fn get(&self, queue: &str) -> Option<(Vec<u8>, BasicProperties)> {
        let options = BasicGetOptions { no_ack: true };
        let message = self.channel.basic_get(queue.into(), options).await.unwrap()?;
        Some((message.delivery.data, message.delivery.properties))
    }

    async fn depth(&self, queue: &str) -> u32 {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let declared = self.channel.queue_declare(queue.into(), passive, FieldTable::default());
        declared.await.unwrap().message_count()
    }
}

fn table(key: &str, value: &str) -> FieldTable {
    let mut table = FieldTable::default();
    table.insert(key.into(), long(value));
    table
}

fn long(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// RabbitMQ's `channel_max`, and the URL's.
#[tokio::test]
async fn few_channels_are_enough() {
    let rabbit = RabbitMq::start().await;
    for channels in [1, 2, 6, 31] {
        let door = Door::open(&format!("{}?channel_max={channels}", rabbit.url()));
        let producer = Producer::connect(&rabbit.url()).await;
        door.inbox.ping().await.map_err(|failure| failure.chain()).unwrap();
        producer.declare("listener").await;
        producer.bind("listener", "request.#").await;
        let events: Vec<Announcement> =
            (0..100).map(|_| announcement("completed", &Correspondence::default())).collect();
        for _ in 0..2 {
            let announced = futures::future::join_all(events.iter().map(|one| door.announce(one)));
            let announced = timeout(PATIENCE, announced).await.expect("none waits for ever");
            assert!(announced.iter().all(|one| *one == Announced::Confirmed), "{channels}");
            door.announcer.ping().await.map_err(|failure| failure.chain()).unwrap();
        }
        producer.publish(b"good", BasicProperties::default()).await;
        let delivery = door.receive().await;
        door.inbox.settle(delivery, Settlement::Refused("bad".to_owned())).await.unwrap();
        door.inbox.ping().await.map_err(|failure| failure.chain()).unwrap();
        assert!(producer.get("dsr.dead-letters").await.is_some());
    }
}

/// A broker repeats what it does not know, and it may be told too much.
#[tokio::test]
async fn what_the_broker_repeats_holds_no_secret() {
    let rabbit = RabbitMq::start().await;
    let port = rabbit.url().rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned();
    for (user, host) in [
        ("guest:guest", "%2F%3Bamqp:%2F%2Fsvc:hunter2%40b2%2Fv"),
        ("guest:guest", "%2F,amqps:%2F%2Fsvc:hunter2%40b2"),
        ("guest:hunter2", "%2f"),
    ] {
        let door = Door::open(&format!("amqp://{user}@127.0.0.1:{port}/{host}"));
        for failure in [door.inbox.ping().await, door.announcer.ping().await] {
            let failure = failure.expect_err("there is no such place").chain();
            assert!(!failure.contains("hunter2"), "{failure}");
        }
    }
}

/// What is returned keeps its place: nothing that came later goes before it.
#[tokio::test]
async fn what_is_returned_comes_again_before_what_is_newer() {
    let rabbit = RabbitMq::start().await;
    let door = Door::open(&rabbit.url());
    let producer = Producer::connect(&rabbit.url()).await;
    door.inbox.ping().await.unwrap();
    // One is taken alone at first, and more once it turned out well.
    producer.publish(b"first", BasicProperties::default()).await;
    let first = door.receive().await;
    door.inbox.settle(first, Settlement::Taken).await.unwrap();
    for body in [&b"export"[..], b"erasure", b"later"] {
        producer.publish(body, BasicProperties::default()).await;
    }
    let (export, erasure) = (door.receive().await, door.receive().await);
    assert_eq!((&export.body[..], &erasure.body[..]), (&b"export"[..], &b"erasure"[..]));
    for delivery in [erasure, export] {
        door.inbox.settle(delivery, Settlement::Returned).await.unwrap();
    }
    for body in ["export", "erasure", "later"] {
        let delivery = door.receive().await;
        assert_eq!(delivery.body, body);
        door.inbox.settle(delivery, Settlement::Taken).await.unwrap();
    }
}

/// As pika and AMQP 1.0 have them.
#[tokio::test]
async fn properties_of_any_bytes_come_in_and_go_out() {
    let rabbit = RabbitMq::start().await;
    let door = Door::open(&rabbit.url());
    let producer = Producer::connect(&rabbit.url()).await;
    door.inbox.ping().await.unwrap();
    producer.declare("answers/here").await;
    let mut headers = FieldTable::default();
    headers.insert("dsrd-signature".into(), AMQPValue::ByteArray(b"h..s".to_vec().into()));
    headers.insert("nul".into(), long("a\0b"));
    let properties = BasicProperties::default()
        .with_type("amqp-1.0".into())
        .with_message_id("m\x001".into())
        .with_correlation_id("Ω\0日本".into())
        .with_reply_to("/queues/answers%2Fhere".into())
        .with_headers(headers);
    producer.publish(b"\0\x53\x77\xa1\x04good", properties.clone()).await;
    let delivery = door.receive().await;
    assert_eq!(delivery.body, "good");
    assert_eq!(delivery.label.signature.as_deref(), Some("h..s"));
    let to = delivery.correspondence.clone();
    assert_eq!(to.correlation_id.as_deref(), Some("Ω\0日本"));
    door.inbox.settle(delivery, Settlement::Refused("bad".to_owned())).await.unwrap();
    let (body, letter) = producer.get("dsr.dead-letters").await.unwrap();
    assert_eq!(body, b"\0\x53\x77\xa1\x04good", "whole, as it came");
    assert_eq!(letter.correlation_id(), properties.correlation_id());
    assert_eq!(door.announce(&announcement("completed", &to)).await, Announced::Confirmed);
    let (_, answer) = producer.get("answers/here").await.unwrap();
    assert_eq!(answer.correlation_id(), properties.correlation_id());
}
