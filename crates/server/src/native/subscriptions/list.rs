//! Listing subscriptions.

use axum::Json;
use axum::extract::State;

use super::view::SubscriptionView;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::page::{OrganizationPageQuery, Page};
use crate::parameters::Parameters;
use crate::state::ServerState;

/// Lists subscriptions in the order in which they were made, those of every surface.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions",
    tag = "subscriptions",
    operation_id = "list_subscriptions",
    params(OrganizationPageQuery),
    responses((status = 200, description = "A page of subscriptions", body = Page<SubscriptionView>))
)]
pub(crate) async fn list(
    access: Access<Read>,
    State(state): State<ServerState>,
    Parameters(query): Parameters<OrganizationPageQuery>,
) -> Result<Json<Page<SubscriptionView>>, Failure> {
    Ok(Json(query.page()?.of(
        access.organization.subscriptions.iter().filter(|entry| access.sees(&entry.subscription)),
        |entry| entry.subscription.number.get(),
        |entry| SubscriptionView::new(entry, &access.organization, &state.delivery),
    )))
}
