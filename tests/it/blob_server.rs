//! Our own blob service against what Microsoft publishes of the real one.
//!
//! The tables are taken from `specification/storage/data-plane/Microsoft.BlobStorage/stable/`
//! `2025-01-05/blob.json` of Azure/azure-rest-api-specs: for each operation the status of success
//! and the headers of that answer, without those of features that are not spoken here (hashes,
//! copies, replication, sealing, structured bodies) or that a blob need not have; and the codes of
//! errors. The rules of erasing are those of FACTS section 9, which cites its sources.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::{Client, Method, Response};

use crate::support::blob_server::account::Policy;
use crate::support::blob_server::container::Generated;
use crate::support::blob_server::faults::Fault;
use crate::support::blob_server::form::{Form, REHYDRATION_TIME, Which};
use crate::support::blob_server::operation::Operation;
use crate::support::blob_server::server::BlobServer;

const WRITTEN: &[&str] = &["etag", "last-modified", "x-ms-request-server-encrypted"];
const READ: &[&str] = &[
    "last-modified",
    "x-ms-creation-time",
    "content-length",
    "content-type",
    "etag",
    "x-ms-blob-type",
    "x-ms-lease-state",
    "x-ms-lease-status",
    "accept-ranges",
    "x-ms-server-encrypted",
];
/// In the answer to every request, good or bad.
const ALWAYS: [&str; 4] = ["x-ms-request-id", "x-ms-version", "x-ms-client-request-id", "date"];

/// What of `ErrorCode` our server can answer, and four codes that are not in it: two were met in
/// the field (FACTS section 9), two by others at directories (azure-storage-fuse). 429 is no status
/// of this interface, and has no code there.
const CODES: [&str; 41] = [
    "AuthenticationFailed",
    "AuthorizationPermissionMismatch",
    "BlobAlreadyExists",
    "BlobArchived",
    "BlobBeingRehydrated",
    "BlobImmutableDueToPolicy",
    "BlobNotFound",
    "BlobUsesCustomerSpecifiedEncryption",
    "ConditionNotMet",
    "ContainerAlreadyExists",
    "ContainerNotFound",
    "InternalError",
    "InvalidBlobOrBlock",
    "InvalidBlobType",
    "InvalidBlockList",
    "InvalidHeaderValue",
    "InvalidInput",
    "InvalidOperation",
    "InvalidQueryParameterValue",
    "InvalidRange",
    "InvalidUri",
    "InvalidXmlDocument",
    "LeaseAlreadyPresent",
    "LeaseIdMismatchWithBlobOperation",
    "LeaseIdMismatchWithLeaseOperation",
    "LeaseIdMissing",
    "LeaseNotPresentWithBlobOperation",
    "LeaseNotPresentWithLeaseOperation",
    "MissingContentLengthHeader",
    "MissingRequiredHeader",
    "MissingRequiredQueryParameter",
    "OperationTimedOut",
    "OutOfRangeQueryParameterValue",
    "ServerBusy",
    "SnapshotsPresent",
    "UnsupportedQueryParameter",
    "OperationNotAllowedOnRootBlob",
    "BlobSnapshotNotSoftDeleted",
    "TooManyRequests",
    "OperationNotSupportedOnDirectory",
    "DirectoryIsNotEmpty",
];

const EVERYTHING: Policy =
    Policy { retention_days: Some(7), versioning: true, permanent_delete: true };
const SOFT_DELETE: Policy = Policy { versioning: false, ..EVERYTHING };

#[tokio::test]
async fn every_success_is_answered_as_published() {
    let store = Store::start(EVERYTHING).await;
    let put = &[("x-ms-blob-type", "BlockBlob")][..];
    let delete = &[("x-ms-delete-snapshots", "include")][..];
    let acquire = &[("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "-1")][..];
    let release = &[("x-ms-lease-action", "break")][..];
    let list = "<BlockList><Latest>YQ==</Latest></BlockList>";
    let tags = "<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags>";
    let version = [WRITTEN, &["x-ms-version-id"]].concat();
    let read = [READ, &["x-ms-version-id", "x-ms-is-current-version"]].concat();
    let part = [&read[..], &["content-range"]].concat();
    let head = [&read[..], &["x-ms-access-tier", "x-ms-access-tier-inferred"]].concat();
    let dated = &["etag", "last-modified"][..];
    let leased = &["etag", "last-modified", "x-ms-lease-id"][..];
    let shot = &["etag", "last-modified", "x-ms-snapshot"][..];
    let (xml, none) = (&["content-type"][..], &[][..]);
    let container = &["etag", "last-modified", "x-ms-lease-state", "x-ms-lease-status"][..];
    let key = "<KeyInfo><Start>2026-10-31T23:00:00Z</Start><Expiry>2026-11-02T00:00:00Z</Expiry></KeyInfo>";
    let table: [Success; 23] = [
        ("PUT", "/new?restype=container", &[], "", 201, dated),
        ("HEAD", "/new?restype=container", &[], "", 200, container),
        ("GET", "?comp=list", &[], "", 200, xml),
        ("GET", "?restype=service&comp=properties", &[], "", 200, xml),
        ("POST", "?restype=service&comp=userdelegationkey", &[], key, 200, xml),
        ("PUT", "/c/a", put, "bytes", 201, &version),
        ("GET", "/c/a", &[], "", 200, &read),
        ("GET", "/c/a", &[("x-ms-range", "bytes=1-2")], "", 206, &part),
        ("HEAD", "/c/a", &[], "", 200, &head),
        ("PUT", "/c/a?comp=metadata", &[("x-ms-meta-k", "v")], "", 200, &version),
        ("PUT", "/c/a?comp=tags", &[], tags, 204, none),
        ("GET", "/c/a?comp=tags", &[], "", 200, none),
        ("PUT", "/c/a?comp=lease", acquire, "", 201, leased),
        ("PUT", "/c/a?comp=lease", release, "", 202, dated),
        ("PUT", "/c/a?comp=snapshot", &[], "", 201, shot),
        ("PUT", "/c/a?comp=tier", &[("x-ms-access-tier", "Archive")], "", 200, none),
        ("PUT", "/c/a?comp=tier", &[("x-ms-access-tier", "Hot")], "", 202, none),
        ("PUT", "/c/b?comp=block&blockid=YQ==", &[], "b", 201, &["x-ms-request-server-encrypted"]),
        ("PUT", "/c/b?comp=blocklist", &[], list, 201, &version),
        ("GET", "/c?restype=container&comp=list", &[], "", 200, xml),
        ("DELETE", "/c/a", delete, "", 202, none),
        ("PUT", "/c/a?comp=undelete", &[], "", 200, none),
        ("DELETE", "/c/b", &[], "", 202, none),
    ];
    for (method, path, headers, body, status, expected) in table {
        let answer = store.ask(method, path, headers, body).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        for name in expected.iter().chain(&ALWAYS) {
            assert!(answer.headers().contains_key(*name), "{method} {path}: no {name}");
        }
        assert!(!answer.headers().contains_key("x-ms-error-code"));
    }
}

#[tokio::test]
async fn every_refusal_has_a_published_code() {
    let store = Store::start(EVERYTHING).await;
    let server = &store.server;
    fill_for_refusals(&store).await;
    let snapshot = server.forms("c", "shot")[0].rank().to_owned();
    let version = server.forms("c", "a")[0].version_id.clone().unwrap();
    let current = format!("/c/a?versionid={version}");
    let shot = format!("/c/shot?snapshot={snapshot}&deletetype=permanent");
    let put = ("x-ms-blob-type", "BlockBlob");
    let table: [Refused; 28] = [
        ("GET", "/c/a?sp=r&sig=bm8%3D", &[], 403, "AuthenticationFailed"),
        ("GET", "/no/a", &[], 404, "ContainerNotFound"),
        ("GET", "/c/no", &[], 404, "BlobNotFound"),
        ("HEAD", "/c/no", &[], 404, "BlobNotFound"),
        ("DELETE", "/c/no", &[], 404, "BlobNotFound"),
        ("PUT", "/c?restype=container", &[], 409, "ContainerAlreadyExists"),
        ("GET", "/c/a", &[("if-match", "\"0x1\"")], 412, "ConditionNotMet"),
        ("DELETE", "/c/a", &[("if-match", "\"0x1\"")], 412, "ConditionNotMet"),
        ("PUT", "/c/a", &[put, ("if-match", "\"0x1\"")], 412, "ConditionNotMet"),
        ("PUT", "/c/a", &[put, ("if-none-match", "*")], 409, "BlobAlreadyExists"),
        ("PUT", "/c/a", &[], 400, "MissingRequiredHeader"),
        ("GET", "/c/a", &[("range", "bytes=9-")], 416, "InvalidRange"),
        ("DELETE", "/c/leased", &[], 412, "LeaseIdMissing"),
        ("PUT", "/c/leased", &[put], 412, "LeaseIdMissing"),
        ("DELETE", "/c/leased", &[("x-ms-lease-id", "b")], 412, "LeaseIdMismatchWithBlobOperation"),
        ("DELETE", "/c/a", &[("x-ms-lease-id", "b")], 412, "LeaseNotPresentWithBlobOperation"),
        ("GET", "/c/archived", &[], 409, "BlobArchived"),
        ("GET", "/c/rehydrating", &[], 409, "BlobBeingRehydrated"),
        ("GET", "/c/keyed", &[], 409, "BlobUsesCustomerSpecifiedEncryption"),
        ("DELETE", "/c/held", &[], 409, "BlobImmutableDueToPolicy"),
        ("GET", "/c/forbidden", &[], 403, "AuthorizationPermissionMismatch"),
        ("DELETE", "/c/forbidden", &[], 403, "AuthorizationPermissionMismatch"),
        ("DELETE", "/c/shot", &[], 409, "SnapshotsPresent"),
        ("DELETE", &shot, &[], 409, "BlobSnapshotNotSoftDeleted"),
        ("DELETE", &current, &[], 403, "OperationNotAllowedOnRootBlob"),
        (
            "GET",
            "/c?restype=container&comp=list&maxresults=0",
            &[],
            400,
            "OutOfRangeQueryParameterValue",
        ),
        (
            "GET",
            "/c?restype=container&comp=list&include=no",
            &[],
            400,
            "InvalidQueryParameterValue",
        ),
        ("PATCH", "/c/a", &[], 400, "InvalidUri"),
    ];
    for (method, path, headers, status, code) in table {
        assert!(CODES.contains(&code), "{code}");
        let answer = store.ask(method, path, headers, "").await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        for name in ALWAYS {
            assert!(answer.headers().contains_key(name), "{method} {path}: no {name}");
        }
        assert_eq!(answer.headers()["x-ms-error-code"], code, "{method} {path}");
        let body = answer.text().await.unwrap();
        assert_eq!(body.contains(&format!("<Code>{code}</Code>")), method != "HEAD");
    }
    let held = store.ask("HEAD", "/c/held", &[], "").await;
    assert_eq!(held.headers()["x-ms-legal-hold"], "true");
    let everything = server.everything("c");
    assert!(everything.iter().all(|(_, forms)| forms.iter().all(Form::is_live)), "nothing went");
}

/// Every code that stands in the server's text, met by a test or not.
#[test]
fn no_code_is_made_up() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/blob_server");
    let mut found = BTreeSet::new();
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let faults = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/serving.rs");
    for file in files.chain([faults.into()]) {
        let text = fs::read_to_string(file).unwrap();
        for (at, _) in text.match_indices(", \"") {
            let word = text[at + 3..].split('"').next().unwrap();
            let is_after_status = text[..at].ends_with(|c: char| c.is_ascii_digit());
            if is_after_status && word.starts_with(|c: char| c.is_ascii_uppercase()) {
                found.insert(word.to_owned());
            }
        }
    }
    let known: BTreeSet<String> = CODES.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(found, known);
}

#[tokio::test]
async fn listings_are_written_as_published() {
    let store = Store::start(EVERYTHING).await;
    let server = &store.server;
    server.put_with("c", "a\u{1}<", b"first", &[("owner", "ann")], &[("k", "v")]);
    server.snapshot("c", "a\u{1}<");
    server.put("c", "a\u{1}<", b"second");
    server.delete("c", "a\u{1}<");
    server.put("c", "b", b"");
    server.legal_hold("c", "b", &Which::Current, true);
    let include = "copy,deleted,metadata,snapshots,versions,tags,legalhold";
    let xml = store.list(&format!("&include={include}&prefix=&maxresults=9")).await;
    // Element order of BlobItemInternal and BlobPropertiesInternal.
    let order = [
        "<Blob><Name Encoded=\"true\">a%01%3C</Name><VersionId>",
        "</VersionId><Properties><Creation-Time>",
        "</Creation-Time><Last-Modified>",
        "</Last-Modified><Etag>0x8",
        "</Etag><Content-Length>5</Content-Length><BlobType>BlockBlob</BlobType>",
        "<ServerEncrypted>true</ServerEncrypted><AccessTier>Hot</AccessTier>",
        "<AccessTierInferred>true</AccessTierInferred><TagCount>1</TagCount>",
        "<LegalHold>false</LegalHold></Properties>",
        "<Metadata><owner>ann</owner></Metadata>",
        "<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags></Blob>",
        "<Deleted>true</Deleted><Snapshot>",
        "<DeletedTime>",
        "</DeletedTime><RemainingRetentionDays>7</RemainingRetentionDays><AccessTier>",
        "<Blob><Name>b</Name><VersionId>",
        "</VersionId><IsCurrentVersion>true</IsCurrentVersion><Properties>",
        "<BlobType>BlockBlob</BlobType><LeaseStatus>unlocked</LeaseStatus>",
        "<LeaseState>available</LeaseState><ServerEncrypted>",
        "<LegalHold>true</LegalHold></Properties><Metadata></Metadata></Blob>",
        "</Blobs><NextMarker /></EnumerationResults>",
    ];
    let mut rest = xml.as_str();
    for text in order {
        let at = rest.find(text).unwrap_or_else(|| panic!("{text} is missing in {rest}"));
        rest = &rest[at + text.len()..];
    }
    let names = |xml: &str| xml.matches("<Name").count();
    assert_eq!(names(&xml), 4);
    let includes = [("", 1), ("deleted", 1), ("versions", 3), ("snapshots,deleted", 2)];
    for (include, count) in includes {
        assert_eq!(names(&store.list(&format!("&include={include}")).await), count, "{include}");
    }
    // One form a page.
    let (mut marker, mut pages) = (String::new(), BTreeSet::new());
    loop {
        let query = format!("&include={include}&maxresults=1&marker={marker}");
        let xml = store.list(&query).await;
        assert_eq!(names(&xml), 1);
        pages.insert(xml.split_once("<Blobs>").unwrap().1.to_owned());
        let next = xml.split_once("<NextMarker>").map(|rest| rest.1.split_once('<').unwrap().0);
        let Some(next) = next else { break };
        marker = next.to_owned();
    }
    assert_eq!(pages.len(), 4);
}

#[tokio::test]
async fn containers_are_listed_page_by_page() {
    let store = Store::start(EVERYTHING).await;
    for name in ["azureml-a", "azureml-b", "azureml-c", "other"] {
        store.server.create_container(name);
    }
    let page = async |marker: &str| {
        let path = format!("?comp=list&prefix=azureml-&maxresults=2&marker={marker}");
        store.ask("GET", &path, &[], "").await.text().await.unwrap()
    };
    let first = page("").await;
    // Element order of ContainerItem.
    assert!(first.contains("<Container><Name>azureml-a</Name><Properties><Last-Modified>"));
    let rest = first.split_once("<NextMarker>").unwrap().1;
    let last = page(rest.split_once('<').unwrap().0).await;
    let names = |xml: &str| xml.matches("<Name>").count();
    assert_eq!((names(&first), names(&last)), (2, 1));
    assert!(last.contains("<Name>azureml-c</Name>") && last.contains("<NextMarker />"));
}

#[tokio::test]
async fn the_account_says_what_it_keeps() {
    let store = Store::start(EVERYTHING).await;
    let properties = async || {
        let answer = store.ask("GET", "?restype=service&comp=properties", &[], "").await;
        answer.text().await.unwrap()
    };
    assert!(properties().await.contains(
        "<DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days>\
         <AllowPermanentDelete>true</AllowPermanentDelete></DeleteRetentionPolicy>"
    ));
    store.server.set_policy(Policy::default());
    assert!(properties().await.contains("<Enabled>false</Enabled><AllowPermanentDelete>false"));
}

#[tokio::test]
async fn versions_go_in_the_order_that_was_met() {
    let store = Store::start(EVERYTHING).await;
    let server = &store.server;
    server.put("c", "a", b"first");
    server.put("c", "a", b"second");
    let flags = || -> Vec<(bool, bool)> {
        server.forms("c", "a").iter().map(|form| (form.is_current(), form.is_live())).collect()
    };
    assert_eq!(flags(), [(false, true), (true, true)]);
    store.deletes("/c/a", 202).await;
    assert_eq!(flags(), [(false, true), (false, true)], "the current one becomes a version");
    let ids: Vec<String> =
        server.forms("c", "a").into_iter().filter_map(|form| form.version_id).collect();
    for id in &ids {
        store.deletes(&format!("/c/a?versionid={id}&deletetype=permanent"), 409).await;
        store.deletes(&format!("/c/a?versionid={id}"), 202).await;
        store.deletes(&format!("/c/a?versionid={id}"), 404).await;
    }
    assert_eq!(flags(), [(false, false), (false, false)]);
    store.deletes(&format!("/c/a?versionid={}&deletetype=permanent", ids[0]), 202).await;
    store.deletes(&format!("/c/a?versionid={}&deletetype=Permanent", ids[1]), 202).await;
    assert!(server.everything("c").is_empty());
}

#[tokio::test]
async fn soft_deleted_blobs_stay_until_their_day() {
    let store = Store::start(SOFT_DELETE).await;
    let server = &store.server;
    server.put("c", "a", b"first");
    server.put("c", "a", b"second");
    let forms = server.forms("c", "a");
    assert!(matches!(&forms[0].which, Which::Snapshot(_)) && !forms[0].is_live());
    server.advance_clock(SignedDuration::from_hours(24));
    store.deletes("/c/a", 202).await;
    assert!(server.names("c").is_empty() && server.forms("c", "a").len() == 2);
    store.deletes("/c/a?deletetype=permanent", 400).await;
    server.put("c", "a", b"third");
    let forms = server.forms("c", "a");
    assert_eq!(forms.iter().filter(|form| !form.is_live()).count(), 2, "both are kept");
    server.set_policy(Policy { permanent_delete: false, ..SOFT_DELETE });
    let Which::Snapshot(id) = &forms[0].which else { panic!() };
    store.deletes(&format!("/c/a?snapshot={id}&deletetype=permanent"), 409).await;
    server.advance_clock(SignedDuration::from_hours(6 * 24));
    assert_eq!(server.forms("c", "a").len(), 2, "the first is gone");
    server.advance_clock(SignedDuration::from_hours(24));
    assert_eq!(server.forms("c", "a").len(), 1);
    assert_eq!(server.get("c", "a").unwrap(), b"third");
}

#[tokio::test]
async fn time_lifts_what_time_holds() {
    let store = Store::start(SOFT_DELETE).await;
    let server = &store.server;
    server.put("c", "kept", b"bytes");
    server.put("c", "cold", b"bytes");
    server.immutable("c", "kept", &Which::Current, SignedDuration::from_hours(1));
    server.archive("c", "cold");
    let tier = &[("x-ms-access-tier", "Cool")];
    store.ask("PUT", "/c/cold?comp=tier", tier, "").await;
    let started = server.now();
    store.deletes("/c/kept", 409).await;
    assert_eq!(store.ask("GET", "/c/cold", &[], "").await.status().as_u16(), 409);
    server.advance_clock(REHYDRATION_TIME);
    assert_eq!(server.now().duration_since(started), REHYDRATION_TIME);
    store.deletes("/c/kept", 202).await;
    let cold = store.ask("GET", "/c/cold", &[], "").await;
    assert_eq!(cold.text().await.unwrap(), "bytes");
    assert_eq!(server.forms("c", "cold")[0].tier(), "Cool");
}

#[tokio::test]
async fn generated_blobs_are_like_others() {
    let store = Store::start(Policy::default()).await;
    let server = &store.server;
    let name = |index| format!("{index:03}");
    let bytes = |index: usize| vec![b'x'; index];
    server.generate_container("c", Generated { count: 300, name, bytes });
    assert_eq!(store.ask("GET", "/c/007", &[], "").await.text().await.unwrap(), "xxxxxxx");
    assert_eq!(store.ask("GET", "/c/300", &[], "").await.status().as_u16(), 404);
    server.put("c", "0070", b"between");
    server.put("c", "008", b"over");
    store.deletes("/c/009", 202).await;
    store.deletes("/c/009", 404).await;
    let xml = store.list("&prefix=00&maxresults=11").await;
    let names: Vec<&str> =
        xml.split("<Name>").skip(1).map(|rest| rest.split_once('<').unwrap().0).collect();
    let expected = ["000", "001", "002", "003", "004", "005", "006", "007", "0070", "008"];
    assert_eq!(names, expected);
    assert_eq!(server.get("c", "008").unwrap(), b"over");
    assert_eq!(server.names("c").len(), 300);
}

#[tokio::test]
async fn batches_answer_part_by_part() {
    let store = Store::start(Policy::default()).await;
    store.server.put("c", "a b", b"");
    let part = |id: usize, path: &str| {
        format!(
            "--x\r\nContent-Type: application/http\r\nContent-ID: {id}\r\n\r\n\
             DELETE {path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let body = part(0, "/c/a%20b") + &part(1, "/ownstore/c/a%20b") + "--x--\r\n";
    let kind = [("content-type", "multipart/mixed; boundary=x")];
    for path in ["?comp=batch", "/c?restype=container&comp=batch"] {
        let answer = store.ask("POST", path, &kind, &body).await;
        assert_eq!(answer.status().as_u16(), 202);
        let text = answer.text().await.unwrap();
        let statuses: Vec<&str> =
            text.split("HTTP/1.1 ").skip(1).map(|part| part.split_at(3).0).collect();
        let first = if path == "?comp=batch" { "202" } else { "404" };
        assert_eq!(statuses, [first, "404"]);
        assert!(text.contains("Content-ID: 1") && text.contains("BlobNotFound"));
    }
}

#[tokio::test]
async fn things_go_wrong_as_planned() {
    let store = Store::start(Policy::default()).await;
    let server = &store.server;
    for name in ["a", "b", "c", "d"] {
        server.put("c", name, b"0123456789");
    }
    server.fail(1, Fault::Busy { retry_after_s: Some(3) });
    server.fail(2, Fault::TooMany);
    server.fail(3, Fault::TimedOut);
    let busy = store.ask("DELETE", "/c/a", &[], "").await;
    assert_eq!(
        (busy.status().as_u16(), &busy.headers()["retry-after"]),
        (503, &"3".parse().unwrap())
    );
    store.deletes("/c/a", 429).await;
    store.deletes("/c/a", 500).await;
    server.fail_of(Operation::BlobDelete, 1, Fault::Dropped);
    server.fail_of(Operation::BlobDelete, 2, Fault::LostAnswer);
    server.fail_of(Operation::BlobDelete, 3, Fault::HalfAnswer);
    assert!(store.send("DELETE", "/c/a", &[], "").await.is_err());
    assert_eq!(server.names("c").len(), 4, "nothing was done");
    assert!(store.send("DELETE", "/c/b", &[], "").await.is_err());
    assert!(store.send("DELETE", "/c/c", &[], "").await.is_err());
    assert_eq!(server.names("c"), ["a", "d"], "it was done");
    server.fail(1, Fault::HalfAnswer);
    let half = store.ask("GET", "/c/d", &[], "").await;
    assert!(half.bytes().await.is_err());
    server.slow_down(Duration::from_millis(1));
    server.throttle(Some(0));
    store.deletes("/c/d", 503).await;
    assert_eq!(server.requests_of(Operation::BlobDelete), 7);
    assert_eq!(server.requests(), 8);
    assert_eq!(server.in_flight_seen_max(), 1);
}

type Headers<'a> = &'a [(&'a str, &'a str)];
/// Method, path, headers and body of a request, then status and headers of the answer.
type Success<'a> = (&'a str, &'a str, Headers<'a>, &'a str, u16, &'a [&'a str]);
/// Method, path and headers of a request, then status and error code of the answer.
type Refused<'a> = (&'a str, &'a str, Headers<'a>, u16, &'a str);

/// A blob for each reason to refuse something.
async fn fill_for_refusals(store: &Store) {
    let server = &store.server;
    for name in ["a", "leased", "archived", "keyed", "held", "forbidden", "shot", "rehydrating"] {
        server.put("c", name, b"bytes");
    }
    server.lease("c", "leased");
    server.archive("c", "archived");
    server.archive("c", "rehydrating");
    server.customer_key("c", "keyed");
    server.legal_hold("c", "held", &Which::Current, true);
    server.forbid("c", "forbidden");
    server.snapshot("c", "shot");
    let tier = &[("x-ms-access-tier", "Hot")];
    store.ask("PUT", "/c/rehydrating?comp=tier", tier, "").await;
}

/// A server with the container `c`, and a client without an adapter.
struct Store {
    server: BlobServer,
    client: Client,
}

impl Store {
    async fn start(policy: Policy) -> Self {
        let server = BlobServer::start(policy).await;
        server.create_container("c");
        Self { server, client: Client::new() }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: Headers<'_>,
        body: &str,
    ) -> reqwest::Result<Response> {
        let container = self.server.blob("").url;
        let url = format!("{}{path}", container.as_str().trim_end_matches('/'));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url).header("x-ms-client-request-id", "id");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.header("content-length", body.len()).body(body.to_owned()).send().await
    }

    async fn ask(&self, method: &str, path: &str, headers: Headers<'_>, body: &str) -> Response {
        self.send(method, path, headers, body).await.unwrap()
    }

    async fn deletes(&self, path: &str, status: u16) {
        let answer = self.ask("DELETE", path, &[], "").await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }

    async fn list(&self, query: &str) -> String {
        let path = format!("/c?restype=container&comp=list{query}");
        self.ask("GET", &path, &[], "").await.text().await.unwrap()
    }
}
