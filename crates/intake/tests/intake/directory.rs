//! The place of a store.

use std::sync::Arc;

use async_trait::async_trait;
use rendezhook_secrets::KeyEncryptionKey;
use rendezhook_store::Store;
use rendezhook_store::contract::Fixture;
use rendezhook_store::feed::{FeedLimits, FeedReceiver};
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};

/// A temporary directory.
pub(crate) struct Directory(pub(crate) tempfile::TempDir);

#[async_trait]
impl Fixture for Directory {
    async fn open(&self, feed: FeedLimits) -> (Arc<dyn Store>, FeedReceiver) {
        let key = KeyEncryptionKey::from_bytes([7; 32]);
        let options = SqliteOptions { feed, ..SqliteOptions::new(self.0.path(), key) };
        let (store, feed) = SqliteStore::open(options).unwrap();
        (store, feed)
    }
}
