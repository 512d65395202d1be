//! Why a path was not written.

use crate::adapters::azure::changing::unwritten;
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
    unwritten::not_written(DOING, answer, barrier(answer.status, &answer.code))
}
