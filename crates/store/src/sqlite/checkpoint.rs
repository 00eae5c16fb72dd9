//! Keeping the write-ahead log short.
//!
//! A checkpoint from a second connection copies the log while the writer goes on, but never resets it under load, since there
//! is always a newer page at its end. So a thread of its own copies the bulk, and then the writer copies the small rest
//! between two groups; the next commit begins the log anew. Should the disk or readers keep the log from that until it has
//! grown to four times its size, the writer waits for them: the log is bounded, and so is the time to read it at a start.
//!
//! SQLite syncs the database only in a checkpoint that reaches the end of the log, which under load is the writer's. So the
//! thread syncs what it has copied, and the writer's own sync finds little to do.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::writer::Message;
use crate::complaint::Complaint;

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
    /// The thread copies, and the writer has not been told to copy the rest yet.
    awake: bool,
    copying: Copying,
}

/// The thread that copies the bulk of the log.
pub(super) struct Checkpointer {
    connection: Connection,
    database: Arc<File>,
    limit: u64,
    page_size: u64,
    woken: Receiver<()>,
    writer: SyncSender<Message>,
    copying: Copying,
}

/// Held while one of the two copies: SQLite refuses the second one instead of letting it wait.
type Copying = Arc<Mutex<Complaint>>;

/// Watches the log of the writer's connection; `limit` is the size in bytes at which it should be copied. `database` is the file
/// both are connected to.
pub(super) fn watch(
    writer_connection: &mut Connection,
    connection: Connection,
    database: Arc<File>,
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
    let watch = LogWatch { bytes, limit, wake, awake: false, copying: Arc::clone(&copying) };
    Ok((watch, Checkpointer { connection, database, limit, page_size, woken, writer, copying }))
}

impl LogWatch {
    /// After a commit: wakes the thread when the log has grown to its size, and waits for it when it has grown beyond.
    pub(super) fn note_commit(&mut self, connection: &Connection) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        if bytes >= PATIENCE * self.limit {
            checkpoint(connection, "RESTART", &self.copying);
        } else if bytes >= self.limit {
            self.wake();
        }
    }

    /// After a commit that failed: has the thread copy what can be copied, so that the log may be begun anew where it is.
    pub(super) fn make_room(&mut self) {
        self.wake();
    }

    /// Each time once: woken again before the rest is copied, it would copy all over again what has hardly grown.
    fn wake(&mut self) {
        if !self.awake {
            self.awake = self.wake.try_send(()).is_ok();
        }
    }

    /// Copies the rest of the log, so that the next commit begins it anew.
    pub(super) fn finish_checkpoint(&mut self, connection: &Connection) {
        self.awake = false;
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
                self.sync();
                if left.is_none_or(|pages| pages * self.page_size <= self.limit / 4) {
                    break;
                }
            }
            if self.writer.send(Message::FinishCheckpoint).is_err() {
                return;
            }
        }
    }

    /// Brings what was copied to the disk. It only goes ahead of the writer's sync, on which the log's new beginning depends and
    /// which the system tells of the same error.
    fn sync(&self) {
        if let Err(error) = self.database.sync_data() {
            let mut complaint = self.copying.lock().unwrap_or_else(PoisonError::into_inner);
            complaint.write(|before| {
                tracing::warn!(
                    error = %error,
                    failures_before = before,
                    "the database could not be synced ahead of the end of a checkpoint"
                );
            });
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::TryRecvError;

    use super::*;

    /// A log that has grown to its limit.
    fn watched(directory: &std::path::Path) -> (Connection, LogWatch, Checkpointer, Receiver<Message>) {
        let path = directory.join("some.db");
        let connect = || {
            let connection = Connection::open(&path).unwrap();
            connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;").unwrap();
            connection
        };
        let mut connection = connect();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        let database = Arc::new(File::options().read(true).write(true).open(&path).unwrap());
        let (sender, messages) = sync_channel(8);
        let (mut watch, checkpointer) =
            watch(&mut connection, connect(), database, 64 * 1024, sender).unwrap();
        fill(&connection, &mut watch);
        (connection, watch, checkpointer, messages)
    }

    fn fill(connection: &Connection, watch: &mut LogWatch) {
        loop {
            commit(connection, watch);
            if watch.bytes.load(Ordering::Relaxed) >= watch.limit {
                break;
            }
        }
    }

    fn commit(connection: &Connection, watch: &mut LogWatch) {
        connection.execute_batch("INSERT INTO t VALUES (zeroblob(4000))").unwrap();
        watch.note_commit(connection);
    }

    #[test]
    fn the_thread_is_woken_once_until_the_rest_is_copied() {
        let directory = tempfile::tempdir().unwrap();
        let (connection, mut watch, checkpointer, _messages) = watched(directory.path());
        checkpointer.woken.try_recv().unwrap();
        commit(&connection, &mut watch);
        assert_eq!(checkpointer.woken.try_recv(), Err(TryRecvError::Empty), "it copies already");
        watch.finish_checkpoint(&connection);
        fill(&connection, &mut watch);
        checkpointer.woken.try_recv().unwrap();
    }

    #[test]
    fn the_log_begins_anew_after_the_thread_and_the_writer_have_copied_it() {
        let directory = tempfile::tempdir().unwrap();
        let (connection, mut watch, checkpointer, messages) = watched(directory.path());
        let thread = std::thread::spawn(move || checkpointer.run());
        assert!(matches!(messages.recv().unwrap(), Message::FinishCheckpoint));
        let before = watch.bytes.load(Ordering::Relaxed);
        watch.finish_checkpoint(&connection);
        commit(&connection, &mut watch);
        let after = watch.bytes.load(Ordering::Relaxed);
        assert!(after < before, "{after} bytes, before {before}");
        drop(watch);
        thread.join().unwrap();
    }
}
