//! How one receiver does: all its subscriptions together.

use axum::Json;
use axum::extract::State;
use rendezhook_delivery::health::HealthReport;
use rendezhook_domain::id::{ReceiverId, SubscriptionId};
use rendezhook_domain::sequence::ReceiverNumber;
use rendezhook_domain::subscription::Subscription;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::waiting::WaitingCounts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::native::health::{BreakerView, HealthState};
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// Most subscriptions that are looked at for one answer, those that were made first.
const MAXIMUM_SUBSCRIPTIONS: usize = 500;

/// How a receiver does: what holds of the subscriptions that deliver to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceiverHealth)]
pub(crate) struct ReceiverHealthView {
    /// The receiver.
    #[schema(value_type = String, example = "rcv_0198b2f0c0de7000800000000000abcd")]
    receiver: ReceiverId,
    /// `failing` when any of its subscriptions is; `paused` or `disabled` when none is delivered to any more.
    state: HealthState,
    /// How many deliveries wait for it.
    waiting: u64,
    /// Since when one of its subscriptions fails.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// When a delivery to any of them succeeded last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_success_at: Option<Timestamp>,
    /// When the first of them will be disabled at the earliest.
    #[schema(value_type = Option<String>, format = DateTime)]
    disable_at: Option<Timestamp>,
    /// Each of them, the first 500 that were made.
    subscriptions: Vec<SubscriptionStateView>,
    /// Whether there are more.
    more: bool,
}

/// How one subscription of a receiver does, in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionHealthState)]
pub(crate) struct SubscriptionStateView {
    /// The subscription.
    #[schema(value_type = String, example = "sub_0198b2f0c0de7000800000000000abcd")]
    subscription: SubscriptionId,
    /// How it does.
    state: HealthState,
    /// How many of its deliveries wait.
    waiting: u64,
    /// Whether its endpoint is spared because it could not be reached.
    breaker: BreakerView,
    /// Since when its deliveries fail.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
}

/// Shows how a receiver does.
#[utoipa::path(
    get,
    path = "/api/v1/receivers/{receiver_id}/health",
    tag = "receivers",
    operation_id = "show_receiver_health",
    params(("receiver_id" = String, Path, description = "The receiver's id")),
    responses((status = 200, description = "How it does", body = ReceiverHealthView))
)]
pub(crate) async fn health(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<ReceiverHealthView>, Failure> {
    let entry = super::find(&access, &id)?;
    let mut subscriptions: Vec<&Subscription> = access
        .organization
        .subscriptions
        .iter()
        .map(|subscription| &subscription.subscription)
        .filter(|subscription| subscription.receiver == entry.number && access.sees(subscription))
        .take(MAXIMUM_SUBSCRIPTIONS + 1)
        .collect();
    let more = subscriptions.len() > MAXIMUM_SUBSCRIPTIONS;
    subscriptions.truncate(MAXIMUM_SUBSCRIPTIONS);
    let numbers: Vec<_> = subscriptions.iter().map(|subscription| subscription.number).collect();
    let reports = state.delivery.health(&numbers, state.now()).await?;
    let states: Vec<HealthState> = subscriptions
        .iter()
        .zip(&reports)
        .map(|(subscription, report)| HealthState::of(subscription, report))
        .collect();
    let counts = state.store.waiting();
    counts.completed().await;
    let delivery = &state.delivery;
    let state_of = |one: &Subscription| delivery.breaker(one.organization, &one.target.endpoint());
    let of = |date: fn(&HealthReport) -> Option<Timestamp>| reports.iter().filter_map(date);
    Ok(Json(ReceiverHealthView {
        receiver: entry.id,
        state: together(&states),
        waiting: all_waiting(&access, entry.number, counts),
        failing_since: of(|report| report.since).min(),
        last_success_at: of(|report| report.last_success_at).max(),
        disable_at: of(|report| report.disable_at).min(),
        subscriptions: subscriptions
            .iter()
            .zip(&reports)
            .zip(&states)
            .map(|((subscription, report), state)| SubscriptionStateView {
                subscription: subscription.id,
                state: *state,
                waiting: counts.of_subscription(subscription.number),
                breaker: state_of(subscription).into(),
                failing_since: report.since,
            })
            .collect(),
        more,
    }))
}

/// How many deliveries wait for a receiver, as far as the caller may know of the subscriptions.
fn all_waiting(access: &Access<Read>, receiver: ReceiverNumber, counts: &WaitingCounts) -> u64 {
    if access.key_user().is_none() {
        return counts.of_receiver(receiver);
    }
    let all = access.organization.subscriptions.iter().map(|entry| &entry.subscription);
    let seen = all.filter(|subscription| subscription.receiver == receiver && access.sees(subscription));
    seen.map(|subscription| counts.of_subscription(subscription.number)).sum()
}

/// One state for several: what needs attention comes first, and what stands still only when all of it does.
fn together(states: &[HealthState]) -> HealthState {
    let attention = [HealthState::Failing, HealthState::Healthy, HealthState::Disabled, HealthState::Paused];
    attention.into_iter().find(|state| states.contains(state)).unwrap_or(HealthState::Healthy)
}
