//! One connection of a listener: reading calls, handing them over, answering.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;

use super::progress::Progress;
use super::{Answer, AnswerScript, Call, ListenerOptions};
use crate::capture::{HeaderList, HeaderSource};
use crate::signature::{ID_HEADER, Verifier};

/// How long the head of a request may take to arrive, and how long a connection may be idle before it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a call may wait for space in the channel.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(10);
/// The most headers of a request.
const HEADER_LIMIT: usize = 100;
/// The most bytes of a request's head.
const HEAD_LIMIT: usize = 64 * 1024;

type Reply = Response<Empty<Bytes>>;

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct Service {
    verifier: Option<Verifier>,
    script: AnswerScript,
    body_limit: usize,
    calls: mpsc::Sender<Call>,
    counted: Mutex<Counted>,
}

#[derive(Debug)]
struct Counted {
    calls: u64,
    progress: Progress,
}

/// Serves one connection until it ends. Generic over the stream so that tests need no socket.
pub(super) fn connection<Stream>(
    stream: Stream,
    service: Arc<Service>,
) -> impl GracefulConnection<Error = hyper::Error> + Send + 'static
where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(service.reply(request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADER_LIMIT)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), answer)
}

impl Service {
    pub(super) fn new(options: ListenerOptions, calls: mpsc::Sender<Call>) -> Self {
        Self {
            verifier: options.verifier,
            script: options.script,
            body_limit: options.body_limit,
            calls,
            counted: Mutex::new(Counted { calls: 0, progress: Progress::new(options.scope) }),
        }
    }

    async fn reply(&self, request: Request<Incoming>) -> Reply {
        match self.receive(request).await {
            Ok(answer) => {
                // Even a sleep of nothing lasts until the timer's next millisecond.
                if !answer.delay.is_zero() {
                    tokio::time::sleep(answer.delay).await;
                }
                scripted(answer)
            }
            Err(status) => {
                tracing::warn!(status = status.as_u16(), "a call could not be received");
                empty(status)
            }
        }
    }

    /// Reads, verifies and hands over a call. An error is the status of a call that was not handed over.
    async fn receive(&self, request: Request<Incoming>) -> Result<Answer, StatusCode> {
        let (head, body) = request.into_parts();
        let body = read_body(body, self.body_limit).await?;
        let headers = HeaderList::from(&head.headers);
        let received_at = Timestamp::now();
        let verification =
            self.verifier.as_ref().map(|verifier| verifier.verify(&headers, &body, received_at));
        let (number, answer) = self.count(headers.header(ID_HEADER));
        let call = Call {
            number,
            received_at,
            method: head.method.as_str().to_owned(),
            target: head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            headers,
            body,
            verification,
            answer,
        };
        match self.calls.send_timeout(call, HAND_OVER_TIMEOUT).await {
            Ok(()) | Err(SendTimeoutError::Closed(_)) => Ok(answer),
            Err(SendTimeoutError::Timeout(_)) => Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn count(&self, message_id: Option<&str>) -> (u64, Answer) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.calls = counted.calls.saturating_add(1);
        let index = counted.progress.next(message_id);
        (counted.calls, self.script.answer(index))
    }
}

async fn read_body(body: Incoming, limit: usize) -> Result<Bytes, StatusCode> {
    let read = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect());
    match read.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_broken_off)) => Err(StatusCode::BAD_REQUEST),
        Err(_elapsed) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

fn scripted(answer: Answer) -> Reply {
    let mut reply = empty(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    if let Some(seconds) = answer.retry_after_seconds {
        reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Empty::new());
    *reply.status_mut() = status;
    reply
}
