//! Asking a target whether it wants deliveries.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rendezhook_store::catalogue::SubscriptionEntry;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::SubscriptionView;
use super::{find, find_in};
use crate::access::{Access, ManageSubscriptions};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// What is said when there is nothing left to say.
const VERIFIED: &str = "the target is verified; deliveries are sent";

/// What came of asking a target.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerificationView {
    /// Whether the target has just shown that it wants deliveries, or does not have to.
    verified: bool,
    /// The same in words, with what to do about it.
    #[schema(value_type = String, example = "the target answered 404 to the challenge; it has to answer 200")]
    explanation: Arc<str>,
    /// The subscription as it is now.
    subscription: SubscriptionView,
}

/// Asks the target whether it wants deliveries, and waits for its answer.
///
/// With `challenge` it is sent `{"event": "endpoint.url_validation", "event_ts", "payload": {"plainToken"}}` and has to answer 200
/// with `{"plainToken", "encryptedToken"}`, the second being the HMAC-SHA256 of the first under the subscription's secret in
/// hexadecimal digits. With `cloudevents` it is sent `OPTIONS` with `WebHook-Request-Origin` and has to answer with
/// `WebHook-Allowed-Origin`. A target that was verified before stays so when this fails.
#[utoipa::path(
    post,
    path = "/api/v1/subscriptions/{subscription_id}/verify",
    tag = "subscriptions",
    operation_id = "verify_subscription",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    responses((status = 200, description = "What came of it", body = VerificationView))
)]
pub(crate) async fn verify(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<VerificationView>, Failure> {
    let entry = find(&access, &id)?;
    let outcome = state.delivery.verify(entry).await?;
    let catalogue = state.store.catalogue();
    let (organization, now) = find_in(&catalogue, access.number(), entry.subscription.id)?;
    Ok(Json(VerificationView {
        verified: outcome.is_ok(),
        explanation: outcome.err().unwrap_or_else(|| Arc::from(VERIFIED)),
        subscription: SubscriptionView::new(now, organization, &state.delivery),
    }))
}

/// Asks a target that has to show anew that it wants deliveries, without anybody waiting for it.
pub(super) fn ask_again(state: &ServerState, entry: &Arc<SubscriptionEntry>) {
    if entry.subscription.verification.permits_deliveries() {
        return;
    }
    let (delivery, entry) = (state.delivery.clone(), Arc::clone(entry));
    tokio::spawn(async move {
        if let Err(error) = delivery.verify(&entry).await {
            tracing::warn!(subscription = %entry.subscription.id, %error, "what came of a handshake cannot be kept");
        }
    });
}
