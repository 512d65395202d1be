//! Parts of names in columns that lie apart: arrays of a file, or members of an archive, of which
//! one has what people are called by and another one their families, row by row.

use crate::matching::keys::parts::{Part, part_of};

/// Columns that are held.
const COLUMNS_MAX: usize = 8;

/// Bytes of one of them; of a longer one nothing is held.
const BYTES_MAX: usize = 1 << 20;

/// What a cell takes beside its bytes.
const CELL_BYTES: usize = 24;

/// Columns with parts of names, as far as they were read.
#[derive(Default)]
pub struct Lone(Vec<Column>);

struct Column {
    /// What it lies in.
    above: String,
    name: String,
    part: Part,
    cells: Vec<String>,
    bytes: usize,
}

/// Cells of two columns side by side.
pub struct Pairs {
    /// What both lie in.
    pub above: String,
    /// What they are called.
    pub names: [String; 2],
    /// Row by row.
    pub cells: Vec<[String; 2]>,
}

impl Column {
    /// Takes a cell in, as long as there is room.
    fn add(&mut self, cell: &str) {
        self.bytes = self.bytes.saturating_add(CELL_BYTES + cell.len());
        if self.bytes <= BYTES_MAX {
            self.cells.push(cell.to_owned());
        } else {
            self.cells = Vec::new();
        }
    }
}

impl Lone {
    /// Takes in cells of the one column of a table, and gives the tables that it makes with others.
    pub fn pairs(&mut self, view: &str, place: &str, cells: &[&str]) -> Vec<Pairs> {
        let (above, name) = place.rsplit_once(['/', '.']).unwrap_or(("", place));
        let Some(part) = part_of(&name.to_lowercase()) else { return Vec::new() };
        // Arrays of an archive are told apart by the name of the member.
        let archive = view.strip_suffix(" > npy").and_then(|view| view.rsplit_once("zip:"));
        let above = format!("{} {above}", archive.map_or(view, |(archive, _)| archive));
        let is_it = |column: &Column| column.above == above && column.name == name;
        let at = self.0.iter().position(is_it).unwrap_or_else(|| {
            if self.0.len() == COLUMNS_MAX {
                self.0.remove(0);
            }
            let (above, name) = (above.clone(), name.to_owned());
            self.0.push(Column { above, name, part, cells: Vec::new(), bytes: 0 });
            self.0.len() - 1
        });
        let (before, is_full) = (self.0[at].cells.len(), self.0[at].bytes > BYTES_MAX);
        cells.iter().for_each(|cell| self.0[at].add(cell));
        let others = self.0.iter().enumerate().filter(|(other, column)| {
            *other != at
                && !is_full
                && column.above == above
                && (part.fits(column.part.other(), column.part)
                    || column.part.fits(part.other(), part))
        });
        let table = |(_, column): (usize, &Column)| {
            let both = column.cells.iter().skip(before).zip(cells);
            Pairs {
                above: above.split_once(' ').unwrap_or_default().1.to_owned(),
                names: [column.name.clone(), name.to_owned()],
                cells: both.map(|(other, cell)| [other.clone(), (*cell).to_owned()]).collect(),
            }
        };
        others.map(table).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_lie_apart_are_read_together() {
        let mut lone = Lone::default();
        let pairs = |lone: &mut Lone, view: &str, place: &str, cells: &[&str]| {
            lone.pairs(view, place, cells).len()
        };
        assert_eq!(pairs(&mut lone, "hdf5", "p/given", &["Mira", "", "Kofi"]), 0);
        for (view, place, count) in [
            ("hdf5", "q/family", 0),
            ("hdf5", "p/model", 0),
            ("hdf5", "p/last_name", 1),
            ("matlab", "p/family", 0),
        ] {
            assert_eq!(pairs(&mut lone, view, place, &["Osei", "Roy"]), count, "{view} {place}");
        }
        assert_eq!(pairs(&mut lone, "zip:given.npy > npy", "given", &["Mira"]), 0);
        assert_eq!(pairs(&mut lone, "zip:family.npy > npy", "family", &["Osei"]), 1);
        let long = "x".repeat(BYTES_MAX);
        pairs(&mut lone, "a", "given", &[&long]);
        assert!(lone.0.iter().all(|column| column.bytes <= BYTES_MAX || column.cells.is_empty()));
    }
}
