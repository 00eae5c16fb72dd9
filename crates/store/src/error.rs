//! Why the store could not do what was asked.

/// The store failed. What was asked did not happen, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Disk full, I/O error, or another program holds the database: it cannot be used now, and nothing happened. Repeating
    /// works once that has passed, without a restart.
    #[error("the database cannot be used: {message}; check disk space and the data directory's permissions")]
    Unavailable {
        /// What the database said.
        message: String,
    },
    /// An I/O error came as the work was being completed. Nothing of it is seen while this process runs, and repeating is
    /// right; should the machine or the process end before anything else was written, it may be there after the next start.
    #[error(
        "whether it was written is not known: {message}; check the disk, and repeat the request under the same idempotency key"
    )]
    Uncertain {
        /// What the database said.
        message: String,
    },
    /// The store is being closed.
    #[error("the store is shutting down; repeat the request in a moment")]
    ShuttingDown,
    /// More requests are waiting than the store takes; nothing happened.
    #[error("the store has more work than it can take; repeat the request in a moment")]
    Overloaded,
    /// What is stored cannot be understood: damaged, or written by a newer version.
    #[error("the stored data cannot be read: {message}")]
    Damaged {
        /// What is wrong with it.
        message: String,
    },
    /// A database call failed.
    #[error("a database call failed while {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
