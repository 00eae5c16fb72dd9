//! How one subscription does.

use axum::Json;
use axum::extract::State;

use super::find;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::native::health::SubscriptionHealthView;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// Shows how a subscription does: since when it fails and why, action by action, and when it will be disabled.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions/{subscription_id}/health",
    tag = "subscriptions",
    operation_id = "show_subscription_health",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    responses((status = 200, description = "How it does", body = SubscriptionHealthView))
)]
pub(crate) async fn health(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<SubscriptionHealthView>, Failure> {
    let subscription = &find(&access, &id)?.subscription;
    let reports = state.delivery.health(&[subscription.number], state.now()).await?;
    let report = reports.into_iter().next().unwrap_or_default();
    let receiver = access.organization.receiver(subscription.receiver).map(|entry| entry.id);
    let waiting = state.store.waiting();
    waiting.completed().await;
    let waiting = waiting.of_subscription(subscription.number);
    let breaker = state.delivery.breaker(access.number(), &subscription.target.endpoint());
    Ok(Json(SubscriptionHealthView::new(subscription, receiver, report, waiting, breaker)))
}
