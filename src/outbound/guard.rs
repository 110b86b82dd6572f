//! Which addresses may be called: public ones, and those in networks that the operator allows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;
use url::{Host, Url};

/// Judges addresses. Clones share the operator's list.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    allowed: Arc<[IpNet]>,
}

/// A host that must not be called, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` is at an address that is not public ({address})")]
pub(super) struct Refused {
    /// The host as the URL names it.
    pub(super) host: String,
    /// The address that was refused.
    pub(super) address: IpAddr,
}

impl Guard {
    /// Lets public addresses and those in `allowed` through.
    pub(super) fn new(allowed: &[IpNet]) -> Self {
        Self {
            allowed: allowed.into(),
        }
    }

    /// Whether `address` may be called. An IPv4 address in IPv6 clothes is judged as what it is.
    pub(super) fn permits(&self, address: IpAddr) -> bool {
        let address = unwrap_ipv4(address);
        is_public(address)
            || self
                .allowed
                .iter()
                .any(|network| network.contains(&address))
    }

    /// Refuses a URL whose host is an address that may not be called. The URL parser has turned
    /// every other spelling (`0x7f.1`, `2130706433`, `127.1`) into one of the two; names are
    /// judged when they are resolved.
    pub(super) fn check_literal(&self, url: &Url) -> Result<(), Refused> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.permits(address) {
            return Ok(());
        }
        Err(Refused {
            host: url.host_str().unwrap_or_default().to_owned(),
            address,
        })
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped (RFC 4291 section 2.5.5.2) or
/// translated (NAT64, RFC 6052 section 2.1).
fn unwrap_ipv4(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return IpAddr::V4(v4);
    }
    let [0x0064, 0xff9b, 0, 0, 0, 0, high, low] = v6.segments() else {
        return address;
    };
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By the IANA IPv4 special-purpose address registry (RFC 6890 and its updates).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)                 // this network, private, loopback, multicast and above
            | (100, 64..=127, _)                         // shared by carriers (RFC 6598)
            | (169, 254, _)                              // link-local, cloud metadata
            | (172, 16..=31, _) | (192, 168, _)          // private
            | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) // protocol assignments, documentation
            | (192, 88, 99)                              // 6to4 relays (RFC 7526)
            | (198, 18 | 19, _) // benchmarks
    );
    !special
}

/// By the IANA IPv6 special-purpose address registry: only global unicast, without the blocks in it
/// that are documentation or tunnels into IPv4.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_global_unicast = segments[0] & 0xe000 == 0x2000;
    let special = match segments[0] {
        0x2001 => segments[1] < 0x0200 || segments[1] == 0x0db8, // Teredo and kin, documentation
        0x2002 => true,                                          // 6to4
        0x3fff => segments[1] < 0x1000,                          // documentation (RFC 9637)
        _ => false,
    };
    is_global_unicast && !special
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::loopback("127.0.0.1")]
    #[case::loopback_elsewhere("127.8.8.8")]
    #[case::unspecified("0.0.0.0")]
    #[case::this_network("0.1.2.3")]
    #[case::private_10("10.0.0.1")]
    #[case::private_172("172.16.0.1")]
    #[case::private_172_end("172.31.255.255")]
    #[case::private_192("192.168.1.1")]
    #[case::link_local("169.254.1.1")]
    #[case::metadata("169.254.169.254")]
    #[case::carrier("100.64.0.1")]
    #[case::carrier_end("100.127.255.255")]
    #[case::protocol("192.0.0.1")]
    #[case::documentation_1("192.0.2.1")]
    #[case::documentation_2("198.51.100.1")]
    #[case::documentation_3("203.0.113.1")]
    #[case::benchmark("198.19.0.1")]
    #[case::relay("192.88.99.1")]
    #[case::multicast("224.0.0.1")]
    #[case::reserved("240.0.0.1")]
    #[case::broadcast("255.255.255.255")]
    #[case::loopback_v6("::1")]
    #[case::unspecified_v6("::")]
    #[case::mapped_loopback("::ffff:127.0.0.1")]
    #[case::mapped_metadata("::ffff:169.254.169.254")]
    #[case::compatible("::127.0.0.1")]
    #[case::nat64_private("64:ff9b::10.0.0.1")]
    #[case::nat64_metadata("64:ff9b::a9fe:a9fe")]
    #[case::nat64_local_use("64:ff9b:1::1")]
    #[case::unique_local("fd12:3456::1")]
    #[case::metadata_v6("fd00:ec2::254")]
    #[case::link_local_v6("fe80::1")]
    #[case::site_local("fec0::1")]
    #[case::multicast_v6("ff02::1")]
    #[case::documentation_v6("2001:db8::1")]
    #[case::documentation_v6_new("3fff::1")]
    #[case::teredo("2001::1")]
    #[case::six_to_four("2002:7f00:1::1")]
    #[case::discard("100::1")]
    fn an_address_that_is_not_public_is_refused(#[case] address: IpAddr) {
        assert!(!Guard::new(&[]).permits(address));
    }

    #[rstest]
    #[case("1.1.1.1")]
    #[case("140.82.121.6")]
    #[case("172.15.0.1")]
    #[case("172.32.0.1")]
    #[case("100.63.0.1")]
    #[case("100.128.0.1")]
    #[case("2606:4700:4700::1111")]
    #[case("2a00:1450:4001:812::200e")]
    #[case("::ffff:1.1.1.1")]
    #[case("64:ff9b::1.1.1.1")]
    fn a_public_address_is_let_through(#[case] address: IpAddr) {
        assert!(Guard::new(&[]).permits(address));
    }

    #[test]
    fn an_allowed_network_is_let_through_in_any_clothes_and_its_neighbour_is_not() {
        let guard = Guard::new(&["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for address in [
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "64:ff9b::10.1.2.3",
            "fd00::1",
        ] {
            assert!(guard.permits(address.parse().unwrap()), "{address}");
        }
        for address in ["10.2.0.1", "::ffff:10.2.0.1", "fc00::1"] {
            assert!(!guard.permits(address.parse().unwrap()), "{address}");
        }
    }

    #[rstest]
    #[case("http://127.0.0.1/")]
    #[case("http://127.1/")]
    #[case("http://2130706433/")]
    #[case("http://0x7f000001/")]
    #[case("http://0177.0.0.1/")]
    #[case("http://127.0.0.1./")]
    #[case("http://[::1]/")]
    #[case("http://[::ffff:127.0.0.1]/")]
    #[case("http://[64:ff9b::7f00:1]/")]
    #[case("http://%31%32%37.0.0.1/")]
    #[case("http://１２７.0.0.1/")]
    fn every_spelling_of_a_private_address_is_refused(#[case] url: Url) {
        assert!(Guard::new(&[]).check_literal(&url).is_err(), "{url}");
    }
}
