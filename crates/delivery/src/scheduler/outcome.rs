//! What the end of an attempt means for its delivery.

use std::time::Duration;

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::Disposition;

use super::Randomness;

/// How long a delivery waits after an attempt that could not be made, before it is spread by ±20 %.
const PAUSE: Duration = Duration::from_secs(1);

/// What the outcome depends on beside the verdict.
pub(super) struct Situation<'a> {
    /// When the attempt ended.
    pub(super) now: Timestamp,
    pub(super) policy: &'a RetryPolicy,
    /// Attempts that failed before this one.
    pub(super) failed_attempts: u16,
    /// How long it has held its lane since its first failure.
    pub(super) lane_held: Duration,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) test: bool,
}

/// How a delivery goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// This is to be made durable.
    Record(Disposition),
    /// The attempt was never made; it is made that much later, under the same number.
    Later(Duration),
}

pub(super) fn next(verdict: &Verdict, situation: &Situation<'_>, random: &mut dyn Randomness) -> Next {
    let failure = match verdict {
        Verdict::Success { .. } => return Next::Record(Disposition::Ended(FinalState::Delivered)),
        Verdict::Failure(failure) => failure,
    };
    let unit = random.unit();
    if failure.costs_nothing {
        return Next::Later(PAUSE.mul_f64(0.8 + 0.4 * unit));
    }
    if failure.refused {
        return Next::Record(Disposition::Ended(FinalState::Refused));
    }
    if situation.test {
        return Next::Record(Disposition::Ended(FinalState::Exhausted));
    }
    let failed = situation.failed_attempts.saturating_add(1);
    let Some(delay) = situation.policy.next_delay(failed, unit, failure.overloaded, failure.retry_after)
    else {
        return Next::Record(Disposition::Ended(FinalState::Exhausted));
    };
    let due_at = situation.now.after(delay);
    let lane_held = situation.lane_held;
    match situation.expires_at {
        Some(expires_at) if expires_at <= situation.now => {
            Next::Record(Disposition::Ended(FinalState::Expired))
        }
        // An attempt after the expiry will not be made: the delivery waits for its expiry.
        Some(expires_at) => Next::Record(Disposition::Retry { due_at: due_at.min(expires_at), lane_held }),
        None => Next::Record(Disposition::Retry { due_at, lane_held }),
    }
}
