//! Carries out the plan of an export: every planned item's bytes into one archive, streamed.
//!
//! The archive is written anew each time, in the order of the plan, and becomes visible only when
//! it is whole; an export that was killed leaves nothing and starts again. Where the request names
//! recipients, what is stored is encrypted as it is written. What is about others is masked first,
//! in all items under the same names.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use sha2::{Digest, Sha256};

use crate::archive::about::About;
use crate::archive::manifest::{self, LegalTag, MaskedKind};
use crate::archive::writer::{ArchiveError, ArchiveWriter};
use crate::domain::coverage::covered::Covered;
use crate::domain::coverage::tenant_logs;
use crate::domain::failure::Failure;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::declared::Declared;
use crate::domain::request::{Controller, RequestKind};
use crate::domain::state::{Archive, Event};
use crate::evidence::encryption::{Encrypting, Encryption};
use crate::ports::exports::{Exports, Stored, Upload};
use crate::ports::sources::Source;
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::announce::named_steps;
use crate::stages::rewrite::belonging::Belongings;
use crate::stages::rewrite::kept::Kept;
use crate::stages::rewrite::mask::{Masked, Masks, READS_MAX, masked_name, masked_text, meet};
use crate::stages::rewrite::prepare::{Prepared, prepare};
use crate::stages::verify::archive::{Standing, standing};
use crate::stages::walk::pass::Walk;

/// Planned items read from the ledger at a time.
const PAGE: u32 = 256;

/// Archive bytes kept before they are handed to the store.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes the archive and brings the request to `verifying`.
///
/// # Errors
/// A transient failure of a source, of the store or of the ledger; a broken archive writer.
pub async fn export(
    account: &Account,
    sources: &[Arc<dyn Source>],
    exports: &dyn Exports,
    beside: Beside<'_>,
    case: &Case,
    with: &Walk,
) -> Result<(), Failure> {
    let encryption = case.encryption();
    let name = archive_name(case);
    // Known before it is written: whoever dies while writing leaves nothing that nobody removes.
    // An archive that was begun by an earlier version keeps its name.
    let name = account.ledger.keep(&case.lease, &case.request.id, &name).await?;
    let mut packing = Packing::new(Sink::open(exports, &name, case, encryption).await?);
    let kept = Kept::default();
    let masks = meet(account, sources, case, with, &kept).await?;
    let belongings = Belongings::learn(account, sources, case, with).await?;
    let mut after = None;
    loop {
        if account.is_overtaken(case).await? {
            return Ok(());
        }
        let page = account.items(case, after, false, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.ordinal);
        let prepared = stream::iter(page).map(|Entry { ordinal, planned, .. }| {
            let (masks, belongings, kept) = (&masks, &belongings, &kept);
            let kind = case.request.kind;
            async move {
                let kept = kept.take(ordinal);
                if let Some(stays) = unpacked(kind, &planned, masks, belongings) {
                    return Ok((ordinal, stays));
                }
                let item = &planned.finding.item;
                let (mask, tag) = (masks.of(item), belongings.tag(item));
                let prepared = prepare(sources, (planned.finding, kept), mask, with).await?;
                Ok((ordinal, Packed::Item(prepared, tag)))
            }
        });
        let mut prepared = pin!(prepared.buffered(READS_MAX));
        let mut outcomes = Vec::new();
        while let Some(prepared) = prepared.next().await {
            let (ordinal, prepared): (u64, Packed) = prepared?;
            outcomes.push((ordinal, packing.add(prepared).await?));
        }
        account.record_outcomes(case, &outcomes).await?;
    }
    let about = about(account, &beside, case).await?;
    let archive = packing.finish(account, case, name, &about, exports).await?;
    let archive = Archive { tenant_logs: beside.tenant_logs.map(Box::new), ..archive };
    account.advance(case, Event::Acted { archive: Some(archive) }).await?;
    Ok(())
}

/// What an archive tells that stands in no plan.
pub struct Beside<'a> {
    /// Who is responsible for the data.
    pub controller: &'a Controller,
    /// What came of the tenant's logs, where the find could not tell.
    pub tenant_logs: Option<Covered>,
}

/// One line of the plan, ready for the archive.
enum Packed {
    /// There is nothing to pack or to list.
    Settled(ItemOutcome),
    /// It is counted, and not named.
    Counted(Unsearched),
    Item(Prepared, LegalTag),
}

/// An item that could not be looked through.
struct Unsearched {
    source: String,
    outcome: ItemOutcome,
    declared: Option<Declared>,
}

/// What becomes of a line of the plan of which nothing is packed; `None` if something is. Names of
/// what could not be looked through are told only of what is the person's by its place: the others
/// may be about anybody.
fn unpacked(
    kind: RequestKind,
    planned: &Planned,
    masks: &Masks,
    belongings: &Belongings,
) -> Option<Packed> {
    let item = &planned.finding.item;
    let masks = masks.of(item).map(Arc::as_ref);
    let tag = belongings.tag(item);
    let out = |reason: &str, outcome: ItemOutcome| {
        let finding = Box::new(masked_name(&planned.finding, masks));
        let reason = masked_text(reason, masks);
        Packed::Item(Prepared::Out { finding, reason, outcome }, tag)
    };
    let source = item.source.clone();
    match (&planned.action, planned.settled()) {
        (Action::List(reason), Some(outcome)) => {
            // An item without a name stands for a whole source.
            let is_named = item.name.is_empty() || kind.is_about_a_thing() || belongings.has(item);
            let counted =
                || Packed::Counted(Unsearched { source, outcome: outcome.clone(), declared: None });
            Some(if is_named { out(reason, outcome.clone()) } else { counted() })
        }
        (Action::Declare { declared, .. }, Some(outcome)) => {
            let declared = Some(declared.clone());
            Some(Packed::Counted(Unsearched { source, outcome, declared }))
        }
        (_, Some(outcome)) => Some(Packed::Settled(outcome)),
        (_, None) if kind == RequestKind::Portability => {
            let reason = tag.not_portable()?;
            Some(out(reason, ItemOutcome::Kept(reason.to_owned())))
        }
        (_, None) => None,
    }
}

/// An archive on its way to the store.
struct Packing {
    /// Boxed: it holds a compressor, and futures that hold it would be moved about with it.
    writer: Box<ArchiveWriter>,
    sink: Sink,
}

impl Packing {
    fn new(sink: Sink) -> Self {
        Self { writer: Box::default(), sink }
    }

    /// Packs one item, or lists it.
    async fn add(&mut self, packed: Packed) -> Result<ItemOutcome, Failure> {
        match packed {
            Packed::Settled(outcome) => Ok(outcome),
            Packed::Counted(Unsearched { source, outcome, declared }) => {
                self.writer.count_unsearched(&source, outcome.detail(), declared);
                Ok(outcome)
            }
            Packed::Item(Prepared::Out { finding, reason, outcome }, _) => {
                self.writer.list_unreadable(&finding.item, &reason).map_err(broken)?;
                Ok(outcome)
            }
            Packed::Item(Prepared::Ready(masked), tag) => self.pack(*masked, tag).await,
        }
    }

    async fn pack(&mut self, masked: Masked, tag: LegalTag) -> Result<ItemOutcome, Failure> {
        let Masked { finding, bytes, replaced, broken: broke_off } = masked;
        let places = [
            manifest::Masked::new(MaskedKind::Person, replaced.persons),
            manifest::Masked::new(MaskedKind::Secret, replaced.secrets),
        ];
        self.writer.begin(&finding, &places).map_err(broken)?;
        self.writer.set_tag(tag).map_err(broken)?;
        let mut bytes = bytes.into_stream()?;
        while let Some(chunk) = bytes.next().await {
            self.writer.write(&chunk?).map_err(broken)?;
            self.hand_over(BUFFER_BYTES).await?;
        }
        match broke_off {
            None => {
                self.writer.end().map_err(broken)?;
                Ok(ItemOutcome::Exported)
            }
            Some(why) => {
                self.writer.abandon(&why).map_err(broken)?;
                Ok(ItemOutcome::Unreadable(why))
            }
        }
    }

    async fn hand_over(&mut self, at_least: usize) -> Result<(), Failure> {
        if self.writer.ready_bytes() < at_least {
            return Ok(());
        }
        let bytes = self.writer.take();
        self.sink.send(bytes).await
    }

    async fn finish(
        mut self,
        account: &Account,
        case: &Case,
        name: String,
        about: &About,
        exports: &dyn Exports,
    ) -> Result<Archive, Failure> {
        self.hand_over(1).await?;
        let finished = std::mem::take(&mut self.writer).finish(about).map_err(broken)?;
        self.sink.send(finished.tail).await?;
        account.assert_ours(case).await?;
        let written = self.sink.finish().await?;
        let (sha256, size) = match written.stored {
            Stored::Whole => (written.sha256, written.size),
            Stored::Fixed => earlier(exports, &name, case, &written).await?,
        };
        let (url, files) = (exports.url(&name), finished.counts.files);
        Ok(Archive { url, name, sha256, size, files, expires: None, tenant_logs: None })
    }
}

/// Digest and size of the archive that stands there and cannot be written over, if it is the same:
/// whoever wrote it died before it was noted. An encrypted one has other bytes each time.
async fn earlier(
    exports: &dyn Exports,
    name: &str,
    case: &Case,
    written: &Written,
) -> Result<(String, u64), Failure> {
    let there = standing(exports, name, case.encryption()).await?;
    let is_same = |there: &Standing| {
        there.sha256 == written.sha256 || there.plain.as_ref() == Some(&written.plain)
    };
    let there = there.filter(is_same).ok_or_else(|| {
        Failure::needs_person("writing an archive: another stands under its name").because(
            "the store does not let it be written over; remove it, or the hold or policy on it",
        )
    })?;
    Ok((there.sha256, there.size))
}

/// Under which name the archive of a request is kept.
pub fn archive_name(case: &Case) -> String {
    let end = if case.encryption().is_some() { "zip.age" } else { "zip" };
    format!("{}.{end}", case.request.id.file_name())
}

/// What the archive says beyond its files.
async fn about(account: &Account, beside: &Beside<'_>, case: &Case) -> Result<About, Failure> {
    let request = &case.request;
    let coverage = account.coverage(case).await?;
    let coverage = tenant_logs::retold(coverage, beside.tenant_logs.clone());
    Ok(About {
        request: request.id.clone(),
        kind: request.kind,
        regulation: request.regulation.clone(),
        submitted: request.submitted,
        searched: account.searched(case).await?,
        language: request.options.language.clone(),
        asked: request.asked.clone(),
        controller: beside.controller.clone(),
        program: concat!("dsrd ", env!("CARGO_PKG_VERSION")).to_owned(),
        items_seen: account.seen(case).await?,
        manual_steps: named_steps(request, tenant_logs::of(&coverage)),
        coverage,
    })
}

/// Where the archive's bytes go: through the cipher, if there is one, into the store.
struct Sink {
    upload: Box<dyn Upload>,
    encrypting: Option<Box<Encrypting>>,
    /// Of what is stored.
    hash: Sha256,
    /// Of what is encrypted.
    plain: Sha256,
    size: u64,
}

/// What went into the store.
struct Written {
    sha256: String,
    /// Hex SHA-256 before it was encrypted.
    plain: String,
    size: u64,
    stored: Stored,
}

impl Sink {
    async fn open(
        exports: &dyn Exports,
        name: &str,
        case: &Case,
        encryption: Option<Encryption>,
    ) -> Result<Self, Failure> {
        let mut start = None;
        if let Some(encryption) = encryption {
            start = Some(begin(encryption).await?);
        }
        let upload = exports.create(name, case.lease.fence).await?;
        let encrypting = start.map(Box::new);
        Ok(Self { upload, encrypting, hash: Sha256::new(), plain: Sha256::new(), size: 0 })
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), Failure> {
        let bytes = match &mut self.encrypting {
            Some(encrypting) => {
                self.plain.update(&bytes);
                encrypting.write(&bytes).map_err(unencrypted)?
            }
            None => bytes,
        };
        self.store(bytes).await
    }

    /// Makes the archive visible, where the store lets it.
    async fn finish(mut self) -> Result<Written, Failure> {
        if let Some(encrypting) = self.encrypting.take() {
            self.store(encrypting.finish().map_err(unencrypted)?).await?;
        }
        let stored = self.upload.finish().await?;
        let (sha256, plain) = (self.hash.finalize(), self.plain.finalize());
        Ok(Written {
            sha256: hex::encode(sha256),
            plain: hex::encode(plain),
            size: self.size,
            stored,
        })
    }

    async fn store(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.hash.update(&bytes);
        self.size += bytes.len() as u64;
        self.upload.write(bytes).await
    }
}

async fn begin(encryption: Encryption) -> Result<Encrypting, Failure> {
    let begun = if encryption.is_slow() {
        let begun = tokio::task::spawn_blocking(move || encryption.begin()).await;
        begun.map_err(unencrypted)?
    } else {
        encryption.begin()
    };
    begun.map_err(unencrypted)
}

fn unencrypted(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::permanent("encrypting an archive").because(error)
}

fn broken(error: ArchiveError) -> Failure {
    Failure::permanent("writing an archive").because(error)
}
