//! The resolver for production: asks name servers directly.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::{ResolverBuilder, TokioResolver};

use super::{Resolve, ResolveError, Resolved};

#[cfg(test)]
mod tests;

/// One question waits this long before it is asked again, so that a lost packet leaves time within the 5 s of a lookup.
const QUESTION_LIMIT: Duration = Duration::from_secs(2);
/// A second question after the first one got no answer.
const QUESTIONS: usize = 2;

/// Asks the name servers of the system or of the operator. Names are absolute; search domains and the hosts file are
/// ignored, since both lead into private networks.
pub struct SystemResolver {
    resolver: TokioResolver,
}

impl SystemResolver {
    /// Asks the name servers named in the system's settings (`/etc/resolv.conf`).
    ///
    /// # Errors
    ///
    /// [`SystemResolverError`] when the settings are missing or cannot be read.
    pub fn from_system() -> Result<Self, SystemResolverError> {
        Self::build(TokioResolver::builder_tokio().map_err(SystemResolverError)?)
    }

    /// Asks these name servers instead of the system's, where those also know the names of a private network.
    ///
    /// # Errors
    ///
    /// [`SystemResolverError`] when no resolver can be made.
    pub fn with_servers(servers: &[SocketAddr]) -> Result<Self, SystemResolverError> {
        let servers = servers.iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            let connections = connections.map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        Self::build(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
    }

    fn build(mut builder: ResolverBuilder<TokioRuntimeProvider>) -> Result<Self, SystemResolverError> {
        let options = builder.options_mut();
        options.use_hosts_file = ResolveHosts::Never;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = QUESTION_LIMIT;
        options.attempts = QUESTIONS;
        // Judged answers are cached in front of this resolver.
        options.cache_size = 0;
        Ok(Self { resolver: builder.build().map_err(SystemResolverError)? })
    }
}

#[async_trait::async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> Result<Resolved, ResolveError> {
        let absolute =
            Name::from_ascii(format!("{name}.")).map_err(|error| ResolveError::Failed(error.into()))?;
        let lookup = self.resolver.lookup_ip(absolute).await.map_err(resolve_error)?;
        Ok(Resolved {
            addresses: lookup.iter().collect(),
            time_to_live: lookup.valid_until().saturating_duration_since(Instant::now()),
        })
    }
}

fn resolve_error(error: NetError) -> ResolveError {
    if error.is_no_records_found() {
        return ResolveError::NotFound;
    }
    match error {
        NetError::Timeout => ResolveError::TimedOut,
        other => ResolveError::Failed(Box::new(other)),
    }
}

/// The system's DNS settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the DNS settings of this system; check that /etc/resolv.conf exists and names a server")]
pub struct SystemResolverError(#[source] NetError);
