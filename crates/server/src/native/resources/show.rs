//! Showing the stored state.

use axum::Json;
use axum::extract::State;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::named;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::native::vocabulary;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// A stored resource.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Resource)]
pub(crate) struct ResourceView {
    /// What kind it is.
    #[schema(value_type = vocabulary::PublishedKindWord)]
    resource_kind: ResourceKind,
    /// Your id of it.
    #[schema(value_type = String, example = "booking-4711")]
    resource_id: ResourceId,
    /// Counts its actions.
    version: u64,
    /// When the stored state came about, by its publisher's word.
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Timestamp,
    /// The latest state, byte for byte as it was published.
    #[schema(value_type = Object)]
    resource: Box<RawValue>,
}

/// Shows a resource's stored state. One that was removed does not exist.
#[utoipa::path(
    get,
    path = "/api/v1/resources/{kind}/{id}",
    tag = "resources",
    operation_id = "show_resource",
    params(
        ("kind" = String, Path, description = "event, order, user or vyteme"),
        ("id" = String, Path, description = "Your id of the resource, percent-encoded"),
    ),
    responses((status = 200, description = "The resource", body = ResourceView))
)]
pub(crate) async fn show(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters((kind, id)): PathParameters<(String, String)>,
) -> Result<Json<ResourceView>, Failure> {
    let (resource_kind, resource_id) = named(&kind, &id)?;
    let stored = state.store.resource(access.number(), resource_kind, &resource_id).await?;
    let stored = stored.ok_or_else(|| Failure::not_found("resource"))?;
    let body = stored.body.ok_or_else(|| Failure::not_found("resource"))?;
    let resource = serde_json::from_slice(&body).map_err(|error| Failure::internal(&error))?;
    Ok(Json(ResourceView {
        resource_kind,
        resource_id,
        version: stored.facts.version,
        occurred_at: stored.facts.occurred_at,
        resource,
    }))
}
