//! One `status_callback_url`. It may hold a token, so that it is shown by its host alone.

use std::fmt;

use url::{Position, Url};

/// An `http` or `https` URL with a host, without user name, password and fragment. `Debug` prints
/// the host; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackUrl {
    text: String,
    url: Url,
}

/// Why a text is no callback URL. Does not quote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalUrl {
    /// Not a URL, or with characters that parsers of URLs drop in silence.
    #[error("this is no URL")]
    Form,
    /// Of another scheme.
    #[error("the URL does not begin with https://")]
    Scheme,
    /// It names a user.
    #[error("the URL has a user name or a password in it")]
    UserInfo,
    /// It goes on after a `#`, which no server ever sees.
    #[error("the URL has a fragment")]
    Fragment,
    /// Longer than [`URL_BYTES_MAX`].
    #[error("the URL is longer than 2048 bytes")]
    Length,
}

/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2048;

impl CallbackUrl {
    /// Checks and takes a URL.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, IllegalUrl> {
        if text.len() > URL_BYTES_MAX {
            return Err(IllegalUrl::Length);
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(IllegalUrl::Form);
        }
        let url = Url::parse(text).map_err(|_| IllegalUrl::Form)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(IllegalUrl::Scheme);
        }
        // The parser forgets an empty user name, and with it that the text has one.
        let authority = text.split(['/', '?', '#']).nth(2).unwrap_or_default();
        if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
            return Err(IllegalUrl::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(IllegalUrl::Fragment);
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The URL as its producer wrote it, for the ledger and for its own server.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The URL in its parts, for the rule and for whoever posts to it.
    pub fn parts(&self) -> &Url {
        &self.url
    }

    /// Host, and port where it is not the scheme's own: all that may be shown.
    pub fn host(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }

    /// What its producer chose: path and query.
    pub fn path(&self) -> &str {
        &self.url[Position::BeforePath..]
    }

    /// Whether it is not encrypted on its way.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }
}

impl fmt::Debug for CallbackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/***", self.url.scheme(), self.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_callback_url() {
        use IllegalUrl::{Form, Fragment, Length, Scheme, UserInfo};
        let long = format!("https://crm.example/{}", "x".repeat(URL_BYTES_MAX));
        let table = [
            ("https://crm.example/hook?token=t0ken", Ok("crm.example")),
            ("https://CRM.example:8443", Ok("crm.example:8443")),
            ("https://crm.example:443/", Ok("crm.example")),
            ("http://10.0.0.1:8080/", Ok("10.0.0.1:8080")),
            // The parser reads this as a loopback address, and so does the rule.
            ("https://0x7f.1/", Ok("127.0.0.1")),
            ("https://[::1]:8443/", Ok("[::1]:8443")),
            ("crm.example/hook", Err(Form)),
            ("https://", Err(Form)),
            ("", Err(Form)),
            ("https://crm.example/\thook", Err(Form)),
            (" https://crm.example/", Err(Form)),
            ("https:\\\\crm.example\\hook", Err(Form)),
            ("ftp://crm.example/", Err(Scheme)),
            ("mailto:crm@example.com", Err(Scheme)),
            ("https://user@crm.example/", Err(UserInfo)),
            ("https://:secret@crm.example/", Err(UserInfo)),
            ("https://@crm.example/", Err(UserInfo)),
            ("https://crm.example/a@b", Ok("crm.example")),
            ("https://crm.example/#part", Err(Fragment)),
            (&long, Err(Length)),
        ];
        for (text, expected) in table {
            let url = CallbackUrl::parse(text);
            assert_eq!(url.as_ref().map(CallbackUrl::host), expected.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn only_the_host_is_shown() {
        let url = CallbackUrl::parse("https://crm.example:8443/hook/t0ken?key=s3cret").unwrap();
        assert_eq!(format!("{url:?}"), "https://crm.example:8443/***");
        assert_eq!(url.path(), "/hook/t0ken?key=s3cret");
    }
}
