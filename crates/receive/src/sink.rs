//! A receiver that costs almost nothing, for measuring how fast something sends.
//!
//! This is no general server. It reads what HTTP clients such as hyper send to a webhook, keep-alive
//! requests with `Content-Length`, answers 204 to each at once (or never, as its hook says) and closes the connection on anything
//! else. It has no time-outs: connections live until the other side or the run ends.

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::http1::{self, Malformed};

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
/// The largest body, in bytes. Larger ones end the connection.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// Space for one read; larger requests take several.
const READ_SIZE: usize = 16 * 1024;
const CONNECTION_LIMIT: usize = 16 * 1024;
/// Pause after a failed accept, which is mostly a lack of file handles and would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// One request, borrowed from the buffer of its connection.
#[derive(Clone, Copy, Debug)]
pub struct SinkRequest<'a> {
    /// Request line and headers as they were sent.
    pub head: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> SinkRequest<'a> {
    /// The value of the first header of this name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        http1::header(self.head, name)
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It is answered at once.
    Answer,
    /// It is never answered, and nothing that follows on its connection either. The other side has to hang up.
    Hang,
}

/// A bound sink that [`run`](Self::run) will start.
#[derive(Debug)]
pub struct Sink {
    socket: TcpListener,
}

impl Sink {
    /// Binds the address, so that senders may connect from now on, and tells the real one.
    ///
    /// # Errors
    /// The reason of the system if the address is taken or not ours.
    pub async fn bind(address: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok((Self { socket }, address))
    }

    /// Receives until `shutdown` ends, then drops all connections at once.
    ///
    /// `hook_for_connection` makes the hook of each new connection. The hook sees every request
    /// before its answer is written, on the thread that serves the connection, so it should be
    /// short: count, or note a latency from a stamp in the request. It says whether there is an answer.
    pub async fn run<Hook>(
        self,
        mut hook_for_connection: impl FnMut() -> Hook,
        shutdown: impl Future<Output = ()>,
    ) where
        Hook: FnMut(SinkRequest<'_>) -> Reaction + Send + 'static,
    {
        let mut shutdown = pin!(shutdown);
        let slots = Arc::new(Semaphore::new(CONNECTION_LIMIT));
        let mut connections = JoinSet::new();
        loop {
            let accepted = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (self.socket.accept().await, slot)
            };
            let (accepted, slot) = tokio::select! {
                () = &mut shutdown => break,
                accepted = accepted => accepted,
            };
            while connections.try_join_next().is_some() {}
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(error = %error, "the sink can not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let hook = hook_for_connection();
            connections.spawn(async move {
                // Failing that, small answers only wait a little longer.
                let _ = stream.set_nodelay(true);
                if let Err(error) = receive(stream, hook).await {
                    tracing::debug!(error = %error, "a connection to the sink ended early");
                }
                drop(slot);
            });
        }
        connections.shutdown().await;
    }
}

#[derive(Debug, Error)]
enum ConnectionError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Serves one connection until its end. Generic over the stream so that tests need no socket.
async fn receive<Stream, Hook>(mut stream: Stream, mut hook: Hook) -> Result<(), ConnectionError>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
    Hook: FnMut(SinkRequest<'_>) -> Reaction,
{
    let mut buffer = BytesMut::with_capacity(READ_SIZE);
    loop {
        let Some(frame) = read_frame(&buffer)? else {
            // Takes back the space of earlier requests when there is enough of it.
            buffer.reserve(READ_SIZE);
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let length = frame.head.len() + frame.body.len();
        if hook(frame) == Reaction::Hang {
            return Ok(hang(stream).await?);
        }
        stream.write_all(ANSWER).await?;
        buffer.advance(length);
    }
}

/// Says nothing until the other side hangs up. What it still sends is read and forgotten.
async fn hang(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut forgotten = [0; 1024];
    while stream.read(&mut forgotten).await? > 0 {}
    Ok(())
}

/// The request at the start of the buffer, or `None` if not all of it has arrived.
fn read_frame(buffer: &[u8]) -> Result<Option<SinkRequest<'_>>, Malformed> {
    let Some(framing) = http1::read_head(buffer)? else { return Ok(None) };
    if framing.chunked {
        return Err(Malformed("the sink reads bodies with content-length only"));
    }
    let body_length = framing.content_length.unwrap_or(0);
    if body_length > BODY_LIMIT {
        return Err(Malformed("its body is too large for the sink"));
    }
    let frame = buffer.split_at_checked(framing.length).and_then(|(head, rest)| {
        let (body, _) = rest.split_at_checked(body_length)?;
        Some(SinkRequest { head, body })
    });
    Ok(frame)
}
