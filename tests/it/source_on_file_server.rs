//! The `Source` port over a file server of our own: the suite, snapshots of shares, deleted shares,
//! open and leased files, and every request failing once in each way.

use crate::source_contract::keeps_the_contract;
use crate::support::worlds::FileServerWorld;

#[tokio::test]
async fn a_share_keeps_the_contract() {
    keeps_the_contract(&FileServerWorld::new().await).await;
}
