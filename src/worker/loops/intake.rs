//! Queue to ledger, then the acknowledgement; never the other way round.
//!
//! What is there at once is ledgered at once. Settling goes on beside the next deliveries: the
//! broker may keep us waiting before it takes a dead letter, and good requests need not wait for
//! that. How many deliveries are unsettled is bounded by the queue.
//!
//! What cannot be ledgered now goes back to the queue before anything more is received, so that
//! it keeps its place.
//!
//! A decision on the page enters by the same stage, beside the queue: whoever took it waits for the
//! answer.

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use tokio::task::unconstrained;

use crate::domain::failure::Failure;
use crate::ports::messages::decisions::{Answered, Decisions, TakenDecision};
use crate::ports::messages::inbox::{Delivery, Label, Settlement};
use crate::ports::standing::Standing;
use crate::stages::intake::{Taken, admitted, decide_at_once, intake};
use crate::stages::message::read::Verb;
use crate::worker::pace::retry::Tries;
use crate::worker::report;
use crate::worker::spans::requests;
use crate::worker::world::World;

/// Most deliveries that are ledgered together.
const TOGETHER_MAX: usize = 256;

/// How long settling may take once we stop. What is not settled by then comes again.
const GRACE_MS: u64 = 5_000;

/// Settlements under way.
type Settling<'a> = FuturesUnordered<BoxFuture<'a, Result<(), Failure>>>;

/// Takes deliveries until stopped. What was received is ledgered, and settled if the queue lets us,
/// before it stops.
pub async fn run(world: &World) {
    let mut tries = Tries::default();
    let mut settling = Settling::new();
    while let Some(received) =
        world.shift.stopper.run_until_stopped(next(world, &mut settling)).await
    {
        let done = match received {
            Ok(deliveries) => take(world, deliveries, &mut settling).await,
            Err(failure) => Err(failure),
        };
        match done {
            Ok(()) => tries = Tries::default(),
            Err(failure) => {
                report::failed(&world.shift.metrics, "intake", &failure);
                world.shift.back_off(&mut tries).await;
            }
        }
    }
    let settled = async { while settling.next().await.is_some() {} };
    world.shift.with_grace(GRACE_MS, settled).await;
}

/// The deliveries that are there, at least one; or the failure of a settlement.
async fn next(world: &World, settling: &mut Settling<'_>) -> Result<Vec<Delivery>, Failure> {
    // Ends: each settlement is done once, and then only a delivery is waited for.
    let first = loop {
        tokio::select! {
            biased;
            Some(settled) = settling.next() => settled?,
            received = world.door.inbox.receive() => break received?,
        }
    };
    let mut deliveries = vec![first];
    while deliveries.len() < TOGETHER_MAX {
        // Beyond tokio's budget, or it would end the batch after 128. A failure to receive more is
        // met again by the next call.
        let Some(Ok(delivery)) = unconstrained(world.door.inbox.receive()).now_or_never() else {
            break;
        };
        deliveries.push(delivery);
    }
    Ok(deliveries)
}

async fn take<'a>(
    world: &'a World,
    deliveries: Vec<Delivery>,
    settling: &mut Settling<'a>,
) -> Result<(), Failure> {
    let (terms, began) = (world.terms(), world.account.clock.now());
    let taking = intake(&world.account, &world.mandate.calendar, &terms, &deliveries).await;
    for failure in &taking.unledgered {
        report::failed(&world.shift.metrics, "intake", failure);
    }
    let mut returning = Ok(());
    for (delivery, answer) in deliveries.into_iter().zip(taking.answers) {
        if let Some((taken, settlement)) = answer {
            let traceparent = delivery.correspondence.traceparent.as_deref();
            report::taken(&world.shift, &taken, traceparent);
            let (traces, ledger) = (&world.shift.traces, &*world.account.ledger);
            let times = (began, world.account.clock.now());
            requests::taken(traces, ledger, &taken, traceparent, times).await;
            settling.push(world.door.inbox.settle(delivery, settlement));
        } else {
            report::returned(&world.shift.metrics);
            let returned = world.door.inbox.settle(delivery, Settlement::Returned).await;
            returning = returning.and(returned);
        }
    }
    world.shift.ring();
    taking.failure.map_or(returning, Err)
}

#[async_trait]
impl Decisions for World {
    async fn admitted(&self, standing: &Standing) -> Result<Vec<&'static str>, Failure> {
        let records = self.account.ledger.records(&standing.id).await?;
        let (calendar, now) = (&self.mandate.calendar, self.account.clock.now());
        Ok(admitted(standing, &records, calendar, now).map(Verb::word).collect())
    }

    /// The daemon vouches for it with its own key, by which messages are heard always.
    async fn decide(&self, decision: &TakenDecision) -> Result<Answered, Failure> {
        let TakenDecision { id, seen, word, actor, reason } = decision;
        let body = json!({
            "control": word, "subject_request_id": id.as_str(), "actor": actor, "reason": reason,
        });
        let body = body.to_string();
        let signature = Some(self.signer.sign(body.as_bytes(), self.account.clock.now()));
        let label = Label { signature, ..Label::default() };
        let (terms, message) = (self.terms(), (body.as_bytes(), &label));
        let calendar = &self.mandate.calendar;
        let refusal = match decide_at_once(&self.account, &terms, calendar, message, *seen).await? {
            Ok(taken) => {
                if let Taken::Decided(decided) = &taken {
                    report::decision(&self.shift.metrics, decided);
                    self.shift.ring();
                }
                return Ok(Answered::Taken);
            }
            Err(refusal) => refusal,
        };
        let is_impossible = |code| matches!(code, "moved_on" | "not_possible" | "unknown_request");
        let impossible = refusal.faults.iter().find(|fault| is_impossible(fault.code));
        Ok(match impossible {
            Some(fault) => Answered::Impossible(fault.message.clone()),
            None => {
                Answered::Faulty(refusal.faults.into_iter().map(|fault| fault.message).collect())
            }
        })
    }
}
