//! Whether sources stand where they stood. A folder that is mounted leaves an empty one behind when
//! it is away, and nothing would be found there of anybody.

use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::ports::sources::{Ground, Source};
use crate::worker::world::World;

/// Whether a source holds what it held, as far as its ground tells; notes that ground.
///
/// # Errors
/// It holds nothing, and is another thing than the one that once held something; it cannot be
/// looked at, or the ledger is away.
pub async fn stands(world: &World, source: &dyn Source) -> Result<(), Failure> {
    let Some(Ground { id, is_bare }) = source.ground().await? else { return Ok(()) };
    let (ledger, place) = (&world.account.ledger, source.place());
    let known = ledger.ground(&place).await?;
    match known {
        Some(known) if is_bare && known != id => {
            let text = "nothing is in it, and it is another folder than it was: is what was \
                        mounted there away? If nothing is meant to be in it, put any file there";
            Err(Failure::transient(format!("looking into source {}", source.name()))
                .because(text)
                .of_source(source.name()))
        }
        Some(known) if known == id => Ok(()),
        _ if is_bare => {
            let text = "nothing is in this source: is something to be mounted there?";
            tracing::warn!(source = source.name(), "{text}");
            Ok(())
        }
        _ => ledger.note_ground(&place, &id).await,
    }
}

/// The same of all of these.
///
/// # Errors
/// As [`stands`].
pub async fn all_stand(
    world: &World,
    sources: impl IntoIterator<Item = &Arc<dyn Source>>,
) -> Result<(), Failure> {
    for source in sources {
        stands(world, &**source).await?;
    }
    Ok(())
}
