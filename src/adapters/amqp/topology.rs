//! What must exist on the broker, and declaring it.
//!
//! It is declared on every channel that is opened, so that a queue or exchange which somebody
//! deleted while we run is back with the next channel.

use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ErrorKind, ExchangeKind};

use crate::config::settings::Amqp;
use crate::domain::failure::Failure;

/// How often the broker hands out a request whose consumer went away before it dead-letters it: the
/// end of a message that kills its reader. A ledger that is down costs one of these each time the
/// broker's acknowledgement timeout (30 minutes) passes, so a day of that must fit.
const DELIVERY_LIMIT: i32 = 50;

/// The names of what we declare.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Quorum queue of requests; dead-letters to the next.
    pub requests: ShortString,
    /// Quorum queue of what was refused.
    pub dead_letters: ShortString,
    /// Durable topic exchange.
    pub events: ShortString,
    /// Whether what is missing is made; else it is only looked for.
    make: bool,
}

impl Topology {
    /// Takes the names from the settings.
    ///
    /// # Errors
    /// `NeedsPerson` where a name is longer than the 255 bytes that AMQP allows.
    pub fn new(settings: &Amqp) -> Result<Self, Failure> {
        let name = |key: &str, text: &str| {
            ShortString::try_new(text).map_err(|error| {
                Failure::needs_person(format!("taking the name in [queue] {key}")).because(error)
            })
        };
        Ok(Self {
            requests: name("requests", &settings.requests)?,
            dead_letters: name("dead_letters", &settings.dead_letters)?,
            events: name("events", &settings.events)?,
            make: settings.declare,
        })
    }

    /// Declares all three, or looks whether they are there; what is there already with the same
    /// arguments stays as it is.
    ///
    /// # Errors
    /// `NeedsPerson` where one is there with other arguments, or is missing and not ours to make.
    pub async fn declare(&self, channel: &Channel) -> Result<(), Failure> {
        self.declare_queue(channel, &self.dead_letters, "dead_letters", quorum()).await?;
        self.declare_queue(channel, &self.requests, "requests", self.request_arguments()).await?;
        let durable = ExchangeDeclareOptions {
            durable: true,
            passive: !self.make,
            ..ExchangeDeclareOptions::default()
        };
        channel
            .exchange_declare(
                self.events.clone(),
                ExchangeKind::Topic,
                durable,
                FieldTable::default(),
            )
            .await
            .map_err(|error| refused("exchange", "events", &self.events, &error))
    }

    async fn declare_queue(
        &self,
        channel: &Channel,
        name: &ShortString,
        key: &str,
        arguments: FieldTable,
    ) -> Result<(), Failure> {
        let durable = QueueDeclareOptions { passive: !self.make, ..QueueDeclareOptions::durable() };
        channel
            .queue_declare(name.clone(), durable, arguments)
            .await
            .map(drop)
            .map_err(|error| refused("queue", key, name, &error))
    }

    fn request_arguments(&self) -> FieldTable {
        let mut arguments = quorum();
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
        arguments.insert("x-dead-letter-exchange".into(), text(""));
        arguments.insert("x-dead-letter-routing-key".into(), text(self.dead_letters.as_str()));
        arguments
    }
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn refused(what: &str, key: &str, name: &ShortString, error: &lapin::Error) -> Failure {
    if soft(error) == Some(AMQPSoftError::PRECONDITIONFAILED) {
        let doing = format!(
            "declaring the {what} {name}: it exists with other arguments; delete it once it is \
             empty, give another name in [queue] {key}, or set [queue] declare to false to take \
             it as it is"
        );
        return Failure::needs_person(doing).because_told(error);
    }
    if soft(error) == Some(AMQPSoftError::NOTFOUND) {
        // What we may make is never missing.
        let doing = format!(
            "looking for the {what} {name}: it is not there; make it, correct [queue] {key}, or \
             set [queue] declare to true"
        );
        return Failure::needs_person(doing).because_told(error);
    }
    failure(format!("declaring the {what} {name}"), error)
}

/// What an error of the broker means for us: what it refuses needs a person, everything else may
/// pass.
pub fn failure(doing: impl Into<String>, error: &lapin::Error) -> Failure {
    let needs_person = matches!(
        soft(error),
        Some(
            AMQPSoftError::ACCESSREFUSED
                | AMQPSoftError::PRECONDITIONFAILED
                | AMQPSoftError::RESOURCELOCKED
        )
    ) || hard(error) == Some(AMQPHardError::NOTALLOWED);
    // As text, since lapin's errors show their source in their own message already.
    if needs_person {
        Failure::needs_person(doing).because_told(error)
    } else {
        Failure::transient(doing).because_told(error)
    }
}

fn soft(error: &lapin::Error) -> Option<AMQPSoftError> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(soft) => Some(soft.clone()),
            AMQPErrorKind::Hard(_) => None,
        },
        _ => None,
    }
}

fn hard(error: &lapin::Error) -> Option<AMQPHardError> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Hard(hard) => Some(hard.clone()),
            AMQPErrorKind::Soft(_) => None,
        },
        _ => None,
    }
}
