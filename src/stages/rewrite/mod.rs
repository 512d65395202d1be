//! Items rewritten: in place without the subject, or on their way into an archive without others.

pub mod spool;
pub mod kept;
pub mod redact;
pub mod mask;
pub mod prepare;
pub mod belonging;
