//! What the account is sealed, hashed and recognised by: all of it comes of the master key.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::domain::failure::Failure;
use crate::domain::request::{Request, RequestId};
use crate::evidence::certificate::hashes::Hashes;
use crate::evidence::seal::{
    BrokenSeal, KEY_BYTES, MasterKey, NONCE_BYTES, PrintKey, Purpose, RequestKey,
};
use crate::matching::identity::patterns::canonical;
use crate::matching::identity::watch::MarkKey;
use crate::matching::terms::filter::TermKey;
use crate::ports::kept::purges::work_on_purge;
use crate::ports::sealings::Sealing;
use crate::ports::system::Entropy;
use crate::ports::tasks::{Shard, work_on_shard};

/// The keys of one ledger.
pub struct Keys {
    /// Where fresh keys and nonces come from.
    pub entropy: Arc<dyn Entropy>,
    master_key: MasterKey,
}

impl Keys {
    /// Those that come of this master key (64 hexadecimal digits, and those of the first one where
    /// it took another's place).
    ///
    /// # Errors
    /// A master key of another form.
    pub fn new(master_key: &str, entropy: Arc<dyn Entropy>) -> Result<Self, Failure> {
        let master_key = MasterKey::from_hex(master_key)
            .map_err(|error| Failure::needs_person("taking the master key").because(error))?;
        Ok(Self { entropy, master_key })
    }

    /// Tells which master key this is, and nothing of it.
    pub fn own_digest(&self) -> String {
        self.master_key.own_digest()
    }

    /// The text of a master key that can take the place of this one.
    pub fn successor(&self) -> Zeroizing<String> {
        self.master_key.successor(&self.random())
    }

    /// Whether the other can take the place of this one.
    pub fn is_succeeded_by(&self, other: &Self) -> bool {
        self.master_key.is_of_one_line(&other.master_key)
    }

    /// What the former key has sealed there, sealed anew.
    ///
    /// # Errors
    /// It was sealed under a third one, or for another place.
    pub fn seal_anew(
        &self,
        former: &Self,
        sealing: &Sealing,
        sealed: &[u8],
    ) -> Result<Vec<u8>, BrokenSeal> {
        let (from, to) = (&former.master_key, &self.master_key);
        let marker = |work: &str| {
            let plain = Zeroizing::new(from.open_marker(work, sealed)?);
            Ok(to.seal_marker(work, self.random(), &plain))
        };
        match sealing {
            Sealing::RequestKey(id) => Ok(to.wrap(&from.unwrap_key(id, sealed)?, self.random())),
            Sealing::LeftKey { id, .. } => {
                Ok(to.wrap_left(&from.unwrap_left(id, sealed)?, self.random()))
            }
            Sealing::Marker { sweep, number } => marker(&work_on_shard(*sweep, *number)),
            Sealing::Purge(id) => marker(&work_on_purge(id)),
            Sealing::Person { sweep, mark } => marker(&person_of(*sweep, mark)),
        }
    }

    /// What prints of items are made with.
    pub fn print_key(&self) -> PrintKey {
        self.master_key.print_key()
    }

    /// Hashes what the certificate of a request is about; also the bytes that an item was rewritten
    /// to, for `ItemEnd::rewritten`.
    pub fn hashes<'a>(&self, id: &'a RequestId) -> Hashes<'a> {
        Hashes::new(&self.master_key, id)
    }

    /// What erased people are recognised by.
    pub fn mark_key(&self) -> MarkKey {
        MarkKey::new(&self.master_key.tombstone_key())
    }

    /// What forms of the page are sealed with: the same for all daemons on the ledger.
    pub fn form_key(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.master_key.form_key()
    }

    /// What the terms of items are made with.
    pub fn term_key(&self) -> TermKey {
        TermKey::new(&self.master_key.term_key(), self.mark_key())
    }

    /// A new key for a request, and the same wrapped for the ledger.
    pub(super) fn new_request_key(&self, id: &RequestId) -> (RequestKey, Vec<u8>) {
        let key = RequestKey::new(id.clone(), self.random::<KEY_BYTES>());
        let wrapped = self.master_key.wrap(&key, self.random());
        (key, wrapped)
    }

    /// The key of a request.
    pub(super) fn request_key(
        &self,
        id: &RequestId,
        wrapped: &[u8],
    ) -> Result<RequestKey, BrokenSeal> {
        self.master_key.unwrap_key(id, wrapped)
    }

    /// A new key for what a request leaves, and the same wrapped for the ledger.
    pub fn new_left_key(&self, id: &RequestId) -> (RequestKey, Vec<u8>) {
        let key = RequestKey::new(id.clone(), self.random::<KEY_BYTES>());
        let wrapped = self.master_key.wrap_left(&key, self.random());
        (key, wrapped)
    }

    /// The key of what a request left.
    ///
    /// # Errors
    /// It was wrapped by another master key, or for another request.
    pub fn left_key(&self, id: &RequestId, wrapped: &[u8]) -> Result<RequestKey, BrokenSeal> {
        self.master_key.unwrap_left(id, wrapped)
    }

    /// Seals where the walk of a shard goes on.
    pub fn seal_marker(&self, shard: &Shard, marker: &str) -> Vec<u8> {
        self.master_key.seal_marker(&shard.work(), self.random(), marker)
    }

    /// Where the walk of a shard goes on.
    ///
    /// # Errors
    /// It was sealed under another master key, or for another shard.
    pub fn open_marker(&self, shard: &Shard, sealed: &[u8]) -> Result<String, BrokenSeal> {
        self.master_key.open_marker(&shard.work(), sealed)
    }

    /// Seals how far a purge is.
    pub fn seal_purge(&self, id: &str, plain: &str) -> Vec<u8> {
        self.master_key.seal_marker(&work_on_purge(id), self.random(), plain)
    }

    /// How far a purge is.
    ///
    /// # Errors
    /// It was sealed under another master key, or for another purge.
    pub fn open_purge(&self, id: &str, sealed: &[u8]) -> Result<String, BrokenSeal> {
        self.master_key.open_marker(&work_on_purge(id), sealed)
    }

    /// Seals what a document calls one person.
    pub(super) fn seal_person(&self, sweep: u64, mark: &str, plain: &str) -> Vec<u8> {
        self.master_key.seal_marker(&person_of(sweep, mark), self.random(), plain)
    }

    /// What a document calls one person.
    ///
    /// # Errors
    /// It was sealed under another master key, or for another sweep.
    pub(super) fn open_person(
        &self,
        sweep: u64,
        mark: &str,
        sealed: &[u8],
    ) -> Result<String, BrokenSeal> {
        self.master_key.open_marker(&person_of(sweep, mark), sealed)
    }

    /// Keyed digest of what a document calls one person: the same within one sweep, and another in
    /// each.
    pub(super) fn person_mark(&self, sweep: u64, plain: &str) -> String {
        self.master_key.person_digest(&person_of(sweep, plain))
    }

    /// Seals a part of what a request left.
    pub fn seal_left(&self, key: &RequestKey, part: u64, plain: &[u8]) -> Vec<u8> {
        key.seal(Purpose::Left(part), self.random(), plain)
    }

    /// Keyed digest: says whether two texts are the same, and nothing else.
    pub fn digest(&self, body: &[u8]) -> String {
        self.master_key.keyed_digest(body)
    }

    /// Keyed digests of the identities: says which requests are about one person, or about one
    /// thing, and nothing else.
    pub(super) fn persons(&self, request: &Request) -> Vec<String> {
        let identities = request.people().iter().flat_map(|person| &person.identities);
        let things = request.thing().map(|thing| format!("thing {}", thing.stem()));
        identities
            .map(canonical)
            .filter(|canonical| !canonical.is_empty())
            .chain(things)
            .map(|canonical| self.master_key.person_digest(&canonical))
            .collect()
    }

    /// Random bytes, for a key or a nonce.
    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

fn person_of(sweep: u64, what: &str) -> String {
    format!("people/{sweep}/{what}")
}

const _: () = assert!(NONCE_BYTES == 24, "random nonces need XChaCha20's width");
