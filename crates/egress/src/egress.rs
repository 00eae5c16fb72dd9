//! Sending requests.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::target::TargetHost;
use tokio::time::Instant;

use crate::capacity::{Capacity, Permit};
use crate::connect::{Connector, refused};
use crate::connection::{Connection, ExchangeFailure};
use crate::guard::Guard;
use crate::kept::Kept;
use crate::pool::{Pool, PoolBounds, PoolKey};
use crate::report::{AttemptOutcome, AttemptReport, Response, Timing};
use crate::request::OutboundRequest;
use crate::resolve::{Names, Resolve};
use crate::settings::EgressSettings;
use crate::tls::Tls;

/// Sends requests to receivers nobody vouches for. One serves the whole process; share it in an `Arc`.
pub struct Egress {
    names: Names,
    connector: Connector,
    capacity: Arc<Capacity>,
    pool: Arc<Pool>,
    body_limit: Duration,
    body_bytes: usize,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// A certificate among the extra roots cannot be read, the client certificate and its key do not belong together, or TLS cannot
    /// be set up at all.
    #[error(
        "cannot set up TLS for outbound requests; check the extra root certificates and the client certificate"
    )]
    Tls(#[source] rustls::Error),
}

/// What is known about an attempt under way.
struct Progress {
    started: Instant,
    deadline: Instant,
    report: AttemptReport,
}

/// A connection with its place at the destination.
struct Lease {
    connection: Box<Connection>,
    _permit: Permit,
}

impl Egress {
    /// Prepares to send. Must be called within a tokio runtime: connections at rest are closed by a task that lives as
    /// long as this does.
    ///
    /// # Errors
    ///
    /// [`EgressError`] when the settings cannot be used.
    pub fn new(settings: EgressSettings, resolver: Arc<dyn Resolve>) -> Result<Self, EgressError> {
        let guard = Guard::new(settings.address_rule, settings.own_addresses)
            .with_own_authorities(settings.own_authorities)
            .with_plain_http(settings.plain_http);
        let guard = Arc::new(guard);
        let names = Names::new(resolver, Arc::clone(&guard), settings.resolve_limit, settings.cached_names);
        let names = if settings.proxy.is_some() { names.behind_proxy() } else { names };
        let capacity = Capacity::new(settings.requests_per_address);
        let connector = Connector {
            guard,
            tls: Tls::new(settings.extra_roots, settings.client_identity).map_err(EgressError::Tls)?,
            capacity: Arc::clone(&capacity),
            proxy: settings.proxy,
            connect_limit: settings.connect_limit,
            tls_limit: settings.tls_limit,
        };
        let bounds = PoolBounds {
            total: settings.idle_connections,
            per_key: settings.idle_connections_per_target,
            awake: settings.awake_connections,
        };
        let pool = Pool::new(settings.idle_limit, bounds);
        tokio::spawn(Pool::keep_swept(Arc::downgrade(&pool)));
        Ok(Self {
            names,
            connector,
            capacity,
            pool,
            body_limit: settings.body_limit,
            body_bytes: settings.body_bytes,
        })
    }

    /// Sends a request and tells what became of it. `total_limit` bounds everything from DNS to the end of the
    /// answer's head, and the body after it; attempts at deliveries have 1 to 30 s.
    ///
    /// The request goes out once. Only when a connection kept from before turns out to be dead, without a byte of an
    /// answer, it goes out a second time over a fresh one. Dropping the future closes the connection.
    pub async fn send(&self, request: &OutboundRequest, total_limit: Duration) -> AttemptReport {
        let started = Instant::now();
        let mut progress = Progress {
            started,
            deadline: started + total_limit,
            report: AttemptReport {
                outcome: AttemptOutcome::Failed(Cause::Internal),
                timing: Timing::default(),
                remote_address: None,
                reused_connection: false,
                certificate_expires_at: None,
            },
        };
        let result = self.attempt(request, &mut progress).await;
        let mut report = progress.report;
        report.outcome = match result {
            Ok(response) => AttemptOutcome::Answered(response),
            Err(cause) => AttemptOutcome::Failed(cause),
        };
        report.timing.total = started.elapsed();
        report
    }

    async fn attempt(&self, request: &OutboundRequest, progress: &mut Progress) -> Result<Response, Cause> {
        let target = request.target();
        self.connector
            .guard
            .judge_authority(target.authority())
            .map_err(|refusal| refused(target, &refusal))?;
        let mut resolved = self.names.addresses(target.host(), progress.deadline).await;
        if resolved.as_ref().is_err_and(is_dns_failure) && self.connector.proxy_to(target.host()).is_some() {
            resolved = Ok(Arc::new([]));
        }
        let dns = matches!(target.host(), TargetHost::Name(_)).then(|| progress.started.elapsed());
        let addresses = resolved.inspect_err(|_| progress.report.timing.dns = dns)?;

        let key = PoolKey::of(request);
        if let Some(lease) = self.reuse(&key, &addresses).await? {
            progress.report.reused_connection = true;
            match self.exchange(lease, &key, request, progress).await {
                Err(failure) if failure.unanswered_reset => {
                    tracing::debug!(
                        authority = target.authority(),
                        "a kept connection was dead; sending over a fresh one"
                    );
                }
                result => return result.map_err(|failure| failure.cause),
            }
        }

        progress.report.reused_connection = false;
        let timing = &mut progress.report.timing;
        timing.dns = dns;
        // Set apart, so that every attempt over a kept connection need not have the room for connecting.
        let (connection, permit) =
            Box::pin(self.connector.connect(target, &addresses, progress.deadline, timing)).await?;
        let lease = Lease { connection: Kept::Resting(connection).wake().await?, _permit: permit };
        self.exchange(lease, &key, request, progress).await.map_err(|failure| failure.cause)
    }

    /// A connection kept from before that still lives.
    async fn reuse(&self, key: &PoolKey, addresses: &[IpAddr]) -> Result<Option<Lease>, Cause> {
        while let Some(mut kept) = self.pool.take(key, addresses) {
            if !kept.is_usable().await {
                continue;
            }
            let Some(permit) = self.capacity.acquire(kept.peer().destination.clone()) else {
                self.pool.put(key.clone(), kept);
                return Err(Cause::Busy);
            };
            return Ok(Some(Lease { connection: kept.wake().await?, _permit: permit }));
        }
        Ok(None)
    }

    /// One request and its answer over a connection, which is kept when it can serve again.
    async fn exchange(
        &self,
        mut lease: Lease,
        key: &PoolKey,
        request: &OutboundRequest,
        progress: &mut Progress,
    ) -> Result<Response, ExchangeFailure> {
        let peer = lease.connection.peer();
        progress.report.remote_address = Some(peer.remote);
        progress.report.certificate_expires_at = peer.certificate_expires_at;
        let sent_at = Instant::now();
        let head = lease.connection.exchange(request.to_http(), progress.deadline).await?;
        progress.report.timing.first_byte = Some(head.first_byte_at.duration_since(sent_at));

        let (parts, body) = head.response.into_parts();
        let body_deadline = progress.deadline.min(Instant::now() + self.body_limit);
        let received = lease
            .connection
            .read_body(body, request.body_limit().unwrap_or(self.body_bytes), body_deadline)
            .await;
        if received.complete && lease.connection.is_usable().await {
            self.pool.put(key.clone(), Kept::Awake(lease.connection));
        }
        Ok(Response {
            status: parts.status,
            headers: parts.headers,
            body: received.bytes,
            body_truncated: !received.complete,
        })
    }
}

/// Whether the name servers did not tell an address, as those of a closed network do not.
fn is_dns_failure(cause: &Cause) -> bool {
    matches!(cause, Cause::DnsNotFound | Cause::DnsFailure | Cause::DnsTimeout)
}
