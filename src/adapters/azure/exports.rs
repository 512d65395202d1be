//! Archives in a blob container, uploaded block by block and visible once they are whole.
//!
//! What is uploaded and never committed has no name and no reader; the service drops it after a
//! week.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::{Method, RequestContent};
use azure_storage_blob::clients::{BlobClient, BlobClientOptions, BlockBlobClient};
use azure_storage_blob::models::{BlockBlobClientCommitBlockListOptions, BlockLookupList};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;

use crate::adapters::azure::download::{self, Ranged, Rest};
use crate::adapters::azure::wire::address::blob_url;
use crate::adapters::azure::wire::answer::{Answer, Trouble};
use crate::adapters::azure::wire::container::{Container, in_time};
use crate::adapters::azure::wire::link;
use crate::adapters::azure::wire::signing::shared_key::SharedKey;
use crate::config::settings::{Blob, Credential, Links};
use crate::domain::failure::Failure;
use crate::ports::exports::{Exports, SignedLink, Stored, Upload};
use crate::ports::sources::ByteStream;

/// Bytes of a block, and of memory that an upload takes. The service allows 50,000 blocks, so an
/// archive may have 390 GiB.
const BLOCK_BYTES: usize = 8 * 1024 * 1024;
const WRITING: &str = "writing an archive to its container";

/// The container; made when it is first needed and the credential allows it.
pub struct BlobExports {
    container: Arc<Container>,
    signing: Signing,
}

/// What signs links.
enum Signing {
    /// Nothing: there are none.
    Nothing,
    /// The key of the account.
    Account(SharedKey),
    /// A key that the service gives out to our identity.
    Delegated,
}

impl BlobExports {
    /// Archives in the container of `blob`. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no container's or the credential is malformed.
    pub fn open(blob: &Blob, links: Links) -> Result<Self, Failure> {
        let container = Arc::new(Container::open(blob)?);
        let signing = match (links, &blob.credential) {
            (Links::Plain, _) | (Links::Signed, Credential::Sas(_)) => Signing::Nothing,
            (Links::Signed, Credential::AccountKey { account, key }) => {
                Signing::Account(SharedKey::new(account, key)?)
            }
            (Links::Signed, _) => Signing::Delegated,
        };
        Ok(Self { container, signing })
    }

    async fn call(&self, doing: &str, method: Method, name: &str) -> Result<Answer, Failure> {
        let url = self.container.blob_url(name).ok_or_else(unnameable)?;
        let call = self.container.call(method, url, &[]).await;
        call.map_err(|trouble| trouble.failure(doing))
    }

    /// What an upload that starts now will replace: what comes there meanwhile is a later one's.
    async fn replaces(&self, name: &str) -> Result<Replaces, Failure> {
        let answer = self.call(WRITING, Method::Head, name).await?;
        Ok(match (answer.status, answer.etag()) {
            (200, Some(etag)) => Replaces::Archive(etag),
            (404, _) => Replaces::Nothing,
            _ => Replaces::Unknown,
        })
    }

    /// Makes the container unless it is there. A credential that may only write to it is answered
    /// 403: whether the container is there then shows with the first block.
    async fn make_container(&self) -> Result<(), Failure> {
        const DOING: &str = "making the container for archives";
        let url = self.container.authorised_url();
        let call = self.container.call(Method::Put, url, &[]).await;
        let answer = call.map_err(|trouble| trouble.failure(DOING))?;
        let is_there = answer.code == "ContainerAlreadyExists";
        let is_well = answer.status == 201 || is_there || answer.is_not_permitted();
        if is_well { Ok(()) } else { Err(answer.failure(DOING)) }
    }
}

#[async_trait]
impl Exports for BlobExports {
    async fn create(&self, name: &str, attempt: u64) -> Result<Box<dyn Upload>, Failure> {
        let url = self.container.blob_url(name).ok_or_else(unnameable)?;
        self.make_container().await?;
        let options = BlobClientOptions {
            client_options: self.container.options(),
            ..BlobClientOptions::default()
        };
        let client = BlobClient::new(url, None, Some(options));
        let client = client.map_err(|error| Trouble::of(&error).failure(WRITING))?;
        let client = client.block_blob_client();
        let replaces = self.replaces(name).await?;
        Ok(Box::new(BlobUpload {
            client,
            attempt,
            content_type: content_type(name),
            replaces,
            is_fixed: false,
            pending: BytesMut::new(),
            blocks: Vec::new(),
        }))
    }

    async fn open(&self, name: &str) -> Result<Option<ByteStream>, Failure> {
        const DOING: &str = "opening an archive";
        let url = self.container.blob_url(name).ok_or_else(unnameable)?;
        let answer = self.call(DOING, Method::Get, name).await?;
        match answer.status {
            200 => {
                let asked = Ranged::Conditional("x-ms-range");
                let rest = Rest { doing: DOING, url, headers: Vec::new(), asked };
                Ok(Some(download::bytes(Arc::clone(&self.container), rest, answer)))
            }
            404 => Ok(None),
            _ => Err(answer.failure(DOING)),
        }
    }

    async fn remove(&self, name: &str) -> Result<(), Failure> {
        const DOING: &str = "removing an archive";
        let answer = self.call(DOING, Method::Delete, name).await?;
        match answer.status {
            200..300 | 404 => Ok(()),
            _ => Err(answer.failure(DOING)),
        }
    }

    fn url(&self, name: &str) -> String {
        blob_url(self.container.url(), name).map(String::from).unwrap_or_default()
    }

    async fn link(
        &self,
        name: &str,
        now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Option<SignedLink>, Failure> {
        let until = link::end(now, until);
        let url = match &self.signing {
            Signing::Nothing => return Ok(None),
            Signing::Account(key) => {
                link::service(&self.container, key, name, until).ok_or_else(unnameable)?
            }
            Signing::Delegated => match link::delegated(&self.container, name, now, until).await {
                Ok(url) => url,
                // The archive is there all the same, for whoever may read the container.
                Err(Trouble::Refused { status: 403, code }) => {
                    tracing::warn!(code, "links cannot be signed: no user delegation key for us");
                    return Ok(None);
                }
                Err(trouble) => return Err(trouble.failure("signing a link to an archive")),
            },
        };
        Ok(Some(SignedLink::new(url.into(), until)))
    }

    async fn ping(&self) -> Result<(), Failure> {
        const DOING: &str = "asking for the container for archives";
        let call = self.container.call(Method::Head, self.container.authorised_url(), &[]).await;
        let answer = call.map_err(|trouble| trouble.failure(DOING))?;
        match answer.status {
            200 => Ok(()),
            404 => self.make_container().await,
            // A credential that may write archives need not be allowed to look at the container.
            403 if answer.is_not_permitted() => Ok(()),
            _ => Err(answer.failure(DOING)),
        }
    }
}

/// What may stand under the name when an archive is put there.
enum Replaces {
    /// Nothing.
    Nothing,
    /// The archive with this ETag.
    Archive(String),
    /// Anything: the credential may not look.
    Unknown,
}

struct BlobUpload {
    client: BlockBlobClient,
    attempt: u64,
    content_type: &'static str,
    replaces: Replaces,
    /// Whether what stands there cannot be written over.
    is_fixed: bool,
    /// Bytes that do not fill a block yet.
    pending: BytesMut,
    blocks: Vec<Vec<u8>>,
}

#[async_trait]
impl Upload for BlobUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.pending.extend_from_slice(&bytes);
        while self.pending.len() >= BLOCK_BYTES {
            let block = self.pending.split_to(BLOCK_BYTES).freeze();
            self.stage(block).await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Stored, Failure> {
        if !self.pending.is_empty() {
            let block = self.pending.split().freeze();
            self.stage(block).await?;
        }
        if self.is_fixed {
            return Ok(Stored::Fixed);
        }
        let list = BlockLookupList { latest: Some(self.blocks), ..BlockLookupList::default() };
        let list = RequestContent::try_from(list);
        let list = list.map_err(|error| Trouble::of(&error).failure(WRITING))?;
        let (if_match, if_none_match) = match self.replaces {
            Replaces::Nothing => (None, Some("*".into())),
            Replaces::Archive(etag) => (Some(etag.into()), None),
            Replaces::Unknown => (None, None),
        };
        let options = BlockBlobClientCommitBlockListOptions {
            blob_content_type: Some(self.content_type.to_owned()),
            if_match,
            if_none_match,
            ..BlockBlobClientCommitBlockListOptions::default()
        };
        match in_time(self.client.commit_block_list(list, Some(options))).await {
            Ok(Err(error)) if Trouble::of(&error).is_overtaken() => {
                Err(Failure::transient(WRITING).because("another attempt at it was faster"))
            }
            Ok(Err(error)) if Trouble::of(&error).is_fixed() => Ok(Stored::Fixed),
            answer => done(answer).map(|()| Stored::Whole),
        }
    }
}

impl BlobUpload {
    /// Ids have one length, as the service wants it, and are the attempt's own: two that write at
    /// once do not mix their blocks. The service drops the blocks of all others when one commits.
    async fn stage(&mut self, block: Bytes) -> Result<(), Failure> {
        if self.is_fixed {
            return Ok(());
        }
        let id = format!("{:020}-{:05}", self.attempt, self.blocks.len()).into_bytes();
        let length = block.len() as u64;
        match in_time(self.client.stage_block(&id, length, block.into(), None)).await {
            Ok(Err(error)) if Trouble::of(&error).is_fixed() => self.is_fixed = true,
            answer => done(answer)?,
        }
        self.blocks.push(id);
        Ok(())
    }
}

/// Age has no media type of its own.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("zip") => "application/zip",
        // Of a certificate, which is to be shown and not only kept.
        Some("json") => "application/json",
        Some("html") => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn done<T>(answer: Result<azure_core::Result<T>, Trouble>) -> Result<(), Failure> {
    let trouble = match answer {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => Trouble::of(&error),
        Err(trouble) => trouble,
    };
    Err(trouble.failure(WRITING))
}

fn unnameable() -> Failure {
    Failure::permanent("naming an archive: no URL addresses exactly that name")
}
