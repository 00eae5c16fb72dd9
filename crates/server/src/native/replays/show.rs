//! Showing one replay.

use axum::Json;
use axum::extract::State;

use super::find;
use super::view::ReplayView;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// Shows how far a replay is.
#[utoipa::path(
    get,
    path = "/api/v1/replays/{replay_id}",
    tag = "replays",
    operation_id = "show_replay",
    params(("replay_id" = String, Path, description = "The replay's id")),
    responses((status = 200, description = "The replay", body = ReplayView))
)]
pub(crate) async fn show(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<ReplayView>, Failure> {
    let replay = find(&access, &state, &id).await?;
    Ok(Json(ReplayView::new(replay, &access.catalogue)))
}
