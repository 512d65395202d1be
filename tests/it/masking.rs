//! Who is masked in the items that one person gets, in which readings, under which number; and what
//! is nobody's to have.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::Item;
use dsrd::matching::limits::{ItemLimits, PeopleLimits};
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::census::{Census, census};
use dsrd::matching::people::crowd::Crowd;
use dsrd::matching::people::kin::known::Known;
use dsrd::matching::people::mask::Mask;
use dsrd::matching::people::named::Identifier;
use dsrd::matching::people::others::names_others;
use dsrd::matching::put::Replaced;
use dsrd::matching::redact::looks::Masking;
use dsrd::matching::redact::rewriting::{is_clean, redact_named, redact_short};
use dsrd::matching::scan::scan;
use dsrd::matching::views::spelling::fold::folded;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use sha2::{Digest, Sha256};

use crate::matching::{item, stored, zip};

fn subject(identities: &[(IdentityType, &str)]) -> Subject {
    let raw = |(kind, value): &(IdentityType, &str)| {
        Identity::new(*kind, IdentityFormat::Raw, (*value).to_owned())
    };
    Subject { identities: identities.iter().map(raw).collect() }
}

/// What an archive for Hanako shows of somebody else in this form, whom another item names; `None`
/// if nothing. Somebody's numbers are nobody's that an item could name.
pub fn shown_of_another(kind: IdentityType, value: &str, content: &[u8]) -> Option<&'static str> {
    let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
    let other = Identifier { kind, value: folded(value) };
    let mut crowd = Crowd::new(&hanako(), &people);
    crowd.add(&Census { groups: vec![vec![other]], ..Census::default() });
    crowd.add(&census(&item("x"), &mut &*content, &limits, &people).unwrap());
    let mask = crowd.mask().unwrap();
    let mut out = Vec::new();
    let rewritten = redact_named(&mut Masking::of(&mask), "x", &mut &*content, &mut out, &limits);
    let bytes = match rewritten {
        Ok(replaced) if replaced.places() > 0 => out.as_slice(),
        _ => content,
    };
    if !is_clean(&mut Masking::of(&mask), "x", &mut &*bytes, &limits).unwrap() {
        return None;
    }
    let another = subject(&[(kind, value)]);
    let matcher = Matcher::new(&[&another]);
    let seen = scan(&item("x"), &mut &*bytes, &matcher, &limits).unwrap();
    if bytes == content {
        return Some("all");
    }
    (!seen.hits.is_empty()).then_some("some")
}

fn hanako() -> Subject {
    subject(&[(IdentityType::Email, "hanako.example@contoso.example")])
}

/// Hanako's run, which Taro changed.
const RUN: &str = r#"{
  "runId": "churn_1", "displayName": "quiet river", "userId": "11111111-2222-3333-4444-555555555555",
  "createdBy": {
    "userObjectId": "11111111-2222-3333-4444-555555555555", "userPuId": "1003200112345678",
    "userTenantId": "99999999-8888-7777-6666-555555555555",
    "userName": "Hanako Example", "upn": "hanako.example@contoso.example"
  },
  "lastModifiedBy": {
    "userObjectId": "22222222-3333-4444-5555-666666666666", "userPuId": 1003200298765432,
    "userAltSecId": "1:live.com:0003000012345678", "userName": "Taro Lef\u00e8vre", "upn": null
  },
  "tags": {"mlflow.user": "hanako.example", "owner": "eve@contoso.example"},
  "token": "0123456789abcdef0123",
  "logFiles": {"a": "https://x.blob.core.windows.net/a/Users/jiro/b.txt?sv=1&sig=a%2Fb%3D&skoid=1-2&sp=r"},
  "systemData": {"createdBy": "system", "createdByType": "User", "lastModifiedBy": "Li"}
}"#;

const LOG: &str = "start by Taro Lefèvre <taro@contoso.example> for Hanako Example, not Li\n\
    puid 1003200298765432 or 0003000012345678 in /home/jiro/x, eve@contoso.example,\n\
    oid 22222222333344445555666666666666 q=TARO%20LEF%C3%88VRE\n";

fn items() -> Vec<(Item, Vec<u8>)> {
    vec![(item("run.json"), RUN.into()), (item("logs/a.log"), LOG.into())]
}

fn mask(subject: &Subject, items: &[(Item, Vec<u8>)]) -> Option<Mask> {
    let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
    let mut crowd = Crowd::new(subject, &people);
    for (item, content) in items {
        crowd.add(&census(item, &mut content.as_slice(), &limits, &people).unwrap());
    }
    crowd.mask()
}

fn masked(mask: &Mask, content: &[u8]) -> (Vec<u8>, Replaced) {
    let mut look = Masking::of(mask);
    let mut out = Vec::new();
    let replaced =
        redact_named(&mut look, "x", &mut &*content, &mut out, &ItemLimits::default()).unwrap();
    assert!(is_clean(&mut look, "x", &mut out.as_slice(), &ItemLimits::default()).unwrap());
    (out, replaced)
}

#[test]
fn what_a_person_gets_of_a_shared_run() {
    let items = items();
    let mask = mask(&hanako(), &items).unwrap();
    let mut text = String::new();
    for (_, content) in &items {
        let (out, replaced) = masked(&mask, content);
        text.push_str(&format!("{}\n{replaced:?}\n", String::from_utf8(out).unwrap()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn numbers_do_not_depend_on_the_run() {
    let items = items();
    let (one, other) = (mask(&hanako(), &items).unwrap(), mask(&hanako(), &items).unwrap());
    for (_, content) in &items {
        assert!(masked(&one, content).0 == masked(&other, content).0);
    }
}

#[test]
fn the_subject_is_known_by_any_of_their_names() {
    let hash = hex::encode(Sha256::digest("hanako.example@contoso.example"));
    let hashed = Subject {
        identities: vec![Identity::new(IdentityType::Email, IdentityFormat::Sha256, hash)],
    };
    let by_id = subject(&[(IdentityType::ObjectId, "{11111111222233334444555555555555}")]);
    let by_puid = subject(&[(IdentityType::Puid, "1003200112345678")]);
    for subject in [hanako(), hashed, by_id, by_puid] {
        let mask = mask(&subject, &items()).unwrap();
        let out = String::from_utf8(masked(&mask, RUN.as_bytes()).0).unwrap();
        for own in ["Hanako Example", "11111111-2222-3333-4444-555555555555", "hanako.example@"] {
            assert_eq!(out.matches(own).count(), RUN.matches(own).count(), "{own}");
        }
        assert!(!out.contains("22222222"));
    }
    let taro = subject(&[(IdentityType::Puid, "1:live.com:0003000012345678")]);
    let out = masked(&mask(&taro, &items()).unwrap(), LOG.as_bytes()).0;
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("Taro Lefèvre") && !out.contains("Hanako"), "{out}");
}

#[test]
fn others_are_masked_in_every_encoding_or_the_item_is_left_out() {
    let mention = "by Taro Lefèvre and 22222222-3333-4444-5555-666666666666 eve@contoso.example";
    let mut table = String::new();
    for (way, store) in stored() {
        let content = store(mention);
        let items = [items(), vec![(item("x"), content.clone())]].concat();
        let mask = mask(&hanako(), &items).unwrap();
        let (mut look, mut out) = (Masking::of(&mask), Vec::new());
        let end = match redact_named(
            &mut look,
            "x",
            &mut content.as_slice(),
            &mut out,
            &ItemLimits::default(),
        ) {
            Ok(replaced) => {
                assert!(
                    is_clean(&mut look, "x", &mut out.as_slice(), &ItemLimits::default()).unwrap()
                );
                assert!(replaced.persons > 0, "{way}");
                format!("{} places", replaced.persons)
            }
            Err(refused) => refused.to_string(),
        };
        table.push_str(&format!("{way:<32}{end}\n"));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn names_and_tags_are_masked_too() {
    let mut run = item("azureml/Users/jiro/run.json");
    run.tags = BTreeMap::from([("mlflow.user".to_owned(), "taro.l".to_owned())]);
    let items = [vec![(run, Vec::new())], items()].concat();
    let mask = mask(&hanako(), &items).unwrap();
    let short = |key, text| redact_short(&mut Masking::of(&mask), key, text).unwrap().text;
    assert_eq!(short(None, "azureml/Users/jiro/run.json"), "azureml/Users/Person 2/run.json");
    assert_eq!(short(Some("mlflow.user"), "hanako.example"), "hanako.example");
    assert_eq!(short(Some("url"), "https://x/?sig=abc"), "https://x/?sig=[removed]");
}

/// What nobody could look into is named without whoever it may be about.
#[test]
fn a_name_in_the_name_of_what_is_unread_is_not_told() {
    let name = |kind, value: &str| Identifier { kind, value: value.to_owned() };
    let known = Known::new(&[
        vec![name(IdentityType::Name, "ines falk"), name(IdentityType::Email, "ifalk@x.example")],
        vec![name(IdentityType::Username, "kmensa")],
        vec![name(IdentityType::Email, "data.team@x.example")],
    ]);
    let mask = mask(&hanako(), &items()).unwrap().knowing(Arc::new(known));
    for (name, expected) in [
        ("scores/Quentin Vasseur.7z", "scores/[removed].7z"),
        ("quentin_vasseur.7z", "[removed].7z"),
        ("vasseur-quentin.duckdb", "[removed].duckdb"),
        ("quentin.vasseur.7z", "[removed].7z"),
        ("quentin%20vasseur_2024.7z", "[removed].7z"),
        ("Quentin Vasseur 2024 v2.7z", "[removed].7z"),
        ("QUENTIN_VASSEUR.7Z", "[removed].7Z"),
        ("quentinVasseur.7z", "[removed].7z"),
        ("QuentinVasseur/a.7z", "[removed]/a.7z"),
        ("jean-luc_vasseur.rar", "[removed].rar"),
        ("quentin_vasseur/model.7z", "[removed]/model.7z"),
        ("hanako_example_Quentin_Vasseur.7z", "[removed].7z"),
        // Whom the workspace knows, by any word.
        ("falk.7z", "[removed].7z"),
        ("kmensa.7z", "[removed].7z"),
        ("kmensa_2.tar.gz", "[removed].tar.gz"),
        ("ifalk-data.7z", "[removed].7z"),
        ("model_of_falk.7z", "[removed].7z"),
        ("falkland.7z", "falkland.7z"),
        // What is of machines and methods, or one word, is nobody's.
        ("train_data.7z", "train_data.7z"),
        ("model_weights_v2.7z", "model_weights_v2.7z"),
        ("azureml/run_4711/outputs.7z", "azureml/run_4711/outputs.7z"),
        ("checkpoint-000120.pt2", "checkpoint-000120.pt2"),
        ("hanako_example.7z", "hanako_example.7z"),
        ("hanako_example_notes.7z", "hanako_example_notes.7z"),
        ("hanako_example_final_results.7z", "hanako_example_final_results.7z"),
        ("scores/Quentin_Vasseur/a.tar.7z", "scores/[removed]/a.tar.7z"),
        ("scores/Quentin%20Vasseur.7z", "scores/[removed].7z"),
        ("scores/Vasseur,%20Quentin.tar.7z", "scores/[removed].tar.7z"),
        ("Quentin-Vasseur", "[removed]"),
        ("scores/Hanako%20Example.7z", "scores/Hanako%20Example.7z"),
        ("scores/Hanako Example.7z", "scores/Hanako Example.7z"),
        ("outputs/Random Forest.7z", "outputs/Random Forest.7z"),
        ("outputs/model.7z", "outputs/model.7z"),
        ("LocalUpload/model.7z", "LocalUpload/model.7z"),
    ] {
        assert_eq!(mask.without_names(name), expected, "{name}");
    }
}

#[test]
fn too_many_people_are_none_masked() {
    let people = PeopleLimits { people_max: 10, ..PeopleLimits::default() };
    let text: String = (0..20).map(|number| format!("p{number}@contoso.example ")).collect();
    let counted =
        census(&item("x"), &mut text.as_bytes(), &ItemLimits::default(), &people).unwrap();
    assert!(counted.overflowed);
    let mut crowd = Crowd::new(&hanako(), &people);
    crowd.add(&counted);
    assert!(crowd.mask().is_none() && crowd.overflowed());
}

/// A document, and a workbook, each with one row of these cells below these heads, if any.
fn office(heads: &[&str], cells: &[&str]) -> [Vec<u8>; 2] {
    let rows = || [heads, cells].into_iter().filter(|row| !row.is_empty());
    let table = |row: &[&str]| {
        let cell = |cell: &&str| format!("<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>");
        format!("<w:tr><w:trPr/>{}</w:tr>", row.iter().map(cell).collect::<String>())
    };
    let document = format!(
        "<?xml version=\"1.0\"?><w:document><w:body><w:p><w:t>{}</w:t></w:p><w:tbl>{}</w:tbl>\
         </w:body></w:document>",
        "so it is ".repeat(300),
        rows().map(table).collect::<String>()
    );
    let strings = rows().flatten().map(|cell| format!("<si><t>{cell}</t></si>"));
    let strings = format!("<?xml version=\"1.0\"?><sst>{}</sst>", strings.collect::<String>());
    let mut number = 0;
    let mut sheet = |row: &[&str]| {
        let mut cell = |_: &&str| {
            number += 1;
            format!("<c t=\"s\"><v>{}</v></c>", number - 1)
        };
        format!("<row>{}</row>", row.iter().map(&mut cell).collect::<String>())
    };
    let sheet = format!(
        "<?xml version=\"1.0\"?><worksheet><sheetData>{}</sheetData></worksheet>",
        rows().map(&mut sheet).collect::<String>()
    );
    [
        zip(&[("word/document.xml", document.as_bytes())]),
        zip(&[
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
            ("xl/sharedStrings.xml", strings.as_bytes()),
        ]),
    ]
}

/// What is left in a zip of a row beside the address of somebody else.
#[test]
fn numbers_beside_an_address_in_a_row_are_masked() {
    let cells = ["Kofi Mensa", "kofi.mensa@x.example", "+49 30 1234567", "C01X00T47", "NC24"];
    let heads = ["Name", "E-Mail", "Phone", "Passport", "Cluster"];
    let orders = ["Name", "E-Mail", "Phone", "Order", "Cluster"];
    for (heads, gone) in [(&[][..], 4), (&heads, 4), (&orders, 3)] {
        for content in office(heads, &cells) {
            let items = vec![(item("x"), content.clone())];
            let out = masked(&mask(&hanako(), &items).unwrap(), &content).0;
            let mut archive = zip::ZipArchive::new(std::io::Cursor::new(out)).unwrap();
            let mut text = String::new();
            for index in 0..archive.len() {
                let mut member = archive.by_index(index).unwrap();
                std::io::Read::read_to_string(&mut member, &mut text).unwrap();
            }
            let left: Vec<&str> = cells
                .into_iter()
                .filter(|cell| {
                    text.contains(&format!("<w:t>{cell}</w:t>"))
                        || text.contains(&format!("<t>{cell}</t>"))
                })
                .collect();
            assert_eq!(left, cells[gone..], "{heads:?}");
        }
    }
}

/// A table with the columns of a row, and a map of one entry in each.
fn parquet_of(rows: &[[&str; 5]]) -> Vec<u8> {
    const SCHEMA: &str = "message t { optional binary given (UTF8); required binary family (UTF8); \
        required binary mail (UTF8); required binary note (UTF8); optional group said (MAP) { \
        repeated group key_value { required binary key (UTF8); optional binary value (UTF8); } } }";
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut number = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let cells = rows.iter().map(|row| if number == 4 { "user" } else { row[number.min(4)] });
        // A first name that is not there is none.
        let present: Vec<ByteArray> =
            cells.clone().filter(|cell| !cell.is_empty()).map(ByteArray::from).collect();
        let levels: Vec<i16> = cells
            .map(|cell| match number {
                0 => i16::from(!cell.is_empty()),
                4 => 2,
                _ => 2 + i16::from(!cell.is_empty()),
            })
            .collect();
        let (levels, lists) = match number {
            0 => (Some(levels), None),
            1..4 => (None, None),
            _ => (Some(levels), Some(vec![0i16; rows.len()])),
        };
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(&present, levels.as_deref(), lists.as_deref()).unwrap();
        column.close().unwrap();
        number += 1;
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// What one column says of whom, another may.
#[test]
fn columns_beside_one_that_is_masked_are_masked() {
    let own = ["", "Example", "hanako.example@contoso.example", "hers", ""];
    let others = ["Kofi", "Mensa", "kofi.mensa@x.example", "theirs", "kofib"];
    let rows: Vec<[&str; 5]> = (0..3000).map(|n| if n % 7 == 3 { own } else { others }).collect();
    let content = parquet_of(&rows);
    let (out, _) = masked(&mask(&hanako(), &[(item("x"), content.clone())]).unwrap(), &content);
    let reader = SerializedFileReader::new(Bytes::from(out)).unwrap();
    let mut count = 0;
    for (row, before) in reader.get_row_iter(None).unwrap().zip(&rows) {
        let row = row.unwrap().to_string();
        if before == &own {
            assert!(row.contains(own[2]) && row.contains(own[1]), "{row}");
            assert!(row.contains("given: null") && row.contains("hers"), "{row}");
        } else {
            let shown = others.iter().filter(|cell| row.contains(**cell)).collect::<Vec<_>>();
            assert_eq!(shown, [&"theirs"], "{row}");
        }
        count += 1;
    }
    assert_eq!(count, rows.len());
}

/// What a workbook holds in a row of an address and this number below these heads, once the number
/// of somebody else is masked in it.
fn masked_number(head: &str, address: &str, cell: &str) -> String {
    let strings = ["E-Mail", head, address].map(|cell| format!("<si><t>{cell}</t></si>"));
    let strings = format!("<?xml version=\"1.0\"?><sst>{}</sst>", strings.concat());
    let sheet = format!(
        "<?xml version=\"1.0\"?><worksheet><sheetData><row><c t=\"s\"><v>0</v></c>\
         <c t=\"s\"><v>1</v></c></row><row><c t=\"s\"><v>2</v></c>{cell}</row>\
         </sheetData></worksheet>"
    );
    let content = zip(&[
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
    ]);
    let items = vec![(item("x"), content.clone())];
    let out = masked(&mask(&hanako(), &items).unwrap(), &content).0;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(out)).unwrap();
    let member = archive.by_name("xl/worksheets/sheet1.xml").unwrap();
    let text = std::io::read_to_string(member).unwrap();
    let row = text.rsplit_once("<v>2</v></c>").unwrap().1;
    row.split_once("</row>").unwrap().0.to_owned()
}

#[test]
fn numbers_of_others_in_numeric_cells_are_masked() {
    let (kofi, own) = ("kofi.mensa@x.example", "hanako.example@contoso.example");
    for (head, address, cell, expected) in [
        ("Customer ID", kofi, "<c><v>70042917</v></c>", "<c t=\"str\"><v>Person 2</v></c>"),
        ("Customer ID", kofi, "<c r=\"B2\" t=\"n\"><v>70042917</v></c>", {
            "<c r=\"B2\" t=\"str\"><v>Person 2</v></c>"
        }),
        ("Phone", kofi, "<c><v>4930123456789</v></c>", "<c t=\"str\"><v>Person 2</v></c>"),
        // Of nobody else, and of no person.
        ("Customer ID", own, "<c><v>70042917</v></c>", "<c><v>70042917</v></c>"),
        ("Steps", kofi, "<c><v>70042917</v></c>", "<c><v>70042917</v></c>"),
    ] {
        assert_eq!(masked_number(head, address, cell), expected, "{head} {address}");
    }
}

#[test]
fn aliases_in_listings_and_in_objects_of_users_are_masked() {
    let queue = "JOBID PARTITION NAME USER ST TIME NODES NODELIST(REASON)\n\
        7 gpu train kofim R 1:02 1 node7\n8 gpu hanako.e hanako.example PD 0:00 1 (Priority)\n";
    let slack = r#"[{"name":"kofi.m","real_name":"Kofi Mensa","profile":{"email":"k@x.example"}},
        {"name":"hanako.e","real_name":"Hanako Example","email":"hanako.example@contoso.example"},
        {"name":"churn-model","tags":["nightly"]}]"#;
    let notes = "x # TODO(kofimb): for hanako.example\n\\author{kofimb}\n@author kofimb\n\
        ALTER TABLE runs OWNER TO kofimb;\nTODO(later): fast\nmodify acls to: kofimb\n\
        12:01 -!- kofimb [~k@10.0.0.4] has joined\n";
    for (text, gone, left) in [
        (notes, vec!["kofimb"], vec!["hanako.example", "ALTER TABLE runs", "fast"]),
        (queue, vec!["kofim"], vec!["gpu train", "R 1:02 1 node7", "hanako.example PD"]),
        (
            slack,
            vec!["kofi.m", "Kofi Mensa", "k@x.example"],
            vec!["\"hanako.e\"", "Hanako Example", "churn-model", "nightly"],
        ),
    ] {
        let items = vec![(item("x"), text.as_bytes().to_vec())];
        let out = masked(&mask(&hanako(), &items).unwrap(), text.as_bytes()).0;
        let out = String::from_utf8(out).unwrap();
        assert!(!gone.iter().any(|one| out.contains(one)), "{out}");
        assert!(left.iter().all(|one| out.contains(one)), "{out}");
    }
}

/// Whether an item names others than this subject.
fn shared(subject: &Subject, name: &str, content: &[u8]) -> bool {
    let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
    names_others(&item(name), &mut &*content, &[subject], &Known::default(), &limits, &people)
        .unwrap()[0]
}

#[test]
fn who_shares_an_item() {
    let shared = |name: &str, content: &[u8]| shared(&hanako(), name, content);
    assert!(shared("x", RUN.as_bytes()));
    assert!(!shared("Users/hanako.example/x", b"hanako.example@contoso.example by system"));
    assert!(shared("Users/jiro/x", b"hanako.example@contoso.example"));
    assert!(shared("x.zip", &zip(&[("a", b"eve@contoso.example")])));
    let own = RUN.split("\"lastModifiedBy\"").next().unwrap();
    assert!(!shared("x", own.as_bytes()));
}

/// What tells who somebody is, or how far a secret goes, may stand far from the one escape of a
/// text.
#[test]
fn what_stands_far_from_an_escape_counts_too() {
    let me = subject(&[(IdentityType::Name, "Jörg Müller")]);
    let rows = r#"{"loss": 1}, "#.repeat(2_000);
    let members =
        format!(r#"[{{"name": "J\u00f6rg M\u00fcller"}}, {rows}{{"name": "Bob Stone"}}]"#);
    assert!(shared(&me, "x", members.as_bytes()));
    let alone = format!(r#"[{{"name": "J\u00f6rg M\u00fcller"}}, {rows}{{"name": "x"}}]"#);
    assert!(!shared(&me, "x", alone.as_bytes()));
    let mask = mask(&hanako(), &[]).unwrap();
    let secret = "aB3dE6gH9jK2".repeat(2_000);
    for quote in ["%22", r"\u0022", "&quot;"] {
        let text = format!("a {quote}clientSecret{quote}:{quote}{secret}{quote} b");
        let told = String::from_utf8(masked(&mask, text.as_bytes()).0).unwrap();
        assert!(!told.contains("aB3dE6gH9jK2") && told.ends_with(" b"), "{quote}: {told}");
    }
}

/// Documents that name Hanako Example and somebody else, who has no address in them.
#[test]
fn whoever_is_named_beside_the_subject_is_recognised() {
    let me = "hanako.example@contoso.example";
    let named = subject(&[
        (IdentityType::Email, me),
        (IdentityType::Name, "Hanako Example"),
        (IdentityType::Username, "hanako"),
    ]);
    let mut missed = Vec::new();
    for text in [
        r#"{"creation_context": {"created_by": "Kofi Brandt"}, "tags": {"owner": "ME"}}"#,
        r#"{"creation-context": {"last-modified-by": "Ines Falk"}, "tags": {"owner": "ME"}}"#,
        r#"{"systemData": {"createdBy": "Tom Adler", "createdByType": "User"}, "owner": "ME"}"#,
        "creation_context:\n  created_by: Lars Weber\n  created_by_type: User\nowner: ME\n",
        "systemData:\n  createdBy: Tom Adler\ntags:\n  owner: ME\n",
        "run_name: quiet\nuser_id: kofib\ncreator: ME\n",
        "owner: ME\nreviewers:\n  - Kofi Brandt\n",
        "ME cc kofi@xn--80a1acny.xn--p1ai",
        "ME; mail kofi.brandt@nordlicht",
        "ME; mail kofi@[10.0.0.4]",
        "from ME to \"kofi brandt\"@nordlicht.example",
        "ME via <bounce+kofi.brandt=nordlicht.example@lists.test>",
        "ME wrote preds/kofi.brandt@nordlicht.example-2026-11.csv",
        "ME; author u003ckofi.brandt@nordlicht.exampleu003e",
        r#"{"who": "ME", "cc": "kofi.brandt@nordlicht.exampleines.falk@nordlicht.example"}"#,
        "ME\nkofib@gpu-01:~$ ls\n",
        "From: Kofi Mensa\nTo: ME\n",
        "Reviewed-by: Kofi Mensa\nSigned-off-by: ME\n",
        "ME and 22222222-3333-4444-5555-666666666666",
        "user,oid\nME,\nx,22222222-3333-4444-5555-666666666666\n",
        "owner_oid: 22222222-3333-4444-5555-666666666666 contact: ME",
        "puid: 1003200298765432, mail: ME",
        "ME and Walburga Osterreicher",
        "by Walburga Osterreicher and ME",
        "Hanako Example, Walburga Osterreicher and Ines Falk",
        "name,role\nHanako Example,dev\nWalburga Osterreicher,lead\nBob Builder,ops\n",
        "Hanako Example,dev\nWalburga Osterreicher,lead\n",
        "name\trole\nWalburga Osterreicher\tlead\nHanako Example\tdev\n",
        "| name | role |\n|---|---|\n| Hanako Example | dev |\n| Kofi Brandt | ops |\n",
        "team:\n- Hanako Example\n- Kofi Brandt\n",
        r#"[{"name": "Hanako Sample", "mail": "ME"}, {"mail": "", "name": "Bob Builder"}]"#,
        r#"[{"name": "Hanako Example", "mail": "ME"}, {"name": "Bob Builder", "role": "x"}]"#,
        r#"{"authors": ["Hanako Example", "Kofi Brandt"]}"#,
        "author = {Example, Hanako and Brandt, Kofi}",
        "run,requester,reviewer\n1,ME,kofib\n",
        "<owner>Kofi Brandt</owner><mail>ME</mail>",
        "担当者：ME、山田太郎さん",
    ] {
        let text = text.replace("ME", me);
        if !shared(&named, "x", text.as_bytes()) {
            missed.push(text);
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n--\n"));
}

/// Every way to write who did something, in every format that has keys.
#[test]
fn whatever_a_key_that_speaks_of_people_says_is_somebody() {
    let me = "hanako.example@contoso.example";
    let keys = [
        "created_by",
        "createdBy",
        "created-by",
        "CreatedBy",
        "last_modified_by",
        "lastModifiedBy",
        "owner",
        "Author",
        "reviewers",
        "submittedBy",
        "assignee",
        "user_name",
        "userId",
    ];
    let values = [
        "Kofi Brandt",
        "Brandt, Kofi",
        "kofib",
        "22222222-3333-4444-5555-666666666666",
        "k@x.test",
    ];
    let mut missed = Vec::new();
    for (key, value) in keys.iter().flat_map(|key| values.map(|value| (key, value))) {
        for text in [
            format!(r#"{{"{key}": "{value}", "notify": "{me}"}}"#),
            format!(r#"{{"{key}": ["{value}"], "notify": "{me}"}}"#),
            format!("notify: {me}\n{key}: {value}\nname: churn\n"),
            format!("notify: {me}\n{key}: '{value}'\n"),
            format!("notify = {me}\n{key} = \"{value}\"\n"),
            format!("<run><{key}>{value}</{key}><notify>{me}</notify></run>"),
            format!("run\t{key}\tnotify\n1\t{value}\t{me}\n"),
        ] {
            if !shared(&hanako(), "x", text.as_bytes()) {
                missed.push(text);
            }
        }
        for own in ["Hanako Example", "hanako.example", me] {
            let text = format!("{{\"{key}\": \"{own}\", \"notify\": \"{me}\"}}");
            if shared(&hanako(), "x", text.as_bytes()) {
                missed.push(format!("not shared: {text}"));
            }
        }
    }
    assert!(missed.is_empty(), "{} wrong:\n{}", missed.len(), missed.join("\n--\n"));
}

/// Documents that name nobody but Hanako Example, by whatever she asked by.
#[test]
fn a_document_of_one_person_alone_stays_theirs() {
    let me = "hanako.example@contoso.example";
    let by_mail = subject(&[(IdentityType::Email, me)]);
    let by_all = subject(&[
        (IdentityType::Email, me),
        (IdentityType::Name, "Hanako Example"),
        (IdentityType::ObjectId, "11111111-2222-3333-4444-555555555555"),
        (IdentityType::Username, "hanako"),
    ]);
    let run = RUN.split("\"lastModifiedBy\"").next().unwrap().to_owned();
    let texts = [
        run,
        r#"{"creation_context": {"created_by": "Hanako Example", "created_by_type": "User",
            "last_modified_by": "Hanako Example"}, "tags": {"owner": "ME"}}"#
            .to_owned(),
        r#"{"systemData": {"createdBy": "Hanako Example", "createdByType": "User"},
            "displayName": "Quiet River", "experimentName": "Churn Model", "owner": "ME",
            "compute": "cpu-cluster", "environment": "AzureML-sklearn-1.0"}"#
            .to_owned(),
        "user_id: hanako.example\nrun_name: Quiet River\nsource_name: train.py\nowner: ME\n".into(),
        "author: Hanako Example <ME>\nlicense: Apache License\nlibrary_name: scikit-learn\n".into(),
        "Author: Hanako Example <ME>\n\n    Add Random Forest and Gradient Boosting\n".into(),
        "model,metric,owner\nRandom Forest,0.9,ME\nGradient Boosting,0.8,ME\n".into(),
        "2024-04-05 INFO notify ME when done\n2024-04-05 INFO azureuser@gpu-01 ready\n\
            git clone git@github.com:contoso/churn\nuser=azureuser owner=azureml\n"
            .into(),
        "import torch\nuser = get_user()\nowner=args.owner\nnotify = 'ME'\n".into(),
        "# Model Card\n\nTrained by ME with Azure Machine Learning, PyTorch and Visual Studio.\n\
            Metrics: precision@k, recall@topk\n"
            .into(),
        "customer,score\n\"ME\",0.82\n".into(),
        "hanako.example@gpu-01:~$ python train.py --owner ME\n".into(),
        "https://hanako.example@dev.azure.com/contoso by ME".into(),
        "uid=1000(hanako.example) /home/hanako.example/x ME\n".into(),
        "saved ME.npy, ME-2026.csv and embeddings/ME.pt\n".into(),
        "notification_emails: [\"ME\"]\nservice: Online Endpoint\nschedule: Daily Retrain\n".into(),
    ];
    let mut wrong = Vec::new();
    for text in texts.map(|text| text.replace("ME", me)) {
        for (how, subject) in [("mail", &by_mail), ("all", &by_all)] {
            if shared(subject, "outputs/x", text.as_bytes()) {
                wrong.push(format!("{how}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n--\n"));
}

#[test]
fn many_mentions_take_little_memory() {
    // Each line is seen, and none is kept.
    let text = "eve@contoso.example and hanako.example@contoso.example\n".repeat(50_000);
    let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
    let counted = census(&item("x"), &mut text.as_bytes(), &limits, &people).unwrap();
    assert_eq!(counted.groups.len(), 2);
}
