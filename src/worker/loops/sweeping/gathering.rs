//! Whether second looks wait for each other: each reads what its erasures touched and lists all the
//! rest, so that one for many costs hardly more than one for one.

use jiff::SignedDuration;

use crate::domain::failure::Failure;
use crate::domain::state::State;
use crate::ports::standing::Standing;
use crate::worker::world::World;

/// Where requests are that may wait for a second look before long.
const ON_THEIR_WAY: [State; 4] = [State::Accepted, State::Finding, State::Planned, State::Acting];

/// Whether those who wait for a second look go on to wait: others are on their way, there is room
/// for them, and nobody has waited too long or is due soon.
///
/// # Errors
/// The ledger's failure.
pub async fn gathers(world: &World, waiting: &[Standing]) -> Result<bool, Failure> {
    let (limits, now) = (&world.mandate.limits, world.account.clock.now());
    if limits.verify_gather_ms == 0 || waiting.len() >= limits.sweep_requests_max as usize {
        return Ok(false);
    }
    let longest = i64::try_from(limits.verify_gather_ms).unwrap_or(i64::MAX);
    let longest = SignedDuration::from_millis(longest);
    let pressed = limits.pressed_before(now);
    let has_time = |standing: &Standing| {
        let waited = now.duration_since(standing.changed);
        !waited.is_negative() && waited < longest && standing.due.is_none_or(|due| due > pressed)
    };
    if !waiting.iter().all(has_time) {
        return Ok(false);
    }
    let census = world.account.ledger.census().await?;
    Ok(census.into_iter().any(|(state, count)| count > 0 && ON_THEIR_WAY.contains(&state)))
}
