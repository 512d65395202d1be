//! Whether everything that the settings name can be reached, with the rights that the work needs.
//! Asked before a daemon is started, or when one does not do what it should.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt, join_all};

use crate::domain::failure::Failure;
use crate::ports::exports::Exports;
use crate::ports::sources::{Lack, Source};
use crate::worker::world::Door;

/// What came of asking one part.
pub struct Reached {
    /// Its name: `ledger`, `queue`, `exports`, or `source` and a name.
    pub part: String,
    /// Why it does not work, with all causes.
    pub trouble: Option<String>,
    /// What we may not do there.
    pub lacks: Vec<Lack>,
}

/// Asks every part, all at the same time; answers in the order of the settings.
pub async fn all(
    ledger: impl Future<Output = Result<(), Failure>> + Send,
    door: &Door,
    exports: &dyn Exports,
    sources: &[Arc<dyn Source>],
) -> Vec<Reached> {
    let nothing = |()| Vec::new();
    let queue = async {
        door.inbox.ping().await?;
        door.announcer.ping().await
    };
    let mut asked: Vec<BoxFuture<'_, Reached>> = vec![
        reached("ledger".to_owned(), async { ledger.await.map(nothing) }).boxed(),
        reached("queue".to_owned(), async { queue.await.map(nothing) }).boxed(),
        reached("exports".to_owned(), async { exports.ping().await.map(nothing) }).boxed(),
    ];
    for source in sources {
        let rights = async {
            source.ping().await?;
            source.lacks().await
        };
        asked.push(reached(format!("source {}", source.name()), rights).boxed());
    }
    join_all(asked).await
}

async fn reached(part: String, asked: impl Future<Output = Result<Vec<Lack>, Failure>>) -> Reached {
    match asked.await {
        Ok(lacks) => Reached { part, trouble: None, lacks },
        Err(failure) => Reached { part, trouble: Some(failure.chain()), lacks: Vec::new() },
    }
}
