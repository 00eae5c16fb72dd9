//! From names to addresses.

use std::net::IpAddr;
use std::time::Duration;

mod names;
mod system;

pub(crate) use self::names::Names;
pub use self::system::{SystemResolver, SystemResolverError};

/// Asks DNS. The guard judges every answer afterwards, so an implementation need not.
#[async_trait::async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name, IPv4 and IPv6.
    ///
    /// `name` is absolute though it has no final dot: no search domain applies to it.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] when there are none or it cannot be told.
    async fn resolve(&self, name: &str) -> Result<Resolved, ResolveError>;
}

/// What DNS knows about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The addresses, in the order to try them.
    pub addresses: Vec<IpAddr>,
    /// How long they hold.
    pub time_to_live: Duration,
}

/// Why a name has no addresses.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist, or has no addresses.
    #[error("the name does not exist or has no addresses")]
    NotFound,
    /// The name servers did not answer.
    #[error("the name servers did not answer in time")]
    TimedOut,
    /// The name servers answered with an error, or could not be asked.
    #[error("the name servers could not answer")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
