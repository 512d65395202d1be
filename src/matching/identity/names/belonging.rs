//! Whether the words of a name are one person's, by how they are written and what stands around
//! them. Works on text that is not folded.

use crate::matching::identity::boundaries::Boundary;
use crate::matching::identity::names::cells::are_of_one_row;
use crate::matching::identity::names::neighbours::{are_one_persons, plain};
use crate::matching::identity::names::slugs::{is_identifier, is_shouted, is_turned_identifier};

/// Whether what was hit, if it is a name, is one person's.
pub fn belong_together(boundary: Boundary, before: &str, hit: &str, after: &str) -> bool {
    match boundary {
        Boundary::Words => are_one_persons(false, before, hit, after),
        Boundary::Turned => are_one_persons(true, before, hit, after),
        Boundary::Slug => is_identifier(before, hit, after),
        Boundary::TurnedSlug => is_turned_identifier(before, hit, after),
        Boundary::Shouted => is_shouted(&plain(before), &plain(hit), &plain(after)),
        Boundary::Cells | Boundary::TurnedCells => {
            are_of_one_row(&plain(before), &plain(hit), &plain(after))
        }
        Boundary::Parted
        | Boundary::Address
        | Boundary::Guest
        | Boundary::Respelled
        | Boundary::Digits
        | Boundary::Token
        | Boundary::Alias => true,
    }
}
