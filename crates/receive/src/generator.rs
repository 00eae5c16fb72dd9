//! A closed-loop HTTP/1.1 load generator: each connection has one request open at a time.
//!
//! Without a rate, a connection sends its next request as soon as it has its answer. With a rate, the
//! requests have due times that do not depend on the answers; one that starts late because the
//! server kept its connection waiting counts its latency from its due time, so that a server that
//! stalls can not hide it ("coordinated omission").

mod connection;
mod report;
mod request;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use connection::Connection;
use report::Tally;
pub use report::{FailureKind, LatencySummary, LoadReport};
use request::HeadBytes;
pub use request::{RequestHead, RequestParts};

/// Pause before a broken connection is made anew, so that a dead server is not hammered.
const RECONNECT_PAUSE: Duration = Duration::from_millis(10);

/// Settings of [`generate`].
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The server, in plain HTTP.
    pub address: SocketAddr,
    /// What all requests have in common.
    pub head: RequestHead,
    /// Connections, and so the most requests open at once.
    pub connections: NonZeroUsize,
    /// Requests per second over all connections; `None` sends as fast as answers come.
    pub rate_per_second: Option<NonZeroU32>,
    /// The most requests; those that fail count too.
    pub requests: u64,
    /// No request starts later than this after the first.
    pub duration: Duration,
    /// How long an answer may take until the request has failed.
    pub request_timeout: Duration,
}

/// Why no load could be generated.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// One of the connections could not be made at the start. Later failures are counted instead.
    #[error("can not connect to {address}: start the server there, or give its right address")]
    Connect {
        /// The address of the server.
        address: SocketAddr,
        /// The reason of the system.
        source: io::Error,
    },
    /// There is no memory for the latencies.
    #[error("can not set up the record of latencies")]
    Record(#[from] hdrhistogram::CreationError),
}

/// Sends requests until a limit is reached and the open ones have ended.
///
/// `fill` writes what is special to each request, given its number from 0; it is called on the
/// thread of the connection just before sending. Dropping the future closes all connections.
///
/// # Errors
/// [`GenerateError`] if the server can not be reached at the start.
pub async fn generate<Fill>(options: LoadOptions, fill: Fill) -> Result<LoadReport, GenerateError>
where
    Fill: Fn(u64, &mut RequestParts) + Send + Sync + 'static,
{
    let mut connections = Vec::new();
    for _ in 0..options.connections.get() {
        connections.push(connect(options.address).await?);
    }
    let started = Instant::now();
    let run = Arc::new(Run {
        next: AtomicU64::new(0),
        tally: Mutex::new(Tally::new()?),
        head: options.head.to_bytes(),
        started,
        options,
        fill,
    });
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(drive(Arc::clone(&run), connection));
    }
    while tasks.join_next().await.is_some() {}
    let elapsed = started.elapsed();
    let tally = run.tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(tally.into_report(elapsed))
}

/// What the connections of a run share.
struct Run<Fill> {
    options: LoadOptions,
    head: HeadBytes,
    started: Instant,
    next: AtomicU64,
    tally: Mutex<Tally>,
    fill: Fill,
}

impl<Fill> Run<Fill> {
    /// Waits until the next request is due. Gives its number and when its latency begins to count,
    /// or `None` if a limit is reached.
    async fn next_request(&self) -> Option<(u64, Instant)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.options.requests {
            return None;
        }
        let now = Instant::now();
        let due = match self.options.rate_per_second {
            None => now,
            Some(rate) => self.started.checked_add(due_after(number, rate))?,
        };
        if due.saturating_duration_since(self.started) >= self.options.duration {
            return None;
        }
        if due <= now {
            // Late requests are given up only when the whole run is over.
            return (now.duration_since(self.started) < self.options.duration).then_some((number, due));
        }
        tokio::time::sleep_until(due).await;
        // The timer's own lateness is not the server's.
        Some((number, Instant::now()))
    }

    fn record(&self, outcome: Result<u16, FailureKind>, latency: Duration) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).record(outcome, latency);
    }
}

fn due_after(number: u64, rate: NonZeroU32) -> Duration {
    let nanoseconds = u128::from(number) * 1_000_000_000 / u128::from(rate.get());
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

async fn connect(address: SocketAddr) -> Result<Connection<TcpStream>, GenerateError> {
    let failed = |source| GenerateError::Connect { address, source };
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    Ok(Connection::new(stream))
}

/// Sends over one connection until the run ends, and makes it anew whenever it breaks.
async fn drive<Fill>(run: Arc<Run<Fill>>, connection: Connection<TcpStream>)
where
    Fill: Fn(u64, &mut RequestParts),
{
    let mut connection = Some(connection);
    let mut parts = RequestParts::default();
    let mut request = Vec::new();
    while let Some((number, since)) = run.next_request().await {
        parts.clear();
        (run.fill)(number, &mut parts);
        parts.write_to(&run.head, &mut request);
        let exchange = tokio::time::timeout(
            run.options.request_timeout,
            exchange(&mut connection, run.options.address, &request),
        );
        let outcome = exchange.await.unwrap_or(Err(FailureKind::TimedOut));
        run.record(outcome, since.elapsed());
        if outcome.is_err() {
            connection = None;
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }
}

async fn exchange(
    slot: &mut Option<Connection<TcpStream>>,
    address: SocketAddr,
    request: &[u8],
) -> Result<u16, FailureKind> {
    let mut connection = match slot.take() {
        Some(connection) => connection,
        None => connect(address).await.map_err(|_refused| FailureKind::Connect)?,
    };
    let (status, reusable) = connection.exchange(request).await?;
    if reusable {
        *slot = Some(connection);
    }
    Ok(status)
}
