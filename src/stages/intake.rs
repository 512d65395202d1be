//! Turns a delivery into a ledgered request, a ledgered decision, or a list of faults.
//!
//! The delivery is settled by the caller after this returned, and so after everything is committed.
//! A delivery that comes again meets what is in the ledger and changes nothing.

use crate::domain::due::Calendar;
use crate::domain::event::Correspondence;
use crate::domain::failure::Failure;
use crate::domain::request::{Request, RequestId};
use crate::domain::state::{Decision, Event, State};
use crate::ports::door::{Delivery, Settlement};
use crate::ports::ledger::{Opened, Record, Standing};
use crate::stages::docket::Docket;
use crate::stages::message::fault::{Fault, Terms};
use crate::stages::message::read::{self, Control, Message, Refusal, Verb};

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

/// Ledgers a delivery.
///
/// # Errors
/// The ledger's failure; the delivery must then come again.
pub async fn intake(
    docket: &Docket,
    calendar: &Calendar,
    terms: &Terms,
    delivery: &Delivery,
) -> Result<(Taken, Settlement), Failure> {
    let to = &delivery.correspondence;
    let taken = match read::read(&delivery.body, &delivery.label, terms) {
        Ok(Message::Request(request)) => {
            accept(docket, calendar, &request, &delivery.body, to).await?
        }
        Ok(Message::Control(control)) => decide(docket, control).await?,
        Err(refusal) => Err(refusal),
    };
    match taken {
        Ok(taken) => Ok((taken, Settlement::Taken)),
        Err(Refusal { faults, id }) => {
            let ledgered = docket.refuse(&delivery.body, id.as_ref(), &faults, to).await?;
            let codes: Vec<&'static str> = faults.iter().map(|fault| fault.code).collect();
            let reason = |fault: &Fault| format!("{} {}", fault.code, fault.pointer);
            // A fault of the whole message has an empty pointer.
            let reasons: Vec<String> =
                faults.iter().map(|fault| reason(fault).trim_end().to_owned()).collect();
            Ok((Taken::Refused(ledgered, codes), Settlement::Refused(reasons.join("; "))))
        }
    }
}

async fn accept(
    docket: &Docket,
    calendar: &Calendar,
    request: &Request,
    body: &[u8],
    to: &Correspondence,
) -> Result<Result<Taken, Refusal>, Failure> {
    let due = request.options.due_time.unwrap_or_else(|| calendar.due(request.submitted));
    let id = request.id.clone();
    match docket.open(request, body, due, to).await? {
        Opened::New => Ok(Ok(Taken::Accepted(id))),
        Opened::Known { digest, .. } if digest == docket.digest(body) => {
            docket.ledger.announce_again(&id).await?;
            Ok(Ok(Taken::Repeated(id)))
        }
        Opened::Known { .. } => {
            let text = "a request with this id and another body is in the ledger";
            Ok(Err(refusal("/subject_request_id", "conflict", text, id)))
        }
    }
}

async fn decide(docket: &Docket, control: Control) -> Result<Result<Taken, Refusal>, Failure> {
    let Control { verb, id, actor, reason } = control;
    let decision = Decision { actor, reason };
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
        if docket.append(&standing, event.clone(), None).await?.is_some() {
            return Ok(Ok(Taken::Decided(id, verb)));
        }
    }
}

/// Whether the delivery came again: the last record is this very decision, or an earlier one is and
/// the request has moved on so far that it would not admit it any more.
async fn done_already(
    docket: &Docket,
    standing: &Standing,
    event: &Event,
) -> Result<bool, Failure> {
    let records = docket.ledger.records(&standing.id).await?;
    let is_open_to_it = standing.state.next(event).is_ok();
    let taken = |record: &Record| record.event == *event;
    Ok(records.last().is_some_and(taken) || !is_open_to_it && records.iter().any(taken))
}

fn refusal(pointer: &str, code: &'static str, text: &str, id: RequestId) -> Refusal {
    let fault = Fault { pointer: pointer.to_owned(), code, message: text.to_owned() };
    Refusal { faults: vec![fault], id: Some(id) }
}
