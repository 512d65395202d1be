//! Publishing with confirms, many messages at once.
//!
//! Every message in flight has a channel to itself, from a small pool. On a shared channel one
//! acknowledgement may cover several messages, and lapin 4.12 then hands a returned message to any
//! of them: an event that no queue took would pass for confirmed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::adapters::amqp::connection::{Connection, Pause};
use crate::adapters::amqp::topology::{Topology, failure};
use crate::config::settings::Amqp;
use crate::domain::failure::Failure;

/// Messages in flight, each on its own channel.
const IN_FLIGHT_MAX: usize = 32;

/// Publishes and waits for confirms.
pub struct Publisher {
    connection: Connection,
    slots: Semaphore,
    idle: Mutex<Vec<Channel>>,
    /// Rung when a channel is put back.
    put_back: Notify,
}

/// A message on its way out.
pub struct Message {
    /// Exchange; the default one is the empty name.
    pub exchange: ShortString,
    /// Routing key; on the default exchange the name of a queue.
    pub routing_key: ShortString,
    /// Body, published as it is.
    pub body: Bytes,
    /// Properties, published as they are.
    pub properties: BasicProperties,
}

/// Where a confirmed message ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// In at least one queue.
    Routed,
    /// Nowhere: no queue is bound for it.
    Unroutable,
}

impl Publisher {
    /// Prepares a publisher; the first message connects. The broker's own pages show `role`.
    ///
    /// # Errors
    /// `NeedsPerson` where the URL or a name is not one.
    pub fn new(settings: &Amqp, role: &'static str) -> Result<Self, Failure> {
        Ok(Self {
            connection: Connection::new(settings, role)?,
            slots: Semaphore::new(IN_FLIGHT_MAX),
            idle: Mutex::new(Vec::new()),
            put_back: Notify::new(),
        })
    }

    /// Host and port of every node of the broker.
    pub fn places(&self) -> String {
        self.connection.places()
    }

    /// The names on the broker.
    pub fn topology(&self) -> &Topology {
        self.connection.topology()
    }

    /// Longest frame that the broker takes of us, and so the most that a message's properties may
    /// take. Connects where nobody did yet.
    ///
    /// # Errors
    /// As [`Connection::channel`].
    pub async fn frame_bytes_max(&self) -> Result<usize, Failure> {
        self.connection.frame_bytes_max().await
    }

    /// Whether the broker would take a message now.
    ///
    /// # Errors
    /// What keeps it from that.
    pub async fn ping(&self) -> Result<(), Failure> {
        self.connection.ping().await
    }

    /// Publishes and waits for the confirm. Where the broker goes away meanwhile, waits for it and
    /// publishes again, so that consumers may see the message twice.
    ///
    /// # Errors
    /// `Transient` where the broker would not store it, `NeedsPerson` where we may not publish.
    pub async fn publish(&self, message: &Message) -> Result<Taken, Failure> {
        let _slot = self.slot().await;
        self.publish_with(message, true).await
    }

    /// The same, for a bounded time from its turn on; `None` if the broker does not confirm in it.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub async fn publish_within(
        &self,
        limit: Duration,
        message: &Message,
    ) -> Result<Option<Taken>, Failure> {
        let _slot = self.slot().await;
        timeout(limit, self.publish_with(message, true)).await.ok().transpose()
    }

    /// The same for a message that names the subject, straight to one of our own queues.
    ///
    /// It is not `mandatory`, since lapin logs returned messages whole. The topology is declared
    /// again first: a queue that is deleted after that would have lost the message anyway.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub async fn publish_personal(&self, message: &Message) -> Result<(), Failure> {
        let _slot = self.slot().await;
        self.publish_with(message, false).await.map(drop)
    }

    async fn slot(&self) -> SemaphorePermit<'_> {
        self.slots.acquire().await.expect("the semaphore is never closed")
    }

    async fn publish_with(&self, message: &Message, mandatory: bool) -> Result<Taken, Failure> {
        let mut pause = Pause::default();
        loop {
            match self.try_publish(message, mandatory).await {
                Err(Unconfirmed::Retry(failure)) if failure.is_transient() => {
                    tracing::warn!(reason = failure.chain(), "publishing again");
                    pause.wait().await;
                }
                Err(Unconfirmed::Retry(failure) | Unconfirmed::NotStored(failure)) => {
                    return Err(failure);
                }
                Ok(taken) => return Ok(taken),
            }
        }
    }

    async fn try_publish(&self, message: &Message, mandatory: bool) -> Result<Taken, Unconfirmed> {
        let channel = self.open_channel().await.map_err(Unconfirmed::Retry)?;
        if !mandatory {
            self.topology().declare(&channel).await.map_err(Unconfirmed::Retry)?;
        }
        let confirmation = send(&channel, message, mandatory).await.map_err(|error| {
            Unconfirmed::Retry(failure(format!("publishing to {}", target(message)), &error))
        })?;
        self.idle().push(channel);
        self.put_back.notify_one();
        match confirmation {
            Confirmation::Ack(None) => Ok(Taken::Routed),
            Confirmation::Ack(Some(_returned)) => Ok(Taken::Unroutable),
            Confirmation::Nack(_) | Confirmation::NotRequested => {
                let doing =
                    format!("publishing to {}: the broker did not store it", target(message));
                Err(Unconfirmed::NotStored(Failure::transient(doing)))
            }
        }
    }

    /// A channel that nobody else uses. It is dropped, and so closed, unless it is put back.
    /// Where the broker grants fewer than we would use, waits for one of the others.
    async fn open_channel(&self) -> Result<Channel, Failure> {
        let mut pause = Pause::default();
        // Ends: whoever has a channel puts it back or closes it.
        let channel = loop {
            while let Some(channel) = { self.idle().pop() } {
                if channel.status().connected() {
                    return Ok(channel);
                }
            }
            if let Some(channel) = self.connection.channel().await? {
                break channel;
            }
            tokio::select! {
                () = self.put_back.notified() => {}
                () = pause.wait() => {}
            }
        };
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(|error| failure("asking the broker for confirms", &error))?;
        Ok(channel)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why one try did not end in a confirm.
enum Unconfirmed {
    /// The way to the broker failed; the same again may work.
    Retry(Failure),
    /// The broker took it and could not keep it: the caller decides when to try again.
    NotStored(Failure),
}

async fn send(
    channel: &Channel,
    message: &Message,
    mandatory: bool,
) -> lapin::Result<Confirmation> {
    let options = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
    channel
        .basic_publish(
            message.exchange.clone(),
            message.routing_key.clone(),
            options,
            &message.body,
            message.properties.clone(),
        )
        .await?
        .await
}

/// The exchange, by the name that an operator knows it by. A routing key may be a producer's word.
fn target(message: &Message) -> &str {
    match message.exchange.as_str() {
        "" => "the default exchange",
        name => name,
    }
}
