//! Taking connections, a bounded number at once, and letting them go.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

use crate::options::ConnectionLimits;

/// The wait after a connection could not be taken, which mostly means that the process has no file handle left.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// What hyper asks for at least.
const MINIMUM_HEAD_BYTES: usize = 8_192;

/// Serves connections until `shutdown` is ready.
pub(super) async fn serve(
    listener: TcpListener,
    router: Arc<Router>,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()> + Send,
) {
    let slots = Arc::new(Semaphore::new(limits.maximum.clamp(1, Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let http = protocol(&limits);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, peer, slot) = tokio::select! {
            () = &mut shutdown => break,
            taken = take(&listener, &slots) => match taken {
                Some(taken) => taken,
                None => continue,
            },
        };
        let router = Arc::clone(&router);
        let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let router = Router::clone(&router);
            async move { Ok::<_, Infallible>(answer(router, request).await) }
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(slot);
        });
    }
    drop(listener);
    let open = graceful.count();
    tracing::info!(connections = open, "no new connections; waiting for requests under way");
    if tokio::time::timeout(limits.stop_grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time; they end with the process");
    }
}

async fn answer(router: Router, request: http::Request<Incoming>) -> axum::response::Response {
    let answered = router.oneshot(request.map(axum::body::Body::new) as Request).await;
    match answered {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn protocol(limits: &ConnectionLimits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes.max(MINIMUM_HEAD_BYTES))
        .max_headers(limits.header_fields);
    http
}

/// The next connection and who opened it, once there is room for one.
async fn take(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are small and whole: waiting to fill a packet only delays them.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
            Some((stream, peer, slot))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection cannot be taken; trying again");
            tokio::time::sleep(ACCEPT_RETRY).await;
            None
        }
    }
}
