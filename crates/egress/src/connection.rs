//! One connection to a receiver, and one exchange over it at a time.
//!
//! The HTTP machine is driven by the task that waits for its answer, not by a task of its own: that spares two changes
//! of thread a request. A connection that is not in use is not driven at all; whether it still lives is asked before its next use.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rendezhook_domain::cause::Cause;
use tokio::time::{Instant, timeout_at};

use crate::failure::exchange_failure;
use crate::resting::{Peer, Resting};
use crate::settings::{MAXIMUM_RESPONSE_HEAD, MAXIMUM_RESPONSE_HEADERS};
use crate::stream::{CountedStream, Received};

/// How many 1xx responses are skipped before one is taken for an attack.
const MAXIMUM_INTERIM_RESPONSES: u32 = 8;

/// How many bytes of an answer are read for each byte of its body that may be kept. The smallest chunks, of one byte, take six;
/// chunk framing that goes on without a body is cut off here.
const MAXIMUM_FRAMING: u64 = 8;

/// A connection that speaks HTTP/1.1.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: Driver,
    received: Arc<Received>,
    peer: Peer,
    opened_at: Instant,
}

/// The HTTP machine, and whether it came to its end.
struct Driver {
    machine: http1::Connection<TokioIo<CountedStream>, Full<Bytes>>,
    ended: bool,
}

impl Driver {
    /// Lets bytes flow. `true` when the connection is over; why is told to whoever waits for an answer.
    fn drive(&mut self, context: &mut Context<'_>) -> bool {
        if !self.ended {
            self.ended = Pin::new(&mut self.machine).poll(context).is_ready();
        }
        self.ended
    }
}

/// The head of an answer, with the body still to come.
pub(crate) struct Head {
    pub(crate) response: http::Response<Incoming>,
    /// When the first byte of the answer came.
    pub(crate) first_byte_at: Instant,
}

/// Why an exchange brought no head.
pub(crate) struct ExchangeFailure {
    pub(crate) cause: Cause,
    /// The connection died before a byte of an answer: on a connection kept from before, it was probably dead already.
    pub(crate) unanswered_reset: bool,
}

/// The beginning of an answer's body.
pub(crate) struct ReceivedBody {
    pub(crate) bytes: Bytes,
    /// Whether this is all of it.
    pub(crate) complete: bool,
}

impl Connection {
    /// Begins to speak HTTP over a connection that rests.
    pub(crate) async fn wake(resting: Resting) -> Result<Self, Cause> {
        let Resting { transport, peer, opened_at } = resting;
        let received = Arc::new(Received::default());
        let stream = CountedStream::new(transport, Arc::clone(&received));
        let (sender, machine) = http1::Builder::new()
            .max_headers(MAXIMUM_RESPONSE_HEADERS)
            .max_buf_size(MAXIMUM_RESPONSE_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| exchange_failure(&error))?;
        let driver = Driver { machine, ended: false };
        Ok(Self { sender, driver, received, peer, opened_at })
    }

    /// Puts the HTTP machine away; `None` when the receiver has said more than was asked. Only for one that
    /// [is usable](Self::is_usable).
    pub(crate) fn rest(self) -> Option<Resting> {
        let parts = self.driver.machine.into_parts();
        let transport = parts.io.into_inner().into_transport();
        parts.read_buf.is_empty().then_some(Resting { transport, peer: self.peer, opened_at: self.opened_at })
    }

    /// What is at the other end.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// How long it has been open.
    pub(crate) fn age(&self) -> Duration {
        self.opened_at.elapsed()
    }

    /// Whether another request can go over it, as far as can be told: the receiver neither closed it nor said anything
    /// unasked.
    pub(crate) async fn is_usable(&mut self) -> bool {
        poll_fn(|context| Poll::Ready(!self.driver.drive(context) && self.sender.is_ready())).await
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn exchange(
        &mut self,
        mut request: http::Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<Head, ExchangeFailure> {
        let received = &self.received;
        received.reset();
        let interim = Arc::clone(received);
        hyper::ext::on_informational(&mut request, move |_| interim.count_interim_response());

        let driver = &mut self.driver;
        let mut answer = pin!(self.sender.send_request(request));
        let mut first_byte_at = None;
        let exchange = poll_fn(|context| {
            let ended = driver.drive(context);
            if first_byte_at.is_none() && received.any() {
                first_byte_at = Some(Instant::now());
            }
            if received.interim_responses() > MAXIMUM_INTERIM_RESPONSES {
                return Poll::Ready(Err(Cause::TooManyInterimResponses));
            }
            match answer.as_mut().poll(context) {
                Poll::Ready(result) => Poll::Ready(result.map_err(|error| exchange_failure(&error))),
                Poll::Pending if ended => Poll::Ready(Err(Cause::ConnectionReset)),
                Poll::Pending => Poll::Pending,
            }
        });

        let result = timeout_at(deadline, exchange).await;
        let cause = match result {
            Ok(Ok(response)) => {
                let first_byte_at = first_byte_at.unwrap_or_else(Instant::now);
                return Ok(Head { response, first_byte_at });
            }
            Ok(Err(cause)) => cause,
            Err(_) if received.any() => Cause::ResponseStalled,
            Err(_) => Cause::ResponseTimeout,
        };
        Err(ExchangeFailure { cause, unanswered_reset: cause == Cause::ConnectionReset && !received.any() })
    }

    /// Reads the body of an answer to its end, but no more than `maximum` bytes and no longer than until `deadline`.
    /// Nothing that goes wrong here changes the verdict, so it only shows in `complete`.
    pub(crate) async fn read_body(
        &mut self,
        mut body: Incoming,
        maximum: usize,
        deadline: Instant,
    ) -> ReceivedBody {
        let mut gathered = Gathered::default();
        if body.is_end_stream() {
            return gathered.into_body(true);
        }
        let kept = u64::try_from(maximum).unwrap_or(u64::MAX);
        let most = kept.saturating_mul(MAXIMUM_FRAMING).saturating_add(self.received.bytes());
        let reading = async {
            loop {
                let data = match self.next_data(&mut body, most).await {
                    Some(Ok(data)) => data,
                    Some(Err(_)) => return false,
                    None => return true,
                };
                let room = maximum - gathered.len();
                if data.len() > room {
                    gathered.push(data.slice(..room));
                    return false;
                }
                gathered.push(data);
                if body.is_end_stream() {
                    return true;
                }
            }
        };
        let complete = timeout_at(deadline, reading).await.unwrap_or(false);
        gathered.into_body(complete)
    }

    /// The next piece of a body; `None` at its end. No more is read once `most` bytes of the answer have come.
    async fn next_data(&mut self, body: &mut Incoming, most: u64) -> Option<Result<Bytes, Cause>> {
        let Self { driver, received, .. } = self;
        loop {
            let frame = poll_fn(|context| {
                // Asking for a frame first tells the machine that there is room for one.
                let asked = Pin::new(&mut *body).poll_frame(context);
                if asked.is_ready() {
                    return asked.map_err(|error| exchange_failure(&error));
                }
                let ended = driver.drive(context);
                match Pin::new(&mut *body).poll_frame(context) {
                    Poll::Pending if ended => Poll::Ready(Some(Err(Cause::ConnectionReset))),
                    Poll::Pending if received.bytes() > most => Poll::Ready(Some(Err(Cause::ProtocolError))),
                    other => other.map_err(|error| exchange_failure(&error)),
                }
            })
            .await;
            match frame?.map(Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                // Trailers mean nothing here.
                Ok(Err(_)) => {}
                Err(cause) => return Some(Err(cause)),
            }
        }
    }
}

/// Pieces of a body. Most bodies are one piece, which is kept without a copy.
#[derive(Default)]
struct Gathered {
    first: Bytes,
    all: BytesMut,
}

impl Gathered {
    fn len(&self) -> usize {
        self.first.len().max(self.all.len())
    }

    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&data);
    }

    fn into_body(self, complete: bool) -> ReceivedBody {
        let bytes = if self.all.is_empty() { self.first } else { self.all.freeze() };
        ReceivedBody { bytes, complete }
    }
}
