//! The last statement of an erasure: what became of each item, signed, for whoever has to be shown.
//!
//! It is written once the second look has found nothing more and before the record that says so,
//! which names it by its digest. A daemon that dies in between writes it anew, with the time of
//! then, and names that one. Where it cannot be kept the request has failed when its tries are
//! over: its plan and all outcomes stay, so that a retry can write it.
//!
//! What was signed once is never written over: it may be all that is left of what was erased, where
//! a ledger was restored that knows nothing of it. The one that stands there is taken if it says
//! the same, and else the new one gets a name of its own.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::archive::manifest::ManualStep;
use crate::domain::asked::subject::Identity;
use crate::domain::failure::Failure;
use crate::domain::policy::declared::{Declared, DeclaredItems};
use crate::domain::policy::guard::Share;
use crate::domain::state::{Decision, Event, Evidence, Refusal, State};
use crate::evidence::certificate::check::{Checked, check};
use crate::evidence::certificate::document::{
    Asked, Certificate, CertifiedCounts, Decided, DeclaredOf, FORMAT, Horizon, LedgerHead,
    LookedAgain, Manual, NamedThing, NotDone, Others, Person, Program, Searched,
};
use crate::evidence::certificate::hashes::{Hashes, HowHashed};
use crate::evidence::certificate::page::html::page;
use crate::evidence::seal::MasterKey;
use crate::evidence::signature::PublicKey;
use crate::matching::identity::patterns::canonical;
use crate::ports::exports::{Exports, Stored};
use crate::ports::ledger::Record;
use crate::stages::account::case::Case;
use crate::stages::account::history::coverage;
use crate::stages::account::records::Account;
use crate::stages::announce::manual_steps;
use crate::stages::signing::Signer;
use crate::stages::verify::reckoning::Reckoning;

/// Bytes handed to the store at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Writes the certificate, and the page for people beside it, of what the plan came to.
///
/// # Errors
/// The ledger's failure; a transient one where the store does not take it, whatever its reason.
pub async fn certify(
    account: &Account,
    exports: &dyn Exports,
    signer: &Signer,
    case: &Case,
    reckoning: Reckoning,
) -> Result<Evidence, Failure> {
    let now = account.clock.now();
    let records = account.past(case).await?;
    let mut certificate = filled(account, case, records, reckoning, now);
    let document = signer.certify(&mut certificate, now).into();
    let issued = Issued { certificate, document };
    let desk = Desk { account, exports, signer, case };
    let file = case.request.id.file_name();
    // No claim has the number of another.
    let own = format!("{file}.certificate-{}", case.lease.fence);
    for stem in [format!("{file}.certificate"), own] {
        if let Some(evidence) = desk.issue(&issued, &stem).await? {
            return Ok(evidence);
        }
    }
    Err(not_kept(Failure::transient("naming it: others stand there that cannot be written over")))
}

/// Checks a certificate, offline. Without keys from elsewhere (PEM, one or several) the one in it
/// is believed.
///
/// # Errors
/// The key cannot be used; the first fault of the certificate.
pub fn check_document(json: &[u8], keys: Option<&str>) -> Result<Checked, Failure> {
    let taking = |error| Failure::needs_person("taking the public key").because(error);
    let keys = keys.map(PublicKey::all_from_pem).transpose().map_err(taking)?;
    check(json, &keys.unwrap_or_default())
        .map_err(|fault| Failure::permanent("the certificate does not hold").because(fault))
}

/// Whether a certificate is about whoever this identity names, which only the master key can tell.
///
/// # Errors
/// The master key has another form.
pub fn is_about(
    certificate: &Certificate,
    identity: &Identity,
    master_key: &str,
) -> Result<bool, Failure> {
    let master_key = MasterKey::from_hex(master_key)
        .map_err(|error| Failure::needs_person("taking the master key").because(error))?;
    let hash = Hashes::new(&master_key, &certificate.request.id).identity(&canonical(identity));
    Ok(certificate.subject.iter().any(|person| person.hash == hash))
}

fn filled(
    account: &Account,
    case: &Case,
    records: &[Record],
    reckoning: Reckoning,
    now: Timestamp,
) -> Certificate {
    let Reckoning { counts, items, logically_erased_at, .. } = reckoning;
    let Reckoning { unrecoverable_after, untouched, planned: of_find, again, .. } = reckoning;
    let (request, hashes) = (&case.request, account.keys.hashes(&case.request.id));
    // Not if an earlier version found: it counted what was gone by the time it was read.
    let adds_up =
        |planned: u64| untouched.is_some_and(|others| planned + others.items == counts.seen);
    let (policy, sources) = planned(records, again);
    let at = |is: fn(&Event) -> bool| {
        records.iter().rev().find(|record| is(&record.event)).map_or(now, |record| record.at)
    };
    let state = if counts.is_clean() { State::Completed } else { State::PartiallyCompleted };
    let identities = request.people().iter().flat_map(|person| &person.identities);
    Certificate {
        counts: CertifiedCounts {
            found: counts.found,
            outcomes: counts.outcomes.clone(),
            planned: of_find.filter(|planned| adds_up(*planned)),
            seen: counts.seen,
        },
        coverage: coverage(records),
        decisions: decisions(records),
        declared: counts.declared.iter().map(declared).collect(),
        deployment: account.deployment(),
        format: FORMAT.to_owned(),
        hashes: HowHashed::now(),
        horizon: Horizon { logically_erased_at, unrecoverable_after },
        items,
        ledger: LedgerHead { head: case.standing.head.clone(), sequence: case.standing.sequence },
        manual_steps: manual_steps(request, None).into_iter().map(by_hand).collect(),
        policy,
        program: Program { name: "dsrd".into(), version: env!("CARGO_PKG_VERSION").into() },
        refusals: counts.refusals.iter().map(refused).collect(),
        request: Asked {
            accepted: at(|event| matches!(event, Event::Accepted)),
            acted: at(|event| matches!(event, Event::Acted { .. })),
            id: request.id.clone(),
            regulation: request.regulation.clone(),
            submitted: request.submitted,
            kind: request.kind,
            verified: now,
        },
        signature: None,
        sources,
        state: state.word().to_owned(),
        subject: identities
            .map(|identity| Person {
                hash: hashes.identity(&canonical(identity)),
                kind: identity.kind.as_str().to_owned(),
            })
            .collect(),
        thing: request.thing().map(|thing| NamedThing {
            hash: hashes.identity(&format!("{} {}", thing.kind.word(), thing.name)),
            kind: thing.kind,
        }),
        untouched: untouched.map(|untouched| Others {
            changed: untouched.changed,
            gone: untouched.gone,
            items: untouched.items,
            unchanged: untouched.unchanged,
        }),
    }
}

/// The policy of the last plan, and what its find and the second look looked at.
fn planned(
    records: &[Record],
    mut again: BTreeMap<String, LookedAgain>,
) -> (String, Vec<Searched>) {
    let plan = records.iter().rev().find_map(|record| match &record.event {
        Event::Planned { policy, sources, .. } => Some((policy, sources)),
        _ => None,
    });
    let Some((policy, sources)) = plan else { return Default::default() };
    let searched = sources.iter().map(|Share { source, seen, known, .. }| Searched {
        again: again.remove(source),
        known: *known,
        seen: *seen,
        source: source.clone(),
    });
    (policy.clone(), searched.collect())
}

/// What people decided, in the order of the ledger.
fn decisions(records: &[Record]) -> Vec<Decided> {
    let decided = |record: &Record| {
        let Decision { actor, reason, signed } = record.event.decision()?;
        Some(Decided {
            actor: actor.clone(),
            at: record.at,
            decision: record.event.word().to_owned(),
            key: signed.as_ref().map(|signed| signed.key.clone()),
            reason: reason.clone(),
        })
    };
    records.iter().filter_map(decided).collect()
}

fn declared(items: &DeclaredItems) -> DeclaredOf {
    let says = items.to_string();
    let DeclaredItems { declared: Declared { by, on, reason }, form, items, source } = items;
    DeclaredOf {
        by: by.clone(),
        form: form.clone(),
        items: *items,
        on: *on,
        reason: reason.clone(),
        says,
        source: source.clone(),
    }
}

fn by_hand(step: ManualStep) -> Manual {
    let ManualStep { system, what, url, who, steps, takes, .. } = step;
    Manual { steps, system, takes, url, what, who }
}

fn refused(refusal: &Refusal) -> NotDone {
    NotDone {
        items: refusal.items,
        outcome: refusal.outcome.clone(),
        reason: refusal.reason.clone(),
        source: refusal.source.clone(),
    }
}

/// A certificate as it is stored.
struct Issued {
    certificate: Certificate,
    document: Bytes,
}

/// What stands where a certificate is to be kept.
enum There {
    /// Nothing.
    Nothing,
    /// One of ours that says the same.
    Same(Box<Issued>),
    /// Anything else, which stays.
    Other,
}

/// Where certificates are issued.
struct Desk<'a> {
    account: &'a Account,
    exports: &'a dyn Exports,
    signer: &'a Signer,
    case: &'a Case,
}

impl Desk<'_> {
    /// Keeps a certificate under that name, and its page; `None` where something else stands there.
    async fn issue(&self, issued: &Issued, stem: &str) -> Result<Option<Evidence>, Failure> {
        let name = format!("{stem}.json");
        let earlier = match self.standing(&name, issued).await? {
            There::Nothing => match self.keep(&name, issued.document.clone()).await? {
                Stored::Whole => None,
                Stored::Fixed => return Ok(None),
            },
            There::Same(earlier) => Some(*earlier),
            There::Other => return Ok(None),
        };
        let Issued { certificate, document } = earlier.as_ref().unwrap_or(issued);
        let sha256 = hex::encode(Sha256::digest(document));
        let language = self.case.request.options.language.as_deref().unwrap_or("en");
        let html = Bytes::from(page(certificate, &name, &sha256, language));
        let page = format!("{stem}.html");
        let is_ours = match self.keep(&page, html.clone()).await? {
            Stored::Whole => true,
            Stored::Fixed => self.read(&page, html.len()).await? == Some(html),
        };
        let url = self.exports.url(&name);
        Ok(is_ours.then_some(Evidence { url, name, sha256 }))
    }

    /// What stands under that name.
    async fn standing(&self, name: &str, issued: &Issued) -> Result<There, Failure> {
        // The times and the signature are no shorter or longer than that.
        let bytes_max = issued.document.len() + CHUNK_BYTES;
        let Some(document) = self.read(name, bytes_max).await? else { return Ok(There::Nothing) };
        let Ok(checked) = check(&document, &[self.signer.public()]) else {
            return Ok(There::Other);
        };
        let certificate = checked.certificate;
        let is_same = says(&certificate) == says(&issued.certificate);
        let same = || There::Same(Box::new(Issued { certificate, document }));
        Ok(if is_same { same() } else { There::Other })
    }

    /// What stands under a name, so many bytes of it at most; `None` if nothing does.
    async fn read(&self, name: &str, bytes_max: usize) -> Result<Option<Bytes>, Failure> {
        let reading = async {
            let Some(mut bytes) = self.exports.open(name).await? else { return Ok(None) };
            let mut whole = BytesMut::new();
            while let Some(chunk) = bytes.next().await
                && whole.len() <= bytes_max
            {
                whole.extend_from_slice(&chunk?);
            }
            Ok(Some(whole.freeze()))
        };
        reading.await.map_err(not_kept)
    }

    async fn keep(&self, name: &str, mut bytes: Bytes) -> Result<Stored, Failure> {
        let keeping = async {
            let mut upload = self.exports.create(name, self.case.lease.fence).await?;
            while !bytes.is_empty() {
                upload.write(bytes.split_to(bytes.len().min(CHUNK_BYTES))).await?;
            }
            self.account.assert_ours(self.case).await?;
            upload.finish().await
        };
        keeping.await.map_err(not_kept)
    }
}

/// What a certificate says, whenever it was written and whichever version wrote it.
fn says(certificate: &Certificate) -> Value {
    let mut says = serde_json::to_value(certificate).unwrap_or_default();
    for (part, member) in [("request", "verified"), ("program", "version")] {
        if let Some(Value::Object(part)) = says.get_mut(part) {
            part.remove(member);
        }
    }
    if let Value::Object(says) = &mut says {
        says.remove("signature");
    }
    says
}

/// Whatever its reason, the store may take it at the next try.
fn not_kept(failure: Failure) -> Failure {
    if failure.is_of_the_ledger() {
        return failure;
    }
    Failure::transient("keeping a certificate, without which no erasure ends").because(failure)
}
