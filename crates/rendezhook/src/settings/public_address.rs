//! Where clients reach the server, as it says of itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use rendezhook_domain::target::{OwnOrigin, TargetPolicy, TargetUrl, TargetUrlError};
use serde::{Deserialize, Deserializer};

/// Where clients reach the server: scheme, host and port, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicAddress(TargetUrl);

/// The text is no address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PublicAddressError {
    /// It is no URL.
    #[error("\"{0}\" is not the address of a server; write it like https://hooks.example.com")]
    NoUrl(String, #[source] TargetUrlError),
    /// It has a path, a query or a fragment.
    #[error("\"{0}\" names more than a server; leave out what follows the host and the port")]
    MoreThanAnAddress(String),
}

impl PublicAddress {
    /// The address of a server that listens here and has been told nothing else. One that listens on every address of its
    /// machine is reached through loopback there.
    ///
    /// # Errors
    /// Never, as long as URLs can hold addresses.
    pub(crate) fn of_listener(listener: SocketAddr) -> Result<Self, PublicAddressError> {
        let reachable = match listener.ip() {
            IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            address => address,
        };
        format!("http://{}", SocketAddr::new(reachable, listener.port())).parse()
    }

    /// The text, as links begin with it.
    #[must_use]
    pub(crate) fn text(&self) -> Arc<str> {
        Arc::from(self.0.as_str())
    }

    /// The host alone.
    #[must_use]
    pub(crate) fn host(&self) -> Arc<str> {
        let host = self.0.host_field();
        let port = format!(":{}", self.0.port());
        Arc::from(host.strip_suffix(port.as_str()).unwrap_or(host))
    }

    /// Host and port, the port always named.
    #[must_use]
    pub(crate) fn authority(&self) -> &str {
        self.0.authority()
    }

    /// The same as an origin that is this server.
    #[must_use]
    pub(crate) fn origin(&self) -> OwnOrigin {
        OwnOrigin::of(&self.0)
    }
}

impl FromStr for PublicAddress {
    type Err = PublicAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let url = TargetUrl::parse(text, &TargetPolicy::stored())
            .map_err(|source| PublicAddressError::NoUrl(text.to_owned(), source))?;
        let (_scheme, rest) = text.split_once("://").unwrap_or_default();
        if rest.contains(['/', '?', '#']) {
            return Err(PublicAddressError::MoreThanAnAddress(text.to_owned()));
        }
        Ok(Self(url))
    }
}

impl<'de> Deserialize<'de> for PublicAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for (text, kept) in [
            ("https://hooks.example.com", "https://hooks.example.com"),
            ("https://hooks.example.com/", "https://hooks.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            assert_eq!(*text.parse::<PublicAddress>().unwrap().text(), *kept);
            let host = kept.split("://").nth(1).unwrap().trim_end_matches(":8080").trim_end_matches(":8443");
            assert_eq!(*text.parse::<PublicAddress>().unwrap().host(), *host);
        }
        for text in [
            "hooks.example.com",
            "ftp://example.com",
            "https://",
            "https://user@example.com",
            "https://example.com/hooks",
            "https://example.com//",
            "https://example.com?a=1",
            "https://example.com/?a=1",
            "https://example.com#top",
        ] {
            assert!(text.parse::<PublicAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_listener_is_reached_where_it_listens() {
        let of = |listener: &str| PublicAddress::of_listener(listener.parse().unwrap()).unwrap().text();
        assert_eq!(*of("192.0.2.1:8080"), *"http://192.0.2.1:8080");
        assert_eq!(*of("0.0.0.0:80"), *"http://127.0.0.1:80");
        assert_eq!(*of("[::]:8080"), *"http://[::1]:8080");
    }
}
