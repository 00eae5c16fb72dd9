//! A plain HTTP client whose every failure is told apart: with a server that is killed, the difference between "refused"
//! and "no answer" is what is tested.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest answer that is read, in bytes.
const MAXIMUM_ANSWER: usize = 64 * 1024 * 1024;
/// The longest a call may take.
const CALL_DEADLINE: Duration = Duration::from_secs(30);

/// There was no answer; whether the server acted on the call is unknown.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection: the server did not see the call.
    #[error("cannot connect to {0}")]
    Connect(SocketAddr, #[source] std::io::Error),
    /// The connection ended before the answer was complete.
    #[error("no complete answer")]
    NoAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer took too long.
    #[error("no answer within {} s", CALL_DEADLINE.as_secs())]
    Deadline,
}

/// One kept connection to a server, opened when it is needed.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    key: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body; `null` when it is empty or no JSON.
    pub body: Value,
}

impl Client {
    /// A client of the server at this address, with this key.
    #[must_use]
    pub fn new(address: SocketAddr, key: &str) -> Self {
        Self { address, key: key.to_owned(), connection: None }
    }

    /// Calls the server.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        idempotency_key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, ClientError> {
        let call = self.exchange(method, path, idempotency_key, body);
        let result = timeout(CALL_DEADLINE, call).await.unwrap_or(Err(ClientError::Deadline));
        if result.is_err() {
            self.connection = None;
        }
        result
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        idempotency_key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, ClientError> {
        let no_answer = |error: Box<dyn std::error::Error + Send + Sync>| ClientError::NoAnswer(error);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", format!("\"{key}\""));
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = request.body(Full::new(bytes)).map_err(|error| no_answer(Box::new(error)))?;

        let mut connection = match self.connection.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => self.connect().await?,
        };
        connection.ready().await.map_err(|error| no_answer(Box::new(error)))?;
        let answer = connection.send_request(request).await.map_err(|error| no_answer(Box::new(error)))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAXIMUM_ANSWER).collect().await.map_err(no_answer)?;
        self.connection = Some(connection);
        Ok(Answer { status, body: serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null) })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let refused = |source| ClientError::Connect(self.address, source);
        let stream = TcpStream::connect(self.address).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ClientError::NoAnswer(Box::new(error)))?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
