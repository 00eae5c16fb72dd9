//! How a subscription does, for people and for notices.

use rendezhook_domain::action::ActionName;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::AttemptResult;

use super::window::Counts;

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFailure {
    /// When it ended.
    pub at: Timestamp,
    /// What was to be delivered.
    pub action: ActionName,
    /// The request with which it ended.
    pub stage: Stage,
    /// What came of it.
    pub result: AttemptResult,
    /// Whether it says something about the endpoint as a whole, not only about this subscription's use of it.
    pub against_endpoint: bool,
}

/// How a subscription does. Only what is the receiver's fault counts as failed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HealthReport {
    /// An episode of failing is under way.
    pub failing: bool,
    /// When it began; the first failure since the last success when there is no episode.
    pub since: Option<Timestamp>,
    /// The actions that fail while others are delivered; empty when that is so of none or of all.
    pub failing_actions: Vec<ActionName>,
    /// When an attempt succeeded last.
    pub last_success_at: Option<Timestamp>,
    /// The last attempt that failed.
    pub last_failure: Option<LastFailure>,
    /// Failed attempts since the last success.
    pub failed_attempts: u32,
    /// Deliveries whose first attempt failed since the last success.
    pub failed_deliveries: u32,
    /// Different deliveries that failed again and again within the last day, as far as they are counted.
    pub stuck_deliveries: usize,
    /// When failing was told last.
    pub noticed_at: Option<Timestamp>,
    /// When it will be disabled at the earliest, unless a delivery succeeds before.
    pub disable_at: Option<Timestamp>,
    /// The last hour.
    pub last_hour: Counts,
    /// The last 24 hours.
    pub last_day: Counts,
    /// Each action that was delivered or tried, at most 65.
    pub actions: Vec<ActionReport>,
}

/// How one action does.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionReport {
    /// Which one; `None` for all beyond the first 64 together.
    pub action: Option<ActionName>,
    /// The first failure since its last success.
    pub failing_since: Option<Timestamp>,
    /// When an attempt succeeded last.
    pub last_success_at: Option<Timestamp>,
    /// When an attempt failed last.
    pub last_failure_at: Option<Timestamp>,
    /// The last 24 hours.
    pub last_day: Counts,
}
