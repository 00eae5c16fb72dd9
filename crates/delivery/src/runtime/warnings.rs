//! Warnings that repeat as long as their cause does, and must not fill the log.

use std::time::Duration;

use rendezhook_store::StoreError;
use tokio::time::Instant;

/// The shortest time between two warnings about the same thing.
const INTERVAL: Duration = Duration::from_secs(10);

/// Says when a repeated warning may be written again.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    last: Option<Instant>,
}

impl Warnings {
    /// Whether a warning may be written now; if so, the next one has to wait.
    pub(super) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < INTERVAL) {
            return false;
        }
        self.last = Some(now);
        true
    }

    /// Warns of a failed reading of the store, which is tried again.
    pub(super) fn warn(&mut self, error: &StoreError, what: &'static str) {
        if self.is_due() {
            tracing::warn!(error = error as &dyn std::error::Error, "{what}; it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_warning_in_ten_seconds() {
        let mut warnings = Warnings::default();
        assert!(warnings.is_due());
        assert!(!warnings.is_due());
        tokio::time::advance(INTERVAL).await;
        assert!(warnings.is_due());
    }
}
