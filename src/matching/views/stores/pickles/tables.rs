//! Tables in pickles: frames of pandas, dictionaries of columns, lists of rows.

use std::collections::HashSet;
use std::io;

use crate::matching::views::columns::cells::cell_text;
use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::stores::pickles::arrays::Column;
use crate::matching::views::stores::pickles::machine::{Machine, Node, Value};
use crate::matching::views::stores::spool::{Spool, too_large};
use crate::matching::views::tour::{Kind, Look, Tour};

/// A longer cell is read with the bytes alone.
const CELL_BYTES_MAX: u32 = 64 << 10;

/// What is said of somebody beside a key is short.
const SAID_BYTES_MAX: u32 = 1 << 10;

/// A longer cell, where each character may take four bytes.
const FIXED_BYTES_MAX: u32 = 4 * CELL_BYTES_MAX;

/// Columns of a row.
const COLUMNS_MAX: usize = 1 << 12;

/// Columns of a frame: its blocks may be the same one again and again.
const FRAME_COLUMNS_MAX: usize = 64 << 10;

/// Columns with their names.
type Table = Vec<(String, Column)>;

impl<L: Look> Tour<'_, L> {
    /// Looks at the tables of a pickle at a place. What is no pickle as far as it goes is told
    /// by its bytes. An array may be all that it is, and have a name elsewhere.
    pub(in crate::matching::views) fn pickle(
        &mut self,
        spool: &mut Spool<'_>,
        at: u64,
        chain: &str,
        name: Option<&str>,
    ) -> io::Result<()> {
        let mut machine = Machine::at(spool, at);
        let root = match machine.run() {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Value::Other,
            // Of other large ones nothing is asked but what their bytes say.
            Err(error)
                if error.kind() == io::ErrorKind::FileTooLarge && !machine.is_of_pandas() =>
            {
                return Ok(());
            }
            undone => undone?,
        };
        let view = format!("{chain}pickle");
        for encoded in machine.aside.take_encoded() {
            self.stream(&mut &*encoded, &format!("{view} > "), Kind::Binary, self.level)?;
        }
        let mut blocks = HashSet::new();
        for number in 0..machine.nodes.len() {
            let (table, used) = machine.frame(Value::Node(number as u32))?;
            blocks.extend(used);
            self.pickled(&mut machine, &table, &view)?;
        }
        self.recorded(&mut machine, &view)?;
        if let Some(name) = name
            && let [column] = &machine.columns(root)[..]
        {
            // Beside it may stand another member.
            let view = view.strip_suffix(" > pickle").unwrap_or(&view);
            let rows = Rows::new(view, "", vec![name.to_owned()]).apart();
            self.pickled_rows(&mut machine, &vec![(name.to_owned(), column.clone())], rows)?;
        }
        for number in 0..machine.nodes.len() {
            let node = Value::Node(number as u32);
            match &machine.nodes[number] {
                // The rows of a block are columns.
                Node::Made(_) if blocks.contains(&node) => {}
                Node::Made(_) => {
                    if let Some(table) = machine.structured(node) {
                        self.pickled(&mut machine, &table, &view)?;
                    } else if let Some((first, count)) = machine.records(node) {
                        let records = (0..count).map(|number| first.further(number));
                        self.listed(&mut machine, records, &view)?;
                    }
                }
                Node::Dict(parts) => {
                    let parts = parts.clone();
                    let table = machine.by_column(&parts);
                    self.pickled(&mut machine, &table, &view)?;
                }
                Node::List(rows) => {
                    let width = rows.first().map_or(0, |first| machine.list(*first).len());
                    let is_row = |row: &Value| machine.list(*row).len() == width;
                    if (2..=COLUMNS_MAX).contains(&width) && rows.iter().all(is_row) {
                        let row = |row: &Value| Column::Listed(*row, 0, width);
                        let rows: Vec<_> = rows.iter().map(row).collect();
                        self.listed(&mut machine, rows.into_iter(), &view)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks at dictionaries of which each is a row: what a pickle remembers of the first stands
    /// beside none of the others.
    fn recorded(&mut self, machine: &mut Machine<'_, '_>, view: &str) -> io::Result<()> {
        let mut rows = Rows::new(view, "", Vec::new());
        let mut heads: Vec<Value> = Vec::new();
        for number in 0..machine.nodes.len() {
            let Node::Dict(parts) = &machine.nodes[number] else { continue };
            let is_text = |value: &Value| matches!(value, Value::Text(..));
            let pairs = parts.as_chunks::<2>().0.iter().filter(|pair| pair.iter().all(is_text));
            let pairs: Vec<[Value; 2]> = pairs.take(COLUMNS_MAX).copied().collect();
            let keys: Vec<Value> = pairs.iter().map(|[key, _]| *key).collect();
            if keys != heads {
                self.rows(&mut rows);
                let names = keys.iter().map(|key| machine.name(*key)).collect();
                (rows, heads) = (Rows::new(view, "", names), keys);
            }
            let mut cells = Row::new();
            for (number, [_, value]) in pairs.into_iter().enumerate() {
                if let Some(text) = machine.said(value)? {
                    self.make_room(&mut rows, &mut cells, text.len());
                    cells.push((number, text));
                }
            }
            if !cells.is_empty() {
                self.add_row(&mut rows, cells)?;
            }
        }
        self.rows(&mut rows);
        Ok(())
    }

    fn pickled(
        &mut self,
        machine: &mut Machine<'_, '_>,
        table: &Table,
        view: &str,
    ) -> io::Result<()> {
        let names = table.iter().map(|(name, _)| name.clone()).collect();
        self.pickled_rows(machine, table, Rows::new(view, "", names))
    }

    fn pickled_rows(
        &mut self,
        machine: &mut Machine<'_, '_>,
        table: &Table,
        mut rows: Rows,
    ) -> io::Result<()> {
        for row in 0..table.iter().map(|(_, column)| column.rows()).max().unwrap_or_default() {
            let mut cells = Row::new();
            for (number, (_, column)) in table.iter().enumerate() {
                if let Some(text) = machine.text(column, row)? {
                    self.make_room(&mut rows, &mut cells, text.len());
                    cells.push((number, text));
                }
            }
            self.add_row(&mut rows, cells)?;
        }
        self.rows(&mut rows);
        Ok(())
    }

    /// Adds a row to those that are looked at together.
    fn add_row(&mut self, rows: &mut Rows, cells: Row) -> io::Result<()> {
        self.meter.pace(self.limits)?;
        if rows.add(cells) {
            self.rows(rows);
        }
        Ok(())
    }

    /// Looks at rows of which each is told as a column.
    fn listed(
        &mut self,
        machine: &mut Machine<'_, '_>,
        list: impl Iterator<Item = Column>,
        view: &str,
    ) -> io::Result<()> {
        let mut rows = Rows::new(view, "", Vec::new());
        for row in list {
            let (mut cells, mut count) = (Row::new(), 0);
            for number in 0..row.rows() {
                if let Some(text) = machine.text(&row, number)? {
                    self.make_room(&mut rows, &mut cells, text.len());
                    cells.push((number, text));
                    count += 1;
                }
            }
            if count > 1 && rows.add(cells) {
                self.rows(&mut rows);
            }
        }
        self.rows(&mut rows);
        Ok(())
    }
}

impl Machine<'_, '_> {
    /// The table that an object is, if it is what a frame of pandas keeps its blocks in, and these.
    fn frame(&mut self, value: Value) -> io::Result<(Table, Vec<Value>)> {
        let (mut table, mut used) = (Table::new(), Vec::new());
        let made = self.made(value).filter(|[of, ..]| self.global(*of).ends_with(" BlockManager"));
        let Some([_, with, state]) = made else { return Ok((table, used)) };
        if let [blocks, axes, ..] = self.list(with)[..] {
            let columns = self.list(axes).first().copied().unwrap_or(Value::Other);
            let names = self.names(columns)?;
            let mut placed = Vec::new();
            for block in self.list(blocks).to_vec() {
                let Some([_, with, _]) = self.made(block) else { continue };
                let [values, places, ..] = self.list(with)[..] else { continue };
                used.push(values);
                placed.extend(self.places(places)?.into_iter().zip(self.columns(values)));
                if placed.len() > FRAME_COLUMNS_MAX {
                    return Err(too_large());
                }
            }
            // What is said of one person stands side by side.
            placed.sort_by_key(|(place, _)| *place);
            let name = |place: usize| names.get(place).cloned().unwrap_or_default();
            table.extend(placed.into_iter().map(|(place, column)| (name(place), column)));
        } else if let [_, values, items, ..] = self.list(state)[..] {
            // As it was before: the values of all blocks, and the names of the columns of each.
            let (values, items) = (self.list(values).to_vec(), self.list(items).to_vec());
            for (values, items) in values.into_iter().zip(items) {
                used.push(values);
                table.extend(self.names(items)?.into_iter().zip(self.columns(values)));
                if table.len() > FRAME_COLUMNS_MAX {
                    return Err(too_large());
                }
            }
        }
        Ok((table, used))
    }

    /// The table that a dictionary is, if its values are columns of as many cells.
    fn by_column(&mut self, parts: &[Value]) -> Table {
        let mut table = Table::new();
        for [key, value] in parts.as_chunks::<2>().0.iter().take(COLUMNS_MAX) {
            let column = match self.list(*value).len() {
                0 => self.columns(*value).into_iter().next(),
                rows => Some(Column::Listed(*value, 0, rows)),
            };
            let name = self.name(*key);
            table.extend(column.filter(|_| !name.is_empty()).map(|column| (name, column)));
        }
        let rows = table.first().map_or(0, |(_, column)| column.rows());
        let is_table = table.len() > 1 && table.iter().all(|(_, column)| column.rows() == rows);
        if is_table { table } else { Table::new() }
    }

    /// Which columns a block has.
    fn places(&mut self, placed: Value) -> io::Result<Vec<usize>> {
        let Some([of, with, _]) = self.made(placed) else { return Ok(Vec::new()) };
        if !self.global(of).ends_with(" slice") {
            return self.longs(placed);
        }
        let [start, stop, step] = self.numbers(with)[..] else { return Ok(Vec::new()) };
        Ok((start..stop.min(start.saturating_add(COLUMNS_MAX))).step_by(step.max(1)).collect())
    }

    /// The names in an index.
    fn names(&mut self, index: Value) -> io::Result<Vec<String>> {
        let Some([of, with, _]) = self.made(index) else { return Ok(Vec::new()) };
        let is_index = self.global(of).ends_with(" _new_Index");
        let [_, told, ..] = self.list(with)[..] else { return Ok(Vec::new()) };
        let data = if is_index { self.entry(told, "data") } else { None };
        let columns = data.map(|data| self.columns(data)).unwrap_or_default();
        let Some(column) = columns.first() else { return Ok(Vec::new()) };
        let rows = column.rows().min(COLUMNS_MAX);
        (0..rows).map(|row| Ok(self.text(column, row)?.unwrap_or_default())).collect()
    }

    /// The text of a cell.
    fn text(&mut self, column: &Column, row: usize) -> io::Result<Option<String>> {
        let Some((at, len)) = self.cell(column, row)? else { return Ok(None) };
        if let Column::Fixed(fixed) = column {
            if len > FIXED_BYTES_MAX {
                return Ok(None);
            }
            let text = fixed.field.text(&self.some(at, len as usize)?);
            return Ok(text.filter(|text| !text.is_empty()));
        }
        self.texted(Value::Text(at, len))
    }

    /// A text that may say who somebody is: short, and no bytes of something else.
    fn said(&mut self, value: Value) -> io::Result<Option<String>> {
        let Value::Text(at, len @ 1..=SAID_BYTES_MAX) = value else { return Ok(None) };
        let text = String::from_utf8(self.some(at, len as usize)?).ok();
        Ok(text.filter(|text| !text.contains(char::is_control)))
    }

    /// A text that is short enough for a cell.
    fn texted(&mut self, value: Value) -> io::Result<Option<String>> {
        match value {
            Value::Text(at, len) if (1..=CELL_BYTES_MAX).contains(&len) => {
                Ok(Some(cell_text(&self.some(at, len as usize)?)))
            }
            _ => Ok(None),
        }
    }
}
