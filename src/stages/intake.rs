//! Turns deliveries into ledgered requests, ledgered decisions, or lists of faults.
//!
//! Deliveries are settled by the caller after this returned, and so after everything is committed.
//! A delivery that comes again meets what is in the ledger and changes nothing.

use crate::domain::failure::Failure;
use crate::domain::regulation::due::Calendar;
use crate::domain::request::{Request, RequestId};
use crate::domain::state::{Decision, Event, State};
use crate::ports::door::{Delivery, Settlement};
use crate::ports::ledger::{Opened, Opening, Record, Standing};
use crate::stages::docket::Docket;
use crate::stages::message::fault::{Fault, Terms};
use crate::stages::message::read::{self, Control, Message, Refusal, Verb};
use crate::stages::message::signature::{is_signed, is_stale};

/// What a delivery turned out to be, for the log.
#[derive(Debug)]
pub enum Taken {
    /// A new request.
    Accepted(RequestId),
    /// One that was known, sent again.
    Repeated(RequestId),
    /// A decision that was carried out.
    Decided(RequestId, Verb),
    /// Bad input, with the ledger's id for it and the stable codes of its faults.
    Refused(RequestId, Vec<&'static str>),
}

/// Deliveries, each with what it turned out to be and how it is to be settled; `None` for one that
/// could not be ledgered and must come again.
#[derive(Default)]
pub struct Taking {
    /// One for each delivery, in that order.
    pub answers: Vec<Option<(Taken, Settlement)>>,
    /// The ledger's last failure, where one must come again.
    pub failure: Option<Failure>,
}

/// Ledgers deliveries, in that order. New requests that follow one another are committed together:
/// each commit waits for the disk, whatever it holds.
pub async fn intake(
    docket: &Docket,
    calendar: &Calendar,
    terms: &Terms,
    deliveries: &[Delivery],
) -> Taking {
    let mut taking = Taking::default();
    let mut arrivals = Vec::new();
    for delivery in deliveries {
        match read::read(&delivery.body, &delivery.label, terms) {
            Ok(Message::Request(request)) => {
                arrivals.push(accepted(docket, calendar, &request, delivery));
            }
            Err(refusal) => arrivals.push(refused(docket, refusal, delivery)),
            Ok(Message::Control(control)) => {
                // It may be about one of those.
                open(docket, std::mem::take(&mut arrivals), &mut taking).await;
                match decide(docket, control).await {
                    Ok(Ok(taken)) => taking.answers.push(Some((taken, Settlement::Taken))),
                    Ok(Err(refusal)) => arrivals.push(refused(docket, refusal, delivery)),
                    Err(failure) => taking.put_off(1, failure),
                }
            }
        }
    }
    open(docket, arrivals, &mut taking).await;
    taking
}

impl Taking {
    fn put_off(&mut self, count: usize, failure: Failure) {
        self.answers.extend((0..count).map(|_| None));
        self.failure = Some(failure);
    }
}

/// A message that opens an account, and what becomes of it if the account is new.
struct Arrival<'a> {
    delivery: &'a Delivery,
    opening: Opening,
    taken: Taken,
    settlement: Settlement,
}

fn accepted<'a>(
    docket: &Docket,
    calendar: &Calendar,
    request: &Request,
    delivery: &'a Delivery,
) -> Arrival<'a> {
    let due = request.options.due_time.unwrap_or_else(|| calendar.due(request.submitted));
    Arrival {
        delivery,
        opening: docket.opening(request, &delivery.body, due, &delivery.correspondence),
        taken: Taken::Accepted(request.id.clone()),
        settlement: Settlement::Taken,
    }
}

fn refused<'a>(docket: &Docket, refusal: Refusal, delivery: &'a Delivery) -> Arrival<'a> {
    let Refusal { faults, id } = refusal;
    let opening = docket.rejection(delivery, id.as_ref(), &faults);
    let codes: Vec<&'static str> = faults.iter().map(|fault| fault.code).collect();
    // A fault of the whole message has an empty pointer.
    let reason = |fault: &Fault| format!("{} {}", fault.code, fault.pointer).trim_end().to_owned();
    let reasons: Vec<String> = faults.iter().map(reason).collect();
    Arrival {
        delivery,
        taken: Taken::Refused(opening.record.id.clone(), codes),
        settlement: Settlement::Refused(reasons.join("; ")),
        opening,
    }
}

/// Opens the accounts together. Where the ledger refuses them for good, one by one: a message that
/// it cannot take must not keep out the others.
async fn open(docket: &Docket, arrivals: Vec<Arrival<'_>>, taking: &mut Taking) {
    if arrivals.is_empty() {
        return;
    }
    let openings: Vec<&Opening> = arrivals.iter().map(|arrival| &arrival.opening).collect();
    match docket.ledger.open(&openings).await {
        Ok(opened) => {
            for (arrival, opened) in arrivals.into_iter().zip(opened) {
                match answer(docket, arrival, opened).await {
                    Ok(answer) => taking.answers.push(Some(answer)),
                    Err(failure) => taking.put_off(1, failure),
                }
            }
        }
        Err(failure) if !failure.is_transient() && arrivals.len() > 1 => {
            for arrival in arrivals {
                Box::pin(open(docket, vec![arrival], taking)).await;
            }
        }
        Err(failure) => taking.put_off(arrivals.len(), failure),
    }
}

async fn answer(
    docket: &Docket,
    arrival: Arrival<'_>,
    opened: Opened,
) -> Result<(Taken, Settlement), Failure> {
    let Arrival { delivery, taken, settlement, .. } = arrival;
    match (opened, taken) {
        (Opened::Repeated, Taken::Accepted(id)) => Ok((Taken::Repeated(id), settlement)),
        (Opened::Conflict, Taken::Accepted(id)) => {
            let text = "a request with this id and another body is in the ledger";
            let refusal = refusal("/subject_request_id", "conflict", text, id);
            let Arrival { opening, taken, settlement, .. } = refused(docket, refusal, delivery);
            docket.ledger.open(&[&opening]).await?;
            Ok((taken, settlement))
        }
        (_, taken) => Ok((taken, settlement)),
    }
}

async fn decide(docket: &Docket, control: Control) -> Result<Result<Taken, Refusal>, Failure> {
    let Control { verb, id, actor, reason, signed } = control;
    let decision = Decision { actor, reason, signed };
    let event = match verb {
        Verb::Cancel => Event::Cancelled(decision),
        Verb::Approve => Event::Approved(decision),
        Verb::Reject => Event::Refused(decision),
        Verb::Retry => Event::Retried(decision),
    };
    // Ends: the ledger only ever grows, and a request that moves on soon admits the event no more.
    loop {
        let Some(standing) = docket.ledger.standing(&id).await? else {
            let text = "there is no request with this id";
            return Ok(Err(refusal("/subject_request_id", "unknown_request", text, id)));
        };
        if done_already(docket, &standing, &event).await? {
            return Ok(Ok(Taken::Repeated(id)));
        }
        if standing.state.next(&event).is_err() {
            let text = match standing.state {
                State::Acting | State::Verifying => {
                    "too late: the request is being carried out".to_owned()
                }
                state => format!("a request that is {} does not admit this", state.word()),
            };
            return Ok(Err(refusal("/control", "not_possible", &text, id)));
        }
        if is_stale(&event, &docket.ledger.records(&id).await?) {
            let text = "it was signed before there was anything of this kind to decide; look at \
                        where the request stands now, then sign again";
            return Ok(Err(refusal("", "signature_stale", text, id)));
        }
        if docket.append(&standing, event.clone(), None).await?.is_some() {
            return Ok(Ok(Taken::Decided(id, verb)));
        }
    }
}

/// Whether the delivery came again: the last record is this very decision, or an earlier one is and
/// the request has moved on so far that it would not admit it any more. A signed decision is known
/// again always, by the time of its signing: caught on its way, it must not be taken a second time.
async fn done_already(
    docket: &Docket,
    standing: &Standing,
    event: &Event,
) -> Result<bool, Failure> {
    let records = docket.ledger.records(&standing.id).await?;
    let is_open_to_it = standing.state.next(event).is_ok();
    let taken = |record: &Record| record.event == *event;
    let is_known_always = !is_open_to_it || is_signed(event);
    Ok(records.last().is_some_and(taken) || is_known_always && records.iter().any(taken))
}

fn refusal(pointer: &str, code: &'static str, text: &str, id: RequestId) -> Refusal {
    let fault = Fault { pointer: pointer.to_owned(), code, message: text.to_owned() };
    Refusal { faults: vec![fault], id: Some(id) }
}
