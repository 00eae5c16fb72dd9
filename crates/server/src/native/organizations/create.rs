//! Making organizations.

use axum::extract::State;
use rendezhook_dialects::vyte::new_object_id;
use rendezhook_domain::id::OrganizationId;
use rendezhook_secrets::SystemRandomness;
use rendezhook_store::change::{CatalogueChange, NewOrganization};
use rendezhook_store::identity::NewId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::OrganizationView;
use crate::access::Operator;
use crate::answer::Created;
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::fields::FieldChecks;
use crate::state::ServerState;

/// An organization to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationRequest {
    /// What people call it: 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255, example = "Example GmbH")]
    name: String,
}

/// Makes an organization. Only the server's admin key may.
#[utoipa::path(
    post,
    path = "/api/v1/organizations",
    tag = "organizations",
    operation_id = "create_organization",
    request_body = OrganizationRequest,
    responses((status = 201, description = "The organization", body = OrganizationView))
)]
pub(crate) async fn create(
    _operator: Operator,
    State(state): State<ServerState>,
    JsonBody(request): JsonBody<OrganizationRequest>,
) -> Result<Created<OrganizationView>, Failure> {
    let mut checks = FieldChecks::default();
    checks.text("/name", &request.name, 1, 255);
    checks.finish()?;

    let now = state.now();
    let id = OrganizationId::new_at(now, &mut SystemRandomness)?;
    let organization = NewOrganization {
        id,
        name: request.name.into(),
        vyte_id: new_object_id(now, &mut SystemRandomness)?.into(),
        created_at: now,
    };
    let catalogue = state.change(CatalogueChange::CreateOrganization(organization)).await?;
    let made = catalogue.organization_by_id(id).ok_or_else(|| Failure::not_found("organization"))?;
    Ok(Created {
        location: format!("/api/v1/organizations/{id}"),
        body: OrganizationView::new(&made.organization, &state.intake),
    })
}
