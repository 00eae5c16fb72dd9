//! Origins that are this server itself.

use std::str::FromStr;

use super::{TargetPolicy, TargetUrl, TargetUrlError};

/// Where GraphQL is asked. A host that is only an origin answers at its root too.
const PATHS: [&str; 2] = ["/", "/graphql"];

/// A host, with a port where it is not that of https, whose GraphQL is ours: `gql.doo.net`, `hooks.example.com:8443`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnOrigin(Box<str>);

impl OwnOrigin {
    /// The place a URL names: that of this server's own address, for instance.
    #[must_use]
    pub fn of(url: &TargetUrl) -> Self {
        Self(url.authority().into())
    }
}

impl FromStr for OwnOrigin {
    type Err = OwnOriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |source| OwnOriginError { text: text.chars().take(80).collect(), source };
        let url = TargetUrl::parse(&format!("https://{text}"), &TargetPolicy::stored())
            .map_err(|source| refused(Some(source)))?;
        if url.request_target() != "/" {
            return Err(refused(None));
        }
        Ok(Self::of(&url))
    }
}

/// The text names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a host; write a host name, with a port where it is not 443: gql.example.com")]
pub struct OwnOriginError {
    text: String,
    #[source]
    source: Option<TargetUrlError>,
}

/// Every origin that is this server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnOrigins(Vec<OwnOrigin>);

impl OwnOrigins {
    /// Whether a request to this URL is a question to our own GraphQL.
    #[must_use]
    pub fn contains(&self, url: &TargetUrl) -> bool {
        let path = url.request_target();
        let path = path.split_once('?').map_or(path, |(path, _query)| path);
        PATHS.contains(&path) && self.0.iter().any(|own| *own.0 == *url.authority())
    }
}

impl FromIterator<OwnOrigin> for OwnOrigins {
    fn from_iter<I: IntoIterator<Item = OwnOrigin>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> TargetUrl {
        TargetUrl::parse(text, &TargetPolicy::stored()).unwrap()
    }

    #[test]
    fn host_port_and_path_decide() {
        let origins: OwnOrigins = ["gql.doo.net", "hooks.example.com:8443", "127.0.0.1:8080"]
            .iter()
            .map(|text| text.parse::<OwnOrigin>().unwrap())
            .collect();
        for own in [
            "https://gql.doo.net",
            "https://gql.doo.net/?a=1",
            "https://GQL.doo.net:443/graphql",
            "https://hooks.example.com:8443/graphql",
            "http://127.0.0.1:8080/graphql",
        ] {
            assert!(origins.contains(&url(own)), "{own}");
        }
        for other in [
            "https://gql.doo.net/api/v1/keys",
            "https://gql.doo.net:8443/",
            "https://x.gql.doo.net/",
            "https://hooks.example.com/graphql",
            "https://gql.doo.net.example.com/",
        ] {
            assert!(!origins.contains(&url(other)), "{other}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in
            ["", "https://gql.doo.net", "gql.doo.net/graphql", "a b", "gql.doo.net?x", "user@gql.doo.net"]
        {
            assert!(text.parse::<OwnOrigin>().is_err(), "{text}");
        }
    }
}
