//! The `Source` port over a blob server of our own: the suite under each policy of an account.

use crate::source_contract::keeps_the_contract;
use crate::support::blob_server::account::Policy;
use crate::support::worlds::BlobServerWorld;

const SOFT_DELETE: Policy =
    Policy { retention_days: Some(7), versioning: false, permanent_delete: false };

#[tokio::test]
async fn a_plain_account_keeps_the_contract() {
    keeps_the_contract(&BlobServerWorld::new(Policy::default()).await).await;
}

#[tokio::test]
async fn soft_delete_keeps_the_contract() {
    keeps_the_contract(&BlobServerWorld::new(SOFT_DELETE).await).await;
}
