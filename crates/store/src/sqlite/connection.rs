//! Connections and their settings.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Name of the database file in the data directory.
pub(super) const DATABASE_FILE: &str = "rendezhook.db";

/// How long a connection waits for another one. Writers are alone and readers never wait for them, so it only matters while
/// the log is being restarted, which waits for readers; those hold their snapshot for at most 250 ms.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// What a connection is for; it decides how much memory its page cache may use. Together they stay below 48 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    /// Reads what the delivery side and publishers ask for at every step.
    HotReader,
    /// Reads lists for people.
    Reader,
    Checkpointer,
    /// Counts what waits, once at the start.
    Counter,
}

impl Role {
    const fn cache_kibibytes(self) -> u32 {
        match self {
            Self::Writer => 16 * 1024,
            Self::HotReader => 10 * 1024,
            Self::Reader => 6 * 1024,
            Self::Checkpointer | Self::Counter => 512,
        }
    }
}

/// Opens the database in the directory. Only the writer may create it.
pub(super) fn connect(directory: &Path, role: Role) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if role == Role::Writer {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(directory.join(DATABASE_FILE), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(128);
    // The log is kept between connections; each commit reaches the disk before it returns; the checkpoint thread alone decides
    // when the log is copied; a log that grew under an unusual load gives the space back.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 134217728;
         PRAGMA mmap_size = 0;
         PRAGMA foreign_keys = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )?;
    connection.pragma_update(None, "cache_size", -i64::from(role.cache_kibibytes()))?;
    if matches!(role, Role::HotReader | Role::Reader) {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(connection)
}
