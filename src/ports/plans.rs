//! What is told of requests to whoever looks after them: where each is, and the plans of those that
//! wait for a person.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::domain::dependents::tree::Branch;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::standing::Standing;

/// Opens them.
#[async_trait]
pub trait HeldPlans: Send + Sync {
    /// What would become of a workspace and of all that depends on it, where the request is about
    /// one; nothing for any other, which may be about a person.
    async fn tree(&self, held: &Standing) -> Result<Vec<Branch>, Failure>;
    /// Everything that the ledger says of a request, as `dsrd status ID --json` prints it; `None`
    /// if it does not know it.
    async fn describe(&self, id: &RequestId) -> Result<Option<Map<String, Value>>, Failure>;
}
