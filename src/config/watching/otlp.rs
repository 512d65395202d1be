//! `[otlp]`: a collector of traces and numbers, and what it is told.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::config::faults::Faults;
use crate::config::file;
use crate::config::secret::Secret;
use crate::config::settings::Otlp;

/// Numbers are not sent more often, nor less often than once a day.
const METRICS_MS: std::ops::RangeInclusive<u64> = 1_000..=86_400_000;

/// Builds it; `None` where it is off or has faults.
pub fn otlp(written: &file::Otlp, faults: &mut Faults) -> Option<Otlp> {
    let headers =
        faults.secret("otlp.headers", written.headers.as_ref(), written.headers_file.as_ref());
    if written.url.is_empty() {
        if headers.is_some() {
            faults.add("otlp.headers are for a collector: set otlp.url too".into());
        }
        return None;
    }
    let url = url(&written.url);
    if url.is_none() {
        let text = "otlp.url must be http:// or https://, a host and perhaps a port and a path, \
                    such as http://collector:4318; what lets us in goes into otlp.headers";
        faults.add(text.into());
    }
    let headers = headers.map_or(Some(Vec::new()), |headers| pairs(headers.expose()));
    if headers.is_none() {
        faults.add("otlp.headers must be NAME=VALUE, with commas between several".into());
    }
    let share = written.traces_share;
    if !(0.0..=1.0).contains(&share) {
        faults.add("otlp.traces_share must be between 0 and 1".into());
    }
    let every = written.metrics_every_ms;
    if every != 0 && !METRICS_MS.contains(&every) {
        faults.add("otlp.metrics_every_ms must be 0, or between 1000 and 86400000".into());
    }
    let metrics_every = (every > 0).then(|| Duration::from_millis(every));
    Some(Otlp { url: url?, headers: headers?, traces_share: share, metrics_every })
}

fn url(written: &str) -> Option<Url> {
    let url = Url::parse(written).ok()?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_bare = url.username().is_empty() && url.password().is_none();
    let has_more = url.query().is_some() || url.fragment().is_some();
    (is_http && is_bare && !has_more).then_some(url)
}

/// As everybody writes them for OpenTelemetry: values may be percent-encoded.
fn pairs(text: &str) -> Option<Vec<(String, Secret)>> {
    let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(pair).collect()
}

fn pair(text: &str) -> Option<(String, Secret)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?.into_owned();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let is_name = !name.is_empty() && name.chars().all(is_token);
    let is_value = value.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    (is_name && is_value).then(|| (name, Secret::new(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(url: &str, headers: &str) -> Result<Option<Otlp>, String> {
        let written = file::Otlp {
            url: url.to_owned(),
            headers: Some(headers.to_owned()),
            headers_file: None,
            traces_share: 1.0,
            metrics_every_ms: 0,
        };
        let mut faults = Faults::default();
        let built = otlp(&written, &mut faults);
        if faults.0.is_empty() { Ok(built) } else { Err(faults.0.join("; ")) }
    }

    #[test]
    fn headers_are_read_as_for_every_exporter() {
        let built = built("http://c:4318", "api-key=a%20b=, X-Tenant = t,\n").unwrap().unwrap();
        let pairs = built.headers.iter().map(|(name, value)| (name.as_str(), value.expose()));
        assert_eq!(pairs.collect::<Vec<_>>(), [("api-key", "a b="), ("x-tenant", "t")]);
        assert!(!format!("{built:?}").contains("a b"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_not_quoted() {
        let urls = ["collector:4318", "ftp://c", "http://u:s3cret@c", "http://c/?key=s3cret", "x"];
        for url in urls {
            let fault = built(url, "").unwrap_err();
            assert!(fault.starts_with("otlp.url") && !fault.contains("s3cret"), "{fault}");
        }
        for headers in ["s3cret", "a b=s3cret", "a=s3cret%0d%0ax", "=s3cret"] {
            let fault = built("http://c:4318", headers).unwrap_err();
            assert!(fault.starts_with("otlp.headers") && !fault.contains("s3cret"), "{fault}");
        }
        assert!(built("", "a=s3cret").unwrap_err().contains("set otlp.url"));
    }
}
