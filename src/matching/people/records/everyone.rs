//! Everyone who is named in a text, and what stands beside them and may be theirs too.

use std::ops::Range;

use memchr::memchr_iter;

use crate::domain::asked::subject::IdentityType;
use crate::matching::people::doubts::{identifier, unusual_address};
use crate::matching::people::named::{Named, named_in_folded};
use crate::matching::people::ranges::Ranges;
use crate::matching::people::records::bounds::Lines;
use crate::matching::people::records::fields::fields_in;
use crate::matching::people::records::near::{Bond, ids_beside, near};
use crate::matching::people::records::patterns::patterned;
use crate::matching::people::records::tables::cells::{Elements, cells_beside};
use crate::matching::people::records::tables::inserted::inserted_beside;
use crate::matching::people::records::users::accounts::{accounts_in, blamed_in};
use crate::matching::people::records::users::logins::logins_in;
use crate::matching::put::stands_at;
use crate::matching::views::spelling::fold::fold;
use crate::matching::views::spelling::reading::Reading;

/// Tells of names: with [`Bond::One`], all of one person; with [`Bond::Beside`], of somebody and of
/// whoever stands beside them.
pub type Told<'a> = &'a mut dyn FnMut(Bond, Vec<Named>);

/// Everyone in a text.
pub fn everyone_in(text: &str, found: Told<'_>) {
    everyone_in_folded(text, &fold(text), found);
}

/// The same of a text that was folded.
pub fn everyone_in_folded(text: &str, folded: &Reading, found: Told<'_>) {
    let mut addresses: Vec<Named> = Vec::new();
    let mut known: Vec<Range<usize>> = Vec::new();
    named_in_folded(text, folded, &mut |named| {
        known.extend(named.iter().map(|(_, range)| range.clone()));
        let mails = named.iter().filter(|(named, _)| named.kind == IdentityType::Email);
        addresses.extend(mails.cloned());
        found(Bond::One, named);
    });
    let known = Ranges::new(known);
    for at in memchr_iter(b'@', text.as_bytes()) {
        let Some(range) = unusual_address(text, at).filter(|range| !known.meet(range)) else {
            continue;
        };
        let is_put = stands_at(text, range.start) || text[..range.start].ends_with("Person ");
        if !is_put {
            let named = (identifier(IdentityType::Email, &text[range.clone()]), range);
            addresses.push(named.clone());
            found(Bond::One, vec![named]);
        }
    }
    fields_in(text, &mut |named| {
        // An address that stands alone was told.
        let is_told = match named.as_slice() {
            [] => true,
            [(one, range)] => one.kind == IdentityType::Email && known.meet(range),
            _ => false,
        };
        if !is_told {
            found(Bond::One, named);
        }
    });
    if !addresses.is_empty() {
        beside(text, &addresses, found);
    }
    logins_in(text, folded, &mut |named| found(Bond::One, vec![named]));
    accounts_in(text, &mut |named| found(Bond::One, named));
    blamed_in(text, &mut |named| found(Bond::One, named));
}

fn beside(text: &str, addresses: &[Named], found: Told<'_>) {
    patterned(text, addresses, &mut |address, other| {
        tell_beside(address, other, Bond::Beside, text, found);
    });
    let (mut line, mut lines, elements) = (None, Lines::of(text), Elements::of(text));
    for address in addresses {
        let mut tell = |bond: Bond, other: Named| {
            tell_beside(address, other, bond, text, found);
        };
        near(text, &address.1, &mut tell);
        // What the whole line says is said once, of the first who stands in it.
        let start = lines.start(address.1.start);
        if line.replace(start) != Some(start) {
            ids_beside(text, &address.1, &mut tell);
            cells_beside(text, &address.1, &mut |other| tell(Bond::Beside, other));
        }
        elements.beside(&address.1, &mut |other| tell(Bond::Beside, other));
        inserted_beside(text, &address.1, &mut |other| tell(Bond::Beside, other));
    }
}

/// Tells what stands beside an address.
fn tell_beside(address: &Named, other: Named, bond: Bond, text: &str, found: Told<'_>) {
    if !stands_at(text, other.1.start) && !meets(&other.1, &address.1) {
        found(bond, vec![address.clone(), other]);
    }
}

fn meets(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}
