//! Our own file service before two judges: what Microsoft publishes of the real one, and Microsoft's
//! own client, which believes that this is it.
//!
//! `tests/openapi/azure-files.json` is cut out of Azure/azure-rest-api-specs by
//! `tests/openapi/reduce.py`. What is asked is judged as what is answered: the first by our own
//! adapter, through the whole suite of sources.

use std::path::PathBuf;
use std::process::Stdio;

use quick_xml::Reader;
use quick_xml::events::Event;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use tokio::process::Command;

use crate::source_contract::keeps_the_contract;
use crate::support::file_server::entry::{ACCOUNT, KEY, TOKEN};
use crate::support::file_server::operation::Operation;
use crate::support::file_server::server::FileServer;
use crate::support::published::Published;
use crate::support::serving::{Shape, Shapes};
use crate::support::worlds::FileServerWorld;

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

const SPECIFICATION: &str = include_str!("../openapi/azure-files.json");

/// Codes that are in no list of this interface: those of leases are listed for blobs alone, and 429
/// is no status of it.
const UNLISTED: [&str; 7] = [
    "LeaseAlreadyPresent",
    "LeaseIdMismatchWithFileOperation",
    "LeaseIdMismatchWithLeaseOperation",
    "LeaseIdMissing",
    "LeaseNotPresentWithFileOperation",
    "LeaseNotPresentWithLeaseOperation",
    "TooManyRequests",
];

/// Headers of answers that are said of what has them alone, or not at all by us.
fn is_optional(header: &str) -> bool {
    let families =
        ["x-ms-copy-", "x-ms-share-", "x-ms-access-tier-", "x-ms-file-share-", "x-ms-structured-"];
    let each = [
        "accept-ranges",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-md5",
        "content-range",
        "content-type",
        "last-modified",
        "x-ms-client-request-id",
        "x-ms-content-length",
        "x-ms-content-md5",
        "x-ms-enable-snapshot-virtual-directory-access",
        "x-ms-enabled-protocols",
        "x-ms-lease-duration",
        "x-ms-lease-id",
        "x-ms-lease-time",
        "x-ms-marker",
        "x-ms-meta",
        "x-ms-request-server-encrypted",
        "x-ms-root-squash",
    ];
    families.iter().any(|family| header.starts_with(family)) || each.contains(&header)
}

#[tokio::test]
async fn what_our_adapter_asks_is_published_and_so_is_what_it_is_told() {
    let world = FileServerWorld::new().await;
    keeps_the_contract(&world).await;
    let shapes = world.server.shapes();
    assert!(shapes.len() > 15, "{}", shapes.len());
    judge(&shapes);
}

#[tokio::test]
async fn microsofts_client_takes_it_for_azure() {
    let server = FileServer::start().await;
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/emulators/azure-python");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/foreign/azure_files.py");
    let ran = Command::new("python3")
        .arg(script)
        .args([server.endpoint(), ACCOUNT, KEY])
        .env("PYTHONPATH", &python)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{err}\n(tests/run installs azure-storage-file-share)");
    insta::assert_snapshot!(String::from_utf8_lossy(&ran.stdout), @r#"
    list: ['a.ipynb', 'big.bin', 'ends with dot.', "it's #1 100%.txt", 'käse 山 😀.txt', 'odd\ufffe.txt']
    list some: ['a.ipynb']
    list extended: [16, True]
    download: b'bytes of a.ipynb'
    download some: b'of'
    download big: True
    properties: [16, {'owner': 'ann'}, 'text/plain', 'Archive', 'available']
    set: [{'owner': 'bob'}, 'application/json', '2020-01-02T03:04:05+00:00']
    delete leased: StorageErrorCode.LEASE_ID_MISSING
    write leased: StorageErrorCode.LEASE_ID_MISSING
    rename: b'bytes of a.ipynb'
    rename over: ResourceAlreadyExists
    rename over leased: StorageErrorCode.LEASE_ID_MISSING
    replace: b'the draft'
    permission: O:SYG:SYD:(A;;FA;;;SY)
    permission of a file: True
    snapshot: b'the draft'
    snapshot list: 6
    handles: 0
    all handles: 0
    delete full: DirectoryNotEmpty
    gone: ResourceNotFound
    delete share with snapshots: ShareHasSnapshots
    shares: [['code-1', True, False], ['code-1', False, False]]
    deleted: [['code-1', True]]
    "#);
    judge(&server.shapes());
}

fn judge(shapes: &Shapes<Operation>) {
    let published = Published {
        specification: SPECIFICATION,
        unlisted: &UNLISTED,
        // The pages of the interface have it, and the specification has forgotten it at one
        // operation.
        unlisted_queries: &["sharesnapshot"],
        no_longer_needed: &["x-ms-file-attributes"],
        is_optional,
    };
    published.judge(shapes, id);
}

fn id(shape: &Shape<Operation>) -> &'static str {
    match shape.operation {
        Operation::ServiceGetProperties => "Service_GetProperties",
        Operation::ServiceListShares => "Service_ListSharesSegment",
        Operation::ShareCreate => "Share_Create",
        Operation::ShareGetProperties => "Share_GetProperties",
        Operation::ShareDelete => "Share_Delete",
        Operation::ShareCreateSnapshot => "Share_CreateSnapshot",
        Operation::ShareCreatePermission => "Share_CreatePermission",
        Operation::ShareGetPermission => "Share_GetPermission",
        Operation::DirectoryCreate => "Directory_Create",
        Operation::DirectoryGetProperties => "Directory_GetProperties",
        Operation::DirectoryDelete => "Directory_Delete",
        Operation::DirectorySetMetadata => "Directory_SetMetadata",
        Operation::DirectoryList => "Directory_ListFilesAndDirectoriesSegment",
        Operation::DirectoryListHandles => "Directory_ListHandles",
        Operation::FileCreate => "File_Create",
        Operation::FileDownload => "File_Download",
        Operation::FileGetProperties => "File_GetProperties",
        Operation::FileDelete => "File_Delete",
        Operation::FileSetHttpHeaders => "File_SetHTTPHeaders",
        Operation::FileSetMetadata => "File_SetMetadata",
        Operation::FileLease => match shape.action.as_deref() {
            Some("acquire") => "File_AcquireLease",
            Some("break") => "File_BreakLease",
            _ => "File_ReleaseLease",
        },
        Operation::FileUploadRange => "File_UploadRange",
        Operation::FileGetRangeList => "File_GetRangeList",
        Operation::FileRename => "File_Rename",
        Operation::FileListHandles => "File_ListHandles",
        Operation::FileForceCloseHandles => "File_ForceCloseHandles",
        Operation::Unknown => "unknown",
    }
}

#[tokio::test]
async fn listings_are_written_as_published() {
    let store = Store::start().await;
    store.server.put("c", "a\u{fffe}b", b"first");
    store.server.create_directory("c", "d");
    store.server.open("c", "a\u{fffe}b", true);
    store.server.snapshot("c");
    store.server.create_share("gone");
    store.server.delete_share("gone");
    let include = "include=Timestamps,Etag,Attributes,PermissionKey&prefix=&maxresults=9";
    let table = [
        (
            "ListFilesAndDirectoriesSegmentResponse",
            format!("/c?restype=directory&comp=list&{include}"),
            ["Name Encoded=\"true\">a%EF%BF%BEb<", "<Directory><Name>d</Name>"],
        ),
        (
            "ListSharesResponse",
            "?comp=list&include=snapshots,deleted".to_owned(),
            ["<Snapshot>2026-11-23T12:00:00.0010000Z</Snapshot>", "<Deleted>true</Deleted>"],
        ),
        (
            "ListHandlesResponse",
            "/c/a%EF%BF%BEb?comp=listhandles".to_owned(),
            ["<HandleId>7</HandleId>", "<OpenTime>"],
        ),
    ];
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    for (word, path, texts) in table {
        let answer = store.ask("GET", &path, &[], "").await;
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        let xml = answer.text().await.unwrap();
        for text in texts {
            assert!(xml.contains(text), "{text} is missing in {xml}");
        }
        in_order(&xml, &specification["xml"][word]);
    }
}

/// Each element is known where it stands, comes in the published order, and what has to be there is.
fn in_order(xml: &str, root: &Value) {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    // What may be in each of the open elements, and which of it there was.
    let mut open: Vec<(&Value, Vec<usize>)> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) if open.is_empty() => {
                assert_eq!(tag.name().into_inner(), b"EnumerationResults");
                open.push((root, Vec::new()));
            }
            Event::Start(tag) => {
                let name = String::from_utf8(tag.name().into_inner().to_vec()).unwrap();
                let (known, seen) = open.last_mut().unwrap();
                let known: &Value = known;
                let elements = known.as_array().unwrap();
                let at = elements.iter().position(|it| it[0] == name.as_str());
                let at = at.unwrap_or_else(|| panic!("{name} is not published"));
                // Files and directories come as they come.
                let is_mixed = matches!(name.as_str(), "File" | "Directory");
                assert!(is_mixed || seen.last().is_none_or(|last| *last <= at), "{name}");
                seen.push(at);
                open.push((&elements[at][2], Vec::new()));
            }
            Event::End(tag) => {
                let (known, seen) = open.pop().unwrap();
                let name = String::from_utf8(tag.name().into_inner().to_vec()).unwrap();
                for (at, element) in known.as_array().unwrap().iter().enumerate() {
                    // It is said of files and directories at once, and directories have none.
                    let is_needed = element[1] == true && element[0] != "Content-Length";
                    assert!(!is_needed || seen.contains(&at), "{name} needs {}", element[0]);
                }
            }
            Event::Eof => return,
            _ => {}
        }
    }
}

#[tokio::test]
async fn every_refusal_has_its_reason() {
    let store = Store::start().await;
    let server = &store.server;
    for name in ["a", "read-only", "leased", "open", "shared", "forbidden", "d/e"] {
        server.put("c", name, b"bytes");
    }
    server.alter("c", "read-only", |file| file.info.attributes = "ReadOnly | Archive".to_owned());
    server.alter("c", "leased", |file| file.lease = Some("l".to_owned()));
    server.alter("c", "forbidden", |file| file.is_forbidden = true);
    server.open("c", "open", false);
    server.open("c", "shared", true);
    let source = |name: &str| format!("{}/c/{name}?sig=good", server.endpoint());
    let (from, gone) = (source("a"), source("none"));
    let create = [("x-ms-type", "file"), ("x-ms-content-length", "1")];
    let rename = [("x-ms-file-rename-source", from.as_str())];
    let from_none = [("x-ms-file-rename-source", gone.as_str())];
    let over = [rename[0], ("x-ms-file-rename-replace-if-exists", "true")];
    let acquire = [("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "-1")];
    let table: Vec<(&str, &str, Headers<'_>, u16, &str)> = vec![
        ("GET", "/none/a", &[], 404, "ShareNotFound"),
        ("GET", "/c/none", &[], 404, "ResourceNotFound"),
        ("GET", "/c/none/a", &[], 404, "ParentNotFound"),
        ("GET", "/c/d", &[], 409, "ResourceTypeMismatch"),
        ("GET", "/c/a?sharesnapshot=2020", &[], 404, "ShareNotFound"),
        ("GET", "/c/a", &[("if-match", "\"0x1\"")], 400, "ConditionHeadersNotSupported"),
        ("GET", "/c/a", &[("x-ms-range", "bytes=9-")], 416, "InvalidRange"),
        ("GET", "/c/open", &[], 409, "SharingViolation"),
        ("GET", "/c/forbidden", &[], 403, "AuthorizationPermissionMismatch"),
        ("DELETE", "/c/open", &[], 409, "SharingViolation"),
        ("DELETE", "/c/read-only", &[], 409, "ReadOnlyAttribute"),
        ("DELETE", "/c/leased", &[], 412, "LeaseIdMissing"),
        ("DELETE", "/c/leased", &[("x-ms-lease-id", "m")], 412, "LeaseIdMismatchWithFileOperation"),
        ("DELETE", "/c/a", &[("x-ms-lease-id", "l")], 412, "LeaseNotPresentWithFileOperation"),
        ("DELETE", "/c/d?restype=directory", &[], 409, "DirectoryNotEmpty"),
        ("DELETE", "/c/none?restype=directory", &[], 404, "ResourceNotFound"),
        ("PUT", "/c/new", &[], 400, "MissingRequiredHeader"),
        ("PUT", "/c/a%3Ab", &create, 400, "InvalidResourceName"),
        ("GET", "/c/a%EF%80%A2b", &[], 400, "InvalidResourceName"),
        ("GET", "/c/a%EF%80%A2b?restype=directory&comp=list", &[], 400, "InvalidResourceName"),
        ("PUT", "/c/leased", &create, 412, "LeaseIdMissing"),
        ("PUT", "/c/d?restype=directory", &[], 409, "ResourceAlreadyExists"),
        ("PUT", "/c/d/e?comp=rename", &rename, 409, "ResourceAlreadyExists"),
        ("PUT", "/c/read-only?comp=rename", &over, 409, "ReadOnlyAttribute"),
        ("PUT", "/c/open?comp=rename", &over, 409, "SharingViolation"),
        ("PUT", "/c/new?comp=rename", &from_none, 404, "ResourceNotFound"),
        ("PUT", "/c/leased?comp=lease", &acquire, 409, "LeaseAlreadyPresent"),
        ("PUT", "/c/open?comp=lease", &acquire, 409, "SharingViolation"),
        ("PUT", "/c/a?comp=lease", &acquire[..1], 400, "InvalidHeaderValue"),
        ("PUT", "/c?restype=share", &[], 409, "ShareAlreadyExists"),
        ("PATCH", "/c/a", &[], 400, "InvalidUri"),
    ];
    for (method, path, headers, status, code) in table {
        let answer = store.ask(method, path, headers, "").await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["x-ms-error-code"], code, "{method} {path}");
    }
    // Open, and others may delete it: it is there until it is closed, and nobody can use it.
    assert_eq!(store.ask("DELETE", "/c/shared", &[], "").await.status().as_u16(), 202);
    let pending = store.ask("GET", "/c/shared", &[], "").await;
    assert_eq!(pending.headers()["x-ms-error-code"], "DeletePending");
    server.close("c", "shared");
    assert_eq!(store.ask("GET", "/c/shared", &[], "").await.status().as_u16(), 404);
}

#[tokio::test]
async fn whoever_is_not_known_is_not_let_in() {
    let store = Store::start().await;
    store.server.put("c", "a", b"bytes");
    let bearer = format!("Bearer {TOKEN}");
    let intent = ("x-ms-file-request-intent", "backup");
    let table: [(&str, Headers<'_>, u16); 6] = [
        ("sig=good", &[], 200),
        ("sig=bad", &[], 403),
        ("", &[], 403),
        ("", &[("authorization", &bearer)], 400),
        ("", &[("authorization", &bearer), intent], 200),
        ("", &[("authorization", "Bearer another"), intent], 401),
    ];
    for (query, headers, status) in table {
        let url = format!("{}/c/a?{query}", store.server.endpoint());
        let mut request = store.client.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{query} {headers:?}");
    }
}

#[tokio::test]
async fn names_are_compared_without_their_case_and_keep_it() {
    let store = Store::start().await;
    store.server.put("c", "Users/Ann/A.txt", b"first");
    let answer = store.ask("GET", "/c/users/ann/a.TXT", &[], "").await;
    assert_eq!(answer.text().await.unwrap(), "first");
    store.server.put("c", "users/ANN/a.txt", b"second");
    assert_eq!(store.server.names("c"), ["Users/Ann/A.txt"]);
    assert_eq!(store.server.called("c", "users/ann/a.txt").unwrap(), "A.txt");
    // Dots at an end go unless they are said to belong there.
    store.server.put("c", "dot.", b"with");
    assert_eq!(store.ask("GET", "/c/dot.", &[], "").await.status().as_u16(), 404);
    let keeps = [("x-ms-allow-trailing-dot", "true")];
    assert_eq!(store.ask("GET", "/c/dot.", &keeps, "").await.status().as_u16(), 200);
}

/// A server with the share `c`, and a client without an adapter, by a signature.
struct Store {
    server: FileServer,
    client: Client,
}

impl Store {
    async fn start() -> Self {
        let server = FileServer::start().await;
        server.create_share("c");
        Self { server, client: Client::new() }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mark = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{mark}sig=good", self.server.endpoint());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("content-length", body.len()).body(body.to_owned());
        request.send().await.unwrap()
    }
}
