//! Showing one subscription.

use axum::Json;
use axum::extract::State;

use super::find;
use super::view::SubscriptionView;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// Shows a subscription.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions/{subscription_id}",
    tag = "subscriptions",
    operation_id = "show_subscription",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    responses((status = 200, description = "The subscription", body = SubscriptionView))
)]
pub(crate) async fn show(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<SubscriptionView>, Failure> {
    let entry = find(&access, &id)?;
    Ok(Json(SubscriptionView::new(entry, &access.organization, &state.delivery)))
}
