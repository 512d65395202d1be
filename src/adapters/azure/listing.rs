//! Reads the XML of a listing.
//!
//! The SDK's own reading trims white space, so that the blob ` a` would be taken for `a`, and gives
//! a whole page up for one date that it does not understand. Here a name is what was written, and
//! only what makes an item is read.

use std::collections::BTreeMap;

use crate::adapters::azure::wire::xml::{self, Text, Unreadable};

/// One page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// In the order of the service.
    pub blobs: Vec<ListedBlob>,
    /// Names of containers, where those were asked for.
    pub containers: Vec<String>,
    /// Names of those that were deleted and can be restored, where these were asked for.
    pub deleted_containers: Vec<String>,
    /// Where the next page starts.
    pub next_marker: Option<String>,
}

/// One form of one blob.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ListedBlob {
    /// The name.
    pub name: String,
    /// Timestamp of a snapshot.
    pub snapshot: Option<String>,
    /// Id of a version.
    pub version_id: Option<String>,
    /// Whether that version is the current one.
    pub is_current_version: bool,
    /// Whether it is soft-deleted.
    pub is_deleted: bool,
    /// When it was soft-deleted, as in HTTP.
    pub deleted: String,
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// As in HTTP.
    pub modified: String,
    /// The media type.
    pub content_type: Option<String>,
    /// How the bytes are encoded.
    pub content_encoding: Option<String>,
    /// What else is said of it, by name.
    pub properties: BTreeMap<String, String>,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// Metadata, but for what a listing cannot show: see [`INVALID_NAME`].
    pub metadata: BTreeMap<String, String>,
    /// Index tags.
    pub tags: BTreeMap<String, String>,
}

/// Stands in the place of metadata whose name XML, or the service today, does not take.
pub const INVALID_NAME: &str = "x-ms-invalid-name";

/// What is said of a blob and may speak of somebody.
const PROPERTIES: [&str; 5] = [
    "Content-Language",
    "Content-Disposition",
    "Cache-Control",
    "CopySource",
    "CopyStatusDescription",
];

/// The listing in an answer's body.
pub fn parse(xml: &[u8]) -> Result<Listing, Unreadable> {
    let mut parser = Parser::default();
    xml::read(xml, |path, text| parser.end(path, text))?;
    parser.finish()
}

/// Keeps all values of one name, as HTTP joins them.
pub fn keep(pairs: &mut BTreeMap<String, String>, name: &str, value: String) {
    match pairs.get_mut(name) {
        Some(values) => {
            values.push_str(", ");
            values.push_str(&value);
        }
        None => drop(pairs.insert(name.to_owned(), value)),
    }
}

/// How directories are marked in accounts that have none, and by those that have.
fn is_folder(metadata: &BTreeMap<String, String>) -> bool {
    let is_mark = |(name, value): (&String, &String)| {
        name.eq_ignore_ascii_case("hdi_isfolder") && value.eq_ignore_ascii_case("true")
    };
    metadata.iter().any(is_mark)
}

#[derive(Default)]
struct Parser {
    listing: Listing,
    blob: ListedBlob,
    container: String,
    is_container_deleted: bool,
    tag_key: String,
    is_listing: bool,
}

impl Parser {
    /// Takes the text of the element that ends here.
    fn end(&mut self, path: &[&str], text: Text) -> Result<(), Unreadable> {
        match path {
            ["EnumerationResults"] => self.is_listing = true,
            ["EnumerationResults", "NextMarker"] if !text.text.is_empty() => {
                self.listing.next_marker = Some(text.text);
            }
            ["EnumerationResults", "Containers", "Container", "Name"] => {
                self.container = text.text;
            }
            ["EnumerationResults", "Containers", "Container", "Deleted"] => {
                self.is_container_deleted = text.text == "true";
            }
            ["EnumerationResults", "Containers", "Container"] => {
                let name = std::mem::take(&mut self.container);
                match std::mem::take(&mut self.is_container_deleted) {
                    true => self.listing.deleted_containers.push(name),
                    false => self.listing.containers.push(name),
                }
            }
            ["EnumerationResults", "Blobs", "Blob"] => {
                let mut blob = std::mem::take(&mut self.blob);
                blob.is_directory |= is_folder(&blob.metadata);
                self.listing.blobs.push(blob);
            }
            ["EnumerationResults", "Blobs", "Blob", field @ ..] => {
                self.field(field, text)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn field(&mut self, path: &[&str], written: Text) -> Result<(), Unreadable> {
        let blob = &mut self.blob;
        if path == ["Name"] {
            blob.name = written.name()?;
            return Ok(());
        }
        let text = written.text;
        match path {
            ["Snapshot"] => blob.snapshot = Some(text).filter(|text| !text.is_empty()),
            ["VersionId"] => blob.version_id = Some(text).filter(|text| !text.is_empty()),
            ["IsCurrentVersion"] => blob.is_current_version = text == "true",
            ["Deleted"] => blob.is_deleted = text == "true",
            ["Properties", "Etag"] => blob.etag = text.trim_matches('"').to_owned(),
            ["Properties", "Content-Length"] => {
                blob.size = text.trim().parse().map_err(|_| Unreadable)?;
            }
            ["Properties", "Last-Modified"] => blob.modified = text,
            ["Properties", "DeletedTime"] => blob.deleted = text,
            ["Properties", "Content-Type"] => {
                blob.content_type = Some(text).filter(|text| !text.is_empty());
            }
            ["Properties", "Content-Encoding"] => {
                blob.content_encoding = Some(text).filter(|text| !text.is_empty());
            }
            ["Properties", "ResourceType"] => blob.is_directory |= text == "directory",
            ["Properties", name] if PROPERTIES.contains(name) && !text.is_empty() => {
                keep(&mut blob.properties, name, text);
            }
            ["Metadata", name] => keep(&mut blob.metadata, name, text),
            ["Tags", "TagSet", "Tag", "Key"] => self.tag_key = text,
            ["Tags", "TagSet", "Tag", "Value"] => {
                keep(&mut blob.tags, &std::mem::take(&mut self.tag_key), text);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Listing, Unreadable> {
        let are_named = self.listing.blobs.iter().all(|blob| !blob.name.is_empty());
        if self.is_listing && are_named { Ok(self.listing) } else { Err(Unreadable) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(blobs: &str) -> Vec<u8> {
        let head = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults>";
        let tail = "<NextMarker>m&amp;1</NextMarker></EnumerationResults>";
        format!("{head}<Prefix /><Blobs>{blobs}</Blobs>{tail}").into_bytes()
    }

    #[test]
    fn names_are_what_was_written() {
        let cases = [
            ("<Name> a </Name>", " a "),
            ("<Name>a\tb\nc</Name>", "a\tb\nc"),
            ("<Name>a&#xD;b</Name>", "a\rb"),
            ("<Name>&lt;a&gt;&amp;&quot;&apos;</Name>", "<a>&\"'"),
            ("<Name>100%25</Name>", "100%25"),
            ("<Name Encoded=\"true\">a%01%EF%BF%BF</Name>", "a\u{1}\u{ffff}"),
            ("<Name><![CDATA[<a>]]></Name>", "<a>"),
        ];
        for (xml, name) in cases {
            let listing = parse(&page(&format!("<Blob>{xml}</Blob>"))).unwrap();
            assert_eq!(listing.blobs[0].name, name, "{xml}");
            assert_eq!(listing.next_marker.as_deref(), Some("m&1"));
        }
    }

    #[test]
    fn all_that_makes_an_item_is_read() {
        let xml = "<Blob>\n <Name>a</Name><VersionId>v1</VersionId>\
            <IsCurrentVersion>true</IsCurrentVersion>\n <Properties><Etag>0x1</Etag>\
            <Last-Modified>Mon, 23 Nov 2026 12:28:55 GMT</Last-Modified>\
            <Content-Length>5</Content-Length><Content-Type>text/plain</Content-Type>\
            </Properties><Metadata><owner> ann </owner><empty /></Metadata>\
            <Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags></Blob>\
            <Blob><Name>a</Name><Snapshot>2026</Snapshot><Deleted>true</Deleted></Blob>";
        let blobs = parse(&page(xml)).unwrap().blobs;
        let map = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = ListedBlob {
            name: "a".to_owned(),
            version_id: Some("v1".to_owned()),
            is_current_version: true,
            etag: "0x1".to_owned(),
            size: 5,
            modified: "Mon, 23 Nov 2026 12:28:55 GMT".to_owned(),
            content_type: Some("text/plain".to_owned()),
            metadata: [map("owner", " ann "), map("empty", "")].into(),
            tags: [map("k", "v")].into(),
            ..ListedBlob::default()
        };
        assert_eq!(blobs[0], expected);
        assert_eq!(blobs[1].snapshot.as_deref(), Some("2026"));
        assert!(blobs[1].is_deleted);
    }

    #[test]
    fn all_that_is_said_of_a_blob_is_kept() {
        let xml = "<Blob><Name>a</Name><Properties><Content-Encoding>br</Content-Encoding>\
            <Content-Language>ja</Content-Language><Cache-Control>no-cache</Cache-Control>\
            <Content-Disposition>inline</Content-Disposition><Content-MD5>x</Content-MD5>\
            <CopySource>https://a/b</CopySource></Properties><Metadata><owner>ann</owner>\
            <owner>bob</owner><x-ms-invalid-name>a b</x-ms-invalid-name></Metadata></Blob>\
            <Blob><Name>d</Name><Properties><ResourceType>directory</ResourceType></Properties>\
            </Blob><Blob><Name>e</Name><Metadata><Hdi_isfolder>true</Hdi_isfolder></Metadata>\
            </Blob>";
        let blobs = parse(&page(xml)).unwrap().blobs;
        let map = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(blobs[0].content_encoding.as_deref(), Some("br"));
        let properties = [
            map("Content-Language", "ja"),
            map("Cache-Control", "no-cache"),
            map("Content-Disposition", "inline"),
            map("CopySource", "https://a/b"),
        ];
        assert_eq!(blobs[0].properties, properties.into());
        assert_eq!(blobs[0].metadata, [map("owner", "ann, bob"), map(INVALID_NAME, "a b")].into());
        let are: Vec<bool> = blobs.iter().map(|blob| blob.is_directory).collect();
        assert_eq!(are, [false, true, true]);
    }

    #[test]
    fn half_a_listing_is_none() {
        let whole = page("<Blob><Name>a</Name></Blob>");
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(parse(&page("<Blob><Size>1</Size></Blob>")).is_err(), "a blob without a name");
        assert!(parse(b"<Error><Code>No</Code></Error>").is_err());
    }
}
