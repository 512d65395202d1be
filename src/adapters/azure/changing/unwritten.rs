//! Why something was not written, of files and of paths.

use crate::adapters::azure::wire::answer::Answer;
use crate::domain::failure::Failure;
use crate::domain::outcome::Barrier;
use crate::ports::sources::Rewritten;

/// Why a write was not taken: `barrier` is what the answer says forbids it.
///
/// # Errors
/// Where the answer is about more than this one, or may pass.
pub fn not_written(
    doing: &str,
    answer: &Answer,
    barrier: Option<Barrier>,
) -> Result<Rewritten, Failure> {
    if answer.is_unwelcome() || answer.is_container_missing() {
        return Err(answer.failure(doing));
    }
    match barrier {
        Some(barrier) => Ok(Rewritten::Blocked(barrier)),
        None if answer.code == "InvalidResourceName" => Ok(refused("name: InvalidResourceName")),
        None => Err(answer.failure(doing)),
    }
}

/// A word for what a rewrite would lose.
pub fn refused(word: &str) -> Rewritten {
    Rewritten::Refused(word.to_owned())
}
