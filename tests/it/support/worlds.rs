//! Stores that a test can fill and look into without going through the port that it tests.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use dsrd::adapters::azure::blob::BlobSource;
use dsrd::adapters::azure_files::source::ShareSource;
use dsrd::adapters::azure_lake::source::LakeSource;
use dsrd::adapters::folder::path::{name_of, relative};
use dsrd::adapters::folder::source::FolderSource;
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::config::settings::Credential;
use dsrd::domain::coverage::place::Known;
use dsrd::domain::failure::Failure;
use dsrd::domain::item::{Item, Kind};
use dsrd::domain::layout::Containers;
use dsrd::ports::sources::{
    Erased, Finds, Followed, Lack, NewForm, Page, Read, Rewritten, Source, Walked,
};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::support::azurite::Azurite;
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::server::BlobServer;
use crate::support::file_server::operation::is_path;
use crate::support::file_server::server::FileServer;
use crate::support::lake_server::operation as lake;
use crate::support::lake_server::server::LakeServer;

/// A store as its owner sees it.
#[async_trait]
pub trait World: Send + Sync {
    /// The port under test.
    fn source(&self) -> &dyn Walked;
    /// Writes bytes under a name, over what was there.
    async fn put(&self, name: &str, bytes: &[u8]);
    /// All names that have bytes, sorted.
    async fn names(&self) -> Vec<String>;
    /// The bytes of a name.
    async fn get(&self, name: &str) -> Option<Vec<u8>>;
    /// Whether the store can have this name at all.
    fn takes(&self, name: &str) -> bool;
}

/// In memory.
pub struct MemoryWorld {
    /// The source, for what only memory can do.
    pub source: MemorySource,
}

impl MemoryWorld {
    pub fn new() -> Self {
        Self { source: MemorySource::new("memory") }
    }
}

#[async_trait]
impl World for MemoryWorld {
    fn source(&self) -> &dyn Walked {
        &self.source
    }

    async fn put(&self, name: &str, bytes: &[u8]) {
        self.source.put(name, Bytes::copy_from_slice(bytes));
    }

    async fn names(&self) -> Vec<String> {
        self.source.names()
    }

    async fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.source.get(name).map(Vec::from)
    }

    fn takes(&self, _: &str) -> bool {
        true
    }
}

/// In a folder of its own.
pub struct FolderWorld {
    folder: TempDir,
    source: FolderSource,
}

impl FolderWorld {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = FolderSource::open("folder", folder.path());
        Self { folder, source }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn place(&self, name: &str) -> PathBuf {
        self.path().join(relative(name).unwrap().path)
    }
}

#[async_trait]
impl World for FolderWorld {
    fn source(&self) -> &dyn Walked {
        &self.source
    }

    async fn put(&self, name: &str, bytes: &[u8]) {
        let place = self.place(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }

    async fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path();
                    let below = path.strip_prefix(self.path()).unwrap();
                    names.push(name_of(below.as_os_str().as_encoded_bytes()));
                }
            }
        }
        names.sort();
        names
    }

    async fn get(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.place(name)).ok()
    }

    /// A path has no empty segments, and no segment of more than 255 bytes.
    fn takes(&self, name: &str) -> bool {
        let is_file = relative(name).is_some_and(|below| !below.is_directory);
        is_file && name.split('/').all(|segment| segment.len() <= 255)
    }
}

/// In a container of an emulator.
pub struct AzuriteWorld<'a> {
    pub azurite: &'a Azurite,
    pub container: String,
    source: BlobSource,
}

impl<'a> AzuriteWorld<'a> {
    /// A new container, entered by the adapter with this credential.
    pub async fn new(azurite: &'a Azurite, container: &str, credential: Credential) -> Self {
        azurite.create_container(container).await;
        let source = BlobSource::open("blob", &azurite.blob(container, credential)).unwrap();
        Self { azurite, container: container.to_owned(), source }
    }
}

#[async_trait]
impl World for AzuriteWorld<'_> {
    fn source(&self) -> &dyn Walked {
        &self.source
    }

    async fn put(&self, name: &str, bytes: &[u8]) {
        self.azurite.put(&self.container, name, bytes, &[]).await;
    }

    async fn names(&self) -> Vec<String> {
        self.azurite.names(&self.container).await
    }

    async fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.azurite.get(&self.container, name).await
    }

    /// No URL has dot segments. The emulator stores a backslash as a slash, which the service does
    /// not.
    fn takes(&self, name: &str) -> bool {
        let has_dots = name.split('/').any(|segment| segment == "." || segment == "..");
        !has_dots && !name.contains('\\')
    }
}

/// In a container of a blob server of our own.
pub struct BlobServerWorld {
    pub server: BlobServer,
    source: BlobSource,
}

impl BlobServerWorld {
    pub const CONTAINER: &str = "azureml";

    /// A new server with one container.
    pub async fn new(policy: Policy) -> Self {
        let server = BlobServer::start(policy).await;
        server.create_container(Self::CONTAINER);
        Self::over(server)
    }

    /// Over a server that has the container.
    pub fn over(server: BlobServer) -> Self {
        let source = BlobSource::open("blob", &server.blob(Self::CONTAINER)).unwrap();
        Self { server, source }
    }
}

#[async_trait]
impl World for BlobServerWorld {
    fn source(&self) -> &dyn Walked {
        &self.source
    }

    async fn put(&self, name: &str, bytes: &[u8]) {
        self.server.put(Self::CONTAINER, name, bytes);
    }

    async fn names(&self) -> Vec<String> {
        self.server.names(Self::CONTAINER)
    }

    async fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.server.get(Self::CONTAINER, name)
    }

    /// No URL has dot segments.
    fn takes(&self, name: &str) -> bool {
        !name.split('/').any(|segment| segment == "." || segment == "..")
    }
}

/// In a share of a file server of our own.
pub struct FileServerWorld {
    pub server: FileServer,
    pub source: ShareSource,
}

impl FileServerWorld {
    pub const SHARE: &str = "code-391ff5ac";

    /// A new server with one share.
    pub async fn new() -> Self {
        let server = FileServer::start().await;
        server.create_share(Self::SHARE);
        Self::over(server)
    }

    /// Over a server that has the share.
    pub fn over(server: FileServer) -> Self {
        let source = ShareSource::open("notebooks", &server.share(Self::SHARE)).unwrap();
        Self { server, source }
    }
}

#[async_trait]
impl World for FileServerWorld {
    fn source(&self) -> &dyn Walked {
        &self.source
    }

    async fn put(&self, name: &str, bytes: &[u8]) {
        self.server.put(Self::SHARE, name, bytes);
    }

    async fn names(&self) -> Vec<String> {
        self.server.names(Self::SHARE)
    }

    async fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.server.get(Self::SHARE, name)
    }

    /// As Windows takes it.
    fn takes(&self, name: &str) -> bool {
        is_path(name)
    }
}

/// In a file system of a Data Lake server of our own. The suite is about what has bytes: it is not
/// shown the directories that a file system has besides.
pub struct LakeServerWorld {
    pub server: LakeServer,
    files: FilesOnly,
}

impl LakeServerWorld {
    pub const LAKE: &str = "data";

    /// A new server with one file system.
    pub async fn new() -> Self {
        let server = LakeServer::start().await;
        server.create(Self::LAKE);
        Self::over(server)
    }

    /// Over a server that has the file system.
    pub fn over(server: LakeServer) -> Self {
        let source = LakeSource::open("lake", &server.lake(Self::LAKE)).unwrap();
        Self { server, files: FilesOnly(source) }
    }

    /// With its directories.
    pub fn whole(&self) -> &LakeSource {
        &self.files.0
    }
}

#[async_trait]
impl World for LakeServerWorld {
    fn source(&self) -> &dyn Walked {
        &self.files
    }

    async fn put(&self, name: &str, bytes: &[u8]) {
        self.server.put(Self::LAKE, name, bytes);
    }

    async fn names(&self) -> Vec<String> {
        self.server.names(Self::LAKE)
    }

    async fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.server.get(Self::LAKE, name)
    }

    fn takes(&self, name: &str) -> bool {
        lake::is_path(name)
    }
}

/// A source without its directories.
struct FilesOnly(LakeSource);

#[async_trait]
impl Source for FilesOnly {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn place(&self) -> String {
        self.0.place()
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Walk(self)
    }

    async fn follow(&self, item: &Item, handle: &str) -> Result<Followed, Failure> {
        self.0.follow(item, handle).await
    }

    async fn unrecoverable_after(
        &self,
        names: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        self.0.unrecoverable_after(names, erased_at).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.0.ping().await
    }

    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        self.0.lacks().await
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        self.0.places().await
    }
}

#[async_trait]
impl Walked for FilesOnly {
    async fn containers(&self) -> Result<Containers, Failure> {
        self.0.containers().await
    }

    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        let mut page = self.0.list(prefix, marker).await?;
        page.items.retain(|item| item.kind != Kind::Directory);
        Ok(page)
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        self.0.read(item).await
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        self.0.erase(item).await
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        self.0.rewrite(item, form).await
    }

    async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure> {
        self.0.erase_replaced(item).await
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        self.0.remains(name).await
    }
}
