//! How the native API shows a delivery and its attempts.

use std::time::Duration;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::delivery::{DeliveryOrigin, ExpiryReason};
use rendezhook_domain::id::{ActionId, DeliveryId, SubscriptionId};
use rendezhook_domain::outcome::{Answer, Outcome, Verdict};
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::read::{DeliveryView as StoredDelivery, LastAttempt};
use rendezhook_store::record::{AttemptResult, AttemptTiming};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Access;
use crate::native::vocabulary;

/// A delivery: one action for one subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    /// Its id, which is the `webhook-id` of every attempt too, unless it is a replay.
    #[schema(value_type = String, example = "dlv_0198b2f0c0de7000800000000000abcd")]
    id: DeliveryId,
    /// The subscription it is for; null once that is deleted.
    #[schema(value_type = Option<String>, example = "sub_0198b2f0c0de7000800000000000abcd")]
    subscription: Option<SubscriptionId>,
    /// `original` when an action matched; `test` when somebody asked for a test; `re_push` when somebody asked for stored resources
    /// to be pushed anew; `replay` when somebody asked for an ended delivery once more; `backfill` when another subscription got it first.
    #[schema(value_type = vocabulary::DeliveryOriginWord)]
    origin: DeliveryOrigin,
    /// What happened.
    #[schema(value_type = String, example = "event.confirmed")]
    action: ActionName,
    /// The id of the action.
    #[schema(value_type = String, example = "act_0198b2f0c0de7000800000000000abcd")]
    action_id: ActionId,
    /// The kind of the resource.
    #[schema(value_type = vocabulary::ResourceKindWord)]
    resource_kind: ResourceKind,
    /// The publisher's id of the resource.
    #[schema(value_type = String, example = "booking-4711")]
    resource_id: ResourceId,
    /// The version of the resource that the action made.
    version: u64,
    /// When the action was accepted.
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
    /// `waiting`, or how it ended for good.
    #[schema(value_type = vocabulary::DeliveryStateWord)]
    state: &'static str,
    /// Attempts made so far.
    attempts: u16,
    /// When the next attempt is due; only while waiting.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Why it expired: `time`, its action's time ran out; `backlog`, more waited for the receiver than may; `retention`, it waited
    /// for longer than bodies are kept. Left out when it did not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::ExpiryReasonWord>)]
    expired_because: Option<ExpiryReason>,
    /// Later actions of the resource went before it because it failed for too long.
    overtaken: bool,
    /// How many waiting updates of the resource it stands for beside its own; they were folded into it.
    folded_count: u32,
    /// The first hundred of them.
    #[schema(value_type = Vec<String>, example = json!([]))]
    folded: Vec<DeliveryId>,
    /// The newer delivery that took its place, which may have been folded in turn; only in the state `folded`.
    #[schema(value_type = Option<String>, example = json!(null))]
    folded_into: Option<DeliveryId>,
    /// True when a replay has handed over its message since it ended; left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    handed_over_by_replay: bool,
    /// The last attempt in short.
    last_attempt: Option<LastAttemptView>,
    /// The delivery that it repeats, when it is a replay or a backfill. The id of a replay's is its `webhook-id`.
    #[schema(value_type = Option<String>, example = "dlv_0198b2f0c0de7000800000000000abcd")]
    repeats: Option<DeliveryId>,
}

/// The last attempt of a delivery in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastAttempt)]
pub(crate) struct LastAttemptView {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// What came of it.
    #[serde(flatten)]
    result: ResultView,
    /// Where the time went.
    timing: TimingView,
}

/// What came of an attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptResult)]
pub(crate) struct ResultView {
    /// Whether it delivered.
    succeeded: bool,
    /// The request with which it ended: `token` at the receiver's token endpoint, `origin` where the body comes from, `target` is the
    /// delivery itself. What fails before `target` does not count against the receiver.
    #[schema(value_type = vocabulary::StageWord)]
    stage: Stage,
    /// What a failure was, for people; null when it delivered.
    #[schema(example = "the token endpoint answered 401")]
    explanation: Option<String>,
    /// The HTTP status that was answered there; null without an answer.
    status: Option<u16>,
    /// Why there was no answer; null when there was one.
    cause: Option<CauseView>,
    /// Whose fault a failure is: `receiver`, `publisher` or `us`. Only the receiver's count against the receiver.
    #[schema(example = "receiver")]
    fault: Option<&'static str>,
}

/// Why there was no answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptCause)]
pub(crate) struct CauseView {
    /// For programs.
    #[schema(example = "connection_refused")]
    code: &'static str,
    /// For people: what happened and what to do about it.
    sentence: &'static str,
}

/// Where the time of an attempt went, in milliseconds. The first three are null when an open connection was used again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptTiming)]
pub(crate) struct TimingView {
    /// Finding the address.
    dns_ms: Option<f64>,
    /// Opening the connection.
    connect_ms: Option<f64>,
    /// The TLS handshake.
    tls_ms: Option<f64>,
    /// From the request's first byte to the answer's.
    first_byte_ms: Option<f64>,
    /// The whole attempt.
    total_ms: f64,
}

impl DeliveryView {
    /// Shows a delivery of the caller's organization.
    pub(crate) fn new<R>(stored: StoredDelivery, access: &Access<R>) -> Self {
        let subscription = access.catalogue.subscriptions.get(&stored.subscription);
        let folded = stored.folded.unwrap_or_default();
        Self {
            id: stored.id,
            subscription: subscription.map(|entry| entry.subscription.id),
            origin: stored.origin,
            action: stored.action,
            action_id: ActionId::new(stored.accepted_at, stored.action_sequence, access.number()),
            resource_kind: stored.kind,
            resource_id: stored.resource_id,
            version: stored.version,
            accepted_at: stored.accepted_at,
            state: stored.state.name(),
            attempts: stored.attempts,
            due_at: stored.due_at,
            ended_at: stored.ended_at,
            expired_because: stored.expired_because,
            overtaken: stored.overtaken,
            folded_count: folded.count,
            folded: folded.listed,
            folded_into: stored.folded_into,
            handed_over_by_replay: stored.handed_over,
            last_attempt: stored.last.map(LastAttemptView::from),
            repeats: stored.repeats,
        }
    }
}

impl From<LastAttempt> for LastAttemptView {
    fn from(last: LastAttempt) -> Self {
        Self {
            started_at: last.started_at,
            result: ResultView::new(last.stage, last.result),
            timing: last.timing.into(),
        }
    }
}

impl ResultView {
    /// Shows what came of the request with which an attempt ended.
    pub(super) fn new(stage: Stage, result: AttemptResult) -> Self {
        let (outcome, status, cause) = match result {
            AttemptResult::Status(status) => {
                (Outcome::Answered(Answer { status, retry_after: None, wish: None }), Some(status), None)
            }
            AttemptResult::Failed(cause) => (Outcome::Failed(cause), None, Some(cause)),
        };
        let fault = match outcome.verdict_at(stage) {
            Verdict::Success { .. } => None,
            Verdict::Failure(failure) => Some(failure.fault.name()),
        };
        Self {
            succeeded: fault.is_none(),
            stage,
            explanation: fault.map(|_| result.explanation(stage)),
            status,
            cause: cause.map(|cause| CauseView { code: cause.code(), sentence: cause.sentence() }),
            fault,
        }
    }
}

impl From<AttemptTiming> for TimingView {
    fn from(timing: AttemptTiming) -> Self {
        Self {
            dns_ms: timing.dns.map(milliseconds),
            connect_ms: timing.connect.map(milliseconds),
            tls_ms: timing.tls.map(milliseconds),
            first_byte_ms: timing.first_byte.map(milliseconds),
            total_ms: milliseconds(timing.total),
        }
    }
}

/// With three digits after the point: microseconds.
fn milliseconds(duration: Duration) -> f64 {
    let microseconds = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(microseconds) / 1_000.0
}
