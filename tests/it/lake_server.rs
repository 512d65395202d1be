//! Our own Data Lake service before two judges: what Microsoft publishes of the real one, and
//! Microsoft's own client, which believes that this is it.
//!
//! `tests/openapi/azure-lake.json` is cut out of Azure/azure-rest-api-specs by
//! `tests/openapi/reduce.py`. What is asked is judged as what is answered: the first by our own
//! adapter, through the whole suite of sources. What goes to the endpoint of blobs is published
//! elsewhere, and judged where blobs are.

use std::path::PathBuf;
use std::process::Stdio;

use reqwest::{Client, Method, Response};
use serde_json::Value;
use tokio::process::Command;

use dsrd::ports::sources::Source;

use crate::source_contract::keeps_the_contract;
use crate::support::file_server::entry::{KEY, TOKEN};
use crate::support::lake_server::operation::Operation;
use crate::support::lake_server::server::{ACCOUNT, LakeServer};
use crate::support::published::Published;
use crate::support::serving::{Shape, Shapes};
use crate::support::worlds::LakeServerWorld;

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

const SPECIFICATION: &str = include_str!("../openapi/azure-lake.json");

/// Codes of this interface are in no published list. These are those of Microsoft's page "Status and
/// error codes", and of people who met them.
const CODES: [&str; 22] = [
    "AuthenticationFailed",
    "AuthorizationPermissionMismatch",
    "ConditionNotMet",
    "DirectoryNotEmpty",
    "FilesystemNotFound",
    "InvalidAppendPosition",
    "InvalidFlushPosition",
    "InvalidHeaderValue",
    "InvalidInput",
    "InvalidQueryParameterValue",
    "InvalidRange",
    "InvalidResourceName",
    "LeaseIdMismatchWithBlobOperation",
    "LeaseIdMissing",
    "MissingRequiredQueryParameter",
    "PathAlreadyExists",
    "PathImmutableDueToPolicy",
    "PathNotFound",
    "ResourceTypeMismatch",
    "SourceConditionNotMet",
    "SourcePathNotFound",
    "TooManyRequests",
];

/// Headers of answers that are said of what has them alone, or not at all by us.
fn is_optional(header: &str) -> bool {
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
        "etag",
        "last-modified",
        "x-ms-acl",
        "x-ms-client-request-id",
        "x-ms-content-crc64",
        "x-ms-content-md5",
        "x-ms-continuation",
        "x-ms-deletion-id",
        "x-ms-encryption-key-sha256",
        "x-ms-lease-duration",
        "x-ms-lease-id",
        "x-ms-lease-renewed",
        "x-ms-lease-state",
        "x-ms-lease-status",
        "x-ms-properties",
        "x-ms-resource-type",
        "x-ms-structured-body",
    ];
    each.contains(&header)
}

#[tokio::test]
async fn what_our_adapter_asks_is_published_and_so_is_what_it_is_told() {
    let world = LakeServerWorld::new().await;
    keeps_the_contract(&world).await;
    world.server.alter_account(|account| account.retention_days = Some(7));
    world.whole().lacks().await.unwrap();
    world.whole().places().await.unwrap();
    let shapes = world.server.shapes();
    assert!(shapes.len() > 15, "{}", shapes.len());
    judge(&shapes);
}

fn judge(shapes: &Shapes<Operation>) {
    let published = Published {
        specification: SPECIFICATION,
        unlisted: &CODES,
        unlisted_queries: &[],
        no_longer_needed: &[],
        is_optional,
    };
    let of_lake = |shape: &&Shape<Operation>| {
        // Of each path the published interface has the answers of its own endpoint.
        !matches!(shape.operation, Operation::OfBlobs)
    };
    let shapes = shapes.iter().filter(of_lake).cloned().collect();
    published.judge(&shapes, id);
}

fn id(shape: &Shape<Operation>) -> &'static str {
    match shape.operation {
        Operation::ServiceListFileSystems => "Service_ListFileSystems",
        Operation::FileSystemCreate => "FileSystem_Create",
        Operation::FileSystemGetProperties => "FileSystem_GetProperties",
        Operation::FileSystemDelete => "FileSystem_Delete",
        Operation::FileSystemListPaths => "FileSystem_ListPaths",
        Operation::FileSystemListBlobs => "FileSystem_ListBlobHierarchySegment",
        Operation::PathCreate | Operation::PathRename => "Path_Create",
        Operation::PathAppendData => "Path_AppendData",
        Operation::PathFlushData => "Path_FlushData",
        Operation::PathSetAccessControl => "Path_SetAccessControl",
        Operation::PathSetProperties => "Path_Update",
        Operation::PathLease => "Path_Lease",
        Operation::PathRead => "Path_Read",
        Operation::PathGetProperties => "Path_GetProperties",
        Operation::PathDelete => "Path_Delete",
        Operation::PathUndelete => "Path_Undelete",
        Operation::OfBlobs | Operation::Unknown => "unknown",
    }
}

#[tokio::test]
async fn microsofts_client_takes_it_for_azure() {
    let server = LakeServer::start().await;
    server.alter_account(|account| account.retention_days = Some(7));
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/emulators/azure-python");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/foreign/azure_lake.py");
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
    assert!(ran.status.success(), "{err}\n(tests/run installs azure-storage-file-datalake)");
    insta::assert_snapshot!(String::from_utf8_lossy(&ran.stdout), @r#"
    list: [['Users', True], ['Users/ann', True], ['Users/ann/a.csv', False], ['Users/ann/big.bin', False], ["Users/ann/it's #1 100%.txt", False], ['Users/ann/käse 山 😀.txt', False]]
    list some: 4
    list one: ['$superuser', '$superuser', 'rw-r-----', 14, True]
    download: b'bytes of a.csv'
    download some: b'of'
    download big: True
    properties: [14, {'owner': 'ann'}, 'text/csv']
    rights: user::rw-,group::r--,other::---
    own rights: [True, 'rw-r-----+', 1]
    listed rights: [True, 'rw-r-----+']
    delete changed: StorageErrorCode.CONDITION_NOT_MET
    delete leased: StorageErrorCode.LEASE_ID_MISSING
    rename over leased: StorageErrorCode.LEASE_ID_MISSING
    rename over changed: StorageErrorCode.CONDITION_NOT_MET
    replace: b'the draft'
    replace keeps: True
    append behind: InvalidAppendPosition
    flush amid: StorageErrorCode.INVALID_FLUSH_POSITION
    create over: PathAlreadyExists
    move: ['Users/bob', 'Users/bob/a.csv', 'Users/bob/big.bin', "Users/bob/it's #1 100%.txt", 'Users/bob/käse 山 😀.txt']
    file system: data
    file systems: ['data']
    deleted: [['Users/bob/a.csv', 7]]
    undeleted: b'the draft'
    gone: ['Users']
    nothing: PathNotFound
    no more: []
    "#);
    judge(&server.shapes());
}

#[tokio::test]
async fn listings_are_written_as_published() {
    let store = Store::start().await;
    store.server.put("c", "d/a\u{fffe}b", b"first");
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    for (word, list, path) in [
        ("Path", "paths", "/c?resource=filesystem&recursive=true"),
        ("FileSystem", "filesystems", "?resource=account"),
    ] {
        let answer = store.ask("GET", path, &[], "").await;
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        let all: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let all = all[list].as_array().unwrap();
        assert!(!all.is_empty());
        let known = specification["json"][word].as_array().unwrap();
        for (name, value) in all.iter().flat_map(|it| it.as_object().unwrap()) {
            let is_it = |it: &Value| it.as_str().unwrap().eq_ignore_ascii_case(name);
            assert!(known.iter().any(is_it), "{word} has no {name}");
            // The service writes everything as text, whatever the interface says.
            assert!(value.is_string(), "{name}");
        }
    }
}

#[tokio::test]
async fn every_refusal_has_its_reason() {
    let store = Store::start().await;
    let server = &store.server;
    for name in ["a", "leased", "forbidden", "immutable", "d/e"] {
        server.put("c", name, b"bytes");
    }
    server.alter("c", "leased", |node| node.lease = Some("l".to_owned()));
    server.alter("c", "forbidden", |node| node.is_forbidden = true);
    server.alter("c", "immutable", |node| node.is_immutable = true);
    let other = [("if-match", "\"0x1\"")];
    let missing = [("if-none-match", "*")];
    let (from, gone) =
        ([("x-ms-rename-source", "/c/a?sig=good")], [("x-ms-rename-source", "/c/none?sig=good")]);
    let changed = [from[0], ("x-ms-source-if-match", "\"0x1\"")];
    let over = [from[0], other[0]];
    let table: Vec<(&str, &str, Headers<'_>, u16, &str)> = vec![
        ("GET", "/none/a", &[], 404, "FilesystemNotFound"),
        ("GET", "/c/none", &[], 404, "PathNotFound"),
        ("GET", "/c/none/a", &[], 404, "PathNotFound"),
        ("GET", "/c/d", &[], 409, "ResourceTypeMismatch"),
        ("GET", "/c/a", &other, 412, "ConditionNotMet"),
        ("GET", "/c/a", &[("range", "bytes=9-")], 416, "InvalidRange"),
        ("GET", "/c/forbidden", &[], 403, "AuthorizationPermissionMismatch"),
        ("GET", "/c?resource=filesystem&recursive=true&directory=none", &[], 404, "PathNotFound"),
        ("GET", "/c?resource=filesystem&recursive=true&directory=a", &[], 404, "PathNotFound"),
        ("DELETE", "/c/a", &other, 412, "ConditionNotMet"),
        ("DELETE", "/c/leased", &[], 412, "LeaseIdMissing"),
        ("DELETE", "/c/leased", &[("x-ms-lease-id", "m")], 412, "LeaseIdMismatchWithBlobOperation"),
        ("DELETE", "/c/immutable", &[], 409, "PathImmutableDueToPolicy"),
        ("DELETE", "/c/d?recursive=false", &[], 409, "DirectoryNotEmpty"),
        ("DELETE", "/c/d", &[], 400, "MissingRequiredQueryParameter"),
        ("PUT", "/c/a?resource=file", &missing, 409, "PathAlreadyExists"),
        ("PUT", "/c/new?resource=file", &other, 412, "ConditionNotMet"),
        ("PUT", "/c/leased?resource=file", &[], 412, "LeaseIdMissing"),
        ("PUT", "/c/a//b?resource=file", &[], 400, "InvalidResourceName"),
        ("PUT", "/c/a/b?resource=file", &[], 409, "PathConflict"),
        ("PUT", "/c/new", &[], 400, "MissingRequiredQueryParameter"),
        ("PUT", "/c/new?resource=file", &[("x-ms-acl", "ann")], 400, "InvalidInput"),
        ("PUT", "/c/leased", &from, 412, "LeaseIdMissing"),
        ("PUT", "/c/immutable", &from, 409, "PathImmutableDueToPolicy"),
        ("PUT", "/c/d/e", &changed, 412, "SourceConditionNotMet"),
        ("PUT", "/c/d/e", &over, 412, "ConditionNotMet"),
        ("PUT", "/c/d/e", &gone, 404, "SourcePathNotFound"),
        ("PUT", "/c/d/e", &[("x-ms-rename-source", "/c/a")], 403, "AuthenticationFailed"),
        ("PATCH", "/c/a?action=append&position=0", &[], 400, "InvalidInput"),
        ("PATCH", "/c/a?action=flush&position=9", &[], 400, "InvalidFlushPosition"),
        ("PATCH", "/c/a?action=nothing", &[], 400, "UnsupportedQueryParameter"),
        ("PUT", "/c?resource=filesystem", &[], 409, "FilesystemAlreadyExists"),
    ];
    for (method, path, headers, status, code) in table {
        let answer = store.ask(method, path, headers, "").await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["x-ms-error-code"], code, "{method} {path}");
    }
}

#[tokio::test]
async fn whoever_is_not_known_is_not_let_in() {
    let store = Store::start().await;
    store.server.put("c", "a", b"bytes");
    let (bearer, another) = (format!("Bearer {TOKEN}"), "Bearer another".to_owned());
    let token = |token: &'static str| [("authorization", token)];
    let (bearer, another) = (token(bearer.leak()), token(another.leak()));
    let table: [(&str, Headers<'_>, u16); 5] = [
        ("sig=good", &[], 200),
        ("sig=bad", &[], 403),
        ("", &[], 403),
        ("", &bearer, 200),
        ("", &another, 403),
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

/// A server with the file system `c`, and a client without an adapter, by a signature.
struct Store {
    server: LakeServer,
    client: Client,
}

impl Store {
    async fn start() -> Self {
        let server = LakeServer::start().await;
        server.create("c");
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
