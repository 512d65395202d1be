//! Whether an answer is the first that could have been given.
//!
//! The pipeline sends a request again when its answer was lost, or says that the service failed.
//! What was asked may have been done by then: who deletes and is told "not there" at the second try
//! may have deleted it with the first.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};

/// Whether a try of the request that carries it may have been done without an answer to say so.
#[derive(Clone, Default)]
pub struct Lost(Arc<AtomicBool>);

impl Lost {
    /// See [`Lost`].
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A policy that takes note of it, try by try.
pub struct Heard;

#[async_trait]
impl Policy for Heard {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let sent = next[0].send(ctx, request, &next[1..]).await;
        let is_lost = match &sent {
            // Too busy is said before anything is done.
            Ok(answer) => matches!(u16::from(answer.status()), 408 | 500 | 502 | 504..),
            Err(error) => !matches!(error.kind(), ErrorKind::Connection | ErrorKind::Credential),
        };
        if is_lost && let Some(Lost(lost)) = ctx.value() {
            lost.store(true, Ordering::Relaxed);
        }
        sent
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heard")
    }
}
