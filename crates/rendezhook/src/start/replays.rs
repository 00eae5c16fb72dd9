//! Makes the deliveries of replays as they become due.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_delivery::clock::Clock;
use rendezhook_store::Store;
use rendezhook_store::replay::ReplayWork;
use tokio::time::sleep;

/// The time between two looks. Deliveries are made some seconds ahead of their time, so a rate is kept all the same.
const LOOK: Duration = Duration::from_millis(500);
/// The time between two steps while there is more to do than a step takes, so that replays stay behind accepting and delivering.
const STEP: Duration = Duration::from_millis(5);
/// The time after which a store that failed is asked again.
const PAUSE: Duration = Duration::from_secs(5);

/// Takes replays further, for as long as the server runs.
pub(super) struct Replays {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Replays {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Runs until `shutdown` is ready.
    pub(super) async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let pause = self.step().await;
            tokio::select! {
                () = &mut shutdown => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Takes a step; answers with the time until the next.
    async fn step(&self) -> Duration {
        match self.store.advance_replays(self.clock.now()).await {
            Ok(ReplayWork::Now) => STEP,
            Ok(ReplayWork::Later | ReplayWork::None) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "replays could not go on; they are tried again in some seconds");
                PAUSE
            }
        }
    }
}
