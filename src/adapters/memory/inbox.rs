//! A queue in memory that keeps its promises as a broker does: what was handed out and not settled
//! comes again once its consumer is gone.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;

use crate::domain::event::Correspondence;
use crate::domain::failure::Failure;
use crate::ports::messages::inbox::{Delivery, DeliveryToken, Inbox, Label, Settlement};

/// The queue and its dead letters.
#[derive(Default)]
pub struct MemoryInbox {
    shelf: Mutex<Shelf>,
    arrived: Notify,
}

/// A message that was refused. Its body may name the subject: `Debug` is not implemented.
#[derive(Clone)]
pub struct DeadLetter {
    /// The body as it came.
    pub body: Bytes,
    /// The words it was refused with.
    pub reason: String,
}

#[derive(Default)]
struct Shelf {
    messages: Vec<Message>,
    waiting: VecDeque<usize>,
    handed_out: Vec<usize>,
    dead_letters: Vec<DeadLetter>,
}

#[derive(Clone)]
struct Message {
    body: Bytes,
    correspondence: Correspondence,
    label: Label,
}

impl MemoryInbox {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a message on the queue.
    pub fn push(&self, body: impl Into<Bytes>, correspondence: Correspondence) {
        self.push_labelled(body, correspondence, Label::default());
    }

    /// The same, with something on it.
    pub fn push_labelled(
        &self,
        body: impl Into<Bytes>,
        correspondence: Correspondence,
        label: Label,
    ) {
        let mut shelf = self.shelf();
        let index = shelf.messages.len();
        shelf.messages.push(Message { body: body.into(), correspondence, label });
        shelf.waiting.push_back(index);
        self.arrived.notify_one();
    }

    /// The consumer is gone: what it did not settle comes again, before what came later.
    pub fn take_back(&self) {
        let mut shelf = self.shelf();
        let mut handed_out = std::mem::take(&mut shelf.handed_out);
        handed_out.sort_unstable();
        for index in handed_out.into_iter().rev() {
            shelf.waiting.push_front(index);
        }
        self.arrived.notify_one();
    }

    /// Whether every message was settled for good.
    pub fn is_empty(&self) -> bool {
        let shelf = self.shelf();
        shelf.waiting.is_empty() && shelf.handed_out.is_empty()
    }

    /// What was refused, in that order.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.shelf().dead_letters.clone()
    }

    /// No call leaves the shelf half changed, so a panic elsewhere is no reason to stop here.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Delivery> {
        let mut shelf = self.shelf();
        let index = shelf.waiting.pop_front()?;
        shelf.handed_out.push(index);
        let Message { body, correspondence, label } = shelf.messages[index].clone();
        Some(Delivery { body, correspondence, label, token: DeliveryToken::Index(index) })
    }
}

#[async_trait]
impl Inbox for MemoryInbox {
    async fn receive(&self) -> Result<Delivery, Failure> {
        // Ends when something arrives; from there to the return nothing waits.
        loop {
            let arrived = self.arrived.notified();
            if let Some(delivery) = self.next() {
                return Ok(delivery);
            }
            arrived.await;
        }
    }

    async fn settle(&self, delivery: Delivery, settlement: Settlement) -> Result<(), Failure> {
        let DeliveryToken::Index(index) = delivery.token else {
            return Err(Failure::permanent("settling a delivery of another queue"));
        };
        let mut shelf = self.shelf();
        let Some(at) = shelf.handed_out.iter().position(|held| *held == index) else {
            // Taken back meanwhile: it comes again.
            return Ok(());
        };
        shelf.handed_out.remove(at);
        match settlement {
            Settlement::Taken => {}
            Settlement::Refused(reason) => {
                shelf.dead_letters.push(DeadLetter { body: delivery.body, reason });
            }
            Settlement::Returned => {
                // In its old place, as RabbitMQ has it.
                let place = shelf.waiting.partition_point(|waiting| *waiting < index);
                shelf.waiting.insert(place, index);
                self.arrived.notify_one();
            }
        }
        Ok(())
    }

    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_settled_comes_again() {
        let inbox = MemoryInbox::new();
        for body in ["one", "two", "three"] {
            inbox.push(body, Correspondence::default());
        }
        let (one, two) = (inbox.receive().await.unwrap(), inbox.receive().await.unwrap());
        inbox.settle(one, Settlement::Taken).await.unwrap();
        inbox.take_back();
        inbox.settle(two, Settlement::Taken).await.unwrap();
        let again = inbox.receive().await.unwrap();
        assert_eq!(again.body, "two", "a delivery that was taken back cannot be settled");
        inbox.settle(again, Settlement::Refused("bad".into())).await.unwrap();
        let three = inbox.receive().await.unwrap();
        inbox.settle(three, Settlement::Returned).await.unwrap();
        assert!(!inbox.is_empty());
        let three = inbox.receive().await.unwrap();
        inbox.settle(three, Settlement::Taken).await.unwrap();
        assert!(inbox.is_empty());
        assert_eq!(inbox.dead_letters()[0].reason, "bad");
    }
}
