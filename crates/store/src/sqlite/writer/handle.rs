//! Asking the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::job::{Asked, Job, Message, Work};
use crate::error::StoreError;

/// How full the queue to the writer is. Both counts are raised before a request is sent and lowered when it is taken.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct QueueLoad {
    requests: AtomicUsize,
    bytes: AtomicUsize,
    closing: AtomicBool,
}

impl QueueLoad {
    pub(super) fn taken(&self, job: &dyn Job) {
        self.requests.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(job.bytes(), Ordering::Relaxed);
    }

    /// Whether the store was told to close when no message could be sent.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// The writer's end of its queue.
pub(in crate::sqlite) struct WriterQueue {
    pub(super) messages: Receiver<Message>,
    pub(super) load: Arc<QueueLoad>,
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Urgency {
    /// Leaves the last quarter of the queue to others.
    Refusable,
    /// May use the whole queue.
    Usual,
}

/// Asks the writer. Never waits for room in its queue.
#[derive(Debug)]
pub(in crate::sqlite) struct WriterHandle {
    messages: SyncSender<Message>,
    load: Arc<QueueLoad>,
    queue_requests: usize,
    queue_bytes: usize,
}

impl WriterHandle {
    /// A queue of bounded length and bounded bytes.
    pub(in crate::sqlite) fn new(queue_requests: usize, queue_bytes: usize) -> (Self, WriterQueue) {
        // Two places more than requests may take, for the messages that are none.
        let (sender, messages) = sync_channel(queue_requests.saturating_add(2));
        let load = Arc::new(QueueLoad::default());
        let handle = Self { messages: sender, load: Arc::clone(&load), queue_requests, queue_bytes };
        (handle, WriterQueue { messages, load })
    }

    /// For those who tell the writer something without waiting for an answer.
    pub(in crate::sqlite) fn messages(&self) -> SyncSender<Message> {
        self.messages.clone()
    }

    /// Asks for something and waits for the answer.
    pub(in crate::sqlite) async fn ask<W: Work>(&self, work: W) -> Result<W::Answer, StoreError> {
        self.ask_with(work, Urgency::Usual).await
    }

    /// As [`Self::ask`], but refused while the queue is three quarters full.
    pub(in crate::sqlite) async fn ask_refusable<W: Work>(&self, work: W) -> Result<W::Answer, StoreError> {
        self.ask_with(work, Urgency::Refusable).await
    }

    async fn ask_with<W: Work>(&self, work: W, urgency: Urgency) -> Result<W::Answer, StoreError> {
        let (asked, answer) = Asked::new(work);
        self.send(Box::new(asked), urgency)?;
        answer.await.unwrap_or(Err(StoreError::ShuttingDown))
    }

    fn send(&self, job: Box<dyn Job>, urgency: Urgency) -> Result<(), StoreError> {
        if self.load.is_closing() {
            return Err(StoreError::ShuttingDown);
        }
        let bytes = job.bytes();
        let limit = match urgency {
            Urgency::Refusable => self.queue_requests / 4 * 3,
            Urgency::Usual => self.queue_requests,
        };
        let requests_before = self.load.requests.fetch_add(1, Ordering::Relaxed);
        let bytes_before = self.load.bytes.fetch_add(bytes, Ordering::Relaxed);
        // A single request larger than the limit still goes through when nothing else waits.
        let too_many_bytes =
            bytes > 0 && bytes_before > 0 && bytes_before.saturating_add(bytes) > self.queue_bytes;
        let refusal = if requests_before >= limit || too_many_bytes {
            Some(StoreError::Overloaded)
        } else {
            match self.messages.try_send(Message::Job(job)) {
                Ok(()) => None,
                Err(TrySendError::Full(_)) => Some(StoreError::Overloaded),
                Err(TrySendError::Disconnected(_)) => Some(StoreError::ShuttingDown),
            }
        };
        let Some(refusal) = refusal else { return Ok(()) };
        self.load.requests.fetch_sub(1, Ordering::Relaxed);
        self.load.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Err(refusal)
    }

    /// Tells the writer to stop after what it was asked so far.
    pub(in crate::sqlite) fn close(&self) {
        self.load.closing.store(true, Ordering::Relaxed);
        // When the queue is full the writer is awake and sees the mark once it has taken everything; when it is gone there is
        // nothing to close.
        drop(self.messages.try_send(Message::Close));
    }
}
