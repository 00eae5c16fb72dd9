//! What became of a request.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use rendezhook_domain::cause::Cause;
use rendezhook_domain::time::Timestamp;

/// What became of one request.
#[derive(Clone, Debug)]
pub struct AttemptReport {
    /// The answer, or why there is none.
    pub outcome: AttemptOutcome,
    /// Where the time went.
    pub timing: Timing,
    /// The address connected to last, if a connection came about; that of the proxy where there is one.
    pub remote_address: Option<SocketAddr>,
    /// Whether the request went over a connection kept from an earlier one.
    pub reused_connection: bool,
    /// When the certificate that the receiver showed ends, if a handshake was completed with it, now or when the connection was
    /// opened.
    pub certificate_expires_at: Option<Timestamp>,
}

/// The answer to a request, or why there is none.
#[derive(Clone, Debug)]
pub enum AttemptOutcome {
    /// The head of an answer arrived; the verdict is in its status.
    Answered(Response),
    /// There is no answer that could be judged.
    Failed(Cause),
}

/// An answer, within the limits of what is kept. What receivers say is their data: show it to its organization only.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status. Redirects are answers like others; nothing follows them.
    pub status: StatusCode,
    /// The headers: at most 64, and 16 KiB with the status line.
    pub headers: HeaderMap,
    /// The beginning of the body as it came, still coded if `Content-Encoding` says so.
    pub body: Bytes,
    /// Whether there was more of the body, or it did not end in time or at all.
    pub body_truncated: bool,
}

/// Where the time of an attempt went. What did not take place has no duration: a reused connection has no DNS, connect
/// and TLS time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Resolving the name, or waiting for somebody else's lookup of it.
    pub dns: Option<Duration>,
    /// Connecting, over all addresses tried.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From handing over the request to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// From the beginning to the end, the body of the answer included.
    pub total: Duration,
}
