//! English.

use crate::evidence::certificate::page::texts::Texts;

/// The sentences and words.
pub static ENGLISH: Texts = Texts {
    tag: "en",
    title: "Certificate of erasure",
    all_erased: "Everything that was found was erased, or written anew without the person. A \
        second look found nothing more.",
    all_but_kept: "Everything that was found was erased, or written anew without the person, \
        except what is kept for the reasons given below. A second look found nothing more.",
    nothing_found: "Nothing was found that speaks of the person.",
    something_left: "Not everything could be read or erased. How much was not, where and why, is \
        said below; which items they were, the operator can look up for a while.",
    title_of_thing: "Certificate about a resource",
    thing_gone: "The resource and all that belongs to it is deleted. A second look found nothing \
        of it any more.",
    thing_aside: "What was asked for was put aside, and not erased: it is registered no more, or \
        hidden. A second look found it so.",
    thing_unfound: "There was no such resource, or none with which that was still to be done.",
    thing_kept: "What was asked for was done, except with what is kept for the reasons given \
        below.",
    request: "The request",
    request_id: "Request",
    thing: "Resource",
    regulation: "Law",
    controller: "Controller",
    submitted: "Submitted",
    accepted: "Accepted",
    acted: "Carried out",
    verified: "Looked at again",
    outcome: "What became of it",
    outcome_intro: "Items are stored things: files, documents, records. Each is counted with every \
                    version and snapshot that it had.",
    source: "Source",
    became: "What became of them",
    reason: "Reason",
    items: "Items",
    total: "All",
    more_rows: "Further rows are left out here; the signed document lists every item: {count}",
    outcomes: [
        "erased",
        "kept without the person: rewritten",
        "gone already",
        "kept",
        "not erased: blocked",
        "not read",
        "not erased: written anew again and again",
        "not erased: it failed",
        "not looked through: declared to hold no person",
        "put aside: registered no more",
        "put aside: hidden",
    ],
    meanings: [
        "{codes}: the service lets nobody change this part of the record of a \
         run, such as who created it. It goes only with the whole run.",
        "{codes}: a snapshot of the whole share keeps it as it was, and nobody \
         can change a snapshot. It goes when whoever keeps the snapshot, or the \
         backup that it belongs to, removes it.",
        "{codes}: somebody had it open or had locked parts of it. It stayed as \
         it was.",
        "{codes}: it is marked so that nobody may change or delete it. It stayed \
         as it was.",
        "{codes}: it is deleted already, and is there until whoever has it open \
         closes it.",
        "{codes}: there is still something in this directory.",
        "{codes}: it has a name or a path that no request to the service can \
         say, so that it could be neither read nor changed. It can be renamed or \
         deleted by other means, as where its share is mounted.",
        "{codes}: the identity by which this was done has no right to it there. It stayed \
         as it was.",
    ],
    declared: "{items} items of the form “{form}” in {source} were not looked through: {by} \
        declared on {on} that they hold no person ({reason}).",
    decisions: "Who decided what",
    who: "Who",
    when: "When",
    decision: "Decision",
    decided: ["approved", "refused", "cancelled", "stopped", "tried again", "extended"],
    looked_at: "Items that were looked at: {count}",
    known: "Of these, {known} were not read again: they are unchanged since an earlier search \
            read them, and what is known of them since then speaks of nobody who was sought. Of \
            the {seen} of the second look this is true of {again}.",
    untouched: "Items that were left alone: {items}. Of these {unchanged} are exactly as they \
                were; others changed {changed} and removed {gone} meanwhile.",
    horizon: "When it is gone for good",
    gone_at_once: "Erased on {at}. Since then nothing of it can be restored from the sources.",
    gone_later: "Erased on {at}. The storage service keeps deleted data for a while; after {after} \
                 it cannot be restored any more.",
    gone_unknown: "Erased on {at}. The storage service did not tell until when deleted data can be \
                   restored.",
    gone_nothing: "Nothing had to be erased; that was clear on {at}.",
    outside: "What lies outside our reach",
    outside_intro: "The following is no part of this certificate: backups, copies outside the \
                    sources, and what only a person can do:",
    privacy_portal: "Logs that Azure Machine Learning itself writes about its users. A tenant \
                     administrator exports and erases them in the Azure portal; no program can.",
    checking: "How to check this",
    checking_intro: "This page puts into words what the signed document {name} says exactly. Only \
                     that document is signed. To check it:",
    checking_key: "DEPLOYMENT.pem is the deployment's public key, as the operator hands it out \
                   (dsrd config --public-key). The signature is a detached JWS (RFC 7515, Ed25519) \
                   over the canonical form (RFC 8785) of the document without its member \
                   \"signature\", so that other programs can check it too.",
    key_id: "Key",
    digest: "SHA-256 of the document",
    ledger: "Ledger",
    policy: "Policy",
    hashed: "Neither here nor there stands who the person is, or what the items were called. In \
             their place the document has keyed hashes, which only the operator can compare.",
    written_by: "Written by {program} for {deployment}.",
};
