//! Keeping the write-ahead log short.
//!
//! A checkpoint from a second connection copies the log while the writer goes on, but never resets it under load, since there
//! is always a newer page at its end. So a thread of its own copies the bulk, and then the writer copies the small rest
//! between two groups; the next commit begins the log anew. Should the disk or readers keep the log from that until it has
//! grown to four times its size, the writer waits for them: the log is bounded, and so is the time to read it at a start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::complaint::Complaint;
use super::writer::Message;

/// How often the bulk is copied in a row, before the rest is left to the writer whatever its size.
const ROUNDS: usize = 3;
/// The log may grow to this many times the size at which it should be copied before the writer waits for readers.
const PATIENCE: u64 = 4;

/// The writer's view of the log.
pub(super) struct LogWatch {
    /// Bytes in the log after the last commit.
    bytes: Arc<AtomicU64>,
    limit: u64,
    wake: SyncSender<()>,
    copying: Copying,
}

/// The thread that copies the bulk of the log.
pub(super) struct Checkpointer {
    connection: Connection,
    limit: u64,
    page_size: u64,
    woken: Receiver<()>,
    writer: SyncSender<Message>,
    copying: Copying,
}

/// Held while one of the two copies: SQLite refuses the second one instead of letting it wait.
type Copying = Arc<Mutex<Complaint>>;

/// Watches the log of the writer's connection; `limit` is the size in bytes at which it should be copied.
pub(super) fn watch(
    writer_connection: &mut Connection,
    connection: Connection,
    limit: u64,
    writer: SyncSender<Message>,
) -> rusqlite::Result<(LogWatch, Checkpointer)> {
    let page_size: u64 =
        writer_connection.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))?.into();
    let bytes = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&bytes);
    writer_connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
        seen.store(u64::try_from(pages).unwrap_or(0) * page_size, Ordering::Relaxed);
        Ok(())
    }))?;
    let (wake, woken) = sync_channel(1);
    let copying = Copying::default();
    let watch = LogWatch { bytes, limit, wake, copying: Arc::clone(&copying) };
    Ok((watch, Checkpointer { connection, limit, page_size, woken, writer, copying }))
}

impl LogWatch {
    /// After a commit: wakes the thread when the log has grown to its size, and waits for it when it has grown beyond.
    pub(super) fn note_commit(&self, connection: &Connection) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        if bytes >= PATIENCE * self.limit {
            checkpoint(connection, "RESTART", &self.copying);
        } else if bytes >= self.limit {
            let _already_awake = self.wake.try_send(());
        }
    }

    /// After a commit that failed: has the thread copy what can be copied, so that the log may be begun anew where it is.
    pub(super) fn make_room(&self) {
        let _already_awake = self.wake.try_send(());
    }

    /// Copies the rest of the log, so that the next commit begins it anew.
    pub(super) fn finish_checkpoint(&self, connection: &Connection) {
        checkpoint(connection, "PASSIVE", &self.copying);
    }

    /// Copies everything and empties the log.
    pub(super) fn finish_at_close(&self, connection: &Connection) {
        checkpoint(connection, "TRUNCATE", &self.copying);
    }
}

impl Checkpointer {
    /// Copies whenever it is woken, until the writer is gone.
    pub(super) fn run(self) {
        while self.woken.recv().is_ok() {
            for _ in 0..ROUNDS {
                let left = checkpoint(&self.connection, "PASSIVE", &self.copying);
                if left.is_none_or(|pages| pages * self.page_size <= self.limit / 4) {
                    break;
                }
            }
            if self.writer.send(Message::FinishCheckpoint).is_err() {
                return;
            }
        }
    }
}

/// Copies the log as far as `mode` does; answers how many pages are left. A failure is not the end: the log stays as it is,
/// and whoever commits next learns when the disk is full.
fn checkpoint(connection: &Connection, mode: &'static str, copying: &Copying) -> Option<u64> {
    let mut copying = copying.lock().unwrap_or_else(PoisonError::into_inner);
    let copied = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    });
    match copied {
        Ok((in_log, copied)) => u64::try_from(in_log - copied).ok(),
        Err(error) => {
            copying.write(|before| {
                tracing::warn!(
                    error = %error,
                    mode,
                    failures_before = before,
                    "the write-ahead log could not be copied into the database"
                );
            });
            None
        }
    }
}
