//! Tables in markup: of HTML, and of documents and slides. Each cell after the head of its column,
//! as a reader sees it, whatever stands in the cells between.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr;

use crate::matching::blocks::few::Few;
use crate::matching::views::markup::tags::between_tags;
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::written::heads::{Name, speaking};

/// What ends a row; all of it is asked for at once.
const ROW_ENDS: [&[u8]; 4] = [b"</tr", b"</w:tr>", b"</a:tr>", b"</table:table-row>"];

static ENDS: LazyLock<Few> = LazyLock::new(|| Few::new(&ROW_ENDS));

/// What ends rows, cells and tables, and begins them.
const SIGNS: [(&str, Sign); 19] = [
    ("</tr", Sign::RowEnd),
    ("</w:tr>", Sign::RowEnd),
    ("</a:tr>", Sign::RowEnd),
    ("</table:table-row>", Sign::RowEnd),
    ("<tr", Sign::Row),
    ("<w:tr", Sign::Row),
    ("<a:tr", Sign::Row),
    ("<table:table-row", Sign::Row),
    ("</td", Sign::CellEnd),
    ("</th", Sign::CellEnd),
    ("</w:tc>", Sign::CellEnd),
    ("</a:tc>", Sign::CellEnd),
    ("</table:table-cell>", Sign::CellEnd),
    ("<table:table-cell", Sign::Cell),
    ("<table:covered-table-cell", Sign::Cell),
    ("</table>", Sign::Table),
    ("</w:tbl>", Sign::Table),
    ("</a:tbl>", Sign::Table),
    ("</table:table>", Sign::Table),
];

static ALL: LazyLock<Few> = LazyLock::new(|| Few::new(&SIGNS.map(|(sign, _)| sign.as_bytes())));

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Row,
    RowEnd,
    /// A cell of which the tag may say how many columns it takes, and that it is empty.
    Cell,
    CellEnd,
    Table,
}

/// Cells of a row, and columns that one may take.
const CELLS_MAX: usize = 1024;

/// Longest text of a cell that is read.
const CELL_BYTES_MAX: usize = 4 << 10;

/// What the columns of the table at some place in a stream are called, as far as they speak of
/// people.
pub type Heads = Vec<Name>;

/// What is said of people in the rows that reach into a part of a window, below these heads; the
/// heads are those at its end then.
pub fn rows(window: &[u8], part: &Range<usize>, heads: &mut Heads) -> Option<Reading> {
    // A row may have begun before the part, and may end behind it.
    let from = part.start.saturating_sub(ROW_BYTES_MAX);
    let end = window.len().min(part.end + ROW_BYTES_MAX);
    if !ENDS.any(&window[part.start..end]) {
        return None;
    }
    let mut reading = Reading::default();
    let (mut row, mut is_over) = (Row::default(), false);
    ALL.each(&window[from..end], &mut |sign, range| {
        let (sign, at) = (SIGNS[sign].1, from + range.start);
        is_over |= at >= part.end && matches!(sign, Sign::Row | Sign::Table);
        match sign {
            _ if is_over => {}
            Sign::Row => row = Row { cells: Vec::new(), at: Some(at) },
            Sign::Table if at >= part.start => heads.clear(),
            Sign::Table => {}
            Sign::CellEnd => row.cell(window, at),
            Sign::Cell => row.tag(window, at),
            Sign::RowEnd => {
                let row = std::mem::take(&mut row);
                if at < part.start || row.at.is_none() {
                    return;
                }
                if !heads.is_empty() {
                    row.read(heads, &mut reading);
                } else if at < part.end {
                    *heads = row.heads();
                }
            }
        }
    });
    (!reading.text.is_empty()).then_some(reading)
}

/// Bytes of a row that lie in another part.
const ROW_BYTES_MAX: usize = 8 << 10;

/// A row, as far as it was read.
#[derive(Default)]
struct Row {
    cells: Vec<Cell>,
    /// Where the next cell begins, or something before it.
    at: Option<usize>,
}

#[derive(Clone, Default)]
struct Cell {
    text: String,
    range: Range<usize>,
}

impl Row {
    /// Takes the cell that ends here.
    fn cell(&mut self, window: &[u8], end: usize) {
        // What looks like an end within the tag of a cell is none.
        let Some(start) = self.at.filter(|start| *start <= end) else { return };
        self.at = Some(end);
        let text = String::from_utf8_lossy(&window[start..end.min(start + CELL_BYTES_MAX)]);
        let said = between_tags(&text).map_or_else(|| text.to_string(), |reading| reading.text);
        let said = said.replace(['\u{fffd}', '\t', '\n', '\r'], " ");
        if self.cells.len() < CELLS_MAX {
            self.cells.push(Cell { text: said.trim().to_owned(), range: start..end });
        }
    }

    /// Takes the tag of a cell: how many columns it takes, if it is empty.
    fn tag(&mut self, window: &[u8], at: usize) {
        let near = &window[at..window.len().min(at + TAG_BYTES_MAX)];
        let Some(end) = memchr(b'>', near) else { return };
        if end == 0 || near[end - 1] != b'/' || self.at.is_none() {
            return;
        }
        let tag = String::from_utf8_lossy(&near[..end]);
        let columns = tag.split("number-columns-repeated=\"").nth(1);
        let columns = columns.and_then(|rest| rest.split('"').next()?.parse::<usize>().ok());
        let room = CELLS_MAX - self.cells.len();
        let empty = Cell { text: String::new(), range: at..at };
        self.cells.extend(std::iter::repeat_n(empty, columns.unwrap_or(1).min(room)));
        self.at = Some(at + end + 1);
    }

    fn heads(&self) -> Heads {
        speaking(self.cells.iter().map(|cell| cell.text.as_str()))
    }

    fn read(&self, heads: &Heads, reading: &mut Reading) {
        for name in heads {
            let Some(cell) = self.cells.get(name.column).filter(|cell| !cell.text.is_empty())
            else {
                continue;
            };
            reading.replace(&format!("\n{}: ", name.text), cell.range.start);
            reading.replace(&cell.text, cell.range.start);
            reading.replace("", cell.range.end);
        }
        reading.replace("\n\n", self.at.unwrap_or_default());
    }
}

/// The longest tag of a cell.
const TAG_BYTES_MAX: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let mut heads = Heads::new();
        rows(text.as_bytes(), &(0..text.len()), &mut heads)
            .map(|reading| reading.text.split_whitespace().collect::<Vec<_>>().join(" "))
            .unwrap_or_default()
    }

    #[test]
    fn cells_below_their_heads() {
        for (text, expected) in [
            (
                "<table><tr><th>run</th><th>user</th></tr>\n\
                 <tr><td>1</td><td>mosei</td></tr></table>",
                "user: mosei",
            ),
            (
                "<tr><th></th><th>first</th><th>team</th><th>last</th></tr>\
                 <tr><td>0</td><td>Mira</td><td></td><td><b>Os</b>ei</td></tr>",
                "first: Mira last: Osei",
            ),
            (
                "<w:tr><w:tc><w:p><w:t>User</w:t></w:p></w:tc></w:tr>\
                 <w:tr><w:tc><w:p><w:r><w:t>mosei</w:t></w:r></w:p></w:tc></w:tr>",
                "user: mosei",
            ),
            (
                "<table:table-row><table:table-cell table:number-columns-repeated=\"2\"/>\
                 <table:table-cell><text:p>user</text:p></table:table-cell></table:table-row>\
                 <table:table-row><table:table-cell/><table:table-cell/><table:table-cell>\
                 <text:p>mosei</text:p></table:table-cell></table:table-row>",
                "user: mosei",
            ),
            (
                "<tr><td>user</td></tr>\
                 <tr><table:table-cell a=\"</td\"/></tr>\
                 <tr><td>mosei</td></tr>",
                "user: mosei",
            ),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        for text in [
            "<tr><th>run</th><th>model</th></tr><tr><td>1</td><td>mosei</td></tr>",
            "<table><tr><th>user</th></tr></table><table><tr><td>mosei</td></tr></table>",
            "<p>user</p><p>mosei</p>",
        ] {
            assert_eq!(told(text), "", "{text}");
        }
    }

    #[test]
    fn a_row_is_read_wherever_its_part_ends() {
        let text = "<tr><th>user</th><th>run</th></tr><tr><td>mosei</td><td>1</td></tr><p>";
        for cut in 1..text.len() {
            let mut heads = Heads::new();
            let is_told = |part: &Range<usize>| {
                let reading = rows(text.as_bytes(), part, &mut heads).unwrap_or_default();
                let at = reading.text.find("mosei");
                at.is_some_and(|at| part.contains(&reading.origin(at)))
            };
            let told = [0..cut, cut..text.len()].iter().map(is_told).collect::<Vec<_>>();
            assert_eq!(told.iter().filter(|told| **told).count(), 1, "{cut}");
        }
    }

    #[test]
    fn heads_stand_above_many_windows() {
        let mut heads = Heads::new();
        let head = "<tr><th>run</th><th>user</th></tr>";
        let row = "<tr><td>1</td><td>mosei</td></tr>";
        assert!(rows(head.as_bytes(), &(0..head.len()), &mut heads).is_none());
        assert!(rows(row.as_bytes(), &(0..row.len()), &mut heads).is_some());
    }
}
