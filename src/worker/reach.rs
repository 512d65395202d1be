//! Whether everything that the settings name can be reached, with the rights that the work needs.
//! Asked before a daemon is started, or when one does not do what it should.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt, join_all};

use crate::domain::coverage::place::{Known, Looked};
use crate::domain::failure::Failure;
use crate::ports::exports::Exports;
use crate::ports::sources::{Lack, Source};
use crate::ports::tenant_logs::TenantLogs;
use crate::stages::coverage;
use crate::worker::world::Door;

/// What came of asking one part.
pub struct Reached {
    /// Its name: `ledger`, `queue`, `exports`, `graph`, `collector`, or `source` and a name.
    pub part: String,
    /// Why it does not work, with all causes.
    pub trouble: Option<String>,
    /// What we may not do there.
    pub lacks: Vec<Lack>,
    /// The places that it knows of and no source looks at.
    pub unseen: Vec<Known>,
}

/// What a part that works says of itself.
type Told = (Vec<Lack>, Vec<Known>);

/// Asks every part, all at the same time; answers in the order of the settings.
pub async fn all(
    ledger: impl Future<Output = Result<(), Failure>> + Send,
    door: &Door,
    exports: &dyn Exports,
    tenant_logs: Option<&dyn TenantLogs>,
    sources: &[Arc<dyn Source>],
) -> Vec<Reached> {
    let queue = async {
        door.inbox.ping().await?;
        door.announcer.ping().await
    };
    // What cannot be reached is told of where it stands.
    let held = coverage::held(sources, |_| true).await;
    let mut asked: Vec<BoxFuture<'_, Reached>> = vec![
        reached("ledger", ledger).boxed(),
        reached("queue", queue).boxed(),
        reached("exports", exports.ping()).boxed(),
    ];
    if let Some(logs) = tenant_logs {
        asked.push(reached("graph", logs.ping()).boxed());
    }
    for source in sources {
        let rights = async {
            source.ping().await?;
            let lacks = source.lacks().await?;
            let known = coverage::known(std::slice::from_ref(source)).await?;
            let settled = coverage::settled(known, &held).into_iter().map(|told| told.known);
            Ok((lacks, settled.filter(|known| known.looked != Looked::Looked).collect()))
        };
        asked.push(told(format!("source {}", source.name()), rights).boxed());
    }
    join_all(asked).await
}

/// What comes of asking a part of which nothing more is to be known.
pub async fn reached(part: &str, asked: impl Future<Output = Result<(), Failure>>) -> Reached {
    told(part.to_owned(), async { asked.await.map(|()| Told::default()) }).await
}

async fn told(part: String, asked: impl Future<Output = Result<Told, Failure>>) -> Reached {
    let (told, trouble) = match asked.await {
        Ok(told) => (told, None),
        Err(failure) => (Told::default(), Some(failure.chain())),
    };
    Reached { part, trouble, lacks: told.0, unseen: told.1 }
}
