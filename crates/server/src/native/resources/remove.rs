//! Publishing that a resource was removed.

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use rendezhook_intake::NewState;

use super::precondition::expected_version;
use super::{ChangeQuery, ChangeView, named};
use crate::access::{Access, Publish};
use crate::failure::Failure;
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

/// Publishes that a resource was removed. Its deliveries carry the last stored state.
#[utoipa::path(
    delete,
    path = "/api/v1/resources/{kind}/{id}",
    tag = "resources",
    operation_id = "remove_resource",
    params(
        ("kind" = String, Path, description = "event, order, user or vyteme"),
        ("id" = String, Path, description = "Your id of the resource, percent-encoded"),
        ChangeQuery,
        ("If-Match" = Option<String>, Header, description = "The version the change was decided from; another one is answered 412"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if the resource does not exist")
    ),
    responses((status = 200, description = "What happened", body = ChangeView))
)]
pub(crate) async fn remove(
    access: Access<Publish>,
    State(state): State<ServerState>,
    PathParameters((kind, id)): PathParameters<(String, String)>,
    Parameters(query): Parameters<ChangeQuery>,
    headers: HeaderMap,
) -> Result<Json<ChangeView>, Failure> {
    let (kind, resource_id) = named(&kind, &id)?;
    let facts = query.checked()?;
    let removal = NewState {
        kind,
        resource_id,
        resource: None,
        user: facts.user,
        occurred_at: facts.occurred_at,
        expires_at: facts.expires_at,
        if_version: expected_version(&headers)?,
    };
    let answer = state.intake.put(access.number(), &removal, state.now()).await?;
    Ok(Json(answer.into()))
}
