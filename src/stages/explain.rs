//! One file looked at by itself, for people who ask why it was found, or was not.

use std::io::{self, Read};

use crate::domain::asked::subject::Subject;
use crate::domain::explained::Explained;
use crate::domain::item::Item;
use crate::domain::policy::limits::Limits;
use crate::matching::explain;

/// Explains how the item is read whose content `open` gives, within the limits of a sweep.
///
/// # Errors
/// The content cannot be read.
pub fn explained(
    item: &Item,
    open: &dyn Fn() -> io::Result<Box<dyn Read>>,
    subject: &Subject,
    limits: &Limits,
) -> io::Result<Explained> {
    explain::explain(item, open, subject, &limits.into())
}
