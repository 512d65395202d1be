//! Requests from the broker's queue.
//!
//! The broker holds a delivery until we acknowledge it, and hands it out again when our channel is
//! gone. We hold the original meanwhile, because what is refused must reach the dead letters whole.
//!
//! A message that cannot even be parsed (a property that is no UTF-8) ends the connection, and with
//! it comes back all that was handed out beside it, one delivery nearer to the broker's limit. So
//! at the start and after an end we take one message at a time, and more as they turn out well:
//! such a message comes to the limit, and to the dead letters, alone.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::adapters::amqp::connection::{ANSWER_TIME_MAX, Connection, Pause};
use crate::adapters::amqp::dead_letters::DeadLetters;
use crate::adapters::amqp::reading::{correspondence, read};
use crate::adapters::amqp::topology::failure;
use crate::adapters::amqp::unsettled::{Held, Token, Unsettled};
use crate::config::settings::Amqp;
use crate::domain::failure::Failure;
use crate::ports::messages::inbox::{Delivery, DeliveryToken, Inbox, Settlement};
use crate::ports::system::Clock;

/// Receives from a broker.
pub struct AmqpInbox {
    connection: Connection,
    dead_letters: DeadLetters,
    prefetch: u16,
    /// What the next consumer is given of it.
    window: AtomicU16,
    message_bytes_max: usize,
    consuming: tokio::sync::Mutex<Option<Consuming>>,
    unsettled: Mutex<Unsettled>,
    returned: Notify,
}

/// A consumer and the channel it lives on.
struct Consuming {
    consumer: Consumer,
    channel: Channel,
    /// Unsettled deliveries that the broker may hand out here.
    window: u16,
    /// Deliveries that came.
    arrived: u64,
    /// When one came last, or it was asked whether some should have.
    heard: Instant,
}

/// Longest silence before the broker is asked whether it knows of us. A consumer that begins while
/// its queue is deleted and made again may be forgotten, and nobody tells.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// AMQP 0-9-1, section 1.1: reply-success.
const REPLY_SUCCESS: u16 = 200;

/// How many times more is taken once what was taken turned out well.
const WINDOW_GROWTH: u16 = 8;

impl AmqpInbox {
    /// Prepares to receive; the first [`Inbox::receive`] connects. A body longer than
    /// `message_bytes_max` is handed out cut to one byte more than that, so that intake can tell.
    /// The clock dates dead letters.
    ///
    /// # Errors
    /// `NeedsPerson` where the URL or a name is not one.
    pub fn new(
        settings: &Amqp,
        clock: Arc<dyn Clock>,
        message_bytes_max: usize,
    ) -> Result<Self, Failure> {
        Ok(Self {
            connection: Connection::new(settings, "inbox")?,
            dead_letters: DeadLetters::new(settings, clock)?,
            // 0 would mean "no bound" to the broker.
            prefetch: settings.prefetch.max(1),
            window: AtomicU16::new(1),
            message_bytes_max,
            consuming: tokio::sync::Mutex::default(),
            unsettled: Mutex::default(),
            returned: Notify::new(),
        })
    }

    /// Starts to consume, waiting for the broker as long as it takes. What the consumer before had
    /// handed out is the broker's again.
    async fn consume(&self, window: u16) -> Result<Consuming, Failure> {
        let mut pause = Pause::default();
        loop {
            let Some(channel) = self.connection.channel().await? else {
                pause.wait().await;
                continue;
            };
            match self.try_consume(&channel, window).await {
                Ok(consumer) => {
                    self.unsettled().begin();
                    let heard = Instant::now();
                    return Ok(Consuming { consumer, channel, window, arrived: 0, heard });
                }
                Err(failure) if failure.is_transient() => {
                    tracing::warn!(reason = failure.chain(), "no requests; trying again");
                    pause.wait().await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn try_consume(&self, channel: &Channel, window: u16) -> Result<Consumer, Failure> {
        let consume = async {
            channel.basic_qos(window, BasicQosOptions::default()).await?;
            let queue = self.connection.topology().requests.clone();
            let (tag, options) = (ShortString::default(), BasicConsumeOptions::default());
            channel.basic_consume(queue, tag, options, FieldTable::default()).await
        };
        // A quorum queue that has lost its majority does not answer at all.
        match timeout(ANSWER_TIME_MAX, consume).await {
            Ok(consumer) => consumer.map_err(|error| failure("consuming requests", &error)),
            Err(_elapsed) => Err(Failure::transient("waiting for the queue of requests to answer")),
        }
    }

    /// Whether as many as may come at once did come, all are settled, and more may come at once.
    fn turned_out_well(&self, now: &Consuming) -> bool {
        now.window < self.prefetch
            && now.arrived >= u64::from(now.window)
            && self.unsettled().is_empty()
    }

    /// Whether messages wait for a consumer that has nothing in hand.
    async fn is_forgotten(&self, now: &Consuming) -> bool {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.connection.topology().requests.clone();
        let asked = now.channel.queue_declare(queue, options, FieldTable::default());
        match timeout(ANSWER_TIME_MAX, asked).await {
            Ok(Ok(queue)) => queue.message_count() > 0 && self.unsettled().is_empty(),
            Ok(Err(_)) | Err(_) => true,
        }
    }

    fn hand_out(&self, token: Token, held: &Held) -> Delivery {
        let (channel, tag) = token;
        let (body, label) = read(&held.body, &held.properties);
        let length = body.len().min(self.message_bytes_max.saturating_add(1));
        Delivery {
            body: body.slice(..length),
            correspondence: correspondence(&held.properties),
            label,
            token: DeliveryToken::Tag { channel, tag },
        }
    }

    fn accept(&self, arrival: lapin::message::Delivery) -> Delivery {
        let held = Held {
            body: Bytes::from(arrival.data),
            properties: arrival.properties,
            acker: arrival.acker,
        };
        let token = self.unsettled().hold(arrival.delivery_tag, held.clone());
        self.hand_out(token, &held)
    }

    async fn acknowledge(&self, token: Token, held: &Held) {
        // "No" and an error both mean that the channel is gone and the delivery the broker's again.
        if !matches!(held.acker.ack(BasicAckOptions::default()).await, Ok(true)) {
            tracing::debug!("a settled delivery will come again");
        }
        // Not before: a channel that holds nothing may be closed for a wider one, and what it had
        // not acknowledged would come again.
        self.unsettled().forget(token);
    }

    fn unsettled(&self) -> MutexGuard<'_, Unsettled> {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Inbox for AmqpInbox {
    async fn receive(&self) -> Result<Delivery, Failure> {
        let mut consuming = self.consuming.lock().await;
        loop {
            if let Some(narrow) = consuming.take_if(|now| self.turned_out_well(now)) {
                // Waited for, so that what it still held is back in its place first.
                let closing = narrow.channel.close(REPLY_SUCCESS, ShortString::default());
                if timeout(ANSWER_TIME_MAX, closing).await.is_err() {
                    tracing::debug!("the broker does not close a channel");
                }
                let wider = self.window.load(Ordering::Relaxed).saturating_mul(WINDOW_GROWTH);
                self.window.store(wider.min(self.prefetch), Ordering::Relaxed);
            }
            if consuming.is_none() {
                let window = self.window.load(Ordering::Relaxed);
                *consuming = Some(self.consume(window).await?);
            }
            let now = consuming.as_mut().expect("set just above");
            let due = self.unsettled().next_due();
            tokio::select! {
                arrival = now.consumer.next(), if due.is_none() => match arrival {
                    // Still in our buffer, yet the broker's again: it comes on the next channel.
                    Some(Ok(arrival)) if arrival.acker.poisoned() => {}
                    Some(Ok(arrival)) => {
                        now.arrived += 1;
                        now.heard = Instant::now();
                        return Ok(self.accept(arrival));
                    }
                    // The channel or the connection is gone, or the queue was deleted.
                    Some(Err(_)) | None => {
                        self.window.store(1, Ordering::Relaxed);
                        *consuming = None;
                    }
                },
                () = sleep_until(due) => {
                    if let Some((token, held)) = self.unsettled().take_due() {
                        return Ok(self.hand_out(token, &held));
                    }
                }
                () = tokio::time::sleep_until(now.heard + SILENCE_MAX) => {
                    now.heard = Instant::now();
                    if self.is_forgotten(now).await {
                        tracing::warn!("the broker hands out no requests; asking for them anew");
                        *consuming = None;
                    }
                }
                () = self.returned.notified() => {}
            }
        }
    }

    async fn settle(&self, delivery: Delivery, settlement: Settlement) -> Result<(), Failure> {
        let DeliveryToken::Tag { channel, tag } = delivery.token else {
            return Err(Failure::permanent("settling a delivery of another queue"));
        };
        let token = (channel, tag);
        let Some(held) = self.unsettled().get(token) else { return Ok(()) };
        let done = match settlement {
            Settlement::Taken => Ok(true),
            Settlement::Refused(reason) => {
                self.dead_letters.keep(&held, &reason).await.map(|()| true)
            }
            Settlement::Returned => Ok(false),
        };
        if matches!(done, Ok(true)) {
            self.acknowledge(token, &held).await;
        } else {
            self.unsettled().put_back(token);
            self.returned.notify_one();
        }
        done.map(drop)
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.connection.ping().await?;
        self.dead_letters.ping().await
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
