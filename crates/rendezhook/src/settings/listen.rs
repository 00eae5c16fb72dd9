//! Where the server listens and keeps its data.

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use rendezhook_domain::target::{Cidr, OwnOrigin, OwnOriginError, OwnOrigins};
use serde::{Deserialize, Deserializer};

use super::public_address::PublicAddress;
use super::units::ByteCount;

/// The platform's own GraphQL in the documents of doo, whose integrations name it in their hooks.
const DEFAULT_OWN_ORIGIN: &str = "gql.doo.net";

/// Where the server listens and keeps its data.
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ListenSettings {
    /// Address and port to listen on; port 0 takes a free one. [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "RENDEZHOOK_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Where clients reach the server, for absolute links: http or https, a host, and a port where it needs one.
    /// [default: http:// and the address it listens on]
    #[arg(long, value_name = "URL", env = "RENDEZHOOK_PUBLIC_ADDRESS")]
    pub public_address: Option<PublicAddress>,

    /// Hosts whose GraphQL is this server's: hooks of the doo API that name one as their origin are answered here; separated by
    /// commas. The public address always is one. [default: gql.doo.net]
    #[arg(long, value_name = "HOST,…", env = "RENDEZHOOK_OWN_ORIGINS", value_delimiter = ',')]
    #[serde(default, deserialize_with = "from_texts")]
    pub own_origins: Option<Vec<OwnOrigin>>,

    /// Ranges of addresses of proxies in front of the server, such as 10.1.0.0/16; separated by commas. What they say in
    /// X-Forwarded-For is believed, and limits by client count those clients instead of the proxy.
    #[arg(long, value_name = "CIDR,…", env = "RENDEZHOOK_TRUSTED_PROXIES", value_delimiter = ',')]
    #[serde(default, deserialize_with = "from_texts")]
    pub trusted_proxies: Option<Vec<Cidr>>,

    /// Directory of the database and the master key; made when missing. [default: rendezhook-data]
    #[arg(long, value_name = "DIRECTORY", env = "RENDEZHOOK_DATA")]
    pub data: Option<PathBuf>,

    /// For development: allow http and any port to loopback targets, make a demo organization, keep every exchange.
    #[arg(long, env = "RENDEZHOOK_DEV", num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "true|false")]
    pub dev: Option<bool>,

    /// The largest resource that can be published. [default: 256KiB]
    #[arg(long, value_name = "SIZE", env = "RENDEZHOOK_RESOURCE_LIMIT")]
    pub resource_limit: Option<ByteCount>,

    /// Ranges of addresses that deliveries may go to although they are not public, such as 10.1.0.0/16; separated by commas.
    #[arg(long, value_name = "CIDR,…", env = "RENDEZHOOK_ALLOW_ADDRESSES", value_delimiter = ',')]
    pub allow_addresses: Option<Vec<String>>,

    /// Ranges of addresses that deliveries may not go to although they are public; separated by commas.
    #[arg(long, value_name = "CIDR,…", env = "RENDEZHOOK_DENY_ADDRESSES", value_delimiter = ',')]
    pub deny_addresses: Option<Vec<String>>,
}

impl ListenSettings {
    /// These settings, and where they say nothing those of `other`.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            public_address: self.public_address.or(other.public_address),
            own_origins: self.own_origins.or(other.own_origins),
            trusted_proxies: self.trusted_proxies.or(other.trusted_proxies),
            data: self.data.or(other.data),
            dev: self.dev.or(other.dev),
            resource_limit: self.resource_limit.or(other.resource_limit),
            allow_addresses: self.allow_addresses.or(other.allow_addresses),
            deny_addresses: self.deny_addresses.or(other.deny_addresses),
        }
    }

    /// The address to listen on.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))
    }

    /// Every origin that is this server, which clients reach at `public_address`.
    ///
    /// # Errors
    /// Never: the default is the name of a host.
    pub(crate) fn own_origins(&self, public_address: &PublicAddress) -> Result<OwnOrigins, OwnOriginError> {
        let named = match &self.own_origins {
            Some(named) => named.clone(),
            None => vec![DEFAULT_OWN_ORIGIN.parse()?],
        };
        Ok(named.into_iter().chain([public_address.origin()]).collect())
    }

    /// The data directory.
    #[must_use]
    pub(crate) fn directory(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| PathBuf::from("rendezhook-data"))
    }

    /// Whether this is a server for development.
    #[must_use]
    pub(crate) fn is_dev(&self) -> bool {
        self.dev.unwrap_or(false)
    }

    /// The largest resource, in bytes.
    #[must_use]
    pub(crate) fn resource_bytes(&self) -> usize {
        self.resource_limit.unwrap_or(ByteCount::kibibytes(256)).bytes()
    }
}

/// A list of the settings file, which writes its values as texts.
fn from_texts<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parsed: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
    parsed.map(Some).map_err(serde::de::Error::custom)
}
