//! A blob's or a file's bytes as a stream that survives broken connections.
//!
//! A body that breaks off is taken up behind the last byte that came, under the `ETag` of the first
//! answer, so the stream is one state of it or a failure. Memory: what the connection holds.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{AsyncResponseBody, Method};
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{self, StreamExt};
use url::Url;

use crate::adapters::azure::wire::answer::{Answer, Trouble};
use crate::adapters::azure::wire::container::Container;
use crate::domain::failure::Failure;
use crate::ports::sources::ByteStream;

/// Breaks in a row, without a byte between them, after which we give up.
const BREAKS_MAX: u32 = 5;
/// Pause after a break; grows with each.
const BREAK_PAUSE: Duration = Duration::from_millis(100);

/// How the rest of something is asked for.
pub struct Rest {
    /// What is being done, for failures.
    pub doing: &'static str,
    /// Where it is. Secret.
    pub url: Url,
    /// Headers of each request.
    pub headers: Vec<(&'static str, &'static str)>,
    /// How the service is asked for a range.
    pub asked: Ranged,
}

/// How a range of something is asked for that is to be as it was.
#[derive(Clone, Copy)]
pub enum Ranged {
    /// By this header, under the `ETag`.
    Conditional(&'static str),
    /// The service knows no conditions: answers are compared.
    Compared,
}

/// The bytes behind a good answer to a `GET`, all of which are there at once.
pub fn bytes(container: Arc<Container>, rest: Rest, answer: Answer) -> ByteStream {
    let size = answer.header("content-length").and_then(|length| length.parse().ok());
    let etag = answer.etag();
    let download =
        Download { container, rest, etag, size, offset: 0, breaks: 0, body: Some(answer.body) };
    stream::try_unfold(download, |mut download| async move {
        Ok(download.next().await?.map(|bytes| (bytes, download)))
    })
    .boxed()
}

struct Download {
    container: Arc<Container>,
    rest: Rest,
    etag: Option<String>,
    /// Bytes in all; `None` where the service did not say.
    size: Option<u64>,
    /// Bytes handed out.
    offset: u64,
    breaks: u32,
    body: Option<AsyncResponseBody>,
}

impl Download {
    /// The next bytes; `None` once all came. Ends: each round hands out bytes or counts a break.
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let mut body = match self.body.take() {
                Some(body) => body,
                None => self.resume().await?,
            };
            match body.try_next().await {
                Ok(Some(bytes)) => {
                    self.breaks = 0;
                    self.offset += bytes.len() as u64;
                    self.body = Some(body);
                    return Ok(Some(bytes));
                }
                Ok(None) if self.size.is_none_or(|size| self.offset >= size) => return Ok(None),
                Ok(None) | Err(_) => self.pause().await?,
            }
        }
    }

    async fn pause(&mut self) -> Result<(), Failure> {
        self.breaks += 1;
        if self.breaks > BREAKS_MAX {
            return Err(Trouble::Broken(None).failure(self.rest.doing));
        }
        tokio::time::sleep(BREAK_PAUSE * self.breaks).await;
        Ok(())
    }

    async fn resume(&mut self) -> Result<AsyncResponseBody, Failure> {
        // Without an ETag nothing tells whether the rest belongs to what was handed out.
        let Rest { doing, url, headers, asked } = &self.rest;
        let Some(etag) = &self.etag else { return Err(Trouble::Broken(None).failure(doing)) };
        let (condition, range) = (format!("\"{etag}\""), format!("bytes={}-", self.offset));
        let mut headers: Vec<(&'static str, &str)> = headers.clone();
        match asked {
            Ranged::Conditional(name) => {
                headers.extend([(*name, &*range), ("if-match", &condition)])
            }
            Ranged::Compared => headers.push(("x-ms-range", &range)),
        }
        let call = self.container.call(Method::Get, url.clone(), &headers).await;
        let answer = call.map_err(|trouble| trouble.failure(doing))?;
        match answer.status {
            206 if answer.etag().as_ref() == Some(etag) => Ok(answer.body),
            206 | 404 | 412 => {
                Err(Failure::transient(format!("{doing}: it was written meanwhile")))
            }
            _ => Err(answer.failure(doing)),
        }
    }
}
