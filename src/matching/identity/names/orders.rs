//! A name in every order it is written in, given where its longest word stands.

use std::ops::Range;

use crate::matching::identity::boundaries::Boundary;
use crate::matching::identity::names::fields::field_around;
use crate::matching::identity::names::joints::{Joint, Kind, TAGS_BYTES_MAX, joint};
use crate::matching::identity::names::met::Met;
use crate::matching::identity::patterns::Name;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::spaceless::continues_word;

/// Bytes of a line on either side of a joint that are looked at.
const LINE_BYTES: usize = 160;

/// Each way in which the name stands in a folded text around its anchor word.
pub fn name_around(text: &str, name: &Name, anchor: Range<usize>, found: &mut dyn FnMut(Met)) {
    let words: Vec<&str> = name.words.iter().map(String::as_str).collect();
    if let Some(row) = in_order(text, &words, name, name.anchor, anchor.clone())
        && let Some(boundary) = natural(&row)
    {
        found(row.met(boundary));
    }
    // The family name first, wherever it begins (`García López, Juan`).
    for family in 1..words.len() {
        let turned = [&words[family..], &words[..family]].concat();
        let place = (name.anchor + words.len() - family) % words.len();
        if let Some(row) = in_order(text, &turned, name, place, anchor.clone())
            && let Some(boundary) = turned_at(&row, words.len() - family - 1, name.spaceless)
        {
            found(row.met(boundary));
        }
    }
    if words.len() > 1 {
        field_around(text, name, anchor, found);
    }
}

/// Words in a row, and what stands between them.
struct Row {
    words: Vec<Range<usize>>,
    joints: Vec<Joint>,
}

impl Row {
    fn met(&self, boundary: Boundary) -> Met {
        let range = self.words[0].start..self.words[self.words.len() - 1].end;
        let apart = self.joints.iter().any(|joint| joint.apart);
        Met { range, boundary, words: if apart { self.words.clone() } else { Vec::new() } }
    }

    fn all(&self, is_such: impl Fn(Kind) -> bool) -> bool {
        self.joints.iter().all(|joint| is_such(joint.kind))
    }
}

/// How words in the order of the name are judged.
fn natural(row: &Row) -> Option<Boundary> {
    let is_border = |kind| matches!(kind, Kind::Cell | Kind::Bare);
    let borders = row.joints.iter().filter(|joint| is_border(joint.kind)).count();
    match row.joints.first().map(|joint| joint.kind) {
        Some(Kind::Tagged) => row.all(|kind| kind == Kind::Tagged).then_some(Boundary::Parted),
        Some(sign @ Kind::Sign(_)) => row.all(|kind| kind == sign).then_some(Boundary::Slug),
        _ if row.all(|kind| kind == Kind::Space) => Some(Boundary::Words),
        _ => (borders == 1 && row.all(|kind| kind == Kind::Space || is_border(kind)))
            .then_some(Boundary::Cells),
    }
}

/// How words with the family name first are judged, which ends before this joint.
fn turned_at(row: &Row, after_family: usize, spaceless: bool) -> Option<Boundary> {
    let mut others = row.joints.iter().enumerate().filter(|(index, _)| *index != after_family);
    let kind = row.joints[after_family].kind;
    if let Kind::Sign(sign) = kind {
        return (sign != '-' && row.all(|other| other == kind)).then_some(Boundary::TurnedSlug);
    }
    if !others.all(|(_, joint)| joint.kind == Kind::Space) {
        return None;
    }
    match kind {
        Kind::Comma | Kind::Bare => Some(Boundary::Turned),
        Kind::Cell => Some(Boundary::TurnedCells),
        Kind::Space if spaceless => Some(Boundary::Turned),
        Kind::Space if !row.joints[after_family].apart => Some(Boundary::Shouted),
        _ => None,
    }
}

/// These words around the anchor, with something between them that may be there.
fn in_order(
    text: &str,
    words: &[&str],
    name: &Name,
    anchor: usize,
    at: Range<usize>,
) -> Option<Row> {
    let mut row = Row { words: vec![at.clone()], joints: Vec::new() };
    let mut start = at.start;
    for word in words[..anchor].iter().rev() {
        let from = floor(text, start.saturating_sub(TAGS_BYTES_MAX + word.len()));
        let found = from + text[from..start].rfind(word)?;
        let end = found + word.len();
        row.joints.insert(0, between(text, end..start, name.spaceless)?);
        row.words.insert(0, found..end);
        start = found;
    }
    let mut end = at.end;
    for word in &words[anchor + 1..] {
        let to = ceil(text, end + TAGS_BYTES_MAX + word.len());
        let found = end + text[end..to].find(word)?;
        row.joints.push(between(text, end..found, name.spaceless)?);
        end = found + word.len();
        row.words.push(found..end);
    }
    Some(row)
}

fn between(text: &str, range: Range<usize>, spaceless: bool) -> Option<Joint> {
    if range.is_empty() {
        return spaceless.then_some(Joint { kind: Kind::Space, apart: false });
    }
    // What is glued to a word makes another word of it, but for a comma of directories.
    let glued = |one: Option<char>, other: Option<char>| {
        one.is_some_and(continues_word) && other.is_some_and(continues_word)
    };
    let stretch = &text[range.clone()];
    let is_glued = glued(text[..range.start].chars().next_back(), stretch.chars().next())
        || glued(stretch.chars().next_back(), text[range.end..].chars().next());
    if is_glued && !stretch.ends_with("\\2c") {
        return None;
    }
    let from = floor(text, range.start.saturating_sub(LINE_BYTES));
    let to = ceil(text, range.end + LINE_BYTES);
    joint(&text[from..range.start], &text[range.clone()], &text[range.end..to])
}
