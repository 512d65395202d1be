//! The rows of all tables, and of pages that belong to none any more.

use std::io::{self, Read};
use std::iter;
use std::ops::Range;

use crate::matching::views::columns::cells::cell_text;
use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::forms::Store;
use crate::matching::views::spelling::charset::{Charset, Wide, guess, utf8_or_western};
use crate::matching::views::stores::spool::Spool;
use crate::matching::views::stores::sqlite::carved::{carved, gaps};
use crate::matching::views::stores::sqlite::pages::{Pages, Payload};
use crate::matching::views::stores::sqlite::records::{Cell, Content, Value, cell, cells, values};
use crate::matching::views::stores::sqlite::schema::columns;
use crate::matching::views::tour::{Kind, Look, Tour};
use crate::matching::work;

/// Bytes of a record that is taken apart; a longer one is read as one stream.
const RECORD_BYTES_MAX: u64 = 16 << 20;

/// Tables of a database; more are read as pages that belong to none.
const TABLES_MAX: usize = 100_000;

/// Pages of one tree that wait to be looked at.
const WAITING_MAX: usize = 1 << 20;

/// Bytes of the number of the page on which a record goes on.
const NEXT_BYTES: usize = 4;

/// The page on which the tables are listed.
const SCHEMA: u32 = 1;

/// A table, by its name and where its rows begin.
struct Table {
    name: String,
    root: u32,
    columns: Vec<String>,
}

/// Where rows come from, and what they are kept in.
struct Walk<'w> {
    name: &'static str,
    chain: &'w str,
    depth: usize,
    rows: Rows,
    /// The columns of each table, where it is not known of which one a row was.
    shapes: &'w [Vec<String>],
    /// Whether they are of no table any more.
    is_of_none: bool,
    /// Tables that were met in the list of them.
    tables: Option<Vec<Table>>,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a database, a log or a journal.
    pub(in crate::matching::views) fn sqlite(
        &mut self,
        store: Store,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let mut pages = Pages::open(store, spool)?;
        let view = format!("{chain}sqlite");
        let of = |name: &str, columns| Walk {
            name: store.name(),
            chain,
            depth,
            rows: Rows::new(&view, name, columns),
            shapes: &[],
            is_of_none: false,
            tables: None,
        };
        let listed = ["type", "name", "tbl_name", "rootpage", "sql"].map(str::to_owned).to_vec();
        let mut schema = Walk { tables: Some(Vec::new()), ..of("sqlite_schema", listed) };
        self.sqlite_tree(&mut pages, SCHEMA, &mut schema)?;
        let tables = schema.tables.unwrap_or_default();
        let shapes: Vec<Vec<String>> = tables.iter().map(|table| table.columns.clone()).collect();
        let shapes = &shapes[..];
        for table in tables {
            let of_table = of(&table.name, table.columns);
            self.sqlite_tree(&mut pages, table.root, &mut Walk { shapes, ..of_table })?;
        }
        let mut freed = Walk { shapes, is_of_none: true, ..of("no table", Vec::new()) };
        for place in 0..pages.places() {
            if pages.see(place) {
                let (number, page) = pages.at(place)?;
                self.sqlite_page(&mut pages, &page, number, &mut freed)?;
            }
        }
        self.rows(&mut freed.rows);
        Ok(())
    }

    /// Looks at the rows of a tree.
    fn sqlite_tree(
        &mut self,
        pages: &mut Pages<'_, '_>,
        root: u32,
        walk: &mut Walk<'_>,
    ) -> io::Result<()> {
        let mut waiting = vec![root];
        while let Some(number) = waiting.pop() {
            let Some(place) = pages.place(number) else { continue };
            if pages.see(place) {
                let (_, page) = pages.at(place)?;
                let mut children = self.sqlite_page(pages, &page, number, walk)?;
                children.truncate(WAITING_MAX.saturating_sub(waiting.len()));
                waiting.extend(children.into_iter().rev());
            }
        }
        self.rows(&mut walk.rows);
        Ok(())
    }

    /// Looks at the records of a page, and tells its children.
    fn sqlite_page(
        &mut self,
        pages: &mut Pages<'_, '_>,
        page: &[u8],
        number: u32,
        walk: &mut Walk<'_>,
    ) -> io::Result<Vec<u32>> {
        let Some(all) = cells(page, number) else {
            // What freed pages are listed on was a page of something else before.
            self.sqlite_left(pages, page, Vec::new(), walk)?;
            return Ok(Vec::new());
        };
        let mut children = Vec::new();
        let told = 0..all.first + 2 * all.starts.len();
        let mut used: Vec<Range<usize>> = iter::once(told).collect();
        for start in all.starts {
            let Some(cell) = cell(page, all.content, start, pages.usable()) else { continue };
            children.extend(cell.child);
            used.push(start..cell.here.end + if cell.next == 0 { 0 } else { NEXT_BYTES });
            if all.content != Content::Branch {
                self.sqlite_record(pages, page, cell, walk)?;
            }
        }
        children.extend(all.last);
        if matches!(all.content, Content::Rows | Content::Index) {
            self.sqlite_left(pages, page, used, walk)?;
        }
        Ok(children)
    }

    /// Looks at what is left of deleted records, where nothing uses a page.
    fn sqlite_left(
        &mut self,
        pages: &Pages<'_, '_>,
        page: &[u8],
        used: Vec<Range<usize>>,
        walk: &Walk<'_>,
    ) -> io::Result<()> {
        let mut rows = Rows::new(&format!("{}sqlite", walk.chain), "deleted", Vec::new());
        for gap in gaps(used, page.len()) {
            // What is carved there is looked at many times.
            work::charge(16 * gap.len());
            for values in carved(page, gap, pages.encoding >= 2) {
                self.meter.pace(self.limits)?;
                let mut row = Row::default();
                for (column, value) in values.iter().enumerate() {
                    match value {
                        Value::Text(bytes) => row.push((column, text(bytes, pages.encoding)?)),
                        Value::Bytes(bytes) => row.push((column, cell_text(bytes))),
                        Value::Number(number) => row.push((column, number.to_string())),
                        Value::Other => {}
                    }
                }
                self.columns_are(&mut rows, shape(walk.shapes, values.len(), 1));
                if rows.add(row) {
                    self.rows(&mut rows);
                }
            }
        }
        self.rows(&mut rows);
        Ok(())
    }

    fn sqlite_record(
        &mut self,
        pages: &mut Pages<'_, '_>,
        page: &[u8],
        cell: Cell,
        walk: &mut Walk<'_>,
    ) -> io::Result<()> {
        let encoding = pages.encoding;
        let here = page[cell.here].to_vec();
        let mut payload = Payload::new(pages, here, cell.next, cell.len);
        let mut record = Vec::new();
        if cell.len > RECORD_BYTES_MAX {
            self.stream(&mut payload, walk.chain, Kind::Binary, walk.depth)?;
        } else {
            payload.read_to_end(&mut record)?;
        }
        if payload.is_cut {
            // The rest is in the database, if this is its log.
            self.unreadable(&format!("{}: part of a row is elsewhere", walk.name), walk.chain);
        }
        let Some(values) = values(&record) else { return Ok(()) };
        if walk.is_of_none {
            self.columns_are(&mut walk.rows, shape(walk.shapes, values.len(), 0));
        }
        let mut row = Row::default();
        for (column, value) in values.iter().enumerate() {
            let chain = || format!("{}sqlite:{} > ", walk.chain, walk.rows.place(column));
            match value {
                Value::Text(bytes) => {
                    let text = text(bytes, encoding)?;
                    self.text_in_cell(text, (&mut row, column), &chain, walk.depth)?;
                }
                Value::Number(number) => row.push((column, number.to_string())),
                Value::Bytes(bytes) => {
                    self.bytes_in_cell(bytes, (&mut row, column), &chain, walk.depth)?;
                }
                // A key that is a whole number stands beside the record.
                Value::Other if column == 0 => {
                    if let Some(key) = cell.key {
                        row.push((column, key.to_string()));
                    }
                }
                Value::Other => {}
            }
        }
        if let Some(tables) = &mut walk.tables
            && tables.len() < TABLES_MAX
        {
            tables.extend(table(&row));
        }
        if walk.rows.add(row) {
            self.rows(&mut walk.rows);
        }
        Ok(())
    }
}

/// The columns of the one table that has so many, or so many more before them that were written
/// over.
fn shape(shapes: &[Vec<String>], count: usize, lost_max: usize) -> &[String] {
    let mut alike = shapes.iter().filter(|columns| !columns.is_empty()).filter_map(|columns| {
        let lost = columns.len().checked_sub(count)?;
        (lost <= lost_max).then(|| &columns[lost..])
    });
    match (alike.next(), alike.next()) {
        (Some(columns), None) => columns,
        _ => &[],
    }
}

/// The table that a row of the list speaks of.
fn table(row: &Row) -> Option<Table> {
    let root = row.cell(3)?.parse().ok().filter(|root| *root > 0)?;
    let is_table = row.cell(0)? == "table";
    let columns = if is_table { row.cell(4).map(columns) } else { None };
    Some(Table { name: row.cell(1)?.to_owned(), root, columns: columns.unwrap_or_default() })
}

fn text(bytes: &[u8], encoding: u64) -> io::Result<String> {
    let charset = match encoding {
        2 => Charset::Utf16(true),
        3 => Charset::Utf16(false),
        0 => guess(bytes),
        _ => Charset::Bytes,
    };
    if !matches!(charset, Charset::Utf16(_)) {
        return Ok(utf8_or_western(bytes));
    }
    let mut text = String::new();
    Wide::new(bytes, charset).read_to_string(&mut text)?;
    Ok(text)
}
