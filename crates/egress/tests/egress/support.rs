//! A receiver that follows a script, a resolver that follows another, and an egress that may reach both.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use rendezhook_domain::cause::Cause;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::{AddressRule, TargetPolicy, TargetUrl};
use rendezhook_egress::resolve::{Resolve, ResolveError, Resolved};
use rendezhook_egress::{AttemptOutcome, AttemptReport, Egress, EgressSettings, OutboundRequest, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::pause;

/// Longer than any test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// The limit of an attempt in tests of what never comes.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// The longest a clock is held, in real time.
const LONGEST_TEST: Duration = Duration::from_secs(60);

/// Holds tokio's clock, which by itself runs ahead whenever all tasks wait, as they do for sockets here. It never does
/// while a blocking task runs. A test that hangs gets its clock back, and with it its deadlines.
pub(crate) struct HeldClock {
    _release: std::sync::mpsc::Sender<()>,
}

pub(crate) fn hold_clock() -> HeldClock {
    let (release, released) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || released.recv_timeout(LONGEST_TEST));
    pause();
    HeldClock { _release: release }
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection as the receiver sees it.
pub(crate) struct Conversation {
    /// Counts connections from 1.
    pub(crate) number: usize,
    stream: Box<dyn Stream>,
    requests: Arc<AtomicUsize>,
}

impl Conversation {
    /// Reads a whole request, head and body; `None` when the sender closed the connection.
    pub(crate) async fn read_request(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        let head_length = loop {
            if let Some(position) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break position + 4;
            }
            if self.stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8(bytes[..head_length].to_vec()).unwrap();
        let body_length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        while bytes.len() < head_length + body_length {
            if self.stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        self.requests.fetch_add(1, Ordering::SeqCst);
        Some(String::from_utf8(bytes).unwrap())
    }

    /// Reads this many bytes and not one more; `false` when the sender closed the connection before.
    pub(crate) async fn read_bytes(&mut self, count: usize) -> bool {
        let mut piece = vec![0; count.min(64 * 1024)];
        let mut missing = count;
        while missing > 0 {
            let length = missing.min(piece.len());
            if self.stream.read_exact(&mut piece[..length]).await.is_err() {
                return false;
            }
            missing -= length;
        }
        true
    }

    /// Writes; `false` when the sender is gone.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Answers every request with 200 until the sender goes away.
    pub(crate) async fn answer_all(mut self) {
        while self.read_request().await.is_some() {
            if !self.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await {
                return;
            }
        }
    }

    /// Holds the connection open until the sender closes it.
    pub(crate) async fn wait_for_close(mut self) {
        let mut ignored = Vec::new();
        while self.stream.read_buf(&mut ignored).await.is_ok_and(|count| count > 0) {
            ignored.clear();
        }
    }
}

/// A listener on loopback that runs a script for each connection.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start<F, Fut>(script: F) -> Self
    where
        F: Fn(Conversation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script).await
    }

    /// Like `start`, on this address and port.
    pub(crate) async fn start_at<F, Fut>(address: SocketAddr, script: F) -> Self
    where
        F: Fn(Conversation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        Self::listen(listener, |stream| async { Some(Box::new(stream) as Box<dyn Stream>) }, script)
    }

    /// Like `start`, with something between socket and script, such as TLS.
    pub(crate) async fn start_with<W, WFut, F, Fut>(wrap: W, script: F) -> Self
    where
        W: Fn(TcpStream) -> WFut + Send + Sync + 'static,
        WFut: Future<Output = Option<Box<dyn Stream>>> + Send + 'static,
        F: Fn(Conversation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), wrap, script)
    }

    fn listen<W, WFut, F, Fut>(listener: TcpListener, wrap: W, script: F) -> Self
    where
        W: Fn(TcpStream) -> WFut + Send + Sync + 'static,
        WFut: Future<Output = Option<Box<dyn Stream>>> + Send + 'static,
        F: Fn(Conversation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted_connections, counted_requests) = (Arc::clone(&connections), Arc::clone(&requests));
        let script = Arc::new(script);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = counted_connections.fetch_add(1, Ordering::SeqCst) + 1;
                let (wrapping, script, requests) =
                    (wrap(stream), Arc::clone(&script), Arc::clone(&counted_requests));
                tokio::spawn(async move {
                    if let Some(stream) = wrapping.await {
                        script(Conversation { number, stream, requests }).await;
                    }
                });
            }
        });
        Self { address, connections, requests, task }
    }

    /// A receiver that reads one request and then writes these bytes and closes.
    pub(crate) async fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Arc::new(bytes.into());
        Self::start(move |mut conversation| {
            let bytes = Arc::clone(&bytes);
            async move {
                conversation.read_request().await;
                conversation.write(bytes.as_slice()).await;
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Knows one answer for every name.
pub(crate) struct FixedResolver(pub(crate) Vec<IpAddr>);

#[async_trait::async_trait]
impl Resolve for FixedResolver {
    async fn resolve(&self, _name: &str) -> Result<Resolved, ResolveError> {
        Ok(Resolved { addresses: self.0.clone(), time_to_live: Duration::from_secs(60) })
    }
}

pub(crate) fn loopback_resolver() -> Arc<FixedResolver> {
    Arc::new(FixedResolver(vec!["127.0.0.1".parse().unwrap()]))
}

pub(crate) fn loopback_settings() -> EgressSettings {
    EgressSettings::new(AddressRule::public().allowing_loopback())
}

pub(crate) fn egress_with(settings: EgressSettings) -> Egress {
    Egress::new(settings, loopback_resolver()).unwrap()
}

pub(crate) fn egress() -> Egress {
    egress_with(loopback_settings())
}

/// A POST of `{}` for organization 1.
pub(crate) fn post(url: &str) -> OutboundRequest {
    post_for(1, url, "{}")
}

pub(crate) fn post_for(organization: u32, url: &str, body: impl Into<Bytes>) -> OutboundRequest {
    let target = TargetUrl::parse(url, &TargetPolicy::stored()).unwrap();
    let organization = OrganizationNumber::new(organization);
    OutboundRequest::new(Method::POST, target, HeaderMap::new(), body.into(), organization).unwrap()
}

#[track_caller]
pub(crate) fn answered(report: AttemptReport) -> Response {
    match report.outcome {
        AttemptOutcome::Answered(response) => response,
        AttemptOutcome::Failed(cause) => panic!("failed with {cause:?}"),
    }
}

#[track_caller]
pub(crate) fn failed(report: AttemptReport) -> Cause {
    match report.outcome {
        AttemptOutcome::Answered(response) => panic!("answered {response:?}"),
        AttemptOutcome::Failed(cause) => cause,
    }
}
