//! The hosts of storage accounts, such as `ACCOUNT.blob.core.windows.net`, before services of our
//! own: a proxy that clients are told of, and that answers for those hosts itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::{Client, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::azure::tls::{certified, run};
use crate::support::blob_server::wire::{Connection, Reply, Request};
use crate::support::file_server::entry::TOKEN;

/// The proxy. It ends with the test's runtime.
pub struct Front {
    /// What a client is told of it (`HTTPS_PROXY`).
    pub url: String,
    /// Whom a client must trust.
    pub ca_pem: String,
}

/// Who serves which host: the URL of an account.
type Hosts = BTreeMap<String, String>;

impl Front {
    /// Answers for these hosts, and for no others.
    pub async fn start(hosts: &[(&str, &str)]) -> Self {
        let of = |(host, url): &(&str, &str)| ((*host).to_owned(), (*url).to_owned());
        let hosts: Arc<Hosts> = Arc::new(hosts.iter().map(of).collect());
        let (acceptor, ca_pem) = certified("front", hosts.keys().cloned().collect());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::builder().no_proxy().build().unwrap();
        run(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (hosts, acceptor, client) =
                    (Arc::clone(&hosts), acceptor.clone(), client.clone());
                run(async move {
                    serve(stream, &hosts, acceptor, &client).await;
                });
            }
        });
        Self { url, ca_pem }
    }
}

/// One tunnel to one host.
async fn serve(
    mut stream: TcpStream,
    hosts: &Hosts,
    acceptor: TlsAcceptor,
    client: &Client,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let host = head.strip_prefix("CONNECT ")?.split(':').next()?.to_owned();
    let Some(account) = hosts.get(&host) else {
        stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await.ok()?;
        return None;
    };
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    let mut connection = Connection::new(acceptor.accept(stream).await.ok()?);
    while let Some(request) = connection.read().await {
        let reply = passed(request, &host, account, client).await?;
        connection.write(&reply, None).await?;
    }
    Some(())
}

/// What the account answers, to whoever comes with any token.
async fn passed(request: Request, host: &str, account: &str, client: &Client) -> Option<Reply> {
    let query = match request.query_text.as_str() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let method = Method::from_bytes(request.method.as_bytes()).ok()?;
    let is_head = method == Method::HEAD;
    let mut asked = client.request(method, format!("{account}{}{query}", request.path));
    for (name, value) in &request.headers {
        asked = match name.as_str() {
            "host" | "connection" => asked,
            "authorization" => asked.header(name, format!("Bearer {TOKEN}")),
            // It names the host; there, the account stands in the path.
            "x-ms-file-rename-source" => {
                asked.header(name, value.replace(&format!("https://{host}"), account))
            }
            _ => asked.header(name, value),
        };
    }
    let answer = asked.body(request.body).send().await.ok()?;
    let mut reply = Reply::new(answer.status().as_u16());
    for (name, value) in answer.headers() {
        match name.as_str() {
            "content-length" if is_head => reply.length = value.to_str().ok()?.parse().ok(),
            "content-length" | "connection" | "transfer-encoding" => {}
            name => reply.headers.push((name.to_owned(), value.to_str().ok()?.to_owned())),
        }
    }
    reply.body = answer.bytes().await.ok()?;
    Some(reply)
}
