//! The account itself: requests with their records, and the items of their plans.

pub mod items;
pub mod requests;
pub mod openings;
pub mod register;
