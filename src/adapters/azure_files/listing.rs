//! Reads the XML of listings: what is in a directory, and which shares there are.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::adapters::azure::wire::xml::{self, Text, Unreadable};

/// One page of a directory, in the order of the service.
#[derive(Debug, Default)]
pub struct Entries {
    /// What is in it.
    pub entries: Vec<Listed>,
    /// Where the next page starts.
    pub next_marker: Option<String>,
}

/// A file or a directory in another. It is ordered by its key alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name; that of a directory ends in `/`, which puts it where its files belong: `a.txt`
    /// stands before `a/b`.
    pub key: String,
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was last written, as the service says it.
    pub written: Option<Timestamp>,
    /// What it is known by whatever it is called, where that is told.
    pub id: Option<u64>,
}

/// What programs on a mounted share have open. They may write without that a listing says so: it
/// shows size, time and `ETag` as they were, until the file is closed.
#[derive(Debug, Default)]
pub struct Open {
    /// Paths in lower case: the service compares them so.
    paths: HashSet<String>,
    ids: HashSet<u64>,
    /// Set where nobody tells us: then anything may be open.
    is_untold: bool,
}

/// One page of what is open.
#[derive(Debug, Default)]
pub struct Handles {
    paths: Vec<String>,
    ids: Vec<u64>,
    /// Where the next page starts.
    pub next_marker: Option<String>,
}

/// One page of the shares of an account.
#[derive(Debug, Default)]
pub struct Shares {
    /// Shares, and snapshots of them.
    pub shares: Vec<ListedShare>,
    /// Where the next page starts.
    pub next_marker: Option<String>,
}

/// A share, or a snapshot of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedShare {
    /// The name.
    pub name: String,
    /// Timestamp of the snapshot.
    pub snapshot: Option<String>,
    /// Whether it is soft-deleted.
    pub is_deleted: bool,
}

impl Listed {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.key.ends_with('/')
    }
}

impl Open {
    /// Whether somebody has a file open, or may have.
    pub fn holds(&self, path: &str, listed: &Listed) -> bool {
        let is_known = |id: u64| self.ids.contains(&id);
        self.is_untold || listed.id.is_some_and(is_known) || self.paths.contains(&folded(path))
    }

    /// Nobody tells us what is open.
    pub fn untold(&mut self) {
        self.is_untold = true;
    }

    /// Whether it is told.
    pub fn is_told(&self) -> bool {
        !self.is_untold
    }

    /// Takes in what is open besides.
    pub fn add(&mut self, handles: Handles) {
        self.paths.extend(handles.paths.iter().map(|path| folded(path)));
        self.ids.extend(handles.ids);
    }
}

/// A path as it is compared, whichever way a program has written it.
fn folded(path: &str) -> String {
    path.replace('\\', "/").trim_matches('/').to_lowercase()
}

/// The page of what is open in an answer's body.
///
/// # Errors
/// It is none.
pub fn handles(body: &[u8]) -> Result<Handles, Unreadable> {
    let (mut page, mut is_page) = (Handles::default(), false);
    xml::read(body, |path, text| {
        match path {
            ["EnumerationResults"] => is_page = true,
            ["EnumerationResults", "NextMarker"] => page.next_marker = given(text),
            ["EnumerationResults", "Entries", "Handle", "Path"] => {
                page.paths.push(text.name_or_escaped());
            }
            ["EnumerationResults", "Entries", "Handle", "FileId"] => {
                page.ids.extend(text.text.trim().parse::<u64>().ok());
            }
            _ => {}
        }
        Ok(())
    })?;
    if is_page { Ok(page) } else { Err(Unreadable) }
}

/// The page of a directory in an answer's body.
///
/// # Errors
/// It is none.
pub fn entries(body: &[u8]) -> Result<Entries, Unreadable> {
    let (mut page, mut listed) = (Entries::default(), Listed::default());
    let mut is_page = false;
    xml::read(body, |path, text| {
        match path {
            ["EnumerationResults"] => is_page = true,
            ["EnumerationResults", "NextMarker"] => page.next_marker = given(text),
            ["EnumerationResults", "Entries", sort @ ("File" | "Directory")] => {
                let mut listed = std::mem::take(&mut listed);
                if listed.key.is_empty() {
                    return Err(Unreadable);
                }
                // A slash in a name would be another path.
                listed.key = listed.key.replace('/', "\\x2F");
                if *sort == "Directory" {
                    listed.key.push('/');
                }
                page.entries.push(listed);
            }
            ["EnumerationResults", "Entries", _, "Name"] => listed.key = text.name_or_escaped(),
            ["EnumerationResults", "Entries", _, "FileId"] => {
                listed.id = text.text.trim().parse().ok();
            }
            ["EnumerationResults", "Entries", _, "Properties", field] => {
                property(&mut listed, field, text.text)?;
            }
            _ => {}
        }
        Ok(())
    })?;
    if is_page { Ok(page) } else { Err(Unreadable) }
}

fn property(listed: &mut Listed, field: &str, text: String) -> Result<(), Unreadable> {
    match field {
        "Content-Length" => listed.size = text.trim().parse().map_err(|_| Unreadable)?,
        "LastWriteTime" => listed.written = text.parse().ok(),
        "Etag" => text.trim_matches('"').clone_into(&mut listed.etag),
        _ => {}
    }
    Ok(())
}

/// The page of shares in an answer's body.
///
/// # Errors
/// It is none.
pub fn shares(body: &[u8]) -> Result<Shares, Unreadable> {
    let (mut page, mut share) = (Shares::default(), ListedShare::default());
    let mut is_page = false;
    xml::read(body, |path, text| {
        match path {
            ["EnumerationResults"] => is_page = true,
            ["EnumerationResults", "NextMarker"] => page.next_marker = given(text),
            ["EnumerationResults", "Shares", "Share"] => {
                page.shares.push(std::mem::take(&mut share));
            }
            ["EnumerationResults", "Shares", "Share", "Name"] => share.name = text.text,
            ["EnumerationResults", "Shares", "Share", "Snapshot"] => share.snapshot = given(text),
            ["EnumerationResults", "Shares", "Share", "Deleted"] => {
                share.is_deleted = text.text == "true";
            }
            _ => {}
        }
        Ok(())
    })?;
    let are_named = page.shares.iter().all(|share| !share.name.is_empty());
    if is_page && are_named { Ok(page) } else { Err(Unreadable) }
}

fn given(text: Text) -> Option<String> {
    Some(text.text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_was_written_and_directories_end_in_a_slash() {
        let xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ShareName=\"c\" \
            DirectoryPath=\"\"><Prefix /><Entries><Directory><Name> a </Name><Properties>\
            <Etag>\"0x1\"</Etag></Properties></Directory><File><FileId>1</FileId>\
            <Name Encoded=\"true\">b%EF%BF%BE%26</Name><Properties><Content-Length>7\
            </Content-Length><LastWriteTime>2026-11-23T12:00:00.1234567Z</LastWriteTime>\
            <Etag>\"0x2\"</Etag></Properties></File></Entries><NextMarker>m</NextMarker>\
            </EnumerationResults>";
        let page = entries(xml.as_bytes()).unwrap();
        let (directory, file) = (&page.entries[0], &page.entries[1]);
        assert_eq!((directory.key.as_str(), directory.is_directory()), (" a /", true));
        assert_eq!((file.key.as_str(), file.is_directory()), ("b\u{fffe}&", false));
        assert_eq!((file.etag.as_str(), file.size), ("0x2", 7));
        assert_eq!((directory.id, file.id), (None, Some(1)));
        assert_eq!(file.written.unwrap().to_string(), "2026-11-23T12:00:00.1234567Z");
        assert_eq!(page.next_marker.as_deref(), Some("m"));
        for length in 0..xml.len() {
            assert!(entries(&xml.as_bytes()[..length]).is_err(), "{length} bytes");
        }
        for name in ["<Name />", ""] {
            let xml = format!(
                "<EnumerationResults><Entries><File>{name}</File></Entries></EnumerationResults>"
            );
            assert!(entries(xml.as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_open_is_known_by_its_path_in_any_spelling_or_by_its_id() {
        let xml = "<EnumerationResults><Entries><Handle><HandleId>1</HandleId>\
            <Path>Users\\Ann\\A.ipynb</Path><FileId>7</FileId></Handle><Handle>\
            <Path Encoded=\"true\">b%EF%BF%BE</Path><FileId>odd</FileId></Handle></Entries>\
            <NextMarker>m</NextMarker></EnumerationResults>";
        let mut open = Open::default();
        let page = handles(xml.as_bytes()).unwrap();
        assert_eq!(page.next_marker.as_deref(), Some("m"));
        open.add(page);
        let by = |id| Listed { id, ..Listed::default() };
        for (path, id, is_open) in [
            ("Users/ann/a.ipynb", None, true),
            ("renamed since.ipynb", Some(7), true),
            ("b\u{fffe}", None, true),
            ("Users/ann/b.ipynb", Some(8), false),
        ] {
            assert_eq!(open.holds(path, &by(id)), is_open, "{path}");
        }
        assert!(handles(b"<Error />").is_err());
        for length in 0..xml.len() {
            assert!(handles(&xml.as_bytes()[..length]).is_err(), "{length} bytes");
        }
        open.untold();
        assert!(open.holds("anything", &by(None)) && !open.is_told());
    }

    #[test]
    fn shares_are_told_from_their_snapshots_and_from_deleted_ones() {
        let xml = "<EnumerationResults><Shares><Share><Name>c</Name><Snapshot>2026</Snapshot>\
            </Share><Share><Name>c</Name></Share><Share><Name>d</Name><Deleted>true</Deleted>\
            </Share></Shares><NextMarker /></EnumerationResults>";
        let page = shares(xml.as_bytes()).unwrap();
        let told: Vec<_> = page
            .shares
            .iter()
            .map(|it| (it.name.as_str(), it.snapshot.as_deref(), it.is_deleted))
            .collect();
        assert_eq!(told, [("c", Some("2026"), false), ("c", None, false), ("d", None, true)]);
        assert!(page.next_marker.is_none());
        assert!(shares(b"<Error><Code>No</Code></Error>").is_err());
    }
}
