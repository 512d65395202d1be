//! What the query service is asked: what may name a person, the text of it, and the call.

pub mod literal;
pub mod candidates;
pub mod text;
pub mod call;
