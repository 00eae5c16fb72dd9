use std::sync::atomic::{AtomicI64, Ordering};

use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::KeyEncryptionKey;
use rendezhook_store::contract::world::{World, at};
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};
use tokio::time::{Instant, timeout};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Runs with tokio's clock, plus what a test sets.
struct Settable {
    started: Instant,
    set_by: AtomicI64,
}

impl Clock for Settable {
    fn now(&self) -> Timestamp {
        let set_by = Duration::from_secs(u64::try_from(self.set_by.load(Ordering::SeqCst)).unwrap());
        at(3_600).after(self.started.elapsed()).after(set_by)
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_clock_was_set_nothing_is_removed_for_ten_minutes() {
    let directory = tempfile::tempdir().unwrap();
    let key = KeyEncryptionKey::from_bytes([7; KeyEncryptionKey::BYTES]);
    let (store, feed) = SqliteStore::open(SqliteOptions::new(directory.path(), key)).unwrap();
    let world = World { store, feed };
    let organization = world.organization().await;
    world.subscribe(organization, "*").await;
    world.publish_one(organization).await;
    let waiting = async || world.store.figures().await.unwrap().pending_deliveries;

    let clock = Arc::new(Settable { started: Instant::now(), set_by: AtomicI64::new(0) });
    let shared = Arc::clone(&clock) as Arc<dyn Clock>;
    let guard = Arc::new(ClockGuard::new(Arc::clone(&shared)));
    let retention = Retention::new(Arc::clone(&world.store), shared, guard, 30 * DAY, 90 * DAY);
    retention.round().await;
    assert_eq!(waiting().await, 1);

    clock.set_by.store(40 * 24 * 3_600, Ordering::SeqCst);
    timeout(Duration::from_secs(599), retention.round()).await.unwrap_err();
    assert_eq!(waiting().await, 1);
    // The clock was left as it was set, so it counts.
    retention.round().await;
    assert_eq!(waiting().await, 0);
    world.store.close().await;
}
