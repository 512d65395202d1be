//! `[http]`: where the page is, and who may decide from it.

use std::net::IpAddr;
use std::path::PathBuf;

use url::{Host, Url};

use crate::config::faults::Faults;
use crate::config::file;
use crate::config::settings::{Http, KeySet, Operators};

/// The claim that names somebody, where none is said: the one that each issuer must give, and give
/// nobody else.
const ACTOR_CLAIM: &str = "sub";
const GROUP_CLAIM: &str = "roles";
const HEADER: &str = "authorization";

/// Builds it.
pub fn http(written: &file::Http, faults: &mut Faults) -> Http {
    let operators = operators(&written.operators, faults);
    if written.listen.is_empty() {
        return Http { listen: None, operators };
    }
    let listen = written.listen.parse().ok();
    if listen.is_none() {
        faults.add("http.listen must be ADDRESS:PORT, or empty to turn it off".into());
    }
    Http { listen, operators }
}

/// `None` where nothing of it is written, or it has faults. What is written in part is a fault: it
/// is meant to let somebody in, and nobody should have to guess whom.
fn operators(written: &file::Operators, faults: &mut Faults) -> Option<Operators> {
    let texts = [
        &written.origin,
        &written.issuer,
        &written.audience,
        &written.keys_url,
        &written.keys_file,
        &written.header,
        &written.actor_claim,
        &written.group_claim,
    ];
    let is_off = texts.iter().all(|text| text.is_none())
        && written.actors.is_empty()
        && written.groups.is_empty();
    if is_off {
        return None;
    }
    let origin = origin(written.origin.as_deref(), faults);
    let issuer = given("issuer", written.issuer.as_ref(), faults);
    let audience = given("audience", written.audience.as_ref(), faults);
    let keys = keys(written, faults);
    let header = header(written.header.as_deref().unwrap_or(HEADER), faults);
    if written.actors.is_empty() && written.groups.is_empty() {
        faults.add("http.operators needs actors or groups, or it lets nobody decide".into());
    }
    let blank = |names: &[String]| names.iter().any(|name| name.trim().is_empty());
    if blank(&written.actors) || blank(&written.groups) {
        faults.add("http.operators.actors and groups must have no empty entry".into());
    }
    let claim = |name: &Option<String>, usual: &str| name.as_deref().unwrap_or(usual).to_owned();
    Some(Operators {
        origin: origin?,
        issuer: issuer?,
        audience: audience?,
        keys: keys?,
        header: header?,
        actor_claim: claim(&written.actor_claim, ACTOR_CLAIM),
        actors: written.actors.iter().cloned().collect(),
        group_claim: claim(&written.group_claim, GROUP_CLAIM),
        groups: written.groups.iter().cloned().collect(),
    })
}

fn given(key: &str, written: Option<&String>, faults: &mut Faults) -> Option<String> {
    let text = written.filter(|text| !text.trim().is_empty());
    if text.is_none() {
        faults.add(format!("http.operators.{key} is missing"));
    }
    text.cloned()
}

/// What browsers send as the origin of a form has neither path nor query.
fn origin(written: Option<&str>, faults: &mut Faults) -> Option<Url> {
    let url = written.and_then(|text| Url::parse(text).ok()).filter(|url| {
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        is_bare && is_safe(url)
    });
    if url.is_none() {
        let text = "http.operators.origin must be where browsers find the page, as https://HOST \
                    (http:// only on this machine)";
        faults.add(text.into());
    }
    url
}

fn keys(written: &file::Operators, faults: &mut Faults) -> Option<KeySet> {
    match (&written.keys_url, &written.keys_file) {
        (None, Some(path)) => Some(KeySet::File(PathBuf::from(path))),
        (Some(url), None) => {
            let url = Url::parse(url).ok().filter(is_safe);
            if url.is_none() {
                let text = "http.operators.keys_url must begin with https:// (http:// only on this \
                            machine)";
                faults.add(text.into());
            }
            url.map(KeySet::Url)
        }
        _ => {
            faults.add("http.operators needs one of keys_url and keys_file".into());
            None
        }
    }
}

/// Whoever is between could hand us keys of his own.
fn is_safe(url: &Url) -> bool {
    // It is printed with the other settings.
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_here
}

fn header(written: &str, faults: &mut Faults) -> Option<String> {
    let is_one = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name = written.to_ascii_lowercase();
    if name.is_empty() || !name.chars().all(is_one) {
        faults.add("http.operators.header must be the name of a header".into());
        return None;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use crate::config::build;
    use crate::config::reading::layers;
    use crate::config::settings::{KeySet, Operators};

    const WHOLE: [(&str, &str); 5] = [
        ("ORIGIN", "https://dsrd.example"),
        ("ISSUER", "https://login.example/v2.0"),
        ("AUDIENCE", "api://dsrd"),
        ("KEYS_URL", "https://login.example/keys"),
        ("ACTORS__0", "maria"),
    ];

    fn built(changed: &[(&str, &str)]) -> Result<Option<Operators>, String> {
        let changes = |key: &str| changed.iter().find(|(name, _)| *name == key);
        let kept = WHOLE.iter().filter(|(key, _)| changes(key).is_none());
        let all = kept.chain(changed.iter().filter(|(_, value)| !value.is_empty()));
        let named = |(key, value): &(&str, &str)| {
            (format!("DSRD__HTTP__OPERATORS__{key}"), (*value).into())
        };
        let file = layers::read(None, all.map(named)).map_err(|it| it.to_string())?;
        let settings = build::settings(&file).map_err(|it| it.to_string())?;
        Ok(settings.http.operators)
    }

    #[test]
    fn nobody_may_decide_unless_somebody_is_named() {
        let file = layers::read(None, []).unwrap();
        assert!(build::settings(&file).unwrap().http.operators.is_none());
        let built = built(&[]).unwrap().unwrap();
        assert_eq!(built.origin.as_str(), "https://dsrd.example/");
        assert_eq!((built.header.as_str(), built.actor_claim.as_str()), ("authorization", "sub"));
        assert_eq!(built.group_claim, "roles");
        assert!(built.actors.contains("maria") && built.groups.is_empty());
        assert!(matches!(built.keys, KeySet::Url(_)));
    }

    #[test]
    fn what_is_not_whole_or_not_safe_is_refused() {
        for (changed, fault) in [
            (&[("ORIGIN", "")][..], "origin must be"),
            (&[("ORIGIN", "http://dsrd.example")], "origin must be"),
            (&[("ORIGIN", "https://dsrd.example/path")], "origin must be"),
            (&[("ORIGIN", "https://u:p@dsrd.example")], "origin must be"),
            (&[("ISSUER", "")], "issuer is missing"),
            (&[("AUDIENCE", "")], "audience is missing"),
            (&[("KEYS_URL", "")], "one of keys_url and keys_file"),
            (&[("KEYS_FILE", "/keys")], "one of keys_url and keys_file"),
            (&[("KEYS_URL", "http://login.example/keys")], "keys_url must begin"),
            (&[("KEYS_URL", "http://localhost.example/keys")], "keys_url must begin"),
            (&[("HEADER", "X Token")], "header must be"),
            (&[("ACTORS__0", "")], "needs actors or groups"),
        ] {
            let refused = built(changed).expect_err(fault);
            assert!(refused.contains(fault), "{refused}");
        }
        for fine in [("KEYS_URL", "http://127.0.0.1:8080/k"), ("ORIGIN", "http://localhost:8080")] {
            assert!(built(&[fine]).is_ok(), "{fine:?}");
        }
        let by_group = [("ACTORS__0", ""), ("GROUPS__0", "dsrd.operators")];
        assert!(built(&by_group).unwrap().unwrap().groups.contains("dsrd.operators"));
    }
}
