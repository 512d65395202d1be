//! Whether sources stand where they stood. A folder that is mounted leaves an empty one behind when
//! it is away, and nothing would be found there of anybody.

use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::ports::sources::Source;
use crate::worker::world::World;

/// Whether a source holds what it held, as far as its ground tells; notes that ground.
///
/// # Errors
/// It holds nothing, and is another thing than the one that once held something; it cannot be
/// looked at, or the ledger is away.
async fn stands(world: &World, source: &dyn Source) -> Result<(), Failure> {
    let (ledger, name) = (&world.account.ledger, source.name());
    let ground = source.ground().await.map_err(|failure| failure.of_source(name))?;
    let Some(ground) = ground else { return Ok(()) };
    let known = ledger.ground(&ground.place).await?;
    if ground.is_anothers(known.as_deref()) {
        return Err(ground.failure(name));
    }
    if ground.is_bare {
        if known.is_none() {
            let text = "nothing is in this source: is something to be mounted there?";
            tracing::warn!(source = name, "{text}");
        }
        return Ok(());
    }
    if known.as_ref() == Some(&ground.id) {
        return Ok(());
    }
    if known.is_some() {
        let text = "this source stands on another folder than before: is it the one that is meant?";
        tracing::warn!(source = name, "{text}");
    }
    ledger.note_ground(&ground.place, &ground.id).await
}

/// Which of these do not.
///
/// # Errors
/// The ledger is away.
pub async fn shut(
    world: &World,
    sources: impl IntoIterator<Item = &Arc<dyn Source>>,
) -> Result<Vec<Failure>, Failure> {
    let mut shut = Vec::new();
    for source in sources {
        match stands(world, &**source).await {
            Err(failure) if failure.is_of_the_ledger() => return Err(failure),
            stood => shut.extend(stood.err()),
        }
    }
    Ok(shut)
}

/// Whether all of these do.
///
/// # Errors
/// As [`stands`].
pub async fn all_stand(
    world: &World,
    sources: impl IntoIterator<Item = &Arc<dyn Source>>,
) -> Result<(), Failure> {
    match shut(world, sources).await?.into_iter().next() {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}
