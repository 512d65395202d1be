//! Tables in stores are written anew as they would have been written without her: generated ones,
//! compared byte by byte where the form has one way to write them, and by what the library of the
//! form reads where it has several.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use dsrd::matching::views::columns::avro::container::{pack, write_bytes, write_long};

use crate::redaction::{erased, is_gone};

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

/// Rewrites what is made of generated rows, and compares.
fn check(make: &dyn Fn(&[Vec<usize>], bool) -> Vec<u8>, compare: &dyn Fn(&[u8], &[u8])) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&rows(), |rows| {
        let (out, replaced) = erased(&make(&rows, false)).unwrap();
        compare(&out, &make(&rows, true));
        assert!(is_gone(&out));
        assert_eq!(replaced.places() > 0, names_her(&rows));
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
    for (number, row) in rows.iter().enumerate() {
        let [a, b, c] = [0, 1, 2].map(|cell| said(row[cell], after));
        let number = number as i64 * 3 - 7;
        let values = (number, a, b, c.map(str::as_bytes), row[3] as i64);
        base.execute("INSERT INTO t (rowid, a, b, c, n) VALUES (?, ?, ?, ?, ?)", values).unwrap();
    }
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
