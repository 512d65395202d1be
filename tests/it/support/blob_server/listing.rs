//! Listings as XML, element by element in the order of the published interface.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::blob_server::account::{Account, Policy};
use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::container::Container;
use crate::support::blob_server::form::{Form, Which, http_date};
use crate::support::blob_server::wire::Request;

/// Most entries of a page.
const PAGE_MAX: usize = 5000;
const DECLARATION: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>";
/// What may be asked of a listing.
const INCLUDES: [&str; 10] = [
    "copy",
    "deleted",
    "metadata",
    "snapshots",
    "uncommittedblobs",
    "versions",
    "tags",
    "immutabilitypolicy",
    "legalhold",
    "deletedwithversions",
];

/// A page of the forms of a container's blobs.
pub fn blobs(
    account: &mut Account,
    name: &str,
    endpoint: &str,
    request: &Request,
) -> Result<String, Refusal> {
    let (now, policy) = (account.now, account.policy);
    let container = account.container(name)?;
    let page_max = page_max(request)?;
    let listing = Listing::new(request, now, policy)?;
    let mut xml = String::with_capacity(64 * 1024);
    write!(
        xml,
        "{DECLARATION}<EnumerationResults ServiceEndpoint=\"{}\" ContainerName=\"{}\">",
        escaped(endpoint),
        escaped(name)
    )
    .unwrap();
    echo(&mut xml, request);
    xml.push_str("<Blobs>");
    let next = listing.fill(&mut xml, container, page_max)?;
    xml.push_str("</Blobs>");
    text(&mut xml, "NextMarker", &next.unwrap_or_default());
    xml.push_str("</EnumerationResults>");
    Ok(xml)
}

/// A page of the account's containers.
pub fn containers(account: &Account, endpoint: &str, request: &Request) -> Result<String, Refusal> {
    let page_max = page_max(request)?;
    let prefix = request.query("prefix").unwrap_or_default();
    let start = match request.query("marker") {
        Some(marker) => read_marker(marker)?.0,
        None => String::new(),
    };
    let mut xml = String::new();
    let endpoint = escaped(endpoint);
    write!(xml, "{DECLARATION}<EnumerationResults ServiceEndpoint=\"{endpoint}\">").unwrap();
    echo(&mut xml, request);
    xml.push_str("<Containers>");
    let mut names = account.containers.keys().filter(|name| name.starts_with(prefix));
    let mut names = names.by_ref().skip_while(|name| **name < start);
    for name in names.by_ref().take(page_max) {
        xml.push_str("<Container>");
        text(&mut xml, "Name", name);
        xml.push_str("<Properties>");
        text(&mut xml, "Last-Modified", &http_date(account.now));
        text(&mut xml, "Etag", "\"0x8DC0000000000\"");
        text(&mut xml, "LeaseStatus", "unlocked");
        text(&mut xml, "LeaseState", "available");
        text(&mut xml, "HasImmutabilityPolicy", "false");
        text(&mut xml, "HasLegalHold", "false");
        xml.push_str("</Properties></Container>");
    }
    xml.push_str("</Containers>");
    text(&mut xml, "NextMarker", &names.next().map(|name| marker(name, "")).unwrap_or_default());
    xml.push_str("</EnumerationResults>");
    Ok(xml)
}

/// The account's policy of soft deletion.
pub fn properties(policy: Policy) -> String {
    let mut xml = format!("{DECLARATION}<StorageServiceProperties><DeleteRetentionPolicy>");
    text(&mut xml, "Enabled", &policy.retention_days.is_some().to_string());
    if let Some(days) = policy.retention_days {
        text(&mut xml, "Days", &days.to_string());
    }
    text(&mut xml, "AllowPermanentDelete", &policy.permanent_delete.to_string());
    xml + "</DeleteRetentionPolicy></StorageServiceProperties>"
}

/// Index tags of one blob.
pub fn tags(form: &Form) -> String {
    let mut xml = DECLARATION.to_owned();
    tag_set(&mut xml, form);
    xml
}

/// What was refused.
pub fn error(code: &str) -> String {
    format!("{DECLARATION}<Error><Code>{code}</Code><Message>Not now.</Message></Error>")
}

struct Listing<'a> {
    prefix: &'a str,
    include: Vec<&'a str>,
    start: (String, String),
    now: Timestamp,
    policy: Policy,
    /// The last date that was written: most are like the one before.
    date: RefCell<(Timestamp, String)>,
}

impl<'a> Listing<'a> {
    fn new(request: &'a Request, now: Timestamp, policy: Policy) -> Result<Self, Refusal> {
        let include: Vec<&str> = request.query("include").unwrap_or_default().split(',').collect();
        if include.iter().any(|word| !word.is_empty() && !INCLUDES.contains(word)) {
            return Err(refusal(400, "InvalidQueryParameterValue"));
        }
        if request.query("delimiter").is_some() {
            return Err(refusal(400, "UnsupportedQueryParameter"));
        }
        let prefix = request.query("prefix").unwrap_or_default();
        // `startFrom` is younger than the collected interface; the SDK has it.
        let first = request.query("startfrom").unwrap_or_default().max(prefix);
        let start = match request.query("marker") {
            Some(marker) => read_marker(marker)?,
            None => (first.to_owned(), String::new()),
        };
        let date = RefCell::new((now, http_date(now)));
        Ok(Self { prefix, include, start, now, policy, date })
    }

    /// Writes forms until the page is full, and says where the next one starts.
    fn fill(
        &self,
        xml: &mut String,
        container: &Container,
        page_max: usize,
    ) -> Result<Option<String>, Refusal> {
        let (start, first) = (&self.start.0, &self.start.1);
        let mut count = 0;
        let blobs = container.from(start);
        for (name, forms) in blobs.take_while(|(name, _)| name.starts_with(self.prefix)) {
            for form in forms.iter().filter(|form| self.shows(form)) {
                if *name == **start && form.rank() < first.as_str() {
                    continue;
                }
                if count == page_max {
                    return Ok(Some(marker(&name, form.rank())));
                }
                self.entry(xml, &name, form);
                count += 1;
            }
        }
        Ok(None)
    }

    fn asks(&self, word: &str) -> bool {
        self.include.contains(&word)
    }

    /// Whether soft-deleted snapshots and versions need their own word beside `deleted` is not
    /// said; here they do.
    fn shows(&self, form: &Form) -> bool {
        let is_asked = match form.which {
            Which::Current => true,
            Which::Snapshot(_) => self.asks("snapshots"),
            Which::Version(_) => self.asks("versions"),
        };
        is_asked && (form.is_live() || self.asks("deleted"))
    }

    fn entry(&self, xml: &mut String, blob: &str, form: &Form) {
        xml.push_str("<Blob>");
        name(xml, "Name", blob);
        if !form.is_live() {
            text(xml, "Deleted", "true");
        }
        if let Which::Snapshot(snapshot) = &form.which {
            text(xml, "Snapshot", snapshot);
        }
        if let Some(id) = form.version_id.as_ref().filter(|_| self.asks("versions")) {
            text(xml, "VersionId", id);
            if form.is_current() && form.is_live() {
                text(xml, "IsCurrentVersion", "true");
            }
        }
        xml.push_str("<Properties>");
        self.properties(xml, form);
        xml.push_str("</Properties>");
        if self.asks("metadata") {
            metadata(xml, form);
        }
        if self.asks("tags") && !form.draft.tags.is_empty() {
            tag_set(xml, form);
        }
        xml.push_str("</Blob>");
    }

    fn properties(&self, xml: &mut String, form: &Form) {
        self.date(xml, "Creation-Time", form.created);
        self.date(xml, "Last-Modified", form.modified);
        text(xml, "Etag", form.etag.trim_matches('"'));
        text(xml, "Content-Length", &form.draft.bytes.len().to_string());
        let fields =
            ["Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition"];
        for field in fields.into_iter().chain(["Cache-Control"]) {
            if let Some(value) = form.draft.content.get(&field.to_lowercase()) {
                text(xml, field, value);
            }
        }
        text(xml, "BlobType", form.kind());
        if form.is_current() && form.is_live() {
            let (status, state) = lease(form);
            text(xml, "LeaseStatus", status);
            text(xml, "LeaseState", state);
            if form.lease.is_some() {
                text(xml, "LeaseDuration", "infinite");
            }
        }
        if let Some(source) = form.draft.copy_source.as_ref().filter(|_| self.asks("copy")) {
            text(xml, "CopySource", source);
        }
        text(xml, "ServerEncrypted", "true");
        if form.draft.is_directory {
            text(xml, "ResourceType", "directory");
        }
        if let Some(deleted) = form.deleted {
            self.date(xml, "DeletedTime", deleted.at);
            let days = deleted.until.duration_since(self.now).as_hours() / 24;
            text(xml, "RemainingRetentionDays", &days.to_string());
        }
        self.last_properties(xml, form);
    }

    fn date(&self, xml: &mut String, element: &str, time: Timestamp) {
        let mut last = self.date.borrow_mut();
        if last.0 != time {
            *last = (time, http_date(time));
        }
        text(xml, element, &last.1);
    }

    fn last_properties(&self, xml: &mut String, form: &Form) {
        text(xml, "AccessTier", form.tier());
        if form.draft.tier.is_none() {
            text(xml, "AccessTierInferred", "true");
        }
        if let Some(status) = archive_status(form) {
            text(xml, "ArchiveStatus", &status);
        }
        if let Some(hash) = &form.draft.customer_key {
            text(xml, "CustomerProvidedKeySha256", hash);
        }
        if !form.draft.tags.is_empty() {
            text(xml, "TagCount", &form.draft.tags.len().to_string());
        }
        if let Some(until) = form.immutable_until.filter(|_| self.asks("immutabilitypolicy")) {
            text(xml, "ImmutabilityPolicyUntilDate", &http_date(until));
            text(xml, "ImmutabilityPolicyMode", "unlocked");
        }
        if self.asks("legalhold") && (form.legal_hold || self.policy.versioning) {
            text(xml, "LegalHold", &form.legal_hold.to_string());
        }
    }
}

/// Status and state of a lease.
pub fn lease(form: &Form) -> (&'static str, &'static str) {
    if form.lease.is_some() { ("locked", "leased") } else { ("unlocked", "available") }
}

pub fn archive_status(form: &Form) -> Option<String> {
    let (tier, _) = form.rehydration.as_ref()?;
    Some(format!("rehydrate-pending-to-{}", tier.to_lowercase()))
}

/// Without the customer's key it is not to be had.
fn metadata(xml: &mut String, form: &Form) {
    if form.draft.customer_key.is_some() {
        xml.push_str("<Metadata Encrypted=\"true\" />");
        return;
    }
    xml.push_str("<Metadata>");
    form.draft.metadata.iter().for_each(|(name, value)| text(xml, name, value));
    form.draft.unlistable.keys().for_each(|name| text(xml, "x-ms-invalid-name", name));
    xml.push_str("</Metadata>");
}

fn tag_set(xml: &mut String, form: &Form) {
    xml.push_str("<Tags><TagSet>");
    for (key, value) in &form.draft.tags {
        xml.push_str("<Tag>");
        text(xml, "Key", key);
        text(xml, "Value", value);
        xml.push_str("</Tag>");
    }
    xml.push_str("</TagSet></Tags>");
}

/// What was asked for.
fn echo(xml: &mut String, request: &Request) {
    for (element, parameter) in
        [("Prefix", "prefix"), ("Marker", "marker"), ("MaxResults", "maxresults")]
    {
        if let Some(value) = request.query(parameter) {
            name(xml, element, value);
        }
    }
}

fn page_max(request: &Request) -> Result<usize, Refusal> {
    let Some(asked) = request.query("maxresults") else { return Ok(PAGE_MAX) };
    match asked.parse() {
        Ok(count @ 1..) => Ok(PAGE_MAX.min(count)),
        Ok(_) => Err(refusal(400, "OutOfRangeQueryParameterValue")),
        Err(_) => Err(refusal(400, "InvalidQueryParameterValue")),
    }
}

/// Opaque, as the service's own are.
fn marker(name: &str, rank: &str) -> String {
    format!("2!{}", URL_SAFE_NO_PAD.encode(format!("{rank}\n{name}")))
}

fn read_marker(marker: &str) -> Result<(String, String), Refusal> {
    let encoded = marker.strip_prefix("2!").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let text = encoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().and_then(|text| text.split_once('\n'));
    let (rank, name) = parts.ok_or(refusal(400, "InvalidQueryParameterValue"))?;
    Ok((name.to_owned(), rank.to_owned()))
}

/// A name; percent-encoded, and said to be, where XML cannot hold it.
pub fn name(xml: &mut String, element: &str, name: &str) {
    let is_held =
        |c: char| !matches!(c, '\u{fffe}' | '\u{ffff}') && (c >= ' ' || "\t\n\r".contains(c));
    if name.chars().all(is_held) {
        return text(xml, element, name);
    }
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    write!(xml, "<{element} Encoded=\"true\">{encoded}</{element}>").unwrap();
}

pub fn text(xml: &mut String, element: &str, text: &str) {
    if text.is_empty() {
        xml.extend(["<", element, " />"]);
    } else {
        xml.extend(["<", element, ">", &escaped(text), "</", element, ">"]);
    }
}

pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| b"&<>\"\r".contains(&byte)) {
        return text.into();
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', "&quot;").replace('\r', "&#xD;").into()
}
