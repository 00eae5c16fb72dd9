//! A connection over which nobody speaks: a stream, and what is known of its other end.
//!
//! An HTTP machine has buffers of some 20 KiB. Where thousands of connections wait for their next request that is most of their memory,
//! and none of it is in the processor's cache when it is needed; a new machine takes over the memory of the last one.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use rendezhook_domain::time::Timestamp;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;

use crate::capacity::Destination;
use crate::stream::Transport;

/// A connection without an HTTP machine.
pub(crate) struct Resting {
    pub(crate) transport: Transport,
    pub(crate) peer: Peer,
    pub(crate) opened_at: Instant,
}

/// What is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The address connected to: the receiver's, or that of the proxy in between.
    pub(crate) remote: SocketAddr,
    /// Whose places its requests take.
    pub(crate) destination: Destination,
    /// Whether a proxy is in between, so that the address is not the receiver's.
    pub(crate) is_behind_proxy: bool,
    /// When the certificate that it showed ends.
    pub(crate) certificate_expires_at: Option<Timestamp>,
}

impl Resting {
    /// A fresh connection.
    pub(crate) fn open(transport: Transport, peer: Peer) -> Self {
        Self { transport, peer, opened_at: Instant::now() }
    }

    /// How long it has been open.
    pub(crate) fn age(&self) -> Duration {
        self.opened_at.elapsed()
    }

    /// Whether the receiver neither closed it nor said anything unasked, as far as can be told.
    pub(crate) async fn is_usable(&mut self) -> bool {
        let mut byte = [0];
        poll_fn(|context| {
            let read = Pin::new(&mut self.transport).poll_read(context, &mut ReadBuf::new(&mut byte));
            Poll::Ready(read.is_pending())
        })
        .await
    }
}
