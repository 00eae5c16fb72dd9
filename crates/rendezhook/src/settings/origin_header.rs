//! Headers that the operator has sent to origins of others.

use std::fmt;
use std::str::FromStr;

use http::{HeaderName, HeaderValue};
use rendezhook_delivery::means::OriginHeaders;
use rendezhook_domain::target::{TargetPolicy, TargetUrl, check_header_name, check_header_value};
use serde::{Deserialize, Deserializer};

/// A header for the origins at one host: `gql.example.com x-api-key: 1234`. Never prints its value.
#[derive(Clone)]
pub(crate) struct OriginHeader {
    place: TargetUrl,
    name: HeaderName,
    value: HeaderValue,
}

/// The text is no header with its host. It is not repeated here: it may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin header is a host, a space, and a header: gql.example.com x-api-key: 1234; the port is named where it is not 443"
)]
pub(crate) struct OriginHeaderError;

impl FromStr for OriginHeader {
    type Err = OriginHeaderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, header) = text.trim().split_once(' ').ok_or(OriginHeaderError)?;
        let (name, value) = header.split_once(':').ok_or(OriginHeaderError)?;
        let (name, value) = (name.trim(), value.trim());
        check_header_name(name).map_err(|_| OriginHeaderError)?;
        check_header_value(name, value).map_err(|_| OriginHeaderError)?;
        let place = TargetUrl::parse(&format!("https://{host}"), &TargetPolicy::stored())
            .map_err(|_| OriginHeaderError)?;
        let mut value = HeaderValue::try_from(value).map_err(|_| OriginHeaderError)?;
        value.set_sensitive(true);
        Ok(Self { place, name: HeaderName::try_from(name).map_err(|_| OriginHeaderError)?, value })
    }
}

impl fmt::Debug for OriginHeader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OriginHeader({} {})", self.place.authority(), self.name)
    }
}

impl<'de> Deserialize<'de> for OriginHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// All of them, by their hosts.
pub(super) fn collected(headers: &[OriginHeader]) -> OriginHeaders {
    let mut collected = OriginHeaders::default();
    for header in headers {
        collected.add(&header.place, [(header.name.clone(), header.value.clone())]);
    }
    collected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_belongs_to_a_host_and_hides_its_value() {
        let header: OriginHeader = "gql.example.com:8443 X-API-Key: hunter2: x".parse().unwrap();
        assert_eq!(header.place.authority(), "gql.example.com:8443");
        assert_eq!(header.value, "hunter2: x");
        assert_eq!(format!("{header:?}"), "OriginHeader(gql.example.com:8443 x-api-key)");
    }

    #[test]
    fn what_is_no_header_is_refused_without_repeating_it() {
        for text in
            ["", "x-api-key: hunter2", "gql.example.com", "gql.example.com host: hunter2", "a b\r\nc: d"]
        {
            let error = text.parse::<OriginHeader>().unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{text}");
        }
    }
}
