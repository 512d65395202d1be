//! What the workspace's own services keep (the data plane): runs and experiments, and what the
//! first SDK calls web services and data sets.

pub mod runs;
pub mod removal;
pub mod aside;
pub mod scrub;
