//! Whom callbacks may go to: listed hosts, and of their addresses those of the public Internet and
//! of the private networks that the operator named.
//!
//! The rule is asked three times: of the URL when a request comes in, of the URL when it is posted
//! to (the settings may have changed), and of every address that the host's name resolves to when a
//! connection is made, so that a name that changes its mind in between gets nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::domain::callbacks::networks::{Network, is_public};
use crate::domain::callbacks::url::CallbackUrl;

/// Whom callbacks may go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackRule {
    /// Hosts that are trusted; none turns callbacks off.
    pub hosts: Vec<CallbackHost>,
    /// Networks beyond the public Internet whose addresses are admitted.
    pub private_networks: Vec<Network>,
}

/// A trusted host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackHost {
    host: Host,
    /// `None` is the scheme's own.
    port: Option<u16>,
}

/// Why a URL is not posted to. Quotes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// No host is listed.
    #[error("callbacks are turned off: no host is listed in the settings")]
    Off,
    /// Its host is not listed.
    #[error("the URL's host is not among those that callbacks may go to")]
    Host,
    /// It is not encrypted, and its host is not known to be in a private network.
    #[error("the URL does not begin with https://")]
    Plain,
    /// Its host is an address that callbacks may not go to.
    #[error("the URL's address is not among those that callbacks may go to")]
    Address,
}

impl CallbackHost {
    /// Reads `host` or `host:port`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains(['/', '?', '#', '@', '\\']) {
            return None;
        }
        // Each scheme hides its own port.
        let [secure, plain] =
            ["https", "http"].map(|scheme| Url::parse(&format!("{scheme}://{text}")).ok());
        let (secure, plain) = (secure?, plain?);
        Some(Self { host: secure.host()?.to_owned(), port: secure.port().or(plain.port()) })
    }

    fn is_of(&self, url: &Url) -> bool {
        let same_port = match self.port {
            None => url.port().is_none(),
            port => url.port_or_known_default() == port,
        };
        same_port && url.host().is_some_and(|host| host.to_owned() == self.host)
    }
}

impl CallbackRule {
    /// Whether a URL may be posted to, as far as can be told without asking for its addresses.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &CallbackUrl) -> Result<(), Forbidden> {
        if self.hosts.is_empty() {
            return Err(Forbidden::Off);
        }
        if url.is_plain() && self.private_networks.is_empty() {
            return Err(Forbidden::Plain);
        }
        if !self.hosts.iter().any(|host| host.is_of(url.parts())) {
            return Err(Forbidden::Host);
        }
        let literal = match url.parts().host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        match literal {
            Some(address) if !self.admits(address, url.is_plain()) => Err(Forbidden::Address),
            _ => Ok(()),
        }
    }

    /// Whether a host is listed that is an address, or this machine, which is not admitted.
    pub fn has_unreachable_host(&self) -> bool {
        let admits = |address: IpAddr| self.admits(address, false);
        self.hosts.iter().any(|host| match &host.host {
            Host::Ipv4(address) => !admits(IpAddr::V4(*address)),
            Host::Ipv6(address) => !admits(IpAddr::V6(*address)),
            Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => {
                !admits(Ipv4Addr::LOCALHOST.into()) && !admits(Ipv6Addr::LOCALHOST.into())
            }
            Host::Domain(_) => false,
        })
    }

    /// Whether a connection may be made to an address: to a public one only where it is encrypted.
    pub fn admits(&self, address: IpAddr, plain: bool) -> bool {
        let is_named = || self.private_networks.iter().any(|network| network.has(address));
        (!plain && is_public(address)) || is_named()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(hosts: &[&str], networks: &[&str]) -> CallbackRule {
        CallbackRule {
            hosts: hosts.iter().map(|host| CallbackHost::parse(host).unwrap()).collect(),
            private_networks: networks.iter().map(|one| Network::parse(one).unwrap()).collect(),
        }
    }

    #[test]
    fn what_a_listed_host_is() {
        let table = ["crm.example", "crm.example:8443", "CRM.example:443", "[::1]:80", "10.0.0.1"];
        for text in table {
            assert!(CallbackHost::parse(text).is_some(), "{text}");
        }
        for text in ["", "https://crm.example", "crm.example/hook", "a b", "u@crm.example", ":80"] {
            assert!(CallbackHost::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn whom_callbacks_may_go_to() {
        let hosts = ["crm.example", "other.example:8443", "10.1.2.3", "127.0.0.1:80", "8.8.8.8"];
        let (open, closed) = (rule(&hosts, &["10.1.0.0/16"]), rule(&hosts, &[]));
        let table = [
            ("https://crm.example/hook", Ok(()), Ok(())),
            ("https://CRM.example:443/hook", Ok(()), Ok(())),
            ("https://crm.example:8443/", Err(Forbidden::Host), Err(Forbidden::Host)),
            ("https://other.example:8443/", Ok(()), Ok(())),
            ("https://other.example/", Err(Forbidden::Host), Err(Forbidden::Host)),
            ("https://crm.example.evil.org/", Err(Forbidden::Host), Err(Forbidden::Host)),
            ("https://evil.org/?crm.example", Err(Forbidden::Host), Err(Forbidden::Host)),
            ("https://10.1.2.3/", Ok(()), Err(Forbidden::Address)),
            ("https://8.8.8.8/", Ok(()), Ok(())),
            ("http://crm.example/hook", Ok(()), Err(Forbidden::Plain)),
            ("http://10.1.2.3/", Ok(()), Err(Forbidden::Plain)),
            ("http://8.8.8.8/", Err(Forbidden::Address), Err(Forbidden::Plain)),
            ("http://127.1/", Err(Forbidden::Address), Err(Forbidden::Plain)),
        ];
        for (text, if_open, if_closed) in table {
            let url = CallbackUrl::parse(text).unwrap();
            assert_eq!((open.check(&url), closed.check(&url)), (if_open, if_closed), "{text}");
            assert_eq!(rule(&[], &["10.1.0.0/16"]).check(&url), Err(Forbidden::Off), "{text}");
        }
    }

    #[test]
    fn addresses_that_no_callback_can_go_to() {
        for host in [
            "0.0.0.0",
            "[::]",
            "169.254.169.254",
            "127.0.0.1:80",
            "localhost",
            "10.0.0.1",
            "2130706433",
            "[::ffff:10.0.0.1]",
            "224.0.0.1",
        ] {
            assert!(
                rule(&["crm.example", host], &["10.1.0.0/16"]).has_unreachable_host(),
                "{host}"
            );
        }
        for host in ["crm.example", "8.8.8.8", "10.1.2.3"] {
            assert!(!rule(&[host], &["10.1.0.0/16"]).has_unreachable_host(), "{host}");
        }
        assert!(!rule(&["localhost:8080"], &["127.0.0.0/8"]).has_unreachable_host());
    }

    #[test]
    fn what_is_not_encrypted_stays_in_private_networks() {
        let rule = rule(&["crm.example"], &["10.1.0.0/16"]);
        let admits = |address: &str, plain| rule.admits(address.parse().unwrap(), plain);
        assert!(admits("8.8.8.8", false) && !admits("8.8.8.8", true));
        assert!(admits("10.1.2.3", false) && admits("10.1.2.3", true));
        assert!(admits("::ffff:10.1.2.3", true), "the same address in another spelling");
        assert!(!admits("10.2.0.1", false) && !admits("169.254.169.254", false));
    }
}
