//! What is rewritten still loads: documents in the languages that they are written in, the lengths
//! in them, and what their own libraries make of them.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;

use dsrd::matching::limits::ItemLimits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::redact::looks::Erasing;
use dsrd::matching::redact::rewriting::redact_named;

use crate::matching::zip as zip_of;
use crate::redaction::{erased, is_gone, subject};

#[test]
fn what_is_put_is_written_as_the_language_has_it() {
    for (before, after) in [
        // A list of one, or a fault, without quotes.
        ("run: ann@contoso.com again\nby: x\n", "run: '[erased] again'\nby: x\n"),
        ("by: ann@contoso.com (it's me)\n", "by: '[erased] (it''s me)'\n"),
        ("note: by ann@contoso.com  # of ann@contoso.com\n", "note: by [erased]  # of [erased]\n"),
        ("- ann@contoso.com\n- 'ann@contoso.com'\n", "- '[erased]'\n- '[erased]'\n"),
        ("a: [ann@contoso.com, b]\nc: {d: by ann@contoso.com}\n", {
            "a: [\"[erased]\", b]\nc: {d: \"by [erased]\"}\n"
        }),
        ("a: &ann@contoso.com b\nc: *ann@contoso.com\n", "a: &erased b\nc: *erased\n"),
        ("a: !!int \"70042917\"\n", "a: !!str \"[erased]\"\n"),
        ("a:\n  ann@contoso.com\n  and more\n", "a:\n  '[erased]\n  and more'\n"),
        // Keys stay apart, and one stays one.
        ("ann@contoso.com: 1\nC-1029384: 2\n", "'[erased]': 1\n'[erased 2]': 2\n"),
        ("[u.\"ann@contoso.com\"]\na = 1\n[u.\"ann@contoso.com\".b]\nc = 2\n", {
            "[u.\"[erased]\"]\na = 1\n[u.\"[erased]\".b]\nc = 2\n"
        }),
        ("[a]\nann@contoso.com = 1\nC-1029384 = 2\n", "[a]\nerased = 1\nerased_2 = 2\n"),
        // Numbers become strings.
        ("id = 70042917\nx = [1, 70042917]\n", "id = \"[erased]\"\nx = [1, \"[erased]\"]\n"),
        ("INSERT INTO t VALUES (70042917, 'by ann@contoso.com');\n", {
            "INSERT INTO t VALUES ('[erased]', 'by [erased]');\n"
        }),
        ("import os\nID = 70042917\nX = {\"a\": 70042917}\n", {
            "import os\nID = \"[erased]\"\nX = {\"a\": \"[erased]\"}\n"
        }),
        ("const id = 70042917;\nf(id, 'ann@contoso.com');\n", {
            "const id = \"[erased]\";\nf(id, '[erased]');\n"
        }),
        ("#!/bin/sh\nrun --user ann@contoso.com \"ann@contoso.com\"\n", {
            "#!/bin/sh\nrun --user '[erased]' \"[erased]\"\n"
        }),
        // Documents in others.
        ("d:\n  a.yaml: |\n    by: ann@contoso.com\n", "d:\n  a.yaml: |\n    by: '[erased]'\n"),
        ("d: '{\"id\": 70042917}'\n", "d: '{\"id\": \"[erased]\"}'\n"),
        ("d: |\n  {\"id\": 70042917}\n", "d: |\n  {\"id\": \"[erased]\"}\n"),
        (r#"{"source": ["ID = 70042917\n", "f(70042917)"]}"#, {
            r#"{"source": ["ID = \"[erased]\"\n", "f(\"[erased]\")"]}"#
        }),
        (r#"{"q": "SELECT a FROM t WHERE id = 70042917 AND b = 1"}"#, {
            r#"{"q": "SELECT a FROM t WHERE id = '[erased]' AND b = 1"}"#
        }),
        ("---\nby: ann@contoso.com\n---\n# Of ann@contoso.com\n", {
            "---\nby: '[erased]'\n---\n# Of [erased]\n"
        }),
        ("ann@contoso.com,x,C-1029384\n1,2,3\n", "[erased],x,[erased 2]\n1,2,3\n"),
        // Text is no document.
        ("INFO: a\nINFO: ann@contoso.com left\n", "INFO: a\nINFO: [erased] left\n"),
        ("Hello ann@contoso.com, you are 70042917.\n", "Hello [erased], you are [erased].\n"),
        // Sheets of spreadsheets.
        (
            "<c r=\"A1\" s=\"1\"><v>70042917</v></c>",
            "<c r=\"A1\" s=\"1\" t=\"str\"><v>[erased]</v></c>",
        ),
        ("<sheet name=\"Ann Lefèvre\" sheetId=\"1\"/>", "<sheet name=\"erased\" sheetId=\"1\"/>"),
        // Lengths.
        ("HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\nby ann@contoso.com", {
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nby [erased]"
        }),
        // What is spelled in digits.
        (r"'\x627920616e6e40636f6e746f736f2e636f6d'", r"'\x6279205b6572617365645d'"),
        ("username: YW5uQGNvbnRvc28uY29t", "username: W2VyYXNlZF0="),
    ] {
        let (out, _) = erased(before.as_bytes()).unwrap_or_else(|why| panic!("{why}: {before}"));
        assert_eq!(String::from_utf8_lossy(&out), after, "{before}");
        assert!(is_gone(&out), "{before}");
    }
}

#[test]
fn what_only_the_name_says_is_taken_out() {
    let named = |name: &str, content: &[u8]| {
        let (subject, limits) = (subject(), ItemLimits::default());
        let matcher = Matcher::new(&[&subject]);
        let (mut out, mut content) = (Vec::new(), content);
        redact_named(&mut Erasing(&matcher), name, &mut content, &mut out, &limits).unwrap();
        out
    };
    assert_eq!(named("mlruns/0/tags/mlflow.user", b"ann\n"), b"[erased]\n");
    assert_eq!(named("mlruns/0/tags/model", b"ann\n"), b"ann\n");
    let archive = zip_of(&[("tags/mlflow.user", b"ann"), ("tags/model", b"ann")]);
    let out = std::io::Cursor::new(named("a.zip", &archive));
    let mut members = zip::ZipArchive::new(out).unwrap();
    for (name, expected) in [("tags/mlflow.user", "[erased]"), ("tags/model", "ann")] {
        let content = std::io::read_to_string(members.by_name(name).unwrap()).unwrap();
        assert_eq!(content, expected, "{name}");
    }
}

#[test]
fn base64_keeps_its_lines_however_they_are_spelled() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let said = |who: &str| format!("{{\"pad\": \"{}\", \"by\": \"{who}\"}}", "x".repeat(150));
    for gap in ["\n", "\r\n", "\n    ", "\\n", "\\r\\n", "\\\\n", "\\\\\\\\n"] {
        let lines = |who: &str| {
            let digits = engine.encode(said(who));
            digits.as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join(gap)
        };
        let text = |who: &str| format!("key: {} end", lines(who));
        let (out, _) = erased(text("ann@contoso.com").as_bytes()).unwrap();
        assert_eq!(String::from_utf8_lossy(&out), text("[erased]"), "{gap:?}");
    }
    // One of its lines may be read by itself, and what follows may look like one more.
    for (before, gap, after) in [
        ("{\"log\": \"{\\\"key\\\": \\\"", "\\\\n", "\\\\n\\\", \\\"k\\\": 1}\"}"),
        ("b: !!binary |\n  ", "\n  ", "\nc: 1\n"),
        ("x\n", "\n", "\nnext\n"),
    ] {
        for ends in ["ends", "ends.", "ends.."] {
            let text = |who: &str| {
                let said = format!("client {who} and some more text until line two {ends}");
                let digits = engine.encode(said);
                let lines = digits.as_bytes().chunks(76).map(String::from_utf8_lossy);
                format!("{before}{}{after}", lines.collect::<Vec<_>>().join(gap))
            };
            let (out, _) = erased(text("ann@contoso.com").as_bytes()).unwrap();
            assert_eq!(String::from_utf8_lossy(&out), text("[erased]"), "{gap:?} {ends}");
        }
    }
}

#[test]
fn arrays_and_tensors_keep_their_heads_true() {
    let array = |kind: &str, cells: &[u8]| {
        let told = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (2,), }}");
        [b"\x93NUMPY\x01\0v\0", format!("{told:<117}\n").as_bytes(), cells].concat()
    };
    let narrow = array("|S18", b"by ann@contoso.comkofi\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let (out, _) = erased(&narrow).unwrap();
    assert_eq!(out, array("|S18", b"by [erased]\0\0\0\0\0\0\0kofi\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    let tensors = |head: &str| {
        let padded = head.len().next_multiple_of(8);
        let len = (padded as u64).to_le_bytes();
        [&len, format!("{head:<padded$}").as_bytes(), &[1, 2, 3, 4]].concat()
    };
    let head = |who: &str| {
        format!("{{\"__metadata__\":{{\"by\":\"{who}\"}},\"t\":{{\"data_offsets\":[0,4]}}}}")
    };
    let (out, _) = erased(&tensors(&head("ann@contoso.com"))).unwrap();
    let len = u64::from_le_bytes(out[..8].try_into().unwrap()) as usize;
    assert_eq!(String::from_utf8_lossy(&out[8..8 + len]).trim_end(), head("[erased]"));
    assert_eq!(out[8 + len..], [1, 2, 3, 4]);
}

#[test]
fn tables_keep_all_but_the_values() {
    let table = |who: &str| {
        let texts = [Some(who), None, Some("kofi"), Some(who)];
        table(texts, &format!("{{\"by\": \"{who}\"}}"))
    };
    let (before, after) = (table("by ann@contoso.com"), table("by [erased]"));
    let (out, replaced) = erased(&before).unwrap();
    assert_eq!(told(out.clone()), told(after));
    assert_eq!(replaced.erased, 9);
    // Neither in statistics nor in dictionaries.
    assert!(!out.windows(3).any(|three| three == b"ann"));
    // What names nobody is not packed anew.
    let plain = table("nobody");
    assert_eq!(erased(&plain).unwrap().0, plain);
}

/// Two groups of rows in Parquet.
fn table(texts: [Option<&str>; 4], note: &str) -> Vec<u8> {
    let schema = "message m { optional binary who (UTF8); optional int64 id;
        optional group tags (LIST) { repeated group list { optional binary element (UTF8); } } }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let notes = vec![KeyValue::new("about".to_owned(), note.to_owned())];
    let properties = WriterProperties::builder()
        .set_key_value_metadata(Some(notes))
        .set_compression(Compression::SNAPPY)
        .build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
    let values: Vec<ByteArray> = texts.iter().flatten().map(|text| (*text).into()).collect();
    for _ in 0..2 {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let present = texts.map(|text| i16::from(text.is_some()));
        column.typed::<ByteArrayType>().write_batch(&values, Some(&present), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let present = [1, 1, 0, 1];
        column.typed::<Int64Type>().write_batch(&[1, 2, 3], Some(&present), None).unwrap();
        column.close().unwrap();
        // Two in the first row, none in the second, which is empty, one in the fourth.
        let mut column = group.next_column().unwrap().unwrap();
        let (present, lists) = ([3, 3, 1, 0, 3], [0, 1, 0, 0, 0]);
        let written =
            column.typed::<ByteArrayType>().write_batch(&values, Some(&present), Some(&lists));
        written.unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// All that a table says.
fn told(table: Vec<u8>) -> (String, usize, Vec<KeyValue>, Vec<String>) {
    let reader = SerializedFileReader::new(bytes::Bytes::from(table)).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
    let file = reader.metadata().file_metadata();
    let notes = file.key_value_metadata().unwrap().clone();
    (format!("{:?}", file.schema()), reader.num_row_groups(), notes, rows)
}

#[test]
fn stores_of_others_are_rewritten_or_refused() {
    let (mut rewritten, mut refused) = (0, Vec::new());
    for (name, bytes) in crate::stores::files() {
        if !["sqlite", "avro", "arrow"].iter().any(|form| name.starts_with(form)) {
            continue;
        }
        match erased(&bytes) {
            Ok((out, _)) if !is_gone(&out) => refused.push(format!("{name}: still found")),
            Ok((_, replaced)) => {
                assert!(replaced.erased > 0, "{name}");
                rewritten += 1;
            }
            Err(why) => refused.push(format!("{name}: {why}")),
        }
    }
    // Two columns say together who she is, and each value stands in a list for all rows with it; or
    // a key of a map says it.
    let expected = [
        "arrow-dictionary: still found",
        "arrow-dictionary-stream: still found",
        "arrow-dictionary-zstd: still found",
        "arrow-dictionary-zstd-stream: still found",
        "avro-entries: still found",
        "sqlite-journal: sqlite journal: not rewritten",
        "sqlite-log: sqlite log: not rewritten",
        "sqlite-without-rowid: sqlite: rows without a number",
    ];
    assert_eq!((rewritten, refused), (39, expected.map(str::to_owned).to_vec()));
}

/// What is damaged is refused, or rewritten as far as it goes; no decoder gives up over it.
#[test]
fn damaged_stores_are_no_surprise() {
    let mut state = 7u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below.max(1)
    };
    let forms = ["sqlite", "avro", "arrow"];
    let all = crate::stores::files().into_iter();
    for (name, bytes) in all.filter(|(name, _)| forms.iter().any(|form| name.starts_with(form))) {
        for _ in 0..4 {
            let mut bytes = bytes.clone();
            let near = bytes.len().min(900);
            let at = [random(near), bytes.len() - 1 - random(near), random(bytes.len())][random(3)];
            let end = bytes.len().min(at + [1, 1, 8][random(3)]);
            bytes[at..end].fill([0xff, 0, random(256) as u8][random(3)]);
            if random(5) == 0 {
                bytes.truncate(random(bytes.len()));
            }
            assert_ne!(erased(&bytes).err().as_deref(), Some("decoder: gave up"), "{name}");
        }
    }
}

#[test]
fn others_read_what_was_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = ["before", "after"].map(|name| folder.path().join(name));
    std::fs::create_dir(&before).unwrap();
    std::fs::create_dir(&after).unwrap();
    python(&["make", before.to_str().unwrap()]);
    for document in std::fs::read_dir(&before).unwrap() {
        let path = document.unwrap().path();
        let (out, _) = erased(&std::fs::read(&path).unwrap())
            .unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        std::fs::write(after.join(path.file_name().unwrap()), out).unwrap();
    }
    let found = python(&["judge", before.to_str().unwrap(), after.to_str().unwrap()]);
    assert_eq!(found, "");
}

fn python(arguments: &[&str]) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let output = Command::new("python3")
        .arg(tests.join("it/foreign/rewritten.py"))
        .args(arguments)
        .env("PYTHONPATH", tests.join("emulators/azure-python"))
        .output()
        .expect("python3 is missing: apt-get install python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
