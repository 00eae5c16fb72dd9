//! A receiver over a socket that answers as a test tells it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How long a test waits for something that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How many connections wait to be accepted.
const BACKLOG: u32 = 1_024;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: http::Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// The text of a header that has to be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The `webhook-id`: the same for every attempt of a delivery.
    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The member `n` of the published resource, by which tests tell deliveries apart.
    pub(crate) fn n(&self) -> u64 {
        self.json()["data"]["resource"]["n"].as_u64().unwrap()
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// This status at once.
    Status(u16),
    /// This status with the header `webhook-delivery`.
    Wish(u16, &'static str),
    /// This status, and deliveries of this origin are allowed, in the words of CloudEvents.
    Allows(u16, &'static str),
    /// 200 with this body, which says that it is JSON.
    Json(Bytes),
    /// This status, and the request's headers as the body.
    Echo(u16),
    /// 302 to this URL.
    Redirect(String),
    /// 200 once [`Receiver::release`] was called.
    Held,
    /// Never.
    Silence,
}

type Answers = dyn Fn(&Received, usize) -> Answer + Send + Sync;

/// A running receiver; it ends when dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    scheme: &'static str,
    requests: mpsc::UnboundedReceiver<Received>,
    released: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Receiver {
    /// Starts one that answers by `answers`, which sees each request and how many came before it.
    pub(crate) async fn start(answers: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_over(listener(), None, answers)
    }

    /// As [`Receiver::start`], over TLS with the certificate of this acceptor.
    pub(crate) async fn start_secured(
        acceptor: TlsAcceptor,
        answers: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_over(listener(), Some(acceptor), answers)
    }

    fn start_over(
        listener: TcpListener,
        acceptor: Option<TlsAcceptor>,
        answers: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        let (released, release) = watch::channel(false);
        let shared =
            Arc::new(Shared { answers: Box::new(answers), count: Default::default(), sender, release });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
                connections.spawn(async move {
                    match acceptor {
                        None => shared.converse(stream).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                shared.converse(stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, scheme, requests, released, _tasks: tasks }
    }

    /// Starts one that always answers with this status.
    pub(crate) async fn answering(status: u16) -> Self {
        Self::start(move |_, _| Answer::Status(status)).await
    }

    /// The URL of a path of it.
    pub(crate) fn target(&self, path: &str) -> TargetUrl {
        target(self.scheme, self.address, path)
    }

    /// The next request; fails the test when none comes.
    pub(crate) async fn next(&mut self) -> Received {
        timeout(PATIENCE, self.requests.recv()).await.expect("no request came").unwrap()
    }

    /// The next so many requests.
    pub(crate) async fn next_requests(&mut self, count: usize) -> Vec<Received> {
        let mut requests = Vec::new();
        for _ in 0..count {
            requests.push(self.next().await);
        }
        requests
    }

    /// Requests that have come and were not looked at.
    pub(crate) fn rest(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }

    /// Lets all held answers go, now and later.
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }
}

/// A receiver at whose address connections are refused. The address stays its own.
pub(crate) struct Refusing {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Refusing {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address }
    }

    /// The URL of a path of it.
    pub(crate) fn target(&self, path: &str) -> TargetUrl {
        target("http", self.address, path)
    }

    /// Begins to take connections and answers by `answers`.
    pub(crate) fn recover(
        self,
        answers: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static,
    ) -> Receiver {
        Receiver::start_over(self.socket.listen(BACKLOG).unwrap(), None, answers)
    }
}

fn listener() -> TcpListener {
    Refusing::new().socket.listen(BACKLOG).unwrap()
}

fn target(scheme: &str, address: SocketAddr, path: &str) -> TargetUrl {
    TargetUrl::parse(&format!("{scheme}://{address}{path}"), &TargetPolicy::stored()).unwrap()
}

struct Shared {
    answers: Box<Answers>,
    count: std::sync::atomic::AtomicUsize,
    sender: mpsc::UnboundedSender<Received>,
    release: watch::Receiver<bool>,
}

impl Shared {
    async fn converse(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let service = service_fn(move |request| Arc::clone(&self).serve(request));
        // A client that goes away in the middle is part of some tests.
        let _ =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    async fn serve(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let path = parts.uri.to_string();
        let received = Received { method: parts.method, path, headers: parts.headers, body };
        let before = self.count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let answer = (self.answers)(&received, before);
        let echo = Bytes::from(format!("{:?}", received.headers));
        let _ = self.sender.send(received);
        let mut response = hyper::Response::new(Full::new(Bytes::from_static(b"seen")));
        match answer {
            Answer::Status(status) => *response.status_mut() = status.try_into().unwrap(),
            Answer::Wish(status, wish) => {
                *response.status_mut() = status.try_into().unwrap();
                response.headers_mut().insert("webhook-delivery", wish.parse().unwrap());
            }
            Answer::Allows(status, origin) => {
                *response.status_mut() = status.try_into().unwrap();
                response.headers_mut().insert("webhook-allowed-origin", origin.parse().unwrap());
            }
            Answer::Json(body) => {
                response.headers_mut().insert("content-type", "application/json".parse().unwrap());
                *response.body_mut() = Full::new(body);
            }
            Answer::Echo(status) => {
                *response.status_mut() = status.try_into().unwrap();
                *response.body_mut() = Full::new(echo);
            }
            Answer::Redirect(url) => {
                *response.status_mut() = http::StatusCode::FOUND;
                response.headers_mut().insert("location", url.parse().unwrap());
            }
            Answer::Held => {
                let _ = self.release.clone().wait_for(|released| *released).await;
            }
            Answer::Silence => std::future::pending().await,
        }
        Ok(response)
    }
}
