//! The contract of all stores, passed by the one on SQLite.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use async_trait::async_trait;
use rendezhook_secrets::KeyEncryptionKey;
use rendezhook_store::Store;
use rendezhook_store::contract::Fixture;
use rendezhook_store::feed::{FeedLimits, FeedReceiver};
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};

struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[async_trait]
impl Fixture for Directory {
    async fn open(&self, feed: FeedLimits) -> (Arc<dyn Store>, FeedReceiver) {
        let key = KeyEncryptionKey::from_bytes([7; 32]);
        let options = SqliteOptions { feed, ..SqliteOptions::new(self.0.path(), key) };
        let (store, feed) = SqliteStore::open(options).unwrap();
        (store, feed)
    }
}

rendezhook_store::store_contract!(Directory::new());
