//! Networks by address: what is public, and what lies in a network that the operator named.
//!
//! What counts as public is what the IANA special-purpose registries of IPv4 and IPv6 call globally
//! reachable, less some that lead back into private networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// <https://www.iana.org/assignments/iana-ipv4-special-registry>, and one of Azure's.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // shared by carriers
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // the Azure host beneath a virtual machine
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local, and with it instance metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24),  // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24),  // multicast tunnels
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 3),      // multicast, reserved, broadcast
];

/// <https://www.iana.org/assignments/iana-ipv6-special-registry>, within what is given out at all.
const NOT_PUBLIC_V6: [(Ipv6Addr, u8); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo among them
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, which wraps any IPv4 address
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// All that is given out to the public so far (RFC 4291, section 2.5.4).
const GLOBAL_UNICAST: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// IPv4 addresses as seen by networks that speak IPv6 alone (RFC 6052).
const TRANSLATED: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

impl Network {
    /// Reads `ADDRESS/BITS`; the bits after the prefix must be zero.
    pub fn parse(text: &str) -> Option<Self> {
        let (base, prefix) = text.split_once('/')?;
        let base: IpAddr = base.parse().ok()?;
        let prefix: u8 = prefix.parse().ok()?;
        let (number, width) = number(base);
        let is_network = prefix <= width && number & !mask(prefix, width) == 0;
        is_network.then_some(Self { base, prefix })
    }

    /// Whether the address lies in it; an IPv4 address also where it is written as an IPv6 one.
    pub fn has(&self, address: IpAddr) -> bool {
        let ((base, width), (address, other)) = (number(self.base), number(plain(address)));
        let mask = mask(self.prefix, width);
        width == other && base & mask == address & mask
    }
}

/// Whether an address is one of the public Internet.
pub fn is_public(address: IpAddr) -> bool {
    let within = |(base, prefix): (IpAddr, u8), address| Network { base, prefix }.has(address);
    let v6 = |(base, prefix): (Ipv6Addr, u8)| (IpAddr::V6(base), prefix);
    match plain(address) {
        address @ IpAddr::V4(_) => !NOT_PUBLIC_V4
            .iter()
            .any(|(base, prefix)| within((IpAddr::V4(*base), *prefix), address)),
        IpAddr::V6(long) if within(v6(TRANSLATED), address) => {
            let [.., a, b, c, d] = long.octets();
            is_public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
        }
        address @ IpAddr::V6(_) => {
            within(v6(GLOBAL_UNICAST), address)
                && !NOT_PUBLIC_V6.iter().any(|network| within(v6(*network), address))
        }
    }
}

/// `::ffff:10.0.0.1` is `10.0.0.1`: the system connects to the same place.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn number(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u32::from(address).into(), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

fn mask(prefix: u8, width: u8) -> u128 {
    let all = if width == 32 { u128::from(u32::MAX) } else { u128::MAX };
    // A shift by the whole width of the number would overflow.
    all & all.checked_shl((width - prefix).into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public() {
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "168.63.129.15",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.20.0.0",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2a00::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ];
        let other = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::1.1.1.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "4000::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for (addresses, expected) in [(&public[..], true), (&other[..], false)] {
            for address in addresses {
                assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
            }
        }
    }

    #[test]
    fn networks_have_their_addresses() {
        let table = [
            ("10.1.0.0/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.2.0.0", false),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("10.1.2.3/32", "10.1.2.4", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "2a00::1", false),
            ("10.1.0.0/16", "::ffff:10.1.2.3", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fc00::1", false),
            ("::/0", "fe80::1", true),
            ("::1/128", "::1", true),
        ];
        for (network, address, expected) in table {
            let has = Network::parse(network).unwrap().has(address.parse().unwrap());
            assert_eq!(has, expected, "{address} in {network}");
        }
    }

    #[test]
    fn what_is_no_network() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.1/8", "::1/64", "host/8", "10.0.0.0/-1"]
        {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
