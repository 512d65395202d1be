//! Plans of requests that wait for a person, for whom may see what they name.

use async_trait::async_trait;

use crate::domain::dependents::tree::Branch;
use crate::domain::failure::Failure;
use crate::ports::standing::Standing;

/// Opens them.
#[async_trait]
pub trait HeldPlans: Send + Sync {
    /// What would become of a workspace and of all that depends on it, where the request is about
    /// one; nothing for any other, which may be about a person.
    async fn tree(&self, held: &Standing) -> Result<Vec<Branch>, Failure>;
}
