//! Items on their way into an archive, without other people and secrets: the right to a copy must
//! not adversely affect the rights of others (GDPR Art. 15(4)).
//!
//! Everyone named in any item of the request is met first, so that a person has one pseudonym in
//! all of them, and a name that one document gives is masked in all others; that document may be
//! anywhere in the workspace. An item leaves only
//! after the same eyes have found nobody else in the whole of it; one that cannot be rewritten, or
//! not be read whole, stays out and is listed.

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Hit, Item, Kind};
use crate::domain::policy::action::Action;
use crate::matching::encoding::Undone;
use crate::matching::limits::{ItemLimits, PeopleLimits};
use crate::matching::people::census::Census;
use crate::matching::people::crowd::Crowd;
use crate::matching::people::kin::known::Known;
use crate::matching::people::mask::Mask;
use crate::matching::put::Replaced;
use crate::matching::redact::looks::Masking;
use crate::matching::redact::refusal::Unredacted;
use crate::matching::redact::rewriting::{Purity, purity, redact_named, redact_short};
use crate::matching::secrets::Sought;
use crate::ports::sources::{ByteStream, Read, Source};
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::people::Acquainted;
use crate::stages::account::records::Account;
use crate::stages::rewrite::kept::Kept;
use crate::stages::rewrite::spool::Spool;
use crate::stages::walk::ask::bytes_for;
use crate::stages::walk::content::{census_of, failure_in, on_a_thread, reader_of};
use crate::stages::walk::pass::{Walk, item_at_fault};

/// Items read at the same time.
pub const READS_MAX: usize = 8;

/// An item as it may leave.
pub struct Masked {
    /// As it may be named.
    pub finding: Finding,
    /// Its bytes.
    pub bytes: Spool,
    /// Places replaced in the bytes, the name and what stands beside them.
    pub replaced: Replaced,
    /// Why the bytes broke off, where they did.
    pub broken: Option<String>,
}

/// Why an item stays out: a stable word first.
pub struct Withheld(pub String);

/// What is masked in the items of one request.
pub enum Masks {
    /// Other people, and secrets; `None` if people are too many to be told apart, and then nobody
    /// can say whom an item would show.
    OfPeople(Option<Arc<Mask>>),
    /// Secrets alone, where a thing is asked for and no person asks.
    OfNobody {
        /// In what a service says of things.
        documents: Arc<Mask>,
        /// In files.
        files: Arc<Mask>,
    },
}

impl Masks {
    /// Those of a request about a thing.
    fn of_nobody() -> Self {
        let [documents, files] =
            [Sought::Any, Sought::Certain].map(|sought| Arc::new(Mask::of_nobody(sought)));
        Self::OfNobody { documents, files }
    }

    /// What is masked in this item.
    pub fn of(&self, item: &Item) -> Option<&Arc<Mask>> {
        match self {
            Self::OfPeople(mask) => mask.as_ref(),
            Self::OfNobody { documents, .. } if item.kind == Kind::Thing => Some(documents),
            Self::OfNobody { files, .. } => Some(files),
        }
    }
}

/// Meets everyone named in the items that a request exports, of which the short ones are kept.
///
/// # Errors
/// The ledger's failure; a transient one of a source, where another try will follow.
pub async fn meet(
    account: &Account,
    sources: &[Arc<dyn Source>],
    case: &Case,
    with: &Walk,
    kept: &Kept,
) -> Result<Masks, Failure> {
    let Some(person) = case.request.people().first() else { return Ok(Masks::of_nobody()) };
    let mut crowd = Crowd::new(person, &PeopleLimits::default());
    let Acquainted { known, overflowed } = account.acquainted(case).await?;
    crowd.add(&Census { overflowed, ..Census::default() });
    let known = &known;
    let censuses = account.entries(case).map(|entry| async move {
        let Entry { ordinal, planned, .. } = entry?;
        let item = &planned.finding.item;
        let source = sources.iter().find(|source| source.name() == item.source);
        match (planned.action, source) {
            (Action::Export, Some(source)) => {
                named_in(&**source, item, known, with, (ordinal, kept)).await
            }
            _ => Ok(None),
        }
    });
    // In the order of the plan, or numbers would differ from one try to the next.
    let mut censuses = pin!(censuses.buffered(READS_MAX));
    while let Some(census) = censuses.next().await {
        if let Some(census) = census? {
            crowd.add(&census);
        }
    }
    let mask = crowd.mask().map(|mask| Arc::new(mask.knowing(Arc::clone(known))));
    Ok(Masks::OfPeople(mask))
}

async fn named_in(
    source: &dyn Source,
    item: &Item,
    known: &Arc<Known>,
    with: &Walk,
    (ordinal, kept): (u64, &Kept),
) -> Result<Option<Census>, Failure> {
    let named = async {
        let read = match bytes_for(source, item, &with.asking()).await? {
            Read::Bytes(bytes) => Read::Bytes(kept.reading(ordinal, bytes).await?),
            other => other,
        };
        census_of(read, item, &with.limits, known).await
    };
    match named.await {
        Err(failure) => {
            // Whoever is met later for the first time gets no number.
            let _told_when_it_is_packed = item_at_fault(source, failure, with).await?;
            Ok(None)
        }
        Ok(census) => Ok(census),
    }
}

/// Masks one item whose bytes are these. Where they break off for good, as far as they came.
///
/// # Errors
/// The source's failure, or the disk's.
pub async fn mask(
    finding: &Finding,
    bytes: ByteStream,
    mask: Option<Arc<Mask>>,
    with: &Walk,
) -> Result<Result<Masked, Withheld>, Failure> {
    let Some(mask) = mask else { return Ok(Err(unsure("more people than can be told apart"))) };
    let (finding, with) = (finding.clone(), with.clone());
    let mut content = UntilBroken { bytes: reader_of(bytes), with: with.clone(), broken: None };
    let masking = on_a_thread(move || {
        let declared = |unread: &[String]| {
            with.policy.as_ref().is_some_and(|p| p.declared(&finding.item, unread).is_some())
        };
        let looks = Looks { mask: &mask, limits: &with.limits, declared: &declared };
        let masked = masked_bytes(&finding.item, &mut content, &looks);
        let (bytes, mut replaced) = match masked {
            Ok(Ok(masked)) => masked,
            Ok(Err(withheld)) => return Ok(Err(withheld)),
            Err(error) => return Err(failure_in(error)),
        };
        Ok(match masked_finding(&finding, &mask, &mut replaced) {
            Some(finding) => Ok(Masked { finding, bytes, replaced, broken: content.broken }),
            None => Err(unsure("name")),
        })
    });
    masking.await.unwrap_or_else(|_| Ok(Err(unsure("broken"))))
}

/// A finding as it may be named where its bytes stay out; what cannot be masked of it goes.
pub fn masked_name(finding: &Finding, mask: Option<&Mask>) -> Finding {
    let masked = mask.and_then(|mask| {
        let mut masked = masked_finding(finding, mask, &mut Replaced::default())?;
        masked.item.name = mask.without_names(&masked.item.name);
        Some(masked)
    });
    masked.unwrap_or_else(|| {
        let item = &finding.item;
        let bare = Item {
            name: "[removed]".to_owned(),
            content_type: None,
            properties: BTreeMap::new(),
            metadata: BTreeMap::new(),
            tags: BTreeMap::new(),
            ..item.clone()
        };
        Finding { item: bare, hits: Vec::new(), ..finding.clone() }
    })
}

/// A text that leaves with an archive; what cannot be masked goes.
pub fn masked_text(text: &str, mask: Option<&Mask>) -> String {
    let masked = mask.and_then(|mask| redact_short(&mut Masking::of(mask), None, text).ok());
    masked.map_or_else(|| "[removed]".to_owned(), |short| short.text)
}

/// Others, or keys, were seen in it.
fn seen(why: &str) -> Withheld {
    Withheld(format!("others: cannot be masked in this format: {why}"))
}

/// Nobody else was seen in it, and nobody can say that nobody is.
fn unsure(why: &str) -> Withheld {
    Withheld(format!("others: cannot be ruled out in this format: {why}"))
}

/// What bytes are masked with.
struct Looks<'a> {
    mask: &'a Mask,
    limits: &'a ItemLimits,
    /// Whether what could not be read for these reasons is declared to hold no person.
    declared: &'a dyn Fn(&[String]) -> bool,
}

/// Without their encoding, in which nobody could read them as a file.
fn masked_bytes(
    item: &Item,
    content: &mut dyn io::Read,
    looks: &Looks<'_>,
) -> io::Result<Result<(Spool, Replaced), Withheld>> {
    let Looks { mask, limits, declared } = *looks;
    let mut original = Spool::new();
    let mut rewritten = Spool::new();
    // A file is given as it lies there.
    let encoding = item.content_encoding.as_deref().filter(|_| mask.is_of_people());
    let mut undone = Undone::new(encoding, content, limits)?;
    let mut tee = Tee { content: &mut undone, copy: &mut original };
    let mut look = Masking::of(mask);
    let redacted = redact_named(&mut look, &item.name, &mut tee, &mut rewritten, limits);
    let (mut bytes, replaced, otherwise) = match redacted {
        Ok(replaced) if replaced.places() > 0 => (rewritten, replaced, "still found".to_owned()),
        Ok(replaced) => (original, replaced, "still found".to_owned()),
        // It may still name nobody else.
        Err(Unredacted::NotRewritable(why)) => {
            io::copy(&mut tee, &mut io::sink())?;
            (original, Replaced::default(), why)
        }
        Err(Unredacted::Failed(error)) => return Err(error),
    };
    if let Some(why) = undone.trouble() {
        return Ok(Err(unsure(why)));
    }
    if !mask.is_of_people() {
        // Nobody is to be protected from whoever asks, and what is no text stays what it is.
        return Ok(Ok((bytes, replaced)));
    }
    let mut reader = bytes.reader()?;
    let purity = purity(&mut look, &item.name, &mut reader, limits)?;
    drop(reader);
    Ok(match purity {
        Purity::Clean => Ok((bytes, replaced)),
        Purity::Seen => Err(seen(&otherwise)),
        // What is declared to hold no person holds no other person either.
        Purity::Unsure(unread) if declared(&unread) => Ok((bytes, replaced)),
        Purity::Unsure(_) => Err(unsure(&otherwise)),
    })
}

/// The name, what stands beside the bytes, and the places of the hits, which have names of members
/// and keys in them.
fn masked_finding(finding: &Finding, mask: &Mask, replaced: &mut Replaced) -> Option<Finding> {
    let mut look = Masking::of(mask);
    let mut text = |key: Option<&str>, text: &str| {
        let short = redact_short(&mut look, key, text).ok()?;
        replaced.persons += short.replaced.persons;
        replaced.secrets += short.replaced.secrets;
        Some(short.text)
    };
    let name = text(None, &finding.item.name)?;
    let content_type = match &finding.item.content_type {
        Some(content_type) => Some(text(None, content_type)?),
        None => None,
    };
    let mut beside = |pairs: &BTreeMap<String, String>| -> Option<BTreeMap<String, String>> {
        pairs.iter().map(|(key, value)| Some((text(None, key)?, text(Some(key), value)?))).collect()
    };
    let (metadata, tags) = (beside(&finding.item.metadata)?, beside(&finding.item.tags)?);
    let properties = beside(&finding.item.properties)?;
    let hit = |hit: &Hit| {
        Some(Hit { view: text(None, &hit.view)?, place: text(None, &hit.place)?, ..hit.clone() })
    };
    let hits = finding.hits.iter().map(hit).collect::<Option<Vec<_>>>()?;
    let item = Item { name, content_type, properties, metadata, tags, ..finding.item.clone() };
    Some(Finding { item, hits, ..finding.clone() })
}

/// Bytes that end where they break off, once no other try would come to more.
struct UntilBroken {
    bytes: Box<dyn io::Read + Send>,
    with: Walk,
    broken: Option<String>,
}

impl io::Read for UntilBroken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.broken.is_some() {
            return Ok(0);
        }
        let failure = match self.bytes.read(buffer) {
            Ok(read) => return Ok(read),
            Err(error) => failure_in(error),
        };
        if self.with.is_patient_with(&failure) {
            return Err(io::Error::other(failure));
        }
        self.broken = Some(failure.chain());
        Ok(0)
    }
}

/// Reads, and keeps a copy of what was read.
struct Tee<'a> {
    content: &'a mut dyn io::Read,
    copy: &'a mut Spool,
}

impl io::Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        io::Write::write_all(self.copy, &buffer[..read])?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
    use crate::domain::item::Version;
    use crate::matching::limits::PeopleLimits;
    use crate::matching::people::census::census;
    use crate::matching::people::crowd::Crowd;

    #[test]
    fn what_a_name_says_of_the_content_is_masked() {
        let email = "hanako@contoso.example".into();
        let email = Identity::new(IdentityType::Email, IdentityFormat::Raw, email);
        let subject = Subject { identities: vec![email] };
        let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
        let mut packed = Vec::new();
        let mut encoder = brotli::CompressorWriter::new(&mut packed, 4096, 5, 20);
        io::Write::write_all(&mut encoder, b"by eve@contoso.example, eve@contoso.example").unwrap();
        drop(encoder);
        for (name, content, expected) in [
            ("tags/mlflow.user", b"taro.l".to_vec(), Some("Person 2")),
            ("tags/model", b"taro.l".to_vec(), Some("taro.l")),
            ("a.txt.br", packed, None),
        ] {
            let item = Item::bare("test", name, Version::Current);
            let mut crowd = Crowd::new(&subject, &people);
            crowd.add(&census(&item, &mut content.as_slice(), &limits, &people).unwrap());
            let mask = crowd.mask().unwrap();
            let looks = Looks { mask: &mask, limits: &limits, declared: &|_| false };
            let masked = masked_bytes(&item, &mut content.as_slice(), &looks).unwrap();
            let told = masked
                .ok()
                .map(|(mut bytes, _)| io::read_to_string(bytes.reader().unwrap()).unwrap());
            assert_eq!(told.as_deref(), expected, "{name}");
        }
    }
}
