//! Why something was not written.

use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure_lake::path::barrier;
use crate::domain::failure::Failure;
use crate::ports::sources::Rewritten;

/// What is done.
pub const DOING: &str = "rewriting a path";

/// Why a write was not taken.
///
/// # Errors
/// Where the answer is about more than this path, or may pass.
pub fn not_written(answer: &Answer) -> Result<Rewritten, Failure> {
    if answer.is_unwelcome() || answer.is_container_missing() {
        return Err(answer.failure(DOING));
    }
    match barrier(answer.status, &answer.code) {
        Some(barrier) => Ok(Rewritten::Blocked(barrier)),
        None if answer.code == "InvalidResourceName" => Ok(refused("name: InvalidResourceName")),
        None => Err(answer.failure(DOING)),
    }
}

/// A word for what a rewrite would lose.
pub fn refused(word: &str) -> Rewritten {
    Rewritten::Refused(word.to_owned())
}
