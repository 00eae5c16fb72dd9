//! The connector: the one place that opens sockets.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::target::{Scheme, TargetUrl};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::capacity::{Capacity, Permit};
use crate::connection::Connection;
use crate::failure::connect_failure;
use crate::guard::{Guard, GuardRefusal};
use crate::report::Timing;
use crate::stream::Transport;
use crate::tls::Tls;

/// Opens connections to judged addresses.
pub(crate) struct Connector {
    pub(crate) guard: Arc<Guard>,
    pub(crate) tls: Tls,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) connect_limit: Duration,
    pub(crate) tls_limit: Duration,
}

impl Connector {
    /// Connects to the first address that takes the connection, and shakes hands there. Notes in `timing` how long
    /// each took, also when it fails.
    pub(crate) async fn connect(
        &self,
        target: &TargetUrl,
        addresses: &[IpAddr],
        deadline: Instant,
        timing: &mut Timing,
    ) -> Result<(Connection, Permit), Cause> {
        let started = Instant::now();
        let dialled = self.dial(target, addresses, deadline.min(started + self.connect_limit)).await;
        timing.connect = Some(started.elapsed());
        let (stream, remote, permit) = dialled?;

        let transport = match target.scheme() {
            Scheme::Http => Transport::Plain(stream),
            Scheme::Https => {
                let started = Instant::now();
                let handshake = self.tls.handshake(target.host(), stream);
                let shaken = timeout_at(deadline.min(started + self.tls_limit), handshake).await;
                timing.tls = Some(started.elapsed());
                Transport::Tls(Box::new(shaken.map_err(|_| Cause::TlsTimeout)??))
            }
        };
        Ok((Connection::open(transport, remote).await?, permit))
    }

    /// Tries the addresses in order. Each gets its share of the time left, so that one that swallows packets leaves
    /// some for the next.
    async fn dial(
        &self,
        target: &TargetUrl,
        addresses: &[IpAddr],
        deadline: Instant,
    ) -> Result<(TcpStream, SocketAddr, Permit), Cause> {
        let mut failure = None;
        for (tried, address) in addresses.iter().enumerate() {
            let remote = SocketAddr::new(address.to_canonical(), target.port());
            self.guard
                .judge_destination(target.scheme(), remote)
                .map_err(|refusal| refused(target, &refusal))?;
            let Some(permit) = self.capacity.acquire(remote.ip()) else {
                failure = more_telling(failure, Cause::Busy);
                continue;
            };

            let untried = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / untried;
            match timeout_at(now + share, TcpStream::connect(remote)).await {
                Ok(Ok(stream)) => {
                    self.check(target, &stream, remote)?;
                    return Ok((stream, remote, permit));
                }
                Ok(Err(error)) => failure = more_telling(failure, connect_failure(&error)),
                Err(_) => failure = more_telling(failure, Cause::ConnectTimeout),
            }
        }
        Err(failure.unwrap_or(Cause::DnsNotFound))
    }

    /// Looks at a connection before the first byte goes over it.
    fn check(&self, target: &TargetUrl, stream: &TcpStream, remote: SocketAddr) -> Result<(), Cause> {
        let peer = stream.peer_addr().map_err(|error| connect_failure(&error))?;
        let local = stream.local_addr().map_err(|error| connect_failure(&error))?;
        self.guard
            .judge_connection(target.scheme(), remote, peer, local)
            .map_err(|refusal| refused(target, &refusal))?;
        stream.set_nodelay(true).map_err(|error| connect_failure(&error))
    }
}

fn refused(target: &TargetUrl, refusal: &GuardRefusal) -> Cause {
    tracing::info!(host = ?target.host(), %refusal, "refused to connect to a target");
    Cause::AddressNotAllowed
}

/// Of two failures the one that says more about the receiver: the later, unless it is about this machine.
fn more_telling(earlier: Option<Cause>, later: Cause) -> Option<Cause> {
    match later {
        Cause::Busy | Cause::NoRoute => earlier.or(Some(later)),
        _ => Some(later),
    }
}
