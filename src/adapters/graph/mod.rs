//! Microsoft Graph, which copies what Microsoft's services logged about a user of the tenant:
//! `copies` has it do so, into the `containers` that are made for it. `names` asks it what people
//! are called.

pub mod containers;
pub mod copies;
pub mod names;
