//! Sending a test delivery and waiting for what comes of it.

use axum::Json;
use axum::extract::State;
use rendezhook_domain::delivery::DeliveryState;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::find;
use crate::access::{Access, ManageSubscriptions};
use crate::failure::Failure;
use crate::native::deliveries::view::DeliveryView;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestView {
    /// Whether the test has ended; if not, it is still waiting and can be looked up by its id.
    finished: bool,
    /// The test delivery with its one attempt.
    delivery: DeliveryView,
}

/// Sends a signed test delivery with a sample resource and waits for its end.
///
/// It is made whether the subscription is enabled or not, has one attempt, and touches no stored resource.
#[utoipa::path(
    post,
    path = "/api/v1/subscriptions/{subscription_id}/test",
    tag = "subscriptions",
    operation_id = "test_subscription",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    responses((status = 200, description = "What came of it", body = TestView))
)]
pub(crate) async fn test(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<TestView>, Failure> {
    let subscription = &find(&access, &id)?.subscription;
    let delivery = state.intake.test(subscription, state.now()).await?;
    let deadline = Instant::now() + state.options.test_timeout;
    let outcome = state.delivery.outcome(access.number(), delivery, deadline).await?;
    let stored = outcome.ok_or_else(|| Failure::not_found("delivery"))?;
    let finished = stored.state != DeliveryState::Waiting;
    Ok(Json(TestView { finished, delivery: DeliveryView::new(stored, &access) }))
}
