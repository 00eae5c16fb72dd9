//! A small HTTP/1.1 server that shows what it receives and answers as it is told.

mod answer;
mod call;
mod progress;
mod service;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::signature::Verifier;

pub use answer::{Answer, AnswerScript, AnswerScriptError, LONGEST_DELAY};
pub use call::Call;
pub use progress::ScriptScope;
use service::Service;

/// How long running calls may take to end once the listener is told to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// Pause after a failed accept, which is mostly a lack of file handles and would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Settings of a [`Listener`].
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Checks each call; without one, calls are received unverified. It does not change the answer.
    pub verifier: Option<Verifier>,
    /// What to answer.
    pub script: AnswerScript,
    /// Whether the script is played for the server as a whole or for each message.
    pub scope: ScriptScope,
    /// The largest body in bytes; a larger one is answered 413 and not handed over.
    pub body_limit: usize,
    /// How many connections are open at once; more wait in the backlog of the system.
    pub connection_limit: usize,
}

impl ListenerOptions {
    /// At this address: no verifier, 200 to everything, bodies up to 1 MiB, 1,024 connections.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            verifier: None,
            script: AnswerScript::default(),
            scope: ScriptScope::default(),
            body_limit: 1024 * 1024,
            connection_limit: 1024,
        }
    }
}

/// The address can not be listened at.
#[derive(Debug, Error)]
#[error("can not listen at {address}: choose another address or port, or stop the program that uses it")]
pub struct ListenError {
    /// The address asked for.
    pub address: SocketAddr,
    /// The reason of the system.
    pub source: std::io::Error,
}

/// A bound server that [`run`](Self::run) will start.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    connections: Arc<Semaphore>,
    service: Arc<Service>,
}

impl Listener {
    /// Binds the address, so that callers may connect from now on, and tells the real one.
    ///
    /// Each call is put into `calls` before it is answered, so whoever has an answer of the script
    /// has been received. If the channel stays full for ten seconds the call is answered 503 and
    /// not handed over; if its receiver is gone, calls are answered all the same.
    ///
    /// # Errors
    /// [`ListenError`] if the address is taken or not ours.
    pub async fn bind(
        options: ListenerOptions,
        calls: mpsc::Sender<Call>,
    ) -> Result<(Self, SocketAddr), ListenError> {
        let failed = |source| ListenError { address: options.address, source };
        let socket = TcpListener::bind(options.address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let connections = Arc::new(Semaphore::new(options.connection_limit.clamp(1, Semaphore::MAX_PERMITS)));
        let service = Arc::new(Service::new(options, calls));
        Ok((Self { socket, connections, service }, address))
    }

    /// Serves until `shutdown` ends, then gives running calls five seconds.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let graceful = GracefulShutdown::new();
        let mut tasks = JoinSet::new();
        loop {
            let (stream, permit) = tokio::select! {
                () = &mut shutdown => break,
                Some(accepted) = self.accept() => accepted,
            };
            while tasks.try_join_next().is_some() {}
            let connection = graceful.watch(service::connection(stream, Arc::clone(&self.service)));
            tasks.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(error = %error, "a connection to the listener ended early");
                }
                drop(permit);
            });
        }
        drop(self.socket);
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, graceful.shutdown()).await;
        tasks.shutdown().await;
    }

    /// The next connection with the right to serve it; `None` only if the semaphore were closed,
    /// which nobody does.
    async fn accept(&self) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.connections).acquire_owned().await.ok()?;
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => {
                    // Failing that, small answers only wait a little longer.
                    let _ = stream.set_nodelay(true);
                    return Some((stream, permit));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the listener can not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}
