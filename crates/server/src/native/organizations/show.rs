//! Showing one organization.

use axum::Json;
use axum::extract::State;

use super::OrganizationView;
use crate::access::{PathAccess, Read};
use crate::state::ServerState;

/// Shows an organization.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}",
    tag = "organizations",
    operation_id = "show_organization",
    params(("organization_id" = String, Path, description = "The organization's id")),
    responses((status = 200, description = "The organization", body = OrganizationView))
)]
pub(crate) async fn show(
    PathAccess(access): PathAccess<Read>,
    State(state): State<ServerState>,
) -> Json<OrganizationView> {
    Json(OrganizationView::new(&access.organization.organization, &state.intake))
}
