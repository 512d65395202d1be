//! From a blob's name to its URL, byte for byte.
//!
//! A name may hold anything, and URL libraries drop, fold and resolve things. Everything but
//! unreserved characters and `/` is percent-encoded here, and the finished path is decoded and
//! compared with the name: a URL that would address another blob is never made.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same for a path, where `/` parts the segments.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The URL of the blob `name` in `container`; `None` for a name that no URL can address exactly:
/// an empty one, or one with a segment `.` or `..`, which every client and server resolves.
pub fn blob_url(container: &Url, name: &str) -> Option<Url> {
    let base = container.path().trim_end_matches('/');
    let mut url = container.clone();
    url.set_path(&format!("{base}/{}", utf8_percent_encode(name, RESERVED_IN_PATH)));
    let encoded = url.path().strip_prefix(base)?.strip_prefix('/')?;
    let addressed: Vec<u8> = percent_decode_str(encoded).collect();
    (!name.is_empty() && addressed == name.as_bytes()).then_some(url)
}

/// Adds `name=value` to the query of `url`. Nothing is left to form encoding, where a space is `+`.
pub fn add_query(url: &mut Url, name: &str, value: &str) {
    let pair = format!("{name}={}", encoded(value));
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&{pair}"),
        Some(_) | None => pair,
    };
    url.set_query(Some(&query));
}

/// Text as it stands in a query.
pub fn encoded(text: &str) -> impl Display {
    utf8_percent_encode(text, RESERVED)
}

/// The URL of the account that holds `container`, with the same query.
pub fn account_url(container: &Url) -> Url {
    let mut url = container.clone();
    let path = url.path().trim_end_matches('/');
    let account = path.rsplit_once('/').map_or("", |(account, _)| account).to_owned();
    url.set_path(&account);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gets_its_own_url() {
        let container = Url::parse("http://127.0.0.1:10000/devstoreaccount1/azureml").unwrap();
        let cases = [
            ("a/b.txt", "a/b.txt"),
            ("a\tb", "a%09b"),
            ("a\nb", "a%0Ab"),
            ("100%", "100%25"),
            ("a%41", "a%2541"),
            ("a?b#c", "a%3Fb%23c"),
            ("a+b c", "a%2Bb%20c"),
            ("a\\b", "a%5Cb"),
            ("a//b", "a//b"),
            ("/a", "/a"),
            ("a/", "a/"),
            ("a.", "a."),
            ("...", "..."),
            ("😀", "%F0%9F%98%80"),
        ];
        for (name, encoded) in cases {
            let url = blob_url(&container, name).unwrap();
            assert_eq!(url.as_str(), format!("{container}/{encoded}"));
        }
    }

    #[test]
    fn names_that_a_url_would_resolve_are_refused() {
        let container = Url::parse("https://a.blob.core.windows.net/azureml?sv=1").unwrap();
        for name in ["", ".", "..", "a/../b", "./a", "a/.", "a/..", "../azureml/a"] {
            assert!(blob_url(&container, name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn queries_add_up() {
        let mut url = Url::parse("https://a.blob.core.windows.net/c?sv=1&sig=a%2Bb").unwrap();
        add_query(&mut url, "prefix", " a+b&c");
        assert_eq!(url.query(), Some("sv=1&sig=a%2Bb&prefix=%20a%2Bb%26c"));
        assert_eq!(account_url(&url).path(), "/");
        let emulator = Url::parse("http://127.0.0.1:10000/devstoreaccount1/c").unwrap();
        assert_eq!(account_url(&emulator).path(), "/devstoreaccount1");
    }
}
