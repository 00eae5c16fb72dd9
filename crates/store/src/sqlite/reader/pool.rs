//! A thread that reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::sqlite::fault::{Fault, SharedFault};

/// How many requests may wait for a reader.
const QUEUE_REQUESTS: usize = 2_048;

/// One reading. `None` wakes a thread that is to stop.
type Look = Option<Box<dyn FnOnce(&Connection) + Send>>;

/// Asks a reading thread.
#[derive(Debug)]
pub(in crate::sqlite) struct Reader {
    looks: SyncSender<Look>,
    closing: Arc<AtomicBool>,
}

/// The thread's side.
pub(in crate::sqlite) struct ReaderThread {
    connection: Connection,
    looks: Receiver<Look>,
    closing: Arc<AtomicBool>,
}

/// A reader with this connection.
pub(in crate::sqlite) fn reader(connection: Connection) -> (Reader, ReaderThread) {
    let (sender, looks) = sync_channel(QUEUE_REQUESTS);
    let closing = Arc::new(AtomicBool::new(false));
    (Reader { looks: sender, closing: Arc::clone(&closing) }, ReaderThread { connection, looks, closing })
}

impl ReaderThread {
    /// Reads until the store is closed.
    pub(in crate::sqlite) fn run(self) {
        while let Ok(Some(look)) = self.looks.recv() {
            look(&self.connection);
            if self.closing.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

impl Reader {
    /// Reads something; `doing` is for the message of an error.
    pub(in crate::sqlite) async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        look: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(StoreError::ShuttingDown);
        }
        let (reply, answer) = oneshot::channel();
        let look = move |connection: &Connection| {
            // Who asked may have gone; then the answer has nowhere to go.
            drop(reply.send(look(connection)));
        };
        self.looks.try_send(Some(Box::new(look))).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::ShuttingDown,
        })?;
        let found = answer.await.map_err(|_| StoreError::ShuttingDown)?;
        found.map_err(|fault| SharedFault::new(fault).to_error(doing, false))
    }

    /// Stops the thread after what it reads now.
    pub(in crate::sqlite) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        // When the queue is full the thread is awake and sees the mark.
        drop(self.looks.try_send(None));
    }
}
