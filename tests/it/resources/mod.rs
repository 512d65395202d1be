//! The services of a workspace as a source, over our own Azure Machine Learning.

pub mod world;
mod walking;
mod erasing;
mod cancelling;
mod scrubbing;
mod closing;
mod faults;
mod naming;
mod plane;
mod rights;
pub mod lives;
mod table;
mod copying;
mod whole;
pub mod dependents;
mod ours;
mod remains;
mod cascade;
mod storage; // what a workspace makes sources of, as the program lists it
