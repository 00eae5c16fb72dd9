//! Listing organizations.

use axum::Json;
use axum::extract::State;

use super::OrganizationView;
use crate::access::ReadableOrganizations;
use crate::failure::Failure;
use crate::page::{Page, PageQuery};
use crate::parameters::Parameters;
use crate::state::ServerState;

/// Lists organizations in the order in which they were made: all with the admin key, its own with an organization's key.
#[utoipa::path(
    get,
    path = "/api/v1/organizations",
    tag = "organizations",
    operation_id = "list_organizations",
    params(PageQuery),
    responses((status = 200, description = "A page of organizations", body = Page<OrganizationView>))
)]
pub(crate) async fn list(
    organizations: ReadableOrganizations,
    State(state): State<ServerState>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<OrganizationView>>, Failure> {
    Ok(Json(query.page()?.of(
        organizations.sorted().into_iter(),
        |entry| entry.organization.number.get(),
        |entry| OrganizationView::new(&entry.organization, &state.intake),
    )))
}
