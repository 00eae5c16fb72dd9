//! An OAuth 2.0 authorization server over a socket that behaves as a test tells it (RFC 6749, section 4.4).

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rendezhook_domain::subscription::{ClientCredentials, TargetAuthentication};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_secrets::SharedSecret;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::receiver::PATIENCE;

/// The secret of the one client it knows. In a form it reads differently.
pub(crate) const CLIENT_SECRET: &str = "hunter2 & hunter3";
/// What the secret looks like on the wire.
pub(crate) const ENCODED_CLIENT_SECRET: &str = "hunter2+%26+hunter3";
/// What every token begins with.
pub(crate) const TOKEN_BEGINNING: &str = "issued-token-";
/// What a client has to send.
const FORM: &str =
    "client_id=rendezhook&client_secret=hunter2+%26+hunter3&grant_type=client_credentials&scope=hooks";

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Conduct {
    /// With a new token, whose lifetime it does not tell.
    Issue,
    /// With a new token, once [`AuthorizationServer::release`] was called.
    Hold,
    /// With this status, perhaps a `Retry-After`, and all that the client sent.
    Refuse(u16, Option<&'static str>),
    /// With this body and the status 200.
    Say(&'static str),
    /// By closing the connection.
    HangUp,
}

/// A running server; it ends when dropped.
pub(crate) struct AuthorizationServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// The tokens that are valid at present, for the receivers behind the server.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    fetches: watch::Sender<usize>,
    released: watch::Sender<bool>,
}

struct State {
    conduct: Conduct,
    issued: usize,
    valid: HashSet<String>,
    under_way: usize,
    most_at_once: usize,
}

impl AuthorizationServer {
    /// Starts one that issues tokens.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            conduct: Conduct::Issue,
            issued: 0,
            valid: HashSet::new(),
            under_way: 0,
            most_at_once: 0,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            fetches: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        let serving = Arc::clone(&shared);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                connections.spawn(async move {
                    let service = service_fn(move |request| Arc::clone(&shared).serve(request));
                    // A connection that ends early is part of some tests.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, shared, _tasks: tasks }
    }

    /// From now on it behaves like this.
    pub(crate) fn behave(&self, conduct: Conduct) {
        self.shared.state().conduct = conduct;
    }

    /// Lets held answers go, now and later.
    pub(crate) fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// No token that was issued is valid any more.
    pub(crate) fn revoke(&self) {
        self.shared.state().valid.clear();
    }

    /// The tokens that are valid at present.
    pub(crate) fn tokens(&self) -> Tokens {
        Tokens(Arc::clone(&self.shared))
    }

    /// How often a token was asked for.
    pub(crate) fn fetches(&self) -> usize {
        *self.shared.fetches.borrow()
    }

    /// How many requests were under way at the same time, at the most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.state().most_at_once
    }

    /// Waits until a token was asked for that often.
    pub(crate) async fn asked(&self, times: usize) {
        let mut fetches = self.shared.fetches.subscribe();
        let asked = fetches.wait_for(|fetches| *fetches >= times);
        timeout(PATIENCE, asked).await.expect("nobody asked for a token").unwrap();
    }

    /// What a subscription needs whose target wants the server's tokens in this header.
    pub(crate) fn authentication(
        &self,
        header: &str,
        value_format: &str,
    ) -> (TargetAuthentication, SharedSecret) {
        let endpoint = format!("http://{}/token?tenant=hunter4", self.address);
        credentials(TargetUrl::parse(&endpoint, &TargetPolicy::stored()).unwrap(), header, value_format)
    }
}

/// A client's credentials at this endpoint.
pub(crate) fn credentials(
    endpoint: TargetUrl,
    header: &str,
    value_format: &str,
) -> (TargetAuthentication, SharedSecret) {
    let credentials = ClientCredentials {
        endpoint,
        client_id: "rendezhook".into(),
        grant_type: "client_credentials".into(),
        scope: Some("hooks".into()),
        header: header.into(),
        value_format: value_format.into(),
    };
    let secret = SharedSecret::new(CLIENT_SECRET.to_owned());
    (TargetAuthentication::ClientCredentials(credentials), secret)
}

impl Tokens {
    /// Whether the request shows a token in `Authorization` that is valid.
    pub(crate) fn accept(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = shown.and_then(|value| value.strip_prefix("Bearer "));
        token.is_some_and(|token| self.0.state().valid.contains(token))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn serve(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Full<Bytes>>, io::Error> {
        let head = format!("{} {}", request.method(), request.uri());
        let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        let _counted = Counted::start(&self);
        self.fetches.send_modify(|fetches| *fetches += 1);
        let conduct = self.state().conduct;
        match conduct {
            Conduct::Issue => Ok(self.issue(&head, &body)),
            Conduct::Hold => {
                let _ = self.released.subscribe().wait_for(|released| *released).await;
                Ok(self.issue(&head, &body))
            }
            Conduct::Refuse(status, retry_after) => Ok(refusal(status, retry_after, &body)),
            Conduct::Say(text) => Ok(hyper::Response::new(Full::new(Bytes::from_static(text.as_bytes())))),
            Conduct::HangUp => Err(io::Error::other("told to hang up")),
        }
    }

    fn issue(&self, head: &str, body: &[u8]) -> hyper::Response<Full<Bytes>> {
        if head != "POST /token?tenant=hunter4" || body != FORM.as_bytes() {
            return refusal(400, None, body);
        }
        let mut state = self.state();
        state.issued += 1;
        let token = format!("{TOKEN_BEGINNING}{}", state.issued);
        let answer = format!(r#"{{"access_token":"{token}","token_type":"Bearer"}}"#);
        state.valid.insert(token);
        hyper::Response::new(Full::new(Bytes::from(answer)))
    }
}

fn refusal(status: u16, retry_after: Option<&'static str>, body: &[u8]) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::copy_from_slice(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(retry_after) = retry_after {
        response.headers_mut().insert("retry-after", retry_after.parse().unwrap());
    }
    response
}

/// Counts a request as under way until it is dropped: answered, or given up by the client.
struct Counted<'a>(&'a Shared);

impl<'a> Counted<'a> {
    fn start(shared: &'a Shared) -> Self {
        let mut state = shared.state();
        state.under_way += 1;
        state.most_at_once = state.most_at_once.max(state.under_way);
        Self(shared)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
    }
}
