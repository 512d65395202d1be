//! What each record says to the world, and publishing it from the outbox.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::archive::manifest::ManualStep;
use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::domain::coverage::covered::Covered;
use crate::domain::coverage::place::Looked;
use crate::domain::coverage::portal::{PORTAL, PORTAL_URL, portal};
use crate::domain::coverage::tenant_logs::GRAPH;
use crate::domain::event::Facts;
use crate::domain::failure::Failure;
use crate::domain::request::Request;
use crate::domain::state::{Counts, Decision, Event, Left, Signed, State};
use crate::ports::exports::SignedLink;
use crate::ports::ledger::Ledger;
use crate::ports::messages::announcer::{Announced, Announcer};

/// How one turn of announcing went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Published and confirmed.
    pub confirmed: usize,
    /// Kept, because no queue takes them; tried again later.
    pub unroutable: usize,
}

/// Announcements taken from the outbox at a time.
const WINDOW: u32 = 128;

/// Longest pause before an unroutable event is tried again.
const UNROUTABLE_PAUSE_MS_MAX: u64 = 600_000;

/// Publishes what the outbox holds, oldest first, until it is empty or the announcer fails.
///
/// # Errors
/// The announcer's or the ledger's failure; what was confirmed before it stays confirmed.
pub async fn announce(ledger: &dyn Ledger, announcer: &dyn Announcer) -> Result<Turn, Failure> {
    let mut turn = Turn::default();
    // Ends: each round either marks announcements sent, puts them off beyond now, or fails.
    loop {
        let window = ledger.unsent(WINDOW).await?;
        if window.is_empty() {
            return Ok(turn);
        }
        let answers =
            futures::future::join_all(window.iter().map(|each| announcer.announce(each))).await;
        let (mut sent, mut put_off) = (Vec::new(), BTreeMap::<u32, Vec<Uuid>>::new());
        let mut failure = None;
        for (announcement, answer) in window.iter().zip(answers) {
            match answer {
                Ok(Announced::Confirmed) => sent.push(announcement.id),
                Ok(Announced::Unroutable) => {
                    put_off.entry(announcement.tries).or_default().push(announcement.id);
                }
                Err(error) => failure = Some(error),
            }
        }
        turn.confirmed += sent.len();
        if !sent.is_empty() {
            ledger.mark_sent(&sent).await?;
        }
        for (tries, ids) in put_off {
            turn.unroutable += ids.len();
            ledger.put_off(&ids, pause_ms(tries)).await?;
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
    }
}

fn pause_ms(tries: u32) -> u64 {
    (1_000 << tries.min(10)).min(UNROUTABLE_PAUSE_MS_MAX)
}

/// The name of the event that announces a record, and what it says beyond the fields that all have.
pub fn wording(event: &Event, state: State) -> (&'static str, Map<String, Value>) {
    let (name, facts) = (name(event, state), Facts::of(event));
    let mut details = Map::new();
    if let Some(decision) = facts.decision {
        details.insert("decision".into(), describe_decision(event, decision));
    }
    if name == "progressed" {
        // What is left over is done by a plan that is longer than that.
        let is_left_over = matches!(event, Event::LeftOver { .. });
        let total = facts.items.filter(|_| !is_left_over).unwrap_or_default();
        details.insert("progress".into(), progress(state, total));
    } else if !matches!(event, Event::Accepted | Event::Rejected { .. } | Event::Extended(_)) {
        details.insert("outcome".into(), state.word().into());
    }
    if let Some(reason) = &facts.reason {
        let word = if name == "held" { "held_reason" } else { "failed_reason" };
        details.insert(word.into(), reason.as_ref().into());
    }
    if let Some(sources) = facts.returned {
        details.insert("returned".into(), json!({ "items": facts.items, "sources": sources }));
    }
    if let Some(counts) = facts.counts {
        details.insert("counts".into(), count(counts));
    }
    describe_archive(&facts, &mut details);
    describe_left(&facts, &mut details);
    if let Some(at) = facts.logically_erased_at {
        let mut horizon = json!({ "logically_erased_at": at.to_string() });
        if let Some(after) = facts.unrecoverable_after {
            horizon["unrecoverable_after"] = after.to_string().into();
        }
        details.insert("horizon".into(), horizon);
    }
    describe_untouched(&facts, &mut details);
    describe_certificate(&facts, &mut details);
    (name, details)
}

fn name(event: &Event, state: State) -> &'static str {
    match event {
        Event::Accepted => "accepted",
        Event::Rejected { .. } => "rejected",
        Event::FindStarted
        | Event::Planned { .. }
        | Event::Approved(_)
        | Event::Retried(_)
        | Event::ActStarted
        | Event::WaitStarted { .. }
        | Event::Acted { .. }
        | Event::LeftOver { .. } => "progressed",
        Event::Held { .. } => "held",
        Event::Refused(_) | Event::Cancelled(_) => "cancelled",
        Event::Returned { .. } => "returned",
        Event::Extended(_) => "extended",
        Event::Stopped(_) | Event::Failed { .. } => "failed",
        Event::Verified { .. } if state == State::Completed => "completed",
        Event::Verified { .. } => "partially_completed",
    }
}

/// What no program can do for a person: the last row of the design's table of sources. `logs` is
/// what is told of the tenant's logs. For all who are not told who that is.
pub fn manual_steps(request: &Request, logs: Option<&Covered>) -> Vec<ManualStep> {
    let find = WHERE_TO_FIND_IT.replace("{request}", request.id.as_str());
    let mut steps = named_steps(request, logs);
    for step in &mut steps {
        let is_known = !std::mem::take(&mut step.object_ids).is_empty();
        step.steps.splice(0..0, is_known.then(|| find.clone()));
    }
    steps
}

/// The same for the person, with what the person is called in the tenant.
pub fn named_steps(request: &Request, logs: Option<&Covered>) -> Vec<ManualStep> {
    let [person] = request.people() else { return Vec::new() };
    let copied = logs.filter(|logs| logs.looked == Looked::Looked);
    if let Some(at) = copied.and_then(|logs| logs.at.clone()) {
        return vec![handing_over(at)];
    }
    let refused = logs.filter(|logs| logs.looked == Looked::Refused);
    let object_ids: Vec<String> = object_ids(person).map(str::to_owned).collect();
    let (is_export, is_known) = (request.kind.is_export(), !object_ids.is_empty());
    let words = portal("en");
    let steps = words.steps(is_export, is_known).into_iter().map(str::to_owned).collect();
    vec![ManualStep {
        system: PORTAL.into(),
        what:
            "System-generated logs of Azure Machine Learning are exported and erased by a tenant \
               administrator in the Azure portal. It has no programming interface, so it is no \
               part of this outcome."
                .into(),
        url: Some(PORTAL_URL.into()),
        who: words.who.into(),
        steps,
        takes: words.takes(is_export).into(),
        object_ids,
        copied_to: None,
        not_copied: refused.map(|logs| logs.why.clone()),
    }]
}

/// What is left to do with a copy that lies there.
fn handing_over(at: String) -> ManualStep {
    let words = portal("en");
    ManualStep {
        system: GRAPH.into(),
        what: "System-generated logs about the person were copied by Microsoft Graph \
               (exportPersonalData). They are no part of the archive, and are removed with it."
            .into(),
        who: words.fetcher.into(),
        steps: words.fetching(&at),
        copied_to: Some(at),
        ..ManualStep::default()
    }
}

/// Who is meant is told to whoever has the master key, and to nobody else.
const WHERE_TO_FIND_IT: &str = "Find the object ID of the user with \
    `dsrd status {request} --left`, which shows it to who has the master key for as long as \
    follow-ups are kept.";

/// What a person is called in the tenant, where the request says so in the clear.
pub fn object_ids(person: &Subject) -> impl Iterator<Item = &str> {
    let is_plain = |identity: &&Identity| {
        identity.kind == IdentityType::ObjectId && identity.format == IdentityFormat::Raw
    };
    person.identities.iter().filter(is_plain).map(Identity::expose)
}

/// What a person decided: the word, and who, why and by which key.
pub fn describe_decision(event: &Event, decision: &Decision) -> Value {
    let Decision { actor, reason, signed } = decision;
    let mut told = json!({ "decision": event.word(), "actor": actor, "reason": reason });
    if let Some(Signed { key, at }) = signed {
        told["key"] = key.as_str().into();
        told["signed_time"] = at.to_string().into();
    }
    told
}

/// What services are at since then, and until when they are waited for at most.
pub fn waiting(facts: &Facts<'_>, since: Timestamp) -> Option<Value> {
    let awaited = facts.awaited?;
    let mut told = json!({ "since": since.to_string(), "for": awaited });
    if let Some(until) = facts.until_at_most {
        told["until_at_most"] = until.to_string().into();
    }
    Some(told)
}

/// What was not done or not looked at, by source and reason; never which items those are.
pub fn describe_left(facts: &Facts<'_>, details: &mut Map<String, Value>) {
    let Some(counts) = facts.counts else { return };
    if !counts.refusals.is_empty() {
        details.insert("refusals".into(), json!(counts.refusals));
    }
    if !counts.declared.is_empty() {
        let declared = counts.declared.iter().map(|items| {
            let mut told = json!(items);
            told["says"] = items.to_string().into();
            told
        });
        details.insert("declared".into(), declared.collect());
    }
    if let Some(coverage) = &counts.coverage {
        details.insert("coverage".into(), json!(coverage));
    }
    if let Some(Left { items, known_until }) = counts.left.as_deref() {
        let left = json!({ "items": items, "known_until": known_until.to_string() });
        details.insert("left".into(), left);
    }
}

/// What became of the items that were none of an erasure's business.
pub fn describe_untouched(facts: &Facts<'_>, details: &mut Map<String, Value>) {
    if let Some(untouched) = facts.untouched {
        details.insert("untouched".into(), json!(untouched));
    }
}

/// Where the certificate is.
pub fn describe_certificate(facts: &Facts<'_>, details: &mut Map<String, Value>) {
    let Some(evidence) = facts.certificate else { return };
    details.insert("certificate_url".into(), evidence.url.as_str().into());
    details.insert("certificate_digest".into(), evidence.sha256.as_str().into());
}

/// Where the request is, and how many items lie before it; 0 while unknown.
fn progress(state: State, total: u64) -> Value {
    json!({ "stage": state.word(), "done": 0, "total": total })
}

/// Where the archive is, and how long.
pub fn describe_archive(facts: &Facts<'_>, details: &mut Map<String, Value>) {
    let Some(archive) = facts.archive else { return };
    details.insert("results_url".into(), archive.url.as_str().into());
    details.insert("results_count".into(), archive.files.into());
    details.insert("archive_sha256".into(), archive.sha256.as_str().into());
    if let Some(expires) = archive.expires {
        details.insert("results_expire_time".into(), expires.to_string().into());
    }
}

/// Puts a link that opens the archive in the place of the plain URL.
pub fn add_link(link: &SignedLink, details: &mut Map<String, Value>) {
    details.insert("results_url".into(), link.expose().into());
    details.insert("results_url_expire_time".into(), link.until.to_string().into());
}

/// The numbers of a request, as announced.
pub fn count(counts: &Counts) -> Value {
    let mut told =
        json!({ "seen": counts.seen, "found": counts.found, "outcomes": counts.outcomes });
    if counts.known > 0 {
        told["known"] = counts.known.into();
    }
    told
}
