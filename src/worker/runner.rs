//! Starts the loops and waits for them all.

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};

use crate::domain::failure::Failure;
use crate::ports::tasks::Purpose;
use crate::worker::loops::keeping::{expire, forget};
use crate::worker::loops::{
    act, announce, callback, conclude, follow, intake, learn, purge, sweep, things,
};
use crate::worker::pace::retry::Tries;
use crate::worker::report;
use crate::worker::watch::notices::{self, Notices};
use crate::worker::watch::{answers, census, daemons, labels};
use crate::worker::world::World;

/// Runs until the world's stopper stops; returns when everything in hand is ledgered and what could
/// be announced is.
///
/// # Errors
/// The ledger's master key was replaced, which stops the world too.
pub async fn run(world: &World) -> Result<(), Failure> {
    labels::prime(&world.shift.metrics, world.sources.iter().map(|source| source.name()));
    if world.alone {
        free_all(world).await;
    }
    let (shift, ledger) = (&world.shift, &*world.account.ledger);
    let announcer = &*world.door.announcer;
    let tenant_logs = world.tenant_logs.as_deref();
    let stores = expire::Stores { exports: &*world.exports, tenant_logs };
    let notices = Notices::default();
    let sources = world.sources.iter().map(|source| source.name().to_owned()).collect();
    let learned =
        world.mandate.catalogue_age_max.map(|age_max| forget::Learned { sources, age_max });
    let loops: [BoxFuture<'_, ()>; 16] = [
        Box::pin(intake::run(world)),
        Box::pin(sweep::run(world, Purpose::Find)),
        Box::pin(act::run(world)),
        Box::pin(purge::run(world)),
        Box::pin(follow::run(world)),
        Box::pin(things::run(world)),
        Box::pin(sweep::run(world, Purpose::Verify)),
        Box::pin(conclude::run(world)),
        Box::pin(learn::run(world)),
        Box::pin(announce::run(shift, ledger, announcer)),
        Box::pin(callback::run(world)),
        Box::pin(expire::run(shift, ledger, &stores)),
        Box::pin(forget::run(shift, ledger, &world.mandate.keeping, learned.as_ref())),
        Box::pin(census::run(shift, ledger, &notices)),
        Box::pin(notices::run(shift, &world.account, announcer, &notices)),
        Box::pin(answers::run(shift, ledger)),
    ];
    // Each is woken alone: with `join!` whatever wakes one of them has all of them look.
    let loops = loops.into_iter().collect::<FuturesUnordered<_>>().collect::<()>();
    let ((), served) = tokio::join!(loops, daemons::run(shift, &world.account));
    announce::run_last(shift, ledger, announcer).await;
    world.shift.leases.let_go_of_all().await;
    served
}

/// What the daemon before us held when it died need not lapse first.
async fn free_all(world: &World) {
    let mut tries = Tries::default();
    while !world.shift.stopper.is_stopped() {
        let Err(failure) = world.account.ledger.free_all().await else { return };
        report::failed(&world.shift.metrics, "start", &failure);
        world.shift.back_off(&mut tries).await;
    }
}
