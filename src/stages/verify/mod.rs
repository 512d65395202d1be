//! Looks again, with fresh eyes: what was erased is gone in every form, and an archive reads back
//! whole. The account itself is looked at too.

pub mod counts;
pub mod untouched;
pub mod horizon;
pub mod reckoning;
pub mod erasure;
pub mod certificate;
pub mod tombstones;
pub mod archive;
pub mod ledger;
