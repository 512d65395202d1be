//! Tables in stores are written anew as they would have been written without her: generated ones,
//! compared byte by byte where the form has one way to write them, and by what the library of the
//! form reads where it has several.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use dsrd::matching::views::columns::avro::container::{pack, write_bytes, write_long};

use crate::redaction::{erased, is_gone};
use crate::support::program::{Daemon, Home, wait_for};

/// What a cell says, and what is left of it.
const CELLS: [(&str, &str); 9] = [
    ("ann@contoso.com", "[erased]"),
    ("by ann@contoso.com, and more than a view holds", "by [erased], and more than a view holds"),
    ("C-1029384", "[erased]"),
    ("{\"by\": 70042917}", "{\"by\": \"[erased]\"}"),
    ("kofi", "kofi"),
    ("", ""),
    ("it's: a|b\nc", "it's: a|b\nc"),
    ("kofi@contoso.com, nobody's concern", "kofi@contoso.com, nobody's concern"),
    ("Gr\u{fc}\u{df}e", "Gr\u{fc}\u{df}e"),
];

/// Tables that each form is tried with, and each of its ways.
const CASES: u32 = 12;

/// Rows of cells, by their numbers; those beyond are missing.
fn rows() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(0..CELLS.len() + 3, 4), 0..24)
}

/// What a cell says before, or after.
fn said(number: usize, after: bool) -> Option<&'static str> {
    CELLS.get(number).map(|(before, left)| if after { *left } else { *before })
}

/// Whether any of the rows names her.
fn names_her(rows: &[Vec<usize>]) -> bool {
    rows.iter().flatten().any(|cell| said(*cell, false) != said(*cell, true))
}

/// Makes a table of rows, as it is before or after.
type Make<'a> = &'a dyn Fn(&[Vec<usize>], bool) -> Vec<u8>;

/// Rewrites what is made of generated rows, and compares.
fn check(make: Make<'_>, compare: &dyn Fn(&[u8], &[u8])) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&rows(), |rows| {
        let (before, after) = (make(&rows, false), make(&rows, true));
        let (out, replaced) = erased(&before).unwrap();
        compare(&out, &after);
        assert!(is_gone(&out));
        // Not every form has a place for each of the cells.
        assert_eq!(replaced.places() > 0, before != after);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn avro_is_as_if_it_had_been_written_so() {
    for codec in ["null", "deflate", "bzip2", "xz", "zstandard", "snappy"] {
        check(&|rows, after| avro(rows, after, codec), &|out, expected| {
            assert!(out == expected, "{codec}: {}", String::from_utf8_lossy(out));
        });
    }
}

/// A container file with a block for each five rows.
fn avro(rows: &[Vec<usize>], after: bool, codec: &str) -> Vec<u8> {
    let schema = json!({"type": "record", "name": "r", "doc": said(if names_her(rows) { 0 } else { 4 }, after), "fields": [
        {"name": "a", "type": ["null", "string"]},
        {"name": "b", "type": {"type": "map", "values": "bytes"}},
        {"name": "n", "type": "long"},
        {"name": "c", "type": {"type": "array", "items": [
            "null", {"type": "record", "name": "s", "fields": [{"name": "d", "type": "string"}]}]}},
        {"name": "e", "type": {"type": "fixed", "name": "f", "size": 50}},
        {"name": "s", "type": ["null", "s"]},
    ]});
    let mut bytes = b"Obj\x01".to_vec();
    write_long(2, &mut bytes);
    for (key, note) in [("avro.schema", schema.to_string()), ("avro.codec", codec.to_owned())] {
        write_bytes(key.as_bytes(), &mut bytes);
        write_bytes(note.as_bytes(), &mut bytes);
    }
    bytes.push(0);
    bytes.extend([7; 16]);
    for block in rows.chunks(5) {
        let mut records = Vec::new();
        for row in block {
            let cells: Vec<_> = row.iter().map(|cell| said(*cell, after)).collect();
            let optional = |cell: Option<&str>, records: &mut Vec<u8>| {
                write_long(i64::from(cell.is_some()), records);
                cell.into_iter().for_each(|text| write_bytes(text.as_bytes(), records));
            };
            optional(cells[0], &mut records);
            write_long(1, &mut records);
            write_bytes(cells[1].unwrap_or("k").as_bytes(), &mut records);
            write_bytes(cells[0].unwrap_or_default().as_bytes(), &mut records);
            records.push(0);
            write_long(70_042_918, &mut records);
            write_long(2, &mut records);
            optional(cells[2], &mut records);
            optional(cells[3], &mut records);
            records.push(0);
            let mut fixed = cells[3].unwrap_or_default().as_bytes().to_vec();
            fixed.resize(50, 0);
            records.extend(fixed);
            optional(cells[1], &mut records);
        }
        write_long(block.len() as i64, &mut bytes);
        write_bytes(&pack(codec.as_bytes(), &records).unwrap(), &mut bytes);
        bytes.extend([7; 16]);
    }
    bytes
}

#[test]
fn sqlite_is_as_if_it_had_been_written_so() {
    for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
        check(&|rows, after| sqlite(rows, after, encoding), &|out, expected| {
            assert_eq!(told(out), told(expected));
        });
    }
}

/// A database with a row of text, bytes and numbers for each of the rows.
fn sqlite(rows: &[Vec<usize>], after: bool, encoding: &str) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let base = rusqlite::Connection::open(file.path()).unwrap();
    base.execute_batch(&format!(
        "PRAGMA encoding = '{encoding}'; CREATE TABLE t (a, b TEXT, c BLOB, n INTEGER);
         CREATE INDEX i ON t (b, a); CREATE INDEX j ON t (upper(a)) WHERE c IS NOT NULL;
         CREATE TRIGGER g AFTER UPDATE ON t BEGIN INSERT INTO t VALUES (1, 2, 3, 4); END;"
    ))
    .unwrap();
    base.execute_batch("BEGIN").unwrap();
    for (number, row) in rows.iter().enumerate() {
        let [a, b, c] = [0, 1, 2].map(|cell| said(row[cell], after));
        let number = number as i64 * 3 - 7;
        let values = (number, a, b, c.map(str::as_bytes), row[3] as i64);
        base.execute("INSERT INTO t (rowid, a, b, c, n) VALUES (?, ?, ?, ?, ?)", values).unwrap();
    }
    base.execute_batch("COMMIT").unwrap();
    drop(base);
    std::fs::read(file.path()).unwrap()
}

/// What its library reads in a database, and in its indexes.
fn told(bytes: &[u8]) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let base = rusqlite::Connection::open(file.path()).unwrap();
    let all = |query: &str| {
        let mut query = base.prepare(query).unwrap();
        let width = query.column_count();
        let told = query.query_map([], |row| {
            let values = (0..width).map(|column| format!("{:?}", row.get_ref(column).unwrap()));
            Ok(values.collect::<Vec<_>>().join(" "))
        });
        told.unwrap().map(Result::unwrap).collect::<Vec<_>>()
    };
    [
        "SELECT rowid, * FROM t",
        "SELECT rowid FROM t INDEXED BY i WHERE b >= '' ORDER BY b, a",
        "SELECT name, sql FROM sqlite_schema ORDER BY name",
        "PRAGMA encoding",
        "PRAGMA integrity_check",
    ]
    .map(all)
    .concat()
}

/// The library opens files by their names. Whoever looks into the folder meanwhile, and after a
/// kill, finds nothing of anybody there.
#[test]
fn a_database_that_is_rewritten_lies_under_no_name() {
    let home = Home::new();
    let rows: Vec<Vec<usize>> = (0..3_000).map(|row| vec![row % 5, 1, 2, 7]).collect();
    home.put("people.db", sqlite(&rows, false, "UTF-8"));
    home.write("dsrd.toml", "[[policy]]\naction = \"redact\"\nreason = \"kept for others\"\n");
    let temporary = home.path("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let settings = [("TMPDIR", temporary.to_str().unwrap())];
    let request = home.request("r-1", "erasure", &[("email", "ann@contoso.com")]);
    home.done(&["submit", request.to_str().unwrap()]);
    // What has a name there, and is not empty.
    let named = || -> Vec<String> {
        let files = std::fs::read_dir(&temporary).unwrap().filter_map(Result::ok);
        let told = |file: std::fs::DirEntry| {
            let bytes = file.metadata().ok()?.len();
            (bytes > 0).then(|| format!("{}: {bytes} bytes", file.file_name().display()))
        };
        files.filter_map(told).collect()
    };
    let has_nameless = |daemon: &Daemon| {
        let open = std::fs::read_dir(format!("/proc/{}/fd", daemon.id())).into_iter().flatten();
        let links = open.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
        let held = |link: &std::path::PathBuf| {
            let link = link.to_string_lossy();
            link.starts_with(settings[0].1) && link.ends_with("(deleted)")
        };
        links.filter(held).count() > 0
    };
    for kill_after in [0, 40, 200] {
        let mut daemon = home.start(&["--config", "dsrd.toml"], &settings);
        wait_for("a spool", || {
            assert_eq!(named(), [""; 0]);
            has_nameless(&daemon)
        });
        for _ in 0..kill_after {
            assert_eq!(named(), [""; 0]);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        daemon.kill();
        assert_eq!(named(), [""; 0], "after a kill");
    }
    let _daemon = home.start(&["--config", "dsrd.toml"], &settings);
    wait_for("the end", || {
        assert_eq!(named(), [""; 0]);
        home.events().iter().any(|event| event["type"] == "io.dsrd.request.completed.v1")
    });
    let left = std::fs::read(home.source().join("people.db")).unwrap();
    assert!(memchr::memmem::find(&left, b"ann@contoso.com").is_none());
}

#[test]
fn keys_of_one_map_stay_apart_and_sizes_of_lists_are_true() {
    let file = |records: &[u8]| {
        let schema = br#"{"type": "record", "name": "r", "fields": [
            {"name": "m", "type": {"type": "map", "values": "string"}},
            {"name": "u", "type": {"type": "string", "logicalType": "uuid"}}]}"#;
        let mut bytes = b"Obj\x01\x02".to_vec();
        write_bytes(b"avro.schema", &mut bytes);
        write_bytes(schema, &mut bytes);
        bytes.push(0);
        bytes.extend([7; 16]);
        write_long(1, &mut bytes);
        write_bytes(records, &mut bytes);
        bytes.extend([7; 16]);
        bytes
    };
    let records = |keys: [&str; 3], is_sized: bool, uuid: &str| {
        let mut items = Vec::new();
        for key in keys {
            write_bytes(key.as_bytes(), &mut items);
            write_bytes(b"x", &mut items);
        }
        let mut records = Vec::new();
        write_long(if is_sized { -3 } else { 3 }, &mut records);
        if is_sized {
            write_long(items.len() as i64, &mut records);
        }
        records.extend(items);
        records.push(0);
        write_bytes(uuid.as_bytes(), &mut records);
        file(&records)
    };
    let before = ["ann@contoso.com", "[erased]", "C-1029384"];
    let (out, _) = erased(&records(before, true, "")).unwrap();
    let after = ["[erased] 2", "[erased]", "[erased] 3"];
    assert_eq!(out, records(after, false, ""));
    // What is no UUID would not be read as one.
    let refused = erased(&records(["a", "b", "c"], true, "ann@contoso.com"));
    assert_eq!(refused.unwrap_err(), "avro: value with a type of its own");
}

#[test]
fn what_a_schema_calls_something_stays_or_is_refused() {
    let file = |schema: &Value, note: &str| {
        let mut bytes = b"Obj\x01\x04".to_vec();
        write_bytes(b"avro.schema", &mut bytes);
        write_bytes(schema.to_string().as_bytes(), &mut bytes);
        write_bytes(b"owner", &mut bytes);
        write_bytes(note.as_bytes(), &mut bytes);
        bytes.push(0);
        bytes.extend([7; 16]);
        bytes
    };
    let schema = |doc: &str, symbol: &str| json!({"type": "enum", "name": "e", "doc": doc, "symbols": [symbol], "by": doc});
    let (out, _) = erased(&file(&schema("of ann@contoso.com", "A"), "ann")).unwrap();
    assert_eq!(out, file(&schema("of [erased]", "A"), "[erased]"));
    let refused = erased(&file(&schema("x", "C-1029384"), "kofi"));
    assert_eq!(refused.unwrap_err(), "avro: name in the schema");
}

#[test]
fn arrow_is_as_if_it_had_been_written_so() {
    for is_file in [true, false] {
        check(&|rows, after| arrow(rows, after, is_file), &|out, expected| {
            assert!(out == expected, "{is_file}: {}", String::from_utf8_lossy(out));
        });
    }
}

/// What `FlatBuffers` writes.
enum Flat {
    Missing,
    Number(u64, usize),
    Table(Vec<Flat>),
    Text(&'static str),
    Tables(Vec<Flat>),
    /// Items of eight bytes each, or of several times that.
    Items(Vec<u8>, usize),
}

impl Flat {
    fn whole(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        let at = self.write(&mut out);
        out[..4].copy_from_slice(&(at as u32).to_le_bytes());
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }

    /// Writes it at the end, and tells where it begins.
    fn write(&self, out: &mut Vec<u8>) -> usize {
        let link = |out: &mut Vec<u8>, at: usize, to: usize| {
            out[at..at + 4].copy_from_slice(&((to - at) as u32).to_le_bytes());
        };
        match self {
            Self::Table(fields) => {
                let width = |field: &Self| match field {
                    Self::Missing => 0,
                    Self::Number(_, width) => *width,
                    _ => 4,
                };
                let (mut offsets, mut len) = (Vec::new(), 4usize);
                for field in fields {
                    len = len.next_multiple_of(width(field).max(1));
                    offsets.push(if width(field) == 0 { 0 } else { len });
                    len += width(field);
                }
                let told = 4 + 2 * fields.len();
                out.resize((out.len() + told).next_multiple_of(8) - told, 0);
                for number in [told, len].into_iter().chain(offsets.iter().copied()) {
                    out.extend((number as u16).to_le_bytes());
                }
                let start = out.len();
                out.extend((told as u32).to_le_bytes());
                out.resize(start + len, 0);
                for (field, at) in fields.iter().zip(offsets) {
                    match field {
                        Self::Missing => {}
                        Self::Number(number, width) => out[start + at..start + at + width]
                            .copy_from_slice(&number.to_le_bytes()[..*width]),
                        other => {
                            let to = other.write(out);
                            link(out, start + at, to);
                        }
                    }
                }
                start
            }
            Self::Text(text) => {
                out.resize(out.len().next_multiple_of(4), 0);
                let start = out.len();
                out.extend((text.len() as u32).to_le_bytes());
                out.extend(text.as_bytes());
                out.push(0);
                start
            }
            Self::Tables(tables) => {
                out.resize(out.len().next_multiple_of(4), 0);
                let start = out.len();
                out.extend((tables.len() as u32).to_le_bytes());
                out.resize(start + 4 + 4 * tables.len(), 0);
                for (number, table) in tables.iter().enumerate() {
                    let to = table.write(out);
                    link(out, start + 4 + 4 * number, to);
                }
                start
            }
            Self::Items(items, count) => {
                out.resize((out.len() + 4).next_multiple_of(8) - 4, 0);
                let start = out.len();
                out.extend((*count as u32).to_le_bytes());
                out.extend(items);
                start
            }
            Self::Missing | Self::Number(..) => panic!("it stands in its table"),
        }
    }
}

/// A batch while it is made.
#[derive(Default)]
struct Batch {
    nodes: Vec<u8>,
    buffers: Vec<Vec<u8>>,
    several: Vec<u8>,
}

impl Batch {
    fn node(&mut self, values: &[Option<&str>]) {
        let missing = values.iter().filter(|value| value.is_none()).count();
        self.nodes.extend([values.len() as u64, missing as u64].map(u64::to_le_bytes).concat());
        let mut bits = vec![0; values.len().div_ceil(8)];
        for (at, _) in values.iter().enumerate().filter(|(_, value)| value.is_some()) {
            bits[at / 8] |= 1 << (at % 8);
        }
        self.buffers.push(bits);
    }

    fn texts(&mut self, values: &[Option<&str>], width: usize) {
        self.node(values);
        let (mut ends, mut bytes) = (vec![0; width], Vec::new());
        for value in values {
            bytes.extend(value.unwrap_or_default().as_bytes());
            ends.extend(&(bytes.len() as u64).to_le_bytes()[..width]);
        }
        self.buffers.extend([ends, bytes]);
    }

    fn views(&mut self, values: &[Option<&str>]) {
        self.node(values);
        let (mut views, mut bytes) = (Vec::new(), Vec::new());
        for value in values {
            let value = value.unwrap_or_default().as_bytes();
            let mut view = [&(value.len() as u32).to_le_bytes(), value].concat();
            if value.len() > 12 {
                view.truncate(8);
                view.extend([0; 4]);
                view.extend((bytes.len() as u32).to_le_bytes());
                bytes.extend(value);
            }
            view.resize(16, 0);
            views.extend(view);
        }
        self.buffers.extend([views, bytes]);
        self.several.extend(1u64.to_le_bytes());
    }

    /// The message of this kind, with its body behind it.
    fn message(self, len: usize, wrap: &dyn Fn(Flat) -> (u64, Flat)) -> (Vec<u8>, Vec<u8>) {
        let (mut places, mut body, count) = (Vec::new(), Vec::new(), self.buffers.len());
        for buffer in self.buffers {
            places.extend([body.len() as u64, buffer.len() as u64].map(u64::to_le_bytes).concat());
            body.extend(buffer);
            body.resize(body.len().next_multiple_of(64), 0);
        }
        let (nodes, several) = (self.nodes.len() / 16, self.several.len() / 8);
        let batch = Flat::Table(vec![
            Flat::Number(len as u64, 8),
            Flat::Items(self.nodes, nodes),
            Flat::Items(places, count),
            Flat::Missing,
            Flat::Items(self.several, several),
        ]);
        let (kind, header) = wrap(batch);
        (message(kind, header, body.len()), body)
    }
}

fn message(kind: u64, header: Flat, body: usize) -> Vec<u8> {
    let fields = vec![Flat::Number(4, 2), Flat::Number(kind, 1), header];
    let said = Flat::Table(fields.into_iter().chain([Flat::Number(body as u64, 8)]).collect());
    said.whole()
}

fn schema() -> Flat {
    let plain = || Flat::Table(Vec::new());
    let number = |bits: u64| Flat::Table(vec![Flat::Number(bits, 4), Flat::Number(1, 1)]);
    let field = |name, kind: u64, of: Flat, list: Flat, children: Vec<Flat>| {
        let told = [Flat::Text(name), Flat::Number(1, 1), Flat::Number(kind, 1), of, list];
        Flat::Table(told.into_iter().chain([Flat::Tables(children)]).collect())
    };
    let item = field("item", 5, plain(), Flat::Missing, Vec::new());
    let list = Flat::Table(vec![Flat::Number(9, 8), number(8)]);
    Flat::Table(vec![
        Flat::Missing,
        Flat::Tables(vec![
            field("a", 5, plain(), Flat::Missing, Vec::new()),
            field("b", 20, plain(), Flat::Missing, Vec::new()),
            field("v", 24, plain(), Flat::Missing, Vec::new()),
            field("n", 2, number(64), Flat::Missing, Vec::new()),
            field("l", 12, plain(), Flat::Missing, vec![item]),
            field("d", 5, plain(), list, Vec::new()),
        ]),
    ])
}

/// A file or stream with a batch for each seven rows, and a list of values before them.
fn arrow(rows: &[Vec<usize>], after: bool, is_file: bool) -> Vec<u8> {
    let mut out = if is_file { b"ARROW1\0\0".to_vec() } else { Vec::new() };
    let mut add = |(said, body): (Vec<u8>, Vec<u8>)| {
        let entry = [out.len() as u64, 8 + said.len() as u64, body.len() as u64];
        out.extend([&[0xff; 4], &(said.len() as u32).to_le_bytes()[..], &said, &body].concat());
        entry.map(u64::to_le_bytes).concat()
    };
    add((message(1, schema(), 0), Vec::new()));
    let mut list = Batch::default();
    let hers = [("ann@contoso.com", "[erased] 2"), ("kofi", "kofi"), ("[erased]", "[erased]")];
    let hers = if names_her(rows) { &hers[..] } else { &hers[1..] };
    let values: Vec<_> = hers.iter().map(|one| Some(if after { one.1 } else { one.0 })).collect();
    list.texts(&values, 4);
    let lists =
        add(list.message(values.len(), &|batch| (2, Flat::Table(vec![Flat::Number(9, 8), batch]))));
    let mut batches = Vec::new();
    for rows in rows.chunks(7) {
        let column = |at: usize| rows.iter().map(move |row| said(row[at], after));
        let mut batch = Batch::default();
        batch.texts(&column(0).collect::<Vec<_>>(), 4);
        batch.texts(&column(1).collect::<Vec<_>>(), 8);
        batch.views(&column(2).collect::<Vec<_>>());
        let all = vec![Some(""); rows.len()];
        batch.node(&all);
        batch.buffers.push(rows.iter().flat_map(|row| (row[0] as u64).to_le_bytes()).collect());
        batch.node(&all);
        let ends = 0..=rows.len() as u32;
        batch.buffers.push(ends.flat_map(|end| (2 * end).to_le_bytes()).collect());
        let items: Vec<_> = column(3).zip(column(1)).flat_map(|(one, two)| [one, two]).collect();
        batch.texts(&items, 4);
        batch.node(&all);
        batch.buffers.push(rows.iter().map(|row| (row[0] % values.len()) as u8).collect());
        batches.extend(add(batch.message(rows.len(), &|batch| (3, batch))));
    }
    out.extend([[0xff; 4], [0; 4]].concat());
    if is_file {
        let (lists, count) = (Flat::Items(lists, 1), batches.len() / 24);
        let batches = Flat::Items(batches, count);
        let foot = Flat::Table(vec![Flat::Number(4, 2), schema(), lists, batches]).whole();
        out.extend(&foot);
        out.extend((foot.len() as u32).to_le_bytes());
        out.extend(b"ARROW1");
    }
    out
}
