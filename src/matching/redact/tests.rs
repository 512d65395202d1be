//! What is left of whole items.

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::Matcher;
use crate::matching::redact::looks::Erasing;
use crate::matching::redact::refusal::Unredacted;
use crate::matching::redact::rewriting::redact_named;

/// Ann, with her user's name and a number.
pub fn ann() -> Subject {
    let identity = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.into());
    Subject {
        identities: vec![
            identity(IdentityType::Email, "ann@contoso.com"),
            identity(IdentityType::Username, "ann"),
            identity(IdentityType::ControllerCustomerId, "70042917"),
            identity(IdentityType::ControllerCustomerId, "C-1029384"),
        ],
    }
}

/// What is left of a content without her, or why it is not.
pub fn erased(content: &[u8]) -> Result<Vec<u8>, String> {
    let (subject, limits, mut out) = (ann(), ItemLimits::default(), Vec::new());
    let matcher = Matcher::new(&[&subject]);
    match redact_named(&mut Erasing(&matcher), "x", &mut &*content, &mut out, &limits) {
        Ok(_) => Ok(out),
        Err(Unredacted::NotRewritable(reason)) => Err(reason),
        Err(Unredacted::Failed(error)) => panic!("{error}"),
    }
}
