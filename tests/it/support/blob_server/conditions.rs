//! What must hold before a blob is touched, and what a request is told where it does not.
//!
//! Error codes are those of the `ErrorCode` enum of the published interface, but for the two that
//! `azure/FACTS.md` has from people who met them. In which order the service looks at several
//! things that are wrong at once is not published.

use crate::support::blob_server::form::Form;

/// A refusal: status and error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
}

pub const fn refusal(status: u16, code: &'static str) -> Refusal {
    Refusal { status, code }
}

pub const NOT_MET: Refusal = refusal(412, "ConditionNotMet");
pub const BLOB_NOT_FOUND: Refusal = refusal(404, "BlobNotFound");
pub const IMMUTABLE: Refusal = refusal(409, "BlobImmutableDueToPolicy");

/// Conditions of one request.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
    pub lease_id: Option<String>,
}

impl Conditions {
    /// For reading what is there.
    pub fn check_read(&self, form: &Form) -> Result<(), Refusal> {
        self.check_match(form)?;
        match &self.if_none_match {
            Some(tags) if matches(tags, &form.etag) => Err(refusal(304, "ConditionNotMet")),
            Some(_) | None => Ok(()),
        }
    }

    /// For changing or erasing what is there.
    pub fn check_change(&self, form: &Form) -> Result<(), Refusal> {
        self.check_match(form)?;
        match &self.if_none_match {
            Some(tags) if matches(tags, &form.etag) => return Err(NOT_MET),
            Some(_) | None => {}
        }
        let named = self.lease_id.as_ref();
        match (&form.lease, named) {
            (Some(_), None) => Err(refusal(412, "LeaseIdMissing")),
            (Some(lease), Some(named)) if lease != named => {
                Err(refusal(412, "LeaseIdMismatchWithBlobOperation"))
            }
            (None, Some(_)) => Err(refusal(412, "LeaseNotPresentWithBlobOperation")),
            _ => Ok(()),
        }
    }

    /// For writing over what may be there.
    pub fn check_write(&self, form: Option<&Form>) -> Result<(), Refusal> {
        match form {
            Some(_) if self.if_none_match.as_deref() == Some("*") => {
                Err(refusal(409, "BlobAlreadyExists"))
            }
            Some(form) => self.check_change(form),
            None if self.if_match.is_some() => Err(NOT_MET),
            None if self.lease_id.is_some() => {
                Err(refusal(412, "LeaseNotPresentWithBlobOperation"))
            }
            None => Ok(()),
        }
    }

    fn check_match(&self, form: &Form) -> Result<(), Refusal> {
        match &self.if_match {
            Some(tags) if !matches(tags, &form.etag) => Err(NOT_MET),
            Some(_) | None => Ok(()),
        }
    }
}

fn matches(tags: &str, etag: &str) -> bool {
    tags == "*" || tags.split(',').any(|tag| tag.trim().trim_matches('"') == etag.trim_matches('"'))
}
