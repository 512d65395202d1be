//! Turns deliveries into ledgered requests, ledgered decisions, or lists of faults.
//!
//! Deliveries are settled by the caller after this returned, and so after everything is committed.
//! A delivery that comes again meets what is in the ledger and changes nothing.

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::Correspondence;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::regulation::due::Calendar;
use crate::domain::regulation::law::Law;
use crate::domain::request::{Request, RequestId, RequestKind};
use crate::domain::state::{Decision, Event, Extension, State};
use crate::ports::ledger::{Opened, Opening, Record};
use crate::ports::messages::inbox::{Delivery, DeliveryToken, Label, Settlement};
use crate::ports::standing::Standing;
use crate::stages::account::records::Account;
use crate::stages::message::fault::{Fault, Terms};
use crate::stages::message::read::{self, Control, Message, Refusal, Verb};
use crate::stages::message::signature::{is_signed, is_stale};

/// What a delivery turned out to be, for the log.
#[derive(Debug)]
pub enum Taken {
    /// A new request.
    Accepted(RequestId, RequestKind),
    /// One that was known, sent again.
    Repeated(RequestId),
    /// A decision that was carried out.
    Decided(Box<Decided>),
    /// Bad input, with the ledger's id for it and the stable codes of its faults.
    Refused(RequestId, Vec<&'static str>),
}

/// A decision that was carried out, and who took it.
#[derive(Debug)]
pub struct Decided {
    /// Of which request.
    pub id: RequestId,
    /// What was asked there.
    pub kind: Option<RequestKind>,
    /// What was decided.
    pub verb: Verb,
    /// Who, as the message says.
    pub actor: String,
    /// The key that vouches for the message, where messages must be signed.
    pub key: Option<String>,
    /// Where the request stands then.
    pub state: State,
    /// How long after the request was accepted.
    pub age: SignedDuration,
}

/// Deliveries, each with what it turned out to be and how it is to be settled; `None` for one that
/// could not be ledgered and must come again.
#[derive(Default)]
pub struct Taking {
    /// One for each delivery, in that order.
    pub answers: Vec<Option<(Taken, Settlement)>>,
    /// The ledger's failure, where one must come again.
    pub failure: Option<Failure>,
    /// Why it would never take some.
    pub unledgered: Vec<Failure>,
}

/// Ledgers deliveries, in that order.
///
/// New requests that follow one another are committed together: each commit waits for the disk,
/// whatever it holds. Once one must come again, so must all that came after it: people are served
/// in the order in which they asked.
pub async fn intake(
    account: &Account,
    calendar: &Calendar,
    terms: &Terms,
    deliveries: &[Delivery],
) -> Taking {
    let mut taking = Taking::default();
    let mut arrivals = Vec::new();
    for delivery in deliveries {
        match read::read(&delivery.body, &delivery.label, terms) {
            Ok(Message::Request(request)) => {
                arrivals.push(accepted(account, calendar, &request, delivery));
            }
            Err(refusal) if refusal.id.is_none() => {
                arrivals.push(refused(account, refusal, None, delivery));
            }
            other => {
                // It may be about one of those.
                open(account, std::mem::take(&mut arrivals), &mut taking).await;
                if taking.failure.is_some() {
                    break;
                }
                let answered = match other {
                    Ok(Message::Control(control)) => {
                        decide(account, calendar, control, delivery).await
                    }
                    Ok(Message::Request(_)) => unreachable!("matched above"),
                    Err(refusal) => refuse(account, refusal, delivery).await,
                };
                taking.note(delivery, account, answered).await;
            }
        }
    }
    open(account, arrivals, &mut taking).await;
    taking.answers.resize_with(deliveries.len(), || None);
    taking
}

impl Taking {
    /// The answer to one delivery.
    async fn note(
        &mut self,
        delivery: &Delivery,
        account: &Account,
        answer: Result<(Taken, Settlement), Failure>,
    ) {
        match answer {
            Ok(answer) => self.answers.push(Some(answer)),
            Err(failure) if failure.kind == FailureKind::Permanent => {
                match unledgered(account, delivery).await {
                    Ok(answer) => self.answers.push(Some(answer)),
                    Err(another) => return self.failure = Some(another),
                }
                self.unledgered.push(failure);
            }
            Err(failure) => self.failure = Some(failure),
        }
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
    account: &Account,
    calendar: &Calendar,
    request: &Request,
    delivery: &'a Delivery,
) -> Arrival<'a> {
    let law = Law::parse(&request.regulation).unwrap_or(Law::Gdpr);
    let by_law = || calendar.due(request.submitted, law.term());
    let due = request.options.due_time.unwrap_or_else(by_law);
    Arrival {
        delivery,
        opening: account.opening(request, &delivery.body, due, &delivery.correspondence),
        taken: Taken::Accepted(request.id.clone(), request.kind),
        settlement: Settlement::Taken,
    }
}

fn refused<'a>(
    account: &Account,
    refusal: Refusal,
    living: Option<State>,
    delivery: &'a Delivery,
) -> Arrival<'a> {
    let Refusal { faults, id } = refusal;
    let opening = account.rejection(delivery, id.as_ref(), living, &faults);
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

/// Ledgers a refusal of a message that names a request, which may be one that lives.
async fn refuse(
    account: &Account,
    refusal: Refusal,
    delivery: &Delivery,
) -> Result<(Taken, Settlement), Failure> {
    let living = match &refusal.id {
        Some(id) => account.ledger.standing(id).await?.map(|standing| standing.state),
        None => None,
    };
    let Arrival { opening, taken, settlement, .. } = refused(account, refusal, living, delivery);
    account.ledger.open(&[&opening]).await?;
    Ok((taken, settlement))
}

/// What the ledger will never take goes to the dead letters, or nothing that comes after it would
/// ever be served. What of it the ledger refuses is not known: of the message nothing is kept but
/// a digest. A ledger that does not take even that is at fault itself.
async fn unledgered(
    account: &Account,
    delivery: &Delivery,
) -> Result<(Taken, Settlement), Failure> {
    let text = "the ledger cannot hold this message";
    let fault = Fault { pointer: String::new(), code: "not_storable", message: text.to_owned() };
    let faults = vec![fault];
    let bare = Delivery {
        body: delivery.body.clone(),
        correspondence: Correspondence::default(),
        label: delivery.label.clone(),
        token: DeliveryToken::Index(0),
    };
    let Arrival { opening, taken, settlement, .. } =
        refused(account, Refusal { faults, id: None }, None, &bare);
    account.ledger.open(&[&opening]).await?;
    Ok((taken, settlement))
}

/// Opens the accounts together. Where the ledger refuses them for good, one by one: a message that
/// it cannot take must not keep out the others.
async fn open(account: &Account, arrivals: Vec<Arrival<'_>>, taking: &mut Taking) {
    if arrivals.is_empty() || taking.failure.is_some() {
        return;
    }
    let openings: Vec<&Opening> = arrivals.iter().map(|arrival| &arrival.opening).collect();
    match account.ledger.open(&openings).await {
        Ok(opened) => {
            for (arrival, opened) in arrivals.into_iter().zip(opened) {
                let delivery = arrival.delivery;
                let answer = answer(account, arrival, opened).await;
                taking.note(delivery, account, answer).await;
                if taking.failure.is_some() {
                    return;
                }
            }
        }
        Err(failure) if failure.kind == FailureKind::Permanent && arrivals.len() > 1 => {
            for arrival in arrivals {
                Box::pin(open(account, vec![arrival], taking)).await;
            }
        }
        Err(failure) => {
            let Some(arrival) = arrivals.into_iter().next() else { return };
            let delivery = arrival.delivery;
            let answer = match failure.kind {
                // Once more, lest a fault that passes cost a good request.
                FailureKind::Permanent => again(account, arrival).await,
                FailureKind::Transient | FailureKind::NeedsPerson => Err(failure),
            };
            taking.note(delivery, account, answer).await;
        }
    }
}

async fn again(account: &Account, arrival: Arrival<'_>) -> Result<(Taken, Settlement), Failure> {
    let opened = account.ledger.open(&[&arrival.opening]).await?.pop();
    let opened = opened.ok_or_else(|| Failure::transient("opening an account"))?;
    answer(account, arrival, opened).await
}

async fn answer(
    account: &Account,
    arrival: Arrival<'_>,
    opened: Opened,
) -> Result<(Taken, Settlement), Failure> {
    let Arrival { delivery, opening, taken, settlement } = arrival;
    let kind = opening.request.as_ref().map(|request| request.kind);
    match (opened, taken) {
        (Opened::Repeated, Taken::Accepted(id, _)) => Ok((Taken::Repeated(id), settlement)),
        (Opened::Conflict, Taken::Accepted(id, _)) => {
            let text = "a request with this id that asks for something else is in the ledger";
            let of_thing = kind.is_some_and(RequestKind::is_about_a_thing);
            let pointer = if of_thing { "/resource_request_id" } else { "/subject_request_id" };
            let refusal = refusal(pointer, "conflict", text, id);
            refuse(account, refusal, delivery).await
        }
        (_, taken) => Ok((taken, settlement)),
    }
}

/// Carries a decision out for somebody who waits for the answer: he is told what cannot be, and
/// nothing is left of it.
///
/// `seen` is the number of the last record of the request when he looked at it. A decision is about
/// what was seen: it is not taken of a request that has moved on, unless it was taken already.
///
/// # Errors
/// The ledger's; within, why it is refused.
pub async fn decide_at_once(
    account: &Account,
    terms: &Terms,
    calendar: &Calendar,
    (body, label): (&[u8], &Label),
    seen: u64,
) -> Result<Result<Taken, Refusal>, Failure> {
    match read::read(body, label, terms) {
        Ok(Message::Control(control)) => carry_out(account, calendar, control, Some(seen)).await,
        Ok(Message::Request(request)) => {
            Ok(Err(refusal("", "no_decision", "this is a request", request.id)))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// The decisions that a request with these records admits as it stands.
pub fn admitted(
    standing: &Standing,
    records: &[Record],
    calendar: &Calendar,
    now: Timestamp,
) -> impl Iterator<Item = Verb> {
    let objected = move |verb: &Verb| objection(*verb, standing, records, calendar, now).is_none();
    Verb::ALL.into_iter().filter(objected)
}

/// Why a request does not admit a decision as it stands, in words that follow its id.
pub fn objection(
    verb: Verb,
    standing: &Standing,
    records: &[Record],
    calendar: &Calendar,
    now: Timestamp,
) -> Option<String> {
    let nobodys = Decision { actor: String::new(), reason: String::new(), signed: None };
    let event = meant(verb, standing.state, extended(standing, calendar), nobodys);
    if standing.state.next(&event).is_err() {
        let (state, verb) = (standing.state.word(), verb.word());
        return Some(format!("is {state}, which does not admit: {verb}"));
    }
    let forbidden = forbids(standing, &event, records, now);
    forbidden.map(|why| format!("does not admit: {}, because {why}", verb.word()))
}

async fn decide(
    account: &Account,
    calendar: &Calendar,
    control: Control,
    delivery: &Delivery,
) -> Result<(Taken, Settlement), Failure> {
    match carry_out(account, calendar, control, None).await? {
        Ok(taken) => Ok((taken, Settlement::Taken)),
        Err(refusal) => refuse(account, refusal, delivery).await,
    }
}

async fn carry_out(
    account: &Account,
    calendar: &Calendar,
    control: Control,
    seen: Option<u64>,
) -> Result<Result<Taken, Refusal>, Failure> {
    let Control { verb, id, actor, reason, signed } = control;
    let decision = Decision { actor, reason, signed };
    // Ends: the ledger only ever grows, and a request that moves on soon admits the event no more.
    loop {
        let Some(standing) = account.ledger.standing(&id).await? else {
            let text = "there is no request with this id";
            return Ok(Err(refusal("/subject_request_id", "unknown_request", text, id)));
        };
        let due = extended(&standing, calendar);
        let event = meant(verb, standing.state, due, decision.clone());
        let records = account.ledger.records(&id).await?;
        if done_already(&standing, &event, &records) {
            return Ok(Ok(Taken::Repeated(id)));
        }
        if seen.is_some_and(|seen| seen != standing.sequence) {
            if seen.is_some_and(|seen| done_since(seen, verb, &decision, &records)) {
                return Ok(Ok(Taken::Repeated(id)));
            }
            let text = format!("it has moved on meanwhile and is {}", standing.state.word());
            return Ok(Err(refusal("", "moved_on", &text, id)));
        }
        if standing.state.next(&event).is_err() {
            let text = format!("a request that is {} does not admit this", standing.state.word());
            return Ok(Err(refusal("/control", "not_possible", &text, id)));
        }
        if let Some(text) = forbids(&standing, &event, &records, account.clock.now()) {
            return Ok(Err(refusal("/control", "not_possible", text, id)));
        }
        if is_stale(&event, &records) {
            let text = "it was signed before there was anything of this kind to decide; look at \
                        where the request stands now, then sign again";
            return Ok(Err(refusal("", "signature_stale", text, id)));
        }
        if let Some(Standing { state, kind, changed, .. }) =
            account.append(&standing, event, None).await?
        {
            let Decision { actor, signed, .. } = decision;
            let key = signed.map(|signed| signed.key);
            let accepted = records.first().map_or(changed, |first| first.at);
            let age = changed.duration_since(accepted);
            let decided = Decided { id, kind, verb, actor, key, state, age };
            return Ok(Ok(Taken::Decided(Box::new(decided))));
        }
    }
}

/// Whether the same person decided the same for the same reason since that record: a form that was
/// sent twice.
fn done_since(seen: u64, verb: Verb, decision: &Decision, records: &[Record]) -> bool {
    let is_it = |record: &Record| {
        let Some(taken) = record.event.decision() else { return false };
        let before = records.iter().take_while(|earlier| earlier.sequence < record.sequence);
        let state = State::fold(before.map(|earlier| &earlier.event));
        let due = match &record.event {
            Event::Extended(extension) => Some(extension.due),
            _ => None,
        };
        let meant = state.is_ok_and(|state| meant(verb, state, due, taken.clone()) == record.event);
        meant && (&taken.actor, &taken.reason) == (&decision.actor, &decision.reason)
    };
    records.iter().any(|record| record.sequence > seen && is_it(record))
}

/// What a decision is to a request that stands there. One that is being carried out cannot be
/// withdrawn as if nothing had happened, but it can be stopped.
///
/// `due` is when it would be due with more time.
fn meant(verb: Verb, state: State, due: Option<Timestamp>, decision: Decision) -> Event {
    let is_begun = matches!(state, State::Acting | State::Waiting | State::Verifying);
    match verb {
        Verb::Cancel if is_begun => Event::Stopped(decision),
        Verb::Cancel => Event::Cancelled(decision),
        Verb::Approve => Event::Approved(decision),
        Verb::Reject => Event::Refused(decision),
        Verb::Retry => Event::Retried(decision),
        Verb::Extend => Event::Extended(Extension { decision, due: due.unwrap_or(Timestamp::MAX) }),
    }
}

/// When a request is due whose time is lengthened, where its law allows that.
fn extended(standing: &Standing, calendar: &Calendar) -> Option<Timestamp> {
    let law = standing.regulation.as_deref().map(|word| Law::parse(word).unwrap_or(Law::Gdpr))?;
    let terms = [law.term(), law.extension()?];
    Some(calendar.extended(standing.submitted?, standing.due?, terms))
}

/// Why time is not lengthened, though the state admits it: it is once at most, and before it is
/// over, for the person is to be told in time.
fn forbids(
    standing: &Standing,
    event: &Event,
    records: &[Record],
    now: Timestamp,
) -> Option<&'static str> {
    let Event::Extended(Extension { due, .. }) = event else { return None };
    if records.iter().any(|record| matches!(record.event, Event::Extended(_))) {
        return Some("its time was lengthened before, and that can be done once");
    }
    if *due == Timestamp::MAX {
        return Some("its law does not let anybody lengthen the time, or it is never due");
    }
    let is_over = standing.due.is_some_and(|due| due <= now);
    is_over.then_some("its time is over: it can be lengthened before only")
}

/// Whether the delivery came again: the last record is this very decision, or an earlier one is and
/// the request has moved on so far that it would not admit it any more. A signed decision is known
/// again always, by the time of its signing: caught on its way, it must not be taken a second time.
fn done_already(standing: &Standing, event: &Event, records: &[Record]) -> bool {
    let is_open_to_it = standing.state.next(event).is_ok();
    let taken = |record: &Record| match (&record.event, event) {
        // The same message, which stopped the request, must not give it up as well.
        (
            Event::Stopped(taken) | Event::Cancelled(taken),
            Event::Stopped(now) | Event::Cancelled(now),
        ) => taken == now,
        (Event::Extended(taken), Event::Extended(now)) => taken.decision == now.decision,
        (taken, now) => taken == now,
    };
    let is_known_always = !is_open_to_it || is_signed(event);
    records.last().is_some_and(taken) || is_known_always && records.iter().any(taken)
}

fn refusal(pointer: &str, code: &'static str, text: &str, id: RequestId) -> Refusal {
    let fault = Fault { pointer: pointer.to_owned(), code, message: text.to_owned() };
    Refusal { faults: vec![fault], id: Some(id) }
}
