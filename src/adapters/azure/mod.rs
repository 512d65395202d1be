//! Azure Blob Storage, spoken through Microsoft's `azure_core` and `azure_storage_blob`.
//!
//! What goes to single blobs and to listings goes through [`wire`], as plain requests on the
//! SDK's own pipeline (its retries, its authorisation), and not through its blob clients. Those
//! drop tabs and newlines of a name and so address another blob; where they take a whole URL
//! instead, they build a pipeline for each blob; their listing trims the spaces of names; and their
//! download neither goes on after a broken body nor needs less than two requests for an empty one.
//! Uploads and the account's properties go through the SDK's clients.
//!
//! The SDK logs request URLs, which hold blob names, at `info` and `debug`: the log filter must
//! keep `azure_core`, `azure_storage_blob` and `typespec_client_core` at `warn`.

pub mod wire;
pub mod form;
pub mod listing;
pub mod lister;
pub mod download;
pub mod changing;
pub mod blob;
pub mod several;
pub mod drafts;
pub mod plain;
pub mod containers;
pub mod exports;
