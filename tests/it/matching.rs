//! Finding people: whole items through `scan`, seen as an operator sees them.

use std::collections::BTreeMap;
use std::io::Write;

use dsrd::domain::item::{Item, Version};
use dsrd::domain::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::matching::limits::Limits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::scan::{Scan, scan};

fn item(name: &str) -> Item {
    Item {
        source: "test".into(),
        name: name.into(),
        version: Version::Current,
        etag: String::new(),
        size: 0,
        modified: None,
        content_type: None,
        metadata: BTreeMap::new(),
        tags: BTreeMap::new(),
    }
}

fn ann() -> Subject {
    let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.into());
    Subject {
        identities: vec![
            raw(IdentityType::Email, "ann@contoso.com"),
            raw(IdentityType::ObjectId, "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
            raw(IdentityType::Puid, "10037FFE80A1B2C3"),
            raw(IdentityType::Name, "Ann Lefèvre"),
            raw(IdentityType::Username, "ann"),
            raw(IdentityType::ControllerCustomerId, "C-1029384"),
            raw(IdentityType::Name, "山田 太郎"),
        ],
    }
}

fn scanned(content: &[u8]) -> Scan {
    let subject = ann();
    let matcher = Matcher::new(&[&subject]);
    scan(&item("x"), &mut &*content, &matcher, &Limits::default()).unwrap()
}

fn told(content: &[u8]) -> Vec<String> {
    let scan = scanned(content);
    let hits = scan.hits.iter().map(|found| {
        let kind = ann().identities[found.hit.identity].kind.as_str();
        format!("{kind} | {} | {}", found.hit.view, found.hit.place)
    });
    hits.chain(scan.unreadable.into_iter().map(|reason| format!("unreadable: {reason}"))).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

#[test]
fn hits_tell_view_and_place() {
    for (content, expected) in [
        (b"see\n  ann@contoso.com.".to_vec(), vec!["email | text | line 2 column 3"]),
        (
            br#"{"createdBy": {"upn": "Ann@Contoso.com", "name": "Lef\u00e8vre, Ann"}}"#.to_vec(),
            vec!["email | json | /createdBy/upn", "name | json | /createdBy/name"],
        ),
        (
            b"{\"a\":1}\n{\"tags\":{\"mlflow.user\":\"ann\"}}\n".to_vec(),
            vec!["username | jsonl | line 2 /tags/mlflow.user"],
        ),
        (gzip(b"x ann@contoso.com"), vec!["email | gzip > text | line 1 column 3"]),
        (gzip(&gzip(b"[\"C-1029384\"]")), vec!["controller_customer_id | gzip > gzip > json | /0"]),
        (
            br#"{"p": "{\"oid\": \"{6F9619FF-8B86-D011-B42D-00CF4FC964FF}\"}"}"#.to_vec(),
            vec!["object_id | json | /p"],
        ),
        (b"q=Ann+Lef%C3%A8vre".to_vec(), vec!["name | escaped > text | line 1 column 3"]),
        (
            b"Authorization: YW5uQGNvbnRvc28uY29tOnNlY3JldA==".to_vec(),
            vec!["email | base64 > text | line 1 column 16"],
        ),
        (
            "山田\u{3000}太郎さん、太郎山田".into(),
            vec!["name | text | line 1 column 1", "name | text | line 1 column 9"],
        ),
    ] {
        assert_eq!(told(&content), expected, "{}", String::from_utf8_lossy(&content));
    }
}

#[test]
fn an_occurrence_across_any_window_is_found_once() {
    for at in (262_000..262_300).step_by(7).chain(245_700..245_800).chain(253_900..253_960) {
        let mut content = vec![b'.'; at];
        content.extend_from_slice(b" ann@contoso.com ");
        content.extend_from_slice(&vec![b'.'; 300_000]);
        assert_eq!(told(&content), [format!("email | text | line 1 column {}", at + 2)]);
    }
}

/// What each identity looks like in data that speaks of the subject.
const MENTIONS: [(&str, &str); 22] = [
    ("email", "mail ann@contoso.com now"),
    ("email", "<Ann@Contoso.COM>"),
    ("email", "mailto:ann@contoso.com?subject=x"),
    ("email", "by 'ann@contoso.com'."),
    ("email", "b'ann@contoso.com'"),
    ("email", "end ann@contoso.com."),
    ("email", "連絡先はann@contoso.comです"),
    ("email", "ann_contoso.com#EXT#@tenant.onmicrosoft.com"),
    ("email", "ａｎｎ＠ｃｏｎｔｏｓｏ．ｃｏｍ"),
    ("object_id", "6F9619FF-8B86-D011-B42D-00CF4FC964FF"),
    ("object_id", "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}"),
    ("object_id", "id 6f9619ff8b86d011b42d00cf4fc964ff,"),
    ("puid", "1:live.com:10037FFE80A1B2C3"),
    ("puid", "puid 10037ffe80a1b2c3"),
    ("name", "by Ann  Lefèvre."),
    ("name", "by ANN LEFE\u{300}VRE's"),
    ("name", "by Lefèvre, Ann"),
    ("name", "by Ann\n   Lefèvre"),
    ("name", "by Ann\u{a0}Lefèvre"),
    ("name", "担当は山田太郎さん"),
    ("username", "/home/ann/x"),
    ("controller_customer_id", "customer c-1029384, x"),
];

/// What looks like the subject and is not.
const DECOYS: [&str; 34] = [
    "joann@contoso.com",
    "x.ann@contoso.com",
    "_ann@contoso.com",
    "ann+x@contoso.com",
    "x+ann@contoso.com",
    "ann@contoso.com.evil.org",
    "ann@contoso.comx",
    "ann@contoso.com-x",
    "ann@contoso.community",
    "ann@contoso.co",
    "ann@sub.contoso.com",
    "annə@contoso.com",
    "éann@contoso.com",
    "ann@contoso.com@evil.org",
    "o'ann@contoso.com",
    "x.ann_contoso.com#EXT#@tenant.onmicrosoft.com",
    "ann_contoso.com.au#EXT#@tenant.onmicrosoft.com",
    "ann_contoso.com@tenant.onmicrosoft.com",
    "6f9619ff-8b86-d011-b42d-00cf4fc964fe",
    "a6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    "6f9619ff8b86d011b42d00cf4fc964ff00",
    "10037FFE80A1B2C3D",
    "Joann Lefèvre",
    "Ann Lefèvres",
    "Ann Lefevre-Dupont",
    "Ann Lefèvre-Dupont",
    "Marie-Ann Lefèvre",
    "Ann X. Lefèvre",
    "Lefèvre Ann",
    "the annual announcement by Ann",
    "/home/ann.smith/ /home/joann/ /home/ann-x/",
    "C-10293845",
    "XC-1029384",
    "C-1029384-7",
];

/// Ways to store a text.
fn stored() -> Vec<(&'static str, fn(&str) -> Vec<u8>)> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    fn each(text: &str, escape: impl Fn(char) -> String) -> Vec<u8> {
        text.chars().map(escape).collect::<String>().into_bytes()
    }
    fn units(c: char, prefix: &str) -> String {
        c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{prefix}{unit:04x}")).collect()
    }
    fn bytes(text: &str, escape: impl Fn(u8) -> String) -> Vec<u8> {
        text.bytes().map(escape).collect::<String>().into_bytes()
    }
    fn json(text: &str) -> String {
        serde_json::json!({ "a": [text] }).to_string()
    }
    fn packed(mut writer: impl Write, text: &str) {
        writer.write_all(text.as_bytes()).unwrap();
    }
    vec![
        ("utf-8", |text| text.into()),
        ("utf-8 with mark", |text| format!("\u{feff}{text}").into()),
        ("utf-16 le", |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("utf-16 be", |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("utf-16 be with mark", |text| {
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect()
        }),
        ("utf-32 le", |text| text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect()),
        ("full width", |text| {
            each(text, |c| match c {
                '!'..='~' => char::from_u32(c as u32 + 0xfee0).unwrap().to_string(),
                _ => c.to_string(),
            })
        }),
        ("json", |text| json(text).into()),
        ("json, all escaped", |text| {
            format!("[\"{}\"]", text.chars().map(|c| units(c, "\\u")).collect::<String>()).into()
        }),
        ("json in json", |text| json(&json(text)).into()),
        ("json in json in json", |text| json(&json(&json(text))).into()),
        ("json lines", |text| format!("{{}}\n{}\n", json(text)).into()),
        ("json key", |text| serde_json::json!({ text: 1 }).to_string().into()),
        ("percent", |text| bytes(text, |byte| format!("%{byte:02x}"))),
        ("percent, twice", |text| bytes(text, |byte| format!("%25{byte:02X}"))),
        ("percent in json", |text| {
            json(&String::from_utf8(bytes(text, |byte| format!("%{byte:02X}"))).unwrap()).into()
        }),
        ("html, decimal", |text| each(text, |c| format!("&#{};", c as u32))),
        ("html, hexadecimal", |text| each(text, |c| format!("&#X{:x};", c as u32))),
        ("html, named", |text| {
            text.replace('@', "&commat;").replace('è', "&egrave;").replace('.', "&period;").into()
        }),
        ("quoted-printable", |text| bytes(text, |byte| format!("={byte:02X}"))),
        ("quoted-printable, soft breaks", |text| {
            each(text, |c| {
                let spelled: String = c
                    .to_string()
                    .bytes()
                    .map(|byte| {
                        if byte.is_ascii_alphanumeric() {
                            char::from(byte).to_string()
                        } else {
                            format!("={byte:02X}")
                        }
                    })
                    .collect();
                format!("{spelled}=\r\n")
            })
        }),
        ("encoded word", |text| format!("To: =?utf-8?B?{}?=", STANDARD.encode(text)).into()),
        ("python bytes", |text| bytes(text, |byte| format!("\\x{byte:02x}"))),
        ("python ascii", |text| each(text, |c| format!("\\U{:08x}", c as u32))),
        ("octal", |text| bytes(text, |byte| format!("\\{byte:03o}"))),
        ("base64", |text| format!("key: {}", STANDARD.encode(format!("{text} and more"))).into()),
        ("base64 for urls in json", |text| {
            json(&URL_SAFE_NO_PAD.encode(format!("? {text} and more"))).into()
        }),
        ("base64 of utf-16", |text| {
            let wide: Vec<u8> =
                format!("run {text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            STANDARD.encode(wide).into()
        }),
        ("base64 of base64", |text| {
            STANDARD.encode(STANDARD.encode(format!("{text} and more"))).into()
        }),
        ("base64 of gzip", |text| STANDARD.encode(gzip(text.as_bytes())).into()),
        ("csv", |text| format!("a,\"{}\",b\n", text.replace('"', "\"\"")).into()),
        ("notebook", |text| {
            serde_json::json!({"cells": [{"cell_type": "code", "source": [text]}]})
                .to_string()
                .into()
        }),
        ("gzip", |text| gzip(text.as_bytes())),
        ("zlib", |text| {
            let mut bytes = Vec::new();
            packed(flate2::write::ZlibEncoder::new(&mut bytes, flate2::Compression::best()), text);
            bytes
        }),
        ("bzip2", |text| {
            let mut bytes = Vec::new();
            packed(bzip2::write::BzEncoder::new(&mut bytes, bzip2::Compression::best()), text);
            bytes
        }),
        ("xz", |text| {
            let mut bytes = Vec::new();
            packed(liblzma::write::XzEncoder::new(&mut bytes, 3), text);
            bytes
        }),
        ("zstd", |text| zstd::encode_all(text.as_bytes(), 3).unwrap()),
        ("zip", |text| zip(&[("a.txt", text.as_bytes())])),
        ("zip in zip", |text| zip(&[("b.zip", &zip(&[("a.txt", text.as_bytes())]))])),
        ("tar", |text| tar(text.as_bytes())),
        ("tar in gzip", |text| gzip(&tar(text.as_bytes()))),
        ("pickle", |text| {
            let head =
                [b"\x80\x04\x95\0\0\0\0\0\0\0\0X".as_slice(), &(text.len() as u32).to_le_bytes()];
            [head.concat().as_slice(), text.as_bytes(), b"\x94."].concat()
        }),
        ("binary with utf-16", |text| {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            [b"\x01\x02\x03\0\x7f\xff\0".as_slice(), &wide, b"\0\0\x01"].concat()
        }),
    ]
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar(content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    builder.append_data(&mut header, "a.txt", content).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn every_mention_is_found_in_every_encoding() {
    let mut missed = Vec::new();
    for (way, store) in stored() {
        for (kind, mention) in MENTIONS {
            let told = told(&store(mention));
            if !told.iter().any(|hit| hit.starts_with(kind))
                || told.iter().any(|hit| hit.starts_with("unreadable"))
            {
                missed.push(format!("{way}: {mention} -> {told:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn no_decoy_is_found_in_any_encoding() {
    let mut wrong = Vec::new();
    for (way, store) in stored() {
        for decoy in DECOYS {
            let told = told(&store(decoy));
            if !told.is_empty() {
                wrong.push(format!("{way}: {decoy} -> {told:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
