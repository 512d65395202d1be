//! Items rewritten without a person: what goes, what stays byte for byte, what is refused, and what
//! other people's programs make of what came out.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::process::Command;

use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::matching::limits::ItemLimits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::put::Replaced;
use dsrd::matching::redact::looks::Erasing;
use dsrd::matching::redact::refusal::Unredacted;
use dsrd::matching::redact::rewriting::{PASSES_MAX, is_clean, redact_named, redact_short};
use dsrd::matching::scan::scan;
use proptest::prelude::*;
use serde_json::Value;

use crate::matching::{DECOYS, MENTIONS, ann, gzip, item, stored, tar, zip};
use crate::oracle::{Pieces, WORDS};

/// Ann, whose customer id is a number.
pub fn subject() -> Subject {
    let id =
        Identity::new(IdentityType::ControllerCustomerId, IdentityFormat::Raw, "70042917".into());
    let mut subject = ann();
    subject.identities.push(id);
    subject
}

pub fn erased(content: &[u8]) -> Result<(Vec<u8>, Replaced), String> {
    erased_of(&mut &*content)
}

fn erased_of(content: &mut dyn Read) -> Result<(Vec<u8>, Replaced), String> {
    let (subject, limits) = (subject(), ItemLimits::default());
    let matcher = Matcher::new(&[&subject]);
    let mut look = Erasing(&matcher);
    let mut once = |content: &mut dyn Read| {
        let mut out = Vec::new();
        match redact_named(&mut look, "x", content, &mut out, &limits) {
            Ok(replaced) => Ok((out, replaced)),
            Err(Unredacted::NotRewritable(reason)) => Err(reason),
            Err(Unredacted::Failed(error)) => panic!("{error}"),
        }
    };
    let (mut out, replaced) = once(content)?;
    for _ in 1..PASSES_MAX {
        if !is_gone(&out) {
            out = once(&mut &*out)?.0;
        }
    }
    Ok((out, replaced))
}

/// Whether the scan finds nothing any more, and the proof says so too.
pub fn is_gone(content: &[u8]) -> bool {
    let (subject, limits) = (subject(), ItemLimits::default());
    let matcher = Matcher::new(&[&subject]);
    let clean = is_clean(&mut Erasing(&matcher), "x", &mut &*content, &limits).unwrap();
    let scan = scan(&item("x"), &mut &*content, &matcher, &limits).unwrap();
    assert_eq!(clean, scan.hits.is_empty() && scan.unreadable.is_empty());
    clean
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

#[test]
fn what_becomes_of_what() {
    for (content, expected) in [
        ("see ann@contoso.com, bob", "see [erased], bob"),
        ("ann@contoso.com\r\n\tANN@contoso.com", "[erased]\r\n\t[erased]"),
        (
            r#"{ "upn":"ann@contoso.com",  "n": 1.50e+3, "x": "Caf\u00e9 \/" }"#,
            r#"{ "upn":"[erased]",  "n": 1.50e+3, "x": "Caf\u00e9 \/" }"#,
        ),
        (r#"["\u0061nn@contoso.com \n x"]"#, r#"["[erased] \n x"]"#),
        (r#"["a\nann@contoso.com\tb"]"#, r#"["a\n[erased]\tb"]"#),
        (r#"["\"Ann Lef\u00e8vre\""]"#, r#"["\"[erased]\""]"#),
        (r#"["Lef\u00e8vre, Ann"]"#, r#"["[erased]"]"#),
        (r#"{"id":70042917,"x":[1,70042917 ]}"#, r#"{"id":"[erased]","x":[1,"[erased]" ]}"#),
        (r#"{"id":70042917.5}"#, r#"{"id":"[erased]"}"#),
        (
            r#"{"a": "{\"id\": 70042917, \"x\": 1}"}"#,
            r#"{"a": "{\"id\": \"[erased]\", \"x\": 1}"}"#,
        ),
        (
            r#"{"a": "{\"upn\":\"{\\\"i\\\":70042917}\"}"}"#,
            r#"{"a": "{\"upn\":\"{\\\"i\\\":\\\"[erased]\\\"}\"}"}"#,
        ),
        (
            r#"["[70042917, 1]", "\u005b70042917\u005d"]"#,
            r#"["[\"[erased]\", 1]", "\u005b\"[erased]\"\u005d"]"#,
        ),
        (r#"["1, 70042917, 3"]"#, r#"["1, [erased], 3"]"#),
        (
            r#"{"ann@contoso.com":1,"C-1029384":2,"x":{"70042917":{}}}"#,
            r#"{"[erased]":1,"[erased 2]":2,"x":{"[erased]":{}}}"#,
        ),
        (
            r#"{"[erased]":0,"ann@contoso.com":1,"by ANN@contoso.com.":2,"by C-1029384.":3}"#,
            r#"{"[erased]":0,"[erased 2]":1,"by [erased].":2,"by [erased 2].":3}"#,
        ),
        ("{\"a\":70042917}\n{\"a\":2}\n", "{\"a\":\"[erased]\"}\n{\"a\":2}\n"),
        ("[INFO] customer 70042917 left", "[INFO] customer [erased] left"),
        ("[70042917] left", "[[erased]] left"),
        ("id,name\r\n1,\"Lefèvre, Ann\"\r\n", "id,name\r\n1,\"[erased]\"\r\n"),
        ("1,Lefèvre,Ann,2\n", "1,[erased],[erased],2\n"),
        ("1\tAnn\tLefèvre\t2\n", "1\t[erased]\t[erased]\t2\n"),
        ("by Ann\n  Lefèvre.", "by [erased]\n  [erased]."),
        ("by Ann  Lefèvre.", "by [erased]."),
        ("q=ann%40contoso.com&x=%20", "q=[erased]&x=%20"),
        ("<a>ann&#64;contoso.com</a>&amp;", "<a>[erased]</a>&amp;"),
        (
            "To: =?utf-8?Q?Ann_Lef=C3=A8vre?= <ann=40contoso.com>",
            "To: =?utf-8?Q?=5Berased=5D?= <[erased]>",
        ),
        (
            "Subject: =?iso-8859-1?q?for_Ann_Lef=E8vre_today?=",
            "Subject: =?utf-8?q?for_=5Berased=5D_today?=",
        ),
        ("/home/ann/x and /home/joann/", "/home/[erased]/x and /home/joann/"),
        // In each other, and one over the other.
        ("Ann Lefèvre, Ann Lefèvre", "[erased], [erased]"),
        ("Lefèvre, Ann Lefèvre", "[erased], [erased]"),
        ("\u{feff}{\"a\":\"ann@contoso.com\"}", "\u{feff}{\"a\":\"[erased]\"}"),
        ("key: Y2FsbCBhbm5AY29udG9zby5jb20gbm93, x", "key: Y2FsbCBbZXJhc2VkXSBub3c=, x"),
        (
            "eyJhIjoxfQ.eyJ1cG4iOiJhbm5AY29udG9zby5jb20ifQ.c2lnbmF0dXJl",
            "eyJhIjoxfQ.eyJ1cG4iOiJbZXJhc2VkXSJ9.c2lnbmF0dXJl",
        ),
    ] {
        let (out, replaced) =
            erased(content.as_bytes()).unwrap_or_else(|why| panic!("{why}: {content}"));
        assert_eq!(String::from_utf8_lossy(&out), expected, "{content}");
        assert!(is_gone(&out), "{content}");
        assert!(replaced.erased > 0 && replaced.places() == replaced.erased);
    }
}

/// Two names side by side are a list, until one of them is gone.
#[test]
fn what_was_in_a_list_is_looked_at_again() {
    for text in ["太郎 太郎山田  山田太郎 ", "太郎太郎山田山田太郎"] {
        let (out, _) = erased_of(&mut text.as_bytes()).unwrap();
        assert!(is_gone(&out), "{}", String::from_utf8_lossy(&out));
    }
}

#[test]
fn what_cannot_be_rewritten_is_refused() {
    let mut encrypted = zip(&[("a.txt", b"x"), ("b.txt", b"ann@contoso.com")]);
    for (magic, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = encrypted.windows(4).position(|four| four == magic).unwrap();
        encrypted[at + flags] |= 1;
    }
    let text = "ann@contoso.com ".repeat(700);
    let broken = &gzip(text.as_bytes())[..60];
    let zstd = [zstd::encode_all(text.as_bytes(), 3).unwrap(), b"more".to_vec()].concat();
    let blob = zlib(b"blob 15\0ann@contoso.com");
    let half: Vec<u8> = "ann@contoso.com is here"
        .encode_utf16()
        .chain([0xd800])
        .flat_map(u16::to_le_bytes)
        .collect();
    for (content, expected) in [
        (encrypted.as_slice(), "zip: encrypted member"),
        (broken, "gzip: broken"),
        (&zip(&[("a.gz", broken)]), "gzip: broken"),
        (b"PK\x03\x04 cut off", "zip: broken"),
        (b"Rar!\x1a\x07", "rar: not supported"),
        (&[tar(b"ann@contoso.com"), b"more".to_vec()].concat(), "tar: broken"),
        (&zstd, "zstd: trailing bytes"),
        (&blob, "git: named after its content"),
        (b"\x80\x04\x95\x0f\0\0\0\0\0\0\0\x8c\x0fann@contoso.com\x94.", "pickle: not rewritten"),
        (&half, "charset: broken characters"),
        (br#"{"a [erased]":1, "a ann@contoso.com":2, "a [erased]":3}"#, ""),
        (br#"{"a ann@contoso.com":1, "a [erased]":2}"#, "json: keys would be equal"),
    ] {
        let refused = erased(content).err().unwrap_or_default();
        assert_eq!(refused, expected);
    }
}

#[test]
fn what_need_not_change_does_not() {
    for (way, store) in stored() {
        for decoy in DECOYS {
            let content = store(decoy);
            let (out, replaced) =
                erased(&content).unwrap_or_else(|why| panic!("{way} {decoy}: {why}"));
            assert_eq!(replaced, Replaced::default(), "{way} {decoy}");
            let same = match way {
                "gzip" => gunzip(&out) == gunzip(&content),
                "zip" | "zip in zip" | "tar in gzip" | "zlib" | "bzip2" | "xz" | "zstd" => true,
                _ => out == content,
            };
            assert!(same, "{way} {decoy}");
        }
    }
}

#[test]
fn what_is_rewritten_in_which_encoding() {
    let mut table = String::new();
    for (way, store) in stored() {
        let mut ends: std::collections::BTreeMap<String, usize> = Default::default();
        for (_, mention) in MENTIONS {
            let end = match erased(&store(mention)) {
                Ok((out, _)) if is_gone(&out) => "rewritten".to_owned(),
                Ok(_) => "refused by the proof".to_owned(),
                Err(reason) => reason,
            };
            *ends.entry(end).or_default() += 1;
        }
        let ends: Vec<_> = ends.iter().map(|(end, count)| format!("{end} {count}")).collect();
        table.push_str(&format!("{way:<32}{}\n", ends.join(" | ")));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_occurrence_across_any_window_is_replaced_once() {
    let mention = r#"\u0061nn@contoso.com"#;
    for at in (262_080..262_160).step_by(7).chain((253_850..253_970).step_by(3)) {
        let before = format!("{{\"a\": \"{}", ".".repeat(at - 7));
        let after = format!(" {}\", \"id\": 70042917}}", "x y ".repeat(80_000));
        let (out, replaced) = erased(format!("{before} {mention}{after}").as_bytes()).unwrap();
        let after = after.replace("70042917", "\"[erased]\"");
        assert!(out == format!("{before} [erased]{after}").as_bytes(), "{at}");
        assert_eq!(replaced.erased, 2);
    }
}

#[test]
fn long_lines_and_long_runs_are_rewritten() {
    use base64::Engine as _;
    let text = format!("{} ann@contoso.com {}", "x".repeat(500_000), "word ".repeat(30_000));
    let run = base64::engine::general_purpose::STANDARD.encode(&text);
    let (out, _) = erased(format!("[\"{run}\", \"{text}\"]").as_bytes()).unwrap();
    let gone = text.replace("ann@contoso.com", "[erased]");
    let run = base64::engine::general_purpose::STANDARD.encode(&gone);
    assert!(out == format!("[\"{run}\", \"{gone}\"]").into_bytes());
    let endless = format!("{} ann@contoso.com", "x".repeat(20 << 20));
    let (out, _) = erased(endless.as_bytes()).unwrap();
    assert!(out.ends_with(b"x [erased]"));
}

/// Counts what passes, for the other end to see.
struct Passing<'a, T>(T, &'a Cell<u64>);

impl<T: Read> Read for Passing<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.set(self.1.get() + read as u64);
        Ok(read)
    }
}

impl Write for Passing<'_, (&Cell<u64>, u64)> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (read, longest) = &mut self.0;
        *longest = read.get().saturating_sub(self.1.get()).max(*longest);
        self.1.set(self.1.get() + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_read_is_written_soon() {
    // Both ends are as long: whoever holds back little holds little in memory.
    let line =
        format!("{{\"upn\": \"ann@contoso.com\", \"pad\": \"{}\"}}\n", "word ".repeat(100_000));
    let long = line.repeat(24);
    for content in [long.clone().into_bytes(), gzip(long.as_bytes())] {
        let (subject, limits) = (subject(), ItemLimits::default());
        let matcher = Matcher::new(&[&subject]);
        let (read, written) = (Cell::new(0), Cell::new(0));
        let mut input = Passing(content.as_slice(), &read);
        let mut out = Passing((&read, 0), &written);
        let replaced =
            redact_named(&mut Erasing(&matcher), "x", &mut input, &mut out, &limits).unwrap();
        assert_eq!(replaced.erased, 24);
        assert!(out.0.1 < 1 << 20, "{} bytes behind", out.0.1);
    }
}

fn python(script: &str, arguments: &[&str]) -> String {
    let output = Command::new("python3")
        .args(["-c", script])
        .args(arguments)
        .output()
        .expect("python3 is missing: apt-get install python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn others_open_what_was_repacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let make = r#"
import gzip, sys, zipfile
inner = gzip.compress(b'{"upn": "ann@contoso.com"}\n' * 100, mtime=5)
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    archive.comment = b'of ann@contoso.com'
    for number, (name, method, content) in enumerate([
        ('logs/', 0, b''), ('logs/a.log', 8, b'user ann@contoso.com\r\n' * 50), ('b.bin', 0, bytes([0, 1, 2, 3, 255]) * 100),
        ('Users/ann/c.json.gz', 0, inner), ('plain.txt', 12, b'nobody ' * 400), ('by ann@contoso.com.csv', 8, b'a,b\n1,2\n'),
    ]):
        info = zipfile.ZipInfo(name, (2024, 1 + number, 2, 3, 4, 6))
        info.compress_type, info.comment = method, b'c%d' % number
        info.external_attr = 0o640 << 16
        archive.writestr(info, content)
with open(sys.argv[2], 'wb') as raw:
    with gzip.GzipFile('ann@contoso.com.txt', 'wb', fileobj=raw, mtime=1234567) as out:
        out.write(b'hello ann@contoso.com\n' * 1000)
"#;
    python(make, &[&path("a.zip"), &path("a.gz")]);
    for name in ["a.zip", "a.gz"] {
        let (out, _) = erased(&std::fs::read(path(name)).unwrap()).unwrap();
        assert!(is_gone(&out));
        std::fs::write(path(&format!("out-{name}")), out).unwrap();
    }
    let tested = Command::new("unzip")
        .args(["-t", &path("out-a.zip")])
        .output()
        .expect("unzip is missing: apt-get install unzip");
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stdout));
    let tell = r#"
import gzip, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
print(archive.comment.decode(), archive.testzip())
for info in archive.infolist():
    content = archive.read(info)
    if info.filename.endswith('.gz'):
        content = gzip.decompress(content)
    print(info.filename, info.compress_type, info.date_time[1], info.comment.decode(), oct(info.external_attr >> 16), len(content), content[:26])
raw = open(sys.argv[2], 'rb').read()
print(int.from_bytes(raw[4:8], 'little'), raw[10:28], set(gzip.decompress(raw).splitlines()), len(gzip.decompress(raw)))
"#;
    insta::assert_snapshot!(python(tell, &[&path("out-a.zip"), &path("out-a.gz")]));
}

#[test]
fn short_texts() {
    let subject = subject();
    let matcher = Matcher::new(&[&subject]);
    for (key, text, expected) in [
        (None, "azureml/Users/ann/x.txt", "azureml/Users/[erased]/x.txt"),
        (Some("user"), "ann", "[erased]"),
        (Some("model"), "ann", "ann"),
        (Some("who"), "by Ann  Lefèvre", "by [erased]"),
        (Some("q"), "ann%40contoso.com", "[erased]"),
        (Some("q"), "", ""),
    ] {
        let short = redact_short(&mut Erasing(&matcher), key, text).unwrap();
        assert_eq!(short.text, expected, "{text}");
        assert_eq!(short.replaced.places() > 0, text != expected);
    }
}

/// Something a document may hold.
#[derive(Clone, Debug)]
enum Node {
    Word(String),
    Number(&'static str),
    Literal(&'static str),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    /// A document in a string.
    Inner(Box<Node>),
}

/// How a document is written.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// Characters beyond ASCII, or all, as escapes.
    escapes: u8,
    space: &'static str,
}

impl Node {
    fn written(&self, style: Style) -> String {
        let string = |text: &str| {
            let inner: String = text
                .chars()
                .map(|c| match c {
                    '"' | '\\' => format!("\\{c}"),
                    c if style.escapes == 2 || style.escapes == 1 && !c.is_ascii() || c < ' ' => {
                        let mut units = [0; 2];
                        let units = c.encode_utf16(&mut units).iter();
                        units.map(|unit| format!("\\u{unit:04x}")).collect()
                    }
                    c => c.to_string(),
                })
                .collect();
            format!("\"{inner}\"")
        };
        let space = style.space;
        match self {
            Self::Word(word) => string(word),
            Self::Number(text) | Self::Literal(text) => (*text).to_owned(),
            Self::List(nodes) => {
                let nodes: Vec<_> = nodes.iter().map(|node| node.written(style)).collect();
                format!("[{space}{}{space}]", nodes.join(&format!(",{space}")))
            }
            Self::Object(members) => {
                let member = |(key, node): &(String, Node)| {
                    format!("{}:{space}{}", string(key), node.written(style))
                };
                let members: Vec<_> = members.iter().map(member).collect();
                format!("{{{space}{}{space}}}", members.join(&format!(",{space}")))
            }
            Self::Inner(node) => string(&node.written(Style { escapes: 0, space: "" })),
        }
    }
}

fn nodes() -> impl Strategy<Value = Node> {
    let words = || {
        let word = proptest::sample::select(WORDS.to_vec());
        proptest::collection::vec(word, 0..4).prop_map(|words| words.join(" "))
    };
    let leaf = prop_oneof![
        4 => words().prop_map(Node::Word),
        1 => proptest::sample::select(vec!["70042917", "-70042917.0", "1.50e+3", "0", "170042917"])
            .prop_map(Node::Number),
        1 => proptest::sample::select(vec!["true", "null"]).prop_map(Node::Literal),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            2 => proptest::collection::vec(inner.clone(), 0..5).prop_map(Node::List),
            3 => proptest::collection::vec((words(), inner.clone()), 0..5).prop_map(|members| {
                // Keys of one object are apart.
                let apart = |(at, (key, node)): (usize, (String, Node))| match at % 3 {
                    0 => (format!("{key} k{at}"), node),
                    1 => (format!("k{at} {key}"), node),
                    _ => (key, node),
                };
                let mut members: Vec<_> = members.into_iter().enumerate().map(apart).collect();
                members.dedup_by(|one, other| one.0 == other.0);
                Node::Object(members)
            }),
            1 => inner.prop_map(|node| Node::Inner(Box::new(node))),
        ]
    })
}

/// Whether one document is the other but for what was replaced in it.
fn same_but_for_marks(before: &Value, after: &Value) -> Result<(), String> {
    let fault = || Err(format!("{before} became {after}"));
    let marked = |text: &str| text.contains("[erased");
    match (before, after) {
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).try_for_each(|(one, other)| same_but_for_marks(one, other))
        }
        (Value::Object(before), Value::Object(after)) if before.len() == after.len() => {
            before.iter().zip(after).try_for_each(|(one, other)| {
                if one.0 != other.0 && !marked(other.0) {
                    return fault();
                }
                same_but_for_marks(one.1, other.1)
            })
        }
        (Value::String(before), Value::String(after)) if marked(after) => {
            match (serde_json::from_str(before), serde_json::from_str(after)) {
                (Ok(before @ (Value::Object(_) | Value::Array(_))), Ok(after)) => {
                    same_but_for_marks(&before, &after)
                }
                (Ok(Value::Object(_) | Value::Array(_)), Err(_)) => fault(),
                _ => Ok(()),
            }
        }
        (Value::Number(_), Value::String(after)) if after == "[erased]" => Ok(()),
        _ if before == after => Ok(()),
        _ => fault(),
    }
}

/// Whether a text is another but for stretches that marks stand for; nothing else may differ.
fn differs_by_marks(before: &str, after: &str) -> bool {
    // Heads of columns are numbered.
    let after = (2..20).fold(after.to_owned(), |text, number| {
        text.replace(&format!("[erased {number}]"), "[erased]")
    });
    let mut parts = after.split("[erased]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = before.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (number, part) in parts.iter().enumerate() {
        let last = number + 1 == parts.len();
        // A mark stands for something, and for no more than a name with its gaps.
        let skip = rest.chars().next().map_or(1, char::len_utf8);
        let Some(tail) = rest.get(skip..) else { return false };
        let at = if last { tail.strip_suffix(part).map(str::len) } else { tail.find(part) };
        let Some(at) = at.filter(|at| *at <= 120) else { return false };
        rest = &tail[at + part.len()..];
    }
    rest.is_empty()
}

/// Cells of each line.
fn cells(text: &str) -> Vec<usize> {
    let mut quoted = false;
    let mut lines = vec![1];
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => *lines.last_mut().unwrap() += 1,
            '\n' if !quoted => lines.push(1),
            _ => {}
        }
    }
    lines
}

fn texts() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(WORDS.to_vec());
    let gap = proptest::sample::select(vec![" ", "\n", "  ", "\t", "\r\n", ",", "\",\""]);
    let pair = (word, gap).prop_map(|(word, gap)| format!("{word}{gap}"));
    proptest::collection::vec(pair, 1..30).prop_map(|pairs| pairs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_stays_json(
        node in nodes(),
        lines in proptest::collection::vec(nodes(), 0..3),
        escapes in 0u8..3,
        space in proptest::sample::select(vec!["", " ", "  \t"]),
        sizes in proptest::collection::vec(1usize..5000, 1..5),
    ) {
        let style = Style { escapes, space };
        let node = Node::List(vec![node]);
        let text: String = std::iter::once(&node)
            .chain(lines.iter().filter(|node| matches!(node, Node::Object(_))))
            .map(|node| format!("{}\n", node.written(style)))
            .collect();
        let mut content = Pieces { bytes: text.as_bytes(), sizes, turn: 0 };
        let (out, _) = erased_of(&mut content).map_err(|why| TestCaseError::fail(format!("{why}: {text}")))?;
        prop_assert!(is_gone(&out), "{} {}", text, String::from_utf8_lossy(&out));
        let out = String::from_utf8(out).unwrap();
        prop_assert_eq!(text.lines().count(), out.lines().count());
        for (before, after) in text.lines().zip(out.lines()) {
            let before: Value = serde_json::from_str(before).unwrap();
            let after: Value = serde_json::from_str(after)
                .map_err(|error| TestCaseError::fail(format!("{error}: {text} became {after}")))?;
            if let Err(fault) = same_but_for_marks(&before, &after) {
                prop_assert!(false, "{}", fault);
            }
        }
    }

    #[test]
    fn only_what_was_found_changes(
        text in texts(),
        padding in 0usize..6000,
        sizes in proptest::collection::vec(1usize..5000, 1..5),
    ) {
        let text = format!("{}{text}", "lorem ipsum\n".repeat(padding / 12));
        let mut content = Pieces { bytes: text.as_bytes(), sizes, turn: 0 };
        let (out, replaced) = erased_of(&mut content).map_err(TestCaseError::fail)?;
        prop_assert!(is_gone(&out), "{} {}", text, String::from_utf8_lossy(&out));
        let out = String::from_utf8(out).unwrap();
        prop_assert!(differs_by_marks(&text, &out), "{} became {}", text, out);
        prop_assert_eq!(text == out, replaced == Replaced::default());
        prop_assert_eq!(cells(&text), cells(&out), "{} became {}", text, out);
        prop_assert_eq!(text.matches('\t').count(), out.matches('\t').count());
        prop_assert_eq!(text.matches("\r\n").count(), out.matches("\r\n").count());
    }

    #[test]
    fn nothing_is_half_done_in_any_encoding(
        words in proptest::collection::vec(proptest::sample::select(WORDS.to_vec()), 1..20),
        way in proptest::sample::select(stored()),
        container in 0usize..5,
        sizes in proptest::collection::vec(1usize..5000, 1..5),
    ) {
        let bytes = way.1(&words.join(" "));
        let bytes = match container {
            0 => gzip(&bytes),
            1 => zip(&[("a", &bytes), ("b", b"x")]),
            2 => zip(&[("a.gz", &gzip(&bytes))]),
            _ => bytes,
        };
        let clean = is_gone(&bytes);
        let mut content = Pieces { bytes: &bytes, sizes, turn: 0 };
        match erased_of(&mut content) {
            Ok((out, replaced)) => prop_assert!(
                is_gone(&out) && (replaced.places() > 0) != clean,
                "{} {:?}", way.0, words
            ),
            Err(reason) => prop_assert!(!clean, "{} {reason} {:?}", way.0, words),
        }
    }
}

/// A cell that others would be glued to, once marks made it as long as its place, is not written.
#[test]
fn no_cell_comes_to_fill_its_place() {
    let words = "ann@contoso.com 山田太郎 /home/ann/x c-1029384 ann@contoso.com.evil.org";
    let ways = stored();
    let mut arrays = ways.iter().filter(|(name, _)| name.starts_with("array of utf-32")).peekable();
    assert!(arrays.peek().is_some());
    for (name, way) in arrays {
        let bytes = way(words);
        let mut content = Pieces { bytes: &bytes, sizes: vec![1], turn: 0 };
        let refused = erased_of(&mut content).unwrap_err();
        assert!(refused.contains("no room"), "{name}: {refused}");
    }
}
