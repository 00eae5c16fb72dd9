//! How deliveries leave the network.

use std::path::PathBuf;

use rendezhook_egress::Proxy;
use serde::{Deserialize, Deserializer};

/// How deliveries leave the network.
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct OutboundSettings {
    /// The http URL of the proxy that all requests to others go through, by CONNECT; with user and password in it where it asks
    /// for them. It has to refuse addresses inside as well. Proxies that the environment names (HTTPS_PROXY and the like) are
    /// never used.
    #[arg(
        long = "egress-proxy",
        value_name = "URL",
        env = "RENDEZHOOK_EGRESS_PROXY",
        hide_env_values = true
    )]
    #[serde(default, deserialize_with = "from_text")]
    pub proxy: Option<Proxy>,

    /// Take targets with plain http too, without which http goes to loopback with --dev only. What is sent there can be read
    /// and changed on the way.
    #[arg(long, env = "RENDEZHOOK_ALLOW_HTTP", num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "true|false")]
    pub allow_http: Option<bool>,

    /// The only ports that targets may name, separated by commas. [default: all but those of other well-known services, such as 22
    /// and 25]
    #[arg(long, value_name = "PORT,…", env = "RENDEZHOOK_ALLOW_PORTS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..))]
    pub allow_ports: Option<Vec<u16>>,

    /// A file with certificates (PEM) of authorities that are trusted beside those every browser knows, for targets inside a
    /// company.
    #[arg(long, value_name = "FILE", env = "RENDEZHOOK_EXTRA_ROOTS")]
    pub extra_roots: Option<PathBuf>,

    /// A file with the certificate (PEM), followed by those of its issuers, that is shown to targets that ask for one.
    #[arg(long, value_name = "FILE", env = "RENDEZHOOK_CLIENT_CERTIFICATE")]
    pub client_certificate: Option<PathBuf>,

    /// The file with the private key (PEM) of the client certificate.
    #[arg(long, value_name = "FILE", env = "RENDEZHOOK_CLIENT_KEY")]
    pub client_key: Option<PathBuf>,
}

impl OutboundSettings {
    /// These settings, and where they say nothing those of `other`.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            proxy: self.proxy.or(other.proxy),
            allow_http: self.allow_http.or(other.allow_http),
            allow_ports: self.allow_ports.or(other.allow_ports),
            extra_roots: self.extra_roots.or(other.extra_roots),
            client_certificate: self.client_certificate.or(other.client_certificate),
            client_key: self.client_key.or(other.client_key),
        }
    }

    /// Whether plain http may go to other targets than loopback.
    #[must_use]
    pub(crate) fn allows_http(&self) -> bool {
        self.allow_http.unwrap_or(false)
    }
}

/// A proxy in the settings file, which writes it as a text.
fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Proxy>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}
