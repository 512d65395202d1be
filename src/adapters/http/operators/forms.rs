//! Forms that only the page itself can have given: no other site makes a browser send one in the
//! name of whoever is signed in there.
//!
//! The proxy adds the token of whoever is signed in to each request of his browser, also to one
//! that another site caused. So the browser must say that the form was on a page of ours, and the
//! form must hold a seal: over who it was given to, of which request it is and how far that was,
//! and when. Its key is that of the deployment, so that whichever daemon gave a form any of them
//! takes it.

use axum::http::header::{HeaderMap, ORIGIN};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use url::Url;

use crate::domain::request::RequestId;

/// How long a form is taken. Who needs longer loads the page again.
const AGE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Clocks step back a little.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Seals forms.
pub struct Seals(Hmac<Sha256>);

/// What a form was given for.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// Who was signed in.
    pub actor: &'a str,
    /// About which request.
    pub id: &'a RequestId,
}

impl Seals {
    /// With this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// The seal of a form that is given now, of a request whose last record has this number.
    pub fn seal(&self, given: Given<'_>, sequence: u64, now: Timestamp) -> String {
        let at = now.as_second();
        let code = hex::encode(self.over(given, sequence, at).finalize().into_bytes());
        format!("{at}.{sequence}.{code}")
    }

    /// The number of the request's last record when the form was given; `None` where it was not, or
    /// too long ago.
    pub fn open(&self, seal: &str, given: Given<'_>, now: Timestamp) -> Option<u64> {
        let mut parts = seal.splitn(3, '.');
        let at: i64 = parts.next()?.parse().ok()?;
        let sequence: u64 = parts.next()?.parse().ok()?;
        let code = hex::decode(parts.next()?).ok()?;
        // Takes as long whatever is wrong with it.
        self.over(given, sequence, at).verify_slice(&code).ok()?;
        let age = now.duration_since(Timestamp::from_second(at).ok()?);
        (age <= AGE_MAX && age >= -SKEW).then_some(sequence)
    }

    fn over(&self, Given { actor, id }: Given<'_>, sequence: u64, at: i64) -> Hmac<Sha256> {
        let mut code = self.0.clone();
        // Neither numbers nor ids have a line break, so that no two are written alike.
        code.update(format!("{at}\n{sequence}\n{id}\n{actor}").as_bytes());
        code
    }
}

/// Whether a browser says that a page of ours sent this: by `Origin`, which each sends with a form,
/// and by `Sec-Fetch-Site` where it knows that.
pub fn is_from_our_page(headers: &HeaderMap, ours: &Url) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let mut origins = headers.get_all(ORIGIN).iter();
    let ours = ours.origin().ascii_serialization();
    let is_ours = origins.next().is_some_and(|origin| origin.as_bytes() == ours.as_bytes());
    is_ours && origins.next().is_none() && sites.all(|site| site == "same-origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_of_one_person_one_request_one_deployment_and_one_hour() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let after = |seconds| now + SignedDuration::from_secs(seconds);
        let id = |text: &str| RequestId::new(text).unwrap();
        let (one, other) = (id("r-1"), id("r-2"));
        let seals = Seals::new(&[1; 32]);
        let given = Given { actor: "maria", id: &one };
        let seal = seals.seal(given, 7, now);
        assert_eq!(seals.open(&seal, given, after(3_600)), Some(7));
        let [at, _, code]: [&str; 3] =
            seal.split('.').collect::<Vec<_>>().try_into().expect("three parts");
        for (text, given, now, why) in [
            (seal.as_str(), Given { actor: "mario", ..given }, now, "another person"),
            (&seal, Given { id: &other, ..given }, now, "another request"),
            (&seal, given, after(3_601), "too old"),
            (&seal, given, after(-61), "from the future"),
            (&format!("{at}.8.{code}"), given, now, "another record"),
            (&format!("{}.7.{code}", now.as_second() + 1), given, now, "another time"),
            (&seal[..seal.len() - 2], given, now, "cut"),
            ("", given, now, "empty"),
            ("..", given, now, "nothing between dots"),
            ("1.7.zz", given, now, "no hexadecimal digits"),
        ] {
            assert_eq!(seals.open(text, given, now), None, "{why}");
        }
        assert_eq!(Seals::new(&[2; 32]).open(&seal, given, now), None);
    }

    #[test]
    fn only_a_page_of_ours_may_send_it() {
        let ours: Url = "https://dsrd.example".parse().unwrap();
        for (origins, sites, expected) in [
            (&["https://dsrd.example"][..], &["same-origin"][..], true),
            (&["https://dsrd.example"], &[], true),
            (&[], &["same-origin"], false),
            (&[], &[], false),
            (&["null"], &["same-origin"], false),
            (&["https://dsrd.example"], &["same-site"], false),
            (&["https://dsrd.example"], &["cross-site"], false),
            (&["https://dsrd.example"], &["none"], false),
            (&["https://evil.example"], &["same-origin"], false),
            (&["http://dsrd.example"], &[], false),
            (&["https://dsrd.example:444"], &[], false),
            (&["https://dsrd.example.evil.example"], &[], false),
            (&["https://dsrd.example", "https://evil.example"], &[], false),
        ] {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(ORIGIN, origin.parse().unwrap());
            }
            for site in sites {
                headers.append("sec-fetch-site", site.parse().unwrap());
            }
            assert_eq!(is_from_our_page(&headers, &ours), expected, "{origins:?} {sites:?}");
        }
    }
}
