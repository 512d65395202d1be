//! Reads the JSON of listings: the paths of a file system, and the file systems of an account.

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

/// The answer was not what it had to be.
#[derive(Debug, Error)]
#[error("the storage service sent a listing that cannot be read")]
pub struct Unreadable;

/// What stands behind the rights of a path where somebody has some by name.
const NAMED: char = '+';

/// A path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// It; that of a directory ends in `/`.
    pub path: String,
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// Whose it is: an id of Entra, or `$superuser`.
    pub owner: Option<String>,
    /// The group that it is of, the same way.
    pub group: Option<String>,
    /// Whether somebody has rights by name.
    pub has_rights_by_name: bool,
}

/// The paths in an answer's body.
///
/// # Errors
/// There are none.
pub fn paths(body: &[u8]) -> Result<Vec<Listed>, Unreadable> {
    each(body, "paths")?.iter().map(listed).collect()
}

/// The names of file systems in an answer's body.
///
/// # Errors
/// There are none.
pub fn file_systems(body: &[u8]) -> Result<Vec<String>, Unreadable> {
    let named = |value: &Value| value["name"].as_str().map(str::to_owned).ok_or(Unreadable);
    each(body, "filesystems")?.iter().map(named).collect()
}

fn each(body: &[u8], word: &str) -> Result<Vec<Value>, Unreadable> {
    let mut value: Value = serde_json::from_slice(body).map_err(|_| Unreadable)?;
    match value[word].take() {
        Value::Array(all) => Ok(all),
        _ => Err(Unreadable),
    }
}

/// The service writes numbers and truth as text.
fn listed(value: &Value) -> Result<Listed, Unreadable> {
    let text = |name: &str| match &value[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let mut path = text("name").filter(|path| !path.is_empty()).ok_or(Unreadable)?;
    let is_directory = text("isDirectory").as_deref() == Some("true");
    if is_directory {
        path.push('/');
    }
    let size = text("contentLength").filter(|_| !is_directory);
    let modified = text("lastModified").and_then(|it| jiff::fmt::rfc2822::parse(&it).ok());
    Ok(Listed {
        path,
        etag: text("eTag")
            .or_else(|| text("etag"))
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned(),
        size: size.map_or(Ok(0), |size| size.parse()).map_err(|_| Unreadable)?,
        modified: modified.map(|time| time.timestamp()),
        owner: text("owner"),
        group: text("group"),
        has_rights_by_name: text("permissions").is_some_and(|it| it.ends_with(NAMED)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_makes_an_item_is_read() {
        let json = r#"{"paths":[{"contentLength":"7","creationTime":"134000000000000000",
            "eTag":"0x8DE1","group":"$superuser","lastModified":"Mon, 23 Nov 2026 12:28:55 GMT",
            "name":" a\t\u5c71/b.csv","owner":"6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "permissions":"rw-r-----+"},
            {"name":"d","isDirectory":"true","etag":"\"0x2\"","contentLength":"0"},
            {"name":"e","isDirectory":true,"contentLength":0}]}"#;
        let all = paths(json.as_bytes()).unwrap();
        let first = &all[0];
        assert_eq!((first.path.as_str(), first.size), (" a\t山/b.csv", 7));
        assert_eq!(first.modified.unwrap().to_string(), "2026-11-23T12:28:55Z");
        assert_eq!(first.owner.as_deref(), Some("6f9619ff-8b86-d011-b42d-00cf4fc964ff"));
        assert!(first.has_rights_by_name && first.etag == "0x8DE1");
        let others: Vec<&str> = all[1..].iter().map(|it| it.path.as_str()).collect();
        assert_eq!((others, all[1].etag.as_str()), (vec!["d/", "e/"], "0x2"));
        assert!(!all[1].has_rights_by_name);
        for length in 0..json.len() {
            assert!(paths(&json.as_bytes()[..length]).is_err(), "{length} bytes");
        }
        for json in [r#"{"error":{}}"#, r#"{"paths":[{}]}"#, r#"{"paths":[{"name":""}]}"#] {
            assert!(paths(json.as_bytes()).is_err(), "{json}");
        }
        let bad_size = r#"{"paths":[{"name":"a","contentLength":"x"}]}"#;
        assert!(paths(bad_size.as_bytes()).is_err());
        let json = r#"{"filesystems":[{"name":"data","eTag":"0x1"},{"name":"other"}]}"#;
        assert_eq!(file_systems(json.as_bytes()).unwrap(), ["data", "other"]);
    }
}
