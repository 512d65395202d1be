//! A value that must never be printed.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

/// A credential. `Debug` masks it; there is no `Display` and no `Serialize`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the value.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The URLs of a broker's nodes in one text: parted by white space, or as some clients write lists,
/// by a semicolon or a comma before the next `amqp`.
pub fn broker_urls(text: &str) -> Vec<&str> {
    let begins = |at: &usize| {
        let rest = &text[*at..];
        let parts = |c: char| c.is_whitespace() || matches!(c, ';' | ',');
        let is_first = *at == 0 || text[..*at].ends_with(parts);
        is_first && (rest.starts_with("amqp://") || rest.starts_with("amqps://"))
    };
    let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).filter(begins).collect();
    // What stands before the first is no URL of a broker, and the caller's to refuse.
    if starts.first() != Some(&0) && !text.trim().is_empty() {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let urls = starts.iter().zip(ends).flat_map(|(start, end)| {
        let url = text[*start..end].trim_end_matches(|c: char| c.is_whitespace());
        // Only the mark between two, and none that ends a URL's own text.
        let url = if end < text.len() { url.trim_end_matches([';', ',']) } else { url };
        url.split_whitespace()
    });
    urls.collect()
}

/// Whether a broker's URL names one host and a virtual host that is no URL itself: the broker would
/// say of it that there is none, in clear.
pub fn is_one_node(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let virtual_host = percent_decode_str(url.path()).decode_utf8_lossy();
    let is_list = |text: &str| text.contains([',', ';']);
    !is_list(host) && !virtual_host.contains("://") && !virtual_host.contains('@')
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_urls_in_one_text() {
        let (one, two) = ("amqp://u:p@a/%2f", "amqps://u:p;,@b:5671/v");
        let table = [
            (one.to_owned(), vec![one]),
            (format!("{one} {two}"), vec![one, two]),
            (format!("{one};{two}"), vec![one, two]),
            (format!("{one},{two}"), vec![one, two]),
            (format!("{one}; {two}\n"), vec![one, two]),
            (format!("  {one}  "), vec![one]),
            (two.to_owned(), vec![two]),
            ("http://a".to_owned(), vec!["http://a"]),
            (format!("x {one}"), vec!["x", one]),
            (String::new(), vec![]),
        ];
        for (text, expected) in table {
            assert_eq!(broker_urls(&text), expected, "{text}");
        }
    }
}
