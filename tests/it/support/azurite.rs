//! A blob emulator of the test's own: its own process, port and folder, ended with the test.
//!
//! The test talks to it over plain HTTP with its account key, by other code than the adapter's.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dsrd::config::secret::Secret;
use dsrd::config::settings::{Blob, Credential};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;

use crate::support::ports::free_port;

/// The emulator's well-known account and its key, which is public.
pub const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const VERSION: &str = "2021-12-02";
const START_TIME_MAX: Duration = Duration::from_secs(30);

/// A running emulator.
pub struct Azurite {
    folder: TempDir,
    is_in_memory: bool,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    child: Option<Child>,
    client: reqwest::Client,
}

impl Azurite {
    /// Starts one with nothing in it.
    pub async fn start() -> Self {
        Self::start_with(false).await
    }

    /// Starts one that forgets everything when it ends, and writes twice as fast.
    pub async fn start_in_memory() -> Self {
        Self::start_with(true).await
    }

    async fn start_with(is_in_memory: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The emulator closes idle connections after five seconds.
        let idle = Duration::from_secs(2);
        let client = reqwest::Client::builder().pool_idle_timeout(idle).build().unwrap();
        let mut azurite = Self { folder, is_in_memory, port: free_port(), child: None, client };
        azurite.start_again().await;
        azurite
    }

    /// Starts it on the same port with what its folder holds.
    pub async fn start_again(&mut self) {
        let mut command = Command::new("node");
        command.arg(program()).args(["--blobPort", &self.port.to_string()]);
        if self.is_in_memory {
            command.arg("--inMemoryPersistence");
        } else {
            command.arg("--location").arg(self.folder.path());
        }
        let child = command
            .current_dir(self.folder.path())
            .args(["--silent", "--disableTelemetry", "--skipApiVersionCheck"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        self.child = Some(child.expect("node runs the emulator: apt-get install nodejs"));
        let started = Instant::now();
        while self.client.get(self.account_url()).send().await.is_err() {
            assert!(started.elapsed() < START_TIME_MAX, "the emulator does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it, so that connections break and new ones are refused. With SIGTERM: the emulator
    /// writes its index only every few seconds, and a harder end would lose blobs that it has
    /// acknowledged, which the service never does.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let id = child.id().unwrap().to_string();
            Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
            child.wait().await.unwrap();
        }
    }

    /// URL of a container, without credential.
    pub fn container_url(&self, container: &str) -> Url {
        Url::parse(&format!("{}/{container}", self.account_url())).unwrap()
    }

    /// The account's key as a credential.
    pub fn account_key(&self) -> Credential {
        Credential::AccountKey { account: ACCOUNT.to_owned(), key: Secret::new(KEY.to_owned()) }
    }

    /// A signature for the whole account with these permissions, `rwdlact` being most of them.
    pub fn sas(&self, permissions: &str) -> Credential {
        let expiry = (Timestamp::now() + jiff::SignedDuration::from_hours(1))
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string();
        let (services, kinds, protocols) = ("b", "sco", "https,http");
        let signed = format!(
            "{ACCOUNT}\n{permissions}\n{services}\n{kinds}\n\n{expiry}\n\n{protocols}\n{VERSION}\n\n"
        );
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        Credential::Sas(Secret::new(format!(
            "sv={VERSION}&ss={services}&srt={kinds}&sp={permissions}&se={}&spr={}&sig={}",
            encoded(&expiry),
            encoded(protocols),
            encoded(&signature(&signed)),
        )))
    }

    /// A container with a way into it.
    pub fn blob(&self, container: &str, credential: Credential) -> Blob {
        Blob { url: self.container_url(container), credential }
    }

    /// Makes a container.
    pub async fn create_container(&self, container: &str) {
        let path = format!("/{container}?restype=container");
        self.ask(Method::PUT, &path, &[], Vec::new()).await;
    }

    /// Writes a blob over what was there.
    pub async fn put(&self, container: &str, name: &str, bytes: &[u8], metadata: &[(&str, &str)]) {
        let mut headers = vec![("x-ms-blob-type".to_owned(), "BlockBlob".to_owned())];
        for (name, value) in metadata {
            headers.push((format!("x-ms-meta-{name}"), (*value).to_owned()));
        }
        self.ask(Method::PUT, &blob_path(container, name), &headers, bytes.to_vec()).await;
    }

    /// Takes a snapshot of a blob.
    pub async fn snapshot(&self, container: &str, name: &str) {
        let path = blob_path(container, name) + "?comp=snapshot";
        self.ask(Method::PUT, &path, &[], Vec::new()).await;
    }

    /// Puts an endless lease on a blob.
    pub async fn lease(&self, container: &str, name: &str) {
        let path = blob_path(container, name) + "?comp=lease";
        let headers = [("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "-1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.ask(Method::PUT, &path, &headers, Vec::new()).await;
    }

    /// Moves a blob to a tier: `Archive`.
    pub async fn set_tier(&self, container: &str, name: &str, tier: &str) {
        let path = blob_path(container, name) + "?comp=tier";
        let headers = [("x-ms-access-tier".to_owned(), tier.to_owned())];
        self.ask(Method::PUT, &path, &headers, Vec::new()).await;
    }

    /// The names of all blobs, sorted; a blob of which there are only snapshots has none.
    pub async fn names(&self, container: &str) -> Vec<String> {
        let (mut names, mut marker) = (Vec::new(), String::new());
        loop {
            let path = format!("/{container}?restype=container&comp=list&marker={marker}");
            let page = self.ask(Method::GET, &path, &[], Vec::new()).await.text().await.unwrap();
            let texts = |tag: &str| {
                let (start, end) = (format!("<{tag}>"), format!("</{tag}>"));
                let rests = page.split(&start).skip(1);
                let texts = rests.map(|rest| unescaped(rest.split(&end).next().unwrap()));
                texts.collect::<Vec<String>>()
            };
            names.extend(texts("Name"));
            let next = texts("NextMarker").into_iter().next().unwrap_or_default();
            if next.is_empty() {
                names.sort();
                return names;
            }
            marker = utf8_percent_encode(&next, NON_ALPHANUMERIC).to_string();
        }
    }

    /// The bytes of a blob.
    pub async fn get(&self, container: &str, name: &str) -> Option<Vec<u8>> {
        let request = self.request(Method::GET, &blob_path(container, name), &[], Vec::new());
        let answer = request.send().await.unwrap();
        match answer.status().as_u16() {
            200 => Some(answer.bytes().await.unwrap().to_vec()),
            404 => None,
            status => panic!("the emulator answered {status} to a read"),
        }
    }

    /// The headers of a blob.
    pub async fn headers(&self, container: &str, name: &str) -> HeaderMap {
        let answer = self.ask(Method::HEAD, &blob_path(container, name), &[], Vec::new()).await;
        answer.headers().clone()
    }

    fn account_url(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    /// Asks and insists on success.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Response {
        let answer = self.request(method, path, headers, body).send().await.unwrap();
        assert!(answer.status().is_success(), "{} for {path}", answer.status());
        answer
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> reqwest::RequestBuilder {
        let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let mut headers = headers.to_vec();
        headers.push(("x-ms-date".to_owned(), date));
        headers.push(("x-ms-version".to_owned(), VERSION.to_owned()));
        headers.sort();
        let length = if body.is_empty() { String::new() } else { body.len().to_string() };
        let named: String =
            headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let url = Url::parse(&format!("{}{path}", self.account_url())).unwrap();
        let mut query: Vec<String> =
            url.query_pairs().map(|(name, value)| format!("\n{name}:{value}")).collect();
        query.sort();
        let resource = format!("/{ACCOUNT}{}{}", url.path(), query.concat());
        let signed = format!("{method}\n\n\n{length}\n\n\n\n\n\n\n\n\n{named}{resource}");
        let authorisation = format!("SharedKey {ACCOUNT}:{}", signature(&signed));
        let mut request = self.client.request(method, url).header("authorization", authorisation);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.header("content-length", body.len()).body(body)
    }
}

fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/emulators/node_modules/azurite/dist/src/blob/main.js");
    assert!(program.exists(), "Azurite is missing: npm ci --prefix tests/emulators");
    program
}

fn blob_path(container: &str, name: &str) -> String {
    format!("/{container}/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

fn signature(text: &str) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    hmac.update(text.as_bytes());
    STANDARD.encode(hmac.finalize().into_bytes())
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#xD;", "\r")
        .replace("&amp;", "&")
}
