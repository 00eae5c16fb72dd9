//! How subscriptions and receivers do, as the native API shows it.

use rendezhook_delivery::health::{ActionReport, Counts, HealthReport, LastFailure};
use rendezhook_delivery::scheduler::effect::BreakerState;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::id::{ReceiverId, SubscriptionId};
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{Subscription, SubscriptionState};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::AttemptResult;
use serde::Serialize;
use utoipa::ToSchema;

use super::vocabulary;

/// How something does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthState {
    /// Deliveries succeed, or none has failed for long, or there were none.
    Healthy,
    /// Deliveries have been failing for a while.
    Failing,
    /// The owner paused it.
    Paused,
    /// rendezhook disabled it.
    Disabled,
}

impl HealthState {
    /// The state of a subscription.
    pub(crate) const fn of(subscription: &Subscription, report: &HealthReport) -> Self {
        match subscription.state {
            SubscriptionState::Disabled => Self::Disabled,
            SubscriptionState::Paused => Self::Paused,
            SubscriptionState::Enabled if report.failing => Self::Failing,
            SubscriptionState::Enabled => Self::Healthy,
        }
    }
}

/// How the breaker of an endpoint stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Breaker)]
pub(crate) struct BreakerView {
    /// `closed`: deliveries are attempted; `open`: they wait, and single probes find out when the endpoint can be reached again;
    /// `half_open`: a probe got through, and few are attempted at a time.
    #[schema(example = "closed")]
    state: &'static str,
    /// Since when it is not closed; null when it is.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// When the next probe is made, if something waits; null unless it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_probe_at: Option<Timestamp>,
}

impl From<BreakerState> for BreakerView {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed => Self { state: "closed", since: None, next_probe_at: None },
            BreakerState::Open { since, next_probe_at } => {
                Self { state: "open", since: Some(since), next_probe_at: Some(next_probe_at) }
            }
            BreakerState::HalfOpen { since } => {
                Self { state: "half_open", since: Some(since), next_probe_at: None }
            }
        }
    }
}

/// How a subscription does. Only what is the receiver's fault counts as failed; tests do not count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionHealth)]
pub(crate) struct SubscriptionHealthView {
    /// The subscription.
    #[schema(value_type = String, example = "sub_0198b2f0c0de7000800000000000abcd")]
    subscription: SubscriptionId,
    /// Its receiver.
    #[schema(value_type = Option<String>, example = "rcv_0198b2f0c0de7000800000000000abcd")]
    receiver: Option<ReceiverId>,
    /// Where its deliveries go, without the query.
    #[schema(example = "https://api.example.com/hooks/12345")]
    endpoint: String,
    /// How it does.
    state: HealthState,
    /// How many of its deliveries wait.
    waiting: u64,
    /// Whether its endpoint is spared because it could not be reached.
    breaker: BreakerView,
    /// Since when deliveries fail; null when none has failed since the last success.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// The actions that fail while others are delivered; empty when that is so of none or of all.
    #[schema(value_type = Vec<String>)]
    failing_actions: Vec<ActionName>,
    /// When a delivery succeeded last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_success_at: Option<Timestamp>,
    /// The last attempt that failed.
    last_failure: Option<LastFailureView>,
    /// Failed attempts since the last success.
    failed_attempts: u32,
    /// Deliveries whose first attempt failed since the last success.
    failed_deliveries: u32,
    /// Different deliveries that have failed again and again within the last day; at most the number at which failing is told.
    stuck_deliveries: usize,
    /// When failing was told last.
    #[schema(value_type = Option<String>, format = DateTime)]
    noticed_at: Option<Timestamp>,
    /// When it will be disabled at the earliest, unless a delivery succeeds before; null while nothing points to that.
    #[schema(value_type = Option<String>, format = DateTime)]
    disable_at: Option<Timestamp>,
    /// Attempts of the last hour.
    last_hour: CountsView,
    /// Attempts of the last 24 hours.
    last_day: CountsView,
    /// Each action that was delivered or tried, at most 64 and one for all others.
    actions: Vec<ActionHealthView>,
}

/// So many attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptCounts)]
pub(crate) struct CountsView {
    /// That delivered.
    successes: u32,
    /// That failed.
    failures: u32,
}

/// How one action of a subscription does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActionHealth)]
pub(crate) struct ActionHealthView {
    /// Which one; null for all beyond the first 64 together.
    #[schema(value_type = Option<String>, example = "event.confirmed")]
    action: Option<ActionName>,
    /// The first failure since its last success.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// When it succeeded last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_success_at: Option<Timestamp>,
    /// When it failed last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_failure_at: Option<Timestamp>,
    /// Attempts of the last 24 hours.
    last_day: CountsView,
}

/// The last attempt that failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastFailure)]
pub(crate) struct LastFailureView {
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was to be delivered.
    #[schema(value_type = String, example = "event.confirmed")]
    action: ActionName,
    /// The request with which it ended.
    #[schema(value_type = vocabulary::StageWord)]
    stage: Stage,
    /// What went wrong, for people.
    #[schema(example = "the target answered 500")]
    explanation: String,
    /// The HTTP status that was answered; null without an answer.
    status: Option<u16>,
    /// Why there was no answer, for programs; null when there was one.
    #[schema(example = "connection_refused")]
    cause: Option<&'static str>,
    /// What it says something about: the `endpoint` as a whole, or only this `subscription`'s use of it.
    #[schema(example = "subscription")]
    counts_against: &'static str,
}

impl SubscriptionHealthView {
    pub(crate) fn new(
        subscription: &Subscription,
        receiver: Option<ReceiverId>,
        report: HealthReport,
        waiting: u64,
        breaker: BreakerState,
    ) -> Self {
        Self {
            subscription: subscription.id,
            receiver,
            endpoint: subscription.target.endpoint().as_str().to_owned(),
            state: HealthState::of(subscription, &report),
            waiting,
            breaker: breaker.into(),
            failing_since: report.since,
            failing_actions: report.failing_actions,
            last_success_at: report.last_success_at,
            last_failure: report.last_failure.map(Into::into),
            failed_attempts: report.failed_attempts,
            failed_deliveries: report.failed_deliveries,
            stuck_deliveries: report.stuck_deliveries,
            noticed_at: report.noticed_at,
            disable_at: report.disable_at,
            last_hour: report.last_hour.into(),
            last_day: report.last_day.into(),
            actions: report.actions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Counts> for CountsView {
    fn from(Counts { successes, failures }: Counts) -> Self {
        Self { successes, failures }
    }
}

impl From<ActionReport> for ActionHealthView {
    fn from(report: ActionReport) -> Self {
        let ActionReport { action, failing_since, last_success_at, last_failure_at, last_day } = report;
        Self { action, failing_since, last_success_at, last_failure_at, last_day: last_day.into() }
    }
}

impl From<LastFailure> for LastFailureView {
    fn from(failure: LastFailure) -> Self {
        let (status, cause) = match failure.result {
            AttemptResult::Status(status) => (Some(status), None),
            AttemptResult::Failed(cause) => (None, Some(cause.code())),
        };
        Self {
            at: failure.at,
            stage: failure.stage,
            explanation: failure.result.explanation(failure.stage),
            action: failure.action,
            status,
            cause,
            counts_against: if failure.against_endpoint { "endpoint" } else { "subscription" },
        }
    }
}
