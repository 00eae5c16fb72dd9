//! One walk over everything that is due.

use std::sync::Arc;

use rendezhook_domain::time::Timestamp;
use rendezhook_intake::{FiringOutcome, Intake, PublishError};
use rendezhook_store::complaint::Complaint;
use rendezhook_store::firing::{DueFiring, DuePage};
use tokio::task::JoinSet;

use super::{MAXIMUM_TOGETHER, Now, Timers};

/// How a round ended.
pub(super) enum Ended {
    /// Everything that was due has been dealt with; the next one is due then.
    NextDue(Option<Timestamp>),
    /// Nothing may fire for the moment.
    Held,
    /// Something could not be fired and waits.
    Failed,
}

/// What a round did.
#[derive(Default)]
struct Tally {
    fired: u64,
    late: u64,
    skipped: u64,
    failed: u64,
    first_failure: Option<FiringFailure>,
}

/// A firing that could not be fired, and why.
struct FiringFailure {
    firing: DueFiring,
    error: PublishError,
}

impl Timers {
    /// Fires everything that is due. What fails is passed by and tried in the next round.
    pub(super) async fn round(&self, complaint: &mut Complaint) -> Ended {
        let mut tally = Tally::default();
        let mut from = None;
        let started_at = (self.now)();
        let ended = loop {
            if (self.held)() {
                break Ended::Held;
            }
            // What comes due meanwhile belongs to the next round, so that this one ends.
            let until = (self.now)().min(started_at);
            let page = match self.store.due_firings(until, from, DuePage::MAXIMUM_LIMIT).await {
                Ok(page) => page,
                Err(error) => {
                    complaint.warn(&error, "what is due could not be read");
                    break Ended::Failed;
                }
            };
            self.fire(page.firings, &mut tally).await;
            from = page.next;
            if from.is_none() {
                break if tally.failed > 0 { Ended::Failed } else { Ended::NextDue(page.next_due) };
            }
        };
        tally.tell(complaint);
        ended
    }

    async fn fire(&self, firings: Vec<DueFiring>, tally: &mut Tally) {
        let mut waiting = firings.into_iter();
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < MAXIMUM_TOGETHER
                && let Some(firing) = waiting.next()
            {
                under_way.spawn(fire(Arc::clone(&self.intake), firing, Arc::clone(&self.now)));
            }
            match under_way.join_next().await {
                Some(Ok(outcome)) => tally.count(outcome),
                // A task that panicked has said so; its firing waits on.
                Some(Err(_panicked)) => tally.failed += 1,
                None => return,
            }
        }
    }
}

async fn fire(intake: Arc<Intake>, firing: DueFiring, now: Now) -> Result<FiringOutcome, FiringFailure> {
    intake.fire(&firing, now()).await.map_err(|error| FiringFailure { firing, error })
}

impl Tally {
    fn count(&mut self, outcome: Result<FiringOutcome, FiringFailure>) {
        match outcome {
            Ok(FiringOutcome::Fired { late_by_seconds, .. }) => {
                self.fired += 1;
                self.late += u64::from(late_by_seconds.is_some());
            }
            Ok(FiringOutcome::Skipped { .. }) => self.skipped += 1,
            Ok(FiringOutcome::Gone) => {}
            Err(failure) => {
                self.failed += 1;
                self.first_failure.get_or_insert(failure);
            }
        }
    }

    fn tell(&self, complaint: &mut Complaint) {
        if let Some(FiringFailure { firing, error }) = &self.first_failure {
            complaint.write(|before| {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    organization = firing.organization.get(),
                    resource_kind = %firing.kind,
                    due_at = %firing.key.due_at,
                    failed = self.failed,
                    failures_before = before,
                    "timers could not fire, the first of them for this reason; they are tried again in a moment"
                );
            });
        }
        if self.late > 0 || self.skipped > 0 {
            tracing::info!(
                fired = self.fired,
                late = self.late,
                skipped = self.skipped,
                "timers came late; those that want it were skipped"
            );
        } else if self.fired > 0 {
            tracing::debug!(fired = self.fired, "timers fired");
        }
    }
}
