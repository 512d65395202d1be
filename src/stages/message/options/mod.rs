//! How a request is to be served: our extension of it, whom an archive is encrypted to, whom to
//! tell by HTTP.

pub mod recipients;
pub mod callbacks;
pub mod extension;
