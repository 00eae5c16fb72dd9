//! Running until the stop, and ending whole when a part ends by itself: a server of which a part is missing looks alive and
//! does not do its work, and whoever watches the process would not start it again.

use rendezhook_delivery::runtime::DeliveryError;
use rendezhook_store::Store;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::Application;

/// The server ended otherwise than by a stop with everything recorded. Nothing accepted is lost: what waits is taken up at
/// the next start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The delivery side failed.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// A task ended abnormally.
    #[error("{part} ended abnormally; start the server again, and report the panic in its log")]
    Part {
        /// Which part of the server.
        part: &'static str,
        /// How it ended.
        #[source]
        source: JoinError,
    },
    /// A thread of the store ended abnormally.
    #[error(
        "the store's thread {thread} ended abnormally; start the server again, and report the panic in its log"
    )]
    Store {
        /// Which one.
        thread: &'static str,
    },
}

impl Application {
    /// Serves and delivers until `shutdown` is ready, then stops in order: no new requests, no new attempts, outcomes
    /// written, store closed.
    ///
    /// # Errors
    /// When a part of the server ended otherwise than by the stop; then the others are stopped in the same order.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), RunError> {
        let (stop, stopped) = watch::channel(false);
        let (stop_delivery, delivery_stopped) = watch::channel(false);
        let mut delivery = tokio::spawn(self.delivery.run(until(delivery_stopped)));
        // What takes requests and does chores. None of it ends before the stop, unless it panics.
        let mut parts = JoinSet::new();
        parts.spawn(self.retention.run(until(stopped.clone())));
        parts.spawn(self.timers.run(until(stopped.clone())));
        parts.spawn(self.replays.run(until(stopped.clone())));
        parts.spawn(self.server.run(self.listener, until(stopped)));

        let mut failure = None;
        let mut delivery_ended = None;
        tokio::select! {
            () = shutdown => {}
            ended = &mut delivery => delivery_ended = Some(ended),
            Some(Err(source)) = parts.join_next() => failure = Some(part_failed(source)),
            thread = self.store.broken() => failure = Some(RunError::Store { thread }),
        }
        if let Some(failure) = &failure {
            tracing::error!(error = failure as &dyn std::error::Error, "the server ends");
        }
        stop.send_replace(true);
        while let Some(ended) = parts.join_next().await {
            if let Err(source) = ended {
                failure = failure.or(Some(part_failed(source)));
            }
        }
        // Deliveries go on until requests have ended: one of them may wait for its test.
        stop_delivery.send_replace(true);
        let delivery_ended = match delivery_ended {
            Some(ended) => ended,
            None => delivery.await,
        };
        self.store.close().await;
        tracing::info!("stopped; everything accepted is on disk");
        if let Some(failure) = failure {
            return Err(failure);
        }
        delivery_ended
            .map_err(|source| RunError::Part { part: "the delivery side", source })?
            .map_err(RunError::Delivery)
    }
}

fn part_failed(source: JoinError) -> RunError {
    RunError::Part { part: "a task that takes requests or does chores", source }
}

/// Ready when the signal is given, or its giver is gone.
async fn until(mut signal: watch::Receiver<bool>) {
    let _given = signal.wait_for(|given| *given).await;
}
