//! How requests are authorised: by an account's key, or by tokens of an identity.

pub mod shared_key;
pub mod credential;
