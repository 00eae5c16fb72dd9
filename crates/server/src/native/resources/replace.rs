//! Publishing a new state.

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use rendezhook_intake::NewState;
use serde_json::value::RawValue;

use super::precondition::expected_version;
use super::{ChangeQuery, ChangeView, named};
use crate::access::{Access, Publish};
use crate::body::Payload;
use crate::failure::{Failure, FailureKind};
use crate::json;
use crate::native::actions::object;
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

/// Publishes the whole new state of a resource. What happened is derived from the stored state.
///
/// The body is the resource itself. The same state again derives nothing, so a repeated request does no harm.
#[utoipa::path(
    put,
    path = "/api/v1/resources/{kind}/{id}",
    tag = "resources",
    operation_id = "replace_resource",
    params(
        ("kind" = String, Path, description = "event, order, user or vyteme"),
        ("id" = String, Path, description = "Your id of the resource, percent-encoded"),
        ChangeQuery,
        ("If-Match" = Option<String>, Header, description = "The version the change was decided from; another one is answered 412"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if the resource does not exist")
    ),
    request_body(content = Object, description = "The resource, at most 256 KiB and 64 levels deep"),
    responses((status = 200, description = "What happened", body = ChangeView))
)]
pub(crate) async fn replace(
    access: Access<Publish>,
    State(state): State<ServerState>,
    PathParameters((kind, id)): PathParameters<(String, String)>,
    Parameters(query): Parameters<ChangeQuery>,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Json<ChangeView>, Failure> {
    let (kind, resource_id) = named(&kind, &id)?;
    let facts = query.checked()?;
    if payload.is_lines {
        return Err(Failure::new(FailureKind::UnsupportedMediaType, "send the resource as application/json"));
    }
    let raw: &RawValue = json::read(&payload.bytes)?;
    let resource = object(raw.get(), &state.options.bodies).map_err(|detail| Failure::field("", detail))?;
    let new_state = NewState {
        kind,
        resource_id,
        resource: Some(payload.bytes.slice_ref(resource.as_bytes())),
        user: facts.user,
        occurred_at: facts.occurred_at,
        expires_at: facts.expires_at,
        if_version: expected_version(&headers)?,
    };
    let answer = state.intake.put(access.number(), &new_state, state.now()).await?;
    Ok(Json(answer.into()))
}
