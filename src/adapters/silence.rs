//! What may be told of a request that nobody answered: which host it was for, and why.
//!
//! Errors of HTTP clients are never passed on as they are: they quote the URL, and with it names of
//! blobs and signatures.

use std::error::Error;

use thiserror::Error;
use url::Url;

/// Why there is no answer, and from whom. Of the URL it holds host and port.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Silence {
    /// No connection came to be.
    #[error("no connection to {host}: {cause}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system or the check of the certificate said.
        cause: String,
    },
    /// It took too long.
    #[error("{host} gave no answer in time")]
    Late {
        /// Host and port.
        host: String,
    },
    /// The connection broke off.
    #[error("the connection to {host} broke")]
    Broken {
        /// Host and port.
        host: String,
    },
}

impl Silence {
    /// What is behind an error, if that is an HTTP client's that got no answer.
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let sent = chain(error).find_map(|error| error.downcast_ref::<reqwest::Error>())?;
        let host = host(sent.url()?)?;
        Some(match chain(sent).last() {
            // The innermost cause knows the host alone.
            Some(cause) if sent.is_connect() => {
                Self::Unreachable { host, cause: cause.to_string() }
            }
            _ if sent.is_timeout() => Self::Late { host },
            _ => Self::Broken { host },
        })
    }

    /// That a request for this took too long.
    pub fn late(url: &Url) -> Option<Self> {
        Some(Self::Late { host: host(url)? })
    }
}

/// An error and what caused it, from the outside in.
pub fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn host(url: &Url) -> Option<String> {
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    Some(format!("{host}:{port}"))
}

/// That an answer did not come whole, from `peer` where no more is known.
pub fn broken(silence: Option<&Silence>, peer: &str) -> String {
    silence.map_or_else(|| format!("the connection to {peer} broke"), Silence::to_string)
}
