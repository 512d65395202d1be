//! How requests to Azure travel: with which patience, and through what.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ExponentialRetryOptions, RetryOptions, Transport};
use azure_core::time::Duration as RetryDuration;

use crate::domain::failure::Failure;

/// Time to open a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// Time without a byte.
const SILENCE_TIME_MAX: Duration = Duration::from_secs(60);
/// Tries after the first, and the time within which a further one may begin.
const RETRIES_MAX: u32 = 4;
const RETRY_TIME_S_MAX: i64 = 20;

/// Bodies come as they are stored: a decompressing transport would break ranges and `ETag`s.
/// A redirect could carry a signature to another host.
///
/// # Errors
/// Where TLS cannot be prepared.
pub fn transport() -> Result<Transport, Failure> {
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .read_timeout(SILENCE_TIME_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .no_gzip()
        .no_deflate()
        .no_brotli()
        .no_zstd()
        .build()
        .map_err(|_| Failure::needs_person("preparing TLS for Azure"))?;
    Ok(Transport::new(Arc::new(client)))
}

/// How often a request is sent again, and when.
pub fn retries() -> RetryOptions {
    RetryOptions::exponential(ExponentialRetryOptions {
        initial_delay: RetryDuration::milliseconds(200),
        max_retries: RETRIES_MAX,
        max_total_elapsed: RetryDuration::seconds(RETRY_TIME_S_MAX),
        max_delay: RetryDuration::seconds(5),
    })
}
