//! Microsoft Graph, which copies what Microsoft's services logged about a user of the tenant:
//! `copies` has it do so, into the `containers` that are made for it.

pub mod containers;
pub mod copies;
