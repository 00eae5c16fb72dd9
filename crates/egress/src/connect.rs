//! The connector: the one place that opens sockets.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::target::{Scheme, TargetHost, TargetUrl};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::capacity::{Capacity, Destination, Permit};
use crate::failure::connect_failure;
use crate::guard::{Guard, GuardRefusal};
use crate::proxy::Proxy;
use crate::report::Timing;
use crate::resting::{Peer, Resting};
use crate::stream::Transport;
use crate::tls::Tls;

/// How much longer than connecting a proxy has: it connects to the receiver in that time.
const PROXY_SHARES: u32 = 2;

/// Opens connections to judged addresses, or has a proxy do so.
pub(crate) struct Connector {
    pub(crate) guard: Arc<Guard>,
    pub(crate) tls: Tls,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) connect_limit: Duration,
    pub(crate) tls_limit: Duration,
}

/// A socket whose other end was judged.
struct Dialled {
    stream: TcpStream,
    peer: Peer,
    permit: Permit,
}

impl Connector {
    /// The proxy between us and a target. In development loopback is reached directly: the proxy's own is another.
    pub(crate) fn proxy_to(&self, host: &TargetHost) -> Option<&Proxy> {
        let is_direct = host.is_loopback() && self.guard.allows_loopback();
        self.proxy.as_ref().filter(|_| !is_direct)
    }

    /// Connects to the first address that takes the connection, and shakes hands there. Notes in `timing` how long
    /// each took, also when it fails.
    pub(crate) async fn connect(
        &self,
        target: &TargetUrl,
        addresses: &[IpAddr],
        deadline: Instant,
        timing: &mut Timing,
    ) -> Result<(Resting, Permit), Cause> {
        let started = Instant::now();
        let dialled = match self.proxy_to(target.host()) {
            Some(proxy) => {
                let limit = deadline.min(started + self.connect_limit * PROXY_SHARES);
                self.tunnel(proxy, target, addresses, limit).await
            }
            None => self.dial(target, addresses, deadline.min(started + self.connect_limit)).await,
        };
        timing.connect = Some(started.elapsed());
        let Dialled { stream, mut peer, permit } = dialled?;

        let transport = match target.scheme() {
            Scheme::Http => Transport::Plain(stream),
            Scheme::Https => {
                let started = Instant::now();
                let handshake = self.tls.handshake(target.host(), stream);
                let shaken = timeout_at(deadline.min(started + self.tls_limit), handshake).await;
                timing.tls = Some(started.elapsed());
                let (stream, end) = shaken.map_err(|_| Cause::TlsTimeout)??;
                peer.certificate_expires_at = end;
                Transport::Tls(Box::new(stream))
            }
        };
        Ok((Resting::open(transport, peer), permit))
    }

    /// Has the proxy connect. What is known of the target's addresses is judged here too; the proxy looks the name up itself and
    /// has to judge what it finds.
    async fn tunnel(
        &self,
        proxy: &Proxy,
        target: &TargetUrl,
        addresses: &[IpAddr],
        deadline: Instant,
    ) -> Result<Dialled, Cause> {
        for address in addresses {
            let remote = SocketAddr::new(address.to_canonical(), target.port());
            self.guard
                .judge_destination(target.scheme(), remote)
                .map_err(|refusal| refused(target, &refusal))?;
        }
        let destination = match addresses.first() {
            Some(address) => Destination::of(*address),
            None => {
                self.guard.judge_unresolved(target.scheme()).map_err(|refusal| refused(target, &refusal))?;
                Destination::Name(target.authority().into())
            }
        };
        let permit = self.capacity.acquire(destination.clone()).ok_or(Cause::Busy)?;
        let tunnel = timeout_at(deadline, proxy.tunnel(target.authority())).await;
        let (stream, remote) = tunnel.map_err(|_| Cause::ProxyFailed)??;
        let peer = Peer { remote, destination, is_behind_proxy: true, certificate_expires_at: None };
        Ok(Dialled { stream, peer, permit })
    }

    /// Tries the addresses in order. Each gets its share of the time left, so that one that swallows packets leaves
    /// some for the next.
    async fn dial(
        &self,
        target: &TargetUrl,
        addresses: &[IpAddr],
        deadline: Instant,
    ) -> Result<Dialled, Cause> {
        let mut failure = None;
        for (tried, address) in addresses.iter().enumerate() {
            let remote = SocketAddr::new(address.to_canonical(), target.port());
            self.guard
                .judge_destination(target.scheme(), remote)
                .map_err(|refusal| refused(target, &refusal))?;
            let destination = Destination::of(remote.ip());
            let Some(permit) = self.capacity.acquire(destination.clone()) else {
                failure = more_telling(failure, Cause::Busy);
                continue;
            };

            let untried = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / untried;
            match timeout_at(now + share, TcpStream::connect(remote)).await {
                Ok(Ok(stream)) => {
                    self.check(target, &stream, remote)?;
                    let peer =
                        Peer { remote, destination, is_behind_proxy: false, certificate_expires_at: None };
                    return Ok(Dialled { stream, peer, permit });
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

pub(crate) fn refused(target: &TargetUrl, refusal: &GuardRefusal) -> Cause {
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
