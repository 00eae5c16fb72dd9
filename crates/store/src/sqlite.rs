//! The embedded store: one SQLite database in one directory, used by one process.
//!
//! One writer thread commits groups of requests; three reader threads serve the delivery side, the publishing side and
//! people; one thread copies the write-ahead log into the database. Each has a connection of its own.

mod actions;
mod age;
mod bound;
mod catalogue;
mod checkpoint;
mod codec;
mod connection;
mod count;
mod ending;
mod fault;
mod flags;
mod lock;
mod memory;
mod migration;
mod open;
mod options;
mod reader;
mod replay;
mod store;
mod values;
mod writer;

pub use self::open::OpenError;
pub use self::options::SqliteOptions;
pub use self::store::SqliteStore;

/// The version of the SQLite that is linked, like `3.51.3`.
#[must_use]
pub fn version() -> &'static str {
    rusqlite::version()
}
