//! HTTP/1.1 as far as clients of Azure use it, on bare sockets: no library lets a test end an
//! answer in its middle.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes, BytesMut};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use url::form_urlencoded;

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// Still percent-encoded.
    pub path: String,
    /// Everything behind the question mark, as it was sent.
    pub query_text: String,
    query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// What a `HEAD` says instead of the length of its body, which is not sent.
    pub length: Option<usize>,
}

/// How much of an answer is sent before the connection closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Nothing,
    Half,
}

/// A client's connection, bare or over TLS.
pub struct Connection<S = TcpStream> {
    stream: S,
    buffer: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// The next request; `None` where the client is gone or does not speak HTTP.
    pub async fn read(&mut self) -> Option<Request> {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            self.fill().await?;
        };
        let head = self.buffer.split_to(end);
        self.buffer.advance(4);
        let mut request = Request::parse(std::str::from_utf8(&head).ok()?)?;
        if request.header("expect").is_some() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
        }
        let length = request.header("content-length").map_or(Some(0), |text| text.parse().ok())?;
        self.buffer.reserve(length);
        while self.buffer.len() < length {
            self.fill().await?;
        }
        request.body = self.buffer.split_to(length).freeze();
        Some(request)
    }

    /// Sends an answer, or what is left of it; `None` where the connection is over.
    pub async fn write(&mut self, reply: &Reply, cut: Option<Cut>) -> Option<()> {
        let head = reply.head();
        let (head, body) = match cut {
            None => (head.as_bytes(), &reply.body[..]),
            Some(Cut::Nothing) => (&b""[..], &b""[..]),
            Some(Cut::Half) if reply.body.is_empty() => {
                (&head.as_bytes()[..head.len() / 2], &b""[..])
            }
            Some(Cut::Half) => (head.as_bytes(), &reply.body[..reply.body.len() / 2]),
        };
        // In one piece where that is cheap, for each write is a packet.
        let whole = if body.len() < 16 * 1024 { [head, body].concat() } else { head.to_vec() };
        self.stream.write_all(&whole).await.ok()?;
        if whole.len() == head.len() {
            self.stream.write_all(body).await.ok()?;
        }
        self.stream.flush().await.ok()?;
        if cut.is_some() {
            self.stream.shutdown().await.ok();
            return None;
        }
        Some(())
    }

    async fn fill(&mut self) -> Option<()> {
        self.buffer.reserve(16 * 1024);
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(1..) => Some(()),
            Ok(_) | Err(_) => None,
        }
    }
}

impl Request {
    /// A request without its body.
    pub fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers =
            headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let query_text = query.to_owned();
        let query = pairs.map(|(name, value)| (name.to_lowercase(), value.into_owned())).collect();
        let path = path.to_owned();
        Some(Self { method, path, query_text, query, headers, body: Bytes::new() })
    }

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The value of a query parameter that is not empty.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a body of XML.
    #[must_use]
    pub fn xml(self, xml: String) -> Self {
        let mut reply = self.with("Content-Type", "application/xml");
        reply.body = xml.into();
        reply
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        let mut reply = self.with("Content-Type", "application/json; charset=utf-8");
        reply.body = value.to_string().into();
        reply
    }

    /// Everything up to the body.
    pub fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if self.status != 304 {
            let length = self.length.unwrap_or(self.body.len());
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head + "\r\n"
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        411 => "Length Required",
        412 => "Precondition Failed",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}
