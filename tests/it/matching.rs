//! Finding people: whole items through `scan`, seen as an operator sees them.

use std::io::Write;

use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::{Item, Version};
use dsrd::matching::encoding::{Coding, encode};
use dsrd::matching::limits::{ItemLimits, PeopleLimits};
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::kin::known::Known;
use dsrd::matching::people::others::names_others;
use dsrd::matching::scan::{Scan, scan};

use crate::support::sample::is_everything_tried;

pub fn item(name: &str) -> Item {
    Item::bare("test", name, Version::Current)
}

pub fn ann() -> Subject {
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
            raw(IdentityType::Name, "Juan García López"),
        ],
    }
}

fn scanned(content: &[u8]) -> Scan {
    crate::terms::scanned(&item("x"), &mut &*content, &ann())
}

pub fn told(content: &[u8]) -> Vec<String> {
    let scan = scanned(content);
    let hits = scan.hits.iter().map(|found| {
        let kind = ann().identities[found.hit.identity].kind.as_str();
        format!("{kind} | {} | {}", found.hit.view, found.hit.place)
    });
    hits.chain(scan.unreadable.into_iter().map(|reason| format!("unreadable: {reason}"))).collect()
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
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
    for at in (262_100..262_160)
        .step_by(7)
        .chain((245_730..245_780).step_by(3))
        .chain((253_930..253_960).step_by(3))
    {
        let mut content = vec![b'.'; at];
        content.extend_from_slice(b" ann@contoso.com ");
        content.extend_from_slice(&vec![b'.'; 300_000]);
        assert_eq!(told(&content), [format!("email | text | line 1 column {}", at + 2)]);
    }
}

/// What each identity looks like in data that speaks of the subject.
pub const MENTIONS: [(&str, &str); 40] = [
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
    ("name", "by García López, Juan"),
    ("username", "/home/ann/x"),
    ("username", "C:\\Users\\Ann"),
    ("username", "Users/ann/train.py"),
    ("username", "mlflow.user: ann"),
    ("email", "out/ann@contoso.com.csv"),
    ("email", "embeddings/ann@contoso.com.npy"),
    ("email", "embeddings/ann@contoso.com.safetensors.log.1"),
    ("email", "embeddings/ann@contoso.com.pt"),
    ("email", "src/ann@contoso.com.rs"),
    ("email", "ann@contoso.com.zip"),
    ("email", "out/ann@contoso.com-2026-11.csv"),
    ("email", "by ann@contoso.com-backup"),
    ("email", "by _ann@contoso.com_, today"),
    ("email", "https://ann@contoso.com@dev.azure.com/contoso"),
    ("email", "<jobs-bounce+ann=contoso.com@lists.example.org>"),
    ("email", "<SRS0=HHH4=TT=contoso.com=ann@relay.example.org>"),
    ("name", "editor = {Lefèvre, Ann and Brandt, Kofi}"),
    ("name", "van der Lefèvre, Ann"),
    ("controller_customer_id", "customer c-1029384, x"),
];

/// What looks like the subject and is not.
pub const DECOYS: [&str; 50] = [
    "joann@contoso.com",
    "x.ann@contoso.com",
    "_ann@contoso.com",
    "ann+x@contoso.com",
    "x+ann@contoso.com",
    "ann@contoso.com.evil.org",
    "ann@contoso.comx",
    "ann@contoso.com-x.org",
    "ann@contoso.com.au/x",
    "embeddings/ann@contoso.com.br",
    "ann@contoso.com.rs",
    "_ann@contoso.com__",
    "<jobs-bounce+joann=contoso.com@lists.example.org>",
    "by Kofi Lefèvre, Ann Brandt",
    "by Kofi Lefèvre,Ann Brandt,3",
    "Lars\tAnn\nLefèvre\tBrandt",
    "Lars,Ann\nLefèvre,Brandt",
    "鈴木太郎 山田花子",
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
    "models/ann/weights.h5 and models\\ann\\x",
    "the ann model, (ann)",
    "author: Ann Miller",
    "user: annette",
    "Users/bob/ann/",
    "Lefèvre, ann@example.org",
    "C-10293845",
    "XC-1029384",
    "C-1029384-7",
];

/// A name for a way to store a text, and the way.
pub type Stored = (&'static str, fn(&str) -> Vec<u8>);

/// Ways to store a text.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn stored() -> Vec<Stored> {
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
        ("array of utf-32 le", |text| array_of_chars(text, '<', u32::to_le_bytes)),
        ("array of utf-32 be", |text| array_of_chars(text, '>', u32::to_be_bytes)),
    ]
}

/// As numpy keeps strings, in three elements.
fn array_of_chars(text: &str, order: char, spell: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let width = (text.chars().count() + 1).max("kofi".len());
    let element = |text: &str| {
        let zeros = std::iter::repeat_n(0, width - text.chars().count());
        text.chars().map(u32::from).chain(zeros).flat_map(spell).collect::<Vec<u8>>()
    };
    let told = format!("{{'descr': '{order}U{width}', 'fortran_order': False, 'shape': (3,), }}");
    let header = format!("\u{1}\0v\0{told:<117}\n");
    let elements = [element("kofi"), element(text), element("ines")].concat();
    [b"\x93NUMPY", header.as_bytes(), &elements].concat()
}

pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn tar(content: &[u8]) -> Vec<u8> {
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

/// Names of East Asian scripts within other words, and beside what ends a word.
#[test]
fn a_name_is_told_from_a_longer_word() {
    let finds = |name: &str, text: &str| {
        let name = Identity::new(IdentityType::Name, IdentityFormat::Raw, name.into());
        let subject = Subject { identities: vec![name] };
        !crate::terms::scanned(&item("x"), &mut text.as_bytes(), &subject).hits.is_empty()
    };
    for (name, text) in [
        ("林 一", "担当は林一です"),
        ("林 一", "林　一様"),
        ("林一", "担当者林一が"),
        ("石川 さくら", "担当者石川さくらさん"),
        ("サクラ", "ｻｸﾗさん"),
        ("サクラ", "マリア・サクラ"),
        ("ハナコ サクラ", "ハナコ・サクラ様"),
        ("李明", "由李明提交"),
        ("김민수", "김민수가 제출"),
        ("山田 太郎", "山田太郎と鈴木花子"),
    ] {
        assert!(finds(name, text), "{name} in {text}");
    }
    for (name, text) in [
        ("林 一", "森林一覧を作成しました"),
        ("林一", "林一郎"),
        ("サクラ", "オオサクラ"),
        ("サクラ", "ｻｸﾗﾀﾞ"),
        ("サクラ", "サクラーン"),
        ("サクラ", "Monサクラson"),
        ("山田 太郎", "鈴木太郎・山田花子"),
        ("山田 太郎", "鈴木\t山田\n太郎\t花子"),
        ("이준", "이준비"),
    ] {
        assert!(!finds(name, text), "{name} in {text}");
    }
}

#[test]
fn what_is_found_in_which_encoding() {
    let kinds: Vec<&str> = IdentityType::ALL.iter().map(|kind| kind.as_str()).collect();
    let mut table = format!("{:<32}{}\n", "stored as", kinds.join(" | "));
    for (way, store) in stored() {
        let cells = kinds.iter().map(|kind| {
            let mentions: Vec<_> = MENTIONS
                .iter()
                .filter(|(of, _)| of == kind || (*kind == "upn" && *of == "email"))
                .collect();
            let found = mentions.iter().filter(|(of, mention)| {
                told(&store(mention)).iter().any(|hit| hit.starts_with(of))
            });
            format!("{:>w$}", format!("{}/{}", found.count(), mentions.len()), w = kind.len())
        });
        table.push_str(&format!("{way:<32}{}\n", cells.collect::<Vec<_>>().join(" | ")));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn what_cannot_be_read_is_named() {
    let mut encrypted = zip(&[("a.txt", b"x")]);
    for (magic, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = encrypted.windows(4).position(|four| four == magic).unwrap();
        encrypted[at + flags] |= 1;
    }
    let broken = &gzip(&[b'x'; 10_000])[..30];
    for (content, expected) in [
        (encrypted.as_slice(), "unreadable: zip: encrypted member in zip:a.txt"),
        (broken, "unreadable: gzip: broken"),
        (b"PK\x03\x04 cut off", "unreadable: zip: broken"),
        (b"Rar!\x1a\x07", "unreadable: rar: not supported"),
        (b"Obj\x01\x02", "unreadable: avro: broken"),
        (b"PAR1\0\x01\0\0PAR1", "unreadable: parquet: broken"),
    ] {
        assert_eq!(told(content), [expected]);
    }
}

#[test]
fn what_is_packed_in_something_unknown_is_found_or_named() {
    let text = "ann@contoso.com signed in. ".repeat(40);
    let header = [1, 0, 2, 0xff].repeat(300);
    let zlib = {
        let mut bytes = Vec::new();
        flate2::write::ZlibEncoder::new(&mut bytes, flate2::Compression::best())
            .write_all(text.as_bytes())
            .unwrap();
        bytes
    };
    let zstd = zstd::encode_all(text.as_bytes(), 3).unwrap();
    for packed in [&zlib, &zstd, &gzip(text.as_bytes()), &zip(&[("a", text.as_bytes())])] {
        let told = told(&[&header, packed.as_slice(), &header].concat());
        let inside = "email | binary at byte 1201 > ";
        assert!(told.iter().any(|told| told.starts_with(inside)), "{told:?}");
        assert!(!told.iter().any(|told| told.starts_with("unreadable")), "{told:?}");
    }
    let mut noise = vec![0u8; 8000];
    let mut state = 1u32;
    for byte in &mut noise {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    let named = "unreadable: binary: compressed or encrypted content";
    assert_eq!(told(&[&header, noise.as_slice()].concat()), [named]);
    assert_eq!(told(&gzip(&noise)), [format!("{named} in gzip")]);
    let floats: Vec<u8> = (0..4000).flat_map(|n| (n as f32 * 0.37).sin().to_le_bytes()).collect();
    assert_eq!(told(&floats), [""; 0]);
}

#[test]
fn strings_with_their_length_before_them_are_found() {
    // Where a length takes another byte each counts, elsewhere one in three will do.
    let is_tried =
        |len: &usize| is_everything_tried() || len.is_multiple_of(3) || (124..132).contains(len);
    for len in (15..140).filter(is_tried).chain([200, 300, 1000]) {
        for (kind, person, other) in [
            ("email", "ann@contoso.com", "jann@contoso.com"),
            ("name", "Ann Lefèvre", "Joann Lefèvre"),
        ] {
            for (text, expected) in [(person, true), (other, false)] {
                let pad = "x".repeat(usize::saturating_sub(len, text.len() + 1));
                for text in [format!("{text} {pad}"), format!("{pad} {text}")] {
                    for (way, bytes) in framed(&text) {
                        let found = told(&bytes).iter().any(|hit| hit.starts_with(kind));
                        assert_eq!(found, expected, "{way}: {text} in {bytes:?}");
                    }
                }
            }
        }
    }
}

/// A text as formats store it that put its length before it, and something after it.
fn framed(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let len = text.len();
    let long = (len as u32).to_le_bytes();
    let varint = match len {
        0..0x80 => vec![len as u8],
        _ => vec![len as u8 & 0x7f | 0x80, (len >> 7) as u8],
    };
    let with = |head: &[u8], tail: &[u8]| [head, text.as_bytes(), tail].concat();
    let mut all = vec![
        ("pickle 2", with(&[b"\x80\x02]q\0(X", &long[..]].concat(), b"q\x01X\x02\0\0\0zzq\x02e.")),
        ("bson", with(&[b"\x20\0\0\0\x02who\0", &long[..]].concat(), b"\0\0")),
        ("protobuf", with(&[b"\n\x03run\x12", &varint[..]].concat(), b"\x1a\x01x \xac\x02")),
        ("protobuf, more", with(&[b"\x08\x01\x12", &varint[..]].concat(), b"b\x01xj\x02yy")),
    ];
    if let Ok(short) = u8::try_from(len) {
        all.push(("pickle 4", with(&[0x80, 4, b']', 0x94, b'(', 0x8c, short], b"\x94K\x01e.")));
        all.push(("messagepack", with(&[0x93, 0xd9, short], b"\x07m")));
    }
    all
}

/// What stands in a binary with nothing between it and the next of its kind.
#[test]
fn strings_side_by_side_are_told_apart() {
    let mut wrong = Vec::new();
    for (kind, person, decoys, others) in [
        (
            "email",
            "ann@contoso.com",
            ["joann@contoso.com", "ann@contoso.community"],
            ["kofi.b@contoso.com", "ines@contoso.com"],
        ),
        ("name", "Ann Lefèvre", ["Joann Lefèvre", "Ann Lefèvres"], ["Kofi Brandt", "Ines Falk"]),
        (
            "object_id",
            "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            ["6f9619ff-8b86-d011-b42d-00cf4fc964ff1", "a6f9619ff-8b86-d011-b42d-00cf4fc964ff"],
            ["11111111-8b86-d011-b42d-00cf4fc964ff", "22222222-8b86-d011-b42d-00cf4fc964ff"],
        ),
        (
            "puid",
            "10037FFE80A1B2C3",
            ["10037FFE80A1B2C34", "A10037FFE80A1B2C3"],
            ["10037FFE80A1B2C4", "20037FFE80A1B2C3"],
        ),
        (
            "controller_customer_id",
            "C-1029384",
            ["XC-1029384", "C-10293845"],
            ["C-77", "C-8372611"],
        ),
    ] {
        for (middle, expected) in [(person, true), (decoys[0], false), (decoys[1], false)] {
            for (way, bytes) in side_by_side(&[others[0], middle, others[1], others[0]]) {
                let found = told(&bytes).iter().any(|hit| hit.starts_with(kind));
                if found != expected {
                    wrong.push(format!("{way}: {middle} {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Texts as formats store them that put nothing between them, or what may be letters.
fn side_by_side(texts: &[&str]) -> Vec<(String, Vec<u8>)> {
    let width = texts.iter().map(|text| text.len()).max().unwrap();
    let joined = texts.concat().into_bytes();
    let full = |text: &&str| [text.as_bytes(), &vec![0; width - text.len()]].concat();
    let elements: Vec<u8> = texts.iter().flat_map(full).collect();
    let ends = || {
        texts.iter().scan(0, |end, text| {
            *end += text.len();
            Some(*end)
        })
    };
    let offsets = |bytes: usize| {
        let number = |end: usize| (end as u64).to_le_bytes()[..bytes].to_vec();
        [0].into_iter().chain(ends()).flat_map(number).collect::<Vec<u8>>()
    };
    let each = |header: &dyn Fn(&str) -> Vec<u8>| {
        texts.iter().flat_map(|text| [&header(text), text.as_bytes()].concat()).collect::<Vec<u8>>()
    };
    let hdf5 = [0x13, 1, 0, 0, width as u8, 0, 0, 0];
    let short = |base: u8| {
        move |text: &str| match text.len() as u8 {
            len @ ..24 => vec![base + len],
            len => vec![base + 24, len],
        }
    };
    let mut all = vec![
        (
            "S".to_owned(),
            [format!("\u{1}\0{{'descr': '|S{width}'}} \n").as_bytes(), &elements].concat(),
        ),
        ("hdf5".to_owned(), [&hdf5[..], &[0xff; 9], &elements, &[0xff; 9]].concat()),
        ("arrow".to_owned(), [&[1; 5], &offsets(4)[..], &[0xff; 3], &joined, &[0x94, 1]].concat()),
        (
            "large arrow".to_owned(),
            [&[1; 5], &offsets(8)[..], b"\xffq", b"\x96", &joined, b"\x94"].concat(),
        ),
        ("cbor".to_owned(), [b"\xa2cwhog\x01\x84", &each(&short(0x60))[..]].concat()),
        (
            "ubjson".to_owned(),
            [b"{U\x03who[", &each(&|text| vec![b'S', b'U', text.len() as u8])[..], b"]}"].concat(),
        ),
        (
            "avro".to_owned(),
            [b"\0\0\0\0\x07\x08", &each(&|text| vec![text.len() as u8 * 2])[..], b"\0"].concat(),
        ),
        (
            ".net".to_owned(),
            [b"\x04\0\0\0", &each(&|text| vec![text.len() as u8])[..], b"\0"].concat(),
        ),
    ];
    for tag in [0x0a, b'J', b'b', b'z'] {
        let field = each(&|text| vec![tag, text.len() as u8]);
        let message = [&[b'B', field.len() as u8], &field[..]].concat();
        let pair = [b"\x08\x01R\x05admin", &field[..], b"R\x05admin"].concat();
        all.push((format!("protobuf {tag}"), [b"\x08\x01", &field[..], b"\x18\x02"].concat()));
        all.push((
            format!("protobuf {tag}, held"),
            [b"\x08\x01", &message[..], b"BBBBBBBB\x18"].concat(),
        ));
        all.push((format!("protobuf {tag}, more"), pair));
        let len = [field.len() as u8 | 0x80, (field.len() >> 7) as u8];
        let held = [&b"\x08\x08\x2a"[..], &len, &field];
        if field.len() > 0x7f {
            all.push((format!("protobuf {tag}, last"), held.concat()));
        }
    }
    all
}

#[test]
fn what_stands_before_a_break_is_found() {
    let text: String =
        (0..5000).map(|line| format!("{line} ann@contoso.com {}\n", line * 7919 % 1000)).collect();
    let whole = gzip(text.as_bytes());
    let told = told(&whole[..whole.len() / 2]);
    assert!(told.iter().any(|hit| hit.starts_with("email | gzip > text")));
    assert!(told.contains(&"unreadable: gzip: broken".to_owned()));
}

#[test]
fn bombs_end_within_their_limits() {
    let limits = ItemLimits {
        decoded_bytes_max: 4 << 20,
        decoded_ratio_max: 100,
        depth_max: 4,
        ..ItemLimits::default()
    };
    let matcher = Matcher::new(&[&ann()]);
    let mut nested = b"ann@contoso.com".to_vec();
    for _ in 0..10 {
        nested = gzip(&nested);
    }
    let zeros = vec![0; 64 << 20];
    for (content, reason) in [
        (gzip(&zeros), "limit"),
        (zstd::encode_all(&*zeros, 3).unwrap(), "limit"),
        (zip(&[("zeros", &zeros)]), "limit"),
        (gzip(&gzip(&zeros)), "limit"),
        (nested, "depth limit"),
        (parquet(&vec!["x".repeat(50_000).as_str(); 1000]), "limit"),
    ] {
        let scan = scan(&item("bomb"), &mut &*content, &matcher, &limits).unwrap();
        assert!(scan.unreadable.iter().all(|told| told.contains(reason)), "{:?}", scan.unreadable);
        assert_eq!(scan.unreadable.len(), 1);
    }
    let deep = [b"[".repeat(1 << 20), b"\"ann@contoso.com\"".to_vec()].concat();
    assert_eq!(told(&deep).len(), 1);
}

#[test]
fn a_failing_store_is_no_finding() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
    let matcher = Matcher::new(&[&ann()]);
    let start = gzip(b"ann@contoso.com");
    let mut content = std::io::Read::chain(&start[..12], Failing);
    let failed = scan(&item("x"), &mut content, &matcher, &ItemLimits::default());
    assert_eq!(failed.err().map(|error| error.kind()), Some(std::io::ErrorKind::ConnectionReset));
}

#[test]
fn tables_name_the_column() {
    let schema = r#"{"type":"record","name":"r","fields":[{"name":"id","type":"long"},{"name":"who","type":["null","string"]}]}"#;
    let string = |text: &str| [&[(text.len() as u8) << 1][..], text.as_bytes()].concat();
    // Sixty-four bytes and more need two bytes of length.
    let long = |text: &str| {
        [&[(text.len() << 1 & 0x7f) as u8 | 0x80, (text.len() >> 6) as u8][..], text.as_bytes()]
            .concat()
    };
    let record = [vec![2, 2], string("ann@contoso.com")].concat();
    let sync = [7; 16];
    let avro = [
        b"Obj\x01\x04".to_vec(),
        string("avro.codec"),
        string("null"),
        string("avro.schema"),
        long(schema),
        vec![0],
        sync.to_vec(),
        vec![2, (record.len() as u8) << 1],
        record,
        sync.to_vec(),
    ]
    .concat();
    assert_eq!(told(&avro), ["email | avro | who"]);
    assert_eq!(told(&parquet(&["bob@contoso.com", "ann@contoso.com"])), ["email | parquet | who"]);
}

#[test]
fn the_parts_of_a_name_in_columns_of_one_row() {
    let of = |rows: &[(Option<&str>, Option<&str>)]| {
        let given: Vec<_> = rows.iter().map(|(given, _)| *given).collect();
        let family: Vec<_> = rows.iter().map(|(_, family)| *family).collect();
        told(&parquet_of(&[("family_name", &family), ("given_name", &given)]))
    };
    let rows = [(Some("Kofi"), Some("Brandt")), (None, Some("X")), (Some("Ann"), Some("Lefèvre"))];
    assert_eq!(of(&rows), ["name | parquet | given_name"]);
    let rows =
        [(Some("Ann"), Some("Brandt")), (Some("Kofi"), Some("Lefèvre")), (Some("Ann"), None)];
    assert_eq!(of(&rows), [""; 0]);
}

fn parquet_of(columns: &[(&str, &[Option<&str>])]) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::writer::SerializedFileWriter;
    let fields: String =
        columns.iter().map(|(name, _)| format!("optional binary {name} (UTF8); ")).collect();
    let schema = format!("message m {{ {fields} }}");
    let schema = std::sync::Arc::new(parquet::schema::parser::parse_message_type(&schema).unwrap());
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema, std::sync::Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (_, cells) in columns {
        let mut column = group.next_column().unwrap().unwrap();
        let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
        let cells: Vec<ByteArray> =
            cells.iter().flatten().map(|cell| ByteArray::from(*cell)).collect();
        column.typed::<ByteArrayType>().write_batch(&cells, Some(&levels), None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

fn parquet(cells: &[&str]) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use std::sync::Arc;
    let schema =
        parquet::schema::parser::parse_message_type("message m { required binary who (UTF8); }")
            .unwrap();
    let properties =
        WriterProperties::builder().set_compression(parquet::basic::Compression::SNAPPY);
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties.build()))
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let cells: Vec<ByteArray> = cells.iter().map(|cell| ByteArray::from(*cell)).collect();
    column.typed::<ByteArrayType>().write_batch(&cells, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Texts made of what may confuse: pieces of identities, signs, escapes, letters of all kinds.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => proptest::sample::select(vec![
                "ann", "@", "contoso.com", "ann@contoso.com", "Ann", "Lefèvre", "LEFE\u{300}VRE", "山田", "太郎",
                "c-1029384", "6f9619ff8b86d011b42d00cf4fc964ff", "10037ffe80a1b2c3", "#EXT#", "_", ".", "-", "+",
                "/home/", "\"", "'", " ", "\n", "\u{3000}", "\\n", "\\u0040", "\\u0061", "%40", "%2E", "&#64;",
                "&#46;", "=40", "=\r\n", "\\\\", ",", "x", "é", "\u{200b}", "ﾔ", "ａ",
            ]).prop_map(str::to_owned),
            1 => "[ -~]{0,12}",
            1 => "\\PC{0,6}",
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    /// Slow and obviously right: an address is there if it stands between characters that are none
    /// of an address, in the text as it is.
    fn has_plain_address(text: &str) -> bool {
        let address = "ann@contoso.com";
        text.match_indices(address).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + address.len()..].chars().next();
            before.is_none_or(|c| c == ' ' || c == '<')
                && after.is_none_or(|c| c == ' ' || c == '>')
        })
    }

    fn finds(name: &str, text: &str) -> bool {
        let name = Identity::new(IdentityType::Name, IdentityFormat::Raw, name.into());
        let subject = Subject { identities: vec![name] };
        !crate::terms::scanned(&item("x"), &mut text.as_bytes(), &subject).hits.is_empty()
    }

    /// Given and family names, in scripts with capitals.
    const NAMES: [(&str, &str); 8] = [
        ("Kofi", "Osei"),
        ("Mira", "Brandt"),
        ("Ines", "Falk"),
        ("José", "Peña"),
        ("Zoë", "O'Hara"),
        ("Анна", "Каренина"),
        ("Ωλγα", "Παππά"),
        ("Jean-Luc", "Łapiński"),
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        /// In a list of full names stands each of them, and nobody whose family name one has and
        /// whose given name the next.
        #[test]
        fn lists_of_names_do_not_run_into_each_other(
            order in Just((0..NAMES.len()).collect::<Vec<_>>()).prop_shuffle(),
            len in 2usize..6,
            joint in proptest::sample::select(vec![", ", ",", "; ", ",\n", " and ", " & ", ", and "]),
            head in proptest::sample::select(vec!["", "Participants: ", "(", "by ", "1,", "x\t"]),
            tail in proptest::sample::select(vec!["", ".", ")", " et al.", ",3", "\n"]),
            capitals in any::<bool>(),
        ) {
            let case = |text: &str| if capitals { text.to_uppercase() } else { text.to_owned() };
            let people: Vec<_> = order[..len].iter().map(|index| NAMES[*index]).collect();
            let full: Vec<String> =
                people.iter().map(|(given, family)| case(&format!("{given} {family}"))).collect();
            let text = format!("{head}{}{tail}", full.join(joint));
            for (at, (given, family)) in people.iter().enumerate() {
                let own = format!("{given} {family}");
                prop_assert!(finds(&own, &text), "{} in {}", own, text);
                if let Some((next, _)) = people.get(at + 1) {
                    let nobody = format!("{next} {family}");
                    prop_assert!(!finds(&nobody, &text), "{} in {}", nobody, text);
                }
            }
        }

        /// In a list of names that are turned each of them stands.
        #[test]
        fn lists_of_turned_names_hold_each(
            order in Just((0..NAMES.len()).collect::<Vec<_>>()).prop_shuffle(),
            len in 1usize..6,
            joint in proptest::sample::select(vec!["; ", " and ", " & ", "\n", " und "]),
            head in proptest::sample::select(vec!["", "author = {", "By ", "submitted by ", "3,"]),
        ) {
            let people: Vec<_> = order[..len].iter().map(|index| NAMES[*index]).collect();
            let turned: Vec<String> =
                people.iter().map(|(given, family)| format!("{family}, {given}")).collect();
            let text = format!("{head}{}", turned.join(joint));
            for (at, (given, family)) in people.iter().enumerate() {
                let own = format!("{given} {family}");
                prop_assert!(finds(&own, &text), "{} in {}", own, text);
                if let Some((_, next)) = people.get(at + 1) {
                    let nobody = format!("{given} {next}");
                    prop_assert!(!finds(&nobody, &text), "{} in {}", nobody, text);
                }
            }
        }

        /// What no domain can go on with ends an address; what one can makes another.
        #[test]
        fn what_follows_an_address_ends_it_or_makes_another(
            extension in "[a-z]{2,5}[0-9]|[0-9]{1,8}|(npy|onnx|joblib|h5|ckpt|log|bak|safetensors)",
            more in proptest::sample::select(vec!["", ".gz", ".1", "-old", "_2026", ".tar.bz2"]),
            top in proptest::sample::select(vec!["au", "br", "cn", "de", "info", "dev", "xn--p1ai"]),
            lead in proptest::sample::select(vec!["", "see ", "models/", "a\\", "\""]),
        ) {
            let text = format!("{lead}ann@contoso.com.{extension}{more}");
            prop_assert!(told(text.as_bytes()).iter().any(|hit| hit.starts_with("email")), "{}", text);
            let text = format!("{lead}ann@contoso.com.{top}{more}");
            prop_assert!(told(text.as_bytes()).is_empty(), "{}", text);
        }

        #[test]
        fn a_plain_address_is_found_and_nothing_where_no_letter_is(text in texts()) {
            let told = told(text.as_bytes());
            if has_plain_address(&text) {
                prop_assert!(told.iter().any(|hit| hit.starts_with("email")));
            }
            if !text.contains(['a', 'A', 'ａ', '1', '6', '山', '%', '\\', '&', '=']) {
                prop_assert!(told.iter().all(|hit| hit.starts_with("name")), "{:?}", told);
            }
        }

        #[test]
        fn padding_and_windows_change_nothing(text in texts(), at in 250_000usize..275_000) {
            let alone: Vec<_> = told(format!(". {text} .").as_bytes()).into_iter().map(kind).collect();
            let padded = [". ".repeat(at / 2), format!(". {text} ."), " .".repeat(20_000)].concat();
            let far: Vec<_> = told(padded.as_bytes()).into_iter().map(kind).collect();
            prop_assert_eq!(alone, far);
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..2000), magic in 0usize..8) {
            let magics: [&[u8]; 8] =
                [b"", b"\x1f\x8b\x08\0", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"Obj\x01", b"PAR1", b"\x78\x9c"];
            told(&[magics[magic], &bytes].concat());
        }

        #[test]
        fn what_is_found_the_filter_admits(text in texts()) {
            scanned(text.as_bytes());
        }
    }

    /// The identity and the view, without the place.
    fn kind(hit: String) -> String {
        hit.rsplit_once(" | ").map_or(hit.clone(), |(kind, _)| kind.to_owned())
    }
}

/// Broken is what cannot be read by anybody; these we do not read.
#[test]
fn what_wants_more_memory_than_it_may_have_says_so() {
    // A window of a gibibyte, and a dictionary of a quarter of one.
    let zstd = [b"\x28\xb5\x2f\xfd\x00\xa0\x09\x00\x00a".as_slice(), &[0; 64]].concat();
    let lzma = [b"\x5d\x00\x00\x00\x10".as_slice(), &[0xff; 8], &[0; 64]].concat();
    assert_eq!(told(&zstd), ["unreadable: zstd: memory limit"]);
    assert_eq!(told(&lzma), ["unreadable: lzma: memory limit"]);
    assert_eq!(told(&gzip(&zstd)), ["unreadable: zstd: memory limit in gzip"]);
    let mut labelled = item("x");
    labelled.content_encoding = Some("zstd".to_owned());
    let matcher = Matcher::new(&[&ann()]);
    let scan = scan(&labelled, &mut &*zstd, &matcher, &ItemLimits::default()).unwrap();
    assert_eq!(scan.unreadable, ["content encoding: over its limit"]);
}

/// Nobody is deleted with a document of which a part was not looked through.
#[test]
fn whoever_may_stand_where_nobody_looked_counts_as_somebody_else() {
    let filler = "nothing here\n".repeat(20_000);
    let alone = format!("ann@contoso.com\n{filler}");
    let brotli = |text: &str| {
        let mut out = Vec::new();
        encode(Coding::Brotli, &mut text.as_bytes(), &mut out).unwrap();
        out
    };
    let small = ItemLimits { decoded_bytes_max: 100_000, ..ItemLimits::default() };
    let shallow = ItemLimits { depth_max: 1, ..ItemLimits::default() };
    let whole = ItemLimits::default();
    let shared = format!("{alone}bob@fabrikam.com\n");
    let mut broken = gzip(alone.as_bytes());
    broken.truncate(broken.len() / 2);
    for (what, bytes, coding, limits, expected) in [
        ("alone", gzip(alone.as_bytes()), None, whole, false),
        ("others", gzip(shared.as_bytes()), None, whole, true),
        ("size", gzip(alone.as_bytes()), None, small, true),
        ("depth", gzip(&gzip(alone.as_bytes())), None, shallow, true),
        ("broken", broken, None, whole, true),
        ("alone, encoded", brotli(&alone), Some("br"), whole, false),
        ("others, encoded", brotli(&shared), Some("br"), whole, true),
        ("size, encoded", brotli(&alone), Some("br"), small, true),
    ] {
        let mut item = item("x");
        item.content_encoding = coding.map(str::to_owned);
        let people = PeopleLimits::default();
        let told =
            names_others(&item, &mut &*bytes, &[&ann()], &Known::default(), &limits, &people)
                .unwrap();
        assert_eq!(told, [expected], "{what}");
    }
}

#[test]
fn colours_letters_of_tex_and_records_of_users() {
    for (content, kind) in [
        ("\u{3}04ann@contoso.com\u{3} hi", "email"),
        ("<\u{3}4,12an\u{3}07n@contoso.com\u{f}> hello there, all of you in this room", "email"),
        ("\u{2}Ann\u{2} \u{1d}Lefèvre\u{1d} joined the channel", "name"),
        ("§cann@contoso.com§r joined", "email"),
        ("§aAnn§r §bLefèvre§r", "name"),
        ("[bold red]Ann[/] [green]Lefèvre[/green]", "name"),
        ("[red]an[/red]n@contoso.com", "email"),
        ("user=[bold]ann[/bold]", "username"),
        ("#[fg=red]ann#[default]@contoso.com", "email"),
        (r"author = {Lef{\`e}vre, Ann}", "name"),
        (r"\author{Ann Lef\`evre}", "name"),
        (r"^ann@contoso\.com$", "email"),
        ("# TODO(ann): x", "username"),
        ("10.0.0.4 - ann [20/Nov/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 1", "username"),
        ("GRANT ALL ON runs TO ann;", "username"),
        ("INSERT INTO runs (id, owner) VALUES (1, 'ann');", "username"),
        ("1f3a9c07 (ann 2026-11-20 09:00:00 +0000 1) x = 1", "username"),
        ("Maintainer: ann\n", "username"),
    ] {
        let told = told(content.as_bytes());
        assert!(told.iter().any(|hit| hit.starts_with(kind)), "{content:?}: {told:?}");
    }
    for content in [
        "\u{3}04joann@contoso.com\u{3} hi",
        "§cann@contoso.com.org§r joined",
        "# TODO: ann",
        "GRANT ALL ON ann TO kofi;",
        "INSERT INTO runs (id, model) VALUES (1, 'ann');",
        "<td>Kofi Ann</td><td>Lefèvre Roy</td>",
        "\0\0ann@contoso.com.orgbob\0\0",
        "[{U\u{4}mailSU\u{f}ann@contoso.com.orgU\u{5}givenSU\u{4}Kofi}]",
        "\u{8}\u{7}:\u{10}2\u{b}Kofi Brandt2\u{f}ann@contoso.com.org2\u{b}Mira Brandt\u{2}\u{1}\u{0}",
    ] {
        assert_eq!(told(content.as_bytes()), [""; 0], "{content:?}");
    }
}
