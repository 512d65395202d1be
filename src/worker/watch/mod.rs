//! What is watched beside the work: how many requests stand where and since when, what is due, what
//! keeps requests from going on, what services are at.

pub mod labels;
pub mod dues;
pub mod notices;
pub mod census;
pub mod daemons;
pub mod answers;
