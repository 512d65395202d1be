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
