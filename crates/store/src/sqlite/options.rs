//! What an embedded store is opened with.

use std::path::PathBuf;

use rendezhook_secrets::KeyEncryptionKey;

use crate::feed::FeedLimits;

/// What an embedded store is opened with.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The data directory; made when it does not exist.
    pub directory: PathBuf,
    /// Wraps the keys that seal secrets. Always the same for the same directory.
    pub key_encryption_key: KeyEncryptionKey,
    /// How much of what was committed is handed to the delivery side directly.
    pub feed: FeedLimits,
    /// How many requests may wait for the writer. Publishing is refused at three quarters of it, so that the records of
    /// attempts that were made still find room.
    pub queue_requests: usize,
    /// How many bytes of resources may wait for the writer.
    pub queue_bytes: usize,
    /// How large the write-ahead log grows, in bytes, before it is copied into the database. It may pass this several times
    /// over while that goes on, but no more than eightfold.
    pub checkpoint_bytes: u64,
}

impl SqliteOptions {
    /// The options for a directory, with limits for a machine of ordinary size.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, key_encryption_key: KeyEncryptionKey) -> Self {
        Self {
            directory: directory.into(),
            key_encryption_key,
            feed: FeedLimits::default(),
            queue_requests: 8_192,
            queue_bytes: 64 * 1024 * 1024,
            checkpoint_bytes: 64 * 1024 * 1024,
        }
    }
}
