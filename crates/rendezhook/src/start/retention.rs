//! Removes, hour by hour, what need not be kept.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_delivery::clock::{Clock, ClockGuard};
use rendezhook_store::Store;
use tokio::time::sleep;

/// The time between two rounds.
const ROUND: Duration = Duration::from_secs(3_600);
/// The time between two steps of a round, so that removing stays far behind accepting and delivering.
const STEP: Duration = Duration::from_millis(50);
/// The time until it looks again whether the machine's clock is relied upon.
const DOUBT: Duration = Duration::from_secs(60);

/// The retention job.
pub(super) struct Retention {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    clock_guard: Arc<ClockGuard>,
    keep_bodies: Duration,
    keep_metadata: Duration,
}

impl Retention {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        clock_guard: Arc<ClockGuard>,
        keep_bodies: Duration,
        keep_metadata: Duration,
    ) -> Self {
        Self { store, clock, clock_guard, keep_bodies, keep_metadata }
    }

    /// Runs until `shutdown` is ready.
    pub(super) async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                () = self.round() => {}
            }
            tokio::select! {
                () = &mut shutdown => return,
                () = sleep(ROUND) => {}
            }
        }
    }

    /// Removes everything that is due, in small steps. While the clock is in doubt it waits: what it removes is gone.
    async fn round(&self) {
        loop {
            if self.clock_guard.is_in_doubt() {
                sleep(DOUBT).await;
                continue;
            }
            let now = self.clock.now();
            let (bodies_before, metadata_before) =
                (now.before(self.keep_bodies), now.before(self.keep_metadata));
            match self.store.retain(bodies_before, metadata_before, now).await {
                Ok(true) => sleep(STEP).await,
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "retention could not remove what is due; it tries again in an hour");
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
