//! Where a request came from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::app::App;
use crate::error::{Error, Result};

const FORWARDED_FOR: &str = "x-forwarded-for";
/// A customer of an IPv6 network has at least the 64 bits that follow.
const CUSTOMER: u128 = !(u64::MAX as u128);

/// What limits count by: the address of whoever sent the request; of IPv6, its /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientAddress(pub(super) IpAddr);

impl ClientAddress {
    /// The peer, or whom the operator's proxies say that they had it from.
    fn of<'a>(
        peer: IpAddr,
        told: impl DoubleEndedIterator<Item = &'a str>,
        proxies: &[IpNet],
    ) -> Self {
        let mut address = peer.to_canonical();
        // Each proxy adds whom it had the request from at the end; what stands before may be made up.
        for hop in told.rev() {
            if !proxies.iter().any(|network| network.contains(&address)) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(hop) => address = hop.to_canonical(),
                Err(_) => break,
            }
        }
        Self(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & CUSTOMER).into(),
        })
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, app)
            .await
            .map_err(Error::internal)?;
        let told = parts.headers.get_all(FORWARDED_FOR).iter();
        let told: Vec<&str> = told
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let proxies = &app.config.trusted_proxies;
        Ok(Self::of(peer.ip(), told.into_iter(), proxies))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, told: &str) -> String {
        let proxies: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"]
            .map(|one| one.parse().unwrap())
            .into();
        let told = told.split(',').filter(|hop| !hop.is_empty());
        ClientAddress::of(peer.parse().unwrap(), told, &proxies)
            .0
            .to_string()
    }

    #[test]
    fn what_is_forwarded_is_believed_of_the_operators_proxies_alone() {
        assert_eq!(of("192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(of("10.1.2.3", "198.51.100.7"), "198.51.100.7");
        assert_eq!(of("::ffff:10.1.2.3", "198.51.100.7"), "198.51.100.7");
        assert_eq!(of("10.1.2.3", "203.0.113.9, 198.51.100.7"), "198.51.100.7");
        assert_eq!(of("10.1.2.3", "198.51.100.7, 10.9.9.9"), "198.51.100.7");
        assert_eq!(of("10.1.2.3", "nonsense"), "10.1.2.3");
        assert_eq!(of("10.1.2.3", ""), "10.1.2.3");
    }

    #[test]
    fn the_addresses_of_one_ipv6_customer_count_as_one() {
        let first = of("2001:db8:1:2:3:4:5:6", "");
        assert_eq!(first, "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2:ffff::1", ""), first);
        assert_ne!(of("2001:db8:1:3::1", ""), first);
    }
}
