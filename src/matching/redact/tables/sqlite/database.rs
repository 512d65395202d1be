//! A database rewritten: the values of its rows, and nothing that its schema says.
//!
//! It is opened only where somebody is seen in it. What the library keeps beside the rows is made
//! by it anew: indexes, columns that are computed, the pages themselves. What others keep so, as
//! tables of modules and triggers do, is not known here, and refused.

use std::fs::File;
use std::io::{Read, Seek, Write};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, params_from_iter};

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::redact::tables::rows::{BATCH_BYTES, BATCH_ROWS, Cell};
use crate::matching::redact::tables::sqlite::library::{
    Nameless, broken, is_sound, quoted, write_anew,
};
use crate::matching::views::meter::Spooling;
use crate::matching::views::packing::zip::copy;
use crate::matching::views::tour::Look;

/// Where a head tells which version of the format is written and read, and what a log needs.
const VERSIONS: std::ops::Range<usize> = 18..20;
const WITH_LOG: u8 = 2;

/// Names by which the number of a row can be asked for, unless columns are called so.
const ROW_NUMBERS: [&str; 3] = ["rowid", "oid", "_rowid_"];

/// A table.
struct Table {
    name: String,
    /// The columns with values of their own.
    columns: Vec<String>,
    /// What the number of a row is called; `None` if rows have none.
    number: Option<&'static str>,
    /// Whether nothing but its place tells which number a row has.
    is_unkeyed: bool,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bytes,
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a database.
    pub(in crate::matching::redact) fn sqlite(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut nameless = Nameless::new()?;
        let stored = &mut nameless.file;
        copy(reader, &mut Spooling::new(&mut *stored, self.meter)).map_err(Stop::Read)?;
        stored.rewind().map_err(Stop::Write)?;
        let Some(put) = self.first_in(stored, "sqlite", depth)? else {
            stored.rewind().map_err(Stop::Write)?;
            return copy(stored, out).map_err(Stop::Write);
        };
        if has_log(stored)? {
            // The rows of a log beside it would stand over those that are written here.
            return Err(Stop::not("sqlite: with a log beside it"));
        }
        let (mut stored, database) = nameless.open(self.meter.time_left(self.limits))?;
        if !is_sound(&database)? {
            return Err(broken());
        }
        let before = self.replaced;
        let tables = tables(&database)?;
        self.database(&database, &tables, depth)?;
        if self.replaced == before {
            // Only a page that was freed tells of it, and is not written any more.
            self.replaced.count(put);
        }
        let unkeyed = tables.iter().filter(|table| table.is_unkeyed);
        write_anew(&database, &unkeyed.map(|table| table.name.as_str()).collect::<Vec<_>>())?;
        drop(database);
        stored.rewind().map_err(Stop::Write)?;
        copy(&mut stored, out).map_err(Stop::Write)
    }

    fn database(
        &mut self,
        database: &Connection,
        tables: &[Table],
        depth: usize,
    ) -> Result<(), Stop> {
        self.schema(database)?;
        let violations = violations(database)?;
        for table in tables {
            self.table(database, table, depth)?;
        }
        if self::violations(database)? > violations {
            return Err(Stop::not("sqlite: a foreign key forbids it"));
        }
        Ok(())
    }

    /// Refuses what tables and columns are called, and all else that is said of them.
    fn schema(&mut self, database: &Connection) -> Result<(), Stop> {
        let mut said = database.prepare("SELECT name, sql FROM sqlite_schema")?;
        let mut rows = said.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..2 {
                let text = row.get::<_, Option<String>>(column)?.unwrap_or_default();
                if self.sees(&text) {
                    return Err(Stop::not("sqlite: name of a table or column"));
                }
            }
        }
        Ok(())
    }

    fn table(&mut self, database: &Connection, table: &Table, depth: usize) -> Result<(), Stop> {
        let columns: Vec<String> = table.columns.iter().map(|column| quoted(column)).collect();
        let (name, columns) = (quoted(&table.name), columns.join(", "));
        let Some(number) = table.number else {
            let mut select = database.prepare(&format!("SELECT 0, {columns} FROM {name}"))?;
            let mut rows = select.query([])?;
            loop {
                let mut batch = Batch::read(&mut rows)?;
                self.rows(&table.columns, &mut batch.cells, depth)?;
                if batch.changed().next().is_some() {
                    return Err(Stop::not("sqlite: rows without a number"));
                }
                if batch.last.is_none() {
                    return Ok(());
                }
            }
        };
        let beyond = format!("WHERE {number} >= ?1 ORDER BY {number}");
        let select = format!("SELECT {number}, {columns} FROM {name} {beyond}");
        let mut select = database.prepare(&select)?;
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            let mut batch = Batch::read(&mut select.query([from])?)?;
            self.rows(&table.columns, &mut batch.cells, depth)?;
            for (number, row) in batch.changed() {
                update(database, table, number, row)?;
            }
            next = batch.last.and_then(|last| last.checked_add(1));
        }
        Ok(())
    }
}

/// Rows that are looked at together.
#[derive(Default)]
struct Batch {
    cells: Vec<Vec<Cell>>,
    /// What the rows are numbered, and what their cells are.
    told: Vec<(i64, Vec<Kind>)>,
    /// The number of the last; `None` if there is no row.
    last: Option<i64>,
}

impl Batch {
    fn read(rows: &mut rusqlite::Rows<'_>) -> Result<Self, Stop> {
        let (mut batch, mut bytes) = (Self::default(), 0);
        while bytes < BATCH_BYTES && batch.told.len() < BATCH_ROWS {
            let Some(row) = rows.next()? else { break };
            let (mut cells, mut kinds) = (Vec::new(), Vec::new());
            for column in 0..row.as_ref().column_count() - 1 {
                let (kind, stored) = match row.get_ref(column + 1)? {
                    ValueRef::Text(text) => (Kind::Text, text.to_vec()),
                    ValueRef::Blob(bytes) => (Kind::Bytes, bytes.to_vec()),
                    ValueRef::Integer(number) => (Kind::Text, number.to_string().into_bytes()),
                    ValueRef::Null | ValueRef::Real(_) => continue,
                };
                bytes += stored.len();
                cells.push(Cell::new(column, stored));
                kinds.push(kind);
            }
            let number = row.get(0)?;
            batch.last = Some(number);
            batch.cells.push(cells);
            batch.told.push((number, kinds));
        }
        Ok(batch)
    }

    /// The rows that are not as they were, with what their changed cells are now.
    fn changed(&self) -> impl Iterator<Item = (i64, Vec<(usize, ValueRef<'_>)>)> {
        fn now<'c>((cell, kind): (&'c Cell, &Kind)) -> Option<(usize, ValueRef<'c>)> {
            let anew = cell.anew.as_deref()?;
            let value = match kind {
                Kind::Text => ValueRef::Text(anew),
                Kind::Bytes => ValueRef::Blob(anew),
            };
            Some((cell.column, value))
        }
        let rows = self.told.iter().zip(&self.cells);
        let rows = rows.map(move |((number, kinds), cells)| {
            (*number, cells.iter().zip(kinds).filter_map(now).collect::<Vec<_>>())
        });
        rows.filter(|(_, row)| !row.is_empty())
    }
}

fn update(
    database: &Connection,
    table: &Table,
    number: i64,
    row: Vec<(usize, ValueRef<'_>)>,
) -> Result<(), Stop> {
    let set: Vec<String> =
        row.iter().map(|(column, _)| format!("{} = ?", quoted(&table.columns[*column]))).collect();
    let (name, set) = (quoted(&table.name), set.join(", "));
    let of = table.number.unwrap_or_default();
    // A constraint of the schema may say that another row is to go.
    let statement = format!("UPDATE OR ABORT {name} SET {set} WHERE {of} = ?");
    let values = row.into_iter().map(|(_, value)| ToSqlOutput::Borrowed(value));
    let number = ToSqlOutput::from(number);
    let changed =
        database.execute(&statement, params_from_iter(values.chain(std::iter::once(number))))?;
    if changed == 1 { Ok(()) } else { Err(broken()) }
}

/// The tables with rows of their own.
fn tables(database: &Connection) -> Result<Vec<Table>, Stop> {
    let mut listed = database.prepare(
        "SELECT name, type, wr FROM pragma_table_list
         WHERE schema = 'main' AND type <> 'view' AND name <> 'sqlite_schema'",
    )?;
    let mut rows = listed.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
        if kind != "table" {
            // What a module keeps of the rows of another table would not follow them.
            return Err(Stop::not("sqlite: table of a module"));
        }
        let mut told = database.prepare("SELECT name, hidden, pk FROM pragma_table_xinfo(?1)")?;
        let mut told = told.query([&name])?;
        let (mut columns, mut all, mut has_key) = (Vec::new(), Vec::new(), false);
        while let Some(row) = told.next()? {
            let column: String = row.get(0)?;
            all.push(column.to_lowercase());
            has_key |= row.get::<_, i64>(2)? > 0;
            // Those that are computed follow the others.
            if row.get::<_, i64>(1)? == 0 {
                columns.push(column);
            }
        }
        let is_free = |number: &&str| !all.iter().any(|column| column == number);
        let without: bool = row.get(2)?;
        let number = ROW_NUMBERS.into_iter().find(is_free).filter(|_| !without);
        let indexes = "SELECT count(*) FROM pragma_index_list(?1)";
        let indexes: i64 = database.query_row(indexes, [&name], |row| row.get(0))?;
        let is_own = name.to_lowercase().starts_with("sqlite_");
        let is_unkeyed = !without && !has_key && indexes == 0 && !is_own;
        tables.push(Table { name, columns, number, is_unkeyed });
    }
    Ok(tables)
}

/// Rows whose foreign keys lead nowhere; 0 if keys do not fit their tables.
fn violations(database: &Connection) -> Result<i64, Stop> {
    let count = "SELECT count(*) FROM pragma_foreign_key_check";
    match database.query_row(count, [], |row| row.get(0)) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Err(error.into())
        }
        told => Ok(told.unwrap_or(0)),
    }
}

fn has_log(stored: &mut File) -> Result<bool, Stop> {
    let mut head = [0; VERSIONS.end];
    stored.rewind().map_err(Stop::Write)?;
    stored.read_exact(&mut head).map_err(|_| broken())?;
    Ok(head[VERSIONS].contains(&WITH_LOG))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tempfile::NamedTempFile;

    use super::*;
    use crate::matching::redact::tests::{erased, is_gone};

    /// A database that these statements make.
    fn made(statements: &str) -> Vec<u8> {
        let file = NamedTempFile::new().unwrap();
        let database = Connection::open(file.path()).unwrap();
        database.execute_batch(statements).unwrap();
        drop(database);
        std::fs::read(file.path()).unwrap()
    }

    /// All that a database says: its schema, and each row of each table with its number.
    fn told(bytes: &[u8]) -> BTreeMap<String, Vec<String>> {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let database = Connection::open(file.path()).unwrap();
        let all = |query: &str| {
            let mut told = database.prepare(query).unwrap();
            let width = told.column_count();
            let row = |row: &rusqlite::Row<'_>| {
                let values = (0..width).map(|column| row.get_ref(column).unwrap());
                Ok(values.map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" "))
            };
            told.query_map([], row).unwrap().map(Result::unwrap).collect::<Vec<_>>()
        };
        let names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'");
        let mut names = names.unwrap();
        let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let rows = |name: String| {
            let from = if name == "apart" { "SELECT *" } else { "SELECT rowid, *" };
            (name.clone(), all(&format!("{from} FROM {}", quoted(&name))))
        };
        let mut told: BTreeMap<_, _> = names.map(|name| rows(name.unwrap())).collect();
        let schema = all("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name");
        told.insert("schema".to_owned(), schema);
        for pragma in ["user_version", "application_id", "encoding", "page_size", "auto_vacuum"] {
            told.insert(pragma.to_owned(), all(&format!("PRAGMA {pragma}")));
        }
        told
    }

    #[test]
    fn nothing_but_the_person_is_changed() {
        for pragmas in [
            "",
            "PRAGMA encoding = 'UTF-16le'; PRAGMA user_version = 7; PRAGMA page_size = 512;",
            "PRAGMA encoding = 'UTF-16be'; PRAGMA auto_vacuum = FULL; PRAGMA application_id = 9;",
        ] {
            let of = |who: &str, id: &str, notes: &str| {
                made(&format!(
                    "{pragmas}
                     CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT UNIQUE, \"a \"\"b\" ANY,
                        lower AS (lower(mail)) STORED, CHECK (length(mail) > 3));
                     CREATE TABLE notes (text, by REFERENCES people(mail) ON UPDATE CASCADE);
                     CREATE INDEX i ON people (upper(mail));
                     CREATE VIEW v AS SELECT * FROM people;
                     CREATE TRIGGER t AFTER UPDATE ON people BEGIN DELETE FROM notes; END;
                     CREATE TABLE apart (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
                     CREATE TABLE \"it's\" (rowid, oid);
                     INSERT INTO apart VALUES ('x', 1.5);
                     INSERT INTO \"it's\" VALUES ('kofi', '{who}');
                     INSERT INTO people VALUES (3, '{who}', {id}), (5, 'kofi@x.y', 70042918),
                        (-7, 'joann@contoso.com', x'00ff'), (9, NULL, 1e99);
                     INSERT INTO notes VALUES (x'{notes}', '{who}'), ('by {who}, 5', NULL);
                     INSERT INTO notes (rowid, text) VALUES (77, 'by {who}');"
                ))
            };
            let before = of("ann@contoso.com", "70042917", "616e6e40636f6e746f736f2e636f6d21");
            let after = of("[erased]", "'[erased]'", "5b6572617365645d21");
            let out = erased(&before).unwrap();
            assert_eq!(told(&out), told(&after), "{pragmas}");
            assert!(is_gone(&out), "{pragmas}");
            let plain = of("nobody@x.y", "1", "00");
            assert!(erased(&plain).unwrap() == plain, "{pragmas}");
        }
    }

    #[test]
    fn what_cells_of_a_row_say_together_is_taken_out_of_each() {
        let of = |given: &str, family: &str, user: &str| {
            made(&format!(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, given, family, user);
                 INSERT INTO t VALUES (1, 'Kofi', 'Brandt', 'kofi'),
                    (2, '{given}', '{family}', '{user}'), (3, 'Joann', 'Lef\u{e8}vre-Roy', NULL);"
            ))
        };
        let out = erased(&of("Ann", "Lef\u{e8}vre", "ann")).unwrap();
        assert_eq!(told(&out), told(&of("[erased]", "[erased]", "[erased]")));
        assert!(is_gone(&out));
    }

    #[test]
    fn rows_that_are_gone_are_gone() {
        let of = |who: &str| {
            made(&format!(
                "CREATE TABLE kept (a); INSERT INTO kept VALUES ('kofi');
                 CREATE TABLE t (a);
                 INSERT INTO t VALUES ('by {who}, {}');
                 {}",
                "x".repeat(9000),
                "DROP TABLE t;",
            ))
        };
        let before = of("ann@contoso.com");
        assert!(!is_gone(&before));
        let out = erased(&before).unwrap();
        assert_eq!(told(&out), told(&of("nobody")));
        assert!(is_gone(&out));
    }

    #[test]
    fn what_would_not_be_sound_is_refused() {
        const RULE: &str = "sqlite: a constraint forbids it";
        for (statements, why) in [
            (
                "CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID;
                 INSERT INTO t VALUES ('ann@contoso.com')",
                { "sqlite: rows without a number" },
            ),
            (
                "CREATE TABLE t (rowid, oid, _rowid_);
                 INSERT INTO t VALUES (1, 2, 'ann@contoso.com')",
                { "sqlite: rows without a number" },
            ),
            ("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (70042917)", {
                "sqlite: key of a row"
            }),
            ("CREATE TABLE t (a INT) STRICT; INSERT INTO t VALUES (70042917)", RULE),
            (
                "CREATE TABLE t (a CHECK (a LIKE '%@%')); INSERT INTO t VALUES ('ann@contoso.com')",
                RULE,
            ),
            (
                "CREATE TABLE t (a UNIQUE ON CONFLICT REPLACE);
              INSERT INTO t VALUES ('ann@contoso.com'), ('C-1029384')",
                RULE,
            ),
            ("CREATE TABLE t (\"ann@contoso.com\"); INSERT INTO t VALUES (1)", {
                "sqlite: name of a table or column"
            }),
            ("CREATE TABLE t (a); CREATE VIEW v AS SELECT 'ann@contoso.com'", {
                "sqlite: name of a table or column"
            }),
            ("CREATE VIRTUAL TABLE t USING fts5(a); INSERT INTO t VALUES ('ann@contoso.com')", {
                "sqlite: table of a module"
            }),
            (
                "PRAGMA journal_mode = WAL; CREATE TABLE t (a);
                 INSERT INTO t VALUES ('ann@contoso.com')",
                { "sqlite: with a log beside it" },
            ),
            (
                "CREATE TABLE u (a PRIMARY KEY); CREATE TABLE t (user REFERENCES u);
              INSERT INTO u VALUES ('ann'); INSERT INTO t VALUES ('ann')",
                { "sqlite: a foreign key forbids it" },
            ),
        ] {
            assert_eq!(erased(&made(statements)).err().as_deref(), Some(why), "{statements}");
        }
        let mut damaged = made(
            "CREATE TABLE t (a); INSERT INTO t VALUES ('ann@contoso.com');
            CREATE TABLE u (a); INSERT INTO u VALUES (1)",
        );
        let end = damaged.len();
        damaged[end - 4096..end - 4000].fill(0xff);
        assert_eq!(erased(&damaged).err().as_deref(), Some("sqlite: broken"));
    }

    #[test]
    fn work_on_a_database_ends_with_its_time() {
        // Each row of the index asks a question that takes for ever.
        let mut nameless = Nameless::new().unwrap();
        nameless.file.write_all(&made("CREATE TABLE t (a)")).unwrap();
        let (_file, database) = nameless.open(std::time::Duration::ZERO).unwrap();
        let endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n)
            SELECT count(*) FROM n";
        let ended = database.query_row(endless, [], |row| row.get::<_, i64>(0));
        let Err(Stop::Read(error)) = ended.map_err(Stop::from) else { panic!("it went on") };
        assert_eq!(error.to_string(), "time: the item takes too long");
    }
}
