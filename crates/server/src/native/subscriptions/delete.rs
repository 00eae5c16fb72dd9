//! Deleting subscriptions.

use axum::extract::State;
use http::StatusCode;
use rendezhook_store::change::CatalogueChange;

use super::find;
use crate::access::{Access, ManageSubscriptions};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// Deletes a subscription. Its waiting deliveries are cancelled; those that ended stay in the log.
#[utoipa::path(
    delete,
    path = "/api/v1/subscriptions/{subscription_id}",
    tag = "subscriptions",
    operation_id = "delete_subscription",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    responses((status = 204, description = "The subscription is deleted"))
)]
pub(crate) async fn delete(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<StatusCode, Failure> {
    let subscription = find(&access, &id)?.subscription.number;
    let change =
        CatalogueChange::DeleteSubscription { organization: access.number(), subscription, at: state.now() };
    state.change(change).await?;
    Ok(StatusCode::NO_CONTENT)
}
